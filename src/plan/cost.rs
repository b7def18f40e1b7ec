//! What the seats of a month cost, for the summary after an onboarding. Bills are made elsewhere, by the day (R6).

use jiff::civil::Date;

use crate::domain::money::Cents;
use crate::inventory::model::Client;

/// The monthly price of a client's seats on a day: active seats, at least the contract's floor, at the price in force
/// (R5, R8, R9), excluding VAT. `None` when no price is in force on that day.
pub fn monthly(client: &Client, day: Date) -> Option<(u32, Cents)> {
    let price = client.contract.seat_prices.iter().filter(|one| one.from <= day).max_by_key(|one| one.from)?.price;
    let active = u32::try_from(client.seats_on(day).count()).ok()?;
    let seats = active.max(client.contract.minimum_seats);
    Some((seats, price.times(i64::from(seats))?))
}
