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

/// A contract year, by its first day, and a price.
type Granted = (Date, Cents);

/// Brings what is held of each part to what is invoiced by now, of the months that `billed` may speak of. A key says month and
/// price, not the contract year. Where two years meet in one month, what is new was first of all for the year whose envelopes
/// have room: else an envelope that was charged already would be free for work that nobody agreed to. What was taken back was
/// the latest.
fn hold(
    beyond: &[Beyond],
    years: &[Option<Granted>],
    held: &mut [i64],
    agreed: &BTreeMap<Granted, Agreed>,
    (billed, price): (&BTreeMap<ChargeKey, i64>, Option<Cents>),
) {
    let mut room: BTreeMap<Granted, i64> = agreed.iter().map(|(of, agreed)| (*of, agreed.left())).collect();
    let mut places: BTreeMap<ChargeKey, Vec<(usize, Granted)>> = BTreeMap::new();
    for (at, of) in years.iter().enumerate() {
        if let Some(of) = of.filter(|(_, of)| price.is_none_or(|price| price == *of)) {
            places.entry(key(beyond[at].part.month, of.1)).or_default().push((at, of));
        }
    }
    for (key, places) in places {
        let before: i64 = places.iter().map(|(at, _)| held[*at]).sum();
        let mut new = billed.get(&key).copied().unwrap_or(0).max(0) - before;
        for (at, of) in &places {
            let room = room.entry(*of).or_default();
            let minutes = new.min(beyond[*at].part.minutes - held[*at]).min(*room).max(0);
            (held[*at], new, *room) = (held[*at] + minutes, new - minutes, *room - minutes);
        }
        for (at, _) in &places {
            let minutes = new.min(beyond[*at].part.minutes - held[*at]).max(0);
            (held[*at], new) = (held[*at] + minutes, new - minutes);
        }
        for (at, _) in places.iter().rev() {
            let back = held[*at].min(-new).max(0);
            (held[*at], new) = (held[*at] - back, new + back);
        }
    }
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
    let years: Vec<Option<Granted>> = beyond.iter().map(of).collect();
    let mut held = vec![0; beyond.len()];
    let mut agreed: BTreeMap<Granted, Agreed> = BTreeMap::new();
    let count = |agreed: &mut BTreeMap<Granted, Agreed>, held: &[i64]| {
        for (wanted, agreed) in agreed {
            let of_it = years.iter().zip(held).filter(|(of, _)| **of == Some(*wanted));
            agreed.invoiced(of_it.map(|(_, minutes)| minutes).sum());
        }
    };
    for envelope in envelopes {
        let wanted = (envelope.year, envelope.price);
        agreed.entry(wanted).or_default();
        hold(beyond, &years, &mut held, &agreed, (&envelope.billed_before, Some(envelope.price)));
        count(&mut agreed, &held);
        agreed.entry(wanted).or_default().granted += envelope.minutes;
    }
    // First what was invoiced already, then the rest in order.
    hold(beyond, &years, &mut held, &agreed, (billed, None));
    count(&mut agreed, &held);
    for ((one, of), invoiced) in beyond.iter_mut().zip(&years).zip(held) {
        one.charged = invoiced;
        let Some(agreed) = of.and_then(|wanted| agreed.get_mut(&wanted)) else { continue };
        let minutes = (one.part.minutes - one.charged).min(agreed.left()).max(0);
        agreed.used += minutes;
        one.charged += minutes;
    }
}
