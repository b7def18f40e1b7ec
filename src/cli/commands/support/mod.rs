//! `accolades support`: hours worked for clients, what is left of their allowance, and consent to more.

mod balance;
mod consent;
mod correct;
mod list;
mod log;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::billing::book::{Account, Book};
use crate::billing::hours::{self, Alert, Hours};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::duration::shown;
use crate::domain::billing::month::Month;
use crate::domain::billing::support::{YearAccount, exhausted_on};
use crate::domain::billing::terms::SupportKind;
use crate::domain::ids::ClientId;
use crate::engine::run::Accepted;
use crate::inventory::model::Client;
use crate::store::{Scope, Store};

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with support hours.
#[derive(Debug, Subcommand)]
pub enum Support {
    /// Record work for a client
    Log(log::Arguments),
    /// Entries, with their corrections
    List(list::Arguments),
    /// What is used, left and waiting, of one client or of all
    Balance(balance::Arguments),
    /// Replace what an entry says; the first recording stays
    Correct(correct::Arguments),
    /// Consent to hours beyond the allowance
    #[command(subcommand)]
    Consent(consent::Consent),
}

/// Kinds of work, as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A question answered, something done on request.
    Help,
    /// Training of the client's people.
    Training,
    /// Training for several contracts at once: log each one's share.
    GroupTraining,
    /// Something that failed.
    Incident,
    /// Maintenance of ours.
    Maintenance,
}

impl From<Kind> for SupportKind {
    fn from(kind: Kind) -> SupportKind {
        match kind {
            Kind::Help => SupportKind::Help,
            Kind::Training => SupportKind::Training,
            Kind::GroupTraining => SupportKind::GroupTraining,
            Kind::Incident => SupportKind::Incident,
            Kind::Maintenance => SupportKind::Maintenance,
        }
    }
}

/// Runs `support`.
///
/// # Errors
/// What is refused, or a store that cannot be read or written.
pub async fn run(session: &Session, what: Support) -> Result<Exit, Failure> {
    match what {
        Support::Log(arguments) => log::run(session, arguments).await,
        Support::List(arguments) => list::run(session, arguments).await,
        Support::Balance(arguments) => balance::run(session, arguments).await,
        Support::Correct(arguments) => correct::run(session, arguments).await,
        Support::Consent(what) => consent::run(session, what).await,
    }
}

/// What every command of this file begins with.
struct Opened {
    store: Store,
    accepted: Accepted,
    zone: jiff::tz::TimeZone,
    now: jiff::Timestamp,
    today: jiff::civil::Date,
}

impl Opened {
    async fn of(session: &Session) -> Result<Opened, Failure> {
        let store = session.store().await?;
        let accepted = session.accepted(&store).await?;
        session.mention_edit(&store).await?;
        let zone = crate::billing::terms::zone(&accepted.inventory.cooperative);
        let now = session.now().await?;
        let today = crate::domain::billing::zone::day(&zone, now);
        Ok(Opened { store, accepted, zone, now, today })
    }

    /// The client of this id, with what is recorded about it.
    async fn client(&self, id: &ClientId) -> Result<(&Client, Account), Failure> {
        let client = crate::cli::selection::client(&self.accepted.inventory, id.as_str())?;
        let book = Book::read(&self.store, &Scope::Client(id.clone())).await?;
        Ok((client, book.account(id)))
    }
}

/// A year's account as JSON.
#[derive(Debug, Serialize)]
struct YearJson {
    from: String,
    until: String,
    allowance_minutes: i64,
    used_minutes: i64,
    left_minutes: i64,
    beyond_minutes: i64,
    charged_minutes: i64,
    waiting_minutes: i64,
    used_up_on: Option<String>,
}

fn year_json(year: &YearAccount, today: jiff::civil::Date) -> YearJson {
    YearJson {
        from: year.from.to_string(),
        until: year.until.to_string(),
        allowance_minutes: year.allowance,
        used_minutes: year.used,
        left_minutes: year.left(),
        beyond_minutes: year.over,
        charged_minutes: year.consented,
        waiting_minutes: year.waiting(),
        used_up_on: exhausted_on(year, today).map(|day| day.to_string()),
    }
}

/// The account in one line: `17 h 40 of 20 h used until 2027-02-01; at this pace exhausted on 2027-01-12`.
fn year_words(year: &YearAccount, today: jiff::civil::Date) -> String {
    let mut words = format!("{} of {} used until {}", shown(year.used), shown(year.allowance), year.until);
    if year.over > 0 {
        words.push_str(&format!("; {} beyond", shown(year.over)));
    } else if let Some(day) = exhausted_on(year, today) {
        words.push_str(&format!("; at this pace exhausted on {day}"));
    }
    words
}

/// What has to be told about a year: at 80 % and at 100 %, and what waits.
fn alerts(client: &ClientId, hours: &Hours, year: &YearAccount) -> Vec<String> {
    let mut told = Vec::new();
    match hours::alert(year) {
        Some(Alert::NearTheEnd) => told.push(format!(
            "`{client}` has used {} % of its hours; {} are left until {}",
            year.used * 100 / year.allowance,
            shown(year.left()),
            year.until
        )),
        Some(Alert::UsedUp) => told.push(format!("`{client}` has used all of its hours until {}", year.until)),
        None => {}
    }
    let waiting = hours.account.waiting.iter().filter(|one| one.year == year.from);
    let (priced, unpriced): (Vec<_>, Vec<_>) = waiting.partition(|one| one.price.is_some());
    let minutes = |list: &[&crate::domain::billing::support::Waiting]| list.iter().map(|one| one.minutes).sum::<i64>();
    if minutes(&priced) > 0 {
        let time = minutes(&priced);
        told.push(format!(
            "{} beyond the allowance wait for consent and are charged nowhere: `accolades support consent request {client} {time}m`",
            shown(time)
        ));
    }
    if minutes(&unpriced) > 0 {
        told.push(format!(
            "{} beyond the allowance have no hourly price: agree on one and add it to `[[contract.overage_prices]]`",
            shown(minutes(&unpriced))
        ));
    }
    told
}

/// What is said of an entry in a month that was invoiced.
fn invoiced_already(month: Month) -> String {
    format!("{month} was invoiced already: what this changes comes with the next run")
}
