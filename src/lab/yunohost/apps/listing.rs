//! `app list`, `app info`, `app map`.

use serde_json::{Map, Value, json};

use super::{catalog, find, label, package::Package, questions, upgrade};
use crate::yunohost::Yunohost;
use crate::yunohost::job::{Job, Outcome};
use crate::yunohost::reply::Args;
use crate::yunohost::view;

/// `app list`.
pub fn list(job: &mut Job<'_>, args: &Args) -> Outcome {
    let full = args.given("--full");
    let ids: Vec<String> = job.ynh.apps.installed.keys().cloned().collect();
    let apps: Vec<Value> =
        ids.iter().map(|id| if full { full_info(job, id) } else { short_info(job.ynh, id) }).collect();
    Ok(Some(json!({"apps": apps})))
}

/// `app info`.
pub fn info(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default();
    find(job.ynh, id)?;
    Ok(Some(if args.given("--full") { full_info(job, id) } else { short_info(job.ynh, id) }))
}

/// The short form; apps without a web page have no `domain_path`.
pub fn short_info(ynh: &Yunohost, id: &str) -> Value {
    let app = &ynh.apps.installed[id];
    let mut shown = json!({
        "id": id,
        "name": label(ynh, id),
        "description": app.package.description(),
        "version": app.package.version(),
    });
    if let Some(address) = app.domain_path() {
        shown["domain_path"] = json!(address);
    }
    shown
}

fn full_info(job: &Job<'_>, id: &str) -> Value {
    let app = &job.ynh.apps.installed[id];
    let package = &app.package;
    let listed = job.ynh.apps.cache.as_ref().and_then(|catalog| catalog.apps.get(package.id()));
    let mut shown = short_info(job.ynh, id);
    shown["upgrade"] = upgrade::state(job, id, upgrade::Detail::Full);
    shown["settings"] = Value::Object(all_settings(job.ynh, id));
    shown["manifest"] = installed_manifest(package);
    shown["from_catalog"] = listed.map_or_else(|| json!({}), |listed| catalog::entry(package.id(), listed));
    shown["logo"] = Value::Null;
    shown["is_webapp"] = json!(app.settings.contains_key("domain"));
    shown["is_default"] = json!(view::is_default_app(job.ynh, id));
    shown["supports_change_url"] = json!(package.behaviour.changes_url);
    shown["supports_backup_restore"] = json!(true);
    shown["supports_multi_instance"] = package.integration("multi_instance").clone();
    shown["supports_config_panel"] = json!(!package.behaviour.config_panel.is_empty());
    shown["supports_purge"] = json!(package.resources().iter().any(|(name, _)| *name == "data_dir"));
    shown["permissions"] = Value::Object(view::permissions_shown(job.ynh, id));
    shown["label"] = json!(label(job.ynh, id));
    shown
}

/// The settings with the permissions, sorted as the file holds them.
pub fn all_settings(ynh: &Yunohost, id: &str) -> Map<String, Value> {
    let app = &ynh.apps.installed[id];
    let permissions = view::permissions_raw(ynh, id);
    let mut all: Vec<(String, Value)> = app.settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    if !permissions.is_empty() {
        all.push(("_permissions".to_owned(), Value::Object(permissions)));
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all.into_iter().collect()
}

fn installed_manifest(package: &Package) -> Value {
    let mut shown = package.manifest.clone();
    shown.insert("packaging_format".to_owned(), json!(2.0));
    let mut install = Map::new();
    for (id, question) in package.questions() {
        let mut question = question.clone();
        let ask = question.get("ask").cloned().or_else(|| questions::ask(id, &Map::new()).map(Value::from));
        question.insert("id".to_owned(), json!(id));
        question.insert("ask".to_owned(), ask.unwrap_or_else(|| json!(id)));
        install.insert(id.to_owned(), Value::Object(question));
    }
    shown.insert("install".to_owned(), Value::Object(install));
    shown.insert("doc".to_owned(), json!({}));
    shown.insert("notifications".to_owned(), catalog::notifications(package, false));
    Value::Object(shown)
}

/// `app map`: addresses of permissions. Those that are regular expressions are not shown.
pub fn map(job: &mut Job<'_>, args: &Args) -> Outcome {
    let only = args.one("--app");
    if let Some(id) = only {
        find(job.ynh, id)?;
    }
    let user = args.one("--user");
    let mut plain = Map::new();
    let mut raw = Map::new();
    for id in job.ynh.apps.newest_first() {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        let Some(app) = job.ynh.apps.installed.get(&id) else { continue };
        let Some(domain) = app.setting("domain") else { continue };
        let base = app.setting("path").unwrap_or("/").trim_end_matches('/');
        for (name, one) in view::permissions_raw(job.ynh, &id) {
            let Some(url) = one["url"].as_str().filter(|url| !url.starts_with("re:")) else { continue };
            let hidden = user.is_some_and(|user| {
                !view::permitted_users(job.ynh, &format!("{id}.{name}")).iter().any(|one| one == user)
            });
            if hidden {
                continue;
            }
            let path = format!("{base}/{}", url.trim_matches('/'));
            let path = path.trim_end_matches('/');
            let label = view::permission_label(job.ynh, &id, &name);
            plain.insert(format!("{domain}{path}"), json!(label));
            let shown_path = if path.is_empty() { "/" } else { path };
            let entry = json!({"label": label, "id": id});
            raw.entry(domain).or_insert_with(|| json!({}))[shown_path] = entry;
        }
    }
    Ok(Some(Value::Object(if args.given("--raw") { raw } else { plain })))
}
