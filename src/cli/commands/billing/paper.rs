//! `accolades billing paper`: contract sheet, mandate, support statement, notice of renewal as files to print or sign.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Desk, JSON_VERSION};
use crate::billing::book::Book;
use crate::billing::paperwork::{Paperwork, Signing};
use crate::billing::terms::terms;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::billing::years::next_renewal;
use crate::domain::ids::ClientId;
use crate::inventory::billing::MandateScheme;
use crate::store::Scope;

/// Papers are about clients: files are their owner's alone.
const FILE_MODE: u32 = 0o600;

/// Which paper.
#[derive(Debug, Subcommand)]
pub enum Paper {
    /// The contract, for signature; with the withdrawal form where the law gives that right
    Contract(Contract),
    /// The SEPA mandate, for signature
    Mandate(Mandate),
    /// What was done in the contract year, and what is left of its hours
    Statement(Which),
    /// The notice of the next renewal, as a letter; `billing notice send` sends it by e-mail
    Renewal(Which),
}

/// Whose paper, into which file.
#[derive(Debug, Args)]
pub struct Which {
    /// The client.
    client: ClientId,
    /// File to write; one that is there is not replaced [default: the paper's name and the client's id].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A contract.
#[derive(Debug, Args)]
pub struct Contract {
    #[command(flatten)]
    which: Which,
    /// It is signed outside your premises: a firm of at most five people has fourteen days to withdraw.
    #[arg(long)]
    off_premises: bool,
    /// How many people the client employs [default: its seats on the first day].
    #[arg(long, value_name = "COUNT")]
    employees: Option<u32>,
}

/// A mandate.
#[derive(Debug, Args)]
pub struct Mandate {
    #[command(flatten)]
    which: Which,
    /// For everybody, or between businesses.
    #[arg(long, value_enum, default_value_t = Scheme::Core)]
    scheme: Scheme,
}

/// A scheme, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Scheme {
    /// For everybody: eight weeks to be refunded.
    Core,
    /// Between businesses: no refund.
    B2b,
}

/// Runs `billing paper`.
///
/// # Errors
/// When the paper cannot be made for this client, or the file is there or cannot be written.
pub async fn run(session: &Session, what: Paper) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let (which, name) = match &what {
        Paper::Contract(contract) => (&contract.which, "contract"),
        Paper::Mandate(mandate) => (&mandate.which, "mandate"),
        Paper::Statement(which) => (which, "statement"),
        Paper::Renewal(which) => (which, "renewal"),
    };
    let client = selection::client(&desk.accepted.inventory, which.client.as_str())?;
    let book = Book::read(&desk.store, &Scope::Client(client.id.clone())).await?;
    let account = book.account(&client.id);
    let paperwork = Paperwork {
        cooperative: &desk.accepted.inventory.cooperative,
        client,
        account: &account,
        zone: &desk.zone,
        today: desk.today,
    };
    let pdf = match &what {
        Paper::Contract(contract) => {
            paperwork.contract(Signing { is_off_premises: contract.off_premises, employees: contract.employees })?
        }
        Paper::Mandate(mandate) => paperwork.mandate(match mandate.scheme {
            Scheme::Core => MandateScheme::Core,
            Scheme::B2b => MandateScheme::B2b,
        })?,
        Paper::Statement(_) => paperwork.statement()?,
        Paper::Renewal(_) => {
            let terms = terms(client, account.notices.clone());
            let renewal = next_renewal(&terms, desk.today).ok_or_else(|| {
                Failure::usage(
                    format!("the contract of `{}` is not renewed", client.id),
                    "it has no commitment, or it was ended",
                )
            })?;
            if desk.today < renewal.window.from || renewal.window.until < desk.today {
                session.output.warn(&format!(
                    "a notice counts when it is sent from {} to {}: sent today it does not (R11)",
                    renewal.window.from, renewal.window.until
                ));
            }
            paperwork.renewal(&renewal)?
        }
    };
    let path = which.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-{}.pdf", client.id)));
    write(&path, &pdf)?;
    if session.output.is_json() {
        let file = path.display().to_string();
        session.output.json(&json!({ "version": JSON_VERSION, "client": client.id, "paper": name, "file": file }))?;
    } else {
        session.output.data(&format!("written: {}\n", path.display()))?;
    }
    Ok(Exit::Ok)
}

fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(
            format!("`{}` is there already", path.display()),
            "name another file with `--output`, or take that one away",
        ),
        _ => Failure::file(path, &error),
    })?;
    file.write_all(bytes).map_err(|error| Failure::file(path, &error))
}
