//! A simulated world in which an inventory's sites stand as a technician finds them: boxes with a fresh Proxmox VE.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::domain::backup::names;
use crate::inventory::model::{BackupServer as Server, Exposure, Inventory, Site};
use crate::lab::net::keys;
use crate::lab::net::topology::{PublicHost, Topology};
use crate::lab::pbs::state::BackupServer;
use crate::lab::pbs::state::datastore::Namespace;
use crate::lab::world::internet::Download;
use crate::lab::world::spec::SiteSpec;
use crate::lab::world::{Moment, World};
use crate::plan::desired::INSTALLER_URL;

/// When the demonstration begins: Friday 20 November 2026, nine o'clock in Paris.
pub const BEGINNING: Moment = Moment(1_795_161_600_000_000);

/// The next day, three o'clock in Paris: the jobs of a night have run, and those of a Saturday morning.
pub const MORNING_AFTER: Moment = Moment(BEGINNING.0 + 30 * 3_600_000_000);

/// The day on which it begins.
pub fn beginning_day() -> jiff::civil::Date {
    jiff::Timestamp::from_microsecond(BEGINNING.0)
        .map_or(jiff::civil::Date::MIN, |moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The password of root on every node of a lab.
pub const ROOT_PASSWORD: &str = "lab-root-password";

/// The value of the token that a partner's administrator gave us.
pub const PARTNER_TOKEN: &str = "partner-token-of-the-lab";

/// Size of a backup server's datastore in bytes.
const DATASTORE_BYTES: u64 = 4_000_000_000_000;

/// Time zone of the backup servers.
const ZONE: &str = "Europe/Paris";

/// Ports that routers and relays pass on.
const FORWARDED: [u16; 2] = [80, 443];

/// The world of an inventory, and where its machines are reached.
pub fn build(inventory: &Inventory, seed: u64) -> (World, Topology) {
    let mut world = World::new(seed);
    world.now = BEGINNING;
    let image = &inventory.cooperative.image;
    let download = |size_bytes, sha512: &str, kind: &str| Download {
        size_bytes,
        sha512: sha512.to_owned(),
        kind: kind.to_owned(),
    };
    world.internet.downloads = BTreeMap::from([
        (image.url.clone(), download(450_000_000, &image.sha512, "debian-12")),
        (INSTALLER_URL.to_owned(), download(20_000, "", "yunohost-installer")),
    ]);
    let technician = keys::public_text(&keys::ssh_key(&keys::seed_of(seed, "technician")));
    let mut topology = Topology::default();
    for site in inventory.sites.values() {
        world.add_site(spec(site, inventory, &technician));
        if let Ok(address) = site.node.address.parse() {
            topology.nodes.insert(site.id.to_string(), address);
        }
        expose(&mut topology, site, inventory);
    }
    for server in inventory.backup_servers.values() {
        let mut there = BackupServer::new(server.id.as_str(), ROOT_PASSWORD, world.now);
        there.port = server.port;
        ZONE.clone_into(&mut there.zone);
        there.add_datastore(&server.datastore, DATASTORE_BYTES);
        if let Some(auth_id) = &server.auth_id {
            let_us_in(&mut there, server, auth_id, inventory);
        }
        world.backup_servers.get_mut().0.insert(server.host.clone(), there);
    }
    (world, topology)
}

/// What a partner's administrator did for us: a token, namespaces for the instances that write there, and the right to add
/// to them.
fn let_us_in(there: &mut BackupServer, server: &Server, auth_id: &str, inventory: &Inventory) {
    let user = auth_id.split('!').next().unwrap_or(auth_id);
    there.access.add_user(user, None);
    there.access.add_token(auth_id, PARTNER_TOKEN);
    let sites = inventory.sites.values().filter(|site| site.backup_server.as_ref() == Some(&server.id));
    for instance in sites.flat_map(|site| inventory.instances_at(&site.id, beginning_day())) {
        let namespace = names::namespace(server.namespace.as_deref(), &instance.id);
        for who in [user, auth_id] {
            there.access.grant(&format!("/datastore/{}/{namespace}", server.datastore), who, "DatastoreBackup");
        }
        let mut path = String::new();
        for part in namespace.split('/') {
            path = if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") };
            let made = there.number();
            if let Some(store) = there.datastores.get_mut(&server.datastore) {
                store.namespaces.entry(path.clone()).or_insert_with(|| Namespace { made, ..Namespace::default() });
            }
        }
    }
}

fn spec(site: &Site, inventory: &Inventory, technician: &str) -> SiteSpec {
    let node = &site.node;
    let subnet = inventory
        .instances
        .values()
        .flat_map(|instance| &instance.placements)
        .find(|placement| placement.site == site.id)
        .map_or_else(|| ipnet::Ipv4Net::new_assert(node.gateway4, 24), |placement| placement.address4);
    let mut spec = SiteSpec::box_with_disk(site.id.as_str(), &node.name, &node.backup_disk_serial, subnet.trunc());
    spec.root_keys.push(technician.to_owned());
    ROOT_PASSWORD.clone_into(&mut spec.root_password);
    node.bridge.clone_into(&mut spec.bridge);
    spec.gateway = node.gateway4;
    spec
}

/// What the person who set the router (or the relay) up did.
fn expose(topology: &mut Topology, site: &Site, inventory: &Inventory) {
    let public = match site.exposure {
        Exposure::Forward { public4: Some(public), .. } | Exposure::Relay { public4: public, .. } => public,
        Exposure::Forward { public4: None, .. } | Exposure::Lan => return,
    };
    let inside: Option<Ipv4Addr> = inventory
        .instances
        .values()
        .flat_map(|instance| &instance.placements)
        .find(|placement| placement.site == site.id)
        .map(|placement| placement.address4.addr());
    if let Some(inside) = inside {
        let forwards = FORWARDED.into_iter().map(|port| (port, inside)).collect();
        topology.public.insert(public, PublicHost { site: site.id.to_string(), forwards });
    }
}
