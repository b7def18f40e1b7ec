//! Recording work for a client: the same checks and figures for the command line and the portal.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::BillingError;
use super::book::Account;
use super::entries::{InForce, in_force};
use super::hours::Hours;
use crate::domain::billing::duration::worked;
use crate::domain::billing::month::Month;
use crate::domain::billing::span::{Span, span};
use crate::domain::billing::support::{self, YearAccount};
use crate::domain::billing::terms::SupportKind;
use crate::domain::billing::zone;
use crate::domain::refusal::Refusal;
use crate::inventory::model::Client;
use crate::store::{NewSupportEntry, Store, SupportEntry};

/// Longest description of an entry.
pub const WORDS_LENGTH_MAX: usize = 500;

/// Work as somebody typed it.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Time worked: `1h30`, `90m`, `1.5h`, or a span of the clock, `14:00-15:30`.
    pub time: &'a str,
    /// What was done, in words that the client reads.
    pub words: &'a str,
    /// Kind of work.
    pub kind: SupportKind,
    /// When it began: `2026-11-10 14:00`, `14:00` (today), or the day of a span; it ended now when absent.
    pub at: Option<&'a str>,
    /// Why it is not accounted for, when it is not; the client sees it.
    pub not_accounted: Option<&'a str>,
}

/// Work that was recorded.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The number of its entry.
    pub position: i64,
    /// The entry.
    pub entry: InForce,
    /// When it was done.
    pub span: Span,
    /// Minutes that count, after rounding.
    pub accounted: i64,
    /// The client's hours with it.
    pub hours: Hours,
    /// The contract year that it falls into.
    pub year: YearAccount,
    /// Its month, when that was invoiced already: what this changes comes with the next run.
    pub invoiced: Option<Month>,
}

/// Checks what was typed and records it. `account` is what is recorded about the client before.
///
/// # Errors
/// [`BillingError::Refused`] for a time, moment or words that cannot be; a store that cannot be written.
pub async fn log(
    store: &Store,
    client: &Client,
    mut account: Account,
    work: Work<'_>,
    by: &str,
    now: Timestamp,
    tz: &TimeZone,
) -> Result<Logged, BillingError> {
    let words = said(work.words, "what was done")?;
    let not_accounted = work.not_accounted.map(|why| said(why, "why it is not accounted")).transpose()?;
    let span = span(worked(work.time)?, work.at, now, tz)?;
    let day = zone::day(tz, span.started);
    demand_contract(client, day, not_accounted.is_none())?;
    let new = NewSupportEntry {
        client: client.id.clone(),
        kind: work.kind,
        started_at_us: span.started.as_microsecond(),
        minutes: span.minutes,
        words,
        not_accounted,
        corrects: None,
        reason: None,
        by: by.to_owned(),
        at_us: now.as_microsecond(),
    };
    let position = store.record_support(&new).await?;
    let entry = in_force([SupportEntry { position, entry: new }]).remove(0);
    account.entries.push(entry.clone());
    let hours = Hours::of(client, &account, tz);
    let year = hours.year(day);
    let accounted = support::accounted_minutes(&hours.terms, tz, &entry.entry());
    let invoiced = invoiced_month(&account, day);
    Ok(Logged { position, entry, span, accounted, hours, year, invoiced })
}

/// Work belongs to a contract that has begun, and what is to be accounted to one that has not ended.
///
/// # Errors
/// [`BillingError::Refused`] for a day before it, and for one after it unless it is not accounted.
pub fn demand_contract(client: &Client, day: Date, is_accounted: bool) -> Result<(), BillingError> {
    let contract = &client.contract;
    if day < contract.start {
        return Err(BillingError::refused(
            format!("the contract of `{}` begins on {}, after {day}", client.id, contract.start),
            "work before a contract belongs to none: is the day right?",
        ));
    }
    match contract.end {
        Some(end) if day > end && is_accounted => Err(BillingError::refused(
            format!("the contract of `{}` ended on {end}, before {day}", client.id),
            "work after a contract is not charged by it: give `--not-accounted WHY`, and quote a price for it in `[[contract.one_off]]` if it is to be paid",
        )),
        _ => Ok(()),
    }
}

/// The month of a day, when it was invoiced already: what an entry changes of it comes with the next run.
pub fn invoiced_month(account: &Account, day: Date) -> Option<Month> {
    let month = Month::of(day);
    account.ledger.invoiced_through.is_some_and(|through| month <= through).then_some(month)
}

/// Words that say something: one line, not too long.
///
/// # Errors
/// When they do not.
pub fn said(words: &str, what: &str) -> Result<String, Refusal> {
    let words = words.trim();
    if words.is_empty() || words.chars().any(char::is_control) || words.chars().count() > WORDS_LENGTH_MAX {
        return Err(Refusal::new(format!("say {what} in one line"))
            .hint(format!("1 to {WORDS_LENGTH_MAX} characters, no line break")));
    }
    Ok(words.to_owned())
}
