//! What is read once per look at a node, whatever the number of its instances.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::convert;
use crate::domain::backup::health::{JobSeen, NodePlace, Space};
use crate::domain::ids::VmId;
use crate::engine::site::SiteLink;
use crate::engine::{Engine, EngineError};
use crate::pve::{BackupJob, Permissions, PveError, ResourceKind, StorageStatus, TaskFilter, TaskSource, TaskSummary};
use crate::util::limits;

/// What listing backups needs on the storage, besides `VM.Backup` on the machine (sheet Proxmox, 9c).
const LIST_STORAGE: &str = "Datastore.AllocateSpace";
/// See [`LIST_STORAGE`].
const LIST_MACHINE: &str = "VM.Backup";
/// This alone shows everything on a storage.
const LIST_ALL: &str = "Datastore.Allocate";

/// A node at one moment.
pub(super) struct NodeFacts {
    /// When we looked, by our clock.
    pub(super) at: Timestamp,
    /// What the node's clock showed then.
    pub(super) node_now: Timestamp,
    /// Seconds by which the node's clock is ahead of ours.
    pub(super) clock_ahead_s: i64,
    /// The node's time zone.
    pub(super) time_zone: String,
    /// Backup tasks, the latest first.
    pub(super) tasks: Vec<TaskSummary>,
    permissions: Permissions,
    storages: Vec<StorageStatus>,
    /// None when they are not ours to see.
    jobs: Option<Vec<BackupJob>>,
    pools: BTreeMap<VmId, String>,
}

impl NodeFacts {
    /// Reads them: six requests.
    ///
    /// # Errors
    /// When the node does not answer or refuses.
    pub(super) async fn read(engine: &Engine, link: &SiteLink, patience: Duration) -> Result<NodeFacts, EngineError> {
        let pve = &link.pve;
        // The clock first: the two readings of ours that enclose it should lie close together.
        let at = engine.clock.now().await?;
        let silent = |_| EngineError::Unknown(format!("`{}` says nothing for {} s", pve.node(), patience.as_secs()));
        let time = tokio::time::timeout(patience, pve.node_time()).await.map_err(silent)??;
        let after = engine.clock.now().await?;
        let node_now = convert::moment(time.time).unwrap_or(at);
        let permissions = pve.permissions(None).await?;
        let storages = pve.storages().await?;
        let jobs = match pve.backup_jobs().await {
            Ok(jobs) => Some(jobs),
            Err(PveError::Forbidden { .. }) => None,
            Err(other) => return Err(other.into()),
        };
        let filter = TaskFilter {
            source: TaskSource::All,
            kind: Some("vzdump".to_owned()),
            since: Some(node_now.as_second() - i64::try_from(limits::BACKUP_LOOK_BACK.as_secs()).unwrap_or(0)),
            limit: Some(limits::BACKUP_TASKS_MAX),
            ..TaskFilter::default()
        };
        let tasks = pve.tasks(&filter).await?;
        let members = pve.resources(ResourceKind::Vm).await?;
        let pools = members.into_iter().filter_map(|one| Some((one.vmid?, one.pool?))).collect();
        let clock_ahead_s = ahead_s(node_now, at, after);
        let time_zone = time.timezone;
        Ok(NodeFacts { at, node_now, clock_ahead_s, time_zone, tasks, permissions, storages, jobs, pools })
    }

    /// The storage, when the node has it and lets us see it.
    pub(super) fn storage(&self, id: &str) -> Option<&StorageStatus> {
        self.storages.iter().find(|storage| storage.storage == id)
    }

    /// Which privilege is missing for a listing of this machine's backups that can be believed.
    pub(super) fn missing_right(&self, storage: &str, vmid: VmId) -> Option<String> {
        missing_right(&self.permissions, storage, vmid)
    }

    /// A storage and its job as they concern one machine.
    pub(super) fn place(&self, storage: &str, job_id: &str, vmid: VmId, node: &str) -> NodePlace {
        let status = self.storage(storage);
        let space = status.and_then(|status| {
            let (total_bytes, avail_bytes) = (status.total?, status.avail?);
            (total_bytes > 0).then_some(Space { total_bytes, avail_bytes })
        });
        NodePlace {
            storage: storage.to_owned(),
            active: status.is_some_and(|status| status.active),
            space,
            jobs_visible: self.jobs.is_some(),
            job: self.jobs.as_ref().and_then(|jobs| self.job(jobs, storage, job_id, vmid, node)),
        }
    }

    /// The job by its name, or any other one that fills the storage with this machine.
    fn job(&self, jobs: &[BackupJob], storage: &str, id: &str, vmid: VmId, node: &str) -> Option<JobSeen> {
        let fills = |job: &&BackupJob| option(job, "storage") == Some(storage);
        let named = jobs.iter().find(|job| job.id == id && fills(job));
        let job = named.or_else(|| jobs.iter().filter(fills).find(|job| self.selects(job, vmid)))?;
        Some(JobSeen {
            id: job.id.clone(),
            // Proxmox leaves out what is as usual.
            enabled: option(job, "enabled") != Some("0"),
            schedule: option(job, "schedule").unwrap_or_default().to_owned(),
            other_node: option(job, "node").filter(|bound| *bound != node).map(str::to_owned),
            selects_machine: self.selects(job, vmid),
            repeat_missed: option(job, "repeat-missed") == Some("1"),
        })
    }

    fn selects(&self, job: &BackupJob, vmid: VmId) -> bool {
        let lists = |name: &str| {
            let ids = option(job, name).unwrap_or_default().split([',', ';', ' ']);
            ids.filter_map(|id| id.parse().ok()).any(|id| VmId(id) == vmid)
        };
        match (option(job, "all"), option(job, "pool")) {
            (Some("1"), _) => !lists("exclude"),
            (_, Some(pool)) => self.pools.get(&vmid).map(String::as_str) == Some(pool),
            _ => lists("vmid"),
        }
    }

    /// The tasks that saved this machine, or tried to.
    pub(super) fn tasks_of(&self, vmid: VmId) -> impl Iterator<Item = &TaskSummary> {
        self.tasks.iter().filter(move |task| may_concern(task, vmid))
    }
}

/// Whether a backup task saves this machine, or may: it names it, or it names none because it saves several.
pub(super) fn may_concern(task: &TaskSummary, vmid: VmId) -> bool {
    task.id.as_deref().is_none_or(|named| named.is_empty() || named == vmid.to_string())
}

/// Which privilege is missing for a listing of a machine's backups that can be believed: without it the list is empty.
pub(in crate::engine) fn missing_right(permissions: &Permissions, storage: &str, vmid: VmId) -> Option<String> {
    let (storage, machine) = (format!("/storage/{storage}"), format!("/vms/{vmid}"));
    if has(permissions, &storage, LIST_ALL) {
        return None;
    }
    let wanted = [(&storage, LIST_STORAGE), (&machine, LIST_MACHINE)];
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(path, privilege)| !has(permissions, path, privilege))
        .map(|(path, privilege)| format!("{privilege} on {path}"))
        .collect();
    (!missing.is_empty()).then(|| format!("{} is missing", missing.join(" and ")))
}

/// A path that the node does not list has what the nearest path above it has.
fn has(permissions: &Permissions, path: &str, privilege: &str) -> bool {
    let mut path = path;
    loop {
        if let Some(privileges) = permissions.get(path) {
            return privileges.contains(privilege);
        }
        match path.rsplit_once('/') {
            Some(("", _)) if path != "/" => path = "/",
            Some((above, _)) if !above.is_empty() => path = above,
            _ => return false,
        }
    }
}

fn option<'a>(job: &'a BackupJob, name: &str) -> Option<&'a str> {
    job.options.get(name).map(String::as_str)
}

/// By how much a clock that was read between two readings of ours is ahead; zero when it fits between them.
fn ahead_s(theirs: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let (theirs, before, after) = (theirs.as_second(), before.as_second(), after.as_second());
    (theirs - after).max(0) + (theirs - before).min(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(entries: Vec<(&str, Vec<&str>)>) -> NodeFacts {
        let set = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        NodeFacts {
            at: Timestamp::UNIX_EPOCH,
            node_now: Timestamp::UNIX_EPOCH,
            clock_ahead_s: 0,
            time_zone: "UTC".to_owned(),
            tasks: Vec::new(),
            permissions: entries.into_iter().map(|(path, names)| (path.to_owned(), set(names))).collect(),
            storages: Vec::new(),
            jobs: None,
            pools: BTreeMap::from([(VmId(1001), "accolades-lilas".to_owned())]),
        }
    }

    #[test]
    fn a_clock_is_off_only_outside_of_our_two_readings() {
        let at = |second| Timestamp::from_second(second).expect("a moment");
        for (theirs, ahead) in [(100, 0), (105, 0), (103, 0), (99, -1), (107, 2), (0, -100)] {
            assert_eq!(ahead_s(at(theirs), at(100), at(105)), ahead, "{theirs}");
        }
    }

    #[test]
    fn jobs_select_by_pool_by_list_or_all_but_some() {
        let facts = facts(Vec::new());
        let selects = |options: &[(&str, &str)]| {
            let options = options.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            facts.selects(&BackupJob { id: "j".to_owned(), options }, VmId(1001))
        };
        assert!(selects(&[("pool", "accolades-lilas")]));
        assert!(!selects(&[("pool", "accolades-clients")]), "the pool is another one, or empty");
        assert!(selects(&[("vmid", "7,1001")]) && !selects(&[("vmid", "7,10011")]));
        assert!(selects(&[("all", "1")]) && !selects(&[("all", "1"), ("exclude", "1001;7")]));
        assert!(!selects(&[]));
    }

    #[test]
    fn rights_come_from_the_nearest_path_that_is_listed() {
        let vm = VmId(1001);
        let exact = facts(vec![("/storage/hdd", vec![LIST_STORAGE]), ("/vms/1001", vec![LIST_MACHINE])]);
        assert_eq!(exact.missing_right("hdd", vm), None);
        assert!(exact.missing_right("pbs", vm).is_some_and(|told| told.contains("/storage/pbs")));
        assert!(exact.missing_right("hdd", VmId(7)).is_some_and(|told| told.contains("VM.Backup on /vms/7")));
        let above = facts(vec![("/storage", vec![LIST_ALL]), ("/vms", vec![])]);
        assert_eq!(above.missing_right("hdd", vm), None, "who may allocate sees everything");
        let overruled = facts(vec![("/storage", vec![LIST_ALL]), ("/storage/hdd", vec![])]);
        assert!(overruled.missing_right("hdd", vm).is_some(), "the nearer path counts");
        assert!(facts(vec![("/", vec![LIST_STORAGE, LIST_MACHINE])]).missing_right("hdd", vm).is_none());
        assert!(facts(Vec::new()).missing_right("hdd", vm).is_some());
    }
}
