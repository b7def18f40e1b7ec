//! `/nodes/{node}/qemu/{vmid}/snapshot`

use serde_json::{Value, json};

use super::config::shown;
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{check_lock, existing_vmid, index as names, required, vm, vm_mut};
use crate::pve::state::Snapshot;
use crate::pve::tasks;
use crate::pve::work::{Rollback, SnapshotDelete, SnapshotTake, Work};
use crate::world::{Site, Surroundings};

/// `GET …/snapshot`: with the pseudo-entry `current`.
pub fn list(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let mut entries: Vec<Value> = vm
        .snapshots
        .iter()
        .map(|(name, snapshot)| {
            let mut entry = json!({
                "name": name,
                "snaptime": snapshot.taken.unix_seconds(),
                "vmstate": u8::from(snapshot.with_memory),
                "description": snapshot.description,
            });
            if let Some(parent) = &snapshot.parent {
                entry["parent"] = json!(parent);
            }
            entry
        })
        .collect();
    let mut current = json!({
        "name": "current",
        "digest": vm.digest(),
        "running": u8::from(vm.running()),
        "description": "You are here!",
    });
    if let Some(parent) = vm.option("parent") {
        current["parent"] = json!(parent);
    }
    entries.push(current);
    Ok(Value::Array(entries))
}

/// `POST …/snapshot`
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let name = required(call, "snapname")?;
    if name == "current" || name.eq_ignore_ascii_case("pending") {
        return Err(Refusal::died(format!("unable to use snapshot name '{}' (reserved name)", name.to_lowercase())));
    }
    let work = SnapshotTake {
        vmid,
        name,
        description: call.text("description").unwrap_or_default(),
        with_memory: call.flag("vmstate"),
    };
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmsnapshot", &vmid.to_string(), Work::SnapshotTake(work)))
}

/// `GET …/snapshot/{snapname}`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    existing_vmid(site, call)?;
    Ok(names("cmd", &["rollback", "config"]))
}

/// `GET …/snapshot/{snapname}/config`
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let name = required(call, "snapname")?;
    let snapshot = vm(&site.pve, vmid)?.snapshots.get(&name).ok_or_else(|| missing(&name))?;
    let mut answer = shown(&snapshot.config);
    answer.insert("snaptime".to_owned(), json!(snapshot.taken.unix_seconds()));
    answer.insert("description".to_owned(), json!(snapshot.description));
    Ok(Value::Object(answer))
}

/// `PUT …/snapshot/{snapname}/config`
pub fn describe(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let name = required(call, "snapname")?;
    let vm = vm_mut(&mut site.pve, vmid)?;
    check_lock(vm)?;
    let snapshot: &mut Snapshot = vm.snapshots.get_mut(&name).ok_or_else(|| missing(&name))?;
    if let Some(description) = call.text("description") {
        snapshot.description = description;
    }
    Ok(Value::Null)
}

/// `DELETE …/snapshot/{snapname}`
pub fn delete(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let work = Work::SnapshotDelete(SnapshotDelete { vmid, name: required(call, "snapname")? });
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmdelsnapshot", &vmid.to_string(), work))
}

/// `POST …/snapshot/{snapname}/rollback`
pub fn rollback(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let work = Work::Rollback(Rollback { vmid, name: required(call, "snapname")?, start: call.flag("start") });
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmrollback", &vmid.to_string(), work))
}

fn missing(name: &str) -> Refusal {
    Refusal::died(format!("snapshot '{name}' does not exist"))
}
