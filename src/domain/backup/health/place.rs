//! The verdict on one place.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::{Finding, Kind};
use super::seen::{ObstacleKind, Place, Sealing, Snapshot};
use super::snapshots::{self, Sorted};
use super::verdict::{Bounds, InstanceView, PlaceHealth, PlaceView, Word, minute, since};
use super::{node, runs, server};

/// What lies at a place, by whoever saw it best.
struct Best<'a> {
    snapshots: &'a [Snapshot],
    at: Timestamp,
    /// What the server calls itself.
    host: Option<&'a str>,
}

/// The server itself sees more than the node: how data are sealed, and it answers while the site is away. Its word is
/// taken unless the node's is fresher by more than one round of looks.
fn best<'a>(place: &'a PlaceView, bounds: &Bounds) -> Option<Best<'a>> {
    let listed =
        place.listing.seen.as_ref().map(|seen| Best { snapshots: &seen.value.snapshots, at: seen.at, host: None });
    let served = place.server.seen.as_ref().map(|seen| Best {
        snapshots: &seen.value.snapshots,
        at: seen.at,
        host: seen.value.own_host(),
    });
    match (listed, served) {
        (Some(listed), Some(served)) if since(served.at, listed.at) > bounds.grace => Some(listed),
        (listed, served) => served.or(listed),
    }
}

fn grace(place: Place, bounds: &Bounds) -> Duration {
    if place == Place::Third { bounds.sync_grace } else { bounds.grace }
}

fn proof_max(place: Place, bounds: &Bounds) -> Duration {
    if place == Place::Local { bounds.proof_local } else { bounds.proof_remote }
}

/// Judges one place.
pub(super) fn judge(view: &InstanceView, place: &PlaceView, now: Timestamp, bounds: &Bounds) -> PlaceHealth {
    let mut health = PlaceHealth {
        place: place.place,
        word: Word::Never,
        last_good: None,
        kept: 0,
        next_expected: place.runs.next,
        proven_at: place.proven_at,
        seen_at: None,
        findings: Vec::new(),
    };
    if !place.exists {
        let sentence = format!("there is no {} place for backups", place.place.word());
        health.findings.push(Finding::new(Kind::NoPlace, Some(place.place), sentence));
        return health;
    }
    health.findings.extend(obstacles(view, place));
    let here = view.node.seen.as_ref().and_then(|seen| seen.value.places.get(&place.place));
    if let Some(here) = here {
        health.findings.extend(node::place_findings(here, place.place, bounds));
    }
    health.findings.extend(node::other_schedule(place));
    let Some(best) = best(place, bounds) else {
        health.word = unseen(place);
        return tidy(health);
    };
    let sorted = snapshots::sort(best.snapshots, best.at, bounds);
    let good = sorted.good.last().copied();
    health.seen_at = Some(best.at);
    health.kept = sorted.good.len();
    health.last_good = good.map(|good| snapshots::shown(good, best.host));
    let due = runs::due(&place.runs, best.at, grace(place.place, bounds));
    let run = runs::state(view, place.place, &place.runs, good, due, bounds);
    let under_way = view.node.seen.as_ref().and_then(|seen| seen.value.machine.as_ref());
    let under_way = under_way.is_some_and(|machine| machine.backup_under_way);
    let sealed = place.encryption_expected;
    health.findings.extend(snapshots::findings(&sorted, best.snapshots, place.place, sealed, under_way, &view.zone));
    if let Some(seen) = &place.server.seen {
        let told = server::findings(&seen.value, seen.at, place.place, run.is_missing, bounds, &view.zone);
        health.findings.extend(told);
        health.findings.extend(seen.value.space.and_then(|space| node::almost_full(space, place.place, bounds)));
    }
    health.findings.extend(node::full_read_ahead(view, place, good.map(|good| good.at), bounds));
    health.word = word(place, &best, &sorted, &run, now, bounds);
    // Tasks are those of the node: a copy elsewhere is not made by them.
    if place.place != Place::Third {
        health.findings.extend(run.findings);
    }
    if health.word == Word::Unproven {
        health.findings.push(proof_finding(place, &view.zone));
    }
    tidy(health)
}

/// Nothing was ever seen: an unplugged disk is known to take no backups, all else is not known.
fn unseen(place: &PlaceView) -> Word {
    if is_unplugged(place) { Word::Failed } else { Word::Unknown { since: None } }
}

fn is_unplugged(place: &PlaceView) -> bool {
    place.place == Place::Local && place.listing.obstacle.as_ref().is_some_and(|one| one.kind == ObstacleKind::Inactive)
}

fn word(
    place: &PlaceView,
    best: &Best<'_>,
    sorted: &Sorted<'_>,
    run: &runs::RunState,
    now: Timestamp,
    bounds: &Bounds,
) -> Word {
    if is_unplugged(place) {
        return Word::Failed;
    }
    let good = sorted.good.last();
    let newest = good.map(|good| good.at);
    let is_stale = since(best.at, now) > bounds.sight_max || run_ended_unseen(place, best.at, newest, now, bounds);
    if is_stale {
        return Word::Unknown { since: Some(best.at) };
    }
    let Some(good) = good else {
        let is_empty = sorted.damaged.is_empty() && sorted.unfinished.is_empty() && sorted.future.is_empty();
        return if is_empty && !run.has_failed { Word::Never } else { Word::Failed };
    };
    if sorted.damaged.iter().any(|damaged| damaged.at > good.at) {
        return Word::Failed;
    }
    if run.is_missing {
        return if run.has_failed { Word::Failed } else { Word::Late };
    }
    match place.proven_at {
        Some(proven) if since(proven, now) <= proof_max(place.place, bounds) => Word::Ok,
        _ => Word::Unproven,
    }
}

/// A run should have ended since the last look: whether it did is not known. Only a look after a run tells "late".
fn run_ended_unseen(
    place: &PlaceView,
    seen_at: Timestamp,
    newest: Option<Timestamp>,
    now: Timestamp,
    bounds: &Bounds,
) -> bool {
    let grace = grace(place.place, bounds);
    // The next look may be a while away when a run ends: not known is said only when it did not come.
    let Some(ended) = runs::due(&place.runs, now, grace + bounds.grace) else { return false };
    let was_looked_for = runs::due(&place.runs, seen_at, grace).is_some_and(|run| run >= ended);
    !was_looked_for && newest.is_none_or(|newest| newest < ended)
}

/// What stands in the way of looking.
fn obstacles(view: &InstanceView, place: &PlaceView) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |name: Kind, sentence: String| found.push(Finding::new(name, Some(place.place), sentence));
    let server_sees = place.server.seen.is_some() && place.server.obstacle.is_none();
    for obstacle in [&place.listing.obstacle, &place.server.obstacle].into_iter().flatten() {
        let (since, words) = (minute(obstacle.since, &view.zone), &obstacle.words);
        match obstacle.kind {
            ObstacleKind::NoRight => tell(
                Kind::NoRightToList,
                format!(
                    "our token may not see what lies there since {since}: {words}; an empty list would mean nothing"
                ),
            ),
            ObstacleKind::Inactive => tell(Kind::StorageInactive, format!("not usable since {since}: {words}")),
            ObstacleKind::Silent | ObstacleKind::Refused if !server_sees => {
                tell(Kind::NotSeen, format!("not seen since {since}: {words}"));
            }
            ObstacleKind::Silent | ObstacleKind::Refused => {}
        }
    }
    // A third place is seen on its server only.
    let node = view.node.obstacle.as_ref().filter(|_| place.place != Place::Third && !server_sees);
    if let (Some(obstacle), true) = (node, found.is_empty()) {
        let since = minute(obstacle.since, &view.zone);
        let sentence = format!("the node was not seen since {since}: {}", obstacle.words);
        found.push(Finding::new(Kind::NotSeen, Some(place.place), sentence));
    }
    found
}

fn proof_finding(place: &PlaceView, zone: &TimeZone) -> Finding {
    let (name, sentence) = match place.proven_at {
        _ if place.drill_left_out.is_some() => {
            let why = place.drill_left_out.as_deref().unwrap_or_default();
            (Kind::DrillLeftOut, format!("no restore test is made from here: {why}"))
        }
        None => (Kind::NeverRestored, "no restore from here was ever proven".to_owned()),
        Some(at) => (Kind::ProofOld, format!("the last proven restore from here is from {}", minute(at, zone))),
    };
    Finding::new(name, Some(place.place), sentence)
}

/// Each finding once, the weighty ones first.
fn tidy(mut health: PlaceHealth) -> PlaceHealth {
    health.findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    let mut told = Vec::new();
    health.findings.retain(|finding| {
        let is_new = !told.contains(&finding.name);
        told.push(finding.name);
        is_new
    });
    health
}

impl Sealing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Sealing::Plain => "no",
            Sealing::Claimed => "yes, says the node",
            Sealing::Signed => "signed only",
            Sealing::Encrypted => "yes",
        }
    }
}
