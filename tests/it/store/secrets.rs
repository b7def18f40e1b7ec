//! Secrets at rest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use accolades::store::Store;
use accolades::store::secrets::{HandOver, Vault, VaultError};
use accolades::util::random::Randomness;
use secrecy::{ExposeSecret, SecretString};

use super::NOW_US;
use super::bench::{Bench, execute, texts};

const CANARY: &str = "canary-Zoé-77";

/// A store with a key file of its own, and its address.
async fn place(bench: &Bench) -> (String, Store, PathBuf) {
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    // Removed with the bench's folder.
    let folder = tempfile::tempdir_in(bench.folder()).unwrap().keep();
    (url, store, folder.join("key"))
}

pub async fn open(store: &Store, key_file: &Path) -> Result<Vault, VaultError> {
    Vault::open(store, Some(key_file), Arc::new(Randomness::from_system())).await
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

async fn get(vault: &Vault, name: &str) -> String {
    vault.get_secret(name).await.unwrap().unwrap().expose_secret().to_owned()
}

pub async fn a_secret_comes_back_and_is_not_in_clear(bench: &Bench) {
    let (url, store, key_file) = place(bench).await;
    let vault = open(&store, &key_file).await.unwrap();
    assert!(vault.get_secret("relay").await.unwrap().is_none());
    vault.put_secret("relay", &secret(CANARY), NOW_US).await.unwrap();
    vault.put_secret("empty", &secret(""), NOW_US).await.unwrap();
    assert_eq!(get(&vault, "relay").await, CANARY);
    assert_eq!(get(&vault, "empty").await, "");

    let first = texts(&url, "SELECT nonce || ciphertext FROM secrets WHERE name = 'relay'").await;
    vault.put_secret("relay", &secret(CANARY), NOW_US + 1).await.unwrap();
    let second = texts(&url, "SELECT nonce || ciphertext FROM secrets WHERE name = 'relay'").await;
    assert_ne!(first, second, "the same value never looks the same");
    for stored in [first, second] {
        let bytes = hex::decode(&stored[0]).unwrap();
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    }

    let again = open(&store, &key_file).await.unwrap();
    assert_eq!(get(&again, "relay").await, CANARY);
    let names: Vec<_> = again.secret_names().await.unwrap().into_iter().map(|one| (one.name, one.set_at_us)).collect();
    assert_eq!(names, [("empty".to_owned(), NOW_US), ("relay".to_owned(), NOW_US + 1)]);
    assert!(again.delete_secret("relay").await.unwrap());
    assert!(!again.delete_secret("relay").await.unwrap());
    assert!(vault.get_secret("relay").await.unwrap().is_none());
}

pub async fn a_changed_ciphertext_is_refused(bench: &Bench) {
    let (url, store, key_file) = place(bench).await;
    let vault = open(&store, &key_file).await.unwrap();
    for name in ["one", "two", "three", "four"] {
        vault.put_secret(name, &secret(name), NOW_US).await.unwrap();
    }
    let swap = "UPDATE secrets SET nonce = (SELECT nonce FROM secrets WHERE name = 'four'),
        ciphertext = (SELECT ciphertext FROM secrets WHERE name = 'four') WHERE name = 'one'";
    let flip = "UPDATE secrets SET ciphertext = CASE substr(ciphertext, 1, 1) WHEN '0' THEN '1' ELSE '0' END
        || substr(ciphertext, 2) WHERE name = 'two'";
    let age = "UPDATE secrets SET version = 7 WHERE name = 'three'";
    for sql in [swap, flip, age] {
        execute(&url, sql).await.unwrap();
    }
    for name in ["one", "two", "three"] {
        let error = vault.get_secret(name).await.unwrap_err();
        assert!(matches!(&error, VaultError::Tampered { name: named } if named == name), "{error}");
        assert!(vault.hand_over(name, NOW_US).await.is_err());
    }
    assert_eq!(get(&vault, "four").await, "four");
    let handed = vault.secret_names().await.unwrap();
    assert!(handed.iter().all(|one| one.handed_over_at_us.is_none()), "what cannot be given is not marked as given");
}

pub async fn a_password_is_handed_over_once(bench: &Bench) {
    let (_, store, key_file) = place(bench).await;
    let vault = open(&store, &key_file).await.unwrap();
    vault.put_secret("person/ana", &secret(CANARY), NOW_US).await.unwrap();
    let (one, two) = tokio::join!(vault.hand_over("person/ana", NOW_US + 1), vault.hand_over("person/ana", NOW_US + 1));
    let answers = [one.unwrap(), two.unwrap()];
    let given: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            HandOver::Now(value) => Some(value.expose_secret()),
            HandOver::Already { .. } | HandOver::Unknown => None,
        })
        .collect();
    assert_eq!(given, [CANARY]);
    let later = vault.hand_over("person/ana", NOW_US + 9).await.unwrap();
    assert!(matches!(later, HandOver::Already { at_us } if at_us == NOW_US + 1), "{later:?}");
    assert!(matches!(vault.hand_over("person/bob", NOW_US).await.unwrap(), HandOver::Unknown));
    assert_eq!(get(&vault, "person/ana").await, CANARY, "the program itself still needs it");

    vault.put_secret("person/ana", &secret("new"), NOW_US + 10).await.unwrap();
    assert!(matches!(vault.hand_over("person/ana", NOW_US + 11).await.unwrap(), HandOver::Now(_)));
}

pub async fn a_missing_or_foreign_key_is_refused(bench: &Bench) {
    let (_, store, key_file) = place(bench).await;
    open(&store, &key_file).await.unwrap();
    fs::remove_file(&key_file).unwrap();
    let vault = open(&store, &key_file).await.expect("a store without secrets takes a new key");
    vault.put_secret("relay", &secret(CANARY), NOW_US).await.unwrap();

    let kept = fs::read(&key_file).unwrap();
    fs::write(&key_file, "11".repeat(32)).unwrap();
    assert!(matches!(open(&store, &key_file).await, Err(VaultError::WrongKey { .. })));
    fs::write(&key_file, "not a key").unwrap();
    assert!(matches!(open(&store, &key_file).await, Err(VaultError::NotAKey { .. })));
    fs::remove_file(&key_file).unwrap();
    let Err(error) = open(&store, &key_file).await else { panic!("a new key was made over existing secrets") };
    assert!(matches!(error, VaultError::MissingKey { .. }), "{error}");
    assert!(error.to_string().contains("restore the key file"), "{error}");
    assert!(!key_file.exists());
    assert_eq!(fs::read_dir(key_file.parent().unwrap()).unwrap().count(), 0, "nothing is left beside it");

    fs::write(&key_file, kept).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(get(&open(&store, &key_file).await.unwrap(), "relay").await, CANARY);
}

pub async fn a_key_that_others_can_read_is_refused(bench: &Bench) {
    let (_, store, key_file) = place(bench).await;
    open(&store, &key_file).await.unwrap();
    assert_eq!(fs::metadata(&key_file).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key_file, fs::Permissions::from_mode(mode)).unwrap();
        let refused = open(&store, &key_file).await;
        assert!(matches!(refused, Err(VaultError::KeyReadableByOthers { mode: found, .. }) if found == mode));
    }
}

pub async fn the_key_is_rotated(bench: &Bench) {
    let (_, store, key_file) = place(bench).await;
    let mut vault = open(&store, &key_file).await.unwrap();
    vault.put_secret("relay", &secret(CANARY), NOW_US).await.unwrap();
    vault.put_secret("other", &secret("other"), NOW_US).await.unwrap();
    let behind = vault.clone();
    let before = fs::read(&key_file).unwrap();

    vault.rotate_key().await.unwrap();
    assert_ne!(fs::read(&key_file).unwrap(), before);
    assert_eq!(get(&vault, "relay").await, CANARY);
    assert_eq!(get(&open(&store, &key_file).await.unwrap(), "other").await, "other");

    assert!(matches!(behind.get_secret("relay").await, Err(VaultError::WrongKey { .. })));
    let late = behind.put_secret("relay", &secret("late"), NOW_US).await;
    assert!(matches!(late, Err(VaultError::WrongKey { .. })));
    let mut behind = behind;
    assert!(matches!(behind.rotate_key().await, Err(VaultError::WrongKey { .. })));
    assert_eq!(get(&vault, "relay").await, CANARY);
    assert_eq!(fs::read_dir(key_file.parent().unwrap()).unwrap().count(), 1, "one key file");
}

pub async fn a_rotation_that_was_cut_short_is_finished(bench: &Bench) {
    let (url, store, key_file) = place(bench).await;
    let mut vault = open(&store, &key_file).await.unwrap();
    vault.put_secret("relay", &secret(CANARY), NOW_US).await.unwrap();
    let (old, elsewhere) = (fs::read(&key_file).unwrap(), key_file.with_file_name("elsewhere"));

    // Before the transaction: the new key is there, the store does not know it.
    let stray = key_file.with_file_name("key.next-0123456789abcdef");
    fs::write(&stray, "22".repeat(32)).unwrap();
    assert_eq!(get(&open(&store, &key_file).await.unwrap(), "relay").await, CANARY);

    // After the transaction: the store knows the new key, the old one is still in place.
    vault.rotate_key().await.unwrap();
    let key_id = texts(&url, "SELECT key_id FROM vault").await.remove(0);
    fs::rename(&key_file, key_file.with_file_name(format!("key.next-{key_id}"))).unwrap();
    fs::write(&elsewhere, old).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&elsewhere, &key_file).unwrap();
    assert_eq!(get(&open(&store, &key_file).await.unwrap(), "relay").await, CANARY);
    assert_eq!(get(&open(&store, &key_file).await.unwrap(), "relay").await, CANARY);
}

pub async fn two_programs_make_one_key(bench: &Bench) {
    let (_, store, key_file) = place(bench).await;
    let (one, two) = tokio::join!(open(&store, &key_file), open(&store, &key_file));
    let (one, two) = (one.unwrap(), two.unwrap());
    one.put_secret("relay", &secret(CANARY), NOW_US).await.unwrap();
    assert_eq!(get(&two, "relay").await, CANARY);
    assert_eq!(fs::read_dir(key_file.parent().unwrap()).unwrap().count(), 1, "one key file");
}

#[tokio::test]
async fn store_keeps_the_key_beside_the_file_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store.sqlite").to_str().unwrap()).await.unwrap();
    Vault::open(&store, None, Arc::new(Randomness::from_seed(1))).await.unwrap();
    assert!(folder.path().join("store.sqlite.key").exists());
}
