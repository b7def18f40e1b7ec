//! A site: whether it answers, its node, the instances on it if there are any, and what happened.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::record::{Known, known, sites_reached};
use super::state::{Said, answer, compared, overall, plan_path, said, site_path};
use super::{history, shell};
use crate::domain::ids::{InstanceId, SiteId};
use crate::inventory::model::Reach;
use crate::portal::page::{Link, Shell, html};
use crate::portal::picture::Tone;
use crate::portal::{Portal, Problem, StaffSession};

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
    history: Vec<[String; 3]>,
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
    let site = SiteId::new(id).ok().and_then(|id| inventory.sites.get(&id)).ok_or(Problem::NotFound)?;
    let reach = sites_reached(&portal.store).await?.into_iter().find(|one| one.site == site.id);
    let (tone, answer) = answer(reach.as_ref(), session.now, &zone, words);
    let mut events = history::work(&portal, &format!("site/{}", site.id), words).await?;
    let here = inventory.instances.values();
    let here = here.filter(|one| one.placement_on(day).is_some_and(|placement| placement.site == site.id));
    let here: Vec<InstanceId> = here.map(|one| one.id.clone()).collect();
    // Where no machine stands, naming none would mean all.
    let here = if here.is_empty() { Vec::new() } else { known(&portal.store, inventory, &here, session.now).await? };
    let mut machines = Vec::new();
    for known in here {
        // The page says above how the site answers.
        let known = Known { reach: None, ..known };
        let instance = known.instance;
        let said = said(&known, &zone, words);
        let happened = history::of_instance(&portal, &instance.id, &zone, words).await?;
        events.extend(history::named(happened, &instance.id));
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
    let shell = shell(&session, format!("{} {}", words.staff_site(), site.name), &site_path(&site.id));
    let proxmox = format!("https://{}:{}/", site.node.address, site.node.api_port);
    html(&Page { shell, tone, answer, facts, proxmox, machines, history: history::rows(events, &zone, words) })
}

/// As the inventory's files name it.
fn reach_words(reach: &Reach) -> &'static str {
    match reach {
        Reach::Direct => "direct",
        Reach::Jump { .. } => "jump",
        Reach::Wireguard => "wireguard",
    }
}
