//! A backup at once against the lab: it takes its turn, and believes what lies on the storage afterwards.

use accolades::domain::backup::health::{Place, Word};
use accolades::domain::runs::RunOutcome;
use accolades::engine::backup::now::Saved;
use accolades::engine::lease::heavy_work;
use accolades::engine::run::Applied;
use accolades::engine::{EngineError, Event};
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::pve::state::Task;
use accolades::lab::world::Moment;
use accolades::plan::desired::Subject;
use accolades::store::Acquired;

use crate::rehearsal::{DAY, Rehearsal, small_files, small_instance};
use crate::sweep::{sweep, verdicts};

const MINUTE_US: i64 = 60_000_000;

/// An onboarded instance whose backups go to the disk in the house only.
async fn onboarded(seed: u64) -> Rehearsal {
    let mut files = small_files();
    let site = files.get_mut("sites/friche.toml").expect("the example has it");
    *site = site.lines().filter(|line| !line.starts_with("backup_server")).map(|line| format!("{line}\n")).collect();
    files.retain(|path, _| !path.starts_with("backup-servers/"));
    let rehearsal = Rehearsal::of(files, seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[]).await;
    let applied = &report[&small_instance()];
    assert!(matches!(applied, Applied::Settled { .. }), "{applied:?}\n{}", rehearsal.last_words(9));
    rehearsal
}

fn subject(rehearsal: &Rehearsal) -> Subject<'_> {
    let inventory = rehearsal.accepted.inventory.as_ref();
    Subject::on(inventory, &inventory.instances[&small_instance()], DAY).expect("it has a place")
}

async fn back_up(rehearsal: &Rehearsal) -> Result<Saved, EngineError> {
    rehearsal.engine.back_up(&subject(rehearsal), Place::Local).await
}

fn notes(rehearsal: &mut Rehearsal) -> Vec<String> {
    let mut notes = Vec::new();
    while let Ok(event) = rehearsal.events.try_recv() {
        if let Event::Note { text, .. } = event {
            notes.push(text);
        }
    }
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_run_saves_reads_back_and_is_seen_by_the_next_sweep() {
    let rehearsal = onboarded(21).await;
    let first = back_up(&rehearsal).await.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert!(first.size_bytes > 1 && first.complaint.is_none(), "{first:?}");
    let second = back_up(&rehearsal).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(second.id != first.id && second.at > first.at, "{first:?} {second:?}");

    sweep(&rehearsal).await;
    let verdict = verdicts(&rehearsal).await.remove(0);
    let local = &verdict.health.places[0];
    let last = local.last_good.as_ref().expect("a backup");
    assert_eq!((last.id.as_str(), last.at, local.kept), (second.id.as_str(), second.at, 2));
    assert_eq!(local.word, Word::Unproven, "nobody has restored it yet: {verdict:#?}");

    let runs = rehearsal.engine.store.runs(&accolades::store::Scope::Staff, 2).await.expect("the runs");
    assert!(runs.iter().all(|run| run.end.as_ref().is_some_and(|end| end.outcome == RunOutcome::Saved)), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_run_waits_for_its_turn_on_the_node() {
    let mut rehearsal = onboarded(22).await;
    let now_us = rehearsal.engine.now_us().await.expect("the lab's clock");
    let name = heavy_work(subject(&rehearsal).site);
    let holder = "elsewhere:1:drill";
    let held =
        rehearsal.engine.store.acquire_lease(&name, holder, now_us, now_us + 5 * MINUTE_US).await.expect("asked");
    assert!(matches!(held, Acquired::Lease(_)), "{held:?}");
    notes(&mut rehearsal);
    let saved = back_up(&rehearsal).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(saved.at.as_microsecond() >= now_us + 5 * MINUTE_US - MINUTE_US, "{saved:?}");
    assert!(notes(&mut rehearsal).iter().any(|note| note.contains("(process 1 on elsewhere)")));
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_run_does_not_wait_for_a_lock_that_nobody_holds() {
    let rehearsal = onboarded(23).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let pve = &mut state.world.sites.get_mut("friche").expect("a site").pve;
        pve.vms.get_mut(&1002).expect("the machine").config.insert("lock".to_owned(), "backup".to_owned());
    }
    let error = back_up(&rehearsal).await.expect_err("a person has to remove it");
    assert!(error.to_string().contains("qm unlock"), "{error}");
    sweep(&rehearsal).await;
    let verdict = verdicts(&rehearsal).await.remove(0);
    let names: Vec<&str> = verdict.health.all_findings().map(|finding| finding.name.name()).collect();
    assert!(names.contains(&"lock-left-behind"), "{names:?}");
}

/// Nobody is told to unlock a machine that is being saved: a task of several machines names none of them.
#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_a_lock_of_a_backup_of_several_machines_is_not_one_left_behind() {
    let rehearsal = onboarded(25).await;
    {
        let mut state = rehearsal.served.lab.lock();
        // So long ago that it is not among the tasks that a look reads first.
        let started = Moment(state.world.now.0 - 9 * 24 * 60 * MINUTE_US);
        let pve = &mut state.world.sites.get_mut("friche").expect("a site").pve;
        pve.vms.get_mut(&1002).expect("the machine").config.insert("lock".to_owned(), "backup".to_owned());
        pve.tasks.push(Task {
            upid: format!("UPID:pve2:00000001:00000002:{:08X}:vzdump::root@pam:", started.unix_seconds()),
            pid: 1,
            pstart: 2,
            kind: "vzdump".to_owned(),
            id: String::new(),
            owner: "root@pam".to_owned(),
            started,
            due: None,
            work: None,
            doom: None,
            log: Vec::new(),
            ended: None,
            exit: None,
        });
    }
    sweep(&rehearsal).await;
    let verdict = verdicts(&rehearsal).await.remove(0);
    let names: Vec<&str> = verdict.health.all_findings().map(|finding| finding.name.name()).collect();
    assert!(!names.contains(&"lock-left-behind"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_run_follows_what_a_killed_command_began_and_makes_no_second_one() {
    let rehearsal = onboarded(24).await;
    let fault = Fault {
        site: None,
        on: "GET /api2/json/nodes/pve2/tasks/UPID".to_owned(),
        after: 0,
        times: 1,
        kind: FaultKind::CrashBefore,
    };
    rehearsal.served.lab.lock().faults.0.push(fault);
    let mut crashes = rehearsal.served.lab.crashes();
    let (engine, accepted) = (rehearsal.engine.clone(), rehearsal.accepted.clone());
    let killed = tokio::spawn(async move {
        let instance = &accepted.inventory.instances[&small_instance()];
        let subject = Subject::on(&accepted.inventory, instance, DAY).expect("it has a place");
        engine.back_up(&subject, Place::Local).await.map(drop)
    });
    crashes.changed().await.expect("the lab lives");
    killed.abort();
    let _ = killed.await;
    crate::worlds::bury(&rehearsal.engine.store, "site/friche/heavy-work").await;

    let (engine, mut events) = rehearsal.another_engine(96).await;
    let saved = engine.back_up(&subject(&rehearsal), Place::Local).await;
    let saved = saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(format!("{event:?}"));
    }
    assert!(told.iter().any(|text| text.contains("an earlier command began")), "{told:#?}");
    assert!(saved.complaint.is_none(), "{saved:?}");
    let lines = rehearsal.served.lab.lock().transcript.lines();
    let asked = lines.lines().filter(|line| line.contains("POST") && line.contains("/nodes/pve2/vzdump"));
    assert_eq!(asked.count(), 1, "it was made a second time");
}
