//! The methods about users, tokens, groups, roles, permissions, sessions and pools.

mod acl;
mod groups;
mod pools;
mod roles;
mod session;
mod tokens;
mod users;

use serde_json::Value;

use super::{Access, User};
use crate::pve::call::{Call, Handler, Refusal};
use crate::pve::formats;

/// The method behind a verb and a path template of this area.
pub fn find(verb: &str, template: &str) -> Option<Handler> {
    Some(match (verb, template) {
        ("GET", "/access") => session::index,
        ("GET", "/access/acl") => acl::list,
        ("PUT", "/access/acl") => acl::update,
        ("GET", "/access/domains") => session::realms,
        ("GET", "/access/groups") => groups::list,
        ("POST", "/access/groups") => groups::create,
        ("GET", "/access/groups/{groupid}") => groups::read,
        ("PUT", "/access/groups/{groupid}") => groups::update,
        ("DELETE", "/access/groups/{groupid}") => groups::delete,
        ("PUT", "/access/password") => session::change_password,
        ("GET", "/access/permissions") => session::permissions,
        ("GET", "/access/roles") => roles::list,
        ("POST", "/access/roles") => roles::create,
        ("GET", "/access/roles/{roleid}") => roles::read,
        ("PUT", "/access/roles/{roleid}") => roles::update,
        ("DELETE", "/access/roles/{roleid}") => roles::delete,
        ("GET", "/access/ticket") => session::no_ticket,
        ("POST", "/access/ticket") => session::ticket,
        ("GET", "/access/users") => users::list,
        ("POST", "/access/users") => users::create,
        ("GET", "/access/users/{userid}") => users::read,
        ("PUT", "/access/users/{userid}") => users::update,
        ("DELETE", "/access/users/{userid}") => users::delete,
        ("GET", "/access/users/{userid}/token") => tokens::list,
        ("GET", "/access/users/{userid}/token/{tokenid}") => tokens::read,
        ("POST", "/access/users/{userid}/token/{tokenid}") => tokens::create,
        ("PUT", "/access/users/{userid}/token/{tokenid}") => tokens::update,
        ("DELETE", "/access/users/{userid}/token/{tokenid}") => tokens::delete,
        ("GET", "/pools") => pools::list,
        ("POST", "/pools") => pools::create,
        ("PUT", "/pools" | "/pools/{poolid}") => pools::update,
        ("GET", "/pools/{poolid}") => pools::read,
        ("DELETE", "/pools" | "/pools/{poolid}") => pools::delete,
        _ => return None,
    })
}

/// A text that the verifier has made sure of.
fn required(call: &Call, name: &str) -> String {
    call.text(name).unwrap_or_default()
}

/// A number that the verifier has made sure of.
fn number(call: &Call, name: &str) -> Option<i64> {
    call.text(name)?.parse().ok()
}

/// The elements of a list parameter.
fn elements(call: &Call, name: &str) -> Vec<String> {
    formats::split_list(&call.text(name).unwrap_or_default()).map(str::to_owned).collect()
}

/// A text that is not empty.
fn some_text(call: &Call, name: &str) -> Option<String> {
    call.text(name).filter(|text| !text.is_empty())
}

/// Changes are made under a lock, whose name stands before what goes wrong inside.
fn locked<T>(what: &str, change: impl FnOnce() -> Result<T, String>) -> Result<T, Refusal> {
    change().map_err(|text| Refusal::died(format!("{what}: {text}")))
}

fn existing_user<'a>(access: &'a mut Access, id: &str) -> Result<&'a mut User, String> {
    access.users.get_mut(id).ok_or_else(|| format!("no such user ('{id}')"))
}

/// Nothing to say.
const DONE: Result<Value, Refusal> = Ok(Value::Null);
