//! Support time: what counts, what the allowance covers, what exceeds it, and what waits for consent (R4, R13 to R17).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::money::Cents;

use super::charge::{Because, Charge, EntryShare};
use super::consent::consent;
use super::decimal::Decimal;
use super::document::{ChargeKey, ChargeKind, Unit};
use super::month::Month;
use super::terms::{Dated, SupportKind, Terms};
use super::years::{contract_year, year_index};
use super::{words, zone};

/// Minutes of an hour: the basis of every hourly price.
const HOUR_MINUTES: i64 = 60;

/// Work as it was done, corrections applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: entries of one moment are ordered by it.
    pub number: i64,
    /// When the work began.
    pub started: Timestamp,
    /// Raw minutes; never overwritten (R4).
    pub minutes: i64,
    /// Kind of work.
    pub kind: SupportKind,
    /// Whether it is accounted for at all; the reason stands with the entry.
    pub is_accounted: bool,
}

/// Minutes that the client's approver has agreed to, for one contract year and price (R17). They are listed in the order of
/// approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// First day of the contract year.
    pub year: Date,
    /// Hourly price.
    pub price: Cents,
    /// Minutes.
    pub minutes: i64,
    /// Minutes of that price that had been invoiced when it was approved, by key: it is not for them.
    pub billed_before: BTreeMap<ChargeKey, i64>,
}

/// A part of an entry: within one contract year, one month and one price (R15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The entry.
    pub entry: i64,
    /// When this part began.
    pub at: Timestamp,
    /// Kind of work.
    pub kind: SupportKind,
    /// Accounted minutes.
    pub minutes: i64,
    /// Which contract year.
    pub year: i64,
    /// Which month.
    pub month: Month,
    /// Hourly price in force, when one is agreed.
    pub price: Option<Cents>,
}

/// An entry's accounted minutes: rounded up before any split, nothing when it does not count (R4, R13). Work that began after
/// the contract's last day belongs to no contract: neither its allowance nor its price is for it.
pub fn accounted_minutes(terms: &Terms, zone: &TimeZone, entry: &Entry) -> i64 {
    let day = zone::day(zone, entry.started);
    let Some(rule) = Dated::on_or_first(&terms.accounting, day) else { return 0 };
    let has_ended = terms.end.is_some_and(|end| day > end);
    if has_ended || !entry.is_accounted || !rule.counted.contains(&entry.kind) {
        return 0;
    }
    let step = rule.rounding_minutes.max(1);
    (entry.minutes + step - 1) / step * step
}

/// The parts of an entry. The remainder of the rounding goes to the last part.
pub fn parts(terms: &Terms, zone: &TimeZone, entry: &Entry) -> Vec<Part> {
    let accounted = accounted_minutes(terms, zone, entry);
    if accounted == 0 {
        return Vec::new();
    }
    let end = plus_minutes(entry.started, entry.minutes);
    let first = zone::day(zone, entry.started);
    let part = |at: Timestamp, day: Date, minutes: i64| Part {
        entry: entry.number,
        at,
        kind: entry.kind,
        minutes,
        year: year_index(terms.start, day),
        month: Month::of(day),
        price: Dated::on(&terms.hour_prices, day).copied(),
    };
    let mut parts = Vec::new();
    let (mut at, mut day, mut left) = (entry.started, first, accounted);
    let mut next = first;
    loop {
        let Ok(tomorrow) = next.tomorrow() else { break };
        next = tomorrow;
        let boundary = zone::day_start(zone, next);
        if boundary >= end {
            break;
        }
        if is_cut(terms, next) {
            let minutes = (boundary.duration_since(at).as_secs() / HOUR_MINUTES).min(left);
            if minutes > 0 {
                parts.push(part(at, day, minutes));
            }
            (at, day, left) = (boundary, next, left - minutes);
        }
    }
    parts.push(part(at, day, left));
    parts
}

/// Whether a month, a contract year or a price begins on a day.
fn is_cut(terms: &Terms, day: Date) -> bool {
    day.day() == 1
        || contract_year(terms.start, year_index(terms.start, day)).from == day
        || terms.hour_prices.iter().any(|price| price.from == day)
}

fn plus_minutes(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
}

/// Minutes beyond the allowance that nobody can charge yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// First day of the contract year.
    pub year: Date,
    /// The month in which they were worked.
    pub month: Month,
    /// Hourly price, when one is agreed.
    pub price: Option<Cents>,
    /// Minutes.
    pub minutes: i64,
    /// Entries that they are in.
    pub entries: Vec<i64>,
}

/// A contract year's account of hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearAccount {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Minutes included.
    pub allowance: i64,
    /// Accounted minutes.
    pub used: i64,
    /// Minutes beyond the allowance.
    pub over: i64,
    /// Of these, minutes that are or will be charged.
    pub consented: i64,
}

impl YearAccount {
    /// Minutes that are left.
    pub fn left(&self) -> i64 {
        (self.allowance - self.used).max(0)
    }

    /// Minutes beyond the allowance that wait for consent or for a price.
    pub fn waiting(&self) -> i64 {
        self.over - self.consented
    }
}

/// What the entries of a contract come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Charges, one per month and price (R16).
    pub charges: Vec<Charge>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// The contract years with an entry, by their index.
    pub years: BTreeMap<i64, YearAccount>,
}

/// Computes the account of hours. `billed` says how many minutes were invoiced under a key: these stay consented whatever
/// the order in which entries arrive (R17).
pub fn account(
    terms: &Terms,
    zone: &TimeZone,
    entries: &[Entry],
    envelopes: &[Envelope],
    billed: &BTreeMap<ChargeKey, i64>,
) -> Account {
    let mut all: Vec<Part> = entries.iter().flat_map(|entry| parts(terms, zone, entry)).collect();
    all.sort_by_key(|part| (part.at, part.entry));
    let mut years: BTreeMap<i64, YearAccount> = BTreeMap::new();
    let mut beyond: Vec<Beyond> = Vec::new();
    for part in all {
        let year = years.entry(part.year).or_insert_with(|| year_account(terms, part.year));
        let over = part.minutes - part.minutes.min(year.left());
        year.used += part.minutes;
        year.over += over;
        if over > 0 {
            // What the allowance covers of a part comes first in time.
            let at = plus_minutes(part.at, part.minutes - over);
            beyond.push(Beyond { part: Part { minutes: over, at, ..part }, charged: 0 });
        }
    }
    consent(terms, &mut beyond, envelopes, billed);
    for one in &beyond {
        if let Some(year) = years.get_mut(&one.part.year) {
            year.consented += one.charged;
        }
    }
    Account { charges: charges(terms, zone, &beyond), waiting: waiting(terms, &beyond), years }
}

/// The account of a year without entries.
pub fn year_account(terms: &Terms, index: i64) -> YearAccount {
    let year = contract_year(terms.start, index);
    let allowance = terms.allowance_minutes;
    YearAccount { from: year.from, until: year.until, allowance, used: 0, over: 0, consented: 0 }
}

/// Minutes beyond the allowance, and how many of them may be charged.
pub(super) struct Beyond {
    pub(super) part: Part,
    pub(super) charged: i64,
}

pub(super) fn key(month: Month, price: Cents) -> ChargeKey {
    ChargeKey { month, kind: ChargeKind::Overage, price, reference: String::new() }
}

fn charges(terms: &Terms, zone: &TimeZone, beyond: &[Beyond]) -> Vec<Charge> {
    let mut lines: BTreeMap<ChargeKey, Vec<&Beyond>> = BTreeMap::new();
    for one in beyond.iter().filter(|one| one.charged > 0) {
        if let Some(price) = one.part.price {
            lines.entry(key(one.part.month, price)).or_default().push(one);
        }
    }
    lines.into_iter().map(|(key, parts)| charge(terms, zone, key, &parts)).collect()
}

fn charge(terms: &Terms, zone: &TimeZone, key: ChargeKey, parts: &[&Beyond]) -> Charge {
    let minutes: i64 = parts.iter().map(|one| one.charged).sum();
    // Minutes are summed before pricing; hours only where they are exact (R16).
    let (quantity, unit, basis) = match Decimal::ratio(minutes, HOUR_MINUTES) {
        Some(hours) => (hours, Unit::Hour, Decimal::whole(1)),
        None => (Decimal::whole(minutes), Unit::Minute, Decimal::whole(HOUR_MINUTES)),
    };
    let share = |one: &&Beyond| EntryShare {
        entry: one.part.entry,
        at: one.part.at,
        kind: one.part.kind,
        minutes: one.charged,
    };
    let days = parts.iter().map(|one| zone::day(zone, one.part.at));
    let period = super::month::Period {
        from: days.clone().min().unwrap_or(key.month.first()),
        until: days.max().unwrap_or(key.month.last()),
    };
    Charge {
        description: words::description(ChargeKind::Overage, unit, key.month, terms.language),
        period,
        quantity,
        unit,
        basis,
        amount: minutes,
        explanation: vec![words::overage(minutes, terms.language)],
        because: Because { rule: "R14", people: Vec::new(), entries: parts.iter().map(share).collect() },
        key,
    }
}

fn waiting(terms: &Terms, beyond: &[Beyond]) -> Vec<Waiting> {
    /// A contract year, a month and a price.
    type Group = (i64, Month, Option<Cents>);
    let mut groups: BTreeMap<Group, (i64, Vec<i64>)> = BTreeMap::new();
    for one in beyond.iter().filter(|one| one.charged < one.part.minutes) {
        let group = groups.entry((one.part.year, one.part.month, one.part.price)).or_default();
        group.0 += one.part.minutes - one.charged;
        if !group.1.contains(&one.part.entry) {
            group.1.push(one.part.entry);
        }
    }
    let year = |index: i64| contract_year(terms.start, index).from;
    groups
        .into_iter()
        .map(|((index, month, price), (minutes, entries))| Waiting {
            year: year(index),
            month,
            price,
            minutes,
            entries,
        })
        .collect()
}

/// The day on which the allowance is used up at the pace of the year so far; `None` when it lasts, or is used up already.
pub fn exhausted_on(year: &YearAccount, today: Date) -> Option<Date> {
    let days = super::month::Period { from: year.from, until: today.min(year.until) }.days();
    if year.used <= 0 || days <= 0 || year.left() == 0 {
        return None;
    }
    let until_empty = (year.allowance * days + year.used - 1) / year.used;
    let day = year.from.saturating_add((until_empty - 1).days());
    (day <= year.until).then_some(day)
}
