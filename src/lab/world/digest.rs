//! What matters of a world, as one hash: two worlds that a technician could not tell apart have the same digest.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Site, World};
use crate::lab::pve::network::{self, Card};
use crate::lab::pve::state::property::Properties;
use crate::lab::pve::state::storage::parse_volid;
use crate::lab::pve::state::{Drive, Pve, Vm, drive};
use crate::lab::pve::work::disks;

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
        json!({ "sites": sites, "dns": self.internet.dns.iter().collect::<Vec<_>>() })
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
        pve.storages.iter().map(|(id, storage)| (id, storage_view(pve, id, storage))).collect();
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

fn storage_view(pve: &Pve, id: &str, storage: &crate::lab::pve::state::Storage) -> Value {
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
    json!({ "kind": storage.kind, "options": storage.options, "stray": stray, "files": files })
}

/// Pools, users, roles and access entries, without anything secret.
fn access_view(pve: &Pve) -> Value {
    let mut view = serde_json::to_value(&pve.access).unwrap_or_default();
    remove_secrets(&mut view);
    view
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
