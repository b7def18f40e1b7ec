//! What matters of a world, as one hash: two worlds that a technician could not tell apart have the same digest.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Site, World};
use crate::pbs::state::{BackupServer, CryptMode, Datastore, Group, Job};
use crate::pve::backups::capture::read_disk;
use crate::pve::backups::{self, config, folder};
use crate::pve::network::{self, Card};
use crate::pve::state::property::Properties;
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, Pve, Storage, StorageKind, Vm, drive};
use crate::pve::work::disks;

/// Fingerprints of keys and certificates, and the port of a server, in the definition of a storage: they are made anew for
/// every world.
const KEYS: [&str; 3] = ["fingerprint", "encryption-key", "port"];

/// Options that legitimately differ between two runs of the same work.
const RANDOM: [&str; 4] = ["meta", "vmgenid", "smbios1", "cipassword"];

impl World {
    /// SHA-256, in hexadecimal, of [`World::digest_view`].
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.digest_view().to_string().as_bytes()))
    }

    /// What the digest is made of, for a readable difference when two worlds are not the same. Left out: task
    /// history, clocks, process numbers, hardware addresses and other random keys, secrets.
    pub fn digest_view(&self) -> Value {
        let sites: BTreeMap<_, _> = self.sites.iter().map(|(id, site)| (id, site_view(site))).collect();
        let servers = self.backup_servers.borrow();
        let servers: BTreeMap<_, _> = servers.0.iter().map(|(at, server)| (at, backup_server_view(server))).collect();
        json!({ "sites": sites, "dns": self.internet.dns.iter().collect::<Vec<_>>(), "backup_servers": servers })
    }

    /// The whole world as text.
    ///
    /// # Errors
    /// Never for a world that was made by this program.
    pub fn snapshot(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// A world from its snapshot.
    ///
    /// # Errors
    /// When the text is not a snapshot of this version.
    pub fn restore(text: &str) -> Result<World, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn site_view(site: &Site) -> Value {
    let pve = &site.pve;
    let vms: BTreeMap<_, _> = pve.vms.iter().map(|(vmid, vm)| (vmid.to_string(), vm_view(pve, *vmid, vm))).collect();
    let storages: BTreeMap<_, _> =
        pve.storages.iter().map(|(id, storage)| (id, storage_view(site, id, storage))).collect();
    let jobs: BTreeMap<_, _> = pve.jobs.iter().map(|(id, job)| (id, &job.options)).collect();
    json!({
        "vms": vms,
        "storages": storages,
        "jobs": jobs,
        "datacenter": pve.datacenter.0,
        "access": access_view(pve),
        "node": site.node.digest_view(),
    })
}

fn vm_view(pve: &Pve, vmid: u32, vm: &Vm) -> Value {
    let config: BTreeMap<_, _> = vm
        .config
        .iter()
        .filter(|(key, _)| !RANDOM.contains(&key.as_str()))
        .map(|(key, value)| (key.as_str(), stable(key, value)))
        .collect();
    let disks: BTreeMap<_, _> = vm
        .drives()
        .into_iter()
        .filter_map(|(key, drive)| {
            disks::volume(pve, drive.file()).map(|volume| (key, (volume.size_bytes, volume.image.clone())))
        })
        .collect();
    json!({
        "config": config,
        "pending": vm.pending,
        "disks": disks,
        "snapshots": vm.snapshots.keys().collect::<Vec<_>>(),
        "firewall": vm.firewall,
        "pool": pve.access.pool_of(vmid),
        "power": vm.power,
        "up": vm.up,
        "guest": vm.guest.as_ref().map(|guest| guest.digest_view()),
    })
}

/// A configuration value without what is random in it: hardware addresses, and the number of a disk's volume.
fn stable(key: &str, value: &str) -> String {
    if network::is_card(key) {
        let mut card = Card::parse(value);
        card.mac = String::new();
        return card.print();
    }
    if drive::is_drive(key) {
        let mut parsed = Drive::parse(value);
        if let Some((storage, name)) = parse_volid(parsed.file()).filter(|(_, name)| name.contains("-disk-")) {
            let stem = name.split("-disk-").next().unwrap_or(name);
            parsed.0.first = format!("{storage}:{stem}");
        }
        return parsed.0.print();
    }
    value.to_owned()
}

fn storage_view(site: &Site, id: &str, storage: &Storage) -> Value {
    let pve = &site.pve;
    // Disks that no configuration names are what a failed run may leave behind: they count.
    let named: Vec<String> = pve
        .vms
        .values()
        .flat_map(|vm| vm.config.values())
        .map(|value| Properties::parse(value, "file").first)
        .collect();
    let stray: Vec<_> = storage
        .volumes
        .iter()
        .filter(|(name, volume)| volume.content == "images" && !named.contains(&format!("{id}:{name}")))
        .map(|(name, _)| name)
        .collect();
    let files: BTreeMap<_, _> = storage
        .volumes
        .iter()
        .filter(|(_, volume)| volume.content != "images")
        .map(|(name, volume)| (name, (volume.size_bytes, &volume.notes, volume.protected)))
        .collect();
    let options: BTreeMap<_, _> = storage.options.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())).collect();
    let backups = if storage.kind == StorageKind::Dir { folder_backups(site, id, storage) } else { Vec::new() };
    json!({ "kind": storage.kind, "options": options, "stray": stray, "files": files, "backups": backups })
}

/// What is stored of guests in a folder: whose, what, its notes and protection, in an order that does not depend on
/// when it was made.
fn folder_backups(site: &Site, id: &str, storage: &Storage) -> Vec<Value> {
    let stored = folder::list(&site.node, &TimeZone::UTC, id, storage);
    let mut views: Vec<Value> = stored
        .iter()
        .map(|entry| {
            let path = backups::path_of(site, &entry.volid).unwrap_or_default();
            let archive = site.node.files.read(&path).and_then(folder::read);
            let content = archive.map(|archive| {
                let disks: Vec<Value> = archive
                    .disks
                    .iter()
                    .map(|(device, disk)| {
                        let text = site.pve.contents.get(&disk.content);
                        let guest = text.and_then(|text| read_disk(text).ok()).and_then(|found| found.guest);
                        json!([device, disk.size_bytes, guest.map(|guest| guest.digest_view())])
                    })
                    .collect();
                let options: BTreeMap<String, String> = config::parse(&archive.config)
                    .options
                    .iter()
                    .filter(|(key, _)| !RANDOM.contains(&key.as_str()))
                    .map(|(key, value)| (key.clone(), stable(key, value)))
                    .collect();
                json!({ "config": options, "firewall": archive.firewall, "disks": disks })
            });
            json!({
                "vmid": entry.vmid,
                "format": entry.format,
                "notes": entry.notes,
                "protected": entry.protected,
                "content": content,
            })
        })
        .collect();
    views.sort_by_cached_key(Value::to_string);
    // How often the same was saved is a matter of clocks.
    views.dedup();
    views
}

/// Pools, users, roles and access entries, without anything secret.
fn access_view(pve: &Pve) -> Value {
    let mut view = serde_json::to_value(&pve.access).unwrap_or_default();
    remove_secrets(&mut view);
    view
}

/// What a technician sees of a backup server. When snapshots were taken, and so how many there are, is a matter of
/// clocks; that there are some, whose they are and how they are protected is not.
fn backup_server_view(server: &BackupServer) -> Value {
    let mut access = serde_json::to_value(&server.access).unwrap_or_default();
    remove_secrets(&mut access);
    access["seen"] = Value::Null;
    if let Some(entries) = access["entries"].as_array_mut() {
        entries.sort_by_key(Value::to_string);
    }
    let options = |jobs: &BTreeMap<String, Job>| -> BTreeMap<String, Value> {
        jobs.iter().map(|(id, job)| (id.clone(), json!(job.options))).collect()
    };
    let remotes: BTreeMap<_, _> = server
        .remotes
        .iter()
        .map(|(name, remote)| (name, (remote.options.get("host"), remote.options.get("auth-id"))))
        .collect();
    let stores: BTreeMap<_, _> = server.datastores.iter().map(|(name, store)| (name, datastore_view(store))).collect();
    json!({
        "online": server.online,
        "access": access,
        "sync": options(&server.jobs.sync),
        "verify": options(&server.jobs.verify),
        "prune": options(&server.jobs.prune),
        "remotes": remotes,
        "traffic": server.traffic,
        "datastores": stores,
    })
}

fn datastore_view(store: &Datastore) -> Value {
    let group = |group: &Group| {
        let newest = group.last_finished().map(|(_, snapshot)| snapshot);
        json!({
            "owner": group.owner,
            "notes": group.notes,
            "has": newest.is_some(),
            "encrypted": newest.is_some_and(|one| one.files.iter().any(|file| file.crypt_mode == CryptMode::Encrypt)),
            "protected": group.snapshots.values().filter(|one| one.protected).count(),
            "running": group.is_locked(),
        })
    };
    let namespaces: BTreeMap<_, _> = store
        .namespaces
        .iter()
        .map(|(path, place)| {
            (path, place.groups.iter().map(|(id, one)| (id.to_string(), group(one))).collect::<BTreeMap<_, _>>())
        })
        .collect();
    json!({ "options": store.options, "namespaces": namespaces })
}

fn remove_secrets(value: &mut Value) {
    // A token's secret is its `value`.
    const SECRET_WORDS: [&str; 5] = ["secret", "password", "hash", "ticket", "value"];
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !SECRET_WORDS.iter().any(|word| key.contains(word)));
            fields.values_mut().for_each(remove_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
