//! What holds for any life of a contract.

use accolades::domain::billing::document::DocumentKind;
use accolades::domain::money::Cents;
use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

/// Something that is recorded between two runs.
#[derive(Debug, Clone)]
enum Event {
    /// Work on a day of the year, entered whenever it is.
    Work { day: i64, minutes: i64 },
    /// An entry turns out to be another length.
    Correct { which: usize, minutes: i64 },
    /// Somebody comes, perhaps long ago.
    Come { from: i64 },
    /// Somebody leaves, perhaps long ago.
    Leave { which: usize, until: i64 },
    /// The floor changes, for the whole contract.
    Floor(u32),
    /// The price of the seat turns out to be another from a day on.
    Price { from: i64, cents: i64 },
    /// A part of a line is given up for good.
    Gesture { which: usize, cents: i64 },
    /// The run of the month.
    Run,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_i64..365, 1_i64..600).prop_map(|(day, minutes)| Event::Work { day, minutes }),
        1 => (0_usize..50, 1_i64..600).prop_map(|(which, minutes)| Event::Correct { which, minutes }),
        3 => (0_i64..365).prop_map(|from| Event::Come { from }),
        2 => (0_usize..50, 0_i64..365).prop_map(|(which, until)| Event::Leave { which, until }),
        1 => (0_u32..6).prop_map(Event::Floor),
        1 => (0_i64..365, 1000_i64..9000).prop_map(|(from, cents)| Event::Price { from, cents }),
        1 => (0_usize..50, 1_i64..9000).prop_map(|(which, cents)| Event::Gesture { which, cents }),
        6 => Just(Event::Run),
    ]
}

fn day_of_year(offset: i64) -> Date {
    day("2026-03-17").saturating_add(offset.days())
}

fn happen(life: &mut Life, event: &Event, next: &mut Month, number: i64) {
    match event {
        Event::Work { day, minutes } => {
            let local = format!("{}T20:00", day_of_year(*day));
            life.entries.push(entry(number, &local, *minutes));
        }
        Event::Correct { which, minutes } => {
            let count = life.entries.len();
            if count > 0 {
                life.entries[which % count].minutes = *minutes;
            }
        }
        Event::Come { from } => {
            let person = format!("p{number}");
            life.terms.seats.push(SeatSpan { person, from: day_of_year(*from), until: None });
        }
        Event::Leave { which, until } => {
            let count = life.terms.seats.len();
            if count > 0 {
                life.terms.seats[which % count].until = Some(day_of_year(*until));
            }
        }
        Event::Floor(seats) => life.terms.minimum_seats = *seats,
        Event::Price { from, cents } => {
            let from = day_of_year(*from);
            life.terms.seat_prices.retain(|one| one.from < from);
            if from > life.terms.start {
                life.terms.seat_prices.push(Dated { from, value: Cents(*cents) });
            } else {
                life.terms.seat_prices = vec![Dated { from: life.terms.start, value: Cents(*cents) }];
            }
        }
        Event::Gesture { which, cents } => {
            let lines = life.originals.iter().flat_map(|original| {
                let left = original.invoice.lines.iter().map(move |line| (line.position, original.left(line)));
                left.filter(|(_, left)| left.0 > 0)
                    .map(move |(line, left)| (original.invoice.number.clone(), line, left))
            });
            let lines: Vec<(String, u32, Cents)> = lines.collect();
            if let Some((number, line, left)) = lines.get(which % lines.len().max(1)) {
                life.give_up(number, &[*line], Some(Cents(*cents).min(*left)));
            }
        }
        Event::Run => {
            if *next <= month("2027-03") {
                life.issue(Run { month: *next, is_final: false });
                *next = next.next();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// R18: whatever the order of entries, runs, back-datings and gestures, in the end everything owed was charged but what
    /// was given up, nothing was charged or given back twice; no invoice ever changes, every document adds up, and no credit
    /// note exceeds its original (R22).
    #[test]
    fn billing_what_was_charged_in_the_end_is_what_is_owed(events in prop::collection::vec(event(), 1..40)) {
        let mut life = Life::of(Terms { allowance_minutes: 300, ..terms("2026-03-17") });
        life.terms.end = Some(day("2027-03-16"));
        let mut next = month("2026-03");
        let mut seen: Vec<Issued> = Vec::new();
        for (number, event) in (1..).zip(&events) {
            happen(&mut life, event, &mut next, number);
            prop_assert_eq!(&life.documents[..seen.len()], &seen[..], "what was issued stays as it was");
            seen = life.documents.clone();
        }
        while next <= month("2027-03") {
            life.issue(Run { month: next, is_final: false });
            next = next.next();
        }
        life.issue(Run { month: month("2027-03"), is_final: true });
        prop_assert!(life.run_final("2027-03").is_empty(), "a second final run finds nothing");

        let owed = life.owed(month("2027-03"));
        let billed_in_all: i64 = life.ledger.billed.values().map(|billed| billed.total.0).sum();
        prop_assert_eq!(life.net(), billed_in_all);
        prop_assert!(owed.charges.keys().all(|key| life.ledger.billed.contains_key(key)), "nothing is forgotten");
        for (key, billed) in &life.ledger.billed {
            let total = owed.charges.get(key).map_or(0, |charge| charge.total().0);
            // Without a gesture this is equality.
            prop_assert!((total - billed.waived.0..=total).contains(&billed.total.0), "{:?}: {:?}", key, billed);
        }
        for document in &life.documents {
            let sum: i64 = document.lines.iter().map(|line| line.total.0).sum();
            prop_assert_eq!(sum, document.totals.net.0);
            prop_assert!(document.lines.iter().all(|line| line.total == line.computed() && line.total.0 > 0));
        }
        for original in &life.originals {
            let number = &original.invoice.number;
            let of = |one: &&Issued| one.corrects.as_ref().is_some_and(|corrects| corrects.number == *number);
            let notes = life.documents.iter().filter(|one| one.kind == DocumentKind::CreditNote).filter(of);
            let credited = notes.fold((0, 0), |sum, one| (sum.0 + one.totals.net.0, sum.1 + one.totals.vat.0));
            prop_assert!(credited.0 <= original.invoice.totals.net.0 && credited.1 <= original.invoice.totals.vat.0);
        }
    }

    /// R6: a month's seats cost the same whoever holds them and in whatever order they are listed.
    #[test]
    fn billing_seat_days_do_not_depend_on_the_order_of_seats(
        spans in prop::collection::vec((0_usize..6, 0_i64..40, 0_i64..40), 1..12),
        seed in any::<prop::sample::Index>(),
    ) {
        let seats: Vec<SeatSpan> = spans
            .iter()
            .map(|(person, from, length)| SeatSpan {
                person: format!("p{person}"),
                from: day_of_year(*from),
                until: Some(day_of_year(from + length)),
            })
            .collect();
        let mut rotated = seats.clone();
        rotated.rotate_left(seed.index(seats.len()));
        let one = Life::of(Terms { seats, ..terms("2026-03-17") }).owed(month("2026-06"));
        let other = Life::of(Terms { seats: rotated, ..terms("2026-03-17") }).owed(month("2026-06"));
        prop_assert_eq!(totals(&one), totals(&other));
        // Counted day by day, the slow way.
        for charge in one.charges.values() {
            let days = charge.key.month.period();
            let mut count = 0;
            let mut at = days.from;
            while at <= days.until {
                let present: std::collections::BTreeSet<usize> = spans
                    .iter()
                    .filter(|(_, from, length)| day_of_year(*from) <= at && at <= day_of_year(from + length))
                    .map(|(person, ..)| *person)
                    .collect();
                count += present.len() as i64;
                at = at.tomorrow().expect("a day");
            }
            prop_assert_eq!(charge.amount, count);
        }
    }
}
