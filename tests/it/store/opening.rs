//! Opening: creation, what is refused, and what errors say.

use accolades::domain::runs::RunOutcome;
use accolades::store::{NewRun, Scope, Store, StoreError};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, CHECKED_ROLE, PASSWORD, execute};

pub async fn two_programs_open_a_new_store_at_once(bench: &Bench) {
    let url = bench.url().await;
    let (one, other) = tokio::join!(Store::open(&url), Store::open(&url));
    one.unwrap().reserve_vm_id(super::inventory::vm(7), &"lilas".parse().unwrap(), NOW_US).await.unwrap();
    assert_eq!(other.unwrap().vm_ids().await.unwrap().len(), 1);
}

pub async fn a_newer_store_is_refused(bench: &Bench) {
    let url = bench.url().await;
    Store::open(&url).await.unwrap().close().await;
    execute(&url, "INSERT INTO schema_versions (version, sha256) VALUES (9000, 'of the future')").await.unwrap();
    let error = Store::open(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9000, .. }), "{error}");
    assert!(error.to_string().contains("install the newer program"), "{error}");
}

pub async fn a_changed_history_is_refused(bench: &Bench) {
    let url = bench.url().await;
    Store::open(&url).await.unwrap().close().await;
    execute(&url, "UPDATE schema_versions SET sha256 = 'another' WHERE version = 1").await.unwrap();
    assert!(matches!(Store::open(&url).await, Err(StoreError::History { version: 1 })));
}

pub async fn a_payload_without_version_is_refused(bench: &Bench) {
    let store = bench.store().await;
    let run = NewRun { id: "r1".into(), plan_id: None, scope: Scope::Staff, by: "ana".into(), at_us: NOW_US };
    store.start_run(&run).await.unwrap();
    for payload in [json!(null), json!({}), json!({ "version": "1" }), json!([1])] {
        let refused = store.finish_run("r1", &RunOutcome::Settled, NOW_US, &payload).await;
        assert!(matches!(refused, Err(StoreError::NoVersion { .. })), "{payload}");
    }
    assert_eq!(store.unfinished_runs(&Scope::Staff).await.unwrap().len(), 1);
}

pub async fn errors_never_show_the_password(bench: &Bench) {
    let url = bench.url().await;
    execute(&url, &format!("CREATE ROLE {CHECKED_ROLE} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")).await.unwrap();
    let good = url.replace("accolades:", &format!("{CHECKED_ROLE}:"));
    let store = Store::open(&good).await.unwrap();
    assert!(!format!("{store:?}").contains(PASSWORD));

    let wrong_password = good.replace(PASSWORD, &format!("{PASSWORD}-wrong"));
    let unknown_role = good.replace(CHECKED_ROLE, "nobody");
    let wrong_place = good.replace("?host=", "?host=/nowhere");
    let wrong_port = good.replace("@localhost/", "@localhost:http/");
    for url in [wrong_password, unknown_role, wrong_place, wrong_port] {
        let error = Store::open(&url).await.unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
    }
}

#[tokio::test]
async fn store_refuses_addresses_that_it_does_not_know() {
    for url in ["", "sqlite:", "mysql://root:canary@host/x", "sqlite::memory:"] {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Address { .. }), "{url}: {error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn store_file_is_its_owners_alone_and_its_folder_must_exist() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = Store::open(path.to_str().unwrap()).await.unwrap();
    assert_eq!(store.file().as_deref(), Some(path.as_path()));
    store.reserve_vm_id(super::inventory::vm(7), &"lilas".parse().unwrap(), NOW_US).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    let missing = folder.path().join("missing/store.sqlite");
    let error = Store::open(missing.to_str().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("check that the folder exists"), "{error}");
}

#[tokio::test]
async fn store_server_that_refuses_is_named_with_its_cause() {
    // Nobody listens on port 1.
    let error = Store::open("postgres://ana:canary@127.0.0.1:1/coop").await.unwrap_err();
    assert!(error.to_string().contains("the store at `postgres://ana@127.0.0.1:1/coop`"), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused") && !cause.contains("canary"), "{cause}");
}
