//! `[contract]` of a client.

use jiff::civil::Date;

use super::demand_increasing;
use crate::domain::money::Cents;
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{Contract, DatedPrice, OveragePolicy};
use crate::inventory::reader::Reader;

/// What seats and contacts are checked against.
#[derive(Debug, Default)]
pub struct ContractClaims {
    /// First day.
    pub start: Option<Placed<Date>>,
    /// Last day.
    pub end: Option<Placed<Date>>,
    /// Consent to overage.
    pub overage: Option<Placed<OveragePolicy>>,
}

/// Reads a contract; one that names no seat price takes the co-operative's.
pub fn contract(reader: &Reader<'_>, seat_price: Option<Cents>) -> (Option<Contract>, ContractClaims) {
    let start = reader.day("start");
    let commitment_months = reader.whole("commitment_months");
    let end = reader.day("end");
    let minimum_seats = reader.whole("minimum_seats");
    let support_minutes_per_year = reader.whole("support_minutes_per_year");
    let overage = reader.word::<OveragePolicy>("overage");
    let seat_prices = prices(reader, "seat_prices");
    let overage_prices = prices(reader, "overage_prices");
    if let (Some(start), Some(end)) = (&start, &end)
        && end.value < start.value
    {
        let problem = format!("the contract ends on {}, before it starts on {}", end.value, start.value);
        reader.add(Mistake::new(problem, &end.place, "before the start").also(&start.place, "the start"));
    }
    if let Some(start) = &start {
        demand_prices_of_contract(reader, start, &seat_prices, &overage_prices);
    }
    // Seats are not measured against an end that is itself a mistake.
    let sound_end = end.clone().filter(|end| start.as_ref().is_none_or(|start| start.value <= end.value));
    let claims = ContractClaims { start: start.clone(), end: sound_end, overage: overage.clone() };
    let model = || {
        let start = start?.value;
        let mut seat_prices = models(&seat_prices)?;
        if seat_prices.is_empty() {
            seat_prices.push(DatedPrice { from: start, price: seat_price? });
        }
        Some(Contract {
            start,
            commitment_months: commitment_months?.value,
            end: end.map(|end| end.value),
            seat_prices,
            minimum_seats: minimum_seats?.value,
            support_minutes_per_year: support_minutes_per_year?.value,
            overage_prices: models(&overage_prices)?,
            overage: overage?.value,
        })
    };
    (model(), claims)
}

struct PriceClaim {
    from: Option<Placed<Date>>,
    price: Option<Placed<Cents>>,
}

fn prices(reader: &Reader<'_>, name: &str) -> Vec<PriceClaim> {
    let read = |table: &Reader<'_>| PriceClaim { from: table.day("from"), price: table.price("price") };
    let prices: Vec<PriceClaim> = reader.tables(name).iter().map(read).collect();
    let days: Vec<_> = prices.iter().map(|price| price.from.clone()).collect();
    demand_increasing(reader, name, &days);
    prices
}

fn models(prices: &[PriceClaim]) -> Option<Vec<DatedPrice>> {
    let model =
        |price: &PriceClaim| Some(DatedPrice { from: price.from.as_ref()?.value, price: price.price.as_ref()?.value });
    prices.iter().map(model).collect()
}

/// Seats have a price from the first day on; hours may get one later, but not before the contract.
fn demand_prices_of_contract(
    reader: &Reader<'_>,
    start: &Placed<Date>,
    seat_prices: &[PriceClaim],
    overage_prices: &[PriceClaim],
) {
    if let Some(first) = seat_prices.first().and_then(|price| price.from.as_ref())
        && first.value != start.value
    {
        let problem = format!("the first seat price begins on {}, the contract on {}", first.value, start.value);
        reader.add(Mistake::new(problem, &first.place, "not the start").also(&start.place, "the start"));
    }
    if let Some(first) = overage_prices.first().and_then(|price| price.from.as_ref())
        && first.value < start.value
    {
        let problem = format!("an hourly price begins on {}, before the contract on {}", first.value, start.value);
        reader.add(Mistake::new(problem, &first.place, "too early").also(&start.place, "the start"));
    }
}
