//! `kill -9` of a process that writes the journal: this test binary, run again as that process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use accolades::store::{Scope, Store};

use super::bench::Bench;
use super::runs::{entry, staff_run};

/// Set in the process that is to be killed: the store to write to.
const URL_VARIABLE: &str = "ACCOLADES_TEST_JOURNAL_URL";

/// Confirmed entries after which the process is killed.
const ENTRIES_BEFORE_KILL: usize = 50;

const CONFIRMED: &str = "confirmed ";

pub async fn confirmed_entries_survive_a_killed_process(bench: &Bench) {
    let url = bench.url().await;
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::kill::store_journal_writer", "--nocapture"])
        .env(URL_VARIABLE, &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
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

/// Writes entries until it is killed; nothing when it is run as an ordinary test.
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
