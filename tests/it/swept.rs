//! What the fault sweeps have in common. The cases of a command: every step of it that changes something, times everything
//! that can go wrong there. After each the same command is given again until it has settled; then the world has to be that
//! of a run without faults.
//!
//! A sample runs always, chosen by `ACCOLADES_SWEEP_SEED`; `ACCOLADES_SWEEP=all` runs every case, `ACCOLADES_SWEEP=NAME`
//! one of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use accolades::engine::Engine;
use accolades::engine::run::Accepted;
use accolades::lab::net::State;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::net::transcript::Entry;
use accolades::lab::world::keyed::Key;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::rehearsal::{Rehearsal, Snapshot};
use crate::worlds::{bury, difference, without_ids, world_after};

/// `all`, or the name of one case.
const SWEEP_VARIABLE: &str = "ACCOLADES_SWEEP";

/// Another seed gives another sample (and another world).
const SEED_VARIABLE: &str = "ACCOLADES_SWEEP_SEED";

/// How often the command is given at most, the faulty run included.
const ATTEMPTS_MAX: u64 = 4;

/// A site that vanishes is away for so long.
const AWAY_SECONDS: u64 = 7200;

/// A guest that restarts is up again after so long.
const RESTART_SECONDS: u64 = 120;

/// Every unit is in the middle of its main work after so long.
const MIDDLE_SECONDS: u64 = 15;

/// A command that is swept.
pub trait Swept: Copy + Send + Sync + 'static {
    /// How the names of its cases begin.
    fn name(self) -> &'static str;

    /// What the name of its test contains.
    fn test(self) -> &'static str;

    /// Cases of a sample.
    fn sample(self) -> usize {
        8
    }

    /// The leases that a crash of ours leaves taken.
    fn leases(self) -> &'static [&'static str];

    /// Whether a command line changes something on a node, or in a guest. Requests do, unless they read.
    fn changes(self, at: At, command_line: &str) -> bool;

    /// What goes wrong at a step.
    fn kinds(self, step: &Step) -> Vec<(&'static str, FaultKind)> {
        kinds(step)
    }

    /// What is so from the beginning, besides the snapshot.
    fn set_scene(self, _state: &mut State) {}

    /// Gives the command once; the error says why it did not settle.
    fn perform(self, engine: Engine, accepted: Accepted) -> impl Future<Output = Result<(), String>> + Send;

    /// Does what the program told the technician to do, when that was more than to give the same command again.
    fn follow(self, _rehearsal: &Rehearsal, _engine: &Engine, _said: &str) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// What else has to be so at the end, whatever went wrong.
    fn check(self, _rehearsal: &Rehearsal, _engine: &Engine) -> impl Future<Output = Result<(), String>> + Send {
        async { Ok(()) }
    }
}

/// Where a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The API of a node or a backup server.
    Api,
    /// A node's shell.
    Node,
    /// A guest's shell.
    Guest,
}

/// A step that changes something.
#[derive(Debug, Clone)]
pub struct Step {
    /// The site, or the backup server.
    pub site: String,
    /// Where.
    pub at: At,
    /// What it is recognised by: method and path, or the command line.
    pub text: String,
}

/// What all cases share: the moment before the command, and the world after one without faults.
pub struct Base {
    pub snapshot: Snapshot,
    pub steps: Vec<Entry>,
    pub digest: String,
    pub view: Value,
}

/// One thing that goes wrong at one step.
#[derive(Debug, Clone)]
struct Case {
    name: String,
    step: String,
    fault: Fault,
}

/// What came of giving the command once.
enum Attempt {
    Settled,
    Unsettled(String),
    Crashed,
}

pub fn seed() -> u64 {
    std::env::var(SEED_VARIABLE).map_or(1, |text| text.parse().expect("a number"))
}

/// Gives the command without faults.
pub async fn base<S: Swept>(swept: S, snapshot: Snapshot) -> Base {
    let faultless = Rehearsal::from(&snapshot).await;
    swept.set_scene(&mut faultless.served.lab.lock());
    let done = swept.perform(faultless.engine.clone(), faultless.accepted.clone()).await;
    done.unwrap_or_else(|why| panic!("{}: {why}\n{}", swept.name(), faultless.last_words(30)));
    let steps = faultless.served.lab.lock().transcript.entries().to_vec();
    let (digest, view) = world_after(&faultless);
    Base { snapshot, steps, digest, view }
}

/// Everything that was asked, and whether it changes something.
fn asked<S: Swept>(swept: S, entry: &Entry) -> Option<(Step, bool)> {
    match entry {
        Entry::Request { site, method, path, .. } => {
            let step = Step { site: site.clone(), at: At::Api, text: format!("{method} {path}") };
            // A login changes nothing.
            Some((step, method != "GET" && !path.ends_with("/access/ticket")))
        }
        Entry::Command { site, machine, command_line, .. } => {
            let at = if machine.starts_with("guest/") { At::Guest } else { At::Node };
            let words = command_line.trim_start_matches("LC_ALL=C.UTF-8 ").trim_start_matches("sudo -n -- ");
            let changes = swept.changes(at, words);
            Some((Step { site: site.clone(), at, text: command_line.clone() }, changes))
        }
        Entry::Program { .. } => None,
    }
}

/// Every case: each step once, at the first time that it is taken.
fn cases<S: Swept>(swept: S, base: &Base) -> Vec<Case> {
    let asked: Vec<(Step, bool)> = base.steps.iter().filter_map(|entry| asked(swept, entry)).collect();
    let mut known = BTreeSet::new();
    let mut cases = Vec::new();
    for (at, (step, changes)) in asked.iter().enumerate() {
        if !changes || !known.insert((&step.site, &step.text)) {
            continue;
        }
        let is_alike = |earlier: &Step| earlier.site == step.site && earlier.text.contains(step.text.as_str());
        let after = asked[..at].iter().filter(|(earlier, _)| is_alike(earlier)).count();
        let fault = |kind| Fault {
            site: Some(step.site.clone()),
            on: step.text.clone(),
            after: u32::try_from(after).expect("few"),
            times: 1,
            kind,
        };
        cases.extend(swept.kinds(step).into_iter().map(|(what, kind)| Case {
            name: format!("{}-{:02}-{what}", swept.name(), known.len()),
            step: step.text.clone(),
            fault: fault(kind),
        }));
    }
    cases
}

/// Everything that can go wrong at a step.
pub fn kinds(step: &Step) -> Vec<(&'static str, FaultKind)> {
    let text = step.text.as_str();
    let status = |done| FaultKind::Status { code: 595, reason: "Connection refused".to_owned(), done };
    let mut kinds = vec![
        ("cut-before", FaultKind::CutBefore),
        ("lost-answer", FaultKind::LostAnswer),
        ("crash-before", FaultKind::CrashBefore),
        ("crash-after", FaultKind::CrashAfter),
        ("offline", FaultKind::Offline { seconds: AWAY_SECONDS }),
    ];
    if step.at == At::Api && !text.starts_with("DELETE ") {
        kinds.extend([("595-not-done", status(false)), ("595-done", status(true))]);
        if let Some(task_type) = task_of(text) {
            let fails = |text: &str| FaultKind::TaskFails { task_type: task_type.to_owned(), text: text.to_owned() };
            kinds.push(("task-fails", fails("unable to create image: no space left on device")));
            kinds.push(("task-fails-passing", fails("can't lock file '/var/lock/qemu-server/lock' - got timeout")));
        }
    }
    if step.at == At::Guest {
        kinds.extend([("locked", FaultKind::YunohostLocked { seconds: 60 }), ("reboot", FaultKind::Reboot)]);
        if text.contains("systemd-run") {
            kinds.push(("reboot-in-the-middle", FaultKind::RebootAfter { seconds: MIDDLE_SECONDS }));
        }
        if text.contains("systemd-run") && text.contains("installer") {
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
        "vzdump" => Some("vzdump"),
        "download-url" => Some("download"),
        _ => None,
    }
}

/// Gives the command, until its end or until the lab says that the client crashes now.
async fn attempt<S: Swept>(
    swept: S,
    engine: &Engine,
    accepted: &Accepted,
    crashes: &mut watch::Receiver<u64>,
) -> Attempt {
    let mut work = tokio::spawn(swept.perform(engine.clone(), accepted.clone()));
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
        Ok(()) => Attempt::Settled,
        Err(why) => Attempt::Unsettled(why),
    }
}

/// How long it takes until the command can go on: by then it is given again. After a crash it is given at once.
fn pause_seconds(kind: &FaultKind) -> u64 {
    match kind {
        FaultKind::Offline { seconds } => *seconds,
        FaultKind::Reboot | FaultKind::RebootAfter { .. } => RESTART_SECONDS,
        _ => 0,
    }
}

/// Runs a case; the error says what is not as it should be.
async fn run<S: Swept>(swept: S, base: &Base, case: &Case) -> Result<(), String> {
    let rehearsal = Rehearsal::from(&base.snapshot).await;
    let lab = &rehearsal.served.lab;
    {
        let mut state = lab.lock();
        swept.set_scene(&mut state);
        state.faults.0.push(case.fault.clone());
    }
    let mut crashes = lab.crashes();
    let mut engine = rehearsal.engine.clone();
    let mut story = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match attempt(swept, &engine, &rehearsal.accepted, &mut crashes).await {
            Attempt::Settled => {
                story.push("settled".to_owned());
                break;
            }
            Attempt::Unsettled(why) => story.push(why),
            Attempt::Crashed => {
                for lease in swept.leases() {
                    bury(&engine.store, lease).await;
                }
                story.push("crashed".to_owned());
            }
        }
        lab.lock().pass(pause_seconds(&case.fault.kind) * 1_000_000);
        engine = rehearsal.another_engine(rehearsal.served.endpoints.seed + 1 + number).await.0;
        swept.follow(&rehearsal, &engine, story.last().map_or("", String::as_str)).await;
    }
    let story = story.join("\n  then: ");
    if !story.ends_with("settled") {
        return Err(format!("it never settles: {story}\n{}", rehearsal.last_words(12)));
    }
    if !lab.lock().faults.0.is_empty() {
        return Err("the fault never happened".to_owned());
    }
    swept.check(&rehearsal, &engine).await.map_err(|why| format!("{why}: {story}"))?;
    let (digest, view) = world_after(&rehearsal);
    if digest == base.digest || without_ids(&view) == without_ids(&base.view) {
        return Ok(());
    }
    Err(format!("another world: {story}\n{}", difference(&base.view, &view)))
}

fn chosen(mut cases: Vec<Case>, seed: u64, sample: usize) -> Vec<Case> {
    match std::env::var(SWEEP_VARIABLE) {
        Ok(all) if all == "all" => {}
        Ok(one) => {
            cases.retain(|case| case.name == one);
            assert!(!cases.is_empty(), "no case is called {one}");
        }
        Err(_) => {
            cases.sort_by_key(|case| Key::new(seed, &["sweep", &case.name]).bytes());
            cases.truncate(sample);
        }
    }
    cases
}

/// Runs the cases of a command side by side and tells of each; what failed is told with how to run it again.
pub async fn sweep<S: Swept>(swept: S, base: Base) {
    let (seed, base) = (seed(), Arc::new(base));
    let all = cases(swept, &base);
    let total = all.len();
    let chosen = chosen(all, seed, swept.sample());
    println!("seed {seed}: {} of {total} cases of `{}`", chosen.len(), swept.name());
    let slots = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));
    let mut running = JoinSet::new();
    for case in chosen {
        let (base, slots) = (base.clone(), slots.clone());
        running.spawn(async move {
            let _slot = slots.acquire().await.expect("it stays open");
            (run(swept, &base, &case).await, case)
        });
    }
    let mut failures = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (outcome, case) = ended.expect("a case does not panic");
        let step: String = case.step.chars().take(160).collect();
        println!("{} {} at {step}", if outcome.is_ok() { "ok  " } else { "FAIL" }, case.name);
        if let Err(why) = outcome {
            failures.push(format!(
                "case {} at {step}\n  {why}\n  again: {SEED_VARIABLE}={seed} {SWEEP_VARIABLE}={} cargo nextest run -E 'test({})'",
                case.name,
                case.name,
                swept.test()
            ));
        }
    }
    assert!(failures.is_empty(), "{} cases failed, seed {seed}\n\n{}", failures.len(), failures.join("\n\n"));
}
