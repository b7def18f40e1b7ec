//! The monthly statement of VAT: what fell due in a month, on receipts or on debits, per rate.

use std::collections::BTreeMap;

use crate::domain::billing::month::Month;

use super::replay::{Books, VatFact};
use super::share::{Amounts, Rate};

/// What fell due in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatStatement {
    /// The month.
    pub month: Month,
    /// Line by line.
    pub rows: Vec<VatFact>,
    /// Per rate.
    pub totals: BTreeMap<Rate, Amounts>,
}

impl VatStatement {
    /// The statement of a month. What was recorded late is in the month under which it is written.
    pub fn of(books: &Books, month: Month) -> VatStatement {
        let rows: Vec<VatFact> = books.vat.iter().filter(|one| Month::of(one.on) == month).cloned().collect();
        let mut totals: BTreeMap<Rate, Amounts> = BTreeMap::new();
        for row in &rows {
            let total = totals.entry(row.rate).or_default();
            *total = total.plus(row.amounts);
        }
        VatStatement { month, rows, totals }
    }
}
