//! Restore tests against the lab: what is proven, what is not, and that nothing is left behind or touched that is not the
//! drill's own.

use std::collections::BTreeMap;

use accolades::domain::backup::drill::{CheckKind, Origin, Verdict, check_chain};
use accolades::domain::backup::marker;
use accolades::domain::ids::VmId;
use accolades::engine::drill::DrillOrder;
use accolades::engine::run::Applied;
use accolades::engine::site::Token;
use accolades::engine::{Engine, EngineError};
use accolades::inventory::model::Inventory;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::pve::state::{Power, Task, Vm};
use accolades::plan::desired::Subject;
use accolades::pve::{TaskVerdict, Upid, wait_task};
use accolades::ssh::Command;
use accolades::store::{KeptDrill, NewRestore, Purpose, RestoreState, Scope, SeenMarker};
use accolades::util::limits;
use serde_json::json;

use crate::rehearsal::{DAY, Rehearsal, Snapshot, small_files, small_instance};

/// The VM id of the small inventory's instance.
pub const LIVE: u32 = 1002;

/// The first id that a drill takes.
pub const FIRST: u32 = 1999;

const SITE: &str = "friche";

pub fn subject(inventory: &Inventory) -> Subject<'_> {
    Subject::on(inventory, &inventory.instances[&small_instance()], DAY).expect("it has a place")
}

fn local() -> DrillOrder {
    DrillOrder { from: Origin::Local, backup: None, on: None }
}

/// A marker's program that stands in for the playbook's.
const PROGRAM: &str = "#!/bin/sh
mkdir -p /var/lib/accolades
printf '{\"version\":1,\"at\":\"%s\",\"nonce\":\"0000000000000000000000%s\",\"apps\":{\"nextcloud\":{\"files\":3,\"rows\":4,\"app_version\":\"1\"}},\"system\":{}}\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" \"$(date -u +%s)\" > /var/lib/accolades/marker.json
";

/// The guest writes its marker, as its timer makes it do, and we see it.
pub async fn mark(rehearsal: &Rehearsal) {
    let engine = &rehearsal.engine;
    let subject = subject(&rehearsal.accepted.inventory);
    let link = engine.everyday_link(&subject).await.expect("the site is prepared");
    let address = engine.guest_address(&subject, &link).await.expect("the store reads").expect("pinned");
    let door = engine.open_door(&address).await.unwrap_or_else(|error| panic!("{error}"));
    let install = "test -e \"$1\" || { mkdir -p \"$(dirname \"$1\")\"; printf %s \"$2\" > \"$1\"; chmod 700 \"$1\"; }";
    let installed = door
        .run(
            &[
                "sh",
                "-c",
                &install.replace("$(dirname \"$1\")", "/usr/local/lib/accolades"),
                "sh",
                marker::SCRIPT,
                PROGRAM,
            ],
            None,
        )
        .await;
    assert!(installed.expect("it answers").is_zero());
    let written = door.run(&[marker::SCRIPT], None).await.expect("it answers");
    assert!(written.is_zero(), "{written:?}");
    let text = door.run(&["cat", marker::PATH], None).await.expect("it answers").stdout;
    let marker = marker::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let seen = SeenMarker {
        scope: Scope::Staff,
        instance: small_instance(),
        nonce: marker.nonce.clone(),
        made_at_us: marker.at.as_microsecond(),
        seen_at_us: engine.now_us().await.expect("the clock answers"),
        marker: serde_json::to_value(&marker).expect("plain data"),
    };
    engine.store.record_marker(&seen).await.expect("recorded");
}

/// A backup onto the site's own disk, as the node's job makes it.
pub async fn back_up(rehearsal: &Rehearsal) {
    let engine = &rehearsal.engine;
    let subject = subject(&rehearsal.accepted.inventory);
    let route = engine.route(subject.site).expect("a route");
    let node = engine.node_session(subject.site, &route).await.unwrap_or_else(|error| panic!("{error}"));
    let (path, vmid) = (format!("/nodes/{}/vzdump", subject.site.node.name), LIVE.to_string());
    let words =
        ["create", &path, "--vmid", &vmid, "--storage", "accolades-hdd", "--mode", "snapshot", "--compress", "zstd"];
    let finished = node.run(&Command::new("pvesh").args(words.map(str::to_owned))).await.expect("it answers");
    assert!(finished.is_zero(), "{finished:?}");
    let text =
        finished.stdout.lines().rev().find(|line| line.contains("UPID:")).expect("a task").trim_matches('"').to_owned();
    let upid: Upid = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let link = engine.link(subject.site, &route, Token::Everyday).await.expect("prepared");
    let end = wait_task(&link.pve, &upid, &engine.clock, limits::PVE_TASK_TIMEOUT).await.expect("followed");
    assert_eq!(end.verdict, TaskVerdict::Ok, "{:?}", end.log_tail);
}

/// Onboarded, with the nonce of its marker on record and a local backup after it.
pub async fn backed_up(seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::of(small_files(), seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[small_instance()]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    mark(&rehearsal).await;
    back_up(&rehearsal).await;
    rehearsal
}

pub async fn snapshot(seed: u64) -> Snapshot {
    backed_up(seed).await.snapshot(small_files()).await
}

async fn drill(rehearsal: &Rehearsal) -> KeptDrill {
    let kept = rehearsal.engine.drill(&subject(&rehearsal.accepted.inventory), &local()).await;
    kept.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(20)))
}

fn why(kept: &KeptDrill) -> String {
    kept.record.verdict.why().unwrap_or_default().to_owned()
}

/// The machines on the site's node.
pub fn vms(rehearsal: &Rehearsal) -> BTreeMap<u32, Vm> {
    rehearsal.served.lab.lock().world.sites[SITE].pve.vms.clone()
}

fn digest(rehearsal: &Rehearsal) -> String {
    rehearsal.served.lab.lock().world.digest()
}

fn requests(rehearsal: &Rehearsal) -> Vec<String> {
    rehearsal.served.lab.lock().transcript.lines().lines().map(str::to_owned).collect()
}

async fn must_be_clean(rehearsal: &Rehearsal) {
    let ids: Vec<u32> = vms(rehearsal).keys().copied().collect();
    assert_eq!(ids, [LIVE], "a drill's machine is left");
    let open = rehearsal.engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
    assert_eq!(open, [], "a machine is on record without an end");
    let left = rehearsal.engine.store.open_actions(&Scope::Staff, "restored/ilot").await.expect("the store reads");
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_backup_is_proven_and_nothing_is_left_behind_or_touched() {
    let rehearsal = backed_up(11).await;
    let (before, live) = (digest(&rehearsal), vms(&rehearsal)[&LIVE].config.clone());
    let asked = requests(&rehearsal).len();
    let kept = drill(&rehearsal).await;
    assert_eq!(kept.record.verdict, Verdict::Proven, "{:#?}", kept.record);
    assert_eq!((kept.record.vmid, kept.record.destroyed), (Some(VmId(FIRST)), Some(true)));
    assert!(kept.record.nonce.is_found());
    let apps = kept.record.checks.iter().filter(|check| {
        matches!(check.kind, CheckKind::Nextcloud { .. } | CheckKind::Dolibarr { .. } | CheckKind::Rows { .. })
    });
    assert!(apps.count() >= 3, "{:#?}", kept.record.checks);
    assert_eq!(kept.record.phases.len(), 3);
    must_be_clean(&rehearsal).await;
    assert_eq!(digest(&rehearsal), before, "something else changed");
    assert_eq!(vms(&rehearsal)[&LIVE].config, live);

    // Of the client's machine nothing but its marker was read.
    for line in requests(&rehearsal)[asked..].iter().filter(|line| line.contains("/qemu/1002/")) {
        assert!(line.contains("GET") && line.contains("agent/file-read"), "the client's machine was asked: {line}");
    }

    // The next one uses the same id: it is reserved for this instance for ever.
    let second = drill(&rehearsal).await;
    assert_eq!((second.number, second.record.vmid), (2, Some(VmId(FIRST))));
    assert_eq!(second.record.previous.as_deref(), Some(kept.hash.as_str()));
    let kept = rehearsal.engine.store.drills(&Scope::Staff, &small_instance()).await.expect("the store reads");
    assert_eq!(check_chain(kept.iter().map(|one| (&one.record, one.hash.as_str()))), Ok(()));
}

/// Its timer may be at it already: two programs at once would spoil the file, and a good backup would fail.
#[tokio::test(flavor = "multi_thread")]
async fn drill_a_restored_machine_never_writes_two_markers_at_once() {
    let rehearsal = Rehearsal::from(&snapshot(19).await).await;
    let asked = requests(&rehearsal).len();
    assert_eq!(drill(&rehearsal).await.record.verdict, Verdict::Proven);
    let orders: Vec<String> = requests(&rehearsal)
        .into_iter()
        .skip(asked)
        .filter(|line| line.contains("POST") && line.contains("agent/exec"))
        .collect();
    assert!(orders.iter().any(|line| line.contains("accolades-marker.service")), "{orders:#?}");
    assert!(!orders.iter().any(|line| line.contains(marker::SCRIPT)), "{orders:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_what_cannot_be_tried_is_recorded_as_not_tested_and_makes_nothing() {
    let snapshot = snapshot(12).await;
    type Change = fn(&Rehearsal);
    let cases: [(&str, Change, &str); 4] = [
        (
            "a node short of memory",
            |rehearsal| site(rehearsal, |site| site.pve.hardware.memory_bytes = 11 << 30),
            "MiB of memory available",
        ),
        (
            "a full disk",
            |rehearsal| {
                site(rehearsal, |site| {
                    let pool = site.pve.storages.get_mut("local-lvm").expect("a storage");
                    pool.other_used_bytes = pool.capacity_bytes - (10 << 30);
                });
            },
            "GiB are needed",
        ),
        (
            "an unplugged backup disk",
            |rehearsal| {
                site(rehearsal, |site| site.node.disks.iter_mut().for_each(|disk| disk.present = false));
            },
            "is not there at present",
        ),
        ("a site that is offline", |rehearsal| site(rehearsal, |site| site.online = false), "does not answer"),
    ];
    for (what, change, words) in cases {
        let rehearsal = Rehearsal::from(&snapshot).await;
        change(&rehearsal);
        let kept = drill(&rehearsal).await;
        assert!(
            matches!(&kept.record.verdict, Verdict::NotTested { why } if why.contains(words)),
            "{what}: {:?}",
            why(&kept)
        );
        assert_eq!((kept.record.vmid, kept.record.destroyed), (None, None), "{what}");
        must_be_clean(&rehearsal).await;
    }
}

fn site(rehearsal: &Rehearsal, change: impl FnOnce(&mut accolades::lab::world::Site)) {
    change(rehearsal.served.lab.lock().world.sites.get_mut(SITE).expect("the site"));
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_backup_without_the_marker_or_with_another_one_is_never_proven() {
    let snapshot = snapshot(13).await;
    let rehearsal = Rehearsal::from(&snapshot).await;
    // Made before anything was recorded: nothing could be found again.
    let unknown = Rehearsal::from(&snapshot).await;
    guest(&unknown, |guest| guest.files.write(marker::PATH, marker_text("0123456789abcdef0123456789abcdef")));
    back_up(&unknown).await;
    let kept = drill(&unknown).await;
    assert!(matches!(kept.record.verdict, Verdict::Failed { .. }), "{:?}", kept.record.verdict);
    must_be_clean(&unknown).await;

    guest(&rehearsal, |guest| assert!(guest.files.remove(marker::PATH)));
    back_up(&rehearsal).await;
    let kept = drill(&rehearsal).await;
    assert!(
        matches!(&kept.record.verdict, Verdict::Failed { why } if why.contains("no marker")),
        "{:?}",
        kept.record.verdict
    );
    must_be_clean(&rehearsal).await;
}

fn marker_text(nonce: &str) -> String {
    json!({ "version": 1, "at": "2026-01-01T00:00:00Z", "nonce": nonce, "apps": {}, "system": {} }).to_string()
}

fn guest(rehearsal: &Rehearsal, change: impl FnOnce(&mut accolades::lab::os::Machine)) {
    site(rehearsal, |site| {
        change(site.pve.vms.get_mut(&LIVE).and_then(|vm| vm.guest.as_mut()).expect("the guest is up"));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_failed_restore_leaves_no_stub() {
    let snapshot = snapshot(14).await;
    let fails = |text: &str| FaultKind::TaskFails { task_type: "qmrestore".to_owned(), text: text.to_owned() };
    for (text, failed) in [
        ("command 'vma extract' failed: exit code 1", true),
        ("unable to create image: no space left on device", false),
    ] {
        let rehearsal = Rehearsal::from(&snapshot).await;
        let before = digest(&rehearsal);
        plan_fault(&rehearsal, fails(text));
        let kept = drill(&rehearsal).await;
        assert_eq!(matches!(kept.record.verdict, Verdict::Failed { .. }), failed, "{:?}", kept.record.verdict);
        assert!(why(&kept).contains(text), "{}", why(&kept));
        must_be_clean(&rehearsal).await;
        assert_eq!(digest(&rehearsal), before);
    }
    // What passes by itself is tried again.
    let rehearsal = Rehearsal::from(&snapshot).await;
    plan_fault(&rehearsal, fails("can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout"));
    assert_eq!(drill(&rehearsal).await.record.verdict, Verdict::Proven);
    must_be_clean(&rehearsal).await;
}

fn plan_fault(rehearsal: &Rehearsal, kind: FaultKind) {
    let fault = Fault { site: None, on: "POST /api2/json/nodes/pve2/qemu".to_owned(), after: 0, times: 1, kind };
    rehearsal.served.lab.lock().faults.0.push(fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_machine_that_is_not_the_drills_own_is_never_destroyed() {
    let snapshot = snapshot(15).await;
    // Somebody made a machine under the id that our own record of a drill names: the record alone is no proof.
    let rehearsal = Rehearsal::from(&snapshot).await;
    let row = begun(&rehearsal, "lost").await;
    let mut foreign = vms(&rehearsal)[&LIVE].clone();
    foreign.power = Power::Stopped;
    foreign.config.insert("name".to_owned(), "somebody-elses".to_owned());
    foreign.config.insert("description".to_owned(), "accolades drill other of ilot".to_owned());
    site(&rehearsal, |site| {
        site.pve.vms.insert(FIRST, foreign);
        site.pve.access.pools.get_mut("accolades-drills").expect("the pool").vms.insert(FIRST);
    });
    let before = vms(&rehearsal)[&FIRST].config.clone();
    let kept = drill(&rehearsal).await;
    assert_eq!((&kept.record.verdict, kept.record.vmid), (&Verdict::Proven, Some(VmId(FIRST - 1))));
    assert_eq!(vms(&rehearsal)[&FIRST].config, before, "it was touched");

    // A bare machine may be anybody's: nothing is destroyed, and nothing is done before a person looked.
    let rehearsal = Rehearsal::from(&snapshot).await;
    let engine = &rehearsal.engine;
    engine.store.begin_restore(&row).await.expect("recorded");
    let bare = Vm { config: BTreeMap::from([("memory".to_owned(), "128".to_owned())]), ..Vm::default() };
    site(&rehearsal, |site| drop(site.pve.vms.insert(FIRST, bare)));
    let refusal = engine.drill(&subject(&rehearsal.accepted.inventory), &local()).await;
    let refusal = refusal.map(|kept| kept.record.verdict).expect_err("it cannot be shown to be ours");
    assert!(matches!(refusal, EngineError::Conflict(_)), "{refusal}");
    assert!(vms(&rehearsal).contains_key(&FIRST), "it was destroyed");
    let open = engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
    assert_eq!(open[0].state, RestoreState::Begun, "the record stays open until a person looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_an_id_that_is_taken_on_the_node_is_left_alone() {
    let rehearsal = Rehearsal::from(&snapshot(16).await).await;
    let taken = Vm { config: BTreeMap::from([("name".to_owned(), "nas".to_owned())]), ..Vm::default() };
    site(&rehearsal, |site| drop(site.pve.vms.insert(FIRST, taken)));
    let kept = drill(&rehearsal).await;
    assert_eq!((&kept.record.verdict, kept.record.vmid), (&Verdict::Proven, Some(VmId(FIRST - 1))));
    assert_eq!(vms(&rehearsal).keys().copied().collect::<Vec<_>>(), [LIVE, FIRST]);
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_one_at_a_time_on_a_node() {
    let rehearsal = Rehearsal::from(&snapshot(17).await).await;
    let (second, _events) = rehearsal.another_engine(99).await;
    let holder = rehearsal.engine.store.acquire_lease("site/friche/heavy-work", "elsewhere:1:x", 0, i64::MAX).await;
    holder.expect("the store is writable");
    let refusal = second.drill(&subject(&rehearsal.accepted.inventory), &local()).await;
    assert!(matches!(refusal, Err(EngineError::Busy { .. })), "{refusal:?}");
    must_be_clean(&rehearsal).await;
}

/// Drills until the end or until the lab says that the client crashes now; `None` then.
async fn drill_or_crash(rehearsal: &Rehearsal, engine: &Engine) -> Option<Result<KeptDrill, EngineError>> {
    let mut crashes = rehearsal.served.lab.crashes();
    let (engine, inventory) = (engine.clone(), rehearsal.accepted.inventory.clone());
    let mut work = tokio::spawn(async move { engine.drill(&subject(&inventory), &local()).await });
    tokio::select! {
        changed = crashes.changed() => {
            changed.expect("the lab lives");
            work.abort();
            let _ = work.await;
            None
        }
        done = &mut work => Some(done.expect("no panic")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_machine_of_a_drill_that_was_cut_short_is_removed_first() {
    let snapshot = snapshot(18).await;
    for on in
        ["POST /api2/json/nodes/pve2/qemu", "/status/start", "/agent/exec", "DELETE /api2/json/nodes/pve2/qemu/1999"]
    {
        for kind in [FaultKind::CrashBefore, FaultKind::CrashAfter] {
            let rehearsal = Rehearsal::from(&snapshot).await;
            let fault = Fault { site: None, on: on.to_owned(), after: 0, times: 1, kind: kind.clone() };
            rehearsal.served.lab.lock().faults.0.push(fault);
            assert!(drill_or_crash(&rehearsal, &rehearsal.engine).await.is_none(), "{on}: it did not crash");
            crate::worlds::bury(&rehearsal.engine.store, "site/friche/heavy-work").await;
            let (second, _events) = rehearsal.another_engine(1018).await;
            let ended = drill_or_crash(&rehearsal, &second).await.expect("it does not crash again");
            let kept = ended.unwrap_or_else(|error| panic!("{on} {kind:?}: {error}\n{}", rehearsal.last_words(20)));
            assert_eq!(kept.record.verdict, Verdict::Proven, "{on} {kind:?}");
            must_be_clean(&rehearsal).await;
        }
    }
}

/// A machine under the first id, in the pool of restored machines, with these options besides.
pub fn put_there(rehearsal: &Rehearsal, options: &[(&str, &str)]) {
    let mut vm = vms(rehearsal)[&LIVE].clone();
    vm.power = Power::Stopped;
    vm.config.insert("protection".to_owned(), "0".to_owned());
    vm.config.extend(options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    site(rehearsal, |site| {
        site.pve.vms.insert(FIRST, vm);
        site.pve.access.pools.get_mut("accolades-drills").expect("the pool").vms.insert(FIRST);
    });
}

/// A row of a drill that was cut short, of the machine under the first id.
pub async fn begun(rehearsal: &Rehearsal, id: &str) -> NewRestore {
    let row = NewRestore {
        id: id.to_owned(),
        purpose: Purpose::Drill,
        scope: Scope::Staff,
        instance: small_instance(),
        site: SITE.parse().expect("an id"),
        vmid: VmId(FIRST),
        detail: json!({ "version": 1 }),
        at_us: rehearsal.engine.now_us().await.expect("the clock answers"),
    };
    rehearsal.engine.store.begin_restore(&row).await.expect("recorded");
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_machine_of_ours_whose_notes_somebody_changed_is_not_called_destroyed() {
    let rehearsal = Rehearsal::from(&snapshot(17).await).await;
    let row = begun(&rehearsal, "mine").await;
    let task = format!("UPID:pve2:00000001:00000002:68C0FFEE:qmrestore:{FIRST}:{}:", Token::Everyday.id());
    rehearsal.engine.store.set_restore_task(&row.id, &task).await.expect("recorded");
    put_there(&rehearsal, &[("name", "drill-ilot"), ("tags", "accolades-drill"), ("description", "Nadia looks at it")]);
    let before = vms(&rehearsal)[&FIRST].config.clone();
    let refusal = rehearsal.engine.drill(&subject(&rehearsal.accepted.inventory), &local()).await;
    let refusal = refusal.map(|kept| kept.record.verdict).expect_err("a person decides");
    assert!(
        matches!(&refusal, EngineError::Conflict(text) if text.contains("accolades drill mine of ilot")),
        "{refusal}"
    );
    assert_eq!(vms(&rehearsal)[&FIRST].config, before, "it was touched");
    let open = rehearsal.engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
    assert!(open.iter().any(|one| one.new.id == row.id), "it was called gone: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_restore_that_the_node_began_after_we_gave_it_up_is_removed_by_the_next_one() {
    let rehearsal = Rehearsal::from(&snapshot(18).await).await;
    let row = begun(&rehearsal, "late").await;
    let (from, to) = (RestoreState::Begun, RestoreState::Gone);
    rehearsal.engine.store.move_restore(&row.id, from, to, &row.detail, row.at_us).await.expect("closed");
    put_there(&rehearsal, &[("name", "drill-ilot"), ("description", "accolades drill late of ilot")]);
    assert_eq!(drill(&rehearsal).await.record.verdict, Verdict::Proven);
    must_be_clean(&rehearsal).await;
}

/// Nobody closes a window for hours, and the next restore on the node would wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn drill_a_console_that_somebody_left_open_keeps_no_machine_from_being_removed() {
    let rehearsal = Rehearsal::from(&snapshot(20).await).await;
    begun(&rehearsal, "mine").await;
    put_there(&rehearsal, &[("name", "drill-ilot"), ("description", "accolades drill mine of ilot")]);
    let started = rehearsal.served.lab.lock().world.now;
    site(&rehearsal, |site| {
        site.pve.tasks.push(Task {
            upid: format!("UPID:pve2:00000003:00000004:{:08X}:vncproxy:{FIRST}:root@pam:", started.unix_seconds()),
            pid: 3,
            pstart: 4,
            kind: "vncproxy".to_owned(),
            id: FIRST.to_string(),
            owner: "root@pam".to_owned(),
            started,
            due: None,
            work: None,
            doom: None,
            log: Vec::new(),
            ended: None,
            exit: None,
        });
    });
    let kept = drill(&rehearsal).await;
    assert_eq!((&kept.record.verdict, kept.record.vmid), (&Verdict::Proven, Some(VmId(FIRST))));
    must_be_clean(&rehearsal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_a_machine_that_left_the_pool_meanwhile_keeps_no_backup_from_being_tried() {
    let rehearsal = Rehearsal::from(&snapshot(21).await).await;
    put_there(&rehearsal, &[("name", "nas"), ("description", "somebody's")]);
    let fault = Fault {
        site: None,
        on: format!("GET /api2/json/nodes/pve2/qemu/{FIRST}/config"),
        after: 0,
        times: 1,
        kind: FaultKind::Status {
            code: 403,
            reason: format!("Permission check failed (/vms/{FIRST}, VM.Audit)"),
            done: false,
        },
    };
    rehearsal.served.lab.lock().faults.0.push(fault);
    let kept = drill(&rehearsal).await;
    assert_eq!((&kept.record.verdict, kept.record.vmid), (&Verdict::Proven, Some(VmId(FIRST - 1))));
}
