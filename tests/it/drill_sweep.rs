//! The fault sweep over a drill, and over a restore with its swap: every step times everything that can go wrong at it.
//! Whatever went wrong, the same command again leads to the same world as a run without faults: no machine of a drill is
//! left, the client's machine is the one that it was (or the restored one, once), no backup is lost.
//!
//! A sample runs always; `ACCOLADES_SWEEP=all` runs every case, `ACCOLADES_SWEEP=NAME` one of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::engine::Engine;
use accolades::engine::drill::DrillOrder;
use accolades::engine::restore::RestoreOrder;
use accolades::engine::run::Accepted;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::net::transcript::Entry;
use accolades::store::{RestoreState, Scope};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::drills::{FIRST, LIVE, snapshot, subject, vms};
use crate::faults::{self, Case};
use crate::rehearsal::{Rehearsal, Snapshot};

/// How often the command is given at most, the faulty run included.
const ATTEMPTS_MAX: u64 = 4;

/// Cases of a sample of each operation.
const SAMPLE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Drill,
    Restore,
}

struct Base {
    operation: Operation,
    snapshot: Snapshot,
    entries: Vec<Entry>,
    digest: String,
    view: Value,
}

enum Attempt {
    Settled,
    Unsettled(String),
    Crashed,
}

/// Does it once, the way the command does.
async fn perform(operation: Operation, engine: &Engine, accepted: &Accepted) -> Result<(), String> {
    let subject = subject(&accepted.inventory);
    match operation {
        Operation::Drill => {
            let order = DrillOrder { from: Origin::Local, backup: None, on: None };
            let kept = engine.drill(&subject, &order).await.map_err(|error| error.to_string())?;
            match kept.record.verdict {
                Verdict::Proven => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
        Operation::Restore => {
            let now_us = engine.now_us().await.map_err(|error| error.to_string())?;
            let order = RestoreOrder { from: Origin::Local, not_after_us: now_us, elsewhere: None };
            let row = engine.restore_aside(&subject, &order).await.map_err(|error| error.to_string())?;
            if row.state == RestoreState::Swapped {
                return Ok(());
            }
            engine.swap(&subject).await.map(drop).map_err(|error| error.to_string())
        }
    }
}

async fn attempt(
    operation: Operation,
    engine: &Engine,
    accepted: &Accepted,
    crashes: &mut watch::Receiver<u64>,
) -> Attempt {
    let (engine, accepted) = (engine.clone(), accepted.clone());
    let mut work = tokio::spawn(async move { perform(operation, &engine, &accepted).await });
    let done = tokio::select! {
        changed = crashes.changed() => {
            changed.expect("the lab lives");
            work.abort();
            let _ = work.await;
            return Attempt::Crashed;
        }
        done = &mut work => done.expect("the engine does not panic"),
    };
    match done {
        Ok(()) => Attempt::Settled,
        Err(why) => Attempt::Unsettled(why),
    }
}

async fn base(operation: Operation, seed: u64) -> Base {
    let snapshot = snapshot(seed).await;
    let faultless = Rehearsal::from(&snapshot).await;
    let done = perform(operation, &faultless.engine, &faultless.accepted).await;
    done.unwrap_or_else(|why| panic!("{operation:?}: {why}\n{}", faultless.last_words(30)));
    let entries = faultless.served.lab.lock().transcript.entries().to_vec();
    let (digest, view) = faults::world_after(&faultless);
    Base { operation, snapshot, entries, digest, view }
}

/// Site, words that a fault is planned by, and whether it changes something.
fn asked(entry: &Entry) -> Option<(&str, String, bool)> {
    match entry {
        Entry::Request { site, method, path, .. } => Some((site, format!("{method} {path}"), method != "GET")),
        Entry::Command { site, command_line, .. } => {
            Some((site, command_line.clone(), command_line.contains("pvesh set")))
        }
        Entry::Program { .. } => None,
    }
}

fn cases(base: &Base) -> Vec<Case> {
    let asked: Vec<(&str, String, bool)> = base.entries.iter().filter_map(asked).collect();
    let mut known = BTreeSet::new();
    let mut cases = Vec::new();
    for (at, (site, text, changes)) in asked.iter().enumerate() {
        if !changes || !known.insert(text) {
            continue;
        }
        let after = asked[..at].iter().filter(|(_, earlier, _)| earlier.contains(text.as_str())).count();
        let fault = |kind| Fault {
            site: Some((*site).to_owned()),
            on: text.clone(),
            after: u32::try_from(after).expect("few"),
            times: 1,
            kind,
        };
        let operation = format!("{:?}", base.operation).to_lowercase();
        let kinds = faults::kinds(text).into_iter().filter(|(what, _)| !["locked", "reboot"].contains(what));
        let kinds = kinds.map(|(what, kind)| (what, as_restore(text, kind)));
        cases.extend(kinds.map(|(what, kind)| Case {
            name: format!("{operation}-{:02}-{what}", known.len()),
            step: text.clone(),
            fault: fault(kind),
        }));
    }
    cases
}

/// Here a request for a machine is one for a restore.
fn as_restore(step: &str, kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::TaskFails { text, .. } if step.ends_with("/qemu") => {
            FaultKind::TaskFails { task_type: "qmrestore".to_owned(), text }
        }
        other => other,
    }
}

async fn run(base: &Base, case: &Case) -> Result<(), String> {
    let rehearsal = Rehearsal::from(&base.snapshot).await;
    let lab = &rehearsal.served.lab;
    lab.lock().faults.0.push(case.fault.clone());
    let mut crashes = lab.crashes();
    let mut engine = rehearsal.engine.clone();
    let mut story = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match attempt(base.operation, &engine, &rehearsal.accepted, &mut crashes).await {
            Attempt::Settled => {
                story.push("settled".to_owned());
                break;
            }
            Attempt::Unsettled(why) => story.push(why),
            Attempt::Crashed => {
                faults::bury(&engine.store, "site/friche/heavy-work").await;
                faults::bury(&engine.store, "instance/ilot").await;
                story.push("crashed".to_owned());
            }
        }
        lab.lock().pass(faults::pause_seconds(&case.fault.kind) * 1_000_000);
        engine = rehearsal.another_engine(rehearsal.served.endpoints.seed + 1 + number).await.0;
    }
    let story = story.join("\n  then: ");
    if !story.ends_with("settled") {
        return Err(format!("it never settles: {story}\n{}", rehearsal.last_words(12)));
    }
    if !lab.lock().faults.0.is_empty() {
        return Err("the fault never happened".to_owned());
    }
    let there: Vec<u32> = vms(&rehearsal).keys().copied().collect();
    let (expected, open) = match base.operation {
        Operation::Drill => (vec![LIVE], 0),
        Operation::Restore => (vec![LIVE, FIRST], 1),
    };
    let left = engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
    if there != expected || left.len() != open {
        return Err(format!("machines {there:?}, on record without an end: {left:?}: {story}"));
    }
    let (digest, view) = faults::world_after(&rehearsal);
    if digest == base.digest || faults::without_ids(&view) == faults::without_ids(&base.view) {
        return Ok(());
    }
    Err(format!("another world: {story}\n{}", faults::difference(&base.view, &view)))
}

async fn sweep(operation: Operation) {
    let seed = faults::seed();
    let base = Arc::new(base(operation, seed).await);
    let all = cases(&base);
    let total = all.len();
    let mut chosen = faults::chosen(all, seed);
    if std::env::var("ACCOLADES_SWEEP").is_err() {
        chosen.truncate(SAMPLE);
    }
    println!("seed {seed}: {} of {total} cases of {operation:?}", chosen.len());
    let slots = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));
    let mut running = JoinSet::new();
    for case in chosen {
        let (base, slots) = (base.clone(), slots.clone());
        running.spawn(async move {
            let _slot = slots.acquire().await.expect("it stays open");
            (run(&base, &case).await, case)
        });
    }
    let mut failures = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (outcome, case) = ended.expect("a case does not panic");
        let step: String = case.step.chars().take(160).collect();
        println!("{} {} at {step}", if outcome.is_ok() { "ok  " } else { "FAIL" }, case.name);
        if let Err(why) = outcome {
            failures.push(format!(
                "case {} at {step}\n  {why}\n  again: ACCOLADES_SWEEP_SEED={seed} ACCOLADES_SWEEP={} cargo nextest run -E 'test(drill_sweep)'",
                case.name, case.name
            ));
        }
    }
    assert!(failures.is_empty(), "{} cases failed, seed {seed}\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_sweep_faults_at_any_step_of_a_drill_leave_nothing_and_lose_nothing() {
    sweep(Operation::Drill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_sweep_faults_at_any_step_of_a_restore_and_its_swap_lead_to_the_same_world() {
    sweep(Operation::Restore).await;
}
