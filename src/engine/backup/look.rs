//! One look at a site: its node, and the backups of its instances as the node sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::convert;
use super::facts::{NodeFacts, may_concern};
use super::met::met;
use crate::domain::backup::health::{
    ListingSeen, MachineSeen, NodeSeen, ObstacleKind, Place, SEEN_VERSION, TaskEnd, TaskSeen,
};
use crate::domain::backup::{marker, names};
use crate::domain::ids::VmId;
use crate::engine::drill::scope_of;
use crate::engine::site::{SiteLink, Token};
use crate::engine::{Engine, EngineError};
use crate::health::matter::{self, MarkerSeen, Met};
use crate::inventory::model::Site;
use crate::plan::desired::Subject;
use crate::pve::{LogLine, PveError, TaskFilter, TaskSource, TaskSummary, Upid, VmState};
use crate::store::{NewLook, Scope, SeenMarker};
use crate::util::limits;

const GIB: u64 = 1 << 30;

/// What one look at a site brought.
#[derive(Debug, Default)]
pub(super) struct SiteLook {
    /// For the store.
    pub(super) looks: Vec<NewLook>,
    /// Markers that were read.
    pub(super) markers: Vec<SeenMarker>,
}

impl Engine {
    /// Looks at a site's node and the backups of these instances.
    ///
    /// # Errors
    /// When the node does not answer or refuses us. What it refuses about one storage is part of the result.
    pub(super) async fn look_at_site(
        &self,
        site: &Site,
        subjects: &[Subject<'_>],
        patience: Duration,
    ) -> Result<SiteLook, EngineError> {
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        let facts = NodeFacts::read(self, &link, patience).await?;
        let mut found = SiteLook::default();
        for subject in subjects {
            self.look_at_instance(&link, &facts, subject, &mut found).await?;
        }
        found.looks.push(matter::reach(&site.id, facts.at, Ok(()))?);
        Ok(found)
    }

    async fn look_at_instance(
        &self,
        link: &SiteLink,
        facts: &NodeFacts,
        subject: &Subject<'_>,
        found: &mut SiteLook,
    ) -> Result<(), EngineError> {
        let vmid = subject.instance.vmid;
        let mut state = seen_state(link, vmid).await?;
        let mut places = BTreeMap::new();
        for place in places_on_node(subject) {
            let (storage, job) = storage_and_job(subject, place);
            let here = facts.place(&storage, &job, vmid, link.pve.node());
            let listed = self.list(link, facts, subject, &storage, here.active).await?;
            found.looks.extend(matter::looks(subject, matter::listing(place), facts.at, listed)?);
            places.insert(place, here);
        }
        let tasks = self.tasks_of(link, facts, subject).await?;
        let mut under_way = tasks.iter().any(|task| task.end == TaskEnd::Running);
        if !under_way && state.as_ref().is_some_and(|state| state.lock.as_deref() == Some("backup")) {
            // The tasks were read first: a backup that began since holds the lock, and one that ended since has let it go.
            under_way = backs_up_now(link, vmid).await?;
            state = seen_state(link, vmid).await?;
        }
        let node = NodeSeen {
            version: SEEN_VERSION,
            clock_ahead_s: facts.clock_ahead_s,
            time_zone: facts.time_zone.clone(),
            machine: state.as_ref().map(|state| machine(state, facts.node_now, under_way, subject)),
            places,
            tasks,
        };
        found.looks.extend(matter::looks(subject, matter::NODE, facts.at, Ok(node))?);
        found.looks.extend(self.look_at_services(link, facts.at, subject, state.as_ref()).await?);
        if state.is_some_and(|state| state.is_running() && state.agent) {
            self.look_at_marker(link, facts.at, subject, found).await?;
        }
        Ok(())
    }

    /// What lies on a storage of an instance's backups. That nothing can be seen is a result.
    async fn list(
        &self,
        link: &SiteLink,
        facts: &NodeFacts,
        subject: &Subject<'_>,
        storage: &str,
        active: bool,
    ) -> Result<Result<ListingSeen, Met>, EngineError> {
        let vmid = subject.instance.vmid;
        // First of all: an empty list would mean nothing without the right to see what is in it.
        if let Some(missing) = facts.missing_right(storage, vmid) {
            return Ok(Err(Met::new(ObstacleKind::NoRight, missing)));
        }
        if facts.storage(storage).is_none() {
            return Ok(Err(Met::new(ObstacleKind::Refused, format!("the node has no storage `{storage}`"))));
        }
        if !active {
            let words = format!("the node cannot use the storage `{storage}`");
            return Ok(Err(Met::new(ObstacleKind::Inactive, words)));
        }
        match link.pve.volumes(storage, Some("backup"), Some(vmid)).await {
            Ok(volumes) => {
                let snapshots = volumes.iter().filter_map(convert::snapshot).collect();
                Ok(Ok(ListingSeen { version: SEEN_VERSION, snapshots }))
            }
            Err(error @ PveError::Unreachable { .. }) => Err(error.into()),
            Err(error) => Ok(Err(met(&error.into()))),
        }
    }

    /// The tasks of a machine; the logs of the last ones that did not end well are read for their reasons.
    async fn tasks_of(
        &self,
        link: &SiteLink,
        facts: &NodeFacts,
        subject: &Subject<'_>,
    ) -> Result<Vec<TaskSeen>, EngineError> {
        let mut seen = Vec::new();
        let mut logs_left = limits::BACKUP_TASK_LOGS_MAX;
        for task in facts.tasks_of(subject.instance.vmid) {
            let Some(started_at) = convert::moment(task.starttime) else { continue };
            let mut one = TaskSeen { started_at, end: convert::task_end(task), storage: None, reasons: Vec::new() };
            if matches!(one.end, TaskEnd::Failed(_) | TaskEnd::Unknown(_)) && logs_left > 0 {
                logs_left -= 1;
                self.read_reasons(link, task, &mut one).await?;
            }
            seen.push(one);
        }
        Ok(seen)
    }

    /// A log that cannot be read leaves the task as it is: its end stands without it.
    async fn read_reasons(&self, link: &SiteLink, task: &TaskSummary, seen: &mut TaskSeen) -> Result<(), EngineError> {
        let Ok(upid) = task.upid.parse::<Upid>() else { return Ok(()) };
        let lines = match link.pve.task_log(&upid, 0, limits::BACKUP_TASK_LOG_LINES_MAX).await {
            Ok((lines, _)) => lines,
            Err(error @ PveError::Unreachable { .. }) => return Err(error.into()),
            Err(_) => return Ok(()),
        };
        seen.storage = lines.iter().find_map(|line| storage_in(&line.text)).map(str::to_owned);
        seen.reasons = reasons(&lines).map(|text| self.redactor.clean(&text)).collect();
        Ok(())
    }

    /// The marker is written once a night; it is read again when the one on record is from another night.
    async fn look_at_marker(
        &self,
        link: &SiteLink,
        at: Timestamp,
        subject: &Subject<'_>,
        found: &mut SiteLook,
    ) -> Result<(), EngineError> {
        let instance = &subject.instance.id;
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        // One from the future does not count: until that moment every later one would be passed over.
        let until_us = at.as_microsecond().saturating_add(micros(limits::CLOCK_TOLERANCE));
        let known = self.store.marker_before(&Scope::Staff, instance, until_us).await?;
        let interval_us = micros(limits::MARKER_READ_INTERVAL);
        if known.is_some_and(|known| at.as_microsecond() - known.made_at_us < interval_us) {
            return Ok(());
        }
        // Through the agent: one request, as root, and no way into the guest has to be open.
        let read = match link.pve.agent_read_file(subject.instance.vmid, marker::PATH).await {
            Ok(text) => marker::parse(&text).map_err(|error| Met::new(ObstacleKind::Refused, error.to_string())),
            Err(error @ PveError::Unreachable { .. }) => return Err(error.into()),
            Err(error) => Err(met(&error.into())),
        };
        if let Ok(marker) = &read {
            found.markers.push(SeenMarker {
                scope: scope_of(subject),
                instance: instance.clone(),
                nonce: marker.nonce.clone(),
                made_at_us: marker.at.as_microsecond(),
                seen_at_us: at.as_microsecond(),
                marker: serde_json::to_value(marker)
                    .map_err(|error| EngineError::Unexpected(format!("a marker is no JSON: {error}")))?,
            });
        }
        let seen = read.map(|marker| MarkerSeen { version: SEEN_VERSION, at: marker.at });
        found.looks.extend(matter::looks(subject, matter::MARKER, at, seen)?);
        Ok(())
    }
}

/// The places that an instance's node writes to.
pub(super) fn places_on_node(subject: &Subject<'_>) -> Vec<Place> {
    match subject.site.backup_server {
        Some(_) => vec![Place::Local, Place::Remote],
        None => vec![Place::Local],
    }
}

/// The storage and the job of a place.
pub(super) fn storage_and_job(subject: &Subject<'_>, place: Place) -> (String, String) {
    let instance = &subject.instance.id;
    match place {
        Place::Local => (names::LOCAL_STORAGE.to_owned(), names::local_job(instance)),
        Place::Remote | Place::Third => (names::remote_storage(instance), names::remote_job(instance)),
    }
}

/// The machine's state, as far as it is there and ours to see.
async fn seen_state(link: &SiteLink, vmid: VmId) -> Result<Option<VmState>, EngineError> {
    match link.pve.vm_state(vmid).await {
        Ok(state) => Ok(Some(state)),
        Err(error) if error.is_absent_vm() || matches!(error, PveError::Forbidden { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Whether a backup runs at this moment that may be the machine's. One of several machines names none of them, and would not
/// be found by the machine's id.
async fn backs_up_now(link: &SiteLink, vmid: VmId) -> Result<bool, EngineError> {
    let filter = TaskFilter { source: TaskSource::Active, kind: Some("vzdump".to_owned()), ..TaskFilter::default() };
    Ok(link.pve.tasks(&filter).await?.iter().any(|task| may_concern(task, vmid)))
}

fn machine(state: &VmState, node_now: Timestamp, under_way: bool, subject: &Subject<'_>) -> MachineSeen {
    // A machine that is off has run for 0 seconds, and so has one that was started this second.
    let uptime_s = state.uptime.filter(|_| state.is_running());
    MachineSeen {
        started_at: uptime_s.and_then(|seconds| convert::before(node_now, seconds)),
        lock: state.lock.clone(),
        backup_under_way: under_way,
        disk_bytes: u64::from(subject.instance.disk_gib) * GIB,
    }
}

/// The storage in the first lines of a log: `starting new backup job: vzdump 1001 --storage hdd ...`.
fn storage_in(line: &str) -> Option<&str> {
    let (_, command) = line.split_once("starting new backup job: vzdump ")?;
    let (_, rest) = command.split_once("--storage ")?;
    rest.split_whitespace().next()
}

/// The lines that say what went wrong, shortened.
fn reasons(lines: &[LogLine]) -> impl Iterator<Item = String> {
    let is_reason =
        |text: &str| text.starts_with("ERROR:") || text.contains("failed") || text.starts_with("TASK ERROR");
    let telling = lines.iter().map(|line| line.text.trim()).filter(move |text| is_reason(text));
    telling
        .take(limits::BACKUP_TASK_REASONS_MAX)
        .map(|text| text.chars().take(limits::BACKUP_TASK_REASON_LENGTH_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_the_storage() {
        let line = "INFO: starting new backup job: vzdump --pool accolades-lilas --quiet 1 --storage pbs-lilas --mode snapshot";
        assert_eq!(storage_in(line), Some("pbs-lilas"));
        assert_eq!(storage_in("INFO: starting new backup job: vzdump 1001 --mode snapshot"), None);
        assert_eq!(storage_in("INFO: Starting Backup of VM 1001 (qemu)"), None);
    }

    #[test]
    fn reasons_are_the_telling_lines_only() {
        let lines: Vec<LogLine> = [
            "INFO: starting new backup job: vzdump 1001 --storage hdd",
            "ERROR: Backup of VM 1001 failed - no space left",
            "INFO: Backup job finished with errors",
            "TASK ERROR: job errors",
        ]
        .iter()
        .enumerate()
        .map(|(at, text)| LogLine { number: at as u64 + 1, text: (*text).to_owned() })
        .collect();
        let told: Vec<String> = reasons(&lines).collect();
        assert_eq!(told, ["ERROR: Backup of VM 1001 failed - no space left", "TASK ERROR: job errors"]);
    }
}
