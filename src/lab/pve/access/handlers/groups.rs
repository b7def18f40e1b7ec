//! Groups of users.

use serde_json::{Value, json};

use super::{DONE, locked, required, some_text};
use crate::pve::access::{Access, Group};
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

pub(super) fn list(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    let privileges = ["User.Modify", "Sys.Audit", "Group.Allocate"];
    let seen = |name: &str| access.allowed_any(&call.caller, &format!("/access/groups/{name}"), &privileges);
    let entry = |(name, group): (&String, &Group)| {
        let mut entry = json!({ "groupid": name, "users": users(group).join(",") });
        if let Some(comment) = &group.comment {
            entry["comment"] = json!(comment);
        }
        entry
    };
    Ok(access.groups.iter().filter(|(name, _)| seen(name)).map(entry).collect())
}

pub(super) fn create(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let name = required(call, "groupid");
    let access = &mut site.pve.access;
    locked("create group failed", || {
        if access.groups.contains_key(&name) {
            return Err(format!("group '{name}' already exists"));
        }
        let group = Group { comment: some_text(call, "comment"), ..Group::default() };
        access.groups.insert(name.clone(), group);
        Ok(())
    })?;
    DONE
}

pub(super) fn read(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let group = existing(&mut site.pve.access, call).map_err(Refusal::died)?;
    let mut entry = json!({ "members": users(group) });
    if let Some(comment) = &group.comment {
        entry["comment"] = json!(comment);
    }
    Ok(entry)
}

pub(super) fn update(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &mut site.pve.access;
    locked("update group failed", || {
        let group = existing(access, call)?;
        if let Some(comment) = call.text("comment") {
            group.comment = Some(comment);
        }
        Ok(())
    })?;
    DONE
}

/// Removes a group and its permissions.
pub(super) fn delete(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &mut site.pve.access;
    let name = required(call, "groupid");
    locked("delete group failed", || existing(access, call).map(|_| ()))?;
    access.groups.remove(&name);
    for entries in access.acl.values_mut() {
        entries.groups.remove(&name);
    }
    DONE
}

fn existing<'a>(access: &'a mut Access, call: &Call) -> Result<&'a mut Group, String> {
    let name = required(call, "groupid");
    access.groups.get_mut(&name).ok_or_else(|| format!("group '{name}' does not exist"))
}

fn users(group: &Group) -> Vec<&str> {
    group.users.iter().map(String::as_str).collect()
}
