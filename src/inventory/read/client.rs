//! `clients/ID.toml`.

use jiff::civil::Date;

use super::billing;
use super::contract::{ContractClaims, contract};
use super::identity::{identity, postal_address};
use super::persons::{PersonsRead, persons};
use super::seats::seats;
use super::{demand_increasing, id};
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::money::Cents;
use crate::domain::{hosts, names};
use crate::inventory::mistake::{Mistake, Placed, did_you_mean};
use crate::inventory::model::{
    Client, ClientPlacement, Contact, ContactRole, Dolibarr, Domain, InboundMail, Language, Nextcloud, OveragePolicy,
};
use crate::inventory::reader::{Reader, plain};

/// Dolibarr modules at most.
const MODULES_MAX: usize = 100;

/// What other files may contradict.
#[derive(Debug, Default)]
pub struct ClientClaims {
    /// Its instances, dated.
    pub placements: Vec<ClientPlacementClaim>,
    /// Its domains.
    pub domains: Vec<DomainClaim>,
    /// Where its apps answer.
    pub apps: Vec<AppClaim>,
    /// Usernames of its persons.
    pub usernames: Vec<Placed<String>>,
    /// Addresses of its contacts.
    pub contact_emails: Vec<Placed<String>>,
    /// First day of its first seat.
    pub first_seat: Option<Date>,
}

impl ClientClaims {
    /// The instances it ever lives on.
    pub fn instances(&self) -> impl Iterator<Item = &Placed<InstanceId>> {
        self.placements.iter().filter_map(|placement| placement.instance.as_ref())
    }
}

/// A placement as far as it could be read.
#[derive(Debug)]
pub struct ClientPlacementClaim {
    /// First day.
    pub from: Option<Placed<Date>>,
    /// The instance.
    pub instance: Option<Placed<InstanceId>>,
}

impl ClientPlacementClaim {
    fn model(&self) -> Option<ClientPlacement> {
        Some(ClientPlacement { from: self.from.as_ref()?.value, instance: self.instance.as_ref()?.value.clone() })
    }
}

/// A domain as far as it could be read.
#[derive(Debug)]
pub struct DomainClaim {
    /// Its name.
    pub name: Placed<String>,
    /// Where its mail goes.
    pub inbound_mail: Option<InboundMail>,
}

/// Where an app answers.
#[derive(Debug, Clone)]
pub struct AppClaim {
    /// `nextcloud` or `dolibarr`.
    pub app: &'static str,
    /// Its domain.
    pub domain: Placed<String>,
    /// Its path.
    pub path: Placed<String>,
}

/// Reads a client.
pub fn client(client_id: &ClientId, reader: &Reader<'_>, seat_price: Option<Cents>) -> (Option<Client>, ClientClaims) {
    let version = reader.whole::<i64>("version");
    let language = reader.word::<Language>("language");
    let identity = reader.table("identity").and_then(|table| identity(&table));
    let billing_address = match reader.table("billing_address") {
        None => Some(None),
        Some(table) => postal_address(&table).map(Some),
    };
    let (contract, contract_claims) =
        reader.table("contract").map(|table| contract(&table, seat_price)).unwrap_or_default();
    let billing = reader.table_or_defaults("billing").and_then(|table| billing::of_client(&table));
    let (contacts, contact_emails) = contacts(reader, &contract_claims);
    let placements = placements(reader);
    let (domains, domain_claims) = domains(reader);
    let nextcloud = reader.table("nextcloud").map(|table| nextcloud(&table, &domain_claims));
    let dolibarr = reader.table("dolibarr").map(|table| dolibarr(&table, &domain_claims));
    let app_claims = [nextcloud.as_ref().map(|(_, claim)| claim), dolibarr.as_ref().map(|(_, claim)| claim)];
    let apps = app_claims.into_iter().flatten().flatten().cloned().collect();
    let PersonsRead { models: persons, ids, usernames } = persons(reader, &domain_claims, dolibarr.is_some());
    let seats = seats(reader, &ids, &contract_claims);

    let claims = ClientClaims {
        placements,
        domains: domain_claims,
        apps,
        usernames,
        contact_emails,
        first_seat: seats.iter().flatten().map(|seat| seat.from).min(),
    };
    let model = || {
        version?;
        Some(Client {
            id: client_id.clone(),
            identity: identity?,
            billing_address: billing_address?,
            language: language?.value,
            contacts: contacts?,
            placements: claims.placements.iter().map(ClientPlacementClaim::model).collect::<Option<_>>()?,
            domains: domains?,
            nextcloud: nextcloud.map(|(model, _)| model.ok_or(())).transpose().ok()?,
            dolibarr: dolibarr.map(|(model, _)| model.ok_or(())).transpose().ok()?,
            persons: persons?,
            seats: seats?,
            contract: contract?,
            billing: billing?,
        })
    };
    let model = model();
    (model, claims)
}

fn contacts(reader: &Reader<'_>, contract: &ContractClaims) -> (Option<Vec<Contact>>, Vec<Placed<String>>) {
    let mut emails = Vec::new();
    let mut roles_seen: Vec<ContactRole> = Vec::new();
    let mut all_read = true;
    let mut contacts = Vec::new();
    let tables = reader.tables("contacts");
    for table in &tables {
        let name = table.words("name");
        let email = table.text("email", hosts::email);
        let phone = table.words("phone").map(|phone| phone.value);
        let roles = table.word_list::<ContactRole>("roles");
        emails.extend(email.clone());
        if let Some(roles) = &roles {
            roles_seen.extend(roles.value.iter().map(|role| role.value));
        }
        all_read &= roles.is_some();
        let contact = || {
            let roles = roles?.value.into_iter().map(|role| role.value).collect();
            Some(Contact { name: name?.value, email: email?.value, phone, roles })
        };
        contacts.push(contact());
    }
    // Where a contact's roles could not be read, or there is no contact, the mistake is recorded already.
    if all_read && !tables.is_empty() {
        demand_roles(reader, &roles_seen, contract);
    }
    (contacts.into_iter().collect(), emails)
}

fn demand_roles(reader: &Reader<'_>, roles: &[ContactRole], contract: &ContractClaims) {
    let place = reader.place_of("contacts");
    if !roles.contains(&ContactRole::Billing) {
        let mistake = Mistake::new("no contact has the role `billing`", &place, "the contacts");
        reader.add(mistake.help("somebody must receive the invoices: add `\"billing\"` to the roles of one"));
    }
    if let Some(overage) = &contract.overage
        && overage.value == OveragePolicy::Ask
        && !roles.contains(&ContactRole::Approver)
    {
        let mistake =
            Mistake::new("no contact has the role `approver`, but overage is asked for", &place, "the contacts");
        let mistake = mistake.also(&overage.place, "`overage` is `ask`");
        reader.add(mistake.help("add `\"approver\"` to the roles of whoever may agree to further hours (R17)"));
    }
}

fn placements(reader: &Reader<'_>) -> Vec<ClientPlacementClaim> {
    let read = |table: &Reader<'_>| ClientPlacementClaim {
        from: table.day("from"),
        instance: table.text("instance", id::<InstanceId>),
    };
    let placements: Vec<_> = reader.tables("placements").iter().map(read).collect();
    let days: Vec<_> = placements.iter().map(|placement| placement.from.clone()).collect();
    demand_increasing(reader, "placements", &days);
    placements
}

fn domains(reader: &Reader<'_>) -> (Option<Vec<Domain>>, Vec<DomainClaim>) {
    let mut models = Vec::new();
    let mut claims = Vec::new();
    for table in reader.tables("domains") {
        let name = table.text("name", names::domain);
        let inbound_mail = table.word::<InboundMail>("inbound_mail").map(|mail| mail.value);
        let model = || Some(Domain { name: name.as_ref()?.value.clone(), inbound_mail: inbound_mail? });
        models.push(model());
        claims.extend(name.map(|name| DomainClaim { name, inbound_mail }));
    }
    (models.into_iter().collect(), claims)
}

/// Records a domain that is not one of the client's.
pub fn demand_own_domain(reader: &Reader<'_>, domain: &Placed<String>, domains: &[DomainClaim]) {
    let own = || domains.iter().map(|claim| claim.name.value.as_str());
    if own().any(|name| name == domain.value) {
        return;
    }
    let problem = format!("`{}` is not a domain of this client", domain.value);
    let mistake = Mistake::new(problem, &domain.place, "not in `domains`");
    reader.add(match did_you_mean(&domain.value, own()) {
        Some(likely) => mistake.help(format!("did you mean `{likely}`?")),
        None => mistake.help("add it to the client's `[[domains]]`"),
    });
}

fn address_of_app(app: &'static str, reader: &Reader<'_>, domains: &[DomainClaim]) -> Option<AppClaim> {
    let domain = reader.text("domain", names::domain);
    let path = reader.text("path", names::app_path);
    if let Some(domain) = &domain {
        demand_own_domain(reader, domain, domains);
    }
    Some(AppClaim { app, domain: domain?, path: path? })
}

fn nextcloud(reader: &Reader<'_>, domains: &[DomainClaim]) -> (Option<Nextcloud>, Option<AppClaim>) {
    let claim = address_of_app("nextcloud", reader, domains);
    let model =
        claim.as_ref().map(|claim| Nextcloud { domain: claim.domain.value.clone(), path: claim.path.value.clone() });
    (model, claim)
}

fn dolibarr(reader: &Reader<'_>, domains: &[DomainClaim]) -> (Option<Dolibarr>, Option<AppClaim>) {
    let claim = address_of_app("dolibarr", reader, domains);
    let modules = reader.texts("modules", 0..=MODULES_MAX, |text| names::dolibarr_module(&plain(text)?));
    let model = || {
        let claim = claim.as_ref()?;
        Some(Dolibarr { domain: claim.domain.value.clone(), path: claim.path.value.clone(), modules: modules? })
    };
    let model = model();
    (model, claim)
}
