//! Each trap of the sheet under its own name.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;

mod changed;
mod servers;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn bounds() -> Bounds {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    Bounds {
        grace: hours(4),
        sync_grace: hours(26),
        sight_max: hours(24),
        proof_local: hours(35 * 24),
        proof_remote: hours(100 * 24),
        verified_max: hours(35 * 24),
        marker_max: hours(50),
        task_near_run: Duration::from_secs(900),
        clock_tolerance: Duration::from_secs(60),
        room_min_percent: 10,
        full_read_max: hours(8),
    }
}

/// Eight o'clock on a Friday: the runs of the night are over.
fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().expect("a moment")
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// Runs at two o'clock, seven nights.
fn nightly() -> Runs {
    let past = (0..7).rev().map(|nights| ago(6 * HOUR + nights * DAY)).collect();
    Runs { past, next: Some(ago(6 * HOUR - DAY)) }
}

fn snapshot(age_s: i64) -> Snapshot {
    Snapshot {
        id: format!("vm/1001/{}", ago(age_s)),
        at: ago(age_s),
        size_bytes: 40 << 30,
        sealing: Sealing::Encrypted,
        verification: None,
        protected: false,
    }
}

fn verified(age_s: i64, checked_s: i64, host: &str) -> Snapshot {
    let verification = Some(Verification { ok: true, at: Some(ago(checked_s)), host: Some(host.to_owned()) });
    Snapshot { verification, ..snapshot(age_s) }
}

/// Last night's backup and the six before.
fn week() -> Vec<Snapshot> {
    (0..7).map(|nights| snapshot(6 * HOUR + nights * DAY - 60)).collect()
}

fn seen<T>(value: T, age_s: i64) -> Sight<T> {
    Sight { seen: Some(Seen { value, at: ago(age_s) }), obstacle: None }
}

fn obstacle<T>(kind: ObstacleKind, words: &str) -> Sight<T> {
    Sight { seen: None, obstacle: Some(Obstacle { kind, since: ago(HOUR), words: words.to_owned() }) }
}

fn job(id: &str) -> JobSeen {
    JobSeen {
        id: id.to_owned(),
        enabled: true,
        schedule: "02:00".to_owned(),
        other_node: None,
        selects_machine: true,
        repeat_missed: true,
    }
}

fn node_place(storage: &str) -> NodePlace {
    let space = Some(Space { total_bytes: 2000 << 30, avail_bytes: 900 << 30 });
    NodePlace { storage: storage.to_owned(), active: true, space, jobs_visible: true, job: Some(job(storage)) }
}

fn node() -> NodeSeen {
    NodeSeen {
        version: SEEN_VERSION,
        clock_ahead_s: 0,
        time_zone: "Europe/Paris".to_owned(),
        machine: Some(MachineSeen {
            started_at: Some(ago(60 * DAY)),
            lock: None,
            backup_under_way: false,
            disk_bytes: 240 << 30,
        }),
        places: BTreeMap::from([(Place::Local, node_place("hdd")), (Place::Remote, node_place("pbs-lilas"))]),
        tasks: Vec::new(),
    }
}

fn listing(snapshots: Vec<Snapshot>) -> Sight<ListingSeen> {
    seen(ListingSeen { version: SEEN_VERSION, snapshots }, 600)
}

fn server(snapshots: Vec<Snapshot>) -> ServerSeen {
    let job = |state: &str| ServerJob {
        schedule: Some("daily".to_owned()),
        last: Some(JobEnd { at: ago(3 * HOUR), state: state.to_owned() }),
    };
    ServerSeen {
        version: SEEN_VERSION,
        server: "grange".to_owned(),
        host: Some("grange".to_owned()),
        owner: Some("lilas@pbs!node".to_owned()),
        expected_owner: Some("lilas@pbs!node".to_owned()),
        snapshots,
        namespace_missing: None,
        space: Some(Space { total_bytes: 8000 << 30, avail_bytes: 4000 << 30 }),
        prune: Some(PruneSeen { keeps_something: true, job: job("OK") }),
        verify: Some(job("OK")),
        collection: job("OK"),
        sync: None,
    }
}

fn place(place: Place) -> PlaceView {
    PlaceView {
        place,
        exists: true,
        listing: listing(week()),
        server: Sight::none(),
        runs: nightly(),
        other_schedule: None,
        proven_at: Some(ago(20 * DAY)),
        drill_left_out: None,
        encryption_expected: place != Place::Local,
        uplink_bytes_per_s: Some(1_000_000),
    }
}

/// An instance with one place; everything is as it should be.
fn view(one: PlaceView) -> InstanceView {
    InstanceView {
        zone: TimeZone::UTC,
        node: seen(node(), 600),
        places: vec![one],
        marker_at: Some(ago(7 * HOUR)),
        marker_ahead: None,
    }
}

fn local() -> InstanceView {
    view(place(Place::Local))
}

fn remote() -> InstanceView {
    view(place(Place::Remote))
}

fn third(sync_state: &str, snapshots: Vec<Snapshot>) -> InstanceView {
    let mut server = server(snapshots);
    server.server = "ailleurs".to_owned();
    server.host = Some("ailleurs".to_owned());
    (server.owner, server.expected_owner) = (Some("root@pam".to_owned()), None);
    server.sync = Some(ServerJob {
        schedule: Some("06:00".to_owned()),
        last: Some(JobEnd { at: ago(2 * HOUR), state: sync_state.to_owned() }),
    });
    view(PlaceView { listing: Sight::none(), server: seen(server, 600), ..place(Place::Third) })
}

fn health(view: &InstanceView) -> InstanceHealth {
    judge(view, now(), &bounds())
}

/// The word of the only place, and the names of all findings.
fn verdict(view: &InstanceView) -> (&'static str, Vec<&'static str>) {
    let health = health(view);
    let names = health.all_findings().map(|finding| finding.name.name()).collect();
    (health.places[0].word.word(), names)
}

fn node_of(view: &mut InstanceView) -> &mut NodeSeen {
    &mut view.node.seen.as_mut().expect("seen").value
}

fn here(view: &mut InstanceView) -> &mut NodePlace {
    let place = view.places[0].place;
    node_of(view).places.get_mut(&place).expect("the node has it")
}

fn task(age_s: i64, end: TaskEnd, storage: Option<&str>, reason: &str) -> TaskSeen {
    let reasons = if reason.is_empty() { Vec::new() } else { vec![reason.to_owned()] };
    TaskSeen { started_at: ago(age_s), end, storage: storage.map(str::to_owned), reasons }
}

fn failed(words: &str) -> TaskEnd {
    TaskEnd::Failed(words.to_owned())
}

#[test]
fn what_is_fresh_whole_and_proven_is_ok() {
    for view in [local(), remote(), third("OK", week())] {
        assert_eq!(verdict(&view), ("ok", vec![]), "{view:#?}");
        assert!(health(&view).is_ok());
    }
    let health = health(&local());
    let local = &health.places[0];
    let last = local.last_good.as_ref().expect("a backup");
    assert_eq!((last.at, last.size_bytes, last.verified_at), (ago(6 * HOUR - 60), 40 << 30, None));
    assert_eq!((local.kept, local.next_expected, local.seen_at), (7, Some(ago(6 * HOUR - DAY)), Some(ago(600))));
}

#[test]
fn an_empty_listing_for_lack_of_rights_is_not_no_backup() {
    let mut view = remote();
    view.places[0].listing = obstacle(ObstacleKind::NoRight, "VM.Backup on /vms/1001 is missing");
    assert_eq!(verdict(&view), ("unknown", vec!["no-right-to-list"]));
    let mut empty = remote();
    empty.places[0].listing = listing(Vec::new());
    empty.places[0].runs = Runs::default();
    assert_eq!(verdict(&empty), ("never", vec![]), "with the right to see it, empty is empty");
}

/// It takes our right to its backups along: preparing the site again gives nothing back.
#[test]
fn a_machine_that_is_gone_hides_its_backups_and_is_told_the_way_back() {
    let mut view = remote();
    view.places[0].listing = obstacle(ObstacleKind::NoRight, "VM.Backup on /vms/1001 is missing");
    let health = health(&view);
    let finding = health.places[0].findings.iter().find(|one| one.name == Kind::NoRightToList).expect("it is told");
    assert!(finding.mend.contains("`accolades restore INSTANCE --at now`"), "{}", finding.mend);
}

#[test]
fn an_unplugged_backup_disk_is_a_failure_although_the_last_listing_is_fine() {
    let mut view = local();
    here(&mut view).active = false;
    view.places[0].listing.obstacle =
        Some(Obstacle { kind: ObstacleKind::Inactive, since: ago(HOUR), words: "not mounted".to_owned() });
    assert_eq!(verdict(&view), ("failed", vec!["storage-inactive"]));
    view.places[0].listing.seen = None;
    assert_eq!(verdict(&view).0, "failed");
}

#[test]
fn a_server_that_refuses_to_prune_fails_the_job_although_the_snapshot_exists() {
    let mut view = remote();
    let reason = "ERROR: Backup of VM 1001 failed - error pruning backups - check log";
    node_of(&mut view).tasks = vec![task(6 * HOUR, failed("job errors"), Some("pbs-lilas"), reason)];
    assert_eq!(verdict(&view), ("ok", vec!["prune-refused"]));
    assert!(!health(&view).is_ok(), "it is to be mended all the same");
    node_of(&mut view).tasks = vec![task(6 * HOUR, failed("job errors"), Some("pbs-lilas"), "notes not set")];
    assert_eq!(verdict(&view).1, ["failed-although-saved"]);
}

#[test]
fn a_job_on_the_wrong_node_ends_ok_and_saves_nothing() {
    let mut view = local();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    here(&mut view).job.as_mut().expect("a job").other_node = Some("pve9".to_owned());
    assert_eq!(verdict(&view), ("late", vec!["job-on-wrong-node", "run-missed"]));
}

#[test]
fn a_job_with_an_empty_pool_ends_ok_and_saves_nothing() {
    let mut view = local();
    view.places[0].listing = listing(Vec::new());
    here(&mut view).job.as_mut().expect("a job").selects_machine = false;
    node_of(&mut view).tasks = vec![task(6 * HOUR - 2, TaskEnd::Ok, None, "")];
    assert_eq!(verdict(&view), ("failed", vec!["job-selects-nothing", "ok-without-backup"]));
}

#[test]
fn a_task_that_is_content_and_left_nothing_is_not_believed() {
    let mut view = remote();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    node_of(&mut view).tasks = vec![task(6 * HOUR - 2, TaskEnd::Ok, None, "")];
    assert_eq!(verdict(&view), ("failed", vec!["ok-without-backup"]));
}

#[test]
fn missing_and_disabled_jobs_are_named() {
    let mut view = local();
    here(&mut view).job = None;
    assert_eq!(verdict(&view), ("ok", vec!["job-missing"]), "what was saved is still there");
    here(&mut view).jobs_visible = false;
    assert_eq!(verdict(&view), ("ok", vec!["no-right-to-list"]), "a list of jobs that we may not see is no list");
    let mut view = local();
    here(&mut view).job.as_mut().expect("a job").enabled = false;
    assert_eq!(verdict(&view), ("ok", vec!["job-disabled"]));
}

#[test]
fn a_run_that_was_missed_while_the_node_was_off_is_late_and_says_that_it_is_lost() {
    let mut view = local();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    here(&mut view).job.as_mut().expect("a job").repeat_missed = false;
    assert_eq!(verdict(&view), ("late", vec!["run-missed", "repeat-missed-off"]));
    let health = health(&view);
    assert!(health.places[0].findings[0].sentence.contains("not made up for"), "{health:#?}");
}

#[test]
fn late_begins_after_the_grace_and_not_before() {
    let mut view = local();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    view.places[0].runs.past = vec![ago(30 * HOUR), ago(3 * HOUR)];
    assert_eq!(verdict(&view), ("ok", vec![]), "the run may still be under way");
    view.places[0].runs.past = vec![ago(30 * HOUR), ago(5 * HOUR)];
    assert_eq!(verdict(&view), ("late", vec!["run-missed"]));
    node_of(&mut view).tasks = vec![task(5 * HOUR, TaskEnd::Running, None, "")];
    assert_eq!(verdict(&view), ("late", vec![]), "what runs was not missed");
}

#[test]
fn a_run_that_nobody_looked_at_since_is_unknown_and_not_late() {
    let mut view = local();
    view.places[0].listing = seen(ListingSeen { version: 1, snapshots: vec![snapshot(34 * HOUR)] }, 12 * HOUR);
    view.places[0].runs.past = vec![ago(34 * HOUR), ago(10 * HOUR)];
    view.node = seen(node(), 12 * HOUR);
    let health = health(&view);
    assert_eq!(health.places[0].word, Word::Unknown { since: Some(ago(12 * HOUR)) });
    view.places[0].listing = seen(ListingSeen { version: 1, snapshots: vec![snapshot(10 * HOUR - 60)] }, 9 * HOUR);
    assert_eq!(verdict(&view).0, "ok", "its backup was seen");
}

#[test]
fn what_was_not_seen_for_a_day_is_unknown_since_then() {
    let mut view = local();
    view.places[0].listing.seen.as_mut().expect("seen").at = ago(25 * HOUR);
    view.node = obstacle(ObstacleKind::Silent, "nobody answers");
    let health = health(&view);
    assert_eq!(health.places[0].word, Word::Unknown { since: Some(ago(25 * HOUR)) });
    assert_eq!(health.places[0].findings[0].name, Kind::NotSeen);
    view.places[0].listing = Sight::none();
    assert_eq!(super::judge(&view, now(), &bounds()).places[0].word, Word::Unknown { since: None });
}

#[test]
fn snapshots_of_size_1_are_no_backups() {
    let mut view = remote();
    let unfinished = Snapshot { size_bytes: 1, ..snapshot(6 * HOUR - 60) };
    view.places[0].listing = listing(vec![unfinished.clone(), snapshot(30 * HOUR)]);
    assert_eq!(verdict(&view), ("late", vec!["run-missed", "snapshot-unfinished"]));
    view.places[0].listing = listing(vec![unfinished]);
    assert_eq!(verdict(&view).0, "failed");
    let mut under_way = view;
    node_of(&mut under_way).machine.as_mut().expect("a machine").backup_under_way = true;
    assert!(!verdict(&under_way).1.contains(&"snapshot-unfinished"), "a running backup is listed before its end");
}

#[test]
fn a_backup_lock_without_a_task_needs_a_person() {
    let mut view = local();
    node_of(&mut view).machine.as_mut().expect("a machine").lock = Some("backup".to_owned());
    assert_eq!(verdict(&view), ("ok", vec!["lock-left-behind"]));
    node_of(&mut view).machine.as_mut().expect("a machine").backup_under_way = true;
    assert_eq!(verdict(&view), ("ok", vec![]));
}

#[test]
fn a_datastore_that_is_almost_full_is_told_before_it_is() {
    let mut view = local();
    here(&mut view).space = Some(Space { total_bytes: 100 << 30, avail_bytes: 9 << 30 });
    assert_eq!(verdict(&view), ("ok", vec!["almost-full"]));
    here(&mut view).space = Some(Space { total_bytes: 0, avail_bytes: 0 });
    assert_eq!(verdict(&view), ("ok", vec![]), "zeros are what a token without audit rights sees");
    let mut view = remote();
    let mut server = server(vec![verified(6 * HOUR - 60, HOUR, "grange")]);
    server.space = Some(Space { total_bytes: 1000 << 30, avail_bytes: 20 << 30 });
    view.places[0].server = seen(server, 600);
    assert_eq!(verdict(&view), ("ok", vec!["almost-full"]));
}

#[test]
fn a_whole_disk_read_after_a_restart_is_told_before_the_window() {
    let mut view = remote();
    node_of(&mut view).machine.as_mut().expect("a machine").started_at = Some(ago(2 * HOUR));
    assert_eq!(verdict(&view), ("ok", vec!["full-read-ahead"]));
    let told = health(&view).places[0].findings[0].clone();
    // 240 GiB at 1 MB/s.
    assert!(told.sentence.contains("240 GiB") && told.sentence.contains("72 h"), "{}", told.sentence);
    assert_eq!(told.weight, Weight::Warning);
    view.places[0].uplink_bytes_per_s = Some(100_000_000);
    assert_eq!(health(&view).places[0].findings[0].weight, Weight::Note);
    view.places[0].uplink_bytes_per_s = None;
    let unknown = health(&view).places[0].findings[0].clone();
    assert!(!unknown.sentence.contains(" h over"), "no line, no hours: {}", unknown.sentence);
    let mut local = local();
    node_of(&mut local).machine.as_mut().expect("a machine").started_at = Some(ago(2 * HOUR));
    assert_eq!(verdict(&local), ("ok", vec![]), "the disk in the house is read whole every night");
}

#[test]
fn a_node_whose_clock_is_off_is_named() {
    let mut view = local();
    node_of(&mut view).clock_ahead_s = -61;
    assert_eq!(verdict(&view), ("ok", vec!["clock-off"]));
    node_of(&mut view).clock_ahead_s = 60;
    assert_eq!(verdict(&view), ("ok", vec![]));
}

#[test]
fn a_guest_that_writes_no_marker_any_more_is_named() {
    let mut view = local();
    view.marker_at = Some(ago(50 * HOUR + 700));
    assert_eq!(verdict(&view), ("ok", vec!["marker-old"]));
    view.marker_at = None;
    assert_eq!(verdict(&view), ("ok", vec!["marker-old"]));
    node_of(&mut view).machine = None;
    assert_eq!(verdict(&view), ("ok", vec![]), "no machine, no marker");
}

#[test]
fn a_task_that_was_cut_short_is_not_a_success() {
    let mut view = local();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    let end = TaskEnd::Unknown("unexpected status".to_owned());
    node_of(&mut view).tasks = vec![task(6 * HOUR, end, None, "")];
    assert_eq!(verdict(&view), ("failed", vec!["run-unfinished"]));
}

#[test]
fn an_old_failure_says_nothing_about_a_run_that_left_its_backup() {
    let mut view = local();
    node_of(&mut view).tasks = vec![task(6 * HOUR + DAY, failed("job errors"), Some("hdd"), "ERROR: disk")];
    assert_eq!(verdict(&view), ("ok", vec![]));
}

#[test]
fn failures_belong_to_the_storage_that_their_log_names() {
    let mut view = local();
    view.places.push(place(Place::Remote));
    view.places[1].listing = listing(vec![snapshot(30 * HOUR)]);
    node_of(&mut view).tasks = vec![task(6 * HOUR, failed("job errors"), Some("pbs-lilas"), "ERROR: no route")];
    let health = health(&view);
    assert_eq!((health.places[0].word, health.places[1].word), (Word::Ok, Word::Failed), "{health:#?}");
    assert_eq!(health.places[1].findings[0].name, Kind::RunFailed);
}

#[test]
fn two_places_with_one_time_are_not_told_apart_by_time() {
    let mut view = local();
    view.places.push(place(Place::Remote));
    view.places[1].listing = listing(vec![snapshot(30 * HOUR)]);
    node_of(&mut view).tasks = vec![task(6 * HOUR, TaskEnd::Ok, None, "")];
    assert_eq!(health(&view).places[1].word, Word::Late);
}

#[test]
fn proofs_last_35_days_here_and_100_days_elsewhere() {
    for (mut view, days) in [(local(), 35), (remote(), 100)] {
        view.places[0].proven_at = Some(ago(days * DAY));
        assert_eq!(verdict(&view).0, "ok", "{days}");
        view.places[0].proven_at = Some(ago(days * DAY + 1));
        assert_eq!(verdict(&view), ("unproven", vec!["proof-old"]), "{days}");
        view.places[0].proven_at = None;
        assert_eq!(verdict(&view), ("unproven", vec!["never-restored"]), "{days}");
        view.places[0].drill_left_out = Some("a slow line".to_owned());
        assert_eq!(verdict(&view), ("unproven", vec!["drill-left-out"]), "{days}");
    }
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let mut view = remote();
    view.places[0].exists = false;
    assert_eq!(verdict(&view), ("never", vec!["no-place"]));
}

#[test]
fn names_of_findings_are_unique_and_each_has_its_mend() {
    let mut names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(Kind::ALL.iter().all(|kind| !kind.mend().is_empty()));
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).expect("plain data"), kind.name());
    }
}

/// Whatever is seen, a verdict comes out, and good backups are among those that lie there.
#[test]
fn every_combination_of_places_and_ages_has_a_verdict() {
    for age in [-DAY, 0, 5 * HOUR, 7 * HOUR, 30 * HOUR, 400 * DAY] {
        for seen_age in [0, 3 * HOUR, 20 * HOUR, 30 * HOUR] {
            for size in [0, 1, 2, 40 << 30] {
                let mut view = remote();
                let snapshot = Snapshot { size_bytes: size, ..snapshot(age) };
                view.places[0].listing = seen(ListingSeen { version: 1, snapshots: vec![snapshot] }, seen_age);
                let health = health(&view);
                let place = &health.places[0];
                assert_eq!(place.kept == 1, place.last_good.is_some());
                let is_green = matches!(place.word, Word::Ok);
                assert!(!is_green || (size > 1 && age >= -60 && seen_age <= 24 * HOUR), "{age} {seen_age} {size}");
            }
        }
    }
}
