//! `accolades billing`: the monthly run, credit notes, and what was issued.

mod account;
mod bank;
mod close;
mod collect;
mod credit;
mod dolibarr;
mod draft;
mod explain;
mod issue;
mod journal;
mod letters;
mod list;
mod notices;
mod paper;
mod payment;
mod platform;
mod recover;
mod remind;
mod send;
mod set_off;
mod show;
mod statement;
mod turn;

pub use platform::SECRET as PLATFORM_SECRET;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::billing::archive::Archive;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::billing::difference::Run;
use crate::domain::billing::month::Month;
use crate::domain::billing::zone;
use crate::domain::ids::ClientId;
use crate::engine::run::Accepted;
use crate::store::Store;

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with bills.
#[derive(Debug, Subcommand)]
pub enum Billing {
    /// Show what a month's run would issue, and who would be left out; nothing is numbered
    Draft(Which),
    /// Issue a month's invoices and credit notes, after showing them
    Issue(issue::Arguments),
    /// Issue a credit note for an invoice, or for lines of it
    Credit(credit::Arguments),
    /// Send issued documents: by e-mail, or to the platform that the client is reached through
    Send(send::Arguments),
    /// A document as it was issued
    Show(show::Arguments),
    /// Which people, days, entries and rule made each line of a document
    Explain(explain::Arguments),
    /// What was issued
    List(list::Arguments),
    /// A client's account: what is open, late and paid
    Account(account::Arguments),
    /// Money that moved
    #[command(subcommand)]
    Payment(payment::Payment),
    /// Contract sheet, mandate, support statement, notice of renewal: as files to print or sign
    #[command(subcommand)]
    Paper(paper::Paper),
    /// Documents that go through the approved platform or Chorus Pro
    #[command(subcommand)]
    Platform(platform::Platform),
    /// Make the file of direct debits for the bank, after showing it
    Collect(collect::Arguments),
    /// Files of the bank, and what became of each movement
    #[command(subcommand)]
    Bank(bank::Bank),
    /// Write letters to clients who are late, after showing them; nothing is ever charged by itself
    Remind(remind::Arguments),
    /// Put what leaves by itself each morning into the outbox now: alerts of hours, notices of renewal, automatic reminders
    Letters,
    /// A client's account as a PDF: everything billed and paid, with what is owed after each
    Statement(statement::Arguments),
    /// The journals of a fiscal year in the layout of the FEC
    Journal(journal::Arguments),
    /// The VAT that fell due in a month
    Vat(journal::VatArguments),
    /// Close a month: everything that the accountant takes over, with checksums; again: whether it is still the same
    Close(close::Arguments),
    /// Tell the co-operative's own Dolibarr of what was issued and paid
    Push,
    /// Notices of renewal
    #[command(subcommand)]
    Notice(notices::Notice),
    /// Bring store, issue journal and archive together again
    Recover(recover::Arguments),
}

/// Which run.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// The month, as in 2026-11 [default: the one before the present].
    month: Option<Month>,
    /// Only this client; give it again for another.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<ClientId>,
    /// Settle contracts that have ended, although the month was invoiced.
    #[arg(long, requires = "client")]
    r#final: bool,
}

/// Where issued documents are kept.
#[derive(Debug, Clone, Args)]
pub struct Kept {
    /// Folder of issued documents, with the issue journal beside them: on another disk than the store.
    #[arg(long, value_name = "DIR", env = "ACCOLADES_ARCHIVE", hide_env_values = true, default_value = "invoices")]
    archive: PathBuf,
}

impl Kept {
    fn archive(&self) -> Archive {
        Archive::in_folder(&self.archive)
    }
}

/// Runs `billing`.
///
/// # Errors
/// What is refused, or a store, journal or archive that cannot be read or written.
pub async fn run(session: &Session, what: Billing) -> Result<Exit, Failure> {
    match what {
        Billing::Draft(which) => draft::run(session, &which).await,
        Billing::Issue(arguments) => issue::run(session, &arguments).await,
        Billing::Credit(arguments) => credit::run(session, &arguments).await,
        Billing::Send(arguments) => send::run(session, &arguments).await,
        Billing::Show(arguments) => show::run(session, &arguments).await,
        Billing::Explain(arguments) => explain::run(session, &arguments).await,
        Billing::List(arguments) => list::run(session, &arguments).await,
        Billing::Account(arguments) => account::run(session, &arguments).await,
        Billing::Payment(what) => payment::run(session, what).await,
        Billing::Paper(what) => paper::run(session, what).await,
        Billing::Platform(what) => platform::run(session, what).await,
        Billing::Collect(arguments) => collect::run(session, &arguments).await,
        Billing::Bank(what) => bank::run(session, what).await,
        Billing::Remind(arguments) => remind::run(session, &arguments).await,
        Billing::Letters => letters::run(session).await,
        Billing::Statement(arguments) => statement::run(session, &arguments).await,
        Billing::Journal(arguments) => journal::run(session, &arguments).await,
        Billing::Vat(arguments) => journal::vat(session, &arguments).await,
        Billing::Close(arguments) => close::run(session, &arguments).await,
        Billing::Push => dolibarr::run(session).await,
        Billing::Notice(what) => notices::run(session, what).await,
        Billing::Recover(arguments) => recover::run(session, &arguments).await,
    }
}

/// What every command of this file begins with.
struct Desk {
    store: Store,
    accepted: Accepted,
    zone: TimeZone,
    now: Timestamp,
    today: Date,
}

impl Desk {
    async fn open(session: &Session) -> Result<Desk, Failure> {
        let store = session.store().await?;
        let accepted = session.accepted(&store).await?;
        session.mention_edit(&store).await?;
        let zone = crate::billing::terms::zone(&accepted.inventory.cooperative);
        let now = session.now().await?;
        let today = zone::day(&zone, now);
        Ok(Desk { store, accepted, zone, now, today })
    }

    fn which(&self, which: &Which) -> Result<(Run, Option<BTreeSet<ClientId>>), Failure> {
        for client in &which.client {
            selection::client(&self.accepted.inventory, client.as_str())?;
        }
        let month = which.month.unwrap_or_else(|| Month::of(self.today).previous());
        let only = (!which.client.is_empty()).then(|| which.client.iter().cloned().collect());
        Ok((Run { month, is_final: which.r#final }, only))
    }
}
