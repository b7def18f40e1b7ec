//! What the apps' rooms ask of the directory, the domains, the permissions and the settings: one place where they meet.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Yunohost;
use super::job::Failure;
use super::nextcloud::Person;
use super::state::{Domain, Group, Permission, User};
use super::users::permissions;
use super::{passwords, settings};

/// A permission as an app makes it, and as an archive keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionSpec {
    /// Instance id.
    pub app: String,
    /// Short name, `main` or `api`.
    pub name: String,
    /// URL relative to the app, or `re:...`.
    pub url: Option<String>,
    /// Groups and users that have it.
    pub allowed: Vec<String>,
    /// Whether the single sign-on passes credentials.
    pub auth_header: bool,
    /// Whether `visitors` cannot be changed.
    pub protected: bool,
    /// Whether the portal shows it.
    pub show_tile: bool,
}

/// The state behind a part of the system in an archive.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SystemPart {
    /// People and groups (`conf_ldap`).
    pub directory: Option<(Vec<User>, Vec<Group>)>,
    /// Domains, the main one first (`conf_ynh_settings`), with the global settings.
    pub server: Option<(String, Vec<Domain>, std::collections::BTreeMap<String, Value>)>,
}

/// All domains in the order they were added.
pub fn domains(ynh: &Yunohost) -> Vec<String> {
    ynh.domains.iter().map(|domain| domain.name.clone()).collect()
}

/// The main domain.
pub fn main_domain(ynh: &Yunohost) -> String {
    ynh.main_domain.clone()
}

/// Everybody with an account, in the order they came.
pub fn people(ynh: &Yunohost) -> Vec<Person> {
    let person =
        |user: &User| Person { uid: user.username.clone(), name: user.fullname.clone(), mail: user.mail.clone() };
    ynh.users.iter().map(person).collect()
}

/// The administrator that forms propose.
pub fn first_admin(ynh: &Yunohost) -> Option<String> {
    ynh.group("admins")?.members.first().cloned()
}

/// Groups that apps may be opened to: the special ones first.
pub fn groups(ynh: &Yunohost) -> Vec<String> {
    let special = ["admins", "all_users", "visitors"];
    let own = ynh.groups.iter().filter(|group| !group.primary && !special.contains(&group.name.as_str()));
    special.iter().map(|name| (*name).to_owned()).chain(own.map(|group| group.name.clone())).collect()
}

/// Refuses a password that is too weak for a user.
///
/// # Errors
/// The refusal in YunoHost's words.
pub fn check_password(password: &str) -> Result<(), Failure> {
    if passwords::is_listed(password) {
        return Err(Failure::error(
            "This password is among the most used passwords in the world. Please choose something more unique.",
        ));
    }
    if password.chars().count() < 8 {
        return Err(Failure::error("The password needs to be at least 8 characters long"));
    }
    Ok(())
}

/// Whether archives are compressed.
pub fn compresses_archives(ynh: &Yunohost) -> bool {
    settings::text(ynh, "backup_compress_tar_archives") == "1"
}

fn full_name(app: &str, name: &str) -> String {
    format!("{app}.{name}")
}

/// Makes (or replaces) a permission of an app.
pub fn create_permission(ynh: &mut Yunohost, spec: PermissionSpec) {
    let Some(app) = ynh.apps.installed.get(&spec.app) else { return };
    let base = app.domain_path().unwrap_or_default();
    let label = if spec.name == "main" { super::apps::permission_label(app, &spec.app) } else { String::new() };
    let permission = Permission {
        label,
        url: spec.url,
        auth_header: spec.auth_header,
        show_tile: spec.show_tile,
        protected: spec.protected,
        allowed: spec.allowed,
        ..Permission::default()
    };
    permissions::add_app_permissions(ynh, &spec.app, &base, vec![(spec.name, permission)]);
}

/// Removes one permission of an app.
pub fn delete_permission(ynh: &mut Yunohost, app: &str, name: &str) {
    ynh.permissions.remove(&full_name(app, name));
}

/// Removes all permissions of an app.
pub fn delete_permissions(ynh: &mut Yunohost, app: &str) {
    permissions::remove_app_permissions(ynh, app);
}

/// Moves the permissions of an app to its present address.
pub fn move_permissions(ynh: &mut Yunohost, app: &str) {
    let base = ynh.apps.installed.get(app).and_then(super::apps::Installed::domain_path).unwrap_or_default();
    permissions::move_app_permissions(ynh, app, &base);
}

fn of_app<'a>(ynh: &'a Yunohost, app: &'a str) -> impl Iterator<Item = (&'a str, &'a Permission)> {
    ynh.permissions.iter().filter_map(move |(name, permission)| {
        let (owner, short) = name.split_once('.')?;
        (owner == app && !permission.system).then_some((short, permission))
    })
}

/// Short names of an app's permissions.
pub fn permission_names(ynh: &Yunohost, app: &str) -> Vec<String> {
    of_app(ynh, app).map(|(name, _)| name.to_owned()).collect()
}

/// An app's permissions as its settings hold them.
pub fn permissions_raw(ynh: &Yunohost, app: &str) -> Map<String, Value> {
    let raw = |(name, one): (&str, &Permission)| {
        let entry = json!({
            "additional_urls": one.additional_urls,
            "allowed": one.allowed,
            "auth_header": one.auth_header,
            "protected": one.protected,
            "show_tile": one.show_tile,
            "url": one.url,
        });
        (name.to_owned(), entry)
    };
    of_app(ynh, app).map(raw).collect()
}

/// An app's permissions as `app info --full` shows them.
pub fn permissions_shown(ynh: &Yunohost, app: &str) -> Map<String, Value> {
    let shown = |(name, one): (&str, &Permission)| {
        let full = full_name(app, name);
        let entry = json!({
            "label": permissions::label(ynh, &full),
            "url": permissions::absolute_url(one),
            "additional_urls": one.additional_urls,
            "auth_header": one.auth_header,
            "show_tile": one.show_tile,
            "protected": one.protected,
            "allowed": one.allowed,
            "corresponding_users": permissions::users_of(ynh, &full),
        });
        (full, entry)
    };
    of_app(ynh, app).map(shown).collect()
}

/// An app's permissions for an archive.
pub fn permissions_snapshot(ynh: &Yunohost, app: &str) -> Vec<PermissionSpec> {
    let spec = |(name, one): (&str, &Permission)| PermissionSpec {
        app: app.to_owned(),
        name: name.to_owned(),
        url: one.url.clone(),
        allowed: one.allowed.clone(),
        auth_header: one.auth_header,
        protected: one.protected,
        show_tile: one.show_tile,
    };
    of_app(ynh, app).map(spec).collect()
}

/// The label that the permission of an app shows.
pub fn permission_label(ynh: &Yunohost, app: &str, name: &str) -> String {
    permissions::label(ynh, &full_name(app, name))
}

/// The users that a permission reaches.
pub fn permitted_users(ynh: &Yunohost, permission: &str) -> Vec<String> {
    permissions::users_of(ynh, permission)
}

/// The key of a domain's configuration that names its default app.
const DEFAULT_APP: &str = "default_app";

/// Whether an app answers at the root of its domain.
pub fn is_default_app(ynh: &Yunohost, app: &str) -> bool {
    ynh.domains.iter().any(|domain| domain.config.get(DEFAULT_APP).and_then(Value::as_str) == Some(app))
}

/// Sets or takes away a domain's default app.
pub fn set_default_app(ynh: &mut Yunohost, domain: &str, app: Option<&str>) {
    if let Some(domain) = ynh.domains.iter_mut().find(|one| one.name == domain) {
        match app {
            Some(app) => domain.config.insert(DEFAULT_APP.to_owned(), json!(app)),
            None => domain.config.remove(DEFAULT_APP),
        };
    }
}

/// An app that goes is no default any more; true when it was one.
pub fn forget_default_app(ynh: &mut Yunohost, app: &str) -> bool {
    let mut was = false;
    for domain in &mut ynh.domains {
        if domain.config.get(DEFAULT_APP).and_then(Value::as_str) == Some(app) {
            domain.config.remove(DEFAULT_APP);
            was = true;
        }
    }
    was
}

/// The state that belongs to a part of the system.
pub fn save_system_part(ynh: &Yunohost, part: &str) -> SystemPart {
    match part {
        "conf_ldap" => SystemPart { directory: Some((ynh.users.clone(), ynh.groups.clone())), server: None },
        "conf_ynh_settings" => {
            let server = (ynh.main_domain.clone(), ynh.domains.clone(), ynh.settings.clone());
            SystemPart { directory: None, server: Some(server) }
        }
        _ => SystemPart::default(),
    }
}

/// Puts the state of a part back.
pub fn restore_system_part(ynh: &mut Yunohost, part: &SystemPart) {
    if let Some((users, groups)) = part.directory.clone() {
        ynh.users = users;
        ynh.groups = groups;
    }
    if let Some((main, domains, settings)) = part.server.clone() {
        ynh.main_domain = main;
        ynh.domains = domains;
        ynh.settings = settings;
    }
}
