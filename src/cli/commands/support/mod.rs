//! `accolades support`: hours worked for clients, what is left of their allowance, and consent to more.

mod balance;
mod consent;
mod correct;
mod list;
mod log;

use std::collections::BTreeMap;

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
use crate::domain::billing::terms::{Dated, SupportKind};
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
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

/// What has to be told about a year: at 80 % and at 100 %, and what waits of it.
fn alerts(client: &ClientId, hours: &Hours, year: &YearAccount, today: jiff::civil::Date) -> Vec<String> {
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
    told.extend(waits(client, hours, year, today));
    told
}

/// What waits of other contract years than one: the approver of last year's hours is still to be asked.
fn waits_elsewhere(client: &ClientId, hours: &Hours, year: &YearAccount, today: jiff::civil::Date) -> Vec<String> {
    let others = hours.account.years.values().filter(|one| one.from != year.from);
    others.flat_map(|one| waits(client, hours, one, today)).collect()
}

/// What waits of a contract year.
fn waits(client: &ClientId, hours: &Hours, year: &YearAccount, today: jiff::civil::Date) -> Vec<String> {
    let mut told = Vec::new();
    let mut waiting: BTreeMap<Option<Cents>, i64> = BTreeMap::new();
    for one in hours.account.waiting.iter().filter(|one| one.year == year.from) {
        *waiting.entry(one.price).or_default() += one.minutes;
    }
    for (price, minutes) in waiting {
        let time = shown(minutes);
        told.push(match price {
            Some(price) => format!(
                "{time} beyond the allowance wait for consent and are charged nowhere: `{}`",
                request(client, hours, year, (price, minutes), today)
            ),
            None => format!(
                "{time} beyond the allowance have no hourly price: agree on one and add it to `[[contract.overage_prices]]`"
            ),
        });
    }
    told
}

/// The command that asks for what waits. An envelope is for one contract year and one price: where the command's own would be
/// others, it names them.
fn request(
    client: &ClientId,
    hours: &Hours,
    year: &YearAccount,
    (price, minutes): (Cents, i64),
    today: jiff::civil::Date,
) -> String {
    let mut command = format!("accolades support consent request {client} {minutes}m");
    let is_present = year.from <= today && today <= year.until;
    if !is_present {
        command.push_str(&format!(" --year {}", year.from));
    }
    let day = if is_present { today } else { year.from };
    if Dated::on(&hours.terms.hour_prices, day) != Some(&price) {
        command.push_str(&format!(" --price {}", price.to_string().trim_end_matches(" EUR")));
    }
    command
}

/// What is said of an entry in a month that was invoiced.
fn invoiced_already(month: Month) -> String {
    format!("{month} was invoiced already: what this changes comes with the next run")
}
