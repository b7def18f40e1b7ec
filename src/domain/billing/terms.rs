//! What a contract says, as far as charges go: the input of every rule. It is made from an accepted inventory.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::money::Cents;

use super::decimal::Decimal;
use super::document::DocumentLanguage;

/// A contract with its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Language of the words on its invoices.
    pub language: DocumentLanguage,
    /// First day; contract years derive from it (R10).
    pub start: Date,
    /// Last day, once it was ended.
    pub end: Option<Date>,
    /// Day on which the client gave notice of ending.
    pub notice: Option<Date>,
    /// First commitment in months; none when 0.
    pub commitment_months: u16,
    /// Days before a term until which a renewal may be refused (R11).
    pub refusal_deadline_days: u16,
    /// What an early end costs (R12).
    pub early_end: EarlyEnd,
    /// Notices of renewal that were sent.
    pub renewal_notices: Vec<RenewalNotice>,
    /// Floor of each day (R8).
    pub minimum_seats: u32,
    /// Price of a seat and month, dated, oldest first.
    pub seat_prices: Vec<Dated<Cents>>,
    /// Who has a seat when.
    pub seats: Vec<SeatSpan>,
    /// Support included in a contract year, in minutes (R13).
    pub allowance_minutes: i64,
    /// Price of an hour beyond it, dated, oldest first; may be empty (R14).
    pub hour_prices: Vec<Dated<Cents>>,
    /// Whether overage is asked for first (R17).
    pub asks_before_overage: bool,
    /// How worked time is accounted, dated, oldest first; never empty (R4).
    pub accounting: Vec<Dated<Accounting>>,
    /// Quoted prices (R31).
    pub one_offs: Vec<OneOff>,
}

/// Something from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// First day.
    pub from: Date,
    /// What holds from then on.
    pub value: T,
}

impl<T> Dated<T> {
    /// What holds on a day: the last that has begun.
    pub fn on(list: &[Dated<T>], day: Date) -> Option<&T> {
        list.iter().rev().find(|one| one.from <= day).map(|one| &one.value)
    }

    /// As [`Dated::on`]; before the first day, the first.
    pub fn on_or_first(list: &[Dated<T>], day: Date) -> Option<&T> {
        Dated::on(list, day).or_else(|| list.first().map(|one| &one.value))
    }
}

/// What ending a commitment early costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlyEnd {
    /// The rest of the commitment (R12).
    #[default]
    Charged,
    /// Nothing.
    Free,
}

/// A notice of renewal, and when it went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RenewalNotice {
    /// Last day of the term that it is about.
    pub term: Date,
    /// Day of sending.
    pub sent_on: Date,
}

/// A person's seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatSpan {
    /// The person's id.
    pub person: String,
    /// First day.
    pub from: Date,
    /// Last day, included; open when absent.
    pub until: Option<Date>,
}

/// How worked time becomes accounted time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounting {
    /// An entry's minutes are rounded up to a multiple of this; at least 1.
    pub rounding_minutes: i64,
    /// Kinds of work that count (R13).
    pub counted: Vec<SupportKind>,
}

/// Kind of support.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupportKind {
    /// A question answered, something done on request.
    #[default]
    Help,
    /// Training of the client's people.
    Training,
    /// Training for several contracts at once: one entry each, with its share.
    GroupTraining,
    /// Something that failed.
    Incident,
    /// Maintenance of ours.
    Maintenance,
}

impl SupportKind {
    /// Every kind.
    pub const ALL: [SupportKind; 5] = [
        SupportKind::Help,
        SupportKind::Training,
        SupportKind::GroupTraining,
        SupportKind::Incident,
        SupportKind::Maintenance,
    ];

    /// What counts when a contract says nothing else (R13).
    pub const COUNTED: [SupportKind; 4] =
        [SupportKind::Help, SupportKind::Training, SupportKind::GroupTraining, SupportKind::Incident];

    /// Its word, as it is typed and stored.
    pub const fn word(self) -> &'static str {
        match self {
            SupportKind::Help => "help",
            SupportKind::Training => "training",
            SupportKind::GroupTraining => "group-training",
            SupportKind::Incident => "incident",
            SupportKind::Maintenance => "maintenance",
        }
    }

    /// The kind of a word.
    pub fn of_word(word: &str) -> Option<SupportKind> {
        SupportKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A quoted price: charged once, in the month of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOff {
    /// Tells it apart from others, for ever.
    pub id: String,
    /// Day from which it is owed.
    pub on: Date,
    /// What is sold.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one, excluding VAT.
    pub price: Cents,
}
