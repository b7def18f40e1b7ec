//! `accolades seat`: people come and leave, in the inventory's files.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::client::write_edit;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::ids::{ClientId, PersonId};
use crate::inventory;
use crate::inventory::edit::{NewPerson, NewSeat, SeatEnd, seat_add, seat_end};
use crate::inventory::model::DolibarrRights;

/// What to do with seats.
#[derive(Debug, Subcommand)]
pub enum Seat {
    /// Give a person a seat: somebody the client had already, or somebody new with `--name`
    Add(Add),
    /// End a person's seat; access is closed by the next `apply` after that day
    End(End),
}

/// A seat to add.
#[derive(Debug, Args)]
pub struct Add {
    /// The client.
    client: ClientId,
    /// The person's id, unique at the client; it never changes, whatever the person is called later.
    person: PersonId,
    /// First day, as in 2026-12-01.
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// First and last name of somebody new.
    #[arg(long, num_args = 2, value_names = ["FIRST", "LAST"], requires = "mail_domain")]
    name: Option<Vec<String>>,
    /// Username of somebody new; it can never be renamed in YunoHost [default: the person's id without dashes].
    #[arg(long, requires = "name")]
    username: Option<String>,
    /// Domain of the mail address of somebody new.
    #[arg(long, value_name = "DOMAIN", requires = "name")]
    mail_domain: Option<String>,
    /// Size of the mailbox of somebody new, as in 5G [default: unlimited].
    #[arg(long, value_name = "SIZE", requires = "name")]
    quota: Option<String>,
    /// What somebody new may do in Dolibarr [default: none].
    #[arg(long, value_enum, requires = "name")]
    dolibarr: Option<Rights>,
}

/// A seat to end.
#[derive(Debug, Args)]
pub struct End {
    /// The client.
    client: ClientId,
    /// The person.
    person: PersonId,
    /// Last day, included, as in 2026-12-31.
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Forward the person's mail to this address.
    #[arg(long, value_name = "ADDRESS")]
    forward_to: Option<String>,
    /// Hand the person's Nextcloud files to this colleague.
    #[arg(long, value_name = "PERSON")]
    files_to: Option<PersonId>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rights {
    None,
    Read,
    Write,
    Admin,
}

impl From<Rights> for DolibarrRights {
    fn from(rights: Rights) -> DolibarrRights {
        match rights {
            Rights::None => DolibarrRights::None,
            Rights::Read => DolibarrRights::Read,
            Rights::Write => DolibarrRights::Write,
            Rights::Admin => DolibarrRights::Admin,
        }
    }
}

/// Runs `seat`.
///
/// # Errors
/// The mistakes that the change would make, or files that cannot be written.
pub fn run(session: &Session, what: Seat) -> Result<Exit, Failure> {
    let before = inventory::read_files(&session.globals.inventory)?;
    let (client, edit) = match what {
        Seat::Add(add) => {
            let client = add.client.clone();
            let edit = seat_add(&before, &client, &new_seat(add))?;
            (client, edit)
        }
        Seat::End(end) => {
            let leaving =
                SeatEnd { person: end.person, until: end.on, forward_to: end.forward_to, files_to: end.files_to };
            let edit = seat_end(&before, &end.client, &leaving)?;
            (end.client, edit)
        }
    };
    write_edit(session, &client, &before, &edit)
}

fn new_seat(add: Add) -> NewSeat {
    let username = add.username.unwrap_or_else(|| add.person.as_str().replace('-', ""));
    let person = match (add.name.as_deref(), add.mail_domain) {
        (Some([first_name, last_name]), Some(mail_domain)) => Some(NewPerson {
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            username,
            mail_domain,
            mailbox_quota: add.quota,
            dolibarr: add.dolibarr.unwrap_or(Rights::None).into(),
        }),
        _ => None,
    };
    NewSeat { person: add.person, from: add.from, add: person }
}
