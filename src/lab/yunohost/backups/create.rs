//! `backup create`, and the safety backup before an upgrade.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::archive::{self, Archive, SavedApp, SavedPart};
use super::{FOLDER, listing};
use crate::yunohost::apps::{self, Inside, Installed};
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;
use crate::yunohost::{VERSION, diagnosis, view, when};

/// Parts of the system that can be saved, with the folder that holds their files.
pub const SYSTEM_PARTS: &[(&str, &str)] = &[
    ("conf_ldap", "/etc/ldap"),
    ("data_home", "/home"),
    ("data_multimedia", "/home/yunohost.multimedia"),
    ("conf_ynh_settings", "/etc/yunohost"),
    ("conf_ynh_certs", "/etc/yunohost/certs"),
    ("data_mail", "/var/mail"),
    ("conf_manually_modified_files", "/var/cache/yunohost"),
];

/// Folders that archives may not be put into.
const FORBIDDEN: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/home/yunohost.backup/archives",
];

/// `backup create`.
pub fn create(job: &mut Job<'_>, args: &Args) -> Outcome {
    let name = args.one("--name").map_or_else(|| when::stamp(job.now()), str::to_owned);
    if archive::names(job.files).contains(&name) {
        return Err(Failure::error(format!("A backup archive with the name '{name}' already exists.")));
    }
    let methods: Vec<&str> = args.many("--methods").iter().map(String::as_str).collect();
    let folder = output_folder(job, args, &methods)?;
    // Neither apps nor system asked for means all of both.
    let everything = !args.given("--apps") && !args.given("--system");
    let list = |name: &str| args.given(name).then(|| args.many(name).to_vec());
    let one = |name: &str| args.one(name).map(Value::from).unwrap_or_default();
    let log_args = json!({
        "apps": list("--apps"),
        "description": one("--description"),
        "dry_run": args.given("--dry-run"),
        "methods": list("--methods"),
        "name": one("--name"),
        "output_directory": one("--output-directory"),
        "system": list("--system"),
    });
    let running = Running::begin(job, "backup_create", None, "Create a backup archive".to_owned(), log_args);
    let mut results = Results::default();
    let apps = collect_apps(job, asked(args, "--apps", everything), &mut results);
    let system = collect_system(job, asked(args, "--system", everything), &mut results);
    if apps.is_empty() && system.is_empty() {
        let text = "Failed to collect files to be backed up";
        let said = running.failed_text();
        running.end(job, Some(text));
        job.info(said);
        return Err(Failure::error(text));
    }
    let end = if view::compresses_archives(job.ynh) { "tar.gz" } else { "tar" };
    let archive = Archive {
        path: format!("{}/{name}.{end}", folder.as_deref().unwrap_or(FOLDER)),
        name,
        created_at: job.now(),
        description: args.one("--description").unwrap_or_default().to_owned(),
        from_version: VERSION.to_owned(),
        order: results.apps.keys().filter(|id| apps.contains_key(*id)).cloned().collect(),
        apps,
        system,
    };
    if args.given("--dry-run") {
        running.end(job, None);
        return Ok(Some(sizes(&archive)));
    }
    store(job, &archive, &methods, folder.as_deref());
    job.success(format!("Backup created: {}", archive.name));
    running.end(job, None);
    let results = json!({"system": results.system, "apps": results.apps});
    Ok(Some(json!({"name": archive.name, "size": archive.size_bytes(), "results": results})))
}

#[derive(Default)]
struct Results {
    apps: Map<String, Value>,
    system: Map<String, Value>,
}

/// What was asked for: `Some(names)`, where no name means all; `None` when this kind was not asked for.
fn asked(args: &Args, option: &str, everything: bool) -> Option<Vec<String>> {
    (everything || args.given(option)).then(|| args.many(option).to_vec())
}

fn output_folder(job: &Job<'_>, args: &Args, methods: &[&str]) -> Result<Option<String>, Failure> {
    let Some(folder) = args.one("--output-directory") else {
        return if methods.contains(&"copy") {
            Err(Failure::error("You must provide an output directory for the backup"))
        } else {
            Ok(None)
        };
    };
    let folder = folder.trim_end_matches('/').to_owned();
    let within = |outer: &str| folder == outer || folder.starts_with(&format!("{outer}/"));
    if FORBIDDEN.iter().any(|outer| within(outer)) {
        return Err(Failure::error(
            "Pick a different output directory. Backups cannot be created in /bin, /boot, /dev, /etc, /lib, /root, /run, /sbin, /sys, /usr, /var or /home/yunohost.backup/archives sub-folders",
        ));
    }
    if methods.contains(&"copy") && !job.files.list(&folder).is_empty() {
        return Err(Failure::error("You should pick an empty output directory"));
    }
    Ok(Some(folder))
}

fn collect_apps(job: &mut Job<'_>, asked: Option<Vec<String>>, results: &mut Results) -> BTreeMap<String, SavedApp> {
    let Some(mut ids) = asked else { return BTreeMap::new() };
    if ids.is_empty() {
        ids = job.ynh.apps.installed.keys().cloned().collect();
    }
    for ghost in ids.iter().filter(|id| !job.ynh.apps.installed.contains_key(*id)).cloned().collect::<Vec<_>>() {
        job.error(format!("{ghost} will not be saved"));
        results.apps.insert(ghost, json!("Skipped"));
    }
    let mut saved = BTreeMap::new();
    for id in ids {
        if !job.ynh.apps.installed.contains_key(&id) {
            continue;
        }
        let core_only = job.env.get("BACKUP_CORE_ONLY").is_some_and(|value| value == "1");
        results.apps.insert(id.clone(), json!("Success"));
        let one = save_app(job, &id, core_only);
        saved.insert(id, one);
    }
    saved
}

fn save_app(job: &mut Job<'_>, id: &str, core_only: bool) -> SavedApp {
    job.info(format!("Collecting files to be backed up for {id}…"));
    job.takes_ms(1_000);
    let app = job.ynh.apps.installed[id].clone();
    for line in apps::backup_lines(&app, id, core_only) {
        job.info(line);
    }
    let with_data = !core_only && app.setting("do_not_backup_data") != Some("1") && app.setting("data_dir").is_some();
    let mut files = Vec::new();
    if let Some(folder) = app.setting("install_dir") {
        files.extend(archive::files_under(job.files, folder));
    }
    if let Some(folder) = app.setting("data_dir").filter(|_| with_data) {
        files.extend(archive::files_under(job.files, folder));
    }
    let size_bytes = 4_096 + archive::size_of(&files) + uploaded_bytes(&app, with_data);
    let permissions = view::permissions_snapshot(job.ynh, id);
    SavedApp { app, permissions, files, with_data, size_bytes }
}

/// What people keep in a Nextcloud.
fn uploaded_bytes(app: &Installed, with_data: bool) -> u64 {
    match &app.program {
        Inside::Nextcloud(state) if with_data => state.files.values().flat_map(|files| files.values()).sum(),
        _ => 0,
    }
}

fn collect_system(job: &mut Job<'_>, asked: Option<Vec<String>>, results: &mut Results) -> BTreeMap<String, SavedPart> {
    let Some(mut names) = asked else { return BTreeMap::new() };
    if names.is_empty() {
        names = SYSTEM_PARTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    let mut saved = BTreeMap::new();
    for name in names {
        let Some((_, folder)) = SYSTEM_PARTS.iter().find(|(one, _)| *one == name) else {
            job.error(format!("The backup hook '{name}' is unknown"));
            results.system.insert(name, json!("Skipped"));
            continue;
        };
        let mut files = archive::files_under(job.files, folder);
        // Archives and apps' data have archives of their own.
        files.retain(|(path, _)| !path.starts_with("/home/yunohost.") || *folder == "/home/yunohost.multimedia");
        results.system.insert(name.clone(), json!("Success"));
        let state = view::save_system_part(job.ynh, &name);
        saved.insert(name, SavedPart { size_bytes: 1_024 + archive::size_of(&files), files, state });
    }
    saved
}

fn sizes(archive: &Archive) -> Value {
    let apps: Map<String, Value> = archive.apps.iter().map(|(id, one)| (id.clone(), json!(one.size_bytes))).collect();
    let system: Map<String, Value> =
        archive.system.iter().map(|(id, one)| (id.clone(), json!(one.size_bytes))).collect();
    json!({"size": archive.size_bytes(), "size_details": {"system": system, "apps": apps}})
}

/// Writes an archive by each method. A method that nobody provides is passed over in silence: success is announced
/// and there is no archive (sheet YunoHost, section 10).
fn store(job: &mut Job<'_>, archive: &Archive, methods: &[&str], folder: Option<&str>) {
    job.info("Creating a backup archive from the collected files…");
    job.info(format!("The archive will contain about {} of data.", diagnosis::human_size(archive.size_bytes())));
    job.takes_ms(1_000);
    let tar = [&["tar"][..], methods].concat();
    let methods = if methods.is_empty() { &tar[..1] } else { methods };
    for method in methods {
        match *method {
            "tar" => archive.write(job.files),
            "copy" => copy(job, archive, folder.unwrap_or_default()),
            _ => {}
        }
    }
}

/// The `copy` method: the files as they are, in a folder that is never listed.
fn copy(job: &mut Job<'_>, archive: &Archive, folder: &str) {
    for (id, saved) in &archive.apps {
        for (path, entry) in &saved.files {
            let inside = vec![(format!("{folder}/apps/{id}/backup{path}"), entry.clone())];
            archive::put_back(job.files, &inside);
        }
    }
    let note = json!({"created_at": archive.created_at.unix_seconds(), "description": archive.description});
    job.files.write(&format!("{folder}/info.json"), note.to_string());
}

/// The backup before an upgrade: code and database only, the two newest names take turns.
pub(crate) fn safety_backup(job: &mut Job<'_>, id: &str) -> String {
    job.info("Creating a safety backup prior to the upgrade");
    let names = archive::names(job.files);
    let (first, second) = (format!("{id}-pre-upgrade1"), format!("{id}-pre-upgrade2"));
    let (name, other) = if names.contains(&first) { (second, first) } else { (first, second) };
    let saved = save_app(job, id, true);
    let archive = Archive {
        path: format!("{FOLDER}/{name}.tar"),
        name: name.clone(),
        created_at: job.now(),
        description: String::new(),
        from_version: VERSION.to_owned(),
        order: vec![id.to_owned()],
        apps: BTreeMap::from([(id.to_owned(), saved)]),
        system: BTreeMap::new(),
    };
    store(job, &archive, &[], None);
    job.success(format!("Backup created: {name}"));
    if names.contains(&other) && listing::delete_one(job, &other).is_ok() {
        job.info(format!("Backup {other} was deleted because it is replaced by a newer backup {name}"));
    }
    name
}
