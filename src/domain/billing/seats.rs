//! Seats by the day (R5 to R9) and the rest of a commitment (R12).

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::money::Cents;

use super::charge::{Because, Charge, PersonDays};
use super::decimal::Decimal;
use super::document::{ChargeKey, ChargeKind, Unit};
use super::month::{Month, Period, day_number};
use super::terms::{Dated, Terms};
use super::words;
use super::years;

/// Seats, floor and early end that are owed for all months up to and including one.
pub fn charges(terms: &Terms, through: Month) -> Vec<Charge> {
    let mut charges = Vec::new();
    let last = terms.end.unwrap_or(Date::MAX).min(through.last());
    if terms.start <= last {
        let presence = Presence::of(terms, Period { from: terms.start, until: last });
        for month in Month::of(terms.start).through(Month::of(last)) {
            of_month(terms, &presence, month, &mut charges);
        }
    }
    if let Some(rest) = years::early_end(terms)
        && let Some(rest) = rest.and(Period { from: rest.from, until: through.last() })
    {
        let seats = i64::from(terms.minimum_seats).max(seats_at_notice(terms));
        for month in Month::of(rest.from).through(Month::of(rest.until)) {
            early_end(terms, seats, rest, month, &mut charges);
        }
    }
    charges
}

/// Seats on the day of notice (R12); without a day of notice, on the last day.
fn seats_at_notice(terms: &Terms) -> i64 {
    let Some(day) = terms.notice.or(terms.end) else { return 0 };
    Presence::of(terms, Period { from: day, until: day }).counts.first().copied().unwrap_or(0)
}

/// How many persons have a seat on each day of a period. A person never counts twice on one day (R6).
struct Presence<'a> {
    first: i64,
    counts: Vec<i64>,
    persons: BTreeMap<&'a str, Vec<Period>>,
}

impl<'a> Presence<'a> {
    fn of(terms: &'a Terms, period: Period) -> Presence<'a> {
        let mut persons: BTreeMap<&str, Vec<Period>> = BTreeMap::new();
        for seat in &terms.seats {
            let span = Period { from: seat.from, until: seat.until.unwrap_or(Date::MAX) };
            if let Some(span) = span.and(period) {
                persons.entry(&seat.person).or_default().push(span);
            }
        }
        let first = day_number(period.from);
        let length = usize::try_from(period.days()).unwrap_or(0);
        let mut steps = vec![0_i64; length + 1];
        for spans in persons.values_mut() {
            *spans = merged(std::mem::take(spans));
            for span in spans.iter() {
                let at = |day: i64| usize::try_from(day - first).unwrap_or(0).min(length);
                steps[at(day_number(span.from))] += 1;
                steps[at(day_number(span.until) + 1)] -= 1;
            }
        }
        let mut present = 0;
        let counts = steps[..length].iter().map(|step| {
            present += step;
            present
        });
        Presence { first, counts: counts.collect(), persons }
    }

    fn on(&self, day: Date) -> i64 {
        usize::try_from(day_number(day) - self.first).ok().and_then(|at| self.counts.get(at)).copied().unwrap_or(0)
    }

    fn people(&self, period: Period) -> Vec<PersonDays> {
        let days = |spans: &[Period]| -> Vec<Period> { spans.iter().filter_map(|span| span.and(period)).collect() };
        self.persons
            .iter()
            .map(|(person, spans)| (*person, days(spans)))
            .filter(|(_, spans)| !spans.is_empty())
            .map(|(person, spans)| PersonDays {
                person: person.to_owned(),
                days: spans.iter().map(|span| span.days()).sum(),
                periods: spans,
            })
            .collect()
    }
}

/// Periods in order, those that touch or overlap as one.
fn merged(mut spans: Vec<Period>) -> Vec<Period> {
    spans.sort();
    let mut out: Vec<Period> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if day_number(span.from) <= day_number(last.until).saturating_add(1) => {
                last.until = last.until.max(span.until);
            }
            _ => out.push(span),
        }
    }
    out
}

/// A part of a month with one price (R9).
struct Part {
    period: Period,
    price: Cents,
}

fn parts(terms: &Terms, period: Period) -> Vec<Part> {
    let mut cuts: Vec<Date> = terms
        .seat_prices
        .iter()
        .map(|price| price.from)
        .filter(|from| period.from < *from && *from <= period.until)
        .collect();
    cuts.insert(0, period.from);
    let ends = cuts.iter().skip(1).map(|cut| cut.saturating_sub(1.day())).chain([period.until]);
    let spans = cuts.iter().zip(ends).map(|(from, until)| Period { from: *from, until });
    spans
        .filter_map(|period| {
            let price = *Dated::on_or_first(&terms.seat_prices, period.from)?;
            Some(Part { period, price })
        })
        .collect()
}

/// Days in a row with the same number of seats.
fn stretches(period: Period, count: impl Fn(Date) -> i64) -> Vec<(Period, i64)> {
    let mut out: Vec<(Period, i64)> = Vec::new();
    let mut day = period.from;
    while day <= period.until {
        let seats = count(day);
        match out.last_mut() {
            Some((stretch, same)) if *same == seats => stretch.until = day,
            _ => out.push((Period { from: day, until: day }, seats)),
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    out
}

fn of_month(terms: &Terms, presence: &Presence<'_>, month: Month, charges: &mut Vec<Charge>) {
    let whole = Period { from: terms.start, until: terms.end.unwrap_or(Date::MAX) };
    let Some(within) = month.period().and(whole) else { return };
    let floor = i64::from(terms.minimum_seats);
    for part in parts(terms, within) {
        let seats = stretches(part.period, |day| presence.on(day));
        let because = Because { rule: "R6", people: presence.people(part.period), entries: Vec::new() };
        charges.extend(by_the_day(terms, month, &part, (ChargeKind::Seat, &seats), because));
        let added = stretches(part.period, |day| (floor - presence.on(day)).max(0));
        let because = Because { rule: "R8", people: Vec::new(), entries: Vec::new() };
        let mut charge = by_the_day(terms, month, &part, (ChargeKind::Floor, &added), because);
        if let Some(charge) = &mut charge {
            charge.explanation.insert(0, words::floor(terms.minimum_seats, terms.language));
        }
        charges.extend(charge);
    }
}

fn early_end(terms: &Terms, seats: i64, rest: Period, month: Month, charges: &mut Vec<Charge>) {
    let Some(within) = month.period().and(rest) else { return };
    for part in parts(terms, within) {
        let because = Because { rule: "R12", people: Vec::new(), entries: Vec::new() };
        let counts = [(part.period, seats)];
        charges.extend(by_the_day(terms, month, &part, (ChargeKind::EarlyEnd, &counts), because));
    }
}

/// One line of seats: pieces where a whole month has one number of them, days otherwise (R6, R7).
fn by_the_day(
    terms: &Terms,
    month: Month,
    part: &Part,
    (kind, stretches): (ChargeKind, &[(Period, i64)]),
    because: Because,
) -> Option<Charge> {
    let days: i64 = stretches.iter().map(|(stretch, seats)| stretch.days() * seats).sum();
    if days == 0 {
        return None;
    }
    let constant = match stretches {
        [(stretch, seats)] if *stretch == month.period() => Some(*seats),
        _ => None,
    };
    let (quantity, unit, basis) = match constant {
        Some(seats) => (Decimal::whole(seats), Unit::One, Decimal::whole(1)),
        None => (Decimal::whole(days), Unit::Day, Decimal::whole(month.days())),
    };
    let by_days = || vec![words::seats(stretches, terms.language), words::seats_in_all(days, month, terms.language)];
    Some(Charge {
        key: ChargeKey { month, kind, price: part.price, reference: String::new() },
        description: words::description(kind, unit, month, terms.language),
        period: part.period,
        quantity,
        unit,
        basis,
        amount: days,
        explanation: if constant.is_some() { Vec::new() } else { by_days() },
        because,
    })
}
