//! What should be inside a guest, as the variables that playbooks read.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::dns;
use super::leaving::{self, Deleted, left, returned};
use crate::domain::backup::marker;
use crate::domain::names;
use crate::domain::services;
use crate::inventory::model::{
    Client, Dolibarr, DolibarrRights, Exposure, InboundMail, Instance, Inventory, Person, Placement, Site,
};

/// Where the official installer for Debian 12 is.
pub const INSTALLER_URL: &str = "https://install.yunohost.org/bookworm";

/// The public resolver that is asked where a name leads: the guest's own answers for its domains itself.
pub const PUBLIC_RESOLVER: &str = "9.9.9.9";

/// The program that a guest runs every night.
const MARKER_PROGRAM: &str = include_str!("../../playbooks/marker.sh");

/// See [`services`].
const SERVICES_PROGRAM: &str = include_str!("../../playbooks/services.sh");

/// Dolibarr's numbers of the rights that a seat gets: (module, right) read and written as its own table has them.
const READ_RIGHTS: [u32; 6] = [11, 21, 31, 81, 121, 281];
const WRITE_RIGHTS: [u32; 8] = [12, 13, 14, 22, 82, 122, 125, 282];

/// An instance with its place, on a day.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The accepted inventory.
    pub inventory: &'a Inventory,
    /// The instance.
    pub instance: &'a Instance,
    /// Where it stands.
    pub placement: &'a Placement,
    /// The site of that place.
    pub site: &'a Site,
    /// The day.
    pub day: Date,
}

impl<'a> Subject<'a> {
    /// The instance as it should be on a day; `None` before its first placement.
    pub fn on(inventory: &'a Inventory, instance: &'a Instance, day: Date) -> Option<Subject<'a>> {
        let placement = instance.placement_on(day)?;
        let site = inventory.sites.get(&placement.site)?;
        Some(Subject { inventory, instance, placement, site, day })
    }

    /// The clients that live on it.
    pub fn clients(&self) -> impl Iterator<Item = &'a Client> {
        self.inventory.clients_on(&self.instance.id, self.day)
    }
}

/// The variables of the playbooks for one instance (documented in `docs/playbooks.md`). About people who were deleted
/// nothing is said any more.
pub fn variables(subject: &Subject<'_>, deleted: &Deleted) -> Value {
    let cooperative = &subject.inventory.cooperative;
    let clients: Vec<&Client> = subject.clients().collect();
    let collect = |each: &dyn Fn(&Client) -> Vec<Value>| clients.iter().flat_map(|client| each(client)).collect();
    let list = |each: &dyn Fn(&Client) -> Vec<Value>| Value::Array(collect(each));
    json!({
        "instance": { "id": subject.instance.id, "vmid": subject.instance.vmid, "main_domain": subject.instance.main_domain },
        "installer_url": INSTALLER_URL,
        "resolver": PUBLIC_RESOLVER,
        "marker": marker_of(&cooperative.time_zone),
        "services": services_of(),
        "admin": {
            "username": cooperative.admin_username,
            "full_name": cooperative.admin_full_name,
            "ssh_keys": cooperative.ssh_keys,
        },
        "relay": {
            "host": cooperative.relay.host,
            "port": cooperative.relay.port,
            "username": cooperative.relay.username,
        },
        "domains": list(&|client| client.domains.iter().map(domain).collect()),
        "certificates": list(&|client| certificates(subject, client)),
        "clients": list(&|client| vec![json!({ "key": client.id, "client": client.id, "group": group(client) })]),
        "nextclouds": list(&|client| client.nextcloud.iter().map(|app| {
            application(client, &app.domain, &app.path, &["visitors"])
        }).collect()),
        "dolibarrs": list(&|client| client.dolibarr.iter().map(|app| {
            application(client, &app.domain, &app.path, &[])
        }).collect()),
        "dolibarr_settings": list(&|client| client.dolibarr.iter().flat_map(|app| dolibarr_settings(client, app)).collect()),
        "persons": list(&|client| seated(client, subject.day).map(|person| person_of(client, person)).collect()),
        "dolibarr_users": list(&|client| dolibarr_users(client, subject.day)),
        "dolibarr_without": list(&|client| dolibarr_without(client, subject.day)),
        "dolibarr_rights": list(&|client| dolibarr_rights(client, subject.day)),
        "dolibarr_strangers": list(&|client| dolibarr_strangers(client, &clients)),
        "departed": list(&|client| leaving::people(client, &left(client, subject.day, deleted))),
        "departed_forwards": list(&|client| leaving::forwards(client, &left(client, subject.day, deleted))),
        "departed_files": list(&|client| leaving::files(client, &left(client, subject.day, deleted))),
        "departed_dolibarr": list(&|client| leaving::dolibarr(client, &left(client, subject.day, deleted))),
        // The mark of those who left is a group: it has to be there before anybody can be in it, or out of it.
        "left_ever": clients.iter().any(|client| !returned(client, subject.day).is_empty() || !left(client, subject.day, deleted).is_empty()),
        "returned": list(&|client| leaving::people(client, &returned(client, subject.day))),
        "returned_forwards": list(&|client| leaving::returned_forwards(client, &returned(client, subject.day))),
        "returned_files": list(&|client| leaving::files(client, &returned(client, subject.day))),
    })
}

/// The program that writes a guest's marker, with the unit that runs it (sheet of the file: `playbooks/marker.sh`).
fn marker_of(time_zone: &str) -> Value {
    timed(&Timed {
        unit: marker::UNIT,
        program: marker::SCRIPT,
        text: MARKER_PROGRAM,
        about: "Marker of this machine, for accolades",
        when: "Marker of this machine, every night",
        timer: &format!("{}\nPersistent=true", marker::timer(time_zone)),
    })
}

/// The program that looks at a guest's services, with the unit that runs it (`playbooks/services.sh`).
fn services_of() -> Value {
    timed(&Timed {
        unit: services::UNIT,
        program: services::SCRIPT,
        text: SERVICES_PROGRAM,
        about: "Whether this machine's services run, for accolades",
        when: "Whether this machine's services run, every ten minutes",
        timer: services::TIMER,
    })
}

/// A program that a guest runs by itself.
struct Timed<'a> {
    unit: &'a str,
    program: &'a str,
    text: &'a str,
    about: &'a str,
    when: &'a str,
    /// What stands after `OnCalendar=`.
    timer: &'a str,
}

fn timed(one: &Timed<'_>) -> Value {
    let Timed { unit, program, text, about, when, timer } = one;
    let service = format!(
        "[Unit]\nDescription={about}\n\n[Service]\nType=oneshot\nExecStart={program}\nNice=10\nIOSchedulingClass=idle"
    );
    let timer =
        format!("[Unit]\nDescription={when}\n\n[Timer]\nOnCalendar={timer}\n\n[Install]\nWantedBy=timers.target");
    json!({
        "unit": unit,
        "folder": program.rsplit_once('/').map_or("/", |(folder, _)| folder),
        "program": program,
        "program_text": text.trim_end(),
        "service_text": service,
        "timer_text": timer,
    })
}

/// The YunoHost group of a client's people.
pub fn group(client: &Client) -> String {
    names::group(client.id.as_str())
}

fn domain(domain: &crate::inventory::model::Domain) -> Value {
    let here = domain.inbound_mail == InboundMail::Here;
    json!({
        "key": domain.name,
        "name": domain.name,
        // Read back as 0 or 1, written as yes or no.
        "mail_in": u8::from(here),
        "mail_in_value": if here { "yes" } else { "no" },
        "mail_in_words": if here { "received here" } else { "not received here" },
    })
}

fn certificates(subject: &Subject<'_>, client: &Client) -> Vec<Value> {
    if subject.site.exposure == Exposure::Lan {
        return Vec::new();
    }
    let public = dns::public_addresses(subject.site, subject.placement);
    // Without a fixed address the records cannot be computed: the step then waits and says so.
    let address = public.v4.map_or_else(|| "the site's public address".to_owned(), |address| address.to_string());
    client
        .domains
        .iter()
        .map(|domain| json!({ "key": domain.name, "name": domain.name, "address4": address }))
        .collect()
}

fn application(client: &Client, domain: &str, path: &str, also_allowed: &[&str]) -> Value {
    let mut allowed = vec![group(client)];
    allowed.extend(also_allowed.iter().map(|&name| name.to_owned()));
    json!({
        "key": client.id,
        "client": client.id,
        "group": group(client),
        "domain": domain,
        "path": path,
        "url": format!("https://{domain}{path}"),
        "domain_path": format!("{domain}{path}"),
        "map_key": map_key(domain, path),
        "allowed": allowed,
    })
}

/// The key of an app in `app map`: the path `/` is left out there.
fn map_key(domain: &str, path: &str) -> String {
    if path == "/" { format!("{domain}/") } else { format!("{domain}{path}") }
}

fn dolibarr_settings(client: &Client, app: &Dolibarr) -> Vec<Value> {
    let identity = &client.identity;
    let address = &identity.address;
    let mut settings = vec![
        ("MAIN_INFO_SOCIETE_NOM".to_owned(), identity.name.clone(), "company name".to_owned()),
        ("MAIN_INFO_SOCIETE_ADDRESS".to_owned(), address.lines.join(", "), "company address".to_owned()),
        ("MAIN_INFO_SOCIETE_ZIP".to_owned(), address.postcode.clone(), "company postal code".to_owned()),
        ("MAIN_INFO_SOCIETE_TOWN".to_owned(), address.city.clone(), "company city".to_owned()),
        ("MAIN_INFO_SOCIETE_COUNTRY".to_owned(), "1:FR:France".to_owned(), "company country".to_owned()),
        ("MAIN_MONNAIE".to_owned(), "EUR".to_owned(), "currency".to_owned()),
        ("MAIN_LANG_DEFAULT".to_owned(), "fr_FR".to_owned(), "language".to_owned()),
        ("MAIN_MODULE_API".to_owned(), "1".to_owned(), "module API".to_owned()),
    ];
    let optional = [
        ("MAIN_INFO_SIREN", &identity.siren, "SIREN"),
        ("MAIN_INFO_SIRET", &identity.siret, "SIRET"),
        ("MAIN_INFO_TVAINTRA", &identity.vat_number, "VAT number"),
        ("MAIN_INFO_CAPITAL", &identity.capital, "share capital"),
    ];
    for (name, value, title) in optional {
        settings.extend(value.iter().map(|value| (name.to_owned(), value.clone(), title.to_owned())));
    }
    for module in &app.modules {
        settings.push((format!("MAIN_MODULE_{}", module.to_uppercase()), "1".to_owned(), format!("module {module}")));
    }
    settings
        .into_iter()
        .map(|(name, value, title)| {
            json!({
                "key": format!("{}/{name}", client.id),
                "client": client.id,
                "name": name,
                "value": value,
                "title": title,
                "domain_path": format!("{}{}", app.domain, app.path),
            })
        })
        .collect()
}

/// The people with an active seat, each once (R6), in the order of their seats.
fn seated(client: &Client, day: Date) -> impl Iterator<Item = &Person> {
    let active = move |person: &&Person| client.seats_on(day).any(|seat| seat.person == person.id);
    client.persons.values().filter(active)
}

pub(super) fn person_of(client: &Client, person: &Person) -> Value {
    json!({
        "key": format!("{}/{}", client.id, person.id),
        "id": person.id,
        "client": client.id,
        "group": group(client),
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "mail": format!("{}@{}", person.username, person.mail_domain),
        "quota": person.mailbox_quota.as_deref().unwrap_or("0"),
        "quota_words": person.mailbox_quota.as_deref().filter(|quota| *quota != "0").unwrap_or("no limit"),
    })
}

fn dolibarr_path(client: &Client) -> Option<String> {
    client.dolibarr.as_ref().map(|app| format!("{}{}", app.domain, app.path))
}

pub(super) fn with_dolibarr(client: &Client, person: &Person) -> Option<Value> {
    let mut value = person_of(client, person);
    value["domain_path"] = json!(dolibarr_path(client)?);
    Some(value)
}

fn dolibarr_users(client: &Client, day: Date) -> Vec<Value> {
    seated(client, day)
        .filter(|person| person.dolibarr != DolibarrRights::None)
        .filter_map(|person| {
            let mut value = with_dolibarr(client, person)?;
            value["admin"] = json!(u8::from(person.dolibarr == DolibarrRights::Admin));
            value["rights_words"] = json!(match person.dolibarr {
                DolibarrRights::None => "no access",
                DolibarrRights::Read => "reads",
                DolibarrRights::Write => "reads and writes",
                DolibarrRights::Admin => "administers",
            });
            Some(value)
        })
        .collect()
}

/// Those who may do nothing in the Dolibarr that the client has.
fn dolibarr_without(client: &Client, day: Date) -> Vec<Value> {
    seated(client, day)
        .filter(|person| person.dolibarr == DolibarrRights::None)
        .filter_map(|person| with_dolibarr(client, person))
        .collect()
}

fn dolibarr_rights(client: &Client, day: Date) -> Vec<Value> {
    let rights = |person: &Person| match person.dolibarr {
        // An administrator has every right without rows of their own.
        DolibarrRights::None | DolibarrRights::Admin => None,
        DolibarrRights::Read => Some(READ_RIGHTS.to_vec()),
        DolibarrRights::Write => Some([READ_RIGHTS.as_slice(), WRITE_RIGHTS.as_slice()].concat()),
    };
    seated(client, day)
        .filter_map(|person| {
            let mut value = with_dolibarr(client, person)?;
            value["rights"] = json!(rights(person)?);
            Some(value)
        })
        .collect()
}

/// Those of other clients on the same machine, for each Dolibarr: its package took over every account that was there.
fn dolibarr_strangers(client: &Client, all: &[&Client]) -> Vec<Value> {
    let Some(path) = dolibarr_path(client) else { return Vec::new() };
    let others = all.iter().filter(|other| other.id != client.id);
    others
        .flat_map(|other| other.persons.values())
        .map(|person| {
            json!({
                "key": format!("{}/{}", client.id, person.username),
                "client": client.id,
                "username": person.username,
                "domain_path": path,
            })
        })
        .collect()
}
