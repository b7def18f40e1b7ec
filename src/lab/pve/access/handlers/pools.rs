//! Pools.

use serde_json::{Value, json};

use super::{DONE, elements, locked, required, some_text};
use crate::pve::access::{Access, Pool};
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

/// The pools that the caller may look at, or one of them with its members.
pub(super) fn list(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    if let Some(name) = some_text(call, "poolid") {
        access.require(&call.caller, &format!("/pool/{name}"), &["Pool.Audit"])?;
        let mut pool = read(site, around, call)?;
        pool["poolid"] = json!(name);
        return Ok(json!([pool]));
    }
    let entry = |(name, pool): (&String, &Pool)| {
        let mut entry = json!({ "poolid": name });
        if let Some(comment) = &pool.comment {
            entry["comment"] = json!(comment);
        }
        entry
    };
    let seen = |name: &str| access.allowed(&call.caller, &format!("/pool/{name}"), &["Pool.Audit"]);
    Ok(access.pools.iter().filter(|(name, _)| seen(name)).map(entry).collect())
}

pub(super) fn create(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "poolid");
    let access = &mut site.pve.access;
    locked("create pool failed", || {
        if access.pools.contains_key(&name) {
            return Err(format!("pool '{name}' already exists"));
        }
        if let Some((parent, _)) = name.rsplit_once('/').filter(|(parent, _)| !access.pools.contains_key(*parent)) {
            return Err(format!("parent '{parent}' of pool '{name}' does not exist"));
        }
        access.pools.insert(name.clone(), Pool { comment: some_text(call, "comment"), ..Pool::default() });
        Ok(())
    })?;
    DONE
}

/// A pool with its members that exist.
pub(super) fn read(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "poolid");
    let pool = site.pve.access.pools.get(&name);
    let pool = pool.ok_or_else(|| Refusal::died(format!("pool '{name}' does not exist")))?;
    let node = &site.pve.node;
    let wants = |kind: &str| call.text("type").is_none_or(|wish| wish == kind);
    let mut members = Vec::new();
    for id in pool.vms.iter().filter(|_| wants("qemu")) {
        let Some(vm) = site.pve.vms.get(id) else { continue };
        let mut member = json!({ "id": format!("qemu/{id}"), "node": node, "type": "qemu", "vmid": id });
        if let Some(vm_name) = vm.config.get("name") {
            member["name"] = json!(vm_name);
        }
        members.push(member);
    }
    for storage in pool.storages.iter().filter(|_| wants("storage")) {
        members.push(json!({
            "id": format!("storage/{node}/{storage}"), "node": node, "type": "storage", "storage": storage,
        }));
    }
    let mut answer = json!({ "members": members });
    if let Some(comment) = &pool.comment {
        answer["comment"] = json!(comment);
    }
    Ok(answer)
}

/// Changes the remark, adds members, or takes them out with `delete`.
pub(super) fn update(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "poolid");
    let access = &mut site.pve.access;
    let (vms, storages) = (elements(call, "vms"), elements(call, "storage"));
    // Whoever moves something in or out must be allowed to change its permissions.
    for id in &vms {
        access.require_modify(&call.caller, &format!("/vms/{id}"))?;
    }
    for id in &storages {
        access.require_modify(&call.caller, &format!("/storage/{id}"))?;
    }
    locked("update pools failed", || {
        // Nothing is kept of a change that fails half-way.
        let mut changed = access.clone();
        if !changed.pools.contains_key(&name) {
            return Err(format!("pool '{name}' does not exist"));
        }
        for id in vms.iter().filter_map(|id| id.parse().ok()) {
            change_vm(&mut changed, &name, id, call)?;
        }
        for id in &storages {
            change_storage(&mut changed, &name, id, call)?;
        }
        if let (Some(comment), Some(pool)) = (call.text("comment"), changed.pools.get_mut(&name)) {
            pool.comment = Some(comment);
        }
        *access = changed;
        Ok(())
    })?;
    DONE
}

fn change_vm(access: &mut Access, name: &str, id: u32, call: &Call) -> Result<(), String> {
    let current = access.pool_of(id).map(str::to_owned);
    let is_member = current.as_deref() == Some(name);
    match (call.flag("delete"), is_member, current) {
        (true, false, _) => return Err(format!("VM {id} is not a pool member")),
        (false, true, _) => return Err(format!("VM {id} is already a pool member")),
        (false, false, Some(other)) if !call.flag("allow-move") => {
            return Err(format!("VM {id} belongs already to pool '{other}' and 'allow-move' is not set"));
        }
        _ => {}
    }
    for pool in access.pools.values_mut() {
        pool.vms.remove(&id);
    }
    if !call.flag("delete") {
        access.pools.entry(name.to_owned()).or_default().vms.insert(id);
    }
    Ok(())
}

fn change_storage(access: &mut Access, name: &str, id: &str, call: &Call) -> Result<(), String> {
    let storages = &mut access.pools.entry(name.to_owned()).or_default().storages;
    match (call.flag("delete"), storages.contains(id)) {
        (true, false) => return Err(format!("Storage '{id}' is not a pool member")),
        (false, true) => return Err(format!("Storage '{id}' is already a pool member")),
        (true, true) => storages.remove(id),
        (false, false) => storages.insert(id.to_owned()),
    };
    Ok(())
}

/// Removes an empty pool and the permissions on it; destroyed machines do not count.
pub(super) fn delete(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "poolid");
    let vms = &site.pve.vms;
    let access = &mut site.pve.access;
    locked("delete pool failed", || {
        let pool = access.pools.get(&name).ok_or_else(|| format!("pool '{name}' does not exist"))?;
        let inside = format!("{name}/");
        if let Some(child) = access.pools.keys().find(|other| other.starts_with(&inside)) {
            return Err(format!("pool '{name}' is not empty (contains pool '{child}')"));
        }
        if let Some(id) = pool.vms.iter().find(|id| vms.contains_key(id)) {
            return Err(format!("pool '{name}' is not empty (contains VM {id})"));
        }
        if let Some(id) = pool.storages.first() {
            return Err(format!("pool '{name}' is not empty (contains storage '{id}')"));
        }
        access.pools.remove(&name);
        access.acl.remove(&format!("/pool/{name}"));
        Ok(())
    })?;
    DONE
}
