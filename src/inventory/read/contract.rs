//! `[contract]` of a client.

use jiff::civil::Date;

use super::demand_increasing;
use crate::domain::billing::decimal::Decimal;
use crate::domain::billing::exact::Exact;
use crate::domain::billing::terms::{EarlyEnd, SupportKind};
use crate::domain::money::Cents;
use crate::domain::refusal::Refusal;
use crate::inventory::billing::{DatedAccounting, OneOffCharge};
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{Contract, DatedPrice, OveragePolicy};
use crate::inventory::reader::Reader;

/// The longest id of a quoted price.
const ONE_OFF_ID_LENGTH_MAX: usize = 32;

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
    let notice = reader.day("notice");
    let refusal_deadline_days = reader.whole("refusal_deadline_days");
    let early_end = reader.word::<EarlyEnd>("early_end");
    let rounding_minutes = reader.whole("rounding_minutes");
    let counted = reader.word_list::<SupportKind>("counted").map(words);
    let accounting = accounting(reader);
    let one_off = one_offs(reader, start.as_ref());
    let seat_prices = prices(reader, "seat_prices");
    let overage_prices = prices(reader, "overage_prices");
    if let (Some(start), Some(end)) = (&start, &end)
        && end.value < start.value
    {
        let problem = format!("the contract ends on {}, before it starts on {}", end.value, start.value);
        reader.add(Mistake::new(problem, &end.place, "before the start").also(&start.place, "the start"));
    }
    demand_sound_notice(reader, notice.as_ref(), start.as_ref(), end.as_ref());
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
            notice: notice.map(|notice| notice.value),
            refusal_deadline_days: refusal_deadline_days?.value,
            early_end: early_end?.value,
            rounding_minutes: rounding_minutes?.value,
            counted: counted?,
            accounting: accounting?,
            one_off: one_off?,
        })
    };
    (model(), claims)
}

fn words<T>(list: Placed<Vec<Placed<T>>>) -> Vec<T> {
    list.value.into_iter().map(|word| word.value).collect()
}

/// Notice is given within the contract, and says that it ends.
fn demand_sound_notice(
    reader: &Reader<'_>,
    notice: Option<&Placed<Date>>,
    start: Option<&Placed<Date>>,
    end: Option<&Placed<Date>>,
) {
    let Some(notice) = notice else { return };
    if !reader.has("end") {
        let mistake = Mistake::new("notice was given, but the contract has no end", &notice.place, "without `end`");
        reader.add(mistake.help("add `end`, the last day of the contract"));
    }
    if let Some(end) = end.filter(|end| notice.value > end.value) {
        let problem = format!("notice on {} comes after the end on {}", notice.value, end.value);
        reader.add(Mistake::new(problem, &notice.place, "too late").also(&end.place, "the end"));
    }
    if let Some(start) = start.filter(|start| notice.value < start.value) {
        let problem = format!("notice on {} comes before the contract starts on {}", notice.value, start.value);
        reader.add(Mistake::new(problem, &notice.place, "too early").also(&start.place, "the start"));
    }
}

fn accounting(reader: &Reader<'_>) -> Option<Vec<DatedAccounting>> {
    let mut days = Vec::new();
    let mut models = Vec::new();
    for table in reader.tables("accounting") {
        let from = table.day("from");
        let rounding_minutes = table.whole("rounding_minutes");
        let counted = table.word_list::<SupportKind>("counted").map(words);
        days.push(from.clone());
        let model = || {
            let (from, rounding_minutes) = (from?.value, rounding_minutes?.value);
            Some(DatedAccounting { from, rounding_minutes, counted: counted? })
        };
        models.push(model());
    }
    demand_increasing(reader, "accounting", &days);
    models.into_iter().collect()
}

fn one_offs(reader: &Reader<'_>, start: Option<&Placed<Date>>) -> Option<Vec<OneOffCharge>> {
    let mut ids: Vec<Placed<String>> = Vec::new();
    let mut models = Vec::new();
    for table in reader.tables("one_off") {
        let id = table.text("id", one_off_id);
        let on = table.day("on");
        let description = table.words("description");
        let quantity = table.text("quantity", quantity);
        let price = table.price("price");
        if let Some(id) = &id {
            if let Some(first) = ids.iter().find(|other| other.value == id.value) {
                let problem = format!("two quoted prices are called `{}`", id.value);
                table.add(Mistake::new(problem, &id.place, "again").also(&first.place, "first"));
            }
            ids.push(id.clone());
        }
        if let (Some(on), Some(start)) = (&on, start)
            && on.value < start.value
        {
            let problem = format!("a quoted price is owed from {}, before the contract on {}", on.value, start.value);
            table.add(Mistake::new(problem, &on.place, "too early").also(&start.place, "the start"));
        }
        let model = || {
            Some(OneOffCharge {
                id: id?.value,
                on: on?.value,
                description: description?.value,
                quantity: quantity?.value,
                price: price?.value,
            })
        };
        models.push(model());
    }
    models.into_iter().collect()
}

/// An id stands in the key of a charge: letters, digits and dashes.
fn one_off_id(text: &str) -> Result<String, Refusal> {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=ONE_OFF_ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the id of a quoted price")).hint("lower-case letters, digits and dashes"))
}

fn quantity(text: &str) -> Result<Decimal, Refusal> {
    let quantity: Decimal = text.parse()?;
    if text.starts_with('-') || quantity.exact() == Exact::ZERO {
        return Err(
            Refusal::new(format!("`{text}` is not how many are sold")).hint("at least a part of one: `1` or `0.5`")
        );
    }
    Ok(quantity)
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
