//! `kill -9` of the real binary in the middle of its work: the same command again goes on, and the world is the one of a
//! run that nobody killed.

use accolades::domain::runs::RunOutcome;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::world::keyed::Key;
use accolades::store::{Scope, Store};

use crate::rehearsal::RELAY_PASSWORD;
use crate::technician::{DISK_SERIAL, Technician, said};
use crate::worlds;

/// Another seed kills at other moments.
const SEED_VARIABLE: &str = "ACCOLADES_SWEEP_SEED";

const KILLS: u64 = 3;

/// How often a command is given at most after the last kill.
const RUNS_MAX: u64 = 3;

const PREPARE: [&str; 5] = ["site", "prepare", "friche", "--format", DISK_SERIAL];
const APPLY: [&str; 2] = ["apply", "ilot"];
const BACKUP: [&str; 3] = ["backup", "run", "ilot"];
const DRILL: [&str; 2] = ["drill", "ilot"];
const RESTORE: [&str; 4] = ["restore", "ilot", "--at", "now"];

/// Requests and commands that the lab has been asked so far.
fn asked(technician: &Technician) -> u64 {
    technician.served.lab.lock().transcript.entries().len() as u64
}

/// The world once what goes on by itself has come to rest.
fn digest(technician: &Technician) -> String {
    let mut state = technician.served.lab.lock();
    state.pass(3_600_000_000);
    state.world.digest()
}

async fn at_the_desk(seed: u64) -> Technician {
    let technician = Technician::new(seed).await;
    technician.must(&["inventory", "accept"], "").await;
    technician.must(&["secret", "set", "relay"], RELAY_PASSWORD).await;
    technician.prepare_server(&[]).await;
    technician
}

/// Gives a command and kills it when the lab is asked for something the `after`-th time. False when it ended before.
async fn kill_once(technician: &Technician, command: &[&str], typed: &str, after: u64, done: bool) -> bool {
    let lab = &technician.served.lab;
    let kind = if done { FaultKind::CrashAfter } else { FaultKind::CrashBefore };
    let after = u32::try_from(after).expect("a small number");
    // Every request and every command contains nothing.
    lab.lock().faults.0.push(Fault { site: None, on: String::new(), after, times: 1, kind });
    let mut crashes = lab.crashes();
    let mut child = technician.start(command, typed).await;
    let killed = tokio::select! {
        changed = crashes.changed() => { changed.expect("the lab lives"); true }
        _ = child.wait() => false,
    };
    if killed {
        child.kill().await.expect("it is killed");
    }
    lab.lock().faults.0.clear();
    killed
}

/// Gives the same command, killed at random moments, until it says that all is well.
async fn with_kills(technician: &Technician, command: &[&str], typed: &str, length: u64, seed: u64) {
    let mut killed = 0;
    for number in 0..KILLS {
        let place = Key::new(seed, &["kill", command[0], &number.to_string()]);
        // Kills lie in the first two thirds together, so that the last one finds something to kill.
        let after = place.number(0..=length * 2 / 9);
        let done = place.bytes()[31].is_multiple_of(2);
        println!("{command:?} is killed {} request {after}", if done { "after" } else { "before" });
        killed += u64::from(kill_once(technician, command, typed, after, done).await);
    }
    assert_eq!(killed, KILLS, "every kill found the program at work");
    let mut story = String::new();
    for _ in 0..RUNS_MAX {
        let end = said(technician.start(command, typed).await).await;
        story.push_str(&end.text);
        if end.status.success() {
            return;
        }
    }
    panic!("{command:?} never ends well:\n{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_the_binary_goes_on_with_the_same_command() {
    let seed = std::env::var(SEED_VARIABLE).map_or(1, |text| text.parse().expect("a number"));
    println!("seed {seed}; again: {SEED_VARIABLE}={seed} cargo nextest run -E 'test(killed_)'");
    let spared = at_the_desk(seed).await;
    spared.must(&PREPARE, "").await;
    let preparing = asked(&spared);
    spared.must(&APPLY, "").await;
    let applying = asked(&spared) - preparing;

    let technician = at_the_desk(seed).await;
    with_kills(&technician, &PREPARE, "", preparing, seed).await;
    with_kills(&technician, &APPLY, "", applying, seed).await;
    assert_eq!(digest(&technician), digest(&spared), "the same world as without kills");
    let store = Store::open(&technician.store()).await.expect("the store is whole");
    for subject in ["site/friche", "instance/ilot"] {
        let open = store.open_actions(&Scope::Staff, subject).await.expect("the journal is readable");
        assert!(open.is_empty(), "left open: {open:#?}");
    }
    let unfinished = store.unfinished_runs(&Scope::Staff).await.expect("readable");
    assert!(unfinished.is_empty(), "runs whose processes are dead have an end: {unfinished:#?}");
    let runs = store.runs(&Scope::Staff, u32::MAX).await.expect("readable");
    assert!(
        runs.iter().any(|run| run.end.as_ref().is_some_and(|end| end.outcome == RunOutcome::CutShort)),
        "{runs:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_drill_and_of_a_swap_the_same_command_goes_on() {
    let seed = std::env::var(SEED_VARIABLE).map_or(1, |text| text.parse().expect("a number"));
    println!("seed {seed}; again: {SEED_VARIABLE}={seed} cargo nextest run -E 'test(killed_in_the_middle)'");
    let mut worlds = Vec::new();
    let mut lengths = Vec::new();
    for kills in [false, true] {
        let technician = at_the_desk(seed).await;
        for command in [&PREPARE[..], &APPLY, &BACKUP] {
            technician.must(command, "").await;
        }
        let mut begun = asked(&technician);
        for (at, (command, typed)) in [(&DRILL[..], ""), (&RESTORE, "ilot\n")].into_iter().enumerate() {
            if kills {
                with_kills(&technician, command, typed, lengths[at], seed).await;
            } else {
                technician.must(command, typed).await;
                lengths.push(asked(&technician) - begun);
            }
            begun = asked(&technician);
            let machines: Vec<u32> =
                technician.served.lab.lock().world.sites["friche"].pve.vms.keys().copied().collect();
            assert_eq!(machines.len(), at + 1, "a machine of a drill is left: {machines:?}");
        }
        let store = Store::open(&technician.store()).await.expect("the store is whole");
        let open = store.open_actions(&Scope::Staff, "restored/ilot").await.expect("the journal is readable");
        assert!(open.is_empty(), "left open: {open:#?}");
        let inventory = std::fs::read_to_string(technician.path("inventory/instances/ilot.toml")).expect("a file");
        assert!(inventory.contains("vmid = 1999"), "{inventory}");
        worlds.push(worlds::without_ids(&technician.served.lab.lock().world.digest_view()));
    }
    assert!(worlds[0] == worlds[1], "the same world as without kills");
}

/// A killed backup goes on by itself on the node. What must not be: a machine that stays locked, a place without a good
/// backup, or two backups at once.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_backup_run_nothing_is_lost_and_nothing_stays_locked() {
    let seed = std::env::var(SEED_VARIABLE).map_or(1, |text| text.parse().expect("a number"));
    println!("seed {seed}; again: {SEED_VARIABLE}={seed} cargo nextest run -E 'test(killed_in_the_middle)'");
    let mut length = 0;
    for kills in [false, true] {
        let technician = at_the_desk(seed).await;
        technician.must(&PREPARE, "").await;
        technician.must(&APPLY, "").await;
        let begun = asked(&technician);
        if kills {
            with_kills(&technician, &BACKUP, "", length, seed).await;
        } else {
            technician.must(&BACKUP, "").await;
            length = asked(&technician) - begun;
        }
        {
            let state = technician.served.lab.lock();
            let site = &state.world.sites["friche"];
            assert!(!site.pve.vms[&1002].config.contains_key("lock"), "it stays locked");
        }
        technician.must(&["watch", "--once"], "").await;
        let listed = technician.must(&["backup", "list", "--json"], "").await;
        let listed: serde_json::Value = serde_json::from_str(listed.lines().next().expect("a line")).expect("JSON");
        let places = listed["instances"][0]["places"].as_array().expect("places").clone();
        for place in &places {
            let kept = place["kept"].as_u64().expect("a number");
            assert!((1..=KILLS + 1).contains(&kept), "{place}");
            assert_eq!(place["word"]["is"], "unproven", "{place}");
        }
        assert_eq!(places.len(), 2);
        let store = Store::open(&technician.store()).await.expect("the store is whole");
        let open = store.open_actions(&Scope::Staff, "instance/ilot").await.expect("the journal is readable");
        assert!(open.is_empty(), "left open: {open:#?}");
        let unfinished = store.unfinished_runs(&Scope::Staff).await.expect("readable");
        assert!(unfinished.is_empty(), "runs whose processes are dead have an end: {unfinished:#?}");
    }
}
