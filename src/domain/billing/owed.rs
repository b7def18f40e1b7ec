//! Everything that a contract owes up to the end of a month, by its keys (R18).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::charge::{Because, Charge};
use super::decimal::Decimal;
use super::document::{ChargeKey, ChargeKind, DocumentLanguage, Unit};
use super::month::{Month, Period};
use super::support::{self, Account, Entry, Envelope};
use super::terms::Terms;
use super::{seats, words};

/// What is recorded about a contract today.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// The contract with its seats.
    pub terms: &'a Terms,
    /// Where days begin.
    pub zone: &'a TimeZone,
    /// Support entries, corrections applied.
    pub entries: &'a [Entry],
    /// Approved envelopes.
    pub envelopes: &'a [Envelope],
    /// Minutes of overage that were invoiced, by key.
    pub billed_minutes: &'a BTreeMap<ChargeKey, i64>,
}

/// What is owed.
#[derive(Debug, Clone, PartialEq)]
pub struct Owed {
    /// By key, in the order in which lines stand on an invoice.
    pub charges: BTreeMap<ChargeKey, Charge>,
    /// The account of hours, with what waits for consent.
    pub account: Account,
}

/// What is owed for all months up to and including one, as recorded today.
pub fn owed(records: Records<'_>, through: Month) -> Owed {
    let account =
        support::account(records.terms, records.zone, records.entries, records.envelopes, records.billed_minutes);
    let overage = account.charges.iter().filter(|charge| charge.key.month <= through).cloned();
    let all = seats::charges(records.terms, through).into_iter().chain(overage).chain(one_offs(records.terms, through));
    let mut charges: BTreeMap<ChargeKey, Charge> = BTreeMap::new();
    for charge in all {
        match charges.entry(charge.key.clone()) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(charge);
            }
            std::collections::btree_map::Entry::Occupied(mut occupied) => {
                join(occupied.get_mut(), charge, records.terms.language)
            }
        }
    }
    Owed { charges, account }
}

/// A price that left and came back within a month is one key: its days are summed before pricing. What holds for the whole
/// line, the minimum of the contract and the sum of the days, is said once.
fn join(into: &mut Charge, other: Charge, language: DocumentLanguage) {
    into.amount += other.amount;
    into.quantity = Decimal::whole(into.amount);
    into.period =
        Period { from: into.period.from.min(other.period.from), until: into.period.until.max(other.period.until) };
    // The last sentence of each is the sum of its own days.
    into.explanation.pop();
    let before_sum = other.explanation.len().saturating_sub(1);
    for sentence in other.explanation.into_iter().take(before_sum) {
        if !into.explanation.contains(&sentence) {
            into.explanation.push(sentence);
        }
    }
    into.explanation.push(words::seats_in_all(into.amount, into.key.month, language));
    into.because.people.extend(other.because.people);
    into.because.entries.extend(other.because.entries);
}

/// Quoted prices whose day has come (R31).
fn one_offs(terms: &Terms, through: Month) -> impl Iterator<Item = Charge> {
    let due = terms.one_offs.iter().filter(move |one| Month::of(one.on) <= through);
    due.map(|one| Charge {
        key: ChargeKey {
            month: Month::of(one.on),
            kind: ChargeKind::OneOff,
            price: one.price,
            reference: one.id.clone(),
        },
        description: one.description.clone(),
        period: Period { from: one.on, until: one.on },
        quantity: one.quantity,
        unit: Unit::One,
        basis: Decimal::whole(1),
        amount: 1,
        explanation: Vec::new(),
        because: Because { rule: "R31", people: Vec::new(), entries: Vec::new() },
    })
}

/// What every kind of charge is called on a line of its own; used where a difference has no charge left to describe it.
pub fn named(key: &ChargeKey, terms: &Terms) -> String {
    words::regularisation(key.month, key.kind, terms.language)
}
