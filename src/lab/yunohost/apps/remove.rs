//! `app remove`.

use serde_json::json;

use super::scripts::{self, Script};
use super::{find, resources};
use crate::yunohost::job::{Job, Outcome};
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;
use crate::yunohost::view;

/// `app remove`. The data folder stays unless it is purged (sheet YunoHost, section 10, "Values").
pub fn remove(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default().to_owned();
    find(job.ynh, &id)?;
    let purge = args.given("--purge");
    let description = format!("Remove the '{id}' app");
    let log_args = json!({"app": id, "purge": purge});
    let running = Running::begin(job, "app_remove", Some(("app", &id)), description, log_args);
    remove_app(job, &id, purge);
    running.end(job, None);
    Ok(None)
}

/// Removes an installed app.
pub(crate) fn remove_app(job: &mut Job<'_>, id: &str, purge: bool) {
    job.info(format!("Removing {id}…"));
    job.takes_ms(4_000);
    run_script(job, id);
    let package = job.ynh.apps.installed[id].package.clone();
    resources::deprovision(job, id, &package, purge);
    job.ynh.apps.installed.remove(id);
    job.files.remove(&format!("/etc/yunohost/apps/{id}"));
    if view::forget_default_app(job.ynh, id) {
        job.info("Saving the new configuration...");
        job.success("Config updated as expected");
    }
    job.success(format!("{id} uninstalled"));
}

/// What the remove script does: its words, and nginx's part goes.
pub fn run_script(job: &mut Job<'_>, id: &str) {
    let app = &job.ynh.apps.installed[id];
    let domain = app.setting("domain").map(str::to_owned);
    for line in scripts::lines(&app.package, Script::Remove, id, None) {
        job.info(line);
    }
    if let Some(domain) = domain {
        job.files.remove(&scripts::nginx_path(&domain, id));
    }
}
