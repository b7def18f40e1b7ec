//! `[persons.ID]` of a client.

use std::collections::{BTreeMap, HashMap};

use super::client::{DomainClaim, demand_own_domain};
use super::id;
use crate::domain::ids::PersonId;
use crate::domain::names;
use crate::inventory::mistake::{Mistake, Place, Placed};
use crate::inventory::model::{DolibarrRights, Person};
use crate::inventory::reader::Reader;

/// The persons of a client: those that could be read, the ids of all, and their usernames.
#[derive(Debug, Default)]
pub struct PersonsRead {
    /// The persons; `None` when one could not be read.
    pub models: Option<BTreeMap<PersonId, Person>>,
    /// Every id, with its place.
    pub ids: BTreeMap<PersonId, Place>,
    /// Every username, with its place.
    pub usernames: Vec<Placed<String>>,
}

/// Reads the persons.
pub fn persons(reader: &Reader<'_>, domains: &[DomainClaim], has_dolibarr: bool) -> PersonsRead {
    let mut read = PersonsRead { models: Some(BTreeMap::new()), ..PersonsRead::default() };
    for (written, table) in reader.named("persons") {
        let person_id = match id::<PersonId>(written.value) {
            Ok(person_id) => person_id,
            Err(refusal) => {
                reader.add(Mistake::refused(refusal, &written.place));
                read.models = None;
                continue;
            }
        };
        let username = table.text("username", names::username);
        let model = person(&person_id, &table, username.clone(), domains, has_dolibarr);
        read.ids.insert(person_id.clone(), written.place);
        read.usernames.extend(username);
        match (model, &mut read.models) {
            (Some(model), Some(models)) => drop(models.insert(person_id, model)),
            _ => read.models = None,
        }
    }
    demand_different_usernames(reader, &read.usernames);
    read
}

fn person(
    person_id: &PersonId,
    reader: &Reader<'_>,
    username: Option<Placed<String>>,
    domains: &[DomainClaim],
    has_dolibarr: bool,
) -> Option<Person> {
    let first_name = reader.text("first_name", names::person_name);
    let last_name = reader.text("last_name", names::person_name);
    let mail_domain = reader.text("mail_domain", names::domain);
    let mailbox_quota = reader.text("mailbox_quota", names::quota);
    let dolibarr = reader.word::<DolibarrRights>("dolibarr");
    if let Some(domain) = &mail_domain {
        demand_own_domain(reader, domain, domains);
    }
    if let Some(rights) = &dolibarr
        && rights.value != DolibarrRights::None
        && !has_dolibarr
    {
        let problem = format!("`{person_id}` has rights in Dolibarr, but the client has none");
        let mistake = Mistake::new(problem, &rights.place, "in which Dolibarr?");
        reader.add(mistake.help("add a table `[dolibarr]` to the client, or take the rights away"));
    }
    Some(Person {
        id: person_id.clone(),
        first_name: first_name?.value,
        last_name: last_name?.value,
        username: username?.value,
        mail_domain: mail_domain?.value,
        mailbox_quota: mailbox_quota.map(|quota| quota.value),
        dolibarr: dolibarr?.value,
    })
}

fn demand_different_usernames(reader: &Reader<'_>, usernames: &[Placed<String>]) {
    let mut first: HashMap<&str, &Place> = HashMap::with_capacity(usernames.len());
    for username in usernames {
        match first.get(username.value.as_str()) {
            Some(place) => {
                let problem = format!("username `{}` is there twice", username.value);
                let mistake = Mistake::new(problem, &username.place, "again").also(place, "first");
                reader.add(mistake.help("usernames are never used again, not even after a person has left"));
            }
            None => drop(first.insert(&username.value, &username.place)),
        }
    }
}
