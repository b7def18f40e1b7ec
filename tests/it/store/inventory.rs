//! Accepted inventories, VM ids and plans: what is append-only.

use std::collections::BTreeMap;

use accolades::domain::ids::VmId;
use accolades::store::{NewInventoryVersion, PlanRecord, Scope, Store, StoreError};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, execute};
use super::runs::{entry, staff_run};

pub fn vm(number: u32) -> VmId {
    VmId(number)
}

pub fn acceptance(follows: i64, content_hash: &str) -> NewInventoryVersion {
    NewInventoryVersion {
        follows,
        content_hash: content_hash.into(),
        model: json!({ "version": 1, "clients": { "zoé": 2, "ana": [null, 1.5] } }),
        files: BTreeMap::from([("clients/lilas.toml".into(), "name = \"L'Été\" # même\n".into())]),
        accepted_by: "ana".into(),
        accepted_at_us: NOW_US + follows,
        difference: "+ client lilas".into(),
    }
}

pub async fn versions_are_numbered_without_a_gap(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.latest_inventory().await.unwrap(), None);
    assert_eq!(store.latest_inventory_model().await.unwrap(), None);

    let first = store.accept_inventory(&acceptance(0, "a")).await.unwrap();
    let asked = acceptance(0, "a");
    assert_eq!(first.number, 1);
    assert_eq!((&first.model, &first.files, first.accepted_at_us), (&asked.model, &asked.files, NOW_US));
    assert_eq!(first.model.to_string(), asked.model.to_string(), "the order of keys stays");

    let again = NewInventoryVersion { accepted_by: "bob".into(), ..acceptance(1, "a") };
    assert_eq!(store.accept_inventory(&again).await.unwrap(), first, "the same content adds nothing");

    let second = store.accept_inventory(&acceptance(1, "b")).await.unwrap();
    let third = store.accept_inventory(&acceptance(2, "a")).await.unwrap();
    for stale in [0, 1, 2, 4] {
        let refused = store.accept_inventory(&acceptance(stale, "c")).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "after {stale}");
    }
    assert_eq!(store.inventory(2).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.inventory(4).await.unwrap(), None);
    assert_eq!(store.latest_inventory().await.unwrap().as_ref(), Some(&third));
    assert_eq!(store.latest_inventory_model().await.unwrap(), Some((third.number, third.model.to_string())));
    assert_eq!(store.inventory_history().await.unwrap(), [first, second, third]);
}

pub async fn one_of_many_acceptances_wins(bench: &Bench) {
    let url = bench.url().await;
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { store.accept_inventory(&acceptance(0, &format!("content {number}"))).await })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(version) => accepted += version.number,
            Err(error) => assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}"),
        }
    }
    assert_eq!(accepted, 1, "one version, number 1");
    assert_eq!(stores[0].inventory_history().await.unwrap().len(), 1);
}

pub async fn a_vm_id_is_never_given_twice(bench: &Bench) {
    let url = bench.url().await;
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    let lilas = "lilas".parse().unwrap();
    stores[0].reserve_vm_id(vm(1042), &lilas, NOW_US).await.unwrap();
    stores[1].reserve_vm_id(vm(1042), &lilas, NOW_US + 1).await.unwrap();
    let error = stores[1].reserve_vm_id(vm(1042), &"mairie".parse().unwrap(), NOW_US).await.unwrap_err();
    assert!(error.to_string().starts_with("VM id 1042 belongs to `lilas`"), "{error}");

    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (store, instance) = (stores[number % 2].clone(), format!("instance{number}").parse().unwrap());
            tokio::spawn(async move { store.reserve_vm_id(vm(1043), &instance, NOW_US).await.map(|()| instance) })
        })
        .collect();
    let mut owners = Vec::new();
    for task in tasks {
        owners.extend(task.await.unwrap().ok());
    }
    assert_eq!(owners.len(), 1);
    let ids = stores[0].vm_ids().await.unwrap();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [(vm(1042), lilas), (vm(1043), owners.remove(0))]);
}

pub fn plan(id: &str, scope: Scope) -> PlanRecord {
    PlanRecord {
        id: id.into(),
        inventory_number: 1,
        scope,
        content: json!({ "version": 1, "actions": ["create vm"] }),
        observed_digest: "d1".into(),
        created_at_us: NOW_US,
    }
}

pub async fn plans_stay_as_they_were(bench: &Bench) {
    let store = bench.store().await;
    let lilas = Scope::Client("lilas".parse().unwrap());
    let kept = plan("7f3a", lilas.clone());
    assert!(matches!(store.save_plan(&kept).await, Err(StoreError::Database { .. })), "its inventory is not on record");
    store.accept_inventory(&acceptance(0, "a")).await.unwrap();
    store.save_plan(&kept).await.unwrap();
    store.save_plan(&kept).await.unwrap();
    let other = PlanRecord { observed_digest: "d2".into(), ..kept.clone() };
    assert!(matches!(store.save_plan(&other).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.plan(&lilas, "7f3a").await.unwrap().as_ref(), Some(&kept));
    assert_eq!(store.plan(&Scope::Staff, "7f3a").await.unwrap(), Some(kept));
    assert_eq!(store.plan(&Scope::Client("mairie".parse().unwrap()), "7f3a").await.unwrap(), None);
}

pub async fn what_is_append_only_cannot_be_changed(bench: &Bench) {
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    store.accept_inventory(&acceptance(0, "a")).await.unwrap();
    store.reserve_vm_id(vm(1042), &"lilas".parse().unwrap(), NOW_US).await.unwrap();
    store.save_plan(&plan("p", Scope::Staff)).await.unwrap();
    store.start_run(&staff_run("r")).await.unwrap();
    store.journal("r", &entry("instance/lilas", "create", "started")).await.unwrap();
    for (table, column) in
        [("inventory_versions", "difference"), ("vm_ids", "instance"), ("plans", "content"), ("journal", "detail")]
    {
        for sql in [format!("UPDATE {table} SET {column} = ''"), format!("DELETE FROM {table}")] {
            let error = execute(&url, &sql).await.expect_err(&sql).to_string();
            assert!(error.contains(&format!("{table} is append-only")), "{sql}: {error}");
        }
    }
    assert_eq!(store.latest_inventory().await.unwrap().unwrap().difference, "+ client lilas");
}
