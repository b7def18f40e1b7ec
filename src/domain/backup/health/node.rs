//! What is to be said about an instance's node and machine, whatever the place.

use jiff::Timestamp;

use super::finding::{Finding, Kind, Weight};
use super::seen::{NodePlace, Place, Space};
use super::verdict::{Bounds, InstanceView, PlaceView, since};

const SECONDS_PER_HOUR: u64 = 3600;
const GIB: u64 = 1 << 30;

/// Findings about the whole instance.
pub(super) fn findings(view: &InstanceView, bounds: &Bounds) -> Vec<Finding> {
    let Some((node, seen_at)) = view.node.seen.as_ref().map(|seen| (&seen.value, seen.at)) else { return Vec::new() };
    let mut found = Vec::new();
    if node.clock_ahead_s.unsigned_abs() > bounds.clock_tolerance.as_secs() {
        let (by, way) = (node.clock_ahead_s.unsigned_abs(), if node.clock_ahead_s > 0 { "ahead" } else { "behind" });
        found.push(Finding::new(Kind::ClockOff, None, format!("the node's clock is {by} s {way}")));
    }
    if let Some(machine) = &node.machine
        && machine.lock.as_deref() == Some("backup")
        && !machine.backup_under_way
    {
        let sentence = "the machine is locked for a backup and no backup is under way".to_owned();
        found.push(Finding::new(Kind::LockLeftBehind, None, sentence));
    }
    let is_old = view.marker_at.is_none_or(|made| since(made, seen_at) > bounds.marker_max);
    if is_old && node.machine.is_some() {
        let sentence = match view.marker_at {
            None => "the guest has never shown a marker".to_owned(),
            Some(made) => format!("the guest's last marker is from {made}"),
        };
        found.push(Finding::new(Kind::MarkerOld, None, sentence));
    }
    found
}

/// Findings about a storage and the job that fills it.
pub(super) fn place_findings(here: &NodePlace, place: Place, bounds: &Bounds) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |name: Kind, sentence: String| found.push(Finding::new(name, Some(place), sentence));
    if !here.active {
        tell(Kind::StorageInactive, format!("the node cannot use the storage `{}`", here.storage));
    }
    match &here.job {
        None if !here.jobs_visible => {
            tell(Kind::NoRightToList, "our token may not see the backup jobs: Sys.Audit on / is missing".to_owned());
        }
        None => tell(Kind::JobMissing, format!("no job fills the storage `{}` with this machine", here.storage)),
        Some(job) => {
            if !job.enabled {
                tell(Kind::JobDisabled, format!("the job `{}` is switched off", job.id));
            }
            if let Some(other) = &job.other_node {
                tell(Kind::JobOnWrongNode, format!("the job `{}` is bound to the node `{other}`", job.id));
            }
            if !job.selects_machine {
                tell(Kind::JobSelectsNothing, format!("the selection of the job `{}` lacks this machine", job.id));
            }
            if !job.repeat_missed {
                tell(Kind::RepeatMissedOff, format!("the job `{}` does not make up for runs that it missed", job.id));
            }
        }
    }
    if let Some(finding) = here.space.and_then(|space| almost_full(space, place, bounds)) {
        found.push(finding);
    }
    found
}

/// Little room on a storage or datastore.
pub(super) fn almost_full(space: Space, place: Place, bounds: &Bounds) -> Option<Finding> {
    let is_little = space.total_bytes > 0
        && u128::from(space.avail_bytes) * 100 < u128::from(space.total_bytes) * u128::from(bounds.room_min_percent);
    let (left, all) = (space.avail_bytes / GIB, space.total_bytes / GIB);
    is_little.then(|| Finding::new(Kind::AlmostFull, Some(place), format!("{left} of {all} GiB are left")))
}

/// QEMU forgets which blocks have changed when its process ends: the next remote backup reads the whole disk. Told before
/// its window, with the hours that it may take at most (blocks that the server has are not sent again).
pub(super) fn full_read_ahead(
    view: &InstanceView,
    place: &PlaceView,
    last_good: Option<Timestamp>,
    bounds: &Bounds,
) -> Option<Finding> {
    if place.place != Place::Remote {
        return None;
    }
    let machine = view.node.seen.as_ref()?.value.machine.as_ref()?;
    let started = machine.started_at?;
    // A first backup reads everything anyway.
    if since(last_good?, started).is_zero() {
        return None;
    }
    let gib = machine.disk_bytes / GIB;
    let begun = format!(
        "the machine was started on {started}, after its last remote backup: the next one reads all of its {gib} GiB"
    );
    let (weight, sentence) = match place.uplink_bytes_per_s.filter(|rate| *rate > 0) {
        None => (Weight::Note, begun),
        Some(rate) => {
            let seconds = machine.disk_bytes / rate;
            let hours = seconds.div_ceil(SECONDS_PER_HOUR);
            let is_long = seconds > bounds.full_read_max.as_secs();
            let weight = if is_long { Weight::Warning } else { Weight::Note };
            (weight, format!("{begun} and may take up to {hours} h over this line"))
        }
    };
    Some(Kind::FullReadAhead.weighing(weight, Some(Place::Remote), sentence))
}
