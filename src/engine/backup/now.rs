//! One backup at once: it waits for its turn on the node and for locks, follows the task, and believes what lies on the
//! storage afterwards, not what the task says.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::convert;
use super::look::storage_and_job;
use crate::domain::backup::health::{ListingSeen, Place, SEEN_VERSION, Snapshot};
use crate::domain::backup::marker;
use crate::domain::runs::RunOutcome;
use crate::engine::drill::scope_of;
use crate::engine::journal::ActionLog;
use crate::engine::lease::{InstanceLease, heavy_work};
use crate::engine::observe::subject_name;
use crate::engine::site::{SiteLink, Token};
use crate::engine::under_way::UnderWay;
use crate::engine::{Engine, EngineError, Event};
use crate::health::matter;
use crate::plan::decide::is_marked;
use crate::plan::desired::Subject;
use crate::plan::observed::MachineState;
use crate::pve::{BackupRequest, BackupStart, TaskEnd, TaskFilter, TaskSource, TaskVerdict, Upid, wait_task};
use crate::store::{NewRun, Scope, SeenMarker};
use crate::util::limits;
use crate::util::remote::Sent;

/// Version of a run's summary.
const SUMMARY_VERSION: u32 = 1;

/// Snapshots of this size are unfinished (sheet Proxmox, 16).
const UNFINISHED_BYTES_MAX: u64 = 1;

/// A backup that was made and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Where.
    pub place: Place,
    /// Its name there.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// Its size.
    pub size_bytes: u64,
    /// When the guest wrote the marker that it holds; none when no fresh one could be had.
    pub marker_at: Option<Timestamp>,
    /// What the task complains of although the backup is there.
    pub complaint: Option<String>,
}

/// A backup that is to be made.
struct Work<'a> {
    engine: &'a Engine,
    subject: Subject<'a>,
    link: SiteLink,
    place: Place,
    storage: String,
}

impl Engine {
    /// Makes a backup of an instance now, and reads it back. Waits for other heavy work on the node, and for locks on the
    /// machine.
    ///
    /// # Errors
    /// A conflict when the machine is not ours; otherwise what the node says, or that nothing was saved.
    pub async fn back_up(&self, subject: &Subject<'_>, place: Place) -> Result<Saved, EngineError> {
        let route = self.route(subject.site)?;
        let link = self.link(subject.site, &route, Token::Everyday).await?;
        let (storage, _) = storage_and_job(subject, place);
        let work = Work { engine: self, subject: *subject, link, place, storage };
        let mut lease = work.take_turn().await?;
        let result = work.recorded(&mut lease).await;
        lease.give_back(self).await?;
        result
    }
}

impl Work<'_> {
    fn name(&self) -> String {
        self.subject.instance.id.to_string()
    }

    fn key(&self) -> String {
        format!("backup/{}", self.place.word())
    }

    fn tell(&self, title: &str, done: bool) {
        let (subject, key, title) = (self.name(), self.key(), title.to_owned());
        self.engine.tell(match done {
            true => Event::Done { subject, key, title, already: false },
            false => Event::Acts { subject, key, title },
        });
    }

    fn note(&self, text: impl Into<String>) {
        self.engine.tell(Event::Note { subject: self.name(), text: text.into() });
    }

    fn failed(&self, problem: impl Into<String>, next: &str) -> EngineError {
        let title = format!("{} backup of `{}`", self.place.word(), self.name());
        EngineError::Failed { title, problem: problem.into(), next: next.to_owned() }
    }

    /// One heavy work at a time on a node, also across our own machines.
    async fn take_turn(&self) -> Result<InstanceLease, EngineError> {
        let name = heavy_work(self.subject.site);
        let began = self.engine.clock.now().await?;
        let mut told = false;
        loop {
            match InstanceLease::take(self.engine, &name).await {
                Err(EngineError::Busy { holder, .. }) if self.waited(began).await? < limits::BACKUP_TURN_TIMEOUT => {
                    if !told {
                        self.note(format!("waits for other work on `{}` ({holder})", self.subject.site.node.name));
                        told = true;
                    }
                    self.engine.clock.sleep(limits::BUSY_WAIT).await?;
                }
                taken => return taken,
            }
        }
    }

    async fn waited(&self, began: Timestamp) -> Result<Duration, EngineError> {
        let now = self.engine.clock.now().await?;
        Ok(Duration::try_from(now.duration_since(began)).unwrap_or_default())
    }

    /// The work with its record.
    async fn recorded(&self, lease: &mut InstanceLease) -> Result<Saved, EngineError> {
        let engine = self.engine;
        let id = engine.randomness.hex(8);
        let run = NewRun {
            id: id.clone(),
            plan_id: None,
            scope: Scope::Staff,
            by: engine.by.clone(),
            at_us: engine.now_us().await?,
        };
        let under_way = UnderWay::begin(engine, &run).await?;
        engine.tell(Event::Begins { subject: self.name(), actions: 3 });
        let (subject, key) = (subject_name(&self.subject), self.key());
        let log = ActionLog::new(engine, &id, &subject, &key);
        let result = self.save(&log, lease).await;
        let (outcome, told) = match &result {
            Ok(saved) => {
                log.done().await?;
                (RunOutcome::Saved, json!({ "version": SUMMARY_VERSION, "saved": saved }))
            }
            Err(error) => {
                log.failed(error).await?;
                let text = engine.redactor.clean(&error.to_string());
                (RunOutcome::Failed, json!({ "version": SUMMARY_VERSION, "error": text }))
            }
        };
        under_way.end(engine, outcome, &told).await?;
        result
    }

    async fn save(&self, log: &ActionLog<'_>, lease: &mut InstanceLease) -> Result<Saved, EngineError> {
        self.check_machine().await?;
        if let Some(upid) = self.left_under_way(log).await? {
            self.note("goes on with the backup that an earlier command began");
            let end = self.follow(&upid, &format!("backup to `{}`", self.storage), lease).await?;
            return self.read_back(&upid, &end, None, None).await;
        }
        self.wait_for_the_node().await?;
        self.tell("marker", false);
        let marker_at = self.fresh_marker().await?;
        self.tell("marker", true);
        let title = format!("backup to `{}`", self.storage);
        self.tell(&title, false);
        let earlier: BTreeSet<String> = self.listed().await?.into_iter().map(|snapshot| snapshot.id).collect();
        let upid = self.submit(log).await?;
        let end = self.follow(&upid, &title, lease).await?;
        self.tell(&title, true);
        self.tell("read back", false);
        let saved = self.read_back(&upid, &end, Some(&earlier), marker_at).await?;
        self.tell("read back", true);
        Ok(saved)
    }

    /// A machine that is not ours is not backed up by us: its owner may have reasons.
    async fn check_machine(&self) -> Result<(), EngineError> {
        let vmid = self.subject.instance.vmid;
        match self.engine.machine(&self.link, vmid).await? {
            MachineState::Present(machine) if is_marked(&machine, &self.subject.instance.id) => Ok(()),
            MachineState::Present(_) => Err(EngineError::Conflict(format!(
                "vm {vmid} exists and does not carry the mark of `{}`; it is left alone",
                self.name()
            ))),
            MachineState::Absent => Err(self.failed("there is no machine yet", "run `accolades apply` first")),
            MachineState::Unknown(why) => Err(EngineError::Unknown(why)),
        }
    }

    /// Backups that run, and whatever holds a lock on the machine, come first.
    async fn wait_for_the_node(&self) -> Result<(), EngineError> {
        let began = self.engine.clock.now().await?;
        let (mut told, mut was_bare) = (false, false);
        loop {
            let filter =
                TaskFilter { source: TaskSource::Active, kind: Some("vzdump".to_owned()), ..TaskFilter::default() };
            let backups = self.link.pve.tasks(&filter).await?;
            let lock = self.link.pve.vm_state(self.subject.instance.vmid).await?.lock;
            let what = match (backups.first(), lock.as_deref()) {
                (Some(task), _) => format!("another backup on the node ({})", task.upid),
                // It may have begun, or ended, between the two answers: once is no proof.
                (None, Some("backup")) if !was_bare => {
                    was_bare = true;
                    self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
                    continue;
                }
                (None, Some("backup")) => {
                    return Err(self.failed(
                        "the machine is locked for a backup and none is under way",
                        "see that no backup is under way, then `qm unlock` as root on the node",
                    ));
                }
                (None, Some(lock)) => format!("the lock `{lock}` of the machine"),
                (None, None) => return Ok(()),
            };
            was_bare = false;
            if self.waited(began).await? >= limits::BACKUP_TURN_TIMEOUT {
                return Err(self.failed(format!("it waited too long for {what}"), "run the same command again later"));
            }
            if !told {
                self.note(format!("waits for {what}"));
                told = true;
            }
            self.engine.clock.sleep(limits::BUSY_WAIT).await?;
        }
    }

    /// Lets the guest write a fresh marker and keeps it. Without one the backup is made all the same: it then holds the
    /// marker of last night.
    async fn fresh_marker(&self) -> Result<Option<Timestamp>, EngineError> {
        let engine = self.engine;
        let Some(address) = engine.guest_address(&self.subject, &self.link).await? else {
            self.note("the guest was never met: the backup will hold no fresh marker");
            return Ok(None);
        };
        let written = async {
            let door = engine.open_door(&address).await?;
            let began = door.run(&["systemctl", "start", &format!("{}.service", marker::UNIT)], None).await?;
            if !began.is_zero() {
                return Err(EngineError::Unexpected(format!("the guest wrote no marker: {}", began.stderr.trim())));
            }
            let read = door.run(&["cat", marker::PATH], None).await?;
            marker::parse(&read.stdout).map_err(|error| EngineError::Unexpected(format!("the guest's marker: {error}")))
        };
        match written.await {
            Ok(fresh) => {
                let seen = SeenMarker {
                    scope: scope_of(&self.subject),
                    instance: self.subject.instance.id.clone(),
                    nonce: fresh.nonce.clone(),
                    made_at_us: fresh.at.as_microsecond(),
                    seen_at_us: engine.now_us().await?,
                    marker: serde_json::to_value(&fresh)
                        .map_err(|error| EngineError::Unexpected(format!("a marker is no JSON: {error}")))?,
                };
                engine.store.record_marker(&seen).await?;
                Ok(Some(fresh.at))
            }
            Err(own @ (EngineError::Store(_) | EngineError::Clock(_))) => Err(own),
            Err(error) => {
                let words = engine.redactor.clean(&error.to_string());
                self.note(format!("no fresh marker: {}", words.lines().next().unwrap_or_default()));
                Ok(None)
            }
        }
    }

    async fn listed(&self) -> Result<Vec<Snapshot>, EngineError> {
        let vmid = self.subject.instance.vmid;
        let volumes = self.link.pve.volumes(&self.storage, Some("backup"), Some(vmid)).await?;
        Ok(volumes.iter().filter_map(convert::snapshot).collect())
    }

    /// The backup that an earlier command, which was cut short, left under way. Looked for before anything is waited for: it
    /// would be waited for, and then made a second time.
    async fn left_under_way(&self, log: &ActionLog<'_>) -> Result<Option<Upid>, EngineError> {
        let Some(Ok(upid)) = log.open_task().await?.map(|task| task.parse::<Upid>()) else { return Ok(None) };
        let runs = self.link.pve.task_status(&upid).await.is_ok_and(|status| status.verdict().is_none());
        Ok(Some(upid).filter(|_| runs))
    }

    /// Submits the backup, once: a task whose name was lost is followed instead.
    async fn submit(&self, log: &ActionLog<'_>) -> Result<Upid, EngineError> {
        let request = BackupRequest {
            vmid: self.subject.instance.vmid,
            storage: self.storage.clone(),
            notes: format!("{} (accolades, {})", self.name(), self.engine.by),
            fleecing: (self.place == Place::Remote && self.subject.site.backup.fleecing)
                .then(|| self.subject.site.node.vm_storage.clone()),
        };
        let node_now = self.link.pve.node_time().await?.time;
        log.started().await?;
        let upid = match self.link.pve.start_backup(&request).await {
            Ok(BackupStart::Started(upid)) => upid,
            Ok(BackupStart::Nothing) => {
                return Err(self.failed(
                    format!("the node answered OK without a task: vm {} is not on it, nothing was saved", request.vmid),
                    "see on which node the machine is",
                ));
            }
            Err(error) if error.sent() == Sent::Maybe => self.find_lost_task(node_now).await?.ok_or(error)?,
            Err(error) => return Err(error.into()),
        };
        log.submitted(upid.as_str()).await?;
        Ok(upid)
    }

    /// The task of ours that began on this machine since a moment of the node's clock.
    async fn find_lost_task(&self, since_s: u64) -> Result<Option<Upid>, EngineError> {
        self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
        let filter = TaskFilter {
            source: TaskSource::All,
            kind: Some("vzdump".to_owned()),
            vmid: Some(self.subject.instance.vmid),
            since: i64::try_from(since_s).ok(),
            ..TaskFilter::default()
        };
        let tasks = self.link.pve.tasks(&filter).await?;
        let ours = tasks.iter().filter_map(|task| task.upid.parse::<Upid>().ok());
        Ok(ours.filter(|upid| upid.user == self.link.pve.token_id()).max_by_key(|upid| upid.starttime))
    }

    /// Follows the task; meanwhile the turn is kept and the log's progress is told.
    async fn follow(&self, upid: &Upid, title: &str, lease: &mut InstanceLease) -> Result<TaskEnd, EngineError> {
        tokio::select! {
            end = wait_task(&self.link.pve, upid, &self.engine.clock, limits::BACKUP_TIMEOUT) => Ok(end?),
            lost = self.watch_over(upid, title, lease) => Err(lost),
        }
    }

    /// Ends only when the turn is lost or our own store fails.
    async fn watch_over(&self, upid: &Upid, title: &str, lease: &mut InstanceLease) -> EngineError {
        let mut told = String::new();
        loop {
            if let Err(error) = self.engine.clock.sleep(limits::BACKUP_PROGRESS_INTERVAL).await {
                return error.into();
            }
            if let Err(error) = lease.renew(self.engine).await {
                return error;
            }
            // Progress that cannot be read is no reason to stop: following the task decides.
            let tail = self.link.pve.task_log_tail(upid, limits::PVE_TASK_LOG_LINES_SHOWN).await.unwrap_or_default();
            if let Some(percent) = tail.iter().rev().find_map(|line| percent(line))
                && told != percent
            {
                percent.clone_into(&mut told);
                self.tell(&format!("{title}: {percent}"), false);
            }
        }
    }

    /// What lies there now and did not before; `earlier` is what lay there, when that is known.
    async fn read_back(
        &self,
        upid: &Upid,
        end: &TaskEnd,
        earlier: Option<&BTreeSet<String>>,
        marker_at: Option<Timestamp>,
    ) -> Result<Saved, EngineError> {
        let at = self.engine.clock.now().await?;
        let snapshots = self.listed().await?;
        let listing = ListingSeen { version: SEEN_VERSION, snapshots: snapshots.clone() };
        let looks = matter::looks(&self.subject, matter::listing(self.place), at, Ok(listing))?;
        self.engine.store.record_looks(&looks).await?;
        let began = Timestamp::from_second(upid.starttime).unwrap_or(Timestamp::MIN);
        let words = match &end.verdict {
            TaskVerdict::Ok | TaskVerdict::Warnings(_) => None,
            TaskVerdict::Failed(words) => Some(words.clone()),
            TaskVerdict::Unknown(_) => Some("it was cut short".to_owned()),
        };
        let log = self.engine.redactor.clean(&end.log_tail.join("\n"));
        match (made_since(&snapshots, earlier, began), words) {
            (Some(new), complaint) => {
                if let Some(complaint) = &complaint {
                    self.note(format!("the backup is there although its task ended with `{complaint}`\n{log}"));
                }
                let (id, at, size_bytes) = (new.id.clone(), new.at, new.size_bytes);
                Ok(Saved { place: self.place, id, at, size_bytes, marker_at, complaint })
            }
            (None, Some(words)) => {
                Err(self.failed(format!("{words}\n{log}"), "mend what the log names, then run the same command again"))
            }
            (None, None) => Err(self.failed(
                format!("the task ended OK and left no backup on `{}`", self.storage),
                "see what the task's log says was saved: a machine without a disk that is backed up leaves none",
            )),
        }
    }
}

/// The backup that a task made which began at a moment. Clocks may differ a little as long as it is known what lay there
/// before; where it is not, a backup made shortly before is not taken for that of a task that failed: both moments are the
/// node's.
fn made_since<'a>(
    snapshots: &'a [Snapshot],
    earlier: Option<&BTreeSet<String>>,
    began: Timestamp,
) -> Option<&'a Snapshot> {
    let slack = earlier.and_then(|_| SignedDuration::try_from(limits::CLOCK_TOLERANCE).ok()).unwrap_or_default();
    let is_new = |snapshot: &&Snapshot| {
        snapshot.size_bytes > UNFINISHED_BYTES_MAX
            && earlier.is_none_or(|earlier| !earlier.contains(&snapshot.id))
            && snapshot.at.duration_since(began) >= -slack
    };
    snapshots.iter().filter(is_new).max_by_key(|snapshot| snapshot.at)
}

/// The percentage of a line such as `INFO:  12% (3.0 GiB of 25.0 GiB) in 9s, read: 341.3 MiB/s`.
fn percent(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("INFO:")?.trim_start();
    let (number, _) = rest.split_once('%')?;
    number.parse::<u8>().ok()?;
    rest.get(..=number.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backup::health::Sealing;

    #[test]
    fn a_backup_made_just_before_is_not_that_of_a_task_which_an_earlier_command_began() {
        let began: Timestamp = "2026-11-20T03:15:35Z".parse().expect("a moment");
        let snapshot = |seconds: i64| Snapshot {
            id: seconds.to_string(),
            at: began + SignedDuration::from_secs(seconds),
            size_bytes: 40 << 30,
            sealing: Sealing::Plain,
            verification: None,
            protected: false,
        };
        let made = |list: &[i64], earlier: Option<&[i64]>| {
            let list: Vec<Snapshot> = list.iter().map(|seconds| snapshot(*seconds)).collect();
            let earlier: Option<BTreeSet<String>> = earlier.map(|all| all.iter().map(i64::to_string).collect());
            made_since(&list, earlier.as_ref(), began).map(|one| one.id.clone())
        };
        assert_eq!(made(&[-35], None), None);
        assert_eq!(made(&[-35, 0], None).as_deref(), Some("0"));
        // What lay there before is known: the rest is new, and clocks may differ.
        assert_eq!(made(&[-35, -5], Some(&[-35])).as_deref(), Some("-5"));
        assert_eq!(made(&[-35], Some(&[-35])), None);
    }

    #[test]
    fn progress_is_read_from_the_log() {
        assert_eq!(percent("INFO:  12% (3.0 GiB of 25.0 GiB) in 9s, read: 341.3 MiB/s, write: 0 B/s"), Some("12%"));
        assert_eq!(percent("INFO: 100% (25.0 GiB of 25.0 GiB) in 2m"), Some("100%"));
        for other in ["INFO: starting new backup job", "INFO: transferred 25.0 GiB (5% of it new)", "12%", ""] {
            assert_eq!(percent(other), None, "{other}");
        }
    }
}
