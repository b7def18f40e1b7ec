//! What has to stand on a node so that an instance is backed up: pool, storage, two jobs; what is there; what to do. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::action::{Action, Change, PlannedAction};
use super::desired::Subject;
use crate::domain::backup::calendar::{self, Reads, Run};
use crate::domain::backup::drill::Origin;
use crate::domain::backup::names;
use crate::domain::backup::retention::Retention;
use crate::domain::ids::{InstanceId, VmId};
use crate::inventory::model::{BackupServer, Site};

/// Runs that a plan shows of each job.
pub const RUNS_SHOWN: usize = 3;

/// What a node has of one instance's backups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenBackups {
    /// The machines in the instance's pool; `None`: there is no such pool.
    pub pool: Option<Vec<VmId>>,
    /// Storages by id: type and options. Secrets are never among them, of a key there is the fingerprint.
    pub storages: BTreeMap<String, BTreeMap<String, String>>,
    /// Backup jobs by id.
    pub jobs: BTreeMap<String, BTreeMap<String, String>>,
    /// Sum of the token that the node was given last.
    pub sent_token: Option<String>,
}

/// What we have for the remote backup of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteAccess {
    /// The site has no backup server.
    None,
    /// There is no token for this site yet: what a person has to do.
    Waiting(String),
    /// The token is there, and the key with this fingerprint; none: a key will be made.
    Ready {
        /// `user@realm!name`.
        auth_id: String,
        /// Fingerprint of our key.
        key: Option<String>,
        /// Sum of the token's value.
        token: String,
    },
}

/// What to do about the backups of one instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BackupPlan {
    /// The node was never prepared for this instance.
    pub unprepared: bool,
    /// Differences that nobody planned.
    pub drift: Vec<String>,
    /// What stands in the way.
    pub conflict: Option<String>,
    /// What to do, in order.
    pub actions: Vec<PlannedAction>,
    /// What is as it should be.
    pub unchanged: usize,
}

/// The local job of an instance.
pub fn local_job(subject: &Subject<'_>) -> BTreeMap<String, String> {
    let backup = &subject.site.backup;
    let mut options = common_job(subject, &backup.local_schedule, names::LOCAL_STORAGE, "local");
    options.insert("prune-backups".to_owned(), backup.local_keep.to_string());
    options.insert("compress".to_owned(), "zstd".to_owned());
    options
}

/// The remote job of an instance. It prunes nothing: the token may not, and a job that tries fails after each good backup
/// (sheet Proxmox, section 9a).
pub fn remote_job(subject: &Subject<'_>) -> BTreeMap<String, String> {
    let backup = &subject.site.backup;
    let storage = names::remote_storage(&subject.instance.id);
    let mut options = common_job(subject, &backup.remote_schedule, &storage, "remote");
    options.insert("prune-backups".to_owned(), Retention::everything().to_string());
    options.insert("remove".to_owned(), "0".to_owned());
    if backup.fleecing {
        options.insert("fleecing".to_owned(), format!("enabled=1,storage={}", subject.site.node.vm_storage));
    }
    if let Some(bound) = backup.upload_kib_per_second {
        options.insert("bwlimit".to_owned(), bound.to_string());
    }
    options
}

fn common_job(subject: &Subject<'_>, schedule: &str, storage: &str, place: &str) -> BTreeMap<String, String> {
    let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    BTreeMap::from([
        option("enabled", "1"),
        option("schedule", schedule),
        option("storage", storage),
        option("pool", &names::pool(&subject.instance.id)),
        option("mode", "snapshot"),
        // A box that was off at that hour makes it up.
        option("repeat-missed", "1"),
        option("notes-template", &format!("{{{{guestname}}}} {place} (accolades)")),
        option("comment", &format!("accolades: {place} backup of {}", subject.instance.id)),
    ])
}

/// The storage on the backup server, without its secrets.
pub fn remote_storage(subject: &Subject<'_>, server: &BackupServer, auth_id: &str) -> BTreeMap<String, String> {
    let option = |name: &str, value: String| (name.to_owned(), value);
    BTreeMap::from([
        option("type", "pbs".to_owned()),
        option("server", server.host.clone()),
        option("port", server.port.to_string()),
        option("datastore", server.datastore.clone()),
        option("namespace", names::namespace(server.namespace.as_deref(), &subject.instance.id)),
        option("username", auth_id.to_owned()),
        option("fingerprint", server.tls_fingerprint.to_lowercase()),
        option("content", "backup".to_owned()),
        option("prune-backups", Retention::everything().to_string()),
        option("nodes", subject.site.node.name.clone()),
    ])
}

/// What Proxmox does not let change on a storage that is there.
const FIXED: [&str; 3] = ["type", "server", "datastore"];

/// What to do so that an instance is backed up as the inventory says.
pub fn decide(subject: &Subject<'_>, seen: &SeenBackups, machine_is_there: bool, remote: &RemoteAccess) -> BackupPlan {
    let instance = &subject.instance.id;
    let mut plan = BackupPlan::default();
    let Some(members) = &seen.pool else {
        plan.unprepared = true;
        return plan;
    };
    if members.contains(&subject.instance.vmid) || !machine_is_there {
        plan.unchanged += usize::from(machine_is_there);
    } else {
        let pool = names::pool(instance);
        plan.drift.push(format!("`{instance}` is not in its pool `{pool}`: no job finds it"));
        plan.actions.push(action(
            "backup/member",
            format!("vm {} joins pool {pool}", subject.instance.vmid),
            Change::Change,
            Action::JoinPool { pool },
        ));
    }
    let strangers: Vec<String> =
        members.iter().filter(|vmid| **vmid != subject.instance.vmid).map(ToString::to_string).collect();
    if !strangers.is_empty() {
        plan.drift.push(format!(
            "pool `{}` also has vm {}: it is backed up under the name of `{instance}`",
            names::pool(instance),
            strangers.join(", ")
        ));
    }
    let left_out = |origin| subject.instance.without_backup(origin);
    let (key, id) = ("backup/local-job", names::local_job(instance));
    wanted_job(&mut plan, seen, instance, (key, &id), local_job(subject), left_out(Origin::Local));
    let (remote_id, why) = (names::remote_job(instance), left_out(Origin::Remote));
    let is_set_up = seen.storages.contains_key(&names::remote_storage(instance));
    match (remote, subject.inventory.server_of(subject.site)) {
        (RemoteAccess::None, _) | (_, None) => {}
        // What is left out and was never set up needs neither key nor storage. What is there keeps what it has.
        _ if why.is_some() && !is_set_up => {}
        (RemoteAccess::Waiting(why), Some(server)) => {
            let mut waiting = action(
                "backup/storage",
                format!("remote backup onto `{}`", server.id),
                Change::Add,
                Action::DeclareStorage { options: BTreeMap::new() },
            );
            waiting.waiting = Some(why.clone());
            plan.actions.push(waiting);
        }
        (RemoteAccess::Ready { auth_id, key, token }, Some(server)) => {
            let wanted = remote_storage(subject, server, auth_id);
            storage(&mut plan, seen, subject, wanted, key.as_deref(), token);
            wanted_job(&mut plan, seen, instance, ("backup/remote-job", &remote_id), remote_job(subject), why);
        }
    }
    plan
}

fn action(key: &str, title: String, change: Change, action: Action) -> PlannedAction {
    PlannedAction { key: key.to_owned(), title, change, seconds: 3, action, waiting: None }
}

/// A job, unless the inventory leaves the backup out: one that is there is switched off then, and says why.
fn wanted_job(
    plan: &mut BackupPlan,
    seen: &SeenBackups,
    instance: &InstanceId,
    (key, id): (&str, &str),
    mut wanted: BTreeMap<String, String>,
    left_out: Option<&str>,
) {
    if let Some(why) = left_out {
        if !seen.jobs.contains_key(id) {
            return;
        }
        wanted.insert("enabled".to_owned(), "0".to_owned());
        wanted.insert("comment".to_owned(), format!("accolades: left out: {why}"));
    }
    job(plan, seen, instance, key, id, wanted);
}

fn job(
    plan: &mut BackupPlan,
    seen: &SeenBackups,
    instance: &InstanceId,
    key: &str,
    id: &str,
    wanted: BTreeMap<String, String>,
) {
    let words = job_words(id, &wanted);
    let make = || Action::DeclareJob { id: id.to_owned(), options: wanted.clone() };
    match seen.jobs.get(id) {
        None => plan.actions.push(action(key, words, Change::Add, make())),
        Some(have) => {
            let mut different = differences(have, &wanted);
            different.extend(
                surplus(have, &wanted).map(|name| format!("{name} is {} (inventory says nothing)", have[name])),
            );
            if different.is_empty() {
                plan.unchanged += 1;
                return;
            }
            plan.drift.extend(different.iter().map(|one| format!("`{instance}` job {id}: {one}")));
            plan.actions.push(action(key, words, Change::Change, make()));
        }
    }
}

/// Options of a job that make it pass our machine by, or bound what the inventory does not bound.
pub fn surplus<'a>(
    have: &'a BTreeMap<String, String>,
    want: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'static str> + 'a {
    const NEVER_BY_ITSELF: [&str; 6] = ["vmid", "all", "exclude", "node", "fleecing", "bwlimit"];
    NEVER_BY_ITSELF.into_iter().filter(|name| have.contains_key(*name) && !want.contains_key(*name))
}

fn job_words(id: &str, options: &BTreeMap<String, String>) -> String {
    let option = |name: &str| options.get(name).map_or("", String::as_str);
    format!(
        "backup job {id}      at {} onto {}, keeps {}",
        option("schedule"),
        option("storage"),
        match option("prune-backups") {
            "keep-all=1" => "what the server keeps",
            rules => rules,
        }
    )
}

fn storage(
    plan: &mut BackupPlan,
    seen: &SeenBackups,
    subject: &Subject<'_>,
    wanted: BTreeMap<String, String>,
    key: Option<&str>,
    token: &str,
) {
    let instance = &subject.instance.id;
    let id = names::remote_storage(instance);
    let words = format!(
        "storage {id}      namespace {} of {} on {}, encrypted",
        wanted.get("namespace").map_or("", String::as_str),
        wanted.get("datastore").map_or("", String::as_str),
        wanted.get("server").map_or("", String::as_str),
    );
    let make = || Action::DeclareStorage { options: wanted.clone() };
    let Some(have) = seen.storages.get(&id) else {
        plan.actions.push(action("backup/storage", words, Change::Add, make()));
        return;
    };
    let fixed: BTreeMap<String, String> =
        wanted.iter().filter(|(name, _)| FIXED.contains(&name.as_str())).map(|(a, b)| (a.clone(), b.clone())).collect();
    if let Some(difference) = differences(have, &fixed).first() {
        plan.conflict = Some(format!(
            "storage `{id}` of `{instance}` leads elsewhere: {difference}; it is left untouched\n\n\
             its backups stay where they are: remove the storage in Proxmox once you need them no more, then run this again"
        ));
        return;
    }
    let on_node = have.get("encryption-key").map(String::as_str);
    match (on_node, key) {
        (Some(on_node), None) => {
            plan.conflict = Some(format!(
                "storage `{id}` encrypts with a key that is not saved ({}): backups under it are lost with the node\n\n\
                 bring it here with `accolades key import {instance}` (on the node it is `/etc/pve/priv/storage/{id}.enc`)",
                short(on_node)
            ));
            return;
        }
        (Some(on_node), Some(ours)) if !same_key(on_node, ours) => {
            plan.conflict = Some(format!(
                "storage `{id}` encrypts with another key ({}) than the saved one ({})\n\n\
                 import the one that is in use with `accolades key import {instance}`; the saved one still opens older backups",
                short(on_node),
                short(ours)
            ));
            return;
        }
        _ => {}
    }
    let mut different = differences(have, &wanted);
    if on_node.is_none() {
        different.push("it does not encrypt".to_owned());
    }
    if seen.sent_token.as_deref() != Some(token) {
        different.push("the node may have an older token".to_owned());
    }
    if different.is_empty() {
        plan.unchanged += 1;
        return;
    }
    plan.drift.extend(different.iter().map(|one| format!("`{instance}` storage {id}: {one}")));
    plan.actions.push(action("backup/storage", words, Change::Change, make()));
}

/// Proxmox shows the whole fingerprint or its first eight pairs.
pub fn same_key(shown: &str, ours: &str) -> bool {
    let shown = shown.trim().to_ascii_lowercase();
    !shown.is_empty() && ours.starts_with(&shown) && shown.len() >= 8 * 3 - 1
}

fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(8 * 3 - 1).collect()
}

/// What differs of the options that we set; others are left as somebody made them.
pub fn differences(have: &BTreeMap<String, String>, want: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(name, want): (&String, &String)| {
        let have = have.get(name).map_or("", String::as_str);
        (!same(name, have, want)).then(|| {
            let have = if have.is_empty() { "not set" } else { have };
            format!("{name} is {have} (inventory says {want})")
        })
    };
    want.iter().filter_map(differs).collect()
}

/// Property strings come back in another order, booleans that are the default not at all, hexadecimal digits in another
/// case, namespaces and ports as they were given.
fn same(name: &str, have: &str, want: &str) -> bool {
    if have == want {
        return true;
    }
    match name {
        "prune-backups" | "fleecing" => parts(have) == parts(want),
        "content" | "nodes" => list(have) == list(want),
        "fingerprint" => have.eq_ignore_ascii_case(want),
        "enabled" | "remove" if have.is_empty() => want == "1",
        "mode" if have.is_empty() => want == "snapshot",
        "port" if have.is_empty() => want == "8007",
        _ => false,
    }
}

fn parts(text: &str) -> BTreeMap<&str, &str> {
    text.split(',').filter_map(|part| part.split_once('=')).collect()
}

fn list(text: &str) -> std::collections::BTreeSet<&str> {
    text.split(',').collect()
}

/// When a job of an instance runs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRuns {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: String,
    /// Its storage.
    pub storage: String,
    /// Its schedule.
    pub schedule: String,
    /// The next runs.
    pub runs: Vec<Run>,
}

/// The next runs of both jobs of an instance, as its node will have them.
pub fn next_runs(subject: &Subject<'_>, now: Timestamp) -> Vec<NextRuns> {
    let instance = &subject.instance.id;
    let zone = subject.inventory.site_zone(subject.site);
    let is_made = |origin| subject.instance.without_backup(origin).is_none();
    let mut jobs = Vec::new();
    if is_made(Origin::Local) {
        jobs.push((names::local_job(instance), local_job(subject)));
    }
    if has_remote(subject.site) && is_made(Origin::Remote) {
        jobs.push((names::remote_job(instance), remote_job(subject)));
    }
    let runs = |(job, options): (String, BTreeMap<String, String>)| {
        let schedule = options.get("schedule").cloned().unwrap_or_default();
        let event = calendar::parse(&schedule, Reads::Node).ok()?;
        Some(NextRuns {
            instance: instance.clone(),
            job,
            storage: options.get("storage").cloned().unwrap_or_default(),
            runs: event.runs(now, &zone, RUNS_SHOWN),
            schedule,
        })
    };
    jobs.into_iter().filter_map(runs).collect()
}

/// Whether a site sends its backups away.
pub fn has_remote(site: &Site) -> bool {
    site.backup_server.is_some()
}
