//! Two processes of the real binary share the jobs of one PostgreSQL, and one of them is killed in the middle of its work:
//! no job is lost, none is done twice.

use std::collections::BTreeMap;

use accolades::domain::jobs::Outcome;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::net::transcript::Entry;
use accolades::store::{JobAttempt, Store};
use accolades::util::clock::Clock;
use accolades::util::limits;
use tokio::process::Child;

use crate::rehearsal::RELAY_PASSWORD;
use crate::store::bench::Bench;
use crate::technician::{DISK_SERIAL, Technician};

const SEED: u64 = 11;

/// How many looks at the store something may take: far more than it ever does.
const LOOKS_MAX: u32 = 3000;

/// Between two looks.
const LOOK: std::time::Duration = std::time::Duration::from_millis(40);

/// Moments that pass after the kill.
const MOMENTS: usize = 3;

/// Waits until the store says so.
async fn until<T>(store: &Store, what: &str, found: impl Fn(&[JobAttempt]) -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        let attempts = store.job_attempts(1000).await.expect("the store reads");
        if let Some(found) = found(&attempts) {
            return found;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("{what}: not within its time: {:#?}", store.job_attempts(1000).await)
}

fn sweeps(attempts: &[JobAttempt]) -> impl Iterator<Item = &JobAttempt> {
    attempts.iter().filter(|one| one.job.kind == "sweep")
}

fn is_of(attempt: &JobAttempt, child: &Child) -> bool {
    let pid = child.id().expect("it runs").to_string();
    attempt.holder.split(':').nth(1) == Some(pid.as_str())
}

fn outcome(attempt: &JobAttempt) -> Option<Outcome> {
    attempt.end.as_ref().map(|end| end.outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_killed_process_are_done_by_the_other_one_and_none_twice() {
    let bench = Bench::postgres();
    let technician = Technician::new(SEED).await;
    let url = bench.url().await;
    let at = ["--store", &url, "--key-file", "secrets.key"];
    technician.must(&[&["inventory", "accept"], at.as_slice()].concat(), "").await;
    technician.must(&[&["secret", "set", "relay"], at.as_slice()].concat(), RELAY_PASSWORD).await;
    technician.must(&[&["site", "prepare", "friche", "--format", DISK_SERIAL], at.as_slice()].concat(), "").await;
    let store = Store::open(&url).await.expect("a store");

    // The first sweep meets a node that never answers; whoever does it is killed there.
    let lab = technician.served.lab.clone();
    let silence = Fault { site: None, on: String::new(), after: 0, times: 1, kind: FaultKind::CrashBefore };
    lab.lock().faults.0.push(silence);
    let mut crashes = lab.crashes();
    let run = [&["jobs", "run"], at.as_slice()].concat();
    let (one, two) = (technician.start(&run, "").await, technician.start(&run, "").await);
    crashes.changed().await.expect("the lab lives");
    let worker =
        until(&store, "somebody sweeps", |attempts| sweeps(attempts).find(|one| one.end.is_none()).cloned()).await;
    let (mut victim, survivor) = if is_of(&worker, &one) { (one, two) } else { (two, one) };
    assert!(is_of(&worker, &victim), "{worker:?}");
    victim.kill().await.expect("it is killed");

    let again = until(&store, "the other one takes it up", |attempts| {
        sweeps(attempts).find(|one| one.job == worker.job && outcome(one) == Some(Outcome::Done)).cloned()
    })
    .await;
    assert_eq!(again.attempt, worker.attempt + 1);
    assert!(is_of(&again, &survivor) && again.fence > worker.fence, "{again:?}");

    // A third process comes; moments pass. Each is done once, by whom is nobody's business.
    let third = technician.start(&run, "").await;
    let clock = Clock::lab(&technician.served.endpoints.clock);
    for moment in 1..=MOMENTS {
        clock.sleep(limits::SWEEP_INTERVAL).await.expect("time passes");
        until(&store, "the next sweep", |attempts| {
            (sweeps(attempts).filter(|one| outcome(one) == Some(Outcome::Done)).count() > moment).then_some(())
        })
        .await;
    }
    // Asked to stop, they end by themselves and leave nothing open.
    for child in [&survivor, &third] {
        let pid = child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("it is sent").success());
    }
    for mut child in [survivor, third] {
        let ended = tokio::time::timeout(limits::JOB_STOP_PATIENCE, child.wait()).await.expect("in time");
        assert!(ended.expect("it ends").success());
    }

    let attempts = store.job_attempts(1000).await.expect("the store reads");
    let mut ends: BTreeMap<_, Vec<Outcome>> = BTreeMap::new();
    for attempt in &attempts {
        let end = outcome(attempt).unwrap_or_else(|| panic!("left open: {attempt:?}"));
        ends.entry(&attempt.job).or_default().push(end);
    }
    for (job, ends) in &ends {
        let done = ends.iter().filter(|end| **end == Outcome::Done).count();
        assert_eq!(done, 1, "{job:?}: {ends:?}");
    }
    assert!(
        attempts.iter().any(|one| one.job.kind == "letters"),
        "the letters of the morning leave by themselves, too"
    );
    let compared = attempts.iter().find(|one| one.job.kind == "compare" && outcome(one) == Some(Outcome::Done));
    let words = compared.and_then(|one| one.end.as_ref()).map(|end| end.words.clone()).unwrap_or_default();
    assert!(words.contains("are as the inventory says"), "machines are compared each morning: {words:?}");
    let cut: Vec<_> = attempts.iter().filter(|one| outcome(one) == Some(Outcome::CutShort)).collect();
    let process = accolades::util::process::in_words;
    assert!(
        cut.iter().all(|one| process(&one.holder) == process(&worker.holder)),
        "only what the killed process was at: {cut:#?}"
    );
    assert!(cut.iter().any(|one| one.job == worker.job), "{cut:#?}");

    // What the records say is what the node saw: so many rounds of looks as sweeps, that of the killed one included.
    let rounds = lab.lock().transcript.entries().iter().filter(|entry| is_first_question(entry)).count();
    assert_eq!(rounds, sweeps(&attempts).count());
}

/// A sweep begins with a node by asking it for the time.
fn is_first_question(entry: &Entry) -> bool {
    matches!(entry, Entry::Request { method, path, .. } if method == "GET" && path.ends_with("/time"))
}
