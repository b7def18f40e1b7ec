//! `POST /nodes/{node}/qemu/{vmid}/clone`

use serde_json::Value;

use super::create::reserve;
use super::rights::check_bridges;
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{check_lock, existing_vmid, number, vm};
use crate::pve::handlers::storage::find;
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, Pve};
use crate::pve::tasks;
use crate::pve::work::{CloneVm, Work, disks};
use crate::world::{Site, Surroundings};

/// Clones a VM or template. The task's id is the source, not the new VM (sheet Proxmox, section 5b).
pub fn clone(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let source = existing_vmid(site, call)?;
    let new_id: u32 =
        number(call, "newid")?.ok_or_else(|| Refusal::param("newid", "property is missing and it is not optional"))?;
    let (pool, storage, format) = (call.text("pool"), call.text("storage"), call.text("format"));
    let snapshot = call.text("snapname");
    if call.text("target").is_some_and(|target| target != site.pve.node && target != "localhost") {
        return Err(Refusal::died(format!("no such cluster node '{}'", call.text("target").unwrap_or_default())));
    }
    if let Some(pool) = pool.as_ref().filter(|pool| !site.pve.access.pools.contains_key(*pool)) {
        return Err(Refusal::Status(403, format!("Permission check failed (pool '{pool}' does not exist)")));
    }
    if let Some(id) = &storage {
        disks::activated(&site.pve, &site.node, id).map_err(Refusal::died)?;
        if !find(&site.pve, id)?.carries("images") {
            return Err(Refusal::param("storage", format!("storage '{id}' does not support vm images")));
        }
    }
    let original = vm(&site.pve, source)?;
    check_lock(original)?;
    if let Some(name) = snapshot.as_ref().filter(|name| !original.snapshots.contains_key(*name)) {
        return Err(Refusal::died(format!("snapshot '{name}' does not exist")));
    }
    let full = if call.params.contains_key("full") { call.flag("full") } else { !original.template() };
    for (name, given) in [("storage", &storage), ("format", &format)] {
        if given.is_some() && !full {
            return Err(Refusal::died(format!("parameter '{name}' not allowed for linked clones")));
        }
    }
    check_bridges(site, call, &original.config)?;
    for (key, drive) in original.drives().iter().filter(|(_, drive)| !drive.is_cdrom()) {
        let own = drive.file().split_once(':').map_or("", |(storage, _)| storage);
        let place = storage.as_deref().unwrap_or(own);
        site.pve.access.require(&call.caller, &format!("/storage/{place}"), &["Datastore.AllocateSpace"])?;
        check_feature(&site.pve, key, drive, full, snapshot.is_some())?;
    }
    if site.pve.vms.contains_key(&new_id) {
        return Err(Refusal::died(format!("unable to create VM {new_id}: config file already exists")));
    }
    let work = CloneVm {
        source,
        vmid: new_id,
        name: call.text("name"),
        description: call.text("description"),
        snapshot,
        full,
        storage,
        format,
        pool,
    };
    reserve(site, around, new_id, "clone");
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmclone", &source.to_string(), Work::Clone(work)))
}

/// A linked clone needs a base volume below it.
fn check_feature(pve: &Pve, key: &str, drive: &Drive, full: bool, of_snapshot: bool) -> Result<(), Refusal> {
    let volid = drive.file();
    let base = parse_volid(volid)
        .is_some_and(|(_, name)| name.rsplit('/').next().is_some_and(|stem| stem.starts_with("base-")));
    let snapshot = if of_snapshot { " a snapshot of" } else { "" };
    if disks::volume(pve, volid).is_none() {
        return Err(Refusal::died(format!("volume '{volid}' does not exist")));
    }
    if !full && !base {
        return Err(Refusal::died(format!("Linked clone feature is not supported for{snapshot} '{volid}' ({key})")));
    }
    Ok(())
}
