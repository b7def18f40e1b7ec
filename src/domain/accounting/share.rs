//! How much of an invoice's VAT has fallen due: the share of what was received, of the whole (statement of VAT on receipts).

use std::collections::BTreeMap;

use crate::domain::billing::document::{Issued, VatCategory};
use crate::domain::billing::exact::Exact;
use crate::domain::money::Cents;

/// A VAT category and its rate in hundredths of a per cent.
pub type Rate = (VatCategory, u32);

/// Base and VAT of one rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Excluding VAT.
    pub base: Cents,
    /// VAT.
    pub vat: Cents,
}

impl Amounts {
    /// Both, one minus the other.
    #[must_use]
    pub fn minus(self, other: Amounts) -> Amounts {
        Amounts { base: Cents(self.base.0 - other.base.0), vat: Cents(self.vat.0 - other.vat.0) }
    }

    /// Both, one plus the other.
    #[must_use]
    pub fn plus(self, other: Amounts) -> Amounts {
        Amounts { base: Cents(self.base.0 + other.base.0), vat: Cents(self.vat.0 + other.vat.0) }
    }

    /// Whether there is nothing.
    pub fn is_zero(self) -> bool {
        self == Amounts::default()
    }
}

/// An invoice with what was credited and received of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    gross: Cents,
    rates: BTreeMap<Rate, Amounts>,
    credited: BTreeMap<Rate, Amounts>,
    received: Cents,
    declared: BTreeMap<Rate, Amounts>,
}

/// Base and VAT of a document per rate.
pub fn rates(document: &Issued) -> BTreeMap<Rate, Amounts> {
    let mut rates: BTreeMap<Rate, Amounts> = BTreeMap::new();
    for share in &document.vat {
        let of = rates.entry((share.category, share.rate_bp)).or_default();
        *of = of.plus(Amounts { base: share.base, vat: share.vat });
    }
    rates
}

impl Progress {
    /// An invoice of which nothing was received.
    pub fn of(invoice: &Issued) -> Progress {
        Progress {
            gross: invoice.totals.gross,
            rates: rates(invoice),
            credited: BTreeMap::new(),
            received: Cents(0),
            declared: BTreeMap::new(),
        }
    }

    /// A credit note takes part of it back.
    pub fn credit(&mut self, note: &Issued) {
        for (rate, amounts) in rates(note) {
            let of = self.credited.entry(rate).or_default();
            *of = of.plus(amounts);
        }
    }

    /// Money came (positive) or went back (negative).
    pub fn receive(&mut self, cents: Cents) {
        self.received.0 += cents.0;
    }

    /// What is open: the whole, minus credit notes, minus what was received.
    pub fn open(&self) -> Cents {
        let credited: i64 = self.credited.values().map(|one| one.base.0 + one.vat.0).sum();
        Cents(self.gross.0 - credited - self.received.0)
    }

    /// What has fallen due since the last call, per rate. Once nothing is open, exactly what was invoiced minus what was
    /// credited has been told in all; before, round(VAT x received / whole).
    pub fn declare(&mut self) -> BTreeMap<Rate, Amounts> {
        let received = Cents(self.received.0.clamp(0, self.gross.0.max(0)));
        let is_settled = self.open().0 == 0;
        let mut news = BTreeMap::new();
        for (rate, whole) in &self.rates {
            let part = |of: Cents| Exact::cents(of).times(Exact::cents(received)).per(Exact::cents(self.gross)).round();
            let due = if is_settled {
                whole.minus(self.credited.get(rate).copied().unwrap_or_default())
            } else {
                Amounts { base: part(whole.base), vat: part(whole.vat) }
            };
            let before = self.declared.insert(*rate, due).unwrap_or_default();
            let new = due.minus(before);
            if !new.is_zero() {
                news.insert(*rate, new);
            }
        }
        news
    }
}
