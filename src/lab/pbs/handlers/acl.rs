//! Access entries, and what they amount to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::digest;
use crate::pbs::access::Entry;
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;

type Answer = Result<Reply, Refusal>;

/// Paths on which everybody's privileges are told when none is asked for.
const COMMON_PATHS: [&str; 6] = ["/", "/access", "/datastore", "/remote", "/system", "/tape"];

fn acl_digest(call: &Call<'_>) -> String {
    digest(&json!(call.server().access.entries))
}

/// `GET /access/acl`
pub fn list(call: &mut Call<'_>) -> Answer {
    let sees_all = call.may("/access/acl", &["Sys.Audit"]);
    let exact = call.flag("exact") == Some(true);
    let place = call.text("path").map(str::to_owned);
    let is_asked = |entry: &&Entry| match &place {
        None => true,
        Some(path) if exact => entry.path == *path,
        Some(path) => entry.path == *path || entry.path.starts_with(&format!("{}/", path.trim_end_matches('/'))),
    };
    let is_own = |entry: &&Entry| {
        sees_all || entry.who == call.auth_id || entry.who.split_once('!').is_some_and(|(user, _)| user == call.auth_id)
    };
    let mut entries: Vec<&Entry> = call.server().access.entries.iter().filter(is_asked).filter(is_own).collect();
    entries.sort_by(|one, other| (&one.path, &one.who).cmp(&(&other.path, &other.who)));
    let view = |entry: &Entry| {
        json!({
            "path": entry.path,
            "propagate": entry.propagate,
            "roleid": entry.role,
            "ugid": entry.who,
            "ugid_type": if entry.group { "group" } else { "user" },
        })
    };
    let list: Vec<Value> = entries.into_iter().map(view).collect();
    Ok(Reply::from(json!(list)).beside("digest", acl_digest(call)))
}

/// `PUT /access/acl`
pub fn update(call: &mut Call<'_>) -> Answer {
    let auth_id = call.text("auth-id").map(str::to_owned);
    if !call.may("/access/acl", &["Permissions.Modify"]) {
        if call.auth_id.contains('!') {
            return Err(Refusal::bad("Unprivileged API tokens can't set ACL items."));
        }
        let own = format!("{}!", call.auth_id);
        match &auth_id {
            Some(id) if id.starts_with(&own) => {}
            Some(_) => {
                return Err(Refusal::bad("Unprivileged users can only set ACL items for their own API tokens."));
            }
            None => return Err(Refusal::bad("Unprivileged user needs to provide auth_id to update ACL item.")),
        }
    }
    call.check_digest(&acl_digest(call))?;
    let delete = call.flag("delete") == Some(true);
    if call.text("group").is_some() {
        return Err(Refusal::bad("parameter 'group' - groups are currently not supported."));
    }
    let Some(who) = auth_id else { return Err(Refusal::bad("missing 'userid' or 'group' parameter.")) };
    let access = &call.server().access;
    if !delete {
        if who.contains('!') && !access.tokens.contains_key(&who) {
            return Err(Refusal::bad("no such API token."));
        }
        if !who.contains('!') && !access.users.contains_key(&who) {
            return Err(Refusal::bad("no such user."));
        }
    }
    let path = call.word("path");
    if !delete && !is_acl_path(&path) {
        return Err(Refusal::bad(format!("invalid acl path '{path}'.")));
    }
    let propagate = call.flag("propagate").unwrap_or(true);
    let entry = Entry { path, who, group: false, role: call.word("role"), propagate };
    let access = &mut call.server_mut().access;
    if delete {
        access.remove(&entry);
    } else {
        access.put(entry);
    }
    nothing()
}

/// Whether access can be given on a path.
fn is_acl_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] | ["access" | "datastore" | "remote" | "system" | "tape"] => true,
        ["access", "acl" | "users" | "domains" | "openid" | "tfa"] | ["access", "domains" | "tfa", _] => true,
        ["datastore", ..] => true,
        ["remote", below @ ..] => below.len() <= 10,
        ["system", "certificates" | "disks" | "log" | "notifications" | "status" | "tasks" | "time"] => true,
        ["system", "network" | "services", rest @ ..] => rest.len() <= 2,
        ["system", "s3-endpoint", rest @ ..] => rest.len() <= 1,
        ["tape", "device" | "pool" | "job", rest @ ..] => rest.len() <= 1,
        _ => false,
    }
}

/// `GET /access/permissions`
pub fn permissions(call: &mut Call<'_>) -> Answer {
    let asked = call.text("auth-id").map_or_else(|| call.auth_id.clone(), str::to_owned);
    let is_own = asked == call.auth_id || asked.split_once('!').is_some_and(|(user, _)| user == call.auth_id);
    if !is_own && !call.may("/access", &["Sys.Audit"]) {
        return Err(Refusal::check_failed());
    }
    let access = &call.server().access;
    let paths: BTreeSet<String> = match call.text("path") {
        Some(path) => BTreeSet::from([path.to_owned()]),
        None => {
            let given = access.entries.iter().map(|entry| entry.path.clone());
            given.chain(COMMON_PATHS.map(str::to_owned)).collect()
        }
    };
    let mut view = Map::new();
    for path in paths {
        let below = format!("{}/below", path.trim_end_matches('/'));
        let inherited = access.privileges(&asked, &below);
        let held: Map<String, Value> = access
            .privileges(&asked, &path)
            .names()
            .map(|name| (name.to_owned(), json!(inherited.has(&[name]))))
            .collect();
        if !held.is_empty() {
            view.insert(path, Value::Object(held));
        }
    }
    Ok(Value::Object(view).into())
}
