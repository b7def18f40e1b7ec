//! A charge that is owed: its key, what it counts, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::money::Cents;

use super::decimal::Decimal;
use super::document::{ChargeKey, Unit};
use super::exact::Exact;
use super::month::Period;
use super::terms::SupportKind;

/// What is owed under one key, written as a line would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// Its key.
    pub key: ChargeKey,
    /// What is sold.
    pub description: String,
    /// The days that it covers.
    pub period: Period,
    /// How much.
    pub quantity: Decimal,
    /// In what.
    pub unit: Unit,
    /// How many units the price is for.
    pub basis: Decimal,
    /// The same in the key's own measure: days of seats, minutes of support, pieces.
    pub amount: i64,
    /// Sentences for the client.
    pub explanation: Vec<String>,
    /// The same for `billing explain`.
    pub because: Because,
}

impl Charge {
    /// What it comes to, rounded once (R1).
    pub fn total(&self) -> Cents {
        Exact::cents(self.key.price).times(self.quantity.exact()).per(self.basis.exact()).round()
    }
}

/// Which people, days and entries make a charge, and by which rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Because {
    /// The rule, as in `R6`.
    pub rule: &'static str,
    /// Whose seats.
    pub people: Vec<PersonDays>,
    /// Which entries, and how many minutes of each.
    pub entries: Vec<EntryShare>,
}

/// A person's days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonDays {
    /// The person's id.
    pub person: String,
    /// How many days.
    pub days: i64,
    /// Which ones.
    pub periods: Vec<Period>,
}

/// A share of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryShare {
    /// Number of the entry.
    pub entry: i64,
    /// When this share of the work began.
    pub at: Timestamp,
    /// Kind of work.
    pub kind: SupportKind,
    /// Minutes of it that are charged.
    pub minutes: i64,
}
