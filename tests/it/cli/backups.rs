//! What the program says of backups, from looks that were recorded; and before anybody looked.

use std::collections::BTreeMap;

use accolades::domain::backup::health::{
    JobSeen, ListingSeen, MachineSeen, NodePlace, NodeSeen, Place, SEEN_VERSION, Sealing, Snapshot, Space, TaskEnd,
    TaskSeen, Verification,
};
use accolades::domain::ids::VmId;
use accolades::store::{NewLook, NewRestore, Purpose, RestoreState, Scope, SeenMarker, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Desk, NOW_US, assert_session};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const GIB: u64 = 1 << 30;

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(NOW_US).expect("a moment") - SignedDuration::from_secs(seconds)
}

fn snapshots(first_age_s: i64, count: i64, remote: bool) -> Vec<Snapshot> {
    let verification =
        remote.then(|| Verification { ok: true, at: Some(ago(2 * DAY)), host: Some("grange".to_owned()) });
    (0..count)
        .map(|night| Snapshot {
            id: format!("snapshot-{night}"),
            at: ago(first_age_s + night * DAY),
            size_bytes: 61 * GIB,
            sealing: if remote { Sealing::Claimed } else { Sealing::Plain },
            verification: verification.clone(),
            protected: false,
        })
        .collect()
}

fn place(storage: &str, schedule: &str) -> NodePlace {
    NodePlace {
        storage: storage.to_owned(),
        active: true,
        space: Some(Space { total_bytes: 2000 * GIB, avail_bytes: 150 * GIB }),
        jobs_visible: true,
        job: Some(JobSeen {
            id: format!("{storage}-job"),
            enabled: true,
            schedule: schedule.to_owned(),
            other_node: None,
            selects_machine: true,
            repeat_missed: true,
        }),
    }
}

/// The node of `lilas`: the local run of the night went well, the remote one was refused.
fn node() -> NodeSeen {
    let places =
        BTreeMap::from([(Place::Local, place("accolades-hdd", "01:15")), (Place::Remote, place("pbs-lilas", "03:15"))]);
    NodeSeen {
        version: SEEN_VERSION,
        clock_ahead_s: 0,
        time_zone: "Europe/Paris".to_owned(),
        machine: Some(MachineSeen {
            started_at: Some(ago(40 * DAY)),
            lock: None,
            backup_under_way: false,
            disk_bytes: 240 * GIB,
        }),
        places,
        tasks: vec![TaskSeen {
            // A quarter past three in Paris; it is nine now.
            started_at: ago(5 * HOUR + 2700),
            end: TaskEnd::Failed("job errors".to_owned()),
            storage: Some("pbs-lilas".to_owned()),
            reasons: vec!["ERROR: Backup of VM 1001 failed - backup owner check failed".to_owned()],
        }],
    }
}

fn look(what: &str, found: Result<Value, Value>) -> NewLook {
    NewLook {
        scope: Scope::Client("atelier-lilas".parse().expect("an id")),
        subject_kind: "instance",
        subject_id: "lilas".to_owned(),
        what: what.to_owned(),
        at_us: NOW_US - 10 * 60 * 1_000_000,
        found,
    }
}

fn listing(snapshots: Vec<Snapshot>) -> Result<Value, Value> {
    Ok(serde_json::to_value(ListingSeen { version: SEEN_VERSION, snapshots }).expect("plain data"))
}

async fn record(desk: &Desk) {
    let store = Store::open(&desk.path("accolades.sqlite").display().to_string()).await.expect("the desk's store");
    let silent = |what: &str| NewLook {
        scope: Scope::Staff,
        subject_id: "ilot".to_owned(),
        ..look(what, Err(json!({ "version": 1, "kind": "silent", "words": "node `pve2` does not answer" })))
    };
    let looks = [
        look("backup-node", Ok(serde_json::to_value(node()).expect("plain data"))),
        // Made at a quarter past one, and the day before yesterday at a quarter past three.
        look("backup-local", listing(snapshots(7 * HOUR + 2400, 7, false))),
        look("backup-remote", listing(snapshots(DAY + 5 * HOUR + 2400, 14, true))),
        silent("backup-node"),
        silent("backup-local"),
        silent("backup-remote"),
    ];
    store.record_looks(&looks).await.expect("recorded");
    let made_at_us = ago(8 * HOUR + 1200).as_microsecond();
    let marker = SeenMarker {
        scope: Scope::Staff,
        instance: "lilas".parse().expect("an id"),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
        made_at_us,
        seen_at_us: made_at_us,
        marker: json!({ "version": 1 }),
    };
    store.record_marker(&marker).await.expect("recorded");
    store.close().await;
}

#[test]
fn cli_backups_that_nobody_looked_at_are_unknown() {
    let desk = Desk::accepted();
    assert_session(
        "backups_unseen",
        &desk.session(&[
            &["backup", "list", "ilot"],
            &["backup", "check", "ilot"],
            &["watch", "--once", "friche"],
            &["watch", "--once", "frische"],
            &["watch", "--every", "10s"],
            &["backup", "run", "ilot", "--to", "local"],
        ]),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cli_backups_are_judged_by_what_was_seen() {
    let desk = Desk::accepted();
    record(&desk).await;
    let session = tokio::task::spawn_blocking(move || {
        let session = desk.session(&[&["backup", "list"], &["backup", "check"]]);
        let answer = desk.run(&["backup", "check", "lilas", "--json"]);
        (session, answer)
    });
    let (session, answer) = session.await.expect("the session ends");
    assert_session("backups", &session);
    assert_eq!(answer.code, 11, "{}", answer.stderr);
    let told: Value = serde_json::from_str(&answer.stdout).expect("JSON on standard output");
    assert_eq!((&told["version"], &told["ok"]), (&json!(1), &json!(false)));
    let places = told["instances"][0]["places"].as_array().expect("places");
    assert_eq!((&places[0]["place"], &places[0]["word"]["is"]), (&json!("local"), &json!("unproven")));
    assert_eq!((&places[1]["place"], &places[1]["word"]["is"]), (&json!("remote"), &json!("failed")));
    let names: Vec<_> = places[1]["findings"].as_array().expect("findings").iter().map(|one| &one["name"]).collect();
    assert!(names.contains(&&json!("owner-lost")), "{names:?}");
}

/// Records more looks at `lilas` and asks what is wrong with its backups.
async fn checked(desk: Desk, looks: Vec<NewLook>) -> Value {
    record(&desk).await;
    let store = Store::open(&desk.path("accolades.sqlite").display().to_string()).await.expect("the desk's store");
    store.record_looks(&looks).await.expect("recorded");
    store.close().await;
    let answer = tokio::task::spawn_blocking(move || desk.run(&["backup", "check", "lilas", "--json"]));
    let told: Value = serde_json::from_str(&answer.await.expect("it ends").stdout).expect("JSON on standard output");
    told["instances"][0].clone()
}

fn names(findings: &Value) -> Vec<&str> {
    findings.as_array().expect("findings").iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cli_backups_a_job_made_rarer_on_the_node_is_late_by_the_inventory() {
    let mut node = node();
    let job = node.places.get_mut(&Place::Local).and_then(|here| here.job.as_mut()).expect("the node has it");
    job.schedule = "*-*-01 01:15".to_owned();
    let nine_days_old = listing(snapshots(9 * DAY + 7 * HOUR, 7, false));
    let looks = vec![
        look("backup-node", Ok(serde_json::to_value(node).expect("plain data"))),
        look("backup-local", nine_days_old),
    ];
    let told = checked(Desk::accepted(), looks).await;
    let local = &told["places"][0];
    assert_eq!(local["word"]["is"], "late", "{told}");
    assert!(names(&local["findings"]).contains(&"job-schedule-differs"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cli_backups_a_marker_from_the_future_is_told_and_is_not_fresh() {
    let told =
        checked(Desk::accepted(), vec![look("marker", Ok(json!({ "version": 1, "at": ago(-300 * DAY) })))]).await;
    assert!(names(&told["findings"]).contains(&"marker-from-the-future"), "{told}");
    let told = checked(Desk::accepted(), vec![look("marker", Ok(json!({ "version": 1, "at": ago(9 * HOUR) })))]).await;
    assert_eq!(names(&told["findings"]), Vec::<&str>::new(), "{told}");
}

/// A client whose box burnt: nobody looks for a machine that was replaced.
#[tokio::test(flavor = "multi_thread")]
async fn cli_backups_a_restore_that_replaced_nothing_keeps_no_machine() {
    let desk = Desk::accepted();
    let store = Store::open(&desk.path("accolades.sqlite").display().to_string()).await.expect("the desk's store");
    let row = NewRestore {
        id: "r1".to_owned(),
        purpose: Purpose::Restore,
        scope: Scope::Staff,
        instance: "lilas".parse().expect("an id"),
        site: "friche".parse().expect("an id"),
        vmid: VmId(1999),
        detail: json!({ "version": 1 }),
        at_us: NOW_US,
    };
    store.begin_restore(&row).await.expect("recorded");
    let (from, to) = (RestoreState::Begun, RestoreState::Swapped);
    store.move_restore(&row.id, from, to, &row.detail, NOW_US).await.expect("recorded");
    store.close().await;
    let answer = tokio::task::spawn_blocking(move || desk.run(&["restore", "list"])).await.expect("it ends");
    assert!(answer.stdout.contains("nothing was replaced"), "{}{}", answer.stderr, answer.stdout);
    assert!(!answer.stdout.contains("the replaced machine is kept"), "{}", answer.stdout);
}
