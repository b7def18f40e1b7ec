//! What is to be said about an instance's node and machine, whatever the place.

use jiff::Timestamp;

use super::finding::{Finding, Kind, Weight};
use super::seen::{NodePlace, Place, Space};
use super::verdict::{Bounds, InstanceView, PlaceView, minute, since};

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
    found.extend(node.machine.as_ref().and_then(|_| marker(view, seen_at, bounds)));
    found
}

/// A guest whose clock is ahead shows markers that never grow old: of their age nothing is known.
fn marker(view: &InstanceView, seen_at: Timestamp, bounds: &Bounds) -> Option<Finding> {
    if let Some(ahead) = view.marker_ahead {
        let ahead = minute(ahead, &view.zone);
        let sentence = format!("the guest's last marker claims to be from {ahead}, which has not come");
        return Some(Finding::new(Kind::MarkerFromTheFuture, None, sentence));
    }
    let sentence = match view.marker_at {
        None => "the guest has never shown a marker".to_owned(),
        Some(made) if since(made, seen_at) > bounds.marker_max => {
            format!("the guest's last marker is from {}", minute(made, &view.zone))
        }
        Some(_) => return None,
    };
    Some(Finding::new(Kind::MarkerOld, None, sentence))
}

/// A schedule that was changed on the node. As often at another time is worth knowing.
pub(super) fn other_schedule(place: &PlaceView) -> Option<Finding> {
    let other = place.other_schedule.as_ref()?;
    let (job, seen, wanted) = (&other.job, &other.seen, &other.wanted);
    Some(if other.is_rarer {
        let sentence = format!(
            "the job `{job}` has the schedule `{seen}` on the node: more rarely than `{wanted}` of the inventory, or never"
        );
        Finding::new(Kind::JobScheduleDiffers, Some(place.place), sentence)
    } else {
        let sentence = format!("the job `{job}` has the schedule `{seen}` on the node, the inventory says `{wanted}`");
        Kind::JobScheduleDiffers.weighing(Weight::Note, Some(place.place), sentence)
    })
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
        "the machine was started on {}, after its last remote backup: the next one reads all of its {gib} GiB",
        minute(started, &view.zone)
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
