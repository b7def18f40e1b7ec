//! Runs and their journal.

use std::collections::BTreeSet;

use accolades::domain::runs::RunOutcome;
use accolades::store::{ActionState, JournalEntry, NewRun, Scope, Store, StoreError};
use serde_json::json;

use super::NOW_US;
use super::bench::Bench;

pub fn staff_run(id: &str) -> NewRun {
    NewRun { id: id.into(), plan_id: None, scope: Scope::Staff, by: "ana".into(), at_us: NOW_US }
}

pub fn entry(subject: &str, action_key: &str, state: &str) -> JournalEntry {
    let state = match state {
        "started" => ActionState::Started,
        "submitted" => ActionState::Submitted,
        "done" => ActionState::Done,
        "skipped" => ActionState::Skipped,
        "failed" => ActionState::Failed,
        other => panic!("no state `{other}`"),
    };
    let detail = json!({ "version": 1, "upid": "UPID:pve1:0001" });
    JournalEntry { subject: subject.into(), action_key: action_key.into(), state, detail, at_us: NOW_US }
}

pub async fn a_run_begins_and_ends_once(bench: &Bench) {
    let store = bench.store().await;
    store.start_run(&staff_run("r1")).await.unwrap();
    assert!(matches!(store.start_run(&staff_run("r1")).await, Err(StoreError::Conflict { .. })));
    store.start_run(&NewRun { at_us: NOW_US + 1, ..staff_run("r0") }).await.unwrap();
    let unknown_plan = NewRun { plan_id: Some("nowhere".into()), ..staff_run("r2") };
    assert!(matches!(store.start_run(&unknown_plan).await, Err(StoreError::Database { .. })));

    let summary = json!({ "version": 1, "done": 3 });
    // A word of another version of the program is kept as it is.
    let (other, failed) = (RunOutcome::Other("done".to_owned()), RunOutcome::Failed);
    store.finish_run("r1", &other, NOW_US + 5, &summary).await.unwrap();
    assert!(matches!(store.finish_run("r1", &failed, NOW_US + 6, &summary).await, Err(StoreError::Conflict { .. })));
    assert!(matches!(store.finish_run("r9", &failed, NOW_US, &summary).await, Err(StoreError::Conflict { .. })));
    let refused = store.journal("r1", &entry("s", "a", "done")).await.unwrap_err();
    assert!(refused.to_string().starts_with("run `r1` is not under way"), "{refused}");

    let unfinished = store.unfinished_runs(&Scope::Staff).await.unwrap();
    assert_eq!(unfinished.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["r0"]);
    let runs = store.runs(&Scope::Staff, 10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["r0", "r1"]);
    assert_eq!(runs[0].end, None);
    let end = runs[1].end.as_ref().unwrap();
    assert_eq!((&end.outcome, end.at_us, &end.summary), (&other, NOW_US + 5, &summary));
    assert_eq!(store.runs(&Scope::Staff, 1).await.unwrap().len(), 1);
}

pub async fn entries_are_numbered_without_a_gap(bench: &Bench) {
    let url = bench.url().await;
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    for run in ["r0", "r1"] {
        stores[0].start_run(&staff_run(run)).await.unwrap();
    }
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let run = format!("r{}", number / 2);
                    store.journal(&run, &entry("s", &format!("a{number}"), "done")).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut positions = BTreeSet::new();
    for run in ["r0", "r1"] {
        let records = stores[1].journal_of(&Scope::Staff, run).await.unwrap();
        assert!(records.iter().map(|record| record.sequence).eq(1..=20), "{run}");
        positions.extend(records.iter().map(|record| record.position));
    }
    assert!(positions.into_iter().eq(1..=40));
}

pub async fn open_actions_are_those_without_a_last_word(bench: &Bench) {
    let store = bench.store().await;
    store.start_run(&staff_run("r1")).await.unwrap();
    store.start_run(&staff_run("r2")).await.unwrap();
    for (run, action, state) in [
        ("r1", "create", "started"),
        ("r1", "create", "submitted"),
        ("r1", "create", "done"),
        ("r1", "resize", "started"),
        ("r1", "resize", "submitted"),
        ("r1", "install", "started"),
        ("r1", "relay", "started"),
        ("r1", "relay", "failed"),
        ("r1", "dns", "skipped"),
        ("r2", "install", "done"),
        ("r2", "create", "started"),
    ] {
        store.journal(run, &entry("instance/lilas", action, state)).await.unwrap();
    }
    store.journal("r1", &entry("instance/mairie", "create", "started")).await.unwrap();

    let open = store.open_actions(&Scope::Staff, "instance/lilas").await.unwrap();
    let open: Vec<_> = open
        .iter()
        .map(|record| (record.entry.action_key.as_str(), record.entry.state, record.run_id.as_str()))
        .collect();
    assert_eq!(open, [("resize", ActionState::Submitted, "r1"), ("create", ActionState::Started, "r2")]);

    let last = store.last_entry(&Scope::Staff, "instance/lilas", "install").await.unwrap().unwrap();
    assert_eq!((last.run_id.as_str(), last.sequence), ("r2", 1));
    assert_eq!(last.entry, entry("instance/lilas", "install", "done"));
    assert_eq!(store.last_entry(&Scope::Staff, "instance/lilas", "nothing").await.unwrap(), None);
}

pub async fn a_client_sees_its_own_runs_only(bench: &Bench) {
    let store = bench.store().await;
    let scope = |client: &str| Scope::Client(client.parse().unwrap());
    for client in ["lilas", "mairie"] {
        store.start_run(&NewRun { scope: scope(client), ..staff_run(client) }).await.unwrap();
        store.journal(client, &entry("instance/shared", client, "started")).await.unwrap();
    }
    store.start_run(&staff_run("all")).await.unwrap();

    assert_eq!(store.runs(&Scope::Staff, 9).await.unwrap().len(), 3);
    let seen = store.runs(&scope("lilas"), 9).await.unwrap();
    assert_eq!(seen.iter().map(|run| &run.scope).collect::<Vec<_>>(), [&scope("lilas")]);
    assert_eq!(store.unfinished_runs(&scope("lilas")).await.unwrap(), seen);
    assert_eq!(store.runs(&scope("staff"), 9).await.unwrap(), [], "a client called `staff` is no staff");

    assert_eq!(store.journal_of(&scope("lilas"), "mairie").await.unwrap(), []);
    assert_eq!(store.journal_of(&scope("mairie"), "mairie").await.unwrap().len(), 1);
    assert_eq!(store.last_entry(&scope("lilas"), "instance/shared", "mairie").await.unwrap(), None);
    assert_eq!(store.open_actions(&scope("lilas"), "instance/shared").await.unwrap().len(), 1);
    assert_eq!(store.open_actions(&Scope::Staff, "instance/shared").await.unwrap().len(), 2);
}
