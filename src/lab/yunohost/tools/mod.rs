//! `tools update|upgrade|versions|migrations|regen-conf|...`, `hook *` and `storage *`.

mod hooks;
mod migrations;
pub mod regen_conf;
mod updates;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Yunohost;
use super::job::{Failure, Job, Outcome};
use super::reply::Args;
use crate::world::Moment;

/// Debian packages, migrations and hooks of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    /// Packages with a newer version: name, category, present and new version.
    pub upgradable: Vec<Upgradable>,
    /// Upgrades of packages fail.
    pub apt_broken: bool,
    /// When the package lists were last fetched; the installer does it first.
    pub lists_fetched_at: Moment,
    /// State of each migration by id: `skipped`, `done` or `pending`.
    pub migrations: std::collections::BTreeMap<String, String>,
    /// Hooks that were added by hand: action, name, path.
    pub hooks: Vec<(String, String, String)>,
}

/// A package of Debian that can be upgraded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgradable {
    /// Name.
    pub name: String,
    /// What `tools update` files it under.
    pub category: String,
    /// Present version.
    pub current: String,
    /// New version.
    pub new: String,
    /// Where it comes from, as `apt` says.
    pub source: String,
    /// Size of the package in bytes.
    pub size_bytes: u64,
}

impl Default for Tools {
    /// A machine after its post-installation: every migration is skipped.
    fn default() -> Tools {
        let skipped = migrations::ALL.iter().map(|one| (one.id.to_owned(), "skipped".to_owned())).collect();
        Tools {
            upgradable: Vec::new(),
            apt_broken: false,
            lists_fetched_at: Moment::default(),
            migrations: skipped,
            hooks: Vec::new(),
        }
    }
}

/// What the machine is made of: kept up to date by the world around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Size of the root file system in bytes.
    pub disk_bytes: u64,
    /// Free space on it in bytes.
    pub disk_free_bytes: u64,
}

impl Default for Hardware {
    fn default() -> Hardware {
        Hardware { memory_bytes: 3_891 << 20, disk_bytes: 40 << 30, disk_free_bytes: (40 << 30) / 1000 * 999 }
    }
}

impl Hardware {
    /// Follows the size of the root file system (0: not known). What the simulated files take is next to nothing.
    pub fn follow(&mut self, root_bytes: u64) {
        if root_bytes > 0 && root_bytes != self.disk_bytes {
            self.disk_bytes = root_bytes;
            self.disk_free_bytes = root_bytes / 1000 * 999;
        }
    }

    /// Memory that is not used: the services of YunoHost take about 800 MiB.
    pub fn memory_available_bytes(&self) -> u64 {
        self.memory_bytes.saturating_sub(819 << 20)
    }
}

/// YunoHost's packages with their versions, in the order they are shown.
pub fn versions(_ynh: &Yunohost) -> Vec<(&'static str, &'static str)> {
    vec![
        ("yunohost", super::VERSION),
        ("yunohost-admin", "12.1.2"),
        ("yunohost-portal", "12.1.2"),
        ("moulinette", "12.1.3"),
        ("ssowat", "12.1.2"),
    ]
}

/// Runs a `tools`, `hook` or `storage` command of this room.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "tools versions" => Ok(Some(show_versions(job))),
        "tools update" => updates::update(job, args),
        "tools update_norefresh" => updates::update_norefresh(job),
        "tools upgrade" => updates::upgrade(job, args),
        "tools migrations list" => migrations::list(job, args),
        "tools migrations run" => migrations::run(job, args),
        "tools migrations state" => Ok(Some(json!({"migrations": job.ynh.tools.migrations}))),
        "tools basic-space-cleanup" => updates::space_cleanup(job),
        _ if command.starts_with("hook ") => return hooks::dispatch(job, command, args),
        // Disks are asked of a service over D-Bus whose Python module is missing.
        "storage disk list" | "storage disk info" => {
            Err(Failure::Traceback("ModuleNotFoundError: No module named 'sdbus'".to_owned()))
        }
        _ => return None,
    })
}

fn show_versions(job: &mut Job<'_>) -> Value {
    job.reply.keeps_order = true;
    let entry = |(name, version): (&str, &str)| (name.to_owned(), json!({"version": version, "repo": "stable"}));
    Value::Object(versions(job.ynh).into_iter().map(entry).collect::<Map<_, _>>())
}
