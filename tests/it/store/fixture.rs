//! Stores that version 1 of the tables made, kept as SQL: every later program must open and read them.
//!
//! The files are dumps (`sqlite3 FILE .dump`; `pg_dump --inserts --no-owner` without its schema's name) of what
//! `copying::fill` writes. They are never made again: a version 2 gets files of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use accolades::domain::ids::VmId;
use accolades::store::{Engine, Scope, Store};
use secrecy::ExposeSecret;

use super::bench::{Bench, execute};
use super::{NOW_US, inventory, records, secrets};

const SQLITE: &str = include_str!("../../fixtures/store/version1.sqlite.sql");
const POSTGRES: &str = include_str!("../../fixtures/store/version1.postgres.sql");
const KEY: &str = include_str!("../../fixtures/store/version1.key");

pub async fn a_store_of_version_1_is_read(bench: &Bench) {
    let url = bench.url().await;
    execute(&url, if bench.engine() == Engine::Postgres { POSTGRES } else { SQLITE }).await.unwrap();
    let store = Store::open(&url).await.unwrap();

    let history = store.inventory_history().await.unwrap();
    assert_eq!(history.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2]);
    let first = inventory::acceptance(0, "a");
    assert_eq!((&history[0].model, &history[0].files), (&first.model, &first.files));
    assert_eq!(store.vm_ids().await.unwrap().get(&VmId(1042)), Some(&"lilas".parse().unwrap()));
    let lilas = Scope::Client("lilas".parse().unwrap());
    assert_eq!(store.plan(&lilas, "p").await.unwrap(), Some(inventory::plan("p", lilas.clone())));
    let runs = store.runs(&Scope::Staff, 9).await.unwrap();
    let ended: Vec<_> = runs.iter().map(|run| (run.id.as_str(), run.end.is_some())).collect();
    assert_eq!(ended, [("r-é", false), ("r-b", false), ("r-a", true), ("r-Z", false)]);
    assert_eq!(store.open_actions(&Scope::Staff, "instance/lilas").await.unwrap()[0].run_id, "r-b");
    let seen = store.latest_observation(&Scope::Staff, "instance", "lilas", "memory").await.unwrap().unwrap();
    assert_eq!(seen.seen, records::observation(Scope::Staff, "lilas", "memory", 8));
    assert_eq!(store.host_key("instance/lilas").await.unwrap(), Some(records::pin("ssh-ed25519 AAAA")));
    assert_eq!(store.departures(&lilas).await.unwrap()[0].seat, records::departure("lilas", "ana"));

    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    fs::write(&key_file, KEY).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let vault = secrets::open(&store, &key_file).await.unwrap();
    assert_eq!(vault.get_secret("relay").await.unwrap().unwrap().expose_secret(), "canary");
    assert_eq!(vault.secret_names().await.unwrap()[0].set_at_us, NOW_US);
}
