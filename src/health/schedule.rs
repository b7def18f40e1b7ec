//! When backups are to be expected: by the schedule that the inventory wants, and by the one that the node was seen to have.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::domain::backup::calendar::{self, Event, Reads};
use crate::domain::backup::health::{NodeSeen, OtherSchedule, Place, Runs, Sight};
use crate::plan::desired::Subject;
use crate::util::limits;

/// How far back the last run of a schedule is looked for, the usual bound first: a monthly job may have none in eight days,
/// and nothing would ever be due.
const LOOK_BACK_DAYS: [i64; 3] = [8, 70, 400];

/// Over so many days schedules are compared: two runs of a monthly one are inside.
const COMPARED_DAYS: i64 = 70;

/// Gaps between runs differ by this much where a clock changes.
const CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(1);

/// What is to be expected of a place.
pub(super) struct Expected {
    /// The runs that are judged.
    pub(super) runs: Runs,
    /// The node's own schedule, when it is another one than the inventory's.
    pub(super) other: Option<OtherSchedule>,
}

/// The runs to be expected. The node's own schedule counts as long as it saves as often as the inventory wants: a job that
/// somebody made rarer, or whose schedule nobody can read, must not make the rare backups look fresh. A third place should
/// have what the remote one got.
pub(super) fn expected(subject: &Subject<'_>, place: Place, node: &Sight<NodeSeen>, now: Timestamp) -> Expected {
    let wanted = match place {
        Place::Local => &subject.site.backup.local_schedule,
        Place::Remote | Place::Third => &subject.site.backup.remote_schedule,
    };
    let on_node = if place == Place::Local { Place::Local } else { Place::Remote };
    let seen = node.seen.as_ref().map(|seen| &seen.value);
    let zone = match seen {
        Some(node) => zone(&node.time_zone),
        None => subject.inventory.site_zone(subject.site),
    };
    let job = seen.and_then(|node| node.places.get(&on_node)).and_then(|here| here.job.as_ref());
    let (runs, is_rarer) = judged(wanted, job.map(|job| job.schedule.as_str()), &zone, now);
    let other = job.filter(|job| job.schedule.trim() != wanted.trim()).map(|job| OtherSchedule {
        job: job.id.clone(),
        seen: job.schedule.clone(),
        wanted: wanted.clone(),
        is_rarer,
    });
    Expected { runs, other }
}

/// The runs that are judged, and whether the node's schedule saves more rarely than the inventory wants, or cannot be read.
fn judged(wanted: &str, seen: Option<&str>, zone: &TimeZone, now: Timestamp) -> (Runs, bool) {
    let Ok(by_inventory) = calendar::parse(wanted, Reads::Node) else { return (Runs::default(), false) };
    let Some(seen) = seen.filter(|seen| seen.trim() != wanted.trim()) else {
        return (runs(&by_inventory, zone, now), false);
    };
    match calendar::parse(seen, Reads::Node) {
        Err(_) => (runs(&by_inventory, zone, now), true),
        Ok(by_node) if is_rarer(&by_node, &by_inventory, zone, now) => {
            // What really comes next is what the node does.
            let next = runs(&by_node, zone, now).next;
            (Runs { next, ..runs(&by_inventory, zone, now) }, true)
        }
        Ok(by_node) => (runs(&by_node, zone, now), false),
    }
}

/// Whether the longest time without a run is longer than with another schedule.
fn is_rarer(one: &Event, other: &Event, zone: &TimeZone, now: Timestamp) -> bool {
    longest_gap(one, zone, now) > longest_gap(other, zone, now) + CLOCK_CHANGE
}

fn longest_gap(event: &Event, zone: &TimeZone, now: Timestamp) -> SignedDuration {
    let end = now.checked_add(SignedDuration::from_hours(24 * COMPARED_DAYS)).unwrap_or(Timestamp::MAX);
    let (mut at, mut longest) = (now, SignedDuration::ZERO);
    for _ in 0..limits::BACKUP_RUNS_MAX {
        let next = event.next(at, zone).map_or(end, |run| run.at.min(end));
        longest = longest.max(next.duration_since(at));
        if next >= end {
            break;
        }
        at = next;
    }
    longest
}

/// The runs of a schedule around a moment.
fn runs(event: &Event, zone: &TimeZone, now: Timestamp) -> Runs {
    let since = |days: i64| {
        let from = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN);
        runs_since(event, zone, from, now)
    };
    let mut runs = Runs::default();
    for days in LOOK_BACK_DAYS {
        runs = since(days);
        if !runs.past.is_empty() {
            break;
        }
    }
    runs
}

fn runs_since(event: &Event, zone: &TimeZone, from: Timestamp, now: Timestamp) -> Runs {
    let (mut at, mut runs) = (from, Runs::default());
    for _ in 0..limits::BACKUP_RUNS_MAX {
        match event.next(at, zone).map(|run| run.at) {
            Some(run) if run <= now => {
                runs.past.push(run);
                at = run;
            }
            next => {
                runs.next = next;
                break;
            }
        }
    }
    runs
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T08:00:00Z".parse().expect("a moment")
    }

    fn of(wanted: &str, seen: Option<&str>) -> (Runs, bool) {
        judged(wanted, seen, &zone("Europe/Paris"), now())
    }

    #[test]
    fn a_job_that_was_made_rarer_on_the_node_is_judged_by_the_inventory() {
        let (nightly, _) = of("01:15", None);
        for seen in ["*-*-01 01:15", "sat 01:15", "mon..fri 01:15", "2025-01-01 01:15", "no schedule at all"] {
            let (runs, is_rarer) = of("01:15", Some(seen));
            assert!(is_rarer, "{seen}");
            assert_eq!(runs.past, nightly.past, "{seen}");
        }
        let (monthly, _) = of("01:15", Some("*-*-01 01:15"));
        assert_eq!(monthly.next, Some("2026-12-01T00:15:00Z".parse().expect("a moment")), "what really comes next");
    }

    #[test]
    fn a_job_that_runs_as_often_at_another_time_is_judged_by_the_node() {
        for seen in ["04:00", "hourly", "04:00 UTC", "01,13:15"] {
            let (runs, is_rarer) = of("01:15", Some(seen));
            assert!(!is_rarer, "{seen}");
            assert_ne!(runs.past, of("01:15", None).0.past, "{seen}");
        }
        let (_, is_rarer) = of("mon..sat 03:45", Some("03:45"));
        assert!(!is_rarer, "one night more");
    }

    #[test]
    fn a_monthly_schedule_has_a_last_run_too() {
        let (runs, _) = of("*-*-05 03:15", None);
        assert_eq!(runs.past.last(), Some(&"2026-11-05T02:15:00Z".parse().expect("a moment")));
        let (runs, _) = of("*-02-05 03:15", None);
        assert_eq!(runs.past.last(), Some(&"2026-02-05T02:15:00Z".parse().expect("a moment")));
    }
}
