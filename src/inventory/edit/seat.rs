//! Seats: a person comes, a person leaves.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::{Edit, EditError, client_document, client_path, day, separate_table, word};
use crate::domain::ids::{ClientId, PersonId};
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::DolibarrRights;

/// A seat to add.
#[derive(Debug, Clone)]
pub struct NewSeat {
    /// The person: somebody the client had already, or a new one described by `add`.
    pub person: PersonId,
    /// First day.
    pub from: Date,
    /// The person's details when they are new.
    pub add: Option<NewPerson>,
}

/// Somebody new at a client's.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// YunoHost username.
    pub username: String,
    /// Domain of the mail address.
    pub mail_domain: String,
    /// Mailbox quota such as `5G`.
    pub mailbox_quota: Option<String>,
    /// Rights in Dolibarr.
    pub dolibarr: DolibarrRights,
}

/// The end of a seat.
#[derive(Debug, Clone)]
pub struct SeatEnd {
    /// Who leaves.
    pub person: PersonId,
    /// Last day, included.
    pub until: Date,
    /// Mail is forwarded to this address.
    pub forward_to: Option<String>,
    /// Nextcloud files are handed to this person.
    pub files_to: Option<PersonId>,
}

/// Adds a seat, and its person when they are new.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when the result would not pass the check.
pub fn seat_add(files: &BTreeMap<String, String>, client: &ClientId, seat: &NewSeat) -> Result<Edit, EditError> {
    let mut document = client_document(files, client)?;
    let path = client_path(client);
    let persons = document.entry("persons").or_insert_with(|| {
        let mut persons = Table::new();
        persons.set_implicit(true);
        Item::Table(persons)
    });
    let persons = persons.as_table_mut().ok_or(EditError::Inline { path: path.clone(), key: "persons" })?;
    match (persons.get(seat.person.as_str()), &seat.add) {
        (None, None) => return Err(unknown_person(client, &seat.person, persons.iter().map(|(id, _)| id))),
        (None, Some(person)) => drop(persons.insert(seat.person.as_str(), Item::Table(person_table(person)))),
        // Somebody else's mailbox and files would be given to whoever was meant.
        (Some(known), Some(meant)) if !is_called(known, meant) => {
            let names =
                ["first_name", "last_name"].map(|key| known.get(key).and_then(Item::as_str).unwrap_or_default());
            return Err(EditError::OtherPerson {
                client: client.clone(),
                person: seat.person.to_string(),
                name: names.join(" "),
            });
        }
        (Some(_), _) => {}
    }
    let mut table = separate_table();
    table.insert("person", value(seat.person.as_str()));
    table.insert("from", day(seat.from));
    seats(&mut document, &path)?.push(table);
    Edit::of(files, BTreeMap::from([(path, document.to_string())]))
}

/// Ends the open seat of a person.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when the result would not pass the check.
pub fn seat_end(files: &BTreeMap<String, String>, client: &ClientId, end: &SeatEnd) -> Result<Edit, EditError> {
    let mut document = client_document(files, client)?;
    let path = client_path(client);
    let known: Vec<String> = match document.get("persons").and_then(Item::as_table) {
        Some(persons) => persons.iter().map(|(id, _)| id.to_owned()).collect(),
        None => Vec::new(),
    };
    if !known.iter().any(|id| id == end.person.as_str()) {
        return Err(unknown_person(client, &end.person, known.iter().map(String::as_str)));
    }
    let open = seats(&mut document, &path)?.iter_mut().find(|seat| {
        seat.get("person").and_then(Item::as_str) == Some(end.person.as_str()) && !seat.contains_key("until")
    });
    let Some(seat) = open else {
        return Err(EditError::NoOpenSeat { client: client.clone(), person: end.person.to_string() });
    };
    seat.insert("until", day(end.until));
    if let Some(address) = &end.forward_to {
        seat.insert("forward_to", value(address));
    }
    if let Some(heir) = &end.files_to {
        seat.insert("files_to", value(heir.as_str()));
    }
    Edit::of(files, BTreeMap::from([(path, document.to_string())]))
}

fn is_called(known: &Item, meant: &NewPerson) -> bool {
    let names = [("first_name", &meant.first_name), ("last_name", &meant.last_name)];
    names.into_iter().all(|(key, name)| known.get(key).and_then(Item::as_str) == Some(name.as_str()))
}

fn unknown_person<'a>(client: &ClientId, person: &PersonId, known: impl Iterator<Item = &'a str>) -> EditError {
    let likely = did_you_mean(person.as_str(), known).map(str::to_owned);
    EditError::UnknownPerson { client: client.clone(), person: person.to_string(), likely }
}

fn seats<'a>(document: &'a mut DocumentMut, path: &str) -> Result<&'a mut ArrayOfTables, EditError> {
    document
        .entry("seats")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(EditError::Inline { path: path.to_owned(), key: "seats" })
}

fn person_table(person: &NewPerson) -> Table {
    let mut table = separate_table();
    table.insert("first_name", value(&person.first_name));
    table.insert("last_name", value(&person.last_name));
    table.insert("username", value(&person.username));
    table.insert("mail_domain", value(&person.mail_domain));
    if let Some(quota) = &person.mailbox_quota {
        table.insert("mailbox_quota", value(quota));
    }
    if person.dolibarr != DolibarrRights::None {
        table.insert("dolibarr", value(word(&person.dolibarr)));
    }
    table
}
