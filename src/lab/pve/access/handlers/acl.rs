//! Permissions.

use serde_json::{Value, json};

use super::{DONE, elements, locked, required};
use crate::pve::access::rights::normalize;
use crate::pve::access::{Access, HolderKind};
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

/// The permissions on those paths where the caller may change them, or on all for an auditor.
pub(super) fn list(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    let audits = access.allowed(&call.caller, "/access", &["Sys.Audit"]);
    let mut list = Vec::new();
    for (path, entries) in &access.acl {
        if !audits && access.require_modify(&call.caller, path).is_err() {
            continue;
        }
        for (kind, holders) in [("user", &entries.users), ("group", &entries.groups), ("token", &entries.tokens)] {
            for (holder, roles) in holders {
                list.extend(roles.iter().map(|(role, below)| {
                    json!({
                        "path": path, "type": kind, "ugid": holder, "roleid": role, "propagate": u8::from(*below),
                    })
                }));
            }
        }
    }
    Ok(Value::Array(list))
}

/// Adds permissions, or removes them with `delete`; doing it twice is doing it once.
pub(super) fn update(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let holders = [
        (HolderKind::Group, elements(call, "groups")),
        (HolderKind::User, elements(call, "users")),
        (HolderKind::Token, elements(call, "tokens")),
    ];
    if holders.iter().all(|(_, ids)| ids.is_empty()) {
        let text = "either 'users', 'groups' or 'tokens' is required.".to_owned();
        let names = ["users", "groups", "tokens"];
        return Err(Refusal::Params(names.iter().map(|name| ((*name).to_owned(), text.clone())).collect()));
    }
    let given = required(call, "path");
    let remove = call.flag("delete");
    let path = normalize(&given)
        .filter(|path| remove || is_acl_path(path))
        .ok_or_else(|| Refusal::param("path", format!("invalid ACL path '{given}'")))?;
    let below = call.text("propagate").is_none_or(|text| text == "1");
    let access = &mut site.pve.access;
    locked("ACL update failed", || {
        let mut changes = Vec::new();
        for role in elements(call, "roles") {
            if access.role(&role).is_none() {
                return Err(format!("role '{role}' does not exist"));
            }
            for (kind, ids) in &holders {
                for id in ids {
                    check_holder(access, *kind, id)?;
                    changes.push((*kind, id.clone(), role.clone()));
                }
            }
        }
        let entries = access.acl.entry(path.clone()).or_default();
        for (kind, id, role) in changes {
            let roles = entries.of_mut(kind).entry(id).or_default();
            if remove {
                roles.remove(&role);
            } else {
                roles.insert(role, below);
            }
        }
        for kind in [HolderKind::User, HolderKind::Group, HolderKind::Token] {
            entries.of_mut(kind).retain(|_, roles| !roles.is_empty());
        }
        Ok(())
    })?;
    access.acl.retain(|_, entries| !entries.is_empty());
    DONE
}

fn check_holder(access: &Access, kind: HolderKind, id: &str) -> Result<(), String> {
    match kind {
        HolderKind::Group if !access.groups.contains_key(id) => Err(format!("group '{id}' does not exist")),
        HolderKind::User if !access.users.contains_key(id) => Err(format!("user '{id}' does not exist")),
        HolderKind::Token => {
            let (user, name) = id.rsplit_once('!').unwrap_or((id, ""));
            let owner = access.users.get(user).ok_or_else(|| format!("no such user ('{user}')"))?;
            match owner.tokens.get(name) {
                Some(_) => Ok(()),
                None => Err(format!("no such token '{name}' for user '{user}'")),
            }
        }
        HolderKind::Group | HolderKind::User => Ok(()),
    }
}

/// Whether permissions can stand on a path: Proxmox knows the shape of each.
fn is_acl_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_id = |text: &str| text.len() >= 3 && !text.starts_with('0') && text.bytes().all(|one| one.is_ascii_digit());
    let is_vlan =
        |text: &str| text.len() <= 4 && !text.starts_with('0') && text.bytes().all(|one| one.is_ascii_digit());
    match parts.as_slice() {
        [] => true,
        ["access" | "nodes" | "pool" | "sdn" | "storage" | "vms" | "mapping"] => true,
        ["access", "groups" | "realm"] | ["access", "groups" | "realm", _] => true,
        ["nodes" | "storage", _] => true,
        ["pool", below @ ..] => below.len() <= 3,
        ["sdn", "zones" | "controllers" | "dns" | "ipams" | "fabrics"] => true,
        ["sdn", "controllers" | "dns" | "ipams" | "fabrics", _] => true,
        ["sdn", "zones", _] | ["sdn", "zones", _, _] => true,
        ["sdn", "zones", _, _, vlan] => is_vlan(vlan),
        ["vms", id] => is_id(id),
        ["mapping", _] | ["mapping", _, _] => true,
        _ => false,
    }
}
