//! Users.

use serde_json::{Map, Value, json};

use super::{DONE, elements, existing_user, locked, number, required, some_text, tokens};
use crate::pve::access::{Access, User};
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

/// The texts that a user may have.
const TEXTS: [&str; 5] = ["firstname", "lastname", "email", "comment", "keys"];

pub(super) fn list(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &site.pve.access;
    let seen = |id: &str| {
        let privileges = ["User.Modify", "Sys.Audit"];
        let by_group = || {
            access.groups.iter().any(|(name, group)| {
                group.users.contains(id)
                    && access.allowed_any(&call.caller, &format!("/access/groups/{name}"), &privileges)
            })
        };
        id == call.caller.full_id() || access.allowed_any(&call.caller, "/access/groups", &privileges) || by_group()
    };
    let wanted = |user: &User| call.text("enabled").is_none_or(|wish| (wish == "1") == user.enabled);
    let entry = |(id, user): (&String, &User)| {
        let mut entry = shown(user);
        entry.insert("userid".to_owned(), json!(id));
        let realm = id.rsplit_once('@').map_or("", |(_, realm)| realm);
        entry.insert("realm-type".to_owned(), json!(realm));
        if call.flag("full") {
            entry.insert("groups".to_owned(), json!(groups_of(access, id).join(",")));
            entry.insert("tokens".to_owned(), json!(user.tokens.iter().map(tokens::named).collect::<Vec<_>>()));
        }
        Value::Object(entry)
    };
    Ok(access.users.iter().filter(|(id, user)| seen(id) && wanted(user)).map(entry).collect())
}

pub(super) fn create(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "userid");
    let access = &mut site.pve.access;
    locked("create user failed", || {
        if access.users.contains_key(&id) {
            return Err(format!("user '{id}' already exists"));
        }
        if let Some(group) = elements(call, "groups").iter().find(|group| !access.groups.contains_key(*group)) {
            return Err(format!("no such group '{group}'"));
        }
        let user = access.add_user(&id, call.text("password").as_deref());
        user.enabled = call.text("enable").is_none_or(|text| text == "1");
        user.expire = number(call, "expire").unwrap_or_default();
        user.texts = TEXTS.iter().filter_map(|name| Some(((*name).to_owned(), some_text(call, name)?))).collect();
        join_groups(access, &id, &elements(call, "groups"));
        Ok(())
    })?;
    DONE
}

pub(super) fn read(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "userid");
    let access = &mut site.pve.access;
    let groups = groups_of(access, &id);
    let user = existing_user(access, &id).map_err(Refusal::died)?;
    let mut entry = shown(user);
    entry.insert("groups".to_owned(), json!(groups));
    let all: Map<String, Value> =
        user.tokens.iter().map(|(name, token)| (name.clone(), tokens::shown(token))).collect();
    entry.insert("tokens".to_owned(), Value::Object(all));
    Ok(Value::Object(entry))
}

pub(super) fn update(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "userid");
    let access = &mut site.pve.access;
    locked("update user failed", || {
        let groups = elements(call, "groups");
        if let Some(group) = groups.iter().find(|group| !access.groups.contains_key(*group)) {
            return Err(format!("no such group '{group}'"));
        }
        let user = existing_user(access, &id)?;
        if let Some(enable) = call.text("enable") {
            user.enabled = enable == "1";
        }
        if let Some(expire) = number(call, "expire") {
            user.expire = expire;
        }
        for name in TEXTS {
            if let Some(text) = call.text(name) {
                user.texts.insert(name.to_owned(), text);
            }
        }
        if call.text("groups").is_some() && !call.flag("append") {
            leave_groups(access, &id);
        }
        join_groups(access, &id, &groups);
        Ok(())
    })?;
    DONE
}

/// Removes a user with his tokens and permissions.
pub(super) fn delete(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "userid");
    let access = &mut site.pve.access;
    leave_groups(access, &id);
    access.users.remove(&id);
    let of_user = format!("{id}!");
    for entries in access.acl.values_mut() {
        entries.users.remove(&id);
        entries.tokens.retain(|token, _| !token.starts_with(&of_user));
    }
    DONE
}

fn shown(user: &User) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("enable".to_owned(), json!(u8::from(user.enabled)));
    entry.insert("expire".to_owned(), json!(user.expire));
    entry.extend(user.texts.iter().map(|(name, text)| (name.clone(), json!(text))));
    entry
}

fn groups_of(access: &Access, id: &str) -> Vec<String> {
    access.groups.iter().filter(|(_, group)| group.users.contains(id)).map(|(name, _)| name.clone()).collect()
}

fn join_groups(access: &mut Access, id: &str, groups: &[String]) {
    for group in groups {
        if let Some(group) = access.groups.get_mut(group) {
            group.users.insert(id.to_owned());
        }
    }
}

fn leave_groups(access: &mut Access, id: &str) {
    for group in access.groups.values_mut() {
        group.users.remove(id);
    }
}
