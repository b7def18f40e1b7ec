//! `app setting`, labels, the default app, and the file that holds the settings.

use serde_json::{Value, json};

use super::{find, listing};
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;
use crate::yunohost::{view, yaml};

/// Writes `settings.yml` and the manifest where they are on a real machine.
pub(crate) fn save(job: &mut Job<'_>, id: &str) {
    let Some(app) = job.ynh.apps.installed.get(id) else { return };
    let manifest = toml::to_string(&app.package.manifest).unwrap_or_default();
    let settings = Value::Object(listing::all_settings(job.ynh, id));
    let folder = format!("/etc/yunohost/apps/{id}");
    job.files.make_folder(&folder, 0o755, "root");
    job.files.create(&format!("{folder}/settings.yml"), 0o600, "root", yaml::document(&settings));
    job.files.create(&format!("{folder}/manifest.toml"), 0o644, "root", manifest);
}

/// `app setting`: reads, sets or deletes one. What is not there reads as nothing, without a failure.
pub fn setting(job: &mut Job<'_>, args: &Args) -> Outcome {
    let (id, key) = (args.one("app").unwrap_or_default(), args.one("key").unwrap_or_default());
    let app = find(job.ynh, id)?;
    let value = args.one("--value");
    if value.is_none() && !args.given("--delete") {
        return Ok(app.settings.get(key).cloned());
    }
    if key == "_permissions" || key == "permissions" {
        return Err(Failure::error("Managing permissions through app settings is not allowed"));
    }
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        match value {
            Some(value) => app.settings.insert(key.to_owned(), json!(value)),
            None => app.settings.shift_remove(key),
        };
    }
    save(job, id);
    Ok(None)
}

/// `app change-label`: an old command that succeeds and changes nothing that is shown afterwards.
pub fn change_label(job: &mut Job<'_>, args: &Args) -> Outcome {
    find(job.ynh, args.one("app").unwrap_or_default())?;
    Ok(None)
}

/// `app makedefault`: a key of the domain's configuration.
pub fn make_default(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default();
    let app = find(job.ynh, id)?;
    let domain = args.one("--domain").or(app.setting("domain")).unwrap_or_default().to_owned();
    if !view::domains(job.ynh).contains(&domain) {
        return Err(Failure::error(format!("Domain '{domain}' unknown")));
    }
    view::set_default_app(job.ynh, &domain, (!args.given("--undo")).then_some(id));
    job.info("Saving the new configuration...");
    job.success("Config updated as expected");
    Ok(None)
}

/// `app register-url`: books an address for an app that has none yet.
pub fn register_url(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default();
    let app = find(job.ynh, id)?;
    if app.settings.contains_key("domain") {
        return Err(Failure::error(
            "This app is already installed. The URL cannot be changed just by this function. Check in `app changeurl` if it's available.",
        ));
    }
    let domain = args.one("domain").unwrap_or_default();
    let path = super::questions::normal_path(args.one("path").unwrap_or_default());
    let taken = super::resources::conflicts(job, domain, &path, id);
    if !taken.is_empty() {
        return Err(Failure::Error(super::resources::conflict_text(&taken)));
    }
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        app.settings.insert("domain".to_owned(), json!(domain));
        app.settings.insert("path".to_owned(), json!(path));
    }
    save(job, id);
    Ok(None)
}
