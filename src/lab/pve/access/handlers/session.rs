//! Logging in, passwords, and what one may do.

use serde_json::{Map, Value, json};

use super::{DONE, existing_user, required, some_text};
use crate::pve::access::{Access, denied};
use crate::pve::call::{Call, Caller, Refusal};
use crate::world::{Site, Surroundings};

pub(super) fn index(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    let below = ["acl", "domains", "groups", "password", "permissions", "roles", "ticket", "users"];
    Ok(below.iter().map(|name| json!({ "subdir": name })).collect())
}

/// The realms that come with Proxmox.
pub(super) fn realms(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    Ok(json!([
        { "realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication" },
        { "realm": "pve", "type": "pve", "comment": "Proxmox VE authentication server" },
    ]))
}

/// A place for login pages; there is nothing to read.
pub(super) fn no_ticket(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    DONE
}

/// Logs in. A refusal never says why.
pub(super) fn ticket(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    let name = required(call, "username");
    let user = match some_text(call, "realm") {
        Some(realm) if !name.contains('@') => format!("{name}@{realm}"),
        _ => name,
    };
    let now_s = around.now.unix_seconds();
    if !access.verify_password(&user, &required(call, "password"), now_s) {
        return Err(Refusal::Status(401, "authentication failure".to_owned()));
    }
    Ok(json!({
        "ticket": access.make_ticket(&user, now_s),
        "CSRFPreventionToken": access.make_csrf_token(&user, now_s),
        "username": user,
        "cap": capabilities(access, &user),
    }))
}

/// The areas of the user interface with the privileges that count there.
const AREAS: [(&str, &[&str]); 7] = [
    ("vms", &["VM.", "Permissions.Modify"]),
    ("access", &["User.", "Group.", "Permissions.Modify"]),
    ("storage", &["Datastore.", "Permissions.Modify"]),
    ("nodes", &["Sys.", "Permissions.Modify"]),
    ("sdn", &["SDN.", "Permissions.Modify"]),
    ("dc", &["Sys.Audit", "Sys.Modify", "SDN."]),
    ("mapping", &["Mapping.", "Permissions.Modify"]),
];

/// What the user interface may show: the privileges held anywhere, by area. Those on a pool count for its machines
/// and storages.
fn capabilities(access: &Access, user: &str) -> Value {
    let caller = Caller { user: user.to_owned(), token: None };
    let mut capabilities: Map<String, Value> = AREAS.iter().map(|(area, _)| ((*area).to_owned(), json!({}))).collect();
    for path in access.known_paths() {
        let place = match path.split('/').nth(1).unwrap_or_default() {
            "" => "dc",
            place => place,
        };
        for privilege in access.permissions(&caller, &path).into_keys() {
            for (area, prefixes) in AREAS {
                let counts_here = area == place || (place == "pool" && ["vms", "storage"].contains(&area));
                if counts_here && prefixes.iter().any(|prefix| privilege.starts_with(prefix)) {
                    capabilities[area][&privilege] = json!(1);
                }
            }
        }
    }
    Value::Object(capabilities)
}

pub(super) fn change_password(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let user = required(call, "userid");
    let access = &mut site.pve.access;
    let own = required(call, "confirmation-password");
    if !call.caller.is_root() && !access.verify_password(&call.caller.user, &own, around.now.unix_seconds()) {
        return Err(Refusal::Status(401, "authentication failure".to_owned()));
    }
    existing_user(access, &user).map_err(Refusal::died)?.password = Some(required(call, "password"));
    DONE
}

/// The effective privileges of a caller, on one path or on all that matter. Looking at somebody else is auditing.
pub(super) fn permissions(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    let whose = match some_text(call, "userid") {
        None => call.caller.clone(),
        Some(id) => {
            let whose = caller_of(&id);
            let is_own = id == call.caller.full_id() || (call.caller.token.is_none() && whose.user == call.caller.user);
            if !is_own && !access.allowed(&call.caller, "/access", &["Sys.Audit"]) {
                return Err(denied("/access, Sys.Audit"));
            }
            whose
        }
    };
    let on = |path: &str| -> Value {
        let held = access.permissions(&whose, path);
        Value::Object(held.into_iter().map(|(privilege, below)| (privilege, json!(u8::from(below)))).collect())
    };
    if let Some(path) = some_text(call, "path") {
        return Ok(Value::Object(Map::from_iter([(path.clone(), on(&path))])));
    }
    let all = access.known_paths().into_iter().map(|path| (path.clone(), on(&path)));
    Ok(Value::Object(all.filter(|(_, held)| held.as_object().is_some_and(|held| !held.is_empty())).collect()))
}

fn caller_of(id: &str) -> Caller {
    match id.rsplit_once('!') {
        Some((user, token)) => Caller { user: user.to_owned(), token: Some(token.to_owned()) },
        None => Caller { user: id.to_owned(), token: None },
    }
}
