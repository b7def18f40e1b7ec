//! `backup restore`.

use serde_json::{Map, Value, json};

use super::archive::{self, Archive};
use super::create::SYSTEM_PARTS;
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;
use crate::yunohost::{apps, view};

/// `backup restore`.
pub fn restore(job: &mut Job<'_>, args: &Args) -> Outcome {
    let archive = archive::open(job, args.one("name").unwrap_or_default())?;
    let everything = !args.given("--apps") && !args.given("--system");
    let wanted = |option: &str, all: Vec<String>| -> Vec<String> {
        match (everything || args.given(option), args.many(option)) {
            (false, _) => Vec::new(),
            (true, []) => all,
            (true, named) => named.to_vec(),
        }
    };
    let wanted_apps = wanted("--apps", archive.order.clone());
    // Parts come back in the order of their hooks.
    let parts =
        SYSTEM_PARTS.iter().map(|(name, _)| (*name).to_owned()).filter(|name| archive.system.contains_key(name));
    let wanted_parts = wanted("--system", parts.collect());
    let there: Vec<&str> = wanted_apps
        .iter()
        .map(String::as_str)
        .filter(|id| archive.apps.contains_key(*id) && job.ynh.apps.installed.contains_key(*id))
        .collect();
    if !there.is_empty() {
        let list = there.join(", ");
        return Err(Failure::error(format!(
            "The following apps can't be restored because they are already installed: {list}"
        )));
    }
    let parts: Vec<String> = wanted_parts.iter().filter(|name| archive.system.contains_key(*name)).cloned().collect();
    if !parts.is_empty() && job.files.exists("/etc/yunohost/installed") {
        job.warning("YunoHost is already installed");
        if !args.given("--force") {
            return Err(Failure::error("Not a tty, can't do interactive prompts"));
        }
    }
    job.info("Preparing archive for restoration…");
    job.takes_ms(2_000);
    for ghost in wanted_apps.iter().filter(|id| !archive.apps.contains_key(*id)) {
        job.error(format!("Could not find {ghost} in the backup archive"));
    }
    for ghost in wanted_parts.iter().filter(|name| !archive.system.contains_key(*name)) {
        job.error(format!("System part '{ghost}' unavailable in this backup"));
    }
    let mut results = (Map::new(), Map::new());
    restore_parts(job, &archive, &parts, &mut results.0);
    for id in wanted_apps.iter().filter(|id| archive.apps.contains_key(*id)) {
        restore_one(job, &archive, id)?;
        results.1.insert(id.clone(), json!("Success"));
    }
    if results.0.is_empty() && results.1.is_empty() {
        return Err(Failure::error("Nothing was restored"));
    }
    job.success("Restoration completed");
    Ok(Some(json!({"system": results.0, "apps": results.1})))
}

fn restore_parts(job: &mut Job<'_>, archive: &Archive, parts: &[String], results: &mut Map<String, Value>) {
    if parts.is_empty() {
        return;
    }
    job.takes_ms(12_000);
    for name in parts {
        let saved = &archive.system[name];
        archive::put_back(job.files, &saved.files);
        view::restore_system_part(job.ynh, &saved.state);
        results.insert(name.clone(), json!("Success"));
    }
    // Two configurations are written anew at every general regeneration.
    job.success("Configuration updated for 'postfix'");
    job.success("Configuration updated for 'dnsmasq'");
}

fn restore_one(job: &mut Job<'_>, archive: &Archive, id: &str) -> Result<(), Failure> {
    let saved = &archive.apps[id];
    let description = format!("Restore '{id}' from a backup archive");
    let running = Running::begin(job, "backup_restore_app", Some(("app", id)), description, json!({"app": id}));
    job.info(format!("Restoring {id}…"));
    let files: Vec<_> = saved.files.clone();
    match apps::restore_app(job, id, &saved.app, &saved.permissions, saved.with_data) {
        Ok(()) => {
            archive::put_back(job.files, &files);
            running.end(job, None);
            Ok(())
        }
        Err(failure) => {
            let text = running.failed_text();
            if let Failure::Error(reason) = &failure {
                job.error(reason.clone());
                job.info(text.clone());
                running.end(job, Some(reason));
            }
            Err(Failure::Error(text))
        }
    }
}

/// Puts an app back from its safety backup.
pub(crate) fn restore_safety(job: &mut Job<'_>, name: &str, id: &str) {
    let Ok(archive) = archive::open(job, name) else { return };
    job.info("Preparing archive for restoration…");
    if restore_one(job, &archive, id).is_ok() {
        job.success("Restoration completed");
    }
}
