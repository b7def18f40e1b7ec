//! A bill is a difference: owed by the rules, minus what was invoiced (R18).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::money::Cents;

use super::charge::Because;
use super::decimal::Decimal;
use super::document::{ChargeKey, ChargeKind, DocumentLanguage, Unit};
use super::month::{Month, Period};
use super::owed::Owed;
use super::terms::Terms;
use super::words;
use super::years;

/// What was invoiced under a key, credit notes taken off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    /// Excluding VAT.
    pub total: Cents,
    /// In the key's own measure: days of seats, minutes of support, pieces.
    pub amount: i64,
    /// What credit notes gave up for good: `total` is without it, and so much more has to be owed before anything is charged.
    pub waived: Cents,
}

/// Everything that was invoiced of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// By key.
    pub billed: BTreeMap<ChargeKey, Billed>,
    /// The last month whose run was issued.
    pub invoiced_through: Option<Month>,
}

impl Ledger {
    /// Minutes of overage by key: they stay consented (R17).
    pub fn billed_minutes(&self) -> BTreeMap<ChargeKey, i64> {
        let overage = self.billed.iter().filter(|(key, _)| key.kind == ChargeKind::Overage);
        overage.map(|(key, billed)| (key.clone(), billed.amount)).collect()
    }
}

/// Which run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its month.
    pub month: Month,
    /// Whether it settles the rest of a contract that has ended, although the month was invoiced.
    pub is_final: bool,
}

/// A line that is to be written, without its VAT.
#[derive(Debug, Clone, PartialEq)]
pub struct DueLine {
    /// What kind of line.
    pub kind: ChargeKind,
    /// Its key.
    pub key: ChargeKey,
    /// What is sold.
    pub description: String,
    /// Sentences.
    pub explanation: Vec<String>,
    /// The days that it covers.
    pub period: Period,
    /// How much.
    pub quantity: Decimal,
    /// In what.
    pub unit: Unit,
    /// Price of `basis` units.
    pub price: Cents,
    /// How many units the price is for.
    pub basis: Decimal,
    /// Excluding VAT.
    pub total: Cents,
    /// What the key's own measure grows by.
    pub amount: i64,
    /// Why, for `billing explain`.
    pub because: Because,
}

/// What was invoiced and is not owed.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenBack {
    /// Its key.
    pub key: ChargeKey,
    /// Excluding VAT, positive.
    pub total: Cents,
    /// What the key's own measure shrinks by.
    pub amount: i64,
    /// Sentences.
    pub explanation: Vec<String>,
    /// Why, for `billing explain`.
    pub because: Because,
}

/// What a run has to write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Lines of the invoice.
    pub lines: Vec<DueLine>,
    /// What becomes credit notes.
    pub given_back: Vec<GivenBack>,
}

impl Difference {
    /// Whether there is nothing to write (R23).
    pub fn is_nothing(&self) -> bool {
        self.lines.is_empty() && self.given_back.is_empty()
    }
}

/// Up to which month a run computes what is owed. What was charged in advance by a final run is not taken back by a later
/// one, and a final run charges the whole rest of a commitment. Nothing else is charged beyond the run's month: see
/// [`difference`].
pub fn through(terms: &Terms, ledger: &Ledger, run: Run) -> Month {
    let billed = ledger.billed.keys().map(|key| key.month).max();
    let rest = years::early_end(terms).filter(|_| run.is_final).map(|rest| Month::of(rest.until));
    [Some(run.month), billed, rest].into_iter().flatten().max().unwrap_or(run.month)
}

/// What a run has to write. Nothing when its month was invoiced already: later differences wait for the next run.
pub fn difference(owed: &Owed, ledger: &Ledger, run: Run, language: DocumentLanguage) -> Difference {
    let is_settled = ledger.invoiced_through.is_some_and(|through| run.month <= through);
    if is_settled && !run.is_final {
        return Difference::default();
    }
    let mut out = Difference::default();
    let keys: BTreeSet<&ChargeKey> = owed.charges.keys().chain(ledger.billed.keys()).collect();
    // Of months that have not come only the rest of a commitment is charged; what was billed of them is still compared.
    let is_ahead =
        |key: &ChargeKey| key.month > run.month && key.kind != ChargeKind::EarlyEnd && !ledger.billed.contains_key(key);
    for key in keys.into_iter().filter(|key| !is_ahead(key)) {
        let charge = owed.charges.get(key);
        let billed = ledger.billed.get(key).copied().unwrap_or_default();
        let total = charge.map_or(Cents(0), super::charge::Charge::total);
        // What was given up only keeps this much from being charged again. It is no debt of ours: the credit note that gave
        // it up has paid it, so what is owed is compared with what was billed before anything is given back.
        let now = if total < billed.total { total } else { Cents((total.0 - billed.waived.0).max(billed.total.0)) };
        let amount_now = charge.map_or(0, |charge| charge.amount);
        let because = || charge.map_or_else(Because::default, |charge| charge.because.clone());
        let said = || words::instead(key.kind, (amount_now, billed.amount), (now, billed.total), language);
        if now < billed.total {
            out.given_back.push(GivenBack {
                key: key.clone(),
                total: Cents(billed.total.0 - now.0),
                amount: billed.amount - amount_now,
                explanation: said(),
                because: because(),
            });
            continue;
        }
        let Some(charge) = charge.filter(|_| now > billed.total) else { continue };
        let is_late = ledger.invoiced_through.is_some_and(|through| key.month <= through);
        // A quoted price is not a part of its month that changed: as long as nothing of it is billed it is written as quoted.
        let is_quoted = key.kind == ChargeKind::OneOff && billed.total.0 == 0 && billed.waived.0 == 0;
        let line = if !is_quoted && (is_late || ledger.billed.contains_key(key)) {
            let quoted = Some(charge.description.clone()).filter(|_| key.kind == ChargeKind::OneOff);
            let total = Cents(now.0 - billed.total.0);
            DueLine {
                kind: ChargeKind::Regularisation,
                key: key.clone(),
                description: words::regularisation(key.month, key.kind, language),
                explanation: quoted.into_iter().chain(said()).collect(),
                period: charge.period,
                quantity: Decimal::whole(1),
                unit: Unit::One,
                price: total,
                basis: Decimal::whole(1),
                total,
                amount: amount_now - billed.amount,
                because: Because { rule: "R18", ..because() },
            }
        } else {
            DueLine {
                kind: key.kind,
                key: key.clone(),
                description: charge.description.clone(),
                explanation: charge.explanation.clone(),
                period: charge.period,
                quantity: charge.quantity,
                unit: charge.unit,
                price: key.price,
                basis: charge.basis,
                total,
                amount: amount_now - billed.amount,
                because: because(),
            }
        };
        out.lines.push(line);
    }
    out
}
