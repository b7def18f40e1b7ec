//! Copies between stores.

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::domain::runs::RunOutcome;
use accolades::store::{NewRun, Scope, Store, StoreError, copy};
use secrecy::{ExposeSecret, SecretString};

use super::NOW_US;
use super::bench::{Bench, texts};
use super::inventory::{acceptance, plan, vm};
use super::runs::{entry, staff_run};
use super::{drills, looks, records, secrets};

/// Something in every table, with names that the engines' own rules would sort differently.
async fn fill(store: &Store, key_file: &std::path::Path) {
    store.accept_inventory(&acceptance(0, "a")).await.unwrap();
    store.accept_inventory(&acceptance(1, "b")).await.unwrap();
    store.reserve_vm_id(vm(1042), &"lilas".parse().unwrap(), NOW_US).await.unwrap();
    store.save_plan(&plan("p", Scope::Client("lilas".parse().unwrap()))).await.unwrap();
    for id in ["r-Z", "r-a", "r-é", "r-b"] {
        store.start_run(&NewRun { plan_id: Some("p".into()), ..staff_run(id) }).await.unwrap();
        store.journal(id, &entry("instance/lilas", "create", "started")).await.unwrap();
    }
    store.finish_run("r-a", &RunOutcome::Settled, NOW_US, &serde_json::json!({ "version": 1 })).await.unwrap();
    store.acquire_lease("instance/lilas", "one", NOW_US, NOW_US + 1).await.unwrap();
    store.observe(&records::observation(Scope::Staff, "lilas", "memory", 8)).await.unwrap();
    store.pin_host_key(&records::pin("ssh-ed25519 AAAA")).await.unwrap();
    store.record_departure(&records::departure("lilas", "ana")).await.unwrap();
    store
        .record_looks(&[looks::seen("lilas", "node", NOW_US, 1), looks::met("lilas", "other", NOW_US, "é")])
        .await
        .unwrap();
    store.record_marker(&looks::marker("n", NOW_US)).await.unwrap();
    let drill = drills::record("d", "lilas", Origin::Local, Verdict::Proven, None);
    store.keep_drill(&drill, &[("lilas".parse().unwrap(), drill.clone())]).await.unwrap();
    store.begin_restore(&drills::machine("m", 1999)).await.unwrap();
    super::billing::fill(store).await;
    super::jobs::fill(store).await;
    super::outbox::fill(store).await;
    super::portal::fill(store).await;
    let vault = secrets::open(store, key_file).await.unwrap();
    vault.put_secret("relay", &SecretString::from("canary"), NOW_US).await.unwrap();
}

pub async fn a_copy_is_equal(from: &Bench, to: &Bench) {
    let (source_url, target_url) = (from.url().await, to.url().await);
    let source = Store::open(&source_url).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    fill(&source, &key_file).await;

    let target = Store::open(&target_url).await.unwrap();
    let report = copy(&source, &target).await.unwrap();
    let mut copied: Vec<_> = report.tables.iter().map(|table| table.table.to_owned()).collect();
    copied.sort();
    assert_eq!(copied, tables_of(&source_url).await, "no table is forgotten");
    assert!(report.tables.iter().all(|table| table.rows > 0), "{report:#?}");

    assert_eq!(target.inventory_history().await.unwrap(), source.inventory_history().await.unwrap());
    assert_eq!(target.runs(&Scope::Staff, 9).await.unwrap(), source.runs(&Scope::Staff, 9).await.unwrap());
    let vault = secrets::open(&target, &key_file).await.unwrap();
    assert_eq!(vault.get_secret("relay").await.unwrap().unwrap().expose_secret(), "canary");

    // Life goes on in the copy: numbers continue where the original's stood.
    assert_eq!(target.journal("r-b", &entry("s", "next", "done")).await.unwrap(), 2);
    assert_eq!(target.journal_of(&Scope::Staff, "r-b").await.unwrap()[1].position, 5);

    // And back again.
    let back = from.store().await;
    let other = copy(&target, &back).await.unwrap();
    for (there, back) in report.tables.iter().zip(&other.tables) {
        let changed = ["counters", "journal"].contains(&there.table);
        assert_eq!(there == back, !changed, "{}", there.table);
    }
}

pub async fn a_copy_needs_an_empty_target(from: &Bench, to: &Bench) {
    let (source, target) = (from.store().await, to.store().await);
    source.start_run(&staff_run("r1")).await.unwrap();
    target.start_run(&staff_run("r2")).await.unwrap();
    let error = copy(&source, &target).await.unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty { table: "runs" }), "{error}");
    assert_eq!(target.runs(&Scope::Staff, 9).await.unwrap().len(), 1);
}

/// Every table of a store but the history of its tables.
async fn tables_of(url: &str) -> Vec<String> {
    let sql = if url.starts_with("postgres:") {
        "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = current_schema()"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    };
    let mut tables = texts(url, sql).await;
    tables.retain(|name| name != "schema_versions");
    tables.sort();
    tables
}
