//! `app upgrade`: candidates, safety backup, script, and what happens when it fails.

use serde_json::{Map, Value, json};

use super::catalog::{self, Source};
use super::package::{Package, compare_versions, repository_url};
use super::scripts::{self, Script};
use super::{Inside, find, listing, remove, requirements, resources, settings};
use crate::yunohost::backups;
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;

/// How much of an upgrade's state is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// `app info --full`: every requirement.
    Full,
    /// `tools update`: only requirements that are not met, and the notices.
    Short,
}

const BROKEN: &str = "This application is currently flagged as broken on YunoHost's application catalog. This may be a temporary issue while the maintainers attempt to fix the issue. In the meantime, upgrading this app is disabled.";

/// The state of an app against the cached catalogue.
pub fn state(job: &Job<'_>, id: &str, detail: Detail) -> Value {
    let app = &job.ynh.apps.installed[id];
    let current = app.package.version();
    let listed = job.ynh.apps.cache.as_ref().and_then(|catalog| catalog.apps.get(app.package.id()));
    let url = repository_url(app.package.id());
    let shown = |status: &str, message: String, url: Option<&str>, new: Option<(&str, String)>, requirements: Value| {
        json!({
            "status": status,
            "message": message,
            "url": url,
            "current_version": current,
            "new_version": new.as_ref().map(|(version, _)| *version),
            "new_revision": new.as_ref().map(|(_, revision)| revision),
            "requirements": requirements,
            "specific_channel": null,
            "specific_channel_message": null,
        })
    };
    let Some(listed) = listed else {
        let message = "This app does not exists (anymore?) in the catalog, you must therefore take care of upgrades manually. <br/><small>From the command line, you can use `yunohost app upgrade <app>` and provide the url of the repo using the `-u` option.</small>";
        return shown("url_required", message.to_owned(), None, None, Value::Null);
    };
    if listed.is_bad() {
        return shown("bad_quality", BROKEN.to_owned(), Some(&url), None, Value::Null);
    }
    let new = listed.version();
    let revision = Some((new, listed.package.revision()));
    if compare_versions(new, current).is_le() {
        let message = "Force-upgrading the app (to the same version) can sometimes be useful to rebuild the app and configurations.";
        return shown("up_to_date", message.to_owned(), None, revision, Value::Null);
    }
    let mut all = requirements::shown(job, &listed.package, requirements::For::Upgrade);
    let unmet = requirements::unmet(&listed.package, false);
    if detail == Detail::Short
        && let Some(all) = all.as_object_mut()
    {
        all.retain(|_, one| one["passed"] == json!(false));
    }
    let mut entry = match unmet {
        Some(reason) => shown("fail_requirements", reason, Some(&url), revision, all),
        None => {
            let message = format!("The app can be upgraded from version {current} to {new}");
            shown("upgradable", message, Some(&url), revision, all)
        }
    };
    if let Some(notice) = listed.package.behaviour.notice_before_upgrade.as_ref().filter(|_| detail == Detail::Short) {
        entry["notifications"] = json!({listed.package.version(): notice});
    }
    entry
}

/// The apps that `tools update` lists: everything that is not up to date, with its state.
pub(crate) fn available(job: &Job<'_>) -> Vec<Value> {
    let ids = job.ynh.apps.installed.keys();
    ids.filter_map(|id| {
        let state = state(job, id, Detail::Short);
        if state["status"] == json!("up_to_date") {
            return None;
        }
        let mut shown = listing::short_info(job.ynh, id);
        shown["upgrade"] = state;
        Some(shown)
    })
    .collect()
}

/// `tools upgrade apps`: everything that can be upgraded; a failure is no failure for the exit status.
pub(crate) fn upgrade_all(job: &mut Job<'_>) -> Outcome {
    let upgradable: Vec<String> = job
        .ynh
        .apps
        .newest_first()
        .into_iter()
        .filter(|id| state(job, id, Detail::Short)["status"] == json!("upgradable"))
        .collect();
    if upgradable.is_empty() {
        job.info("All apps are already up-to-date");
        return Ok(None);
    }
    let targets = candidates(job, &upgradable, &Options::default())?;
    run(job, targets, upgradable.len(), &Options { continue_on_failure: true, ..Options::default() }).map(|_| None)
}

#[derive(Debug, Clone, Default)]
struct Options {
    force: bool,
    no_safety_backup: bool,
    continue_on_failure: bool,
    ignore_version: bool,
    source: Option<Source>,
}

struct Target {
    id: String,
    package: Package,
}

/// `app upgrade`.
pub fn upgrade(job: &mut Job<'_>, args: &Args) -> Outcome {
    requirements::check_free_space(job)?;
    let named = args.many("app").to_vec();
    for id in &named {
        find(job.ynh, id)?;
    }
    let ids = if named.is_empty() { job.ynh.apps.newest_first() } else { named.clone() };
    let own_source = args.given("--url") || args.given("--file");
    if own_source && ids.len() > 1 {
        return Err(Failure::error(
            "You provided an url or file to 'yunohost app upgrade' with several targets to upgrade ... it's unclear what to do with this. Please provide a single target when specifying a file or url to 'yunohost app upgrade'!",
        ));
    }
    let options = Options {
        force: args.given("--force"),
        no_safety_backup: args.given("--no-safety-backup"),
        continue_on_failure: args.given("--continue-on-failure"),
        ignore_version: args.given("--ignore-yunohost-version"),
        source: own_source.then(|| source(job, args)).transpose()?,
    };
    catalog::ensure(job)?;
    let targets = candidates(job, &ids, &options)?;
    if targets.is_empty() {
        if named.is_empty() {
            job.success("All apps are already up-to-date");
            return Ok(None);
        }
        return Err(Failure::error("No apps can be upgraded"));
    }
    run(job, targets, ids.len(), &options)
}

fn source(job: &mut Job<'_>, args: &Args) -> Result<Source, Failure> {
    if let Some(folder) = args.one("--file") {
        return catalog::from_folder(job, folder);
    }
    let url = args.one("--url").unwrap_or_default();
    let Some(package) = catalog::head(job, url.trim_end_matches('/')) else {
        job.error(format!(
            "Command '['git', 'ls-remote', '--symref', '{url}', 'HEAD']' returned non-zero exit status 128."
        ));
        return Err(Failure::error("Could not fetch source files, is the URL correct?"));
    };
    Ok(Source { package, listed: None, folder: None, by_address: true })
}

/// Which of the named apps really are candidates; why the others are not is said.
fn candidates(job: &mut Job<'_>, ids: &[String], options: &Options) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for id in ids {
        let package = match &options.source {
            Some(source) => Some(source.package.clone()),
            None => from_catalog(job, id, options)?,
        };
        let Some(package) = package else { continue };
        if let Some(said) = requirements::ignored_version(&package) {
            job.warning(format!("{id}: {said}"));
        }
        if requirements::unmet(&package, options.ignore_version).is_none() {
            targets.push(Target { id: id.clone(), package });
        }
    }
    Ok(targets)
}

fn from_catalog(job: &mut Job<'_>, id: &str, options: &Options) -> Result<Option<Package>, Failure> {
    let state = state(job, id, Detail::Short);
    let app = find(job.ynh, id)?;
    let (package_id, current) = (app.package.id().to_owned(), app.package.version().to_owned());
    let cached = job.ynh.apps.cache.as_ref().and_then(|catalog| catalog.apps.get(&package_id));
    let package = cached.map(|listed| listed.package.clone());
    match state["status"].as_str().unwrap_or_default() {
        "bad_quality" => {
            job.warning(format!("Skipping upgrades for {id} because it is currently flagged as broken on YunoHost's application catalog."));
            Ok(None)
        }
        "url_required" => {
            job.warning(format!("{id} is not in the catalog (anymore?) and therefore cannot be upgraded automatically. You should use `yunohost app upgrade {id}` to provide the url of the repo using the `-u` option."));
            Ok(None)
        }
        "up_to_date" if !options.force => {
            job.info(format!("{id} is already up to date ({current})"));
            Ok(None)
        }
        _ => Ok(package),
    }
}

fn run(job: &mut Job<'_>, targets: Vec<Target>, asked: usize, options: &Options) -> Outcome {
    if asked > 1 {
        let list: String = targets
            .iter()
            .map(|target| {
                let current = job.ynh.apps.installed[&target.id].package.version();
                format!("\n  - {} will be upgraded from {current} to {}", target.id, target.package.version())
            })
            .collect();
        job.info(format!("The following apps will be upgraded: {list}"));
    }
    let several = targets.len() > 1;
    let (mut success, mut failed) = (Vec::new(), Map::new());
    let mut waiting: Vec<String> = targets.iter().map(|target| target.id.clone()).collect();
    for target in targets {
        waiting.remove(0);
        match upgrade_one(job, &target, options) {
            Ok(()) => success.push(target.id),
            Err(text) => {
                failed.insert(target.id.clone(), json!(text));
                if !options.continue_on_failure {
                    break;
                }
                if several {
                    job.warning(format!(
                        "Failed to upgrade {}, but continuing with the upgrade of other apps anyway (because `--continue-on-failure` was used)",
                        target.id
                    ));
                }
                continue;
            }
        }
    }
    let stopped = !failed.is_empty() && !options.continue_on_failure;
    let cancelled = if stopped { waiting } else { Vec::new() };
    if !cancelled.is_empty() {
        job.warning(format!(
            "Upgrades were still pending for several other apps but their upgrade was cancelled (use `--continue-on-failure` to continue anyway): {}",
            cancelled.join(", ")
        ));
    }
    if !several {
        return Ok(None);
    }
    // Empty keys are left out.
    let mut shown = Map::new();
    if !success.is_empty() {
        shown.insert("success".to_owned(), json!(success));
    }
    if !failed.is_empty() {
        shown.insert("failed".to_owned(), Value::Object(failed));
    }
    if !cancelled.is_empty() {
        shown.insert("cancelled".to_owned(), json!(cancelled));
    }
    Ok(Some(Value::Object(shown)))
}

/// Upgrades one app. The error is the sentence that ends a failed operation; for a single app the exit status is 0
/// all the same (sheet YunoHost, section 3).
fn upgrade_one(job: &mut Job<'_>, target: &Target, options: &Options) -> Result<(), String> {
    let (id, new) = (target.id.as_str(), &target.package);
    let old = job.ynh.apps.installed[id].package.clone();
    let newer = compare_versions(new.version(), old.version()).is_gt() || old.id() != new.id();
    if let Some(notice) = new.behaviour.notice_before_upgrade.as_ref().filter(|_| newer) {
        job.out(format!("==========\n{notice}\n=========="));
    }
    job.info(format!("Now upgrading {id}…"));
    let description = format!("Upgrade the '{id}' app");
    let log_args = json!({"app": [id], "continue_on_failure": options.continue_on_failure, "force": options.force, "no_safety_backup": options.no_safety_backup});
    let running = Running::begin(job, "app_upgrade", Some(("app", id)), description, log_args);
    let safety = if options.no_safety_backup {
        job.warning("Skipping the creation of a backup prior to the upgrade.");
        None
    } else {
        Some(backups::safety_backup(job, id))
    };
    let updated = resources::update(job, id, &old, new);
    job.takes_ms(new.behaviour.install_ms.max(3_000) / 2);
    if let Some((step, words)) = &new.behaviour.upgrade_error {
        return Err(failed(job, running, id, new, step, words, safety.as_deref()));
    }
    if updated.is_err() {
        let text = running.failed_text();
        running.end(job, Some("resources could not be updated"));
        return Err(text);
    }
    for line in scripts::lines(new, Script::Upgrade, id, None) {
        job.info(line);
    }
    finish(job, id, new);
    job.success(format!("{id} upgraded"));
    running.end(job, None);
    if let Some(notice) = &new.behaviour.notice_after_upgrade {
        job.out(format!("==========\n{notice}\n=========="));
    }
    Ok(())
}

/// The new package takes the place of the old one, inside too.
fn finish(job: &mut Job<'_>, id: &str, new: &Package) {
    let now = job.now().unix_seconds();
    let Some(app) = job.ynh.apps.installed.get_mut(id) else { return };
    app.package = new.clone();
    app.settings.insert("current_revision".to_owned(), json!(new.revision()));
    app.settings.insert("update_time".to_owned(), json!(now));
    let version = new.upstream_version().to_owned();
    match &mut app.program {
        Inside::Nextcloud(state) => {
            state.system_config.insert("version".to_owned(), format!("{version}.1"));
            state.version = version.clone();
            state.maintenance = false;
        }
        Inside::Dolibarr(state) => state.version = version.clone(),
        Inside::Plain => {}
    }
    if let Some(folder) = app.setting("install_dir").map(str::to_owned) {
        job.files.create(&format!("{folder}/index.txt"), 0o640, id, format!("{} {version}\n", new.name()));
    }
    settings::save(job, id);
}

fn failed(
    job: &mut Job<'_>,
    running: Running,
    id: &str,
    new: &Package,
    step: &str,
    words: &str,
    safety: Option<&str>,
) -> String {
    let failure = format!("Failed to upgrade {id}: An error occurred inside the app upgrade script : {words}");
    let last = running.failed_text();
    let line = format!("[{}] > {step}", "+".repeat(20));
    job.info(line.clone());
    job.warning(words);
    job.error(failure.clone());
    job.info(last.clone());
    job.warning("Here's an extract of the logs before the crash. It might help debugging the error:");
    let before: Vec<String> = new
        .resources()
        .into_iter()
        .filter(|(name, _)| *name == "permissions")
        .flat_map(|(_, options)| options.as_object().into_iter().flatten())
        .filter(|(name, _)| *name != "main")
        .map(|(name, _)| format!("Permission '{id}.{name}' updated"))
        .collect();
    scripts::show_extract(job, "upgrade", &before, &[line], words, &failure);
    running.end(job, Some(&failure));
    if let Some(archive) = safety {
        job.warning("Upgrade failed ... attempting to restore the safety backup (Yunohost first need to remove the app for this) ...");
        remove::remove_app(job, id, false);
        backups::restore_safety(job, archive, id);
    }
    job.error(last.clone());
    last
}
