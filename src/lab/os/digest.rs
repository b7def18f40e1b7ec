//! What makes two machines "the same": everything that was decided, nothing that merely happened.

use serde_json::{Map, Value, json};

use super::Machine;
use super::units::{Enablement, State};

/// Folders whose files count.
const FOLDERS: [&str; 8] =
    ["/etc/", "/root/", "/home/", "/var/lib/accolades/", "/usr/local/", "/srv/", "/var/www/", "/var/lib/vz/snippets/"];

/// Files in them that differ from run to run, or only tell what happened.
const IGNORED: [&str; 11] = [
    "/etc/ssh/ssh_host_",
    "/etc/machine-id",
    "/etc/shadow",
    "/etc/yunohost/certs/",
    "/etc/ssl/private/",
    "/etc/dkim/",
    "/etc/yunohost/psql",
    "/etc/yunohost/mysql",
    "/root/.ssh/known_hosts",
    "/etc/pve/priv/storage/",
    // A nonce and a moment, written anew every night.
    "/var/lib/accolades/marker.",
];

/// Endings of files that only tell what happened.
const LOGS: [&str; 6] = [".log", ".out", ".err", "stdout", "stderr", ".pid"];

/// Parts of a key whose value is a secret, a moment, a duration, a history or a random choice.
const VOLATILE: [&str; 17] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "salt",
    "_at",
    "time",
    "moment",
    "log",
    "operations",
    "lock",
    "history",
    "started",
    "ended",
    "uuid",
    "random",
];

/// Keys that are left out only when they stand alone: the port of an app's own service, which YunoHost draws at random.
const DRAWN: [&str; 1] = ["port"];

/// Whether what stands behind a key is a secret, a moment or a random choice.
fn is_volatile(key: &str) -> bool {
    let key = key.trim().to_ascii_lowercase();
    DRAWN.contains(&key.as_str()) || VOLATILE.iter().any(|part| key.contains(part))
}

impl Machine {
    /// Everything that matters for "the same world", without logs, times, keys, process numbers, random passwords.
    pub fn digest_view(&self) -> Value {
        let files: Map<String, Value> = self
            .files
            .all()
            .filter(|(path, _)| counts(path))
            .map(|(path, entry)| {
                let content = entry.content.as_deref().map(without_secrets);
                (path.to_owned(), json!([format!("{:o}", entry.mode), entry.owner, content]))
            })
            .collect();
        let accounts: Map<String, Value> = self
            .accounts
            .all()
            .map(|(name, account)| (name.to_owned(), json!([account.uid, account.home, account.shell, account.groups])))
            .collect();
        let units: Map<String, Value> = self
            .units
            .known
            .iter()
            .filter(|(_, unit)| unit.enablement != Enablement::Transient)
            .map(|(name, unit)| {
                let active = matches!(unit.state, State::Active | State::Exited);
                (name.clone(), json!([unit.enablement, active]))
            })
            .collect();
        let disks: Vec<Value> = self
            .disks
            .iter()
            .flat_map(|disk| std::iter::once(disk).chain(&disk.partitions))
            .map(|disk| json!([disk.path, disk.present, disk.filesystem, disk.label, disk.mounted_at]))
            .collect();
        let packages: Vec<&str> = self.packages.all().map(|(name, _)| name).collect();
        json!({
            "hostname": self.hostname,
            "debian": self.debian,
            "addresses": self.addresses,
            "accounts": accounts,
            "files": files,
            "units": units,
            "disks": disks,
            "packages": packages,
            "dpkg_interrupted": self.packages.interrupted,
            "yunohost": self.yunohost.as_ref().map(|yunohost| steady(json!(yunohost))),
        })
    }
}

fn counts(path: &str) -> bool {
    FOLDERS.iter().any(|folder| path.starts_with(folder))
        && !IGNORED.iter().any(|ignored| path.starts_with(ignored))
        && !LOGS.iter().any(|ending| path.ends_with(ending))
}

/// Lines that hold a secret or a moment keep only what stands before it.
fn without_secrets(text: &str) -> String {
    let kept = text.lines().map(|line| {
        let Some((key, _)) = line.split_once([':', '=']) else { return line };
        if is_volatile(key) { key } else { line }
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// A value without its volatile keys.
fn steady(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().filter(|(key, _)| !is_volatile(key)).map(|(key, value)| (key, steady(value))).collect(),
        ),
        Value::Array(values) => Value::Array(values.into_iter().map(steady).collect()),
        other => other,
    }
}
