//! People who left, and people who came back: what the playbooks are told about them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::desired::{person_of, with_dolibarr};
use crate::domain::ids::{ClientId, PersonId};
use crate::inventory::model::{Client, DolibarrRights, Person, Seat};

/// The people whose data was deleted after they left, with the last day of the seat that had ended then.
pub type Deleted = BTreeMap<(ClientId, PersonId), Date>;

/// Somebody with a seat that ended.
pub type Left<'a> = (&'a Person, &'a Seat);

/// The people who have no seat on that day but had one, with the last of them. A seat that begins later opens no door
/// before it does.
pub fn departed(client: &Client, day: Date) -> impl Iterator<Item = Left<'_>> {
    client.persons.values().filter_map(move |person| {
        let seats = || client.seats.iter().filter(|seat| seat.person == person.id);
        let last = seats().filter(|seat| seat.from <= day).max_by_key(|seat| seat.until)?;
        seats().all(|seat| !seat.active_on(day)).then_some((person, last))
    })
}

/// Those who left and about whom something is still to be said. Data that was deleted after an earlier seat is another
/// matter: who came back and leaves again has an account again.
pub fn left<'a>(client: &'a Client, day: Date, deleted: &Deleted) -> Vec<Left<'a>> {
    let is_deleted = |(person, seat): &Left<'_>| {
        deleted.get(&(client.id.clone(), person.id.clone())).is_some_and(|ended_on| seat.from <= *ended_on)
    };
    departed(client, day).filter(|left| !is_deleted(left)).collect()
}

/// Those who have a seat on that day and had one that ended before, each with every such seat: what leaving did has to be
/// taken back.
pub fn returned(client: &Client, day: Date) -> Vec<Left<'_>> {
    let seats_of = |person: &Person| client.seats.iter().filter(|seat| seat.person == person.id).collect::<Vec<_>>();
    let mut returned = Vec::new();
    for person in client.persons.values() {
        let seats = seats_of(person);
        if seats.iter().any(|seat| seat.active_on(day)) {
            let ended = seats.into_iter().filter(|seat| seat.until.is_some_and(|until| until < day));
            returned.extend(ended.map(|seat| (person, seat)));
        }
    }
    returned
}

/// Each person once.
pub(super) fn people(client: &Client, left: &[Left<'_>]) -> Vec<Value> {
    once(left.iter().map(|(person, _)| person_of(client, person)).collect())
}

/// Addresses to which their mail was forwarded.
pub(super) fn forwards(client: &Client, left: &[Left<'_>]) -> Vec<Value> {
    left.iter()
        .filter_map(|(person, seat)| {
            let mut value = person_of(client, person);
            value["forward_to"] = json!(seat.leaving.forward_to.as_ref()?);
            Some(value)
        })
        .collect()
}

/// The same of those who came back, who may have left more than once: one element for each address.
pub(super) fn returned_forwards(client: &Client, returned: &[Left<'_>]) -> Vec<Value> {
    let each = |mut value: Value| {
        let key = [&value["key"], &value["forward_to"]].map(|part| part.as_str().unwrap_or_default()).join("/");
        value["key"] = json!(key);
        value
    };
    once(forwards(client, returned).into_iter().map(each).collect())
}

/// Colleagues to whom their files were handed.
pub(super) fn files(client: &Client, left: &[Left<'_>]) -> Vec<Value> {
    let files = left.iter().filter_map(|(person, seat)| {
        let heir = client.persons.get(seat.leaving.files_to.as_ref()?)?;
        let app = client.nextcloud.as_ref()?;
        let mut value = person_of(client, person);
        value["files_to"] = json!(heir.username);
        value["domain_path"] = json!(format!("{}{}", app.domain, app.path));
        Some(value)
    });
    once(files.collect())
}

/// Those who had rights in Dolibarr.
pub(super) fn dolibarr(client: &Client, left: &[Left<'_>]) -> Vec<Value> {
    left.iter()
        .filter(|(person, _)| person.dolibarr != DolibarrRights::None)
        .filter_map(|(person, _)| with_dolibarr(client, person))
        .collect()
}

/// The last element of each key: who had several seats is named once, by the latest.
fn once(values: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        kept.retain(|other| other["key"] != value["key"]);
        kept.push(value);
    }
    kept
}
