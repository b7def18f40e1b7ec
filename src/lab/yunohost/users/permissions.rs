//! `user permission ...`: who may use what. Apps add theirs with [`add_app_permissions`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::Yunohost;
use super::super::context::{Context, Outcome, Refusal};
use super::super::neighbours;
use super::super::reply::Args;
use super::super::state::Permission;

/// The permissions of a server without apps.
pub fn first_permissions() -> BTreeMap<String, Permission> {
    [
        ("mail.main", Permission::system("Email", &["all_users"])),
        ("sftp.main", Permission::system("SFTP", &[])),
        ("ssh.main", Permission::system("SSH", &["admins"])),
    ]
    .map(|(name, permission)| (name.to_owned(), permission))
    .into()
}

/// Adds the permissions of an app that was just installed: `main` and others by their short name. The label of `main`
/// is the app's; that of the others stands in brackets after it. `base` is the app's place, `alpage.test/dolibarr`.
pub fn add_app_permissions(yunohost: &mut Yunohost, app: &str, base: &str, permissions: Vec<(String, Permission)>) {
    for (short, permission) in permissions {
        let permission = Permission { base: base.trim_end_matches('/').to_owned(), system: false, ..permission };
        yunohost.permissions.insert(format!("{app}.{short}"), permission);
    }
}

/// Moves an app to another place.
pub fn move_app_permissions(yunohost: &mut Yunohost, app: &str, base: &str) {
    for permission in of_app(yunohost, app) {
        permission.base = base.trim_end_matches('/').to_owned();
    }
}

/// Removes the permissions of an app.
pub fn remove_app_permissions(yunohost: &mut Yunohost, app: &str) {
    yunohost.permissions.retain(|name, _| !belongs_to(name, app));
}

fn of_app<'a>(yunohost: &'a mut Yunohost, app: &'a str) -> impl Iterator<Item = &'a mut Permission> {
    yunohost.permissions.iter_mut().filter(move |(name, _)| belongs_to(name, app)).map(|(_, permission)| permission)
}

fn belongs_to(permission: &str, app: &str) -> bool {
    permission.split_once('.').is_some_and(|(owner, _)| owner == app)
}

/// The users whom a permission reaches, sorted.
pub fn users_of(yunohost: &Yunohost, name: &str) -> Vec<String> {
    let Some(permission) = yunohost.permissions.get(name) else { return Vec::new() };
    let mut users: Vec<String> = permission
        .allowed
        .iter()
        .flat_map(|allowed| yunohost.group(allowed).map(|group| group.members.clone()).unwrap_or_default())
        .collect();
    users.sort();
    users.dedup();
    users
}

/// The permissions that a group has directly.
pub fn granted_to(yunohost: &Yunohost, group: &str) -> Vec<String> {
    let granted =
        yunohost.permissions.iter().filter(|(_, permission)| permission.allowed.iter().any(|one| one == group));
    granted.map(|(name, _)| name.clone()).collect()
}

/// The label as it is shown: `Dolibarr`, `Dolibarr (api)`.
pub fn label(yunohost: &Yunohost, name: &str) -> String {
    let Some(permission) = yunohost.permissions.get(name) else { return String::new() };
    match name.split_once('.') {
        Some((app, short)) if short != "main" && !permission.system => {
            let main = yunohost.permissions.get(&format!("{app}.main"));
            let main = main.map_or(app, |main| &main.label);
            let own = if permission.label.is_empty() { short } else { &permission.label };
            format!("{main} ({own})")
        }
        _ => permission.label.clone(),
    }
}

/// The whole URL of a permission: the app's place and what it adds to it.
pub fn absolute_url(permission: &Permission) -> Option<String> {
    let url = permission.url.as_deref()?;
    Some(match url.strip_prefix("re:") {
        Some(_) => url.to_owned(),
        None => format!("{}{}", permission.base, url.trim_end_matches('/')),
    })
}

/// `user permission list`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    let apps = args.many("apps");
    let state = context.state();
    let shown = state.permissions.keys().filter(|name| apps.is_empty() || apps.iter().any(|app| belongs_to(name, app)));
    let permissions: Map<String, Value> = shown
        .map(|name| {
            let entry = if args.given("--full") { details(state, name, true) } else { summary(state, name) };
            (name.clone(), entry)
        })
        .collect();
    Ok(Some(json!({ "permissions": permissions })))
}

fn summary(yunohost: &Yunohost, name: &str) -> Value {
    let permission = &yunohost.permissions[name];
    let label = label(yunohost, name);
    if permission.system {
        return json!({ "allowed": permission.allowed, "label": label });
    }
    let mut entry = json!({ "label": label });
    if let Some(url) = absolute_url(permission) {
        entry["url"] = json!(url);
    }
    entry["allowed"] = json!(permission.allowed);
    entry
}

fn details(yunohost: &Yunohost, name: &str, absolute: bool) -> Value {
    let permission = &yunohost.permissions[name];
    let (label, users) = (label(yunohost, name), users_of(yunohost, name));
    if permission.system {
        return json!({
            "allowed": permission.allowed, "label": label, "protected": permission.protected,
            "corresponding_users": users,
        });
    }
    let url = if absolute { absolute_url(permission) } else { permission.url.clone() };
    json!({
        "label": label,
        "url": url,
        "additional_urls": permission.additional_urls,
        "auth_header": permission.auth_header,
        "show_tile": permission.show_tile,
        "protected": permission.protected,
        "allowed": permission.allowed,
        "corresponding_users": users,
    })
}

/// The full name of a permission that exists.
fn find(context: &mut Context<'_>, asked: &str) -> Result<String, Refusal> {
    let name = if asked.contains('.') { asked.to_owned() } else { format!("{asked}.main") };
    if context.state().permissions.contains_key(&name) {
        return Ok(name);
    }
    let app = name.split('.').next().unwrap_or_default();
    let installed = neighbours::installed_apps(context.state());
    if installed.iter().any(|one| one == app) || matches!(app, "mail" | "ssh" | "sftp") {
        return Err(context.refuse("permission_not_found", &[("permission", &name)]));
    }
    let listed: String = installed.iter().map(|one| format!("\n - {one}")).collect();
    Err(context.refuse("app_not_installed", &[("app", app), ("all_apps", &listed)]))
}

/// `user permission info`.
pub fn info(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = find(context, args.one("permission").unwrap_or_default())?;
    Ok(Some(details(context.state(), &name, false)))
}

/// `user permission add`.
pub fn add(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = find(context, args.one("permission").unwrap_or_default())?;
    let mut allowed = allowed_of(context, &name);
    for group in args.many("names") {
        check_grant(context, &name, group)?;
        if allowed.contains(group) {
            context.warning("permission_already_allowed", &[("permission", &name), ("group", group)]);
        } else {
            allowed.push(group.clone());
        }
    }
    grant(context, &name, allowed)
}

/// `user permission remove`.
pub fn remove(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = find(context, args.one("permission").unwrap_or_default())?;
    let mut allowed = allowed_of(context, &name);
    for group in args.many("names") {
        if group == "visitors" && is_protected(context, &name) {
            return Err(context.refuse("permission_protected", &[("permission", &name)]));
        }
        if allowed.contains(group) {
            allowed.retain(|one| one != group);
        } else {
            context.warning("permission_already_disallowed", &[("permission", &name), ("group", group)]);
        }
    }
    grant(context, &name, allowed)
}

fn allowed_of(context: &mut Context<'_>, name: &str) -> Vec<String> {
    context.state().permissions[name].allowed.clone()
}

fn is_protected(context: &mut Context<'_>, name: &str) -> bool {
    let permission = &context.state().permissions[name];
    permission.protected && !permission.system
}

fn check_grant(context: &mut Context<'_>, name: &str, group: &str) -> Result<(), Refusal> {
    if context.state().group(group).is_none() {
        return Err(super::groups::unknown(context, group));
    }
    let system = context.state().permissions[name].system;
    if group == "visitors" && system {
        return Err(context.refuse("permission_require_account", &[("permission", name)]));
    }
    if group == "visitors" && is_protected(context, name) {
        return Err(context.refuse("permission_protected", &[("permission", name)]));
    }
    if group == "all_users" && matches!(name, "ssh.main" | "sftp.main") {
        return Err(context.refuse("permission_cant_add_to_all_users", &[("permission", name)]));
    }
    Ok(())
}

fn grant(context: &mut Context<'_>, name: &str, allowed: Vec<String>) -> Outcome {
    let beyond = allowed.iter().filter(|group| *group != "all_users" && *group != "visitors").count();
    if allowed.iter().any(|group| group == "all_users") && beyond > 0 {
        context.warning("permission_currently_allowed_for_all_users", &[]);
    }
    if let Some(permission) = context.state().permissions.get_mut(name) {
        permission.allowed = allowed;
    }
    context.success("permission_updated", &[("permission", name)]);
    Ok(Some(details(context.state(), name, false)))
}

/// `user permission update`.
pub fn update(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = find(context, args.one("permission").unwrap_or_default())?;
    if let Some(permission) = context.state().permissions.get_mut(&name) {
        if let Some(label) = args.one("--label") {
            permission.label = label.to_owned();
        }
        if let Some(shown) = args.one("--show_tile") {
            permission.show_tile = shown == "True";
        }
    }
    context.success("permission_updated", &[("permission", &name)]);
    let permission = &context.state().permissions[&name];
    let system = json!({ "allowed": permission.allowed, "label": permission.label, "protected": permission.protected });
    let own = json!({
        "additional_urls": permission.additional_urls,
        "allowed": permission.allowed,
        "auth_header": permission.auth_header,
        "label": permission.label,
        "protected": permission.protected,
        "show_tile": permission.show_tile,
        "url": permission.url,
    });
    Ok(Some(if permission.system { system } else { own }))
}
