//! The sweep against the lab: what is seen is kept with its date, and what is not seen says nothing false.

use std::sync::Arc;
use std::time::Duration;

use accolades::domain::backup::health::{Kind, Word};
use accolades::domain::backup::marker;
use accolades::domain::ids::SiteId;
use accolades::engine::Engine;
use accolades::engine::backup::sweep::{SiteOutcome, SweepReport, SweepRequest};
use accolades::engine::run::Accepted;
use accolades::health::backups::{InstanceTruth, backups};
use accolades::lab::net::transcript::Entry;
use accolades::lab::os::disks;
use accolades::store::{Look, Scope};
use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};

use crate::drills;
use crate::rehearsal::{DAY, Rehearsal, instance, small_files};

/// Where a node mounts its backup disk.
const BACKUP_DISK: &str = "/mnt/accolades-backup";

/// The most requests that a look at a site with one instance may cost: six for the node, four for the instance.
const REQUESTS_MAX: usize = 10;

/// The most requests that a look at a backup server with one instance may cost: its rights, six for the server, one for the
/// instance, one more when nothing of it is there.
const SERVER_REQUESTS_MAX: usize = 9;

pub fn site(id: &str) -> SiteId {
    SiteId::new(id).expect("an id")
}

pub async fn sweep_on(engine: &Engine, accepted: &Accepted, request: SweepRequest) -> SweepReport {
    let (_stop, stop) = watch::channel(false);
    let (reports, mut lines) = mpsc::unbounded_channel();
    let swept = engine.sweep(accepted, DAY, &request, &stop, &reports).await;
    let report = swept.unwrap_or_else(|error| panic!("{error}"));
    let mut told = 0;
    while lines.try_recv().is_ok() {
        told += 1;
    }
    assert_eq!(told, report.sites.len(), "each site is told as soon as it is there");
    report
}

pub async fn sweep(rehearsal: &Rehearsal) -> SweepReport {
    sweep_on(&rehearsal.engine, &rehearsal.accepted, SweepRequest::default()).await
}

pub async fn verdicts(rehearsal: &Rehearsal) -> Vec<InstanceTruth> {
    let now = rehearsal.engine.clock.now().await.expect("the lab's clock");
    let store = &rehearsal.engine.store;
    backups(store, &Scope::Staff, &rehearsal.accepted.inventory, &[], now)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

async fn looks_at(rehearsal: &Rehearsal, kind: &str, id: &str) -> Vec<Look> {
    rehearsal.engine.store.looks_at(&Scope::Staff, kind, id).await.expect("the store reads")
}

fn outcome<'a>(report: &'a SweepReport, id: &str) -> &'a SiteOutcome {
    &report.sites.iter().find(|one| one.site == site(id)).expect("it is in the report").outcome
}

fn set_online(rehearsal: &Rehearsal, id: &str, online: bool) {
    rehearsal.served.lab.lock().world.sites.get_mut(id).expect("a site").online = online;
}

fn set_servers_online(rehearsal: &Rehearsal, online: bool) {
    let mut state = rehearsal.served.lab.lock();
    let now = state.world.now;
    state.world.backup_servers.get_mut().0.values_mut().for_each(|server| server.set_online(online, now));
}

async fn prepared(seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::new(seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal
}

/// One prepared site; its machine's number is in the pool that our token works on, the machine itself is not there yet.
async fn prepared_small(seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::of(small_files(), seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    {
        let mut state = rehearsal.served.lab.lock();
        let pools = &mut state.world.sites.get_mut("friche").expect("a site").pve.access.pools;
        let of_instance = pools.contains_key("accolades-ilot");
        let pool = if of_instance { "accolades-ilot" } else { "accolades-clients" };
        pools.get_mut(pool).expect("it was made").vms.insert(1002);
    }
    rehearsal
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_sees_every_site_with_few_requests_that_only_read() {
    let rehearsal = prepared_small(1).await;
    let before = rehearsal.served.lab.lock().transcript.entries().len();
    let report = sweep(&rehearsal).await;
    assert_eq!(outcome(&report, "friche"), &SiteOutcome::Seen { instances: 1 });
    assert!(!report.own_network && !report.stopped);
    let (mut requests, mut of_server) = (0, 0);
    for entry in &rehearsal.served.lab.lock().transcript.entries()[before..] {
        match entry {
            Entry::Request { site, method, path, .. } => {
                assert_eq!(method, "GET", "{path}");
                requests += usize::from(site == "friche");
                of_server += usize::from(site != "friche");
            }
            Entry::Command { command_line, .. } => panic!("a sweep runs no command: {command_line}"),
            Entry::Program { .. } => {}
        }
    }
    assert!((1..=REQUESTS_MAX).contains(&requests), "{requests} requests");
    assert!((1..=SERVER_REQUESTS_MAX).contains(&of_server), "{of_server} requests");
    let looks = looks_at(&rehearsal, "instance", "ilot").await;
    let local = looks.iter().find(|look| look.what == "backup-local").expect("it was looked at");
    assert_eq!(local.obstacle, None);
    assert_eq!(local.seen.as_ref().expect("seen").1["snapshots"], serde_json::json!([]));
    let verdict = &verdicts(&rehearsal).await[0];
    assert_eq!(verdict.health.places[0].word, Word::Never, "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_a_silent_site_keeps_its_age_and_is_left_alone_for_longer_and_longer() {
    let rehearsal = prepared(2).await;
    sweep(&rehearsal).await;
    let seen_at = looks_at(&rehearsal, "site", "friche").await[0].seen.as_ref().expect("it answered").0;
    set_online(&rehearsal, "friche", false);
    for turn in 1..=2 {
        let report = sweep(&rehearsal).await;
        assert!(matches!(outcome(&report, "friche"), SiteOutcome::Silent { .. }), "{turn}: {report:?}");
        assert!(matches!(outcome(&report, "valsonne"), SiteOutcome::Seen { .. }), "{turn}: {report:?}");
    }
    let report = sweep(&rehearsal).await;
    let SiteOutcome::Resting { until, since } = outcome(&report, "friche") else { panic!("{report:?}") };
    let look = looks_at(&rehearsal, "site", "friche").await.remove(0);
    let obstacle = look.obstacle.as_ref().expect("it is silent");
    assert_eq!((obstacle.looks, obstacle.since_us), (2, since.as_microsecond()));
    assert_eq!(until.as_microsecond() - look.tried_at_us, 1800 * 1_000_000, "twice the interval");
    assert_eq!(look.seen.expect("the last answer stays").0, seen_at);

    let named = SweepRequest { only: vec![site("friche")], ..SweepRequest::default() };
    let report = sweep_on(&rehearsal.engine, &rehearsal.accepted, named.clone()).await;
    assert!(matches!(outcome(&report, "friche"), SiteOutcome::Silent { .. }), "who is named is asked: {report:?}");
    assert_eq!(looks_at(&rehearsal, "site", "friche").await[0].obstacle.as_ref().expect("silent").looks, 3);

    set_online(&rehearsal, "friche", true);
    let report = sweep_on(&rehearsal.engine, &rehearsal.accepted, named).await;
    assert!(matches!(outcome(&report, "friche"), SiteOutcome::Seen { .. }), "{report:?}");
    assert_eq!(looks_at(&rehearsal, "site", "friche").await[0].obstacle, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_when_nobody_answers_our_own_network_is_suspected_and_nothing_false_is_recorded() {
    let rehearsal = prepared(3).await;
    sweep(&rehearsal).await;
    let before = rehearsal.engine.store.looks_at_all(&Scope::Staff, "instance").await.expect("looks");
    let sites: Vec<String> = rehearsal.served.lab.lock().world.sites.keys().cloned().collect();
    sites.iter().for_each(|id| set_online(&rehearsal, id, false));
    set_servers_online(&rehearsal, false);
    let report = sweep(&rehearsal).await;
    assert!(report.own_network, "{report:?}");
    assert!(report.sites.iter().all(|one| matches!(one.outcome, SiteOutcome::Silent { .. })), "{report:?}");
    assert_eq!(rehearsal.engine.store.looks_at_all(&Scope::Staff, "instance").await.expect("looks"), before);
    assert!(looks_at(&rehearsal, "site", "friche").await[0].obstacle.is_none());

    set_online(&rehearsal, "valsonne", true);
    let report = sweep(&rehearsal).await;
    assert!(!report.own_network, "{report:?}");
    assert!(looks_at(&rehearsal, "site", "friche").await[0].obstacle.is_some(), "one answer proves the network");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_a_site_that_swallows_everything_is_given_up_after_its_time() {
    let rehearsal = prepared_small(4).await;
    // Connections are accepted by the system and never answered.
    let hole = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut inventory = rehearsal.accepted.inventory.as_ref().clone();
    let swallowing = inventory.sites.get_mut(&site("friche")).expect("a site");
    swallowing.reach = accolades::inventory::model::Reach::Direct;
    "127.0.0.1".clone_into(&mut swallowing.node.address);
    swallowing.node.api_port = hole.local_addr().expect("bound").port();
    let accepted = Accepted { number: rehearsal.accepted.number, inventory: Arc::new(inventory) };
    let request = SweepRequest { patience: Duration::from_millis(50), ..SweepRequest::default() };
    let report = sweep_on(&rehearsal.engine, &accepted, request).await;
    assert!(matches!(outcome(&report, "friche"), SiteOutcome::Silent { .. }), "{report:?}");
    assert!(!report.own_network, "one site says nothing about our network");
    assert!(looks_at(&rehearsal, "site", "friche").await[0].obstacle.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_that_is_stopped_begins_nothing_more() {
    let rehearsal = prepared_small(5).await;
    let (_sender, stop) = watch::channel(true);
    let (reports, _lines) = mpsc::unbounded_channel();
    let request = SweepRequest::default();
    let report = rehearsal.engine.sweep(&rehearsal.accepted, DAY, &request, &stop, &reports).await.expect("swept");
    assert!(report.stopped && !report.own_network);
    assert_eq!(outcome(&report, "friche"), &SiteOutcome::NotAsked);
    assert_eq!(looks_at(&rehearsal, "site", "friche").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_a_site_that_was_never_prepared_is_no_failure_of_its_network() {
    let rehearsal = Rehearsal::new(6).await;
    let report = sweep(&rehearsal).await;
    assert!(report.sites.iter().all(|one| one.outcome == SiteOutcome::NotPrepared), "{report:?}");
    assert!(!report.own_network);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_a_token_without_the_right_to_list_is_not_an_empty_storage() {
    let rehearsal = prepared_small(7).await;
    sweep(&rehearsal).await;
    assert_eq!(verdicts(&rehearsal).await[0].health.places[0].word, Word::Never);
    {
        let mut state = rehearsal.served.lab.lock();
        let access = &mut state.world.sites.get_mut("friche").expect("a site").pve.access;
        assert!(access.acl.remove("/storage/accolades-hdd").is_some(), "it was granted");
    }
    sweep(&rehearsal).await;
    let verdict = verdicts(&rehearsal).await.remove(0);
    let local = &verdict.health.places[0];
    assert!(local.findings.iter().any(|finding| finding.name == Kind::NoRightToList), "{verdict:#?}");
    assert!(!verdict.health.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_an_unplugged_backup_disk_is_a_failure() {
    let rehearsal = prepared_small(8).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let node = &mut state.world.sites.get_mut("friche").expect("a site").node;
        assert!(disks::unmount(node, BACKUP_DISK), "it was mounted");
    }
    sweep(&rehearsal).await;
    let verdict = verdicts(&rehearsal).await.remove(0);
    assert_eq!(verdict.instance, instance("ilot"));
    let local = &verdict.health.places[0];
    assert_eq!(local.word, Word::Failed, "{verdict:#?}");
    assert!(local.findings.iter().any(|finding| finding.name == Kind::StorageInactive), "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_a_marker_from_the_future_is_forgotten_once_the_guests_clock_is_right_again() {
    let rehearsal = Rehearsal::from(&drills::snapshot(27).await).await;
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    // The one on record is from another night: markers are read again.
    rehearsal.served.lab.lock().pass(21 * 3600 * 1_000_000);
    for (ahead, nonce) in [(hours(300 * 24), "1"), (hours(0), "2")] {
        let at = rehearsal.engine.clock.now().await.expect("the lab's clock") + ahead;
        let text = serde_json::json!({
            "version": 1, "at": at.to_string(), "nonce": nonce.repeat(32), "apps": {}, "system": {},
        });
        {
            let mut state = rehearsal.served.lab.lock();
            let vms = &mut state.world.sites.get_mut("friche").expect("a site").pve.vms;
            let guest = vms.get_mut(&drills::LIVE).and_then(|vm| vm.guest.as_mut()).expect("it is up");
            guest.files.write(marker::PATH, text.to_string());
        }
        sweep(&rehearsal).await;
        let verdict = verdicts(&rehearsal).await.remove(0);
        let is_told = verdict.health.all_findings().any(|finding| finding.name == Kind::MarkerFromTheFuture);
        assert_eq!(is_told, !ahead.is_zero(), "{verdict:#?}");
    }
}
