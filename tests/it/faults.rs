//! The fault sweep: every step of an onboarding times everything that can go wrong at it. Whatever went wrong, the same
//! command again (or the one that was printed) leads to the same world as a run without faults: the digests are compared,
//! so nothing is doubled (a second app, account or disk is another world).
//!
//! A sample runs always; `ACCOLADES_SWEEP=all` runs every case, `ACCOLADES_SWEEP=NAME` one of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use accolades::engine::run::{Accepted, Applied};
use accolades::engine::{Engine, EngineError, Event};
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::net::shell::Outcome;
use accolades::lab::net::topology::Endpoint;
use accolades::lab::net::transcript::Entry;
use accolades::lab::world::keyed::Key;
use accolades::plan::desired::Subject;
use accolades::store::{Acquired, Scope, Store};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::rehearsal::{self, Rehearsal, Snapshot, small_files, small_instance};

/// `all`, or the name of one case.
const SWEEP_VARIABLE: &str = "ACCOLADES_SWEEP";

/// Another seed gives another sample (and another world).
const SEED_VARIABLE: &str = "ACCOLADES_SWEEP_SEED";

/// Cases of a sample.
const SAMPLE: usize = 12;

/// How often the command is given at most, the faulty run included.
const ATTEMPTS_MAX: u64 = 4;

/// A site that vanishes is away for so long.
const AWAY_SECONDS: u64 = 7200;

/// A guest that restarts is up again after so long.
const RESTART_SECONDS: u64 = 120;

/// Every unit is in the middle of its main work after so long.
const MIDDLE_SECONDS: u64 = 15;

/// A process id that no Linux gives.
const DEAD_PID: &str = "4194305";

/// What all cases share: the moment before the onboarding, and the world after one without faults.
struct Base {
    snapshot: Snapshot,
    entries: Vec<Entry>,
    digest: String,
    view: Value,
}

/// One thing that goes wrong at one step.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub step: String,
    pub fault: Fault,
}

pub fn seed() -> u64 {
    std::env::var(SEED_VARIABLE).map_or(1, |text| text.parse().expect("a number"))
}

async fn base(seed: u64) -> Base {
    let files = small_files();
    let prepared = Rehearsal::of(files.clone(), seed).await;
    prepared.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    prepared.publish_dns();
    let snapshot = prepared.snapshot(files).await;
    let faultless = Rehearsal::from(&snapshot).await;
    let report = faultless.apply(&[small_instance()]).await;
    assert!(
        report.values().all(|one| matches!(one, Applied::Settled { .. })),
        "{report:#?}\n{}",
        faultless.last_words(30)
    );
    let entries = faultless.served.lab.lock().transcript.entries().to_vec();
    let (digest, view) = world_after(&faultless);
    Base { snapshot, entries, digest, view }
}

/// The world once what goes on by itself has come to rest.
pub fn world_after(rehearsal: &Rehearsal) -> (String, Value) {
    const REST_US: u64 = 3_600_000_000;
    let mut state = rehearsal.served.lab.lock();
    state.pass(REST_US);
    (state.world.digest(), state.world.digest_view())
}

/// A world without the ids of restores: each restore draws its own, and writes it into the description of what it replaced.
pub fn without_ids(view: &Value) -> String {
    const BEFORE: &str = "accolades replaced ";
    let text = view.to_string();
    let mut parts = text.split(BEFORE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + BEFORE + part.trim_start_matches(|one: char| one.is_ascii_hexdigit()))
}

/// Every case of an onboarding: its steps are what it asked that changes something.
fn cases(entries: &[Entry]) -> Vec<Case> {
    let asked: Vec<(&str, String, bool)> = entries.iter().filter_map(asked).collect();
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
        cases.extend(kinds(text).into_iter().map(|(what, kind)| Case {
            name: format!("{:02}-{what}", known.len()),
            step: text.clone(),
            fault: fault(kind),
        }));
    }
    cases
}

/// Site, words that a fault is planned by, and whether it changes something.
fn asked(entry: &Entry) -> Option<(&str, String, bool)> {
    match entry {
        Entry::Request { site, method, path, .. } => Some((site, format!("{method} {path}"), method != "GET")),
        Entry::Command { site, machine, command_line, .. } => {
            // What only reads is a program by itself; what changes something is a script, a unit, or tidies up.
            let words = command_line.trim_start_matches("LC_ALL=C.UTF-8 ").trim_start_matches("sudo -n -- ");
            let program = words.split(' ').next();
            let changes = machine.starts_with("guest/") && matches!(program, Some("sh" | "systemd-run" | "rm"));
            Some((site, command_line.clone(), changes))
        }
        Entry::Program { .. } => None,
    }
}

pub fn kinds(step: &str) -> Vec<(&'static str, FaultKind)> {
    let status = |done| FaultKind::Status { code: 595, reason: "Connection refused".to_owned(), done };
    let mut kinds = vec![
        ("cut-before", FaultKind::CutBefore),
        ("lost-answer", FaultKind::LostAnswer),
        ("crash-before", FaultKind::CrashBefore),
        ("crash-after", FaultKind::CrashAfter),
        ("offline", FaultKind::Offline { seconds: AWAY_SECONDS }),
    ];
    if step.starts_with("POST /") || step.starts_with("PUT /") {
        kinds.extend([("595-not-done", status(false)), ("595-done", status(true))]);
        if let Some(task_type) = task_of(step) {
            let fails = |text: &str| FaultKind::TaskFails { task_type: task_type.to_owned(), text: text.to_owned() };
            kinds.push(("task-fails", fails("unable to create image: no space left on device")));
            kinds.push(("task-fails-passing", fails("can't lock file '/var/lock/qemu-server/lock' - got timeout")));
        }
    } else {
        kinds.extend([("locked", FaultKind::YunohostLocked { seconds: 60 }), ("reboot", FaultKind::Reboot)]);
        if step.contains("systemd-run") {
            kinds.push(("reboot-in-the-middle", FaultKind::RebootAfter { seconds: MIDDLE_SECONDS }));
        }
        if step.contains("systemd-run") && step.contains("installer") {
            kinds.push(("installer-fails", FaultKind::ProgramFails { program: "installer".to_owned() }));
        }
    }
    kinds
}

fn task_of(step: &str) -> Option<&'static str> {
    match step.rsplit('/').next()? {
        "qemu" => Some("qmcreate"),
        "resize" => Some("resize"),
        "start" => Some("qmstart"),
        _ => None,
    }
}

/// What came of giving the command once.
enum Attempt {
    Settled,
    Unsettled(String),
    Crashed,
}

/// Plans and applies, until the end or until the lab says that the client crashes now.
async fn attempt(engine: &Engine, accepted: &Accepted, crashes: &mut watch::Receiver<u64>) -> Attempt {
    let (engine, accepted) = (engine.clone(), accepted.clone());
    let mut work = tokio::spawn(async move {
        let plan = rehearsal::plan(&engine, &accepted, &[small_instance()]).await?;
        if plan.is_settled() { Ok(None) } else { engine.apply(&accepted, &plan).await.map(Some) }
    });
    let done = tokio::select! {
        changed = crashes.changed() => {
            changed.expect("the lab lives");
            work.abort();
            // Either it was cancelled or it had just ended: it does nothing more.
            let _ = work.await;
            return Attempt::Crashed;
        }
        done = &mut work => done.expect("the engine does not panic"),
    };
    match done {
        Ok(None) => Attempt::Settled,
        Ok(Some(report)) if report.values().all(|one| matches!(one, Applied::Settled { .. })) => Attempt::Settled,
        Ok(Some(report)) => Attempt::Unsettled(format!("{report:?}")),
        Err(error) => Attempt::Unsettled(error.to_string()),
    }
}

/// The process that crashed is this one, which lives on: its lease goes to one that does not.
pub async fn bury(store: &Store, lease: &str) {
    let asked = store.acquire_lease(lease, "nobody", i64::MIN, 0).await.expect("the store is readable");
    if let Acquired::HeldBy(held) = asked {
        let words: Vec<&str> = held.holder.split(':').collect();
        let dead = words.iter().enumerate().map(|(at, word)| if at == 1 { DEAD_PID } else { word });
        let dead = dead.collect::<Vec<_>>().join(":");
        store.take_over_lease(&held, &dead, held.until_us).await.expect("nobody else is there");
    }
}

/// How long it takes until the command can go on: by then it is given again. After a crash it is given at once.
pub fn pause_seconds(kind: &FaultKind) -> u64 {
    match kind {
        FaultKind::Offline { seconds } => *seconds,
        FaultKind::Reboot | FaultKind::RebootAfter { .. } => RESTART_SECONDS,
        _ => 0,
    }
}

/// Does what the program told the technician to do, when that was more than to give the same command again.
async fn follow(rehearsal: &Rehearsal, engine: &Engine, said: &str) {
    if said.contains("accolades apply --rebuild ilot") {
        let inventory = &rehearsal.accepted.inventory;
        let instance = &inventory.instances[&small_instance()];
        let subject = Subject::on(inventory, instance, rehearsal::DAY).expect("it has a place");
        engine.take_away(&subject).await.unwrap_or_else(|error| panic!("{error}"));
    }
    let removal = said.split('`').find(|part| part.starts_with("yunohost app remove "));
    if let Some(removal) = removal {
        let guest = Endpoint::GuestSsh { site: "friche".to_owned(), vmid: 1002 };
        let (ended, _) = rehearsal.served.lab.command(&guest, "root", removal, "");
        assert!(matches!(&ended, Outcome::Ended(output) if output.exit == 0), "{removal} failed");
    }
}

/// Runs a case; the error says what is not as it should be.
async fn run(base: &Base, case: &Case) -> Result<(), String> {
    let rehearsal = Rehearsal::from(&base.snapshot).await;
    let lab = &rehearsal.served.lab;
    lab.lock().faults.0.push(case.fault.clone());
    let mut crashes = lab.crashes();
    let mut engine = rehearsal.engine.clone();
    let mut story = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match attempt(&engine, &rehearsal.accepted, &mut crashes).await {
            Attempt::Settled => {
                story.push("settled".to_owned());
                break;
            }
            Attempt::Unsettled(why) => story.push(why),
            Attempt::Crashed => {
                bury(&engine.store, &format!("instance/{}", small_instance())).await;
                story.push("crashed".to_owned());
            }
        }
        lab.lock().pass(pause_seconds(&case.fault.kind) * 1_000_000);
        engine = rehearsal.another_engine(rehearsal.served.endpoints.seed + 1 + number).await.0;
        follow(&rehearsal, &engine, story.last().map_or("", String::as_str)).await;
    }
    let story = story.join("\n  then: ");
    if !story.ends_with("settled") {
        return Err(format!("it never settles: {story}\n{}", rehearsal.last_words(12)));
    }
    if !lab.lock().faults.0.is_empty() {
        return Err("the fault never happened".to_owned());
    }
    let (digest, view) = world_after(&rehearsal);
    if digest == base.digest {
        return Ok(());
    }
    Err(format!("another world: {story}\n{}", difference(&base.view, &view)))
}

/// The lines in which two worlds differ.
pub fn difference(expected: &Value, found: &Value) -> String {
    let (expected, found) = (format!("{expected:#}"), format!("{found:#}"));
    similar::TextDiff::from_lines(&expected, &found).unified_diff().context_radius(4).to_string()
}

pub fn chosen(cases: Vec<Case>, seed: u64) -> Vec<Case> {
    match std::env::var(SWEEP_VARIABLE) {
        Ok(all) if all == "all" => cases,
        Ok(one) => {
            let found: Vec<Case> = cases.into_iter().filter(|case| case.name == one).collect();
            assert!(!found.is_empty(), "no case is called {one}");
            found
        }
        Err(_) => {
            let mut cases = cases;
            cases.sort_by_key(|case| Key::new(seed, &["sweep", &case.name]).bytes());
            cases.truncate(SAMPLE);
            cases
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_any_step_lead_to_the_same_world() {
    let seed = seed();
    let base = Arc::new(base(seed).await);
    let all = cases(&base.entries);
    let total = all.len();
    let chosen = chosen(all, seed);
    println!("seed {seed}: {} of {total} cases", chosen.len());
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
                "case {} at {step}\n  {why}\n  again: {SEED_VARIABLE}={seed} {SWEEP_VARIABLE}={} cargo nextest run -E 'test(faults_at_any_step)'",
                case.name, case.name
            ));
        }
    }
    assert!(failures.is_empty(), "{} cases failed, seed {seed}\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_two_engines_on_one_store_never_work_on_the_same_instance() {
    let base = base(seed()).await;
    let mut rehearsal = Rehearsal::from(&base.snapshot).await;
    let (second, _events) = rehearsal.another_engine(99).await;
    let only = [small_instance()];
    let (first, accepted) = (rehearsal.engine.clone(), rehearsal.accepted.clone());
    let working = tokio::spawn(async move { rehearsal::apply(&first, &accepted, &[small_instance()]).await });
    while !matches!(rehearsal.events.recv().await.expect("the first one works"), Event::Begins { .. }) {}
    let refused = rehearsal::apply(&second, &rehearsal.accepted, &only).await.expect("the run is recorded");
    let Applied::Stopped { why, .. } = &refused[&only[0]] else { panic!("{refused:?}") };
    assert!(why.contains("is being worked on by"), "{why}");
    let worked: Result<_, EngineError> = working.await.expect("no panic");
    let report = worked.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(report[&only[0]], Applied::Settled { .. }), "{report:?}");
    assert!(second.store.open_actions(&Scope::Staff, "instance/ilot").await.expect("readable").is_empty());
    let (digest, view) = world_after(&rehearsal);
    assert!(digest == base.digest, "{}", difference(&base.view, &view));
}
