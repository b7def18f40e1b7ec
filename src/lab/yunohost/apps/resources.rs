//! Resources of an app: the system user, folders, permissions, port and database that a manifest asks for.

use serde_json::{Map, Value, json};

use super::package::Package;
use crate::yunohost::job::{Failure, Job};
use crate::yunohost::view::{self, PermissionSpec};

/// Gives an app its resources in the order of the manifest. When one fails, those given so far are taken back.
///
/// # Errors
/// The reason, after it was said as a warning.
pub fn provision(job: &mut Job<'_>, id: &str, package: &Package, init_main: Option<&str>) -> Result<(), Failure> {
    let wanted: Vec<(String, Value)> =
        package.resources().into_iter().map(|(name, one)| (name.to_owned(), one.clone())).collect();
    for (at, (name, options)) in wanted.iter().enumerate() {
        job.info(format!("Provisioning {name}..."));
        if let Err(reason) = provision_one(job, id, name, options, init_main) {
            job.warning(format!("Failed to provision {name} : {reason}"));
            for (name, _) in &wanted[..=at] {
                job.info(format!("Deprovisioning {name}..."));
                deprovision_one(job, id, name, false);
            }
            return Err(Failure::error(format!(
                "Provisioning, deprovisioning, or updating resources for {id} failed: {reason}"
            )));
        }
    }
    Ok(())
}

/// Brings the resources of an app in line with a new manifest: what is gone is taken away (last first), what is new
/// is given, the rest is looked after.
///
/// # Errors
/// As [`provision`].
pub fn update(job: &mut Job<'_>, id: &str, old: &Package, new: &Package) -> Result<(), Failure> {
    let names = |package: &Package| -> Vec<String> {
        package.resources().into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    let (before, after) = (names(old), names(new));
    for name in before.iter().rev().filter(|name| !after.contains(name)) {
        job.info(format!("Deprovisioning {name}..."));
        deprovision_one(job, id, name, false);
    }
    for (name, options) in new.resources() {
        if before.iter().any(|one| one == name) {
            job.info(format!("Updating {name}..."));
            if name == "permissions" {
                update_permissions(job, id, options);
            }
        } else {
            job.info(format!("Provisioning {name}..."));
            provision_one(job, id, name, options, None).map_err(Failure::Error)?;
        }
    }
    Ok(())
}

/// Takes all resources away, last first. Data stays unless it is purged.
pub fn deprovision(job: &mut Job<'_>, id: &str, package: &Package, purge: bool) {
    let names: Vec<String> = package.resources().into_iter().map(|(name, _)| name.to_owned()).collect();
    for name in names.iter().rev() {
        job.info(format!("Deprovisioning {name}..."));
        deprovision_one(job, id, name, purge);
    }
}

fn provision_one(
    job: &mut Job<'_>,
    id: &str,
    name: &str,
    options: &Value,
    init_main: Option<&str>,
) -> Result<(), String> {
    match name {
        "system_user" if options["allow_email"] == json!(true) => {
            keep_setting(job, id, "mail_pwd", |job| json!(job.random_hex(id, "mail password", 24)));
        }
        "install_dir" => {
            let folder = format!("/var/www/{id}");
            job.files.make_folder(&folder, 0o750, id);
            keep_setting(job, id, "install_dir", |_| json!(folder));
        }
        "data_dir" => {
            let folder = format!("/home/yunohost.app/{id}");
            job.files.make_folder(&folder, 0o750, id);
            for sub in options["subdirs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                job.files.make_folder(&format!("{folder}/{sub}"), 0o750, id);
            }
            keep_setting(job, id, "data_dir", |_| json!(folder));
        }
        "permissions" => return provision_permissions(job, id, options, init_main),
        "ports" => {
            keep_setting(job, id, "port", |job| {
                let digits = u32::from_str_radix(&job.random_hex(id, "port", 4), 16).unwrap_or_default();
                json!(10_000 + digits % 50_000)
            });
        }
        "database" => {
            let database = id.replace(['-', '.'], "_");
            keep_setting(job, id, "db_name", |_| json!(database));
            keep_setting(job, id, "db_user", |_| json!(database));
            keep_setting(job, id, "db_pwd", |job| json!(job.random_text(id, "database password", 24)));
        }
        _ => {}
    }
    Ok(())
}

/// A setting that is made once and kept by restorations and upgrades.
fn keep_setting(job: &mut Job<'_>, id: &str, key: &str, value: impl FnOnce(&Job<'_>) -> Value) {
    let there = job.ynh.apps.installed.get(id).is_some_and(|app| app.settings.contains_key(key));
    if there {
        return;
    }
    let value = value(job);
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        app.settings.insert(key.to_owned(), value);
    }
}

fn provision_permissions(job: &mut Job<'_>, id: &str, options: &Value, init_main: Option<&str>) -> Result<(), String> {
    let app = &job.ynh.apps.installed[id];
    if let Some(domain) = app.setting("domain") {
        let (domain, path) = (domain.to_owned(), app.setting("path").unwrap_or("/").to_owned());
        let taken = conflicts(job, &domain, &path, id);
        if !taken.is_empty() {
            return Err(conflict_text(&taken));
        }
    }
    for (name, one) in options.as_object().into_iter().flatten() {
        let spec = permission_of(job, id, name, one, init_main);
        view::create_permission(job.ynh, spec);
    }
    Ok(())
}

fn permission_of(job: &Job<'_>, id: &str, name: &str, one: &Value, init_main: Option<&str>) -> PermissionSpec {
    let domain = job.ynh.apps.installed[id].setting("domain").unwrap_or_default();
    let allowed = match (name, init_main, &one["allowed"]) {
        ("main", Some(group), _) => with_everyone(vec![group.to_owned()]),
        (_, _, Value::String(group)) => vec![group.clone()],
        (_, _, Value::Array(groups)) => groups.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let flag = |key: &str, usual: bool| one[key].as_bool().unwrap_or(usual);
    PermissionSpec {
        app: id.to_owned(),
        name: name.to_owned(),
        url: one["url"].as_str().map(|url| url.replace("__DOMAIN__", domain)),
        allowed,
        auth_header: flag("auth_header", true),
        protected: flag("protected", false),
        show_tile: flag("show_tile", name == "main"),
    }
}

/// Whoever lets visitors in lets every user in.
fn with_everyone(mut groups: Vec<String>) -> Vec<String> {
    if groups.iter().any(|group| group == "visitors") {
        groups.push("all_users".to_owned());
    }
    groups
}

/// Permissions that a new manifest adds; those that are there keep what was decided since.
fn update_permissions(job: &mut Job<'_>, id: &str, options: &Value) {
    let there = view::permission_names(job.ynh, id);
    for (name, one) in options.as_object().into_iter().flatten() {
        if !there.contains(name) {
            let spec = permission_of(job, id, name, one, None);
            view::create_permission(job.ynh, spec);
        }
    }
    let wanted: Map<String, Value> = options.as_object().cloned().unwrap_or_default();
    for name in there.iter().filter(|name| !wanted.contains_key(*name)) {
        view::delete_permission(job.ynh, id, name);
    }
}

fn deprovision_one(job: &mut Job<'_>, id: &str, name: &str, purge: bool) {
    let keys: &[&str] = match name {
        "permissions" => {
            view::delete_permissions(job.ynh, id);
            &[]
        }
        "install_dir" => {
            job.files.remove(&format!("/var/www/{id}"));
            &["install_dir"]
        }
        "data_dir" => {
            if purge {
                job.files.remove(&format!("/home/yunohost.app/{id}"));
            }
            &["data_dir"]
        }
        "ports" => &["port"],
        "database" => &["db_name", "db_user", "db_pwd"],
        _ => &[],
    };
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        for key in keys {
            app.settings.shift_remove(*key);
        }
    }
}

/// An address that is taken: (address, label, app).
pub type Taken = (String, String, String);

/// Addresses of other apps that an address would cover or lie under.
pub fn conflicts(job: &Job<'_>, domain: &str, path: &str, but: &str) -> Vec<Taken> {
    let slashed = |path: &str| format!("{}/", path.trim_end_matches('/'));
    let wanted = slashed(path);
    let apps = job.ynh.apps.installed.iter().filter(|(id, app)| *id != but && app.setting("domain") == Some(domain));
    apps.filter_map(|(id, app)| {
        let path = app.setting("path").unwrap_or("/");
        let other = slashed(path);
        let clash = other.starts_with(&wanted) || wanted.starts_with(&other);
        clash.then(|| (format!("{domain}{path}"), view::permission_label(job.ynh, id, "main"), id.clone()))
    })
    .collect()
}

/// The label that permissions show: the chosen one, or the instance id with a capital.
pub fn permission_label(app: &super::Installed, id: &str) -> String {
    app.setting("label").map_or_else(|| capitalised(id), str::to_owned)
}

/// Python's `capitalize` of an id.
pub fn capitalised(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// The refusal of an address.
pub fn conflict_text(taken: &[Taken]) -> String {
    let list: String = taken.iter().map(|(at, label, id)| format!("\n * {at} → {label} ({id})")).collect();
    format!("This URL is either unavailable, or conflicts with the already installed app(s):{list}")
}
