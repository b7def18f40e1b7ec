//! `[[seats]]` of a client.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::contract::ContractClaims;
use super::id;
use crate::domain::hosts;
use crate::domain::ids::PersonId;
use crate::inventory::mistake::{Mistake, Place, Placed, did_you_mean};
use crate::inventory::model::{Leaving, Seat};
use crate::inventory::reader::Reader;

/// A seat as far as it could be read.
struct SeatClaim {
    person: Option<Placed<PersonId>>,
    from: Option<Placed<Date>>,
    until: Option<Placed<Date>>,
    /// Whether `until` is written, even if it could not be read.
    ends: bool,
    forward_to: Option<Placed<String>>,
    files_to: Option<Placed<PersonId>>,
    place: Place,
}

/// Reads the seats and checks them against the persons, the contract and one another.
pub fn seats(reader: &Reader<'_>, persons: &BTreeMap<PersonId, Place>, contract: &ContractClaims) -> Option<Vec<Seat>> {
    let claims: Vec<SeatClaim> = reader.tables("seats").iter().map(seat).collect();
    for claim in &claims {
        demand_known_persons(reader, claim, persons);
        demand_sound_period(reader, claim, contract);
        demand_sound_leaving(reader, claim);
    }
    let by_person = by_person(&claims);
    for seats in by_person.values() {
        demand_no_overlap(reader, seats);
    }
    for claim in &claims {
        demand_heir_has_seat(reader, claim, &by_person);
    }
    claims.into_iter().map(SeatClaim::model).collect()
}

fn seat(reader: &Reader<'_>) -> SeatClaim {
    SeatClaim {
        person: reader.text("person", id::<PersonId>),
        from: reader.day("from"),
        until: reader.day("until"),
        ends: reader.has("until"),
        forward_to: reader.text("forward_to", hosts::email),
        files_to: reader.text("files_to", id::<PersonId>),
        place: reader.place().clone(),
    }
}

impl SeatClaim {
    fn model(self) -> Option<Seat> {
        Some(Seat {
            person: self.person?.value,
            from: self.from?.value,
            until: self.until.map(|until| until.value),
            leaving: Leaving {
                forward_to: self.forward_to.map(|address| address.value),
                files_to: self.files_to.map(|person| person.value),
            },
        })
    }

    /// First and last day; an open seat lasts for ever.
    fn period(&self) -> Option<(Date, Date)> {
        let until = match &self.until {
            Some(until) => until.value,
            None if self.ends => return None,
            None => Date::MAX,
        };
        Some((self.from.as_ref()?.value, until))
    }
}

fn demand_known_persons(reader: &Reader<'_>, claim: &SeatClaim, persons: &BTreeMap<PersonId, Place>) {
    for person in [&claim.person, &claim.files_to].into_iter().flatten() {
        if persons.contains_key(&person.value) {
            continue;
        }
        let mistake = Mistake::new(format!("person `{}` is unknown", person.value), &person.place, "who is this?");
        reader.add(match did_you_mean(person.value.as_str(), persons.keys().map(PersonId::as_str)) {
            Some(likely) => mistake.help(format!("did you mean `{likely}`?")),
            None => mistake.help(format!("add a table `[persons.{}]`", person.value)),
        });
    }
}

fn demand_sound_period(reader: &Reader<'_>, claim: &SeatClaim, contract: &ContractClaims) {
    let Some(from) = &claim.from else { return };
    if let Some(until) = claim.until.as_ref().filter(|until| until.value < from.value) {
        let problem = format!("the seat ends on {}, before it begins on {}", until.value, from.value);
        reader.add(Mistake::new(problem, &until.place, "before the beginning").also(&from.place, "the beginning"));
    }
    if let Some(start) = contract.start.as_ref().filter(|start| from.value < start.value) {
        let problem = format!("the seat begins on {}, before the contract on {}", from.value, start.value);
        reader.add(Mistake::new(problem, &from.place, "too early").also(&start.place, "the contract starts here"));
    }
    if let Some(end) = contract.end.as_ref().filter(|end| from.value > end.value) {
        let problem = format!("the seat begins on {}, after the contract has ended on {}", from.value, end.value);
        reader.add(Mistake::new(problem, &from.place, "too late").also(&end.place, "the contract ends here"));
    }
}

/// What happens at the end needs an end, and somebody else to receive.
fn demand_sound_leaving(reader: &Reader<'_>, claim: &SeatClaim) {
    let written = [
        claim.forward_to.as_ref().map(|one| ("forward_to", &one.place)),
        claim.files_to.as_ref().map(|one| ("files_to", &one.place)),
    ];
    for (key, place) in written.into_iter().flatten().filter(|_| !claim.ends) {
        let mistake = Mistake::new(format!("`{key}` is for a seat that ends"), place, "has no effect");
        reader.add(mistake.help("add `until`, the last day of the seat").also(&claim.place, "this seat is open"));
    }
    if let (Some(person), Some(heir)) = (&claim.person, &claim.files_to)
        && person.value == heir.value
    {
        let problem = format!("the files of `{}` cannot be handed to the same person", person.value);
        reader.add(Mistake::new(problem, &heir.place, "the same").also(&person.place, "who leaves"));
    }
}

fn by_person(claims: &[SeatClaim]) -> BTreeMap<&PersonId, Vec<&SeatClaim>> {
    let mut by_person: BTreeMap<&PersonId, Vec<&SeatClaim>> = BTreeMap::new();
    for claim in claims {
        if let Some(person) = &claim.person {
            by_person.entry(&person.value).or_default().push(claim);
        }
    }
    by_person
}

/// A person never counts twice on one day (R6).
fn demand_no_overlap(reader: &Reader<'_>, seats: &[&SeatClaim]) {
    let mut periods: Vec<(Date, Date, &SeatClaim)> =
        seats.iter().filter_map(|seat| seat.period().map(|(from, until)| (from, until, *seat))).collect();
    periods.sort_by_key(|(from, ..)| *from);
    for pair in periods.windows(2) {
        let ((_, until, earlier), (from, _, later)) = (&pair[0], &pair[1]);
        if from > until {
            continue;
        }
        let person = later.person.as_ref().map_or("?", |person| person.value.as_str());
        let problem = format!("`{person}` has two seats on {from}");
        let mistake = Mistake::new(problem, &later.place, "begins during the other");
        let place = earlier.until.as_ref().map_or(&earlier.place, |until| &until.place);
        let label = if earlier.ends { "the other ends here" } else { "the other is open" };
        reader.add(mistake.also(place, label).help("end the earlier seat the day before the later one begins"));
    }
}

/// Whoever is handed the files has a seat on the day after.
fn demand_heir_has_seat(reader: &Reader<'_>, claim: &SeatClaim, by_person: &BTreeMap<&PersonId, Vec<&SeatClaim>>) {
    let (Some(heir), Some(until)) = (&claim.files_to, &claim.until) else { return };
    if claim.person.as_ref().is_some_and(|person| person.value == heir.value) {
        return;
    }
    let Ok(day_after) = until.value.tomorrow() else { return };
    let present = |seat: &&SeatClaim| seat.period().is_none_or(|(from, until)| from <= day_after && day_after <= until);
    let Some(seats) = by_person.get(&heir.value) else {
        // A person who is unknown was recorded already; one without any seat was not.
        let mistake = Mistake::new(format!("`{}` has no seat to receive files", heir.value), &heir.place, "no seat");
        return reader.add(mistake);
    };
    if !seats.iter().any(present) {
        let problem = format!("`{}` has no seat on {day_after} to receive files", heir.value);
        reader.add(Mistake::new(problem, &heir.place, "no seat then").also(&until.place, "the seat ends here"));
    }
}
