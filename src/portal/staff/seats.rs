//! A client's request for a seat as a change of the inventory: what a technician fills in, and the edit that it makes.

use std::collections::BTreeMap;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::domain::ids::{ClientId, PersonId};
use crate::inventory::edit::{Edit, EditError, NewPerson, NewSeat, SeatEnd, seat_add, seat_end};
use crate::inventory::model::{Client, DolibarrRights};
use crate::portal::form::Fields;
use crate::portal::words::Words;
use crate::store::{Request, RequestKind};

/// The fields that turn a request into a seat.
const FIELDS: [&str; 6] = ["first_name", "last_name", "person", "username", "mail_domain", "dolibarr"];

/// Rights in Dolibarr, as the inventory's files name them.
const RIGHTS: [(&str, DolibarrRights); 4] = [
    ("none", DolibarrRights::None),
    ("read", DolibarrRights::Read),
    ("write", DolibarrRights::Write),
    ("admin", DolibarrRights::Admin),
];

/// What a new person needs, as the form shows it: what the request suggests, or what was typed.
pub(super) struct New {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) person: String,
    pub(super) username: String,
    pub(super) mail_domain: String,
    pub(super) domains: Vec<String>,
    pub(super) dolibarr: String,
}

impl New {
    /// For a request for a seat; with what was typed when that has to be mended.
    pub(super) fn of(client: &Client, detail: &Value, typed: Option<&Fields>) -> New {
        let person = suggestion(client, text(detail, "first_name"));
        let value = |name: &str, suggested: &str| typed.map_or(suggested, |fields| fields.get(name)).to_owned();
        New {
            first_name: value("first_name", text(detail, "first_name")),
            last_name: value("last_name", text(detail, "last_name")),
            username: value("username", &person),
            person: value("person", &person),
            mail_domain: value("mail_domain", ""),
            domains: client.domains.iter().map(|domain| domain.name.clone()).collect(),
            dolibarr: value("dolibarr", ""),
        }
    }
}

/// What a request changes in the inventory.
pub(super) enum SeatChange {
    Add(ClientId, NewSeat),
    End(ClientId, SeatEnd),
}

impl SeatChange {
    /// Reads what was asked for and what was typed.
    ///
    /// # Errors
    /// What cannot be read, or is somebody else's already, in words.
    pub(super) fn read(
        request: &Request,
        fields: &Fields,
        client: Option<&Client>,
        words: Words,
    ) -> Result<SeatChange, String> {
        let nothing = Value::Null;
        let detail = request.asked().map_or(&nothing, |step| &step.detail);
        let unreadable = |label: &str| format!("{} {label}", words.staff_field_wrong());
        if request.kind == RequestKind::SeatEnd {
            let end = SeatEnd {
                person: PersonId::new(text(detail, "person")).map_err(|_| unreadable(words.staff_request_person()))?,
                until: text(detail, "until").parse().map_err(|_| unreadable(words.seat_last_day()))?,
                forward_to: None,
                files_to: None,
            };
            return Ok(SeatChange::End(request.client.clone(), end));
        }
        // A name that is left empty is the one that was asked for.
        let name = |field: &str| match fields.get(field) {
            "" => text(detail, field).to_owned(),
            typed => typed.to_owned(),
        };
        let add = NewPerson {
            first_name: name("first_name"),
            last_name: name("last_name"),
            username: fields.get("username").to_owned(),
            mail_domain: fields.get("mail_domain").to_owned(),
            mailbox_quota: None,
            dolibarr: rights(fields.get("dolibarr")),
        };
        let person = PersonId::new(fields.get("person")).map_err(|_| words.staff_request_not_an_id().to_owned())?;
        // Somebody who comes back keeps their id; nobody gets another person's account.
        let owner = client.and_then(|client| client.persons.get(&person));
        if let Some(owner) =
            owner.filter(|owner| (&owner.first_name, &owner.last_name) != (&add.first_name, &add.last_name))
        {
            return Err(format!("{} {} {}.", words.staff_request_id_taken(), owner.first_name, owner.last_name));
        }
        let from = text(detail, "from").parse().map_err(|_| unreadable(words.seat_from()))?;
        Ok(SeatChange::Add(request.client.clone(), NewSeat { person, from, add: Some(add) }))
    }

    /// Makes the change on files.
    pub(super) fn make(&self, files: &BTreeMap<String, String>) -> Result<Edit, EditError> {
        match self {
            SeatChange::Add(client, seat) => seat_add(files, client, seat),
            SeatChange::End(client, end) => seat_end(files, client, end),
        }
    }
}

/// What comes back with the confirmation.
pub(super) fn carried(fields: &Fields) -> Vec<(String, String)> {
    FIELDS.iter().map(|name| ((*name).to_owned(), fields.get(name).to_owned())).collect()
}

fn text<'a>(detail: &'a Value, name: &str) -> &'a str {
    detail.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The first name in letters that an id may have, with a number when somebody has it already.
fn suggestion(client: &Client, first_name: &str) -> String {
    let plain: String =
        first_name.nfd().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
    let is_free = |id: &String| !client.persons.keys().any(|person| person.as_str() == id);
    let numbered = (2..).map(|number| format!("{plain}{number}"));
    let found = std::iter::once(plain.clone()).chain(numbered).find(is_free);
    found.unwrap_or_default()
}

fn rights(word: &str) -> DolibarrRights {
    RIGHTS.into_iter().find(|(one, _)| *one == word).map_or(DolibarrRights::None, |(_, rights)| rights)
}
