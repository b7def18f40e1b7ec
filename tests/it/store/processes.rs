//! Several processes on one store: this test binary, run again as one of them. They are tests that do nothing unless the
//! environment names a store.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use accolades::store::{Acquired, Scope, Store};

use super::NOW_US;
use super::bench::Bench;
use super::runs::{entry, staff_run};

/// The store that the process works on.
const URL_VARIABLE: &str = "ACCOLADES_TEST_STORE_URL";

/// The file that the process counts in.
const COUNT_VARIABLE: &str = "ACCOLADES_TEST_COUNT_FILE";

/// How often each process takes the lease.
const TURNS: u32 = 25;

/// Confirmed entries after which the process is killed.
const ENTRIES_BEFORE_KILL: usize = 50;

const CONFIRMED: &str = "confirmed ";

fn process(name: &str, url: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("store::processes::{name}"), "--nocapture"]).env(URL_VARIABLE, url);
    command
}

pub async fn confirmed_entries_survive_a_killed_process(bench: &Bench) {
    let url = bench.url().await;
    let mut writer = process("store_journal_writer", &url).stdout(Stdio::piped()).spawn().unwrap();
    let mut confirmed = BufReader::new(writer.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix(CONFIRMED).map(|number| number.parse::<i64>().unwrap()));
    let seen = confirmed.nth(ENTRIES_BEFORE_KILL);
    writer.kill().unwrap();
    writer.wait().unwrap();
    seen.expect("the process writes until it is killed");
    // What it confirmed between our last look and its death counts too.
    let last = confirmed.last().or(seen).unwrap();

    let store = Store::open(&url).await.unwrap();
    let records = store.journal_of(&Scope::Staff, "killed").await.unwrap();
    assert!(records.iter().map(|record| record.sequence).eq(1..=records.len() as i64));
    assert!(records.len() as i64 >= last, "{} entries, {last} confirmed", records.len());
    assert_eq!(store.unfinished_runs(&Scope::Staff).await.unwrap()[0].id, "killed");
    store.journal("killed", &entry("s", "next", "started")).await.unwrap();
}

/// Writes entries until it is killed.
#[tokio::test]
async fn store_journal_writer() {
    let Ok(url) = std::env::var(URL_VARIABLE) else { return };
    let store = Store::open(&url).await.unwrap();
    store.start_run(&staff_run("killed")).await.unwrap();
    // Bounded, in case the parent dies first.
    for number in 0..1_000_000 {
        let sequence = store.journal("killed", &entry("s", &format!("a{number}"), "started")).await.unwrap();
        println!("{CONFIRMED}{sequence}");
    }
}

pub async fn two_processes_never_hold_the_same_lease(bench: &Bench) {
    let url = bench.url().await;
    Store::open(&url).await.unwrap().close().await;
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    fs::write(&count, "0").unwrap();
    let contenders: Vec<_> = (0..2)
        .map(|_| {
            let mut contender = process("store_lease_contender", &url);
            contender.env(COUNT_VARIABLE, &count).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut contender in contenders {
        assert!(contender.wait().unwrap().success());
    }
    // Counting is reading, then writing: any overlap of the two processes loses a turn.
    assert_eq!(fs::read_to_string(&count).unwrap(), (2 * TURNS).to_string());
    let store = Store::open(&url).await.unwrap();
    let next = store.acquire_lease("count", "the next", NOW_US, NOW_US + 1).await.unwrap();
    assert!(
        matches!(next, Acquired::Lease(lease) if lease.fence == i64::from(2 * TURNS) + 1),
        "every turn was a new one"
    );
}

/// Takes the lease, counts, gives the lease back.
#[tokio::test]
async fn store_lease_contender() {
    let (Ok(url), Ok(count)) = (std::env::var(URL_VARIABLE), std::env::var(COUNT_VARIABLE)) else { return };
    let store = Store::open(&url).await.unwrap();
    let holder = format!("process {}", std::process::id());
    let mut turns = 0;
    while turns < TURNS {
        let asked = store.acquire_lease("count", &holder, NOW_US, NOW_US + 1).await.unwrap();
        if let Acquired::Lease(lease) = asked {
            add_one(Path::new(&count));
            store.release_lease(&lease).await.unwrap();
            turns += 1;
        }
    }
}

fn add_one(count: &Path) {
    let before: u32 = fs::read_to_string(count).unwrap().parse().unwrap();
    std::thread::yield_now();
    fs::write(count, (before + 1).to_string()).unwrap();
}
