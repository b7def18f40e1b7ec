//! `tools update` and `tools upgrade`.

use serde_json::{Map, Value, json};

use crate::yunohost::apps;
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;

/// `tools update [apps|system|all]`.
pub fn update(job: &mut Job<'_>, args: &Args) -> Outcome {
    let target = args.one("target").unwrap_or("all").to_owned();
    let (for_apps, for_system) = (target != "system", target != "apps");
    if !args.given("--no-refresh") {
        if for_system {
            job.info("Fetching available upgrades for system packages…");
            job.takes_ms(5_000);
            job.ynh.tools.lists_fetched_at = job.now();
        }
        if for_apps && let Err(Failure::Error(text)) = apps::download_catalog(job) {
            // The old list is shown then, and the exit status is 0.
            job.error(text);
        }
    }
    let shown = overview(job, for_apps, for_system);
    Ok(Some(shown))
}

/// `tools update_norefresh`: all of it, from what was fetched before.
pub fn update_norefresh(job: &mut Job<'_>) -> Outcome {
    Ok(Some(overview(job, true, true)))
}

fn overview(job: &mut Job<'_>, for_apps: bool, for_system: bool) -> Value {
    let mut system = Map::new();
    if for_system {
        for package in &job.ynh.tools.upgradable {
            let entry = json!({"name": package.name, "new_version": package.new, "current_version": package.current});
            let list = system.entry(package.category.clone()).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(entry.clone()));
        }
    }
    let apps = if for_apps { apps::available_upgrades(job) } else { Vec::new() };
    let offered = apps.iter().any(|app| app["upgrade"]["status"] == json!("upgradable"));
    if system.is_empty() && !offered {
        job.info("Nothing to do. Everything is already up-to-date.");
    }
    if job.ynh.apps.cache.is_none() {
        job.warning("Failed to compute last apps catalog update time ? [Errno 2] No such file or directory: '/var/cache/yunohost/repo/default.json'");
    }
    let now = job.now().unix_seconds();
    let important = job.ynh.tools.upgradable.iter().any(|package| package.name == "yunohost" && for_system);
    json!({
        "system": system,
        "apps": apps,
        "important_yunohost_upgrade": important,
        "pending_migrations": super::migrations::shown(job, Some("pending")),
        "last_apt_update": now - job.ynh.tools.lists_fetched_at.unix_seconds(),
        "last_apps_catalog_update": now - job.ynh.apps.cache_fetched_at.unix_seconds(),
    })
}

/// `tools upgrade apps|system`.
pub fn upgrade(job: &mut Job<'_>, args: &Args) -> Outcome {
    match args.one("target") {
        Some("apps") => apps::upgrade_all(job),
        Some("system") => upgrade_system(job),
        _ => Err(Failure::error("Uhoh ?! tools_upgrade should have 'apps' or 'system' value for argument target")),
    }
}

fn upgrade_system(job: &mut Job<'_>) -> Outcome {
    if job.ynh.tools.upgradable.is_empty() {
        job.info("Nothing to do. Everything is already up-to-date.");
    }
    job.info("Upgrading packages…");
    job.info("Upgrading system packages");
    job.takes_ms(30_000);
    for line in [
        "Reading package lists...",
        "Building dependency tree...",
        "Reading state information...",
        "Calculating upgrade...",
    ] {
        job.info(format!("+ {line}"));
    }
    if job.ynh.tools.apt_broken {
        // apt's failure is a warning, and success is announced all the same (sheet YunoHost, section 3).
        job.warning("Could not upgrade packages: E: Sub-process /usr/bin/dpkg returned an error code (1)");
        job.success("System upgraded");
        return Ok(None);
    }
    let packages = std::mem::take(&mut job.ynh.tools.upgradable);
    if !packages.is_empty() {
        job.info("+ The following packages will be upgraded:");
        let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        job.info(format!("+   {}", names.join(" ")));
    }
    let count = packages.len();
    job.info(format!("+ {count} upgraded, 0 newly installed, 0 to remove and 0 not upgraded."));
    if count > 0 {
        let bytes: u64 = packages.iter().map(|package| package.size_bytes).sum();
        job.info(format!("+ Need to get 0 B/{bytes} B of archives."));
        job.info("+ After this operation, 0 B of additional disk space will be used.");
    }
    for (number, package) in packages.iter().enumerate() {
        let (name, new, source, bytes) = (&package.name, &package.new, &package.source, package.size_bytes);
        job.info(format!("+ Get:{} {source} {name} {new} [{bytes} B]", number + 1));
    }
    for package in &packages {
        job.info(format!("+ Unpacking {} ({}) over ({}) ...", package.name, package.new, package.current));
    }
    for package in &packages {
        job.info(format!("+ Setting up {} ({}) ...", package.name, package.new));
    }
    if count > 0 {
        job.warning("debconf: delaying package configuration, since apt-utils is not installed");
    }
    job.success("System upgraded");
    Ok(None)
}

/// `tools basic-space-cleanup`: apt asks, and nobody answers (sheet YunoHost, section 4).
pub fn space_cleanup(job: &mut Job<'_>) -> Outcome {
    job.out("Reading package lists...\nBuilding dependency tree...\nReading state information...\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.");
    Ok(None)
}
