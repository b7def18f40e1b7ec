//! Which minutes beyond the allowance may be charged: what was invoiced stays consented, the rest needs an envelope (R17).

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::money::Cents;

use super::document::ChargeKey;
use super::support::{Beyond, Envelope, key};
use super::terms::Terms;
use super::years::contract_year;

/// What envelopes grant for one contract year and price, and what was invoiced of it.
#[derive(Debug, Clone, Copy, Default)]
struct Agreed {
    /// Minutes of all envelopes.
    granted: i64,
    /// Of these, minutes that are charged.
    used: i64,
    /// Minutes that were invoiced without an envelope: agreed in advance, by the contract of that time.
    without: i64,
}

impl Agreed {
    /// By now so many minutes are invoiced. What is new uses the envelopes up; what was taken back was first of all without
    /// one, so that nothing is charged that nobody agreed to.
    fn invoiced(&mut self, minutes: i64) {
        let new = minutes - self.used - self.without;
        if new >= 0 {
            let from_envelopes = new.min(self.left());
            self.used += from_envelopes;
            self.without += new - from_envelopes;
        } else {
            let back = (-new).min(self.without);
            self.without -= back;
            self.used += new + back;
        }
    }

    fn left(&self) -> i64 {
        self.granted - self.used
    }
}

/// How many of each part's minutes are invoiced, the earliest first.
fn invoiced(beyond: &[Beyond], billed: &BTreeMap<ChargeKey, i64>) -> Vec<i64> {
    let mut billed = billed.clone();
    let of_part = |one: &Beyond| {
        let Some(price) = one.part.price else { return 0 };
        let left = billed.entry(key(one.part.month, price)).or_default();
        let minutes = one.part.minutes.min(*left).max(0);
        *left -= minutes;
        minutes
    };
    beyond.iter().map(of_part).collect()
}

/// Marks the minutes that may be charged, in the order in which they were worked.
pub(super) fn consent(terms: &Terms, beyond: &mut [Beyond], envelopes: &[Envelope], billed: &BTreeMap<ChargeKey, i64>) {
    if !terms.asks_before_overage {
        for one in beyond.iter_mut().filter(|one| one.part.price.is_some()) {
            one.charged = one.part.minutes;
        }
        return;
    }
    let of = |one: &Beyond| Some((contract_year(terms.start, one.part.year).from, one.part.price?));
    let sum = |minutes: &[i64], beyond: &[Beyond], wanted: (Date, Cents)| -> i64 {
        beyond.iter().zip(minutes).filter(|(one, _)| of(one) == Some(wanted)).map(|(_, minutes)| minutes).sum()
    };
    let mut agreed: BTreeMap<(Date, Cents), Agreed> = BTreeMap::new();
    for envelope in envelopes {
        let wanted = (envelope.year, envelope.price);
        let before = invoiced(beyond, &envelope.billed_before);
        let agreed = agreed.entry(wanted).or_default();
        agreed.invoiced(sum(&before, beyond, wanted));
        agreed.granted += envelope.minutes;
    }
    // First what was invoiced already, then the rest in order.
    let now = invoiced(beyond, billed);
    for (wanted, agreed) in &mut agreed {
        agreed.invoiced(sum(&now, beyond, *wanted));
    }
    for (one, invoiced) in beyond.iter_mut().zip(now) {
        one.charged = invoiced;
        let Some(agreed) = of(one).and_then(|wanted| agreed.get_mut(&wanted)) else { continue };
        let minutes = (one.part.minutes - one.charged).min(agreed.left()).max(0);
        agreed.used += minutes;
        one.charged += minutes;
    }
}
