//! Backups and restore tests as clients read them.

use accolades::domain::backup::drill::{Check, CheckKind, Origin, Verdict};

use super::lived::lived;
use super::world::{MEMBER, OWN, World, drill, id};

/// The test of a backup in which everything that can be checked is wrong, the last thing but one apart.
fn wrong() -> Vec<Check> {
    let text = str::to_owned;
    let app = || text("nextcloud__2");
    let address = text("atelier-lilas.example/dolibarr");
    let check = |kind, expected: &str, found: &str| Check::equal(kind, expected, found);
    vec![
        check(CheckKind::Machine { option: text("name") }, "drill-lilas", "drill-lilas"),
        check(CheckKind::Machine { option: text("onboot") }, "0", "1"),
        check(CheckKind::CloudInitAsleep, "asleep", "awake"),
        check(CheckKind::HostKey, "ssh-ed25519 AAAA", "ssh-ed25519 BBBB"),
        check(CheckKind::Service { name: text("nginx") }, "active", "failed"),
        check(CheckKind::Dolibarr { address }, "answers", "HTTP 502: <html>"),
        check(CheckKind::Files { app: app() }, "48213", "48213"),
        check(CheckKind::Rows { app: app() }, "203977", "not counted"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_restore_test_speaks_no_word_of_the_programs_own() {
    let world = World::new().await;
    let mut record = drill("lilas", OWN);
    record.checks = wrong();
    record.verdict = Verdict::Failed { why: "machine option `onboot`: expected 0, found 1".to_owned() };
    record.nonce.found = None;
    world.store.keep_drill(&record, &[(id(OWN), record.clone())]).await.unwrap();
    let inside = world.enter(MEMBER).await;
    let english = inside.with(&format!("{}; langue=en", inside.cookie));
    let path = "/c/atelier-lilas/sauvegardes/essai/lilas/1";
    let page = inside.get(path).await.text();
    for said in [
        "Pourquoi\u{a0}: Réglages de la copie\u{a0}: autres que prévu.",
        "<td>Service\u{a0}: site web</td><td>fonctionne</td><td>ne fonctionne pas</td>",
        "<td>Identité de la machine</td><td>la même</td><td>une autre</td>",
        "<td>répond</td><td>ne répond pas comme il faut</td>",
        "<td>Fichiers de Nextcloud</td><td>48\u{202f}213</td><td>48\u{202f}213</td><td>bien</td>",
        "<td>Enregistrements de Nextcloud</td><td>203\u{202f}977</td><td>non compté</td>",
        "<td>retrouvée</td><td>non retrouvée</td>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(page.matches("Réglages de la copie</td>").count(), 1, "one row for all settings: {page}");
    let english = english.get(path).await.text();
    assert!(english.contains("<td>Files of Nextcloud</td><td>48,213</td>"), "{english}");
    for page in [page, english] {
        for word in ["onboot", "asleep", "awake", "ssh-ed25519", "active", "HTTP", "drill-lilas", "nextcloud__2"] {
            assert!(!page.contains(word), "{word}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_test_that_could_not_be_done_says_nothing_against_the_backup() {
    let world = World::new().await;
    let mut record = drill("lilas", OWN);
    record.verdict = Verdict::NotTested { why: "the guest agent does not run `ls`: 596".to_owned() };
    record.nonce.found = None;
    world.store.keep_drill(&record, &[(id(OWN), record.clone())]).await.unwrap();
    let page = world.enter(MEMBER).await.get("/c/atelier-lilas/sauvegardes/essai/lilas/1").await.text();
    assert!(page.contains("l’essai n’a pas pu se faire") && !page.contains("agent"), "{page}");
    assert!(!page.contains("non retrouvée"), "it was not looked for: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_size_of_a_remote_backup_is_said_to_be_that_of_the_disk() {
    let world = World::new().await;
    world.issue().await;
    lived(&world).await;
    let inside = world.enter(MEMBER).await;
    let page = inside.get("/c/atelier-lilas/sauvegardes").await.text();
    let count = |label: &str| page.matches(&format!("<dt>{label}</dt>")).count();
    assert_eq!((count("Taille"), count("Disque sauvegardé, vide compris")), (1, 1), "{page}");
    let mut record = drill("lilas", OWN);
    record.from = Origin::Remote;
    world.store.keep_drill(&record, &[(id(OWN), record.clone())]).await.unwrap();
    let page = inside.get("/c/atelier-lilas/sauvegardes/essai/lilas/1").await.text();
    assert!(page.contains("<dt>Disque sauvegardé, vide compris</dt>") && !page.contains("<dt>Taille</dt>"), "{page}");
}
