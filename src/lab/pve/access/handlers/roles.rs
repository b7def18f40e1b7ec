//! Roles.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{DONE, elements, locked, required};
use crate::pve::access::privileges;
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

pub(super) fn list(site: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    let built_in = privileges::built_in_roles();
    let special = built_in.iter().map(|(name, held)| entry(name, held.iter().copied().collect(), 1));
    let own = site.pve.access.roles.iter();
    let own = own.map(|(name, held)| entry(name, held.iter().map(String::as_str).collect(), 0));
    Ok(special.chain(own).collect())
}

fn entry(name: &str, held: Vec<&str>, special: u8) -> Value {
    json!({ "roleid": name, "privs": held.join(","), "special": special })
}

pub(super) fn create(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "roleid");
    if name.to_ascii_uppercase().starts_with("PVE") {
        let text = "cannot use role ID starting with the (case-insensitive) 'PVE' namespace";
        return Err(Refusal::param("roleid", text));
    }
    let access = &mut site.pve.access;
    locked("create role failed", || {
        if access.role(&name).is_some() {
            return Err(format!("role '{name}' already exists"));
        }
        access.roles.insert(name.clone(), elements(call, "privs").into_iter().collect());
        Ok(())
    })?;
    DONE
}

pub(super) fn read(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "roleid");
    let held = site.pve.access.role(&name).ok_or_else(|| Refusal::died(format!("role '{name}' does not exist")))?;
    let all: Map<String, Value> = held.into_iter().map(|privilege| (privilege, json!(1))).collect();
    Ok(Value::Object(all))
}

pub(super) fn update(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "roleid");
    refuse_built_in(&name, "modified")?;
    let access = &mut site.pve.access;
    locked("update role failed", || {
        let role = access.roles.get_mut(&name).ok_or_else(|| format!("role '{name}' does not exist"))?;
        let new: BTreeSet<String> = elements(call, "privs").into_iter().collect();
        if call.flag("append") {
            role.extend(new);
        } else {
            *role = new;
        }
        Ok(())
    })?;
    DONE
}

pub(super) fn delete(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "roleid");
    refuse_built_in(&name, "deleted")?;
    let access = &mut site.pve.access;
    locked("delete role failed", || {
        access.roles.remove(&name).map(|_| ()).ok_or_else(|| format!("role '{name}' does not exist"))
    })?;
    DONE
}

fn refuse_built_in(name: &str, what: &str) -> Result<(), Refusal> {
    if privileges::built_in(name).is_none() {
        return Ok(());
    }
    Err(Refusal::died(format!("auto-generated role '{name}' cannot be {what}")))
}
