//! `POST /nodes/{node}/qemu`

use std::collections::BTreeMap;

use serde_json::Value;

use super::rights::{self, Subject};
use super::{drives, rights::check_bridges};
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{forbidden, vmid};
use crate::pve::network::{self, Card};
use crate::pve::state::Vm;
use crate::pve::tasks;
use crate::pve::work::{Create, Work};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// Parameters that are not options of the configuration.
const NOT_OPTIONS: [&str; 12] = [
    "node",
    "vmid",
    "archive",
    "force",
    "unique",
    "live-restore",
    "bwlimit",
    "pool",
    "storage",
    "start",
    "ha-managed",
    "import-working-storage",
];

/// Creates a VM: everything that can be refused early is refused here, the rest fails in the task `qmcreate`.
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = vmid(site, call)?;
    if call.flag("ha-managed") {
        return Err(Refusal::Status(501, "high availability is not simulated in the lab".to_owned()));
    }
    if let Some(archive) = call.text("archive").filter(|archive| !archive.is_empty()) {
        return super::restore::restore(site, around, call, vmid, archive);
    }
    let (pool, storage, start) = (call.text("pool"), call.text("storage"), call.flag("start"));
    let mut params = options(call);
    drives::check_ssh_keys(&params)?;
    if let Some(pool) = pool.as_ref().filter(|pool| !site.pve.access.pools.contains_key(*pool)) {
        return Err(Refusal::Status(403, format!("Permission check failed (pool '{pool}' does not exist)")));
    }
    if let Some(storage) = &storage {
        site.pve.access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.AllocateSpace"])?;
    }
    let subject = Subject { vmid, pool: pool.as_deref() };
    if start {
        subject.require(site, call, &["VM.PowerMgmt"])?;
    }
    if subject.require(site, call, &["VM.Allocate"]).is_err() {
        return Err(forbidden());
    }
    drives::check_storages(site, call, vmid, &params, storage.as_deref())?;
    for (key, value) in &params {
        rights::check_option(site, call, subject, key, Some(value))?;
    }
    check_bridges(site, call, &params)?;
    drives::check_form(&params)?;
    add_addresses(&mut params, site, around, vmid, "create");
    if site.pve.vms.contains_key(&vmid) {
        return Err(Refusal::died(format!(
            "unable to create VM {vmid} - VM {vmid} already exists on node '{}'",
            site.pve.node
        )));
    }
    reserve(site, around, vmid, "create");
    let owner = call.caller.full_id();
    let work = Create { vmid, params, storage, pool, start, owner: owner.clone() };
    Ok(tasks::start(site, around, &owner, "qmcreate", &vmid.to_string(), Work::Create(work)))
}

/// Writes the locked stub that keeps an id while its VM is being made.
pub fn reserve(site: &mut Site, around: Surroundings<'_>, vmid: u32, lock: &str) {
    let config = BTreeMap::from([("lock".to_owned(), lock.to_owned())]);
    site.pve.vms.insert(vmid, Vm { config, created: around.now, changed: around.now, ..Vm::default() });
}

/// The options of the configuration among the parameters.
pub fn options(call: &Call) -> BTreeMap<String, String> {
    call.params
        .keys()
        .filter(|key| !NOT_OPTIONS.contains(&key.as_str()))
        .filter_map(|key| {
            // `cdrom` is another name for the third IDE drive.
            let name = if key == "cdrom" { "ide2" } else { key.as_str() };
            Some((name.to_owned(), call.text(key)?))
        })
        .collect()
}

/// Gives every network card without an address one of its own.
pub fn add_addresses(
    params: &mut BTreeMap<String, String>,
    site: &Site,
    around: Surroundings<'_>,
    vmid: u32,
    operation: &str,
) {
    let id = vmid.to_string();
    for (key, value) in params.iter_mut().filter(|(key, _)| network::is_card(key)) {
        let mut card = Card::parse(value);
        if card.mac.is_empty() {
            card.mac =
                Key::new(around.seed, &[&site.id, "vm", &id, key, operation]).mac(site.pve.datacenter.mac_prefix());
        }
        *value = card.print();
    }
}
