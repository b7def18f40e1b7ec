//! A client of the inventory as the rules read it.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::domain::billing::document::DocumentLanguage;
use crate::domain::billing::terms::{Accounting, Dated, OneOff, RenewalNotice, SeatSpan, Terms};
use crate::domain::money::Cents;
use crate::inventory::model::{Client, Cooperative, DatedPrice, Language, OveragePolicy};

/// The contract of a client, with the notices of renewal that were sent to it.
pub fn terms(client: &Client, renewal_notices: Vec<RenewalNotice>) -> Terms {
    let contract = &client.contract;
    let first =
        Accounting { rounding_minutes: i64::from(contract.rounding_minutes), counted: contract.counted.clone() };
    let later = contract.accounting.iter().map(|one| Dated {
        from: one.from,
        value: Accounting { rounding_minutes: i64::from(one.rounding_minutes), counted: one.counted.clone() },
    });
    Terms {
        language: language(client.language),
        start: contract.start,
        end: contract.end,
        notice: contract.notice,
        commitment_months: contract.commitment_months,
        refusal_deadline_days: contract.refusal_deadline_days,
        early_end: contract.early_end,
        renewal_notices,
        minimum_seats: contract.minimum_seats,
        seat_prices: dated(&contract.seat_prices),
        seats: client
            .seats
            .iter()
            .map(|seat| SeatSpan { person: seat.person.to_string(), from: seat.from, until: seat.until })
            .collect(),
        allowance_minutes: i64::from(contract.support_minutes_per_year),
        hour_prices: dated(&contract.overage_prices),
        asks_before_overage: contract.overage == OveragePolicy::Ask,
        accounting: std::iter::once(Dated { from: contract.start, value: first }).chain(later).collect(),
        one_offs: contract
            .one_off
            .iter()
            .map(|one| OneOff {
                id: one.id.clone(),
                on: one.on,
                description: one.description.clone(),
                quantity: one.quantity,
                price: one.price,
            })
            .collect(),
    }
}

fn dated(prices: &[DatedPrice]) -> Vec<Dated<Cents>> {
    prices.iter().map(|price| Dated { from: price.from, value: price.price }).collect()
}

/// Language of a client's documents.
pub fn language(language: Language) -> DocumentLanguage {
    match language {
        Language::Fr => DocumentLanguage::Fr,
        Language::En => DocumentLanguage::En,
    }
}

/// The co-operative's time zone. The check of the inventory admits only names of the bundled list.
pub fn zone(cooperative: &Cooperative) -> TimeZone {
    TimeZoneDatabase::bundled().get(&cooperative.time_zone).unwrap_or(TimeZone::UTC)
}
