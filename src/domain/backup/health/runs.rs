//! What became of the expected runs: tasks compared with what lies there.

use jiff::Timestamp;

use super::finding::{Finding, Kind};
use super::seen::{NodeSeen, Place, Snapshot, TaskEnd, TaskSeen};
use super::verdict::{Bounds, InstanceView, Runs, minute, since};

/// What became of the last run that should be over.
pub(super) struct RunState {
    /// It left no backup.
    pub(super) is_missing: bool,
    /// A task of that run, or of a later one, failed.
    pub(super) has_failed: bool,
    /// What is to be said.
    pub(super) findings: Vec<Finding>,
}

/// The last run that should have been over by a moment.
pub(super) fn due(runs: &Runs, by: Timestamp, grace: std::time::Duration) -> Option<Timestamp> {
    runs.past.iter().copied().filter(|run| *run <= by && since(*run, by) >= grace).max()
}

/// The latest task that wrote to this place, or tried to.
fn task_of<'a>(view: &'a InstanceView, node: &'a NodeSeen, place: Place, bounds: &Bounds) -> Option<&'a TaskSeen> {
    let storage = node.places.get(&place).map(|one| one.storage.as_str());
    let is_ours = |task: &TaskSeen| match &task.storage {
        Some(written) => storage == Some(written.as_str()),
        // Its log was not read: whose run began at that time?
        None => nearest_place(view, task.started_at, bounds) == Some(place),
    };
    node.tasks.iter().filter(|task| is_ours(task)).max_by_key(|task| task.started_at)
}

/// The place whose schedule has a run next to a moment. Two with the same time cannot be told apart.
fn nearest_place(view: &InstanceView, at: Timestamp, bounds: &Bounds) -> Option<Place> {
    let distances = view.places.iter().filter_map(|place| {
        let nearest = place.runs.past.iter().map(|run| since(*run, at).max(since(at, *run))).min()?;
        (nearest <= bounds.task_near_run).then_some((nearest, place.place))
    });
    let mut sorted: Vec<_> = distances.collect();
    sorted.sort();
    match sorted.as_slice() {
        [(_, only)] => Some(*only),
        [(first, place), (second, _), ..] if first < second => Some(*place),
        _ => None,
    }
}

/// Compares the last run with what lies there.
pub(super) fn state(
    view: &InstanceView,
    place: Place,
    runs: &Runs,
    good: Option<&Snapshot>,
    due: Option<Timestamp>,
    bounds: &Bounds,
) -> RunState {
    let is_missing = due.is_some_and(|due| good.is_none_or(|good| good.at < due));
    let mut state = RunState { is_missing, has_failed: false, findings: Vec::new() };
    let Some(node) = view.node.seen.as_ref() else { return state };
    let mut tell = |name: Kind, sentence: String| state.findings.push(Finding::new(name, Some(place), sentence));
    let task = task_of(view, &node.value, place, bounds);
    // What an older run left behind says nothing about the last one.
    let task = task.filter(|task| due.is_none_or(|due| since(task.started_at, due) <= bounds.task_near_run));
    let Some(task) = task else {
        // Nothing can be said about tasks that were not looked at since.
        if let Some(due) = due.filter(|due| is_missing && node.at > *due) {
            let repeat = node.value.places.get(&place).and_then(|one| one.job.as_ref()).map(|job| job.repeat_missed);
            let lost = if repeat == Some(false) { "; it is not made up for (`repeat-missed` is off)" } else { "" };
            tell(Kind::RunMissed, format!("no backup task ran on {}{lost}", minute(due, &view.zone)));
        }
        return state;
    };
    let began = task.started_at;
    let is_saved = good.is_some_and(|good| good.at >= began);
    let when = minute(began, &view.zone);
    let words = task.reasons.join("; ");
    let says = |needle: &str| words.to_lowercase().contains(needle);
    match &task.end {
        TaskEnd::Failed(end) if is_saved && says("prun") => tell(
            Kind::PruneRefused,
            format!(
                "the task of {when} ended with `{end}` although its backup is there: pruning was refused ({words})"
            ),
        ),
        TaskEnd::Failed(end) if is_saved => tell(
            Kind::FailedAlthoughSaved,
            format!("the task of {when} ended with `{end}` although its backup is there ({words})"),
        ),
        TaskEnd::Failed(_) if says("owner check failed") => {
            tell(Kind::OwnerLost, format!("the backup of {when} was refused: the group is not the token's ({words})"));
        }
        TaskEnd::Failed(end) => tell(Kind::RunFailed, format!("the backup of {when} failed: `{end}` ({words})")),
        TaskEnd::Unknown(_) if !is_saved => {
            tell(Kind::RunUnfinished, format!("the backup task of {when} ended without saying how"));
        }
        TaskEnd::Ok if !is_saved && is_expected_to_save(runs, began, bounds) => {
            tell(Kind::OkWithoutBackup, format!("the task of {when} ended OK and left no backup here"));
        }
        // One that runs may still bring what is missing.
        TaskEnd::Ok | TaskEnd::Unknown(_) | TaskEnd::Running => {}
    }
    state.has_failed = !is_saved && task.end != TaskEnd::Running;
    state
}

/// A task that is content was one of this place's only when its time says so.
fn is_expected_to_save(runs: &Runs, began: Timestamp, bounds: &Bounds) -> bool {
    runs.past.iter().any(|run| since(*run, began).max(since(began, *run)) <= bounds.task_near_run)
}
