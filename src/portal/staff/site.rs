//! The site of an instance: whether it answers, its node, and the instances on it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::record::{Known, known, sites_reached};
use super::shell;
use super::state::{Said, compared, overall, plan_path, said, site_path};
use crate::domain::ids::InstanceId;
use crate::inventory::model::Reach;
use crate::portal::page::{Link, Shell, html};
use crate::portal::picture::Tone;
use crate::portal::{Portal, Problem, StaffSession, say};

struct Machine {
    tone: Tone,
    name: String,
    clients: Vec<Link>,
    compared: String,
    said: Vec<Said>,
    plan: String,
    form: String,
    console: String,
}

#[derive(Template)]
#[template(path = "portal/staff/site.html")]
struct Page {
    shell: Shell,
    tone: Tone,
    answer: String,
    facts: Vec<(&'static str, String)>,
    proxmox: String,
    machines: Vec<Machine>,
}

/// The page.
pub async fn page(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (inventory, words) = (session.inventory(), session.words);
    let zone = inventory.cooperative_zone();
    let day = session.now.to_zoned(zone.clone()).date();
    let asked = InstanceId::new(id).ok().and_then(|id| inventory.instances.get(&id)).ok_or(Problem::NotFound)?;
    let placed = asked.placement_on(day).ok_or(Problem::NotFound)?;
    let site = inventory.sites.get(&placed.site).ok_or(Problem::NotFound)?;
    let reach = sites_reached(&portal.store).await?.into_iter().find(|one| one.site == site.id);
    let (tone, answer) = match &reach {
        None => (Tone::Unknown, words.staff_never_asked().to_owned()),
        Some(reach) => match (&reach.silent, reach.seen_at) {
            (Some((since, met)), _) => {
                let since = say::moment(*since, &zone, words);
                (Tone::Unknown, format!("{} {since}{} {met}", words.staff_answers_not(), words.colon()))
            }
            (None, Some(at)) => {
                (Tone::Good, format!("{}{} {}", words.staff_answers(), words.colon(), say::moment(at, &zone, words)))
            }
            (None, None) => (Tone::Unknown, words.staff_never_asked().to_owned()),
        },
    };
    let here = inventory.instances.values();
    let here = here.filter(|one| one.placement_on(day).is_some_and(|placement| placement.site == site.id));
    let here: Vec<InstanceId> = here.map(|one| one.id.clone()).collect();
    let mut machines = Vec::new();
    for known in known(&portal.store, inventory, &here, session.now).await? {
        // The page says above how the site answers.
        let known = Known { reach: None, ..known };
        let instance = known.instance;
        let said = said(&known, &zone, words);
        let clients = inventory.clients_on(&instance.id, day).map(|client| Link {
            href: format!("/equipe/clients/{}", client.id),
            label: client.identity.name.clone(),
            is_here: false,
        });
        machines.push(Machine {
            tone: overall(&known, &said),
            name: format!("{} (vm {})", instance.id, instance.vmid),
            clients: clients.collect(),
            compared: compared(&known.standing, &zone, words),
            said,
            plan: plan_path(&instance.id),
            form: portal.new_id(),
            console: format!("https://{}/yunohost/admin/", instance.main_domain),
        });
    }
    let server = site.backup_server.as_ref().and_then(|id| inventory.backup_servers.get(id));
    let facts = vec![
        (words.staff_node(), format!("{} ({}:{})", site.node.name, site.node.address, site.node.api_port)),
        (words.staff_reach(), reach_words(&site.reach).to_owned()),
        (words.staff_backup_server(), server.map_or_else(|| words.staff_none().to_owned(), |one| one.name.clone())),
    ];
    let shell = shell(&session, format!("{} {}", words.staff_site(), site.name), &site_path(&asked.id));
    let proxmox = format!("https://{}:{}/", site.node.address, site.node.api_port);
    html(&Page { shell, tone, answer, facts, proxmox, machines })
}

/// As the inventory's files name it.
fn reach_words(reach: &Reach) -> &'static str {
    match reach {
        Reach::Direct => "direct",
        Reach::Jump { .. } => "jump",
        Reach::Wireguard => "wireguard",
    }
}
