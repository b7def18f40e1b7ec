//! A client's account of hours: what is used, what is left, what waits (R13 to R17).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::billing::support::{self, YearAccount};
use crate::domain::billing::terms::Terms;
use crate::domain::billing::years;
use crate::inventory::model::Client;

use super::book::Account;
use super::terms::terms;

/// Used per cent from which people are told.
const NEAR_THE_END_PER_CENT: i64 = 80;

/// A client's account of hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// The contract.
    pub terms: Terms,
    /// Everything that the entries come to.
    pub account: support::Account,
}

/// What people are told of (80 % and 100 %).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// Four fifths are used.
    NearTheEnd,
    /// All of it is used.
    UsedUp,
}

impl Hours {
    /// Computes it.
    pub fn of(client: &Client, account: &Account, zone: &TimeZone) -> Hours {
        let terms = terms(client, account.notices.clone());
        let (entries, envelopes) = (account.worked(), account.envelopes());
        let billed = account.ledger.billed_minutes();
        let account = support::account(&terms, zone, &entries, &envelopes, &billed);
        Hours { terms, account }
    }

    /// The account of the contract year in which a day lies.
    pub fn year(&self, day: Date) -> YearAccount {
        let index = years::year_index(self.terms.start, day);
        self.account.years.get(&index).copied().unwrap_or_else(|| support::year_account(&self.terms, index))
    }
}

/// What is to be told about a year.
pub fn alert(year: &YearAccount) -> Option<Alert> {
    if year.allowance <= 0 || year.used <= 0 {
        return None;
    }
    if year.used >= year.allowance {
        return Some(Alert::UsedUp);
    }
    (year.used * 100 >= year.allowance * NEAR_THE_END_PER_CENT).then_some(Alert::NearTheEnd)
}
