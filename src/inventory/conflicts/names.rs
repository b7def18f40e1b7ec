//! Names that share a world: domains, app addresses, usernames, and mail that must work when the instance does not.

use std::collections::{BTreeMap, HashMap};

use super::{ClientDraft, Drafts, Owner};
use crate::domain::ids::InstanceId;
use crate::domain::names;
use crate::inventory::mistake::{Mistake, Place, Placed};
use crate::inventory::model::InboundMail;
use crate::inventory::read::AppClaim;
use crate::inventory::reader::Findings;

/// Whose a domain is, and where its mail goes.
struct DomainOwner<'a> {
    client: &'a ClientDraft,
    place: &'a Place,
    inbound_mail: Option<InboundMail>,
}

/// Records names that two would share, and contacts who could not be reached.
pub fn find(drafts: &Drafts, findings: &Findings) {
    let clients_by_instance = drafts.clients_by_instance();
    let owners = domain_owners(drafts, findings);
    demand_main_domains(drafts, &clients_by_instance, &owners, findings);
    demand_apps_apart(drafts, findings);
    for (instance, clients) in &clients_by_instance {
        demand_usernames_apart(drafts, instance, clients, findings);
        demand_groups_apart(drafts, clients, findings);
    }
    for client in drafts.clients.values() {
        if let Err(refusal) = names::own_group(client.id.as_str()) {
            findings.add(Mistake::refused(refusal, &client.place));
        }
        for email in &client.claims.contact_emails {
            demand_reachable_contact(client, email, &owners, findings);
        }
    }
}

/// Who owns each domain; records those that are there twice.
fn domain_owners<'a>(drafts: &'a Drafts, findings: &Findings) -> HashMap<&'a str, DomainOwner<'a>> {
    let mut owners: HashMap<&str, DomainOwner<'_>> = HashMap::new();
    for client in drafts.clients.values() {
        for domain in &client.claims.domains {
            let name = domain.name.value.as_str();
            match owners.get(name) {
                Some(owner) => {
                    let problem = if owner.client.id == client.id {
                        format!("domain `{name}` is there twice")
                    } else {
                        format!("domain `{name}` belongs to `{}` and to `{}`", owner.client.id, client.id)
                    };
                    findings.add(Mistake::new(problem, &domain.name.place, "again").also(owner.place, "first"));
                }
                None => {
                    let owner = DomainOwner { client, place: &domain.name.place, inbound_mail: domain.inbound_mail };
                    owners.insert(name, owner);
                }
            }
        }
    }
    owners
}

/// The main domain of an instance belongs to a client that lives there.
fn demand_main_domains(
    drafts: &Drafts,
    clients_by_instance: &BTreeMap<&InstanceId, Vec<&ClientDraft>>,
    owners: &HashMap<&str, DomainOwner<'_>>,
    findings: &Findings,
) {
    for instance in drafts.instances.values() {
        let Some(main) = &instance.claims.main_domain else { continue };
        let clients = clients_by_instance.get(&instance.id).map(Vec::as_slice).unwrap_or_default();
        if clients.iter().any(|client| client.claims.domains.iter().any(|domain| domain.name.value == main.value)) {
            continue;
        }
        // A client that names an unknown instance may have meant this one: that mistake is told already.
        let owner = owners.get(main.value.as_str());
        let astray =
            |client: &ClientDraft| client.claims.instances().any(|one| !drafts.instances.contains_key(&one.value));
        if !drafts.every_client_readable || owner.is_some_and(|owner| astray(owner.client)) {
            continue;
        }
        let problem = format!("`{}` is not a domain of a client on instance `{}`", main.value, instance.id);
        let mistake = Mistake::new(problem, &main.place, "whose is it?");
        findings.add(match (owner, clients) {
            (Some(owner), _) => {
                let label = format!("a domain of `{}`, which does not live here", owner.client.id);
                mistake.also(owner.place, label)
            }
            (None, []) => {
                mistake.help(format!("no client lives on it: add a placement with `instance = \"{}\"`", instance.id))
            }
            (None, clients) => {
                let ids: Vec<String> = clients.iter().map(|client| format!("`{}`", client.id)).collect();
                mistake.help(format!("add it to the `[[domains]]` of {}", ids.join(" or ")))
            }
        });
    }
}

/// No two apps answer at one address, or one below the other. Few apps share a domain, so pairs are fine there.
fn demand_apps_apart(drafts: &Drafts, findings: &Findings) {
    let mut by_domain: HashMap<&str, Vec<(&ClientDraft, &AppClaim)>> = HashMap::new();
    for client in drafts.clients.values() {
        for app in &client.claims.apps {
            let others = by_domain.entry(&app.domain.value).or_default();
            let clash = others.iter().find(|(_, other)| names::paths_conflict(&other.path.value, &app.path.value));
            if let Some((owner, other)) = clash {
                let whose = |client: &ClientDraft, app: &AppClaim| format!("{} of `{}`", app.app, client.id);
                let (here, there) = (whose(client, app), whose(owner, other));
                let problem = format!(
                    "{here} at `{}{}` and {there} at `{}{}` are in each other's way",
                    app.domain.value, app.path.value, other.domain.value, other.path.value
                );
                let mistake = Mistake::new(problem, address(app), here).also(address(other), there);
                findings.add(mistake.help("give them paths of which none begins the other, or domains of their own"));
            }
            others.push((client, app));
        }
    }
}

/// The path where it is written, else the domain: a default path stands nowhere.
fn address(app: &AppClaim) -> &Place {
    if app.path.place.start > app.domain.place.start { &app.path.place } else { &app.domain.place }
}

/// Usernames are unique on an instance for ever, also across an island's clients and the technicians' account.
fn demand_usernames_apart(drafts: &Drafts, instance: &InstanceId, clients: &[&ClientDraft], findings: &Findings) {
    let admin = drafts.cooperative.admin_username.as_ref();
    let mut first: HashMap<&str, Owner<'_>> = HashMap::new();
    for client in clients {
        for username in &client.claims.usernames {
            let name = username.value.as_str();
            if let Some(admin) = admin.filter(|admin| admin.value == name) {
                let problem = format!("username `{name}` is the technicians' account on every instance");
                findings.add(Mistake::new(problem, &username.place, "taken").also(&admin.place, "the account"));
            }
            match first.get(name) {
                // Doubles inside one client were recorded when its file was read.
                Some(owner) if owner.id == client.id.as_str() => {}
                Some(owner) => {
                    let problem = format!(
                        "username `{name}` on instance `{instance}` belongs to `{}` and to `{}`",
                        owner.id, client.id
                    );
                    let mistake = Mistake::new(problem, &username.place, "again").also(owner.place, "first");
                    findings.add(
                        mistake.help("clients of an island share one YunoHost: give one of them another username"),
                    );
                }
                None => drop(first.insert(name, Owner { id: client.id.as_str(), place: &username.place })),
            }
        }
    }
}

/// A client's people are a group in YunoHost, and every account has a group of its own: they share one set of names.
fn demand_groups_apart(drafts: &Drafts, clients: &[&ClientDraft], findings: &Findings) {
    let groups: HashMap<String, &ClientDraft> =
        clients.iter().map(|client| (names::group(client.id.as_str()), *client)).collect();
    let accounts = clients.iter().flat_map(|client| &client.claims.usernames).chain(&drafts.cooperative.admin_username);
    for account in accounts {
        if let Some(owner) = groups.get(&account.value) {
            let problem =
                format!("username `{}` is the group of client `{}` on the same instance", account.value, owner.id);
            let mistake = Mistake::new(problem, &account.place, "taken").also(&owner.place, "the client");
            findings
                .add(mistake.help("choose another username: YunoHost keeps people and groups under one set of names"));
        }
    }
}

/// A contact's address must work when the client's instance does not.
fn demand_reachable_contact(
    client: &ClientDraft,
    email: &Placed<String>,
    owners: &HashMap<&str, DomainOwner<'_>>,
    findings: &Findings,
) {
    let Some(owner) = email.value.rsplit_once('@').and_then(|(_, domain)| owners.get(domain)) else { return };
    let (problem, label) = match owner.inbound_mail {
        Some(InboundMail::None) => (format!("`{}` receives no mail", email.value), "`inbound_mail` is `none`"),
        Some(InboundMail::Here) if lives_with(client, owner.client) => {
            (format!("`{}` does not work when the instance is down", email.value), "this mail is on the instance")
        }
        _ => return,
    };
    let mistake = Mistake::new(problem, &email.place, "unreachable").also(owner.place, label);
    findings.add(mistake.help("alarms, login links and invoices go there: write an address with another provider"));
}

fn lives_with(client: &ClientDraft, other: &ClientDraft) -> bool {
    let shares = |instance: &InstanceId| other.claims.instances().any(|theirs| theirs.value == *instance);
    client.id == other.id || client.claims.instances().any(|ours| shares(&ours.value))
}
