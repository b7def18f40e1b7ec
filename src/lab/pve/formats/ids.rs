//! Names and numbers of things: machines, nodes, storages, pools, users, tokens, roles.

use super::{Verdict, must};
use crate::pve::access::privileges;

pub(super) fn check(format: &str, value: &str) -> Verdict {
    match format {
        "pve-vmid" => must(is_vmid(value), || "value does not look like a valid VM ID".to_owned()),
        "pve-node" => must(is_label(value), || "value does not look like a valid node name".to_owned()),
        "pve-configid" => must(is_config_id(value), || format!("invalid configuration ID '{value}'")),
        "pve-storage-id" => storage_id(value),
        "pve-tag" => must(is_tag(value), || "invalid characters in tag".to_owned()),
        "pve-poolid" => pool_id(value),
        "pve-groupid" => plain_name("group", value),
        "pve-roleid" => plain_name("role", value),
        "pve-priv" => must(privileges::exists(value), || format!("invalid privilege '{value}'")),
        "pve-realm" => must(is_realm(value), || "value does not look like a valid realm".to_owned()),
        "pve-userid" => Some(user_id(value)),
        "pve-tokenid" => must(is_token_id(value), || format!("value '{value}' does not look like a valid token ID")),
        "pve-ha-resource-or-vm-id" => {
            must(is_ha_resource(value), || "value does not look like a valid ha resource id".to_owned())
        }
        _ => None,
    }
}

fn is_vmid(value: &str) -> bool {
    (3..=9).contains(&value.len()) && value.bytes().all(|one| one.is_ascii_digit()) && !value.starts_with('0')
}

/// One label of a DNS name, without the length limit that Proxmox does not check.
pub(super) fn is_label(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'-')
        && !value.starts_with('-')
        && !value.ends_with('-')
}

/// `[a-z][a-z0-9_-]+`, upper case too.
pub(super) fn is_config_id(value: &str) -> bool {
    value.len() >= 2
        && value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_' || one == b'-')
}

/// `[a-z][a-z0-9-_.]*[a-z0-9]`, upper case too.
pub(super) fn is_storage_id(value: &str) -> bool {
    value.len() >= 2
        && value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.ends_with(|last: char| last.is_ascii_alphanumeric())
        && value.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_.".contains(&one))
}

fn storage_id(value: &str) -> Verdict {
    if value.chars().count() < 2 {
        return Some(Err(format!("storage ID '{value}' cannot be shorter than 2 characters")));
    }
    must(is_storage_id(value), || format!("storage ID '{value}' contains illegal characters"))
}

fn is_tag(value: &str) -> bool {
    value.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && value.bytes().all(|one| one.is_ascii_alphanumeric() || b"_-+.".contains(&one))
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|one| one.is_ascii_alphanumeric() || b".-_".contains(&one))
}

fn plain_name(kind: &str, value: &str) -> Verdict {
    must(is_plain(value), || format!("{kind} name '{value}' contains invalid characters"))
}

fn pool_id(value: &str) -> Verdict {
    // Perl's split drops empty fields at the end.
    if value.trim_end_matches('/').split('/').count() > 3 {
        return Some(Err(format!("pool name '{value}' nested too deeply (max levels = 3)")));
    }
    must(value.split('/').all(is_plain), || format!("pool name '{value}' contains invalid characters"))
}

fn is_user(value: &str) -> bool {
    !value.is_empty() && !value.contains(|one: char| one.is_whitespace() || one == ':' || one == '/')
}

/// `[A-Za-z][A-Za-z0-9.-_]+`: realms and the names of tokens.
fn is_realm(value: &str) -> bool {
    value.len() >= 2 && value.starts_with(|first: char| first.is_ascii_alphabetic()) && is_plain(value)
}

/// Checks `name@realm`.
///
/// # Errors
/// The words of the refusal, without a line break.
pub fn user_id(value: &str) -> Result<(), String> {
    let length = value.chars().count();
    if length < 3 {
        return Err(format!("user name '{value}' is too short"));
    }
    if length > 64 {
        return Err(format!("user name '{value}' is too long ({length} > 64)"));
    }
    match value.rsplit_once('@') {
        Some((name, realm)) if is_user(name) && is_realm(realm) => Ok(()),
        _ => Err(format!("value '{value}' does not look like a valid user name")),
    }
}

/// `name@realm!token`.
pub(super) fn is_token_id(value: &str) -> bool {
    value
        .rsplit_once('!')
        .and_then(|(user, token)| Some((user.rsplit_once('@')?, token)))
        .is_some_and(|((name, realm), token)| is_user(name) && is_realm(realm) && is_realm(token))
}

fn is_ha_resource(value: &str) -> bool {
    let id = value.split_once(':').filter(|(kind, _)| kind.bytes().all(|one| one.is_ascii_lowercase()));
    match id {
        Some((kind, name)) => !kind.is_empty() && !name.is_empty() && !name.contains(char::is_whitespace),
        None => !value.is_empty() && value.bytes().all(|one| one.is_ascii_digit()),
    }
}
