//! The journal that clients read.

use accolades::domain::backup::drill::{Record, Verdict};
use accolades::domain::runs::RunOutcome;
use accolades::inventory::model::ClientPlacement;
use accolades::store::{ActionState, JournalEntry, NewRun, Scope, StaffRole};
use serde_json::json;

use super::world::{DAY_US, MANAGER, MEMBER, NOW_US, OWN, World, accept, id};

/// A run that did one thing to the client's machine and ended so.
async fn ran(world: &World, id: &str, by: &str, outcome: &RunOutcome) {
    ran_on(world, "lilas", NOW_US, id, by, outcome).await;
}

/// A run that did one thing to a machine at a moment and ended so.
async fn ran_on(world: &World, instance: &str, at_us: i64, id: &str, by: &str, outcome: &RunOutcome) {
    let run = NewRun { id: id.to_owned(), plan_id: None, scope: Scope::Staff, by: by.to_owned(), at_us };
    world.store.start_run(&run).await.unwrap();
    let entry = JournalEntry {
        subject: format!("instance/{instance}"),
        action_key: "start".to_owned(),
        state: ActionState::Done,
        detail: json!({ "version": 1 }),
        at_us,
    };
    world.store.journal(id, &entry).await.unwrap();
    world.store.finish_run(id, outcome, at_us, &json!({ "version": 1 })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_journal_takes_no_unknown_end_for_an_interruption() {
    let world = World::new().await;
    let inside = world.enter(MEMBER).await;
    let ends = RunOutcome::KNOWN.into_iter().chain([RunOutcome::from_word("of a newer program".to_owned())]);
    for (number, outcome) in ends.enumerate() {
        ran(&world, &format!("run-{number}"), "nadia", &outcome).await;
    }
    let page = inside.get("/c/atelier-lilas/journal").await.text();
    let count = |said: &str| page.matches(&format!("1\u{a0}action, {said}</td>")).count();
    assert_eq!((count("terminé"), count("terminé en partie")), (2, 1), "settled, saved; partial: {page}");
    assert_eq!((count("n’a pas réussi"), count("interrompu")), (1, 2), "failed; stopped, cut short: {page}");
    assert_eq!(count("terminé, sans que nous sachions comment"), 1, "{page}");
    assert!(!page.contains("of a newer program"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_journal_names_people_and_not_accounts() {
    let world = World::new().await;
    world.store.add_account("nadia", "Nadia Ferrand", "n@x.example", StaffRole::Technician, NOW_US).await.unwrap();
    world.fill().await;
    let contact = format!("contact:{MANAGER}");
    for (number, by) in ["nadia", "staff:nadia", contact.as_str(), "accolades"].into_iter().enumerate() {
        ran(&world, &format!("run-{number}"), by, &RunOutcome::Settled).await;
    }
    let inside = world.enter(MEMBER).await;
    let page = inside.get("/c/atelier-lilas/journal").await.text();
    let count = |who: &str| page.matches(&format!("data-label=\"Qui\">{who}</td>")).count();
    // Two runs, three hours of support and a restore test.
    assert_eq!((count("Nadia Ferrand"), count("nadia"), count("staff:nadia")), (6, 0, 0), "{page}");
    assert_eq!((count("Camille Morel"), count("accolades")), (1, 1), "{page}");
    let page = inside.get("/c/atelier-lilas/assistance").await.text();
    assert!(page.contains("data-label=\"Qui\">Nadia Ferrand</td>") && !page.contains(">nadia<"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_whoever_moves_keeps_their_history_and_sees_none_of_others() {
    let world = World::new().await;
    let mut inventory = world.inventory.clone();
    let stay = |instance: &str, from: &str| ClientPlacement {
        from: from.parse().unwrap(),
        instance: instance.parse().unwrap(),
    };
    let own = inventory.clients.get_mut(&id(OWN)).unwrap();
    // It is 14 December.
    own.placements = vec![stay("ilot", "2026-09-01"), stay("lilas", "2026-12-01"), stay("valsonne", "2027-01-01")];
    accept(&world.store, &inventory).await;
    for (instance, days_ago, by) in [
        ("ilot", 30, "lived-there"),
        ("ilot", 5, "left-already"),
        ("lilas", 30, "not-there-yet"),
        ("lilas", 5, "lives-there"),
        ("valsonne", 5, "moves-later"),
    ] {
        ran_on(&world, instance, NOW_US - days_ago * DAY_US, by, by, &RunOutcome::Settled).await;
    }
    let page = world.enter(MEMBER).await.get("/c/atelier-lilas/journal").await.text();
    let seen =
        ["lived-there", "left-already", "not-there-yet", "lives-there", "moves-later"].map(|by| page.contains(by));
    assert_eq!(seen, [true, false, false, true, false], "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_journal_says_what_a_restore_test_proved() {
    let world = World::new().await;
    world.fill().await;
    let first = world.store.drills(&Scope::Staff, &"lilas".parse().unwrap()).await.unwrap().remove(0);
    let failed = Record {
        id: "drill-failed".to_owned(),
        previous: Some(first.hash.clone()),
        verdict: Verdict::Failed { why: "no answer".to_owned() },
        ended_at_us: NOW_US - 60_000_000,
        ..first.record
    };
    world.store.keep_drill(&failed, &[(id(OWN), failed.clone())]).await.unwrap();
    let page = world.enter(MEMBER).await.get("/c/atelier-lilas/journal").await.text();
    assert!(page.contains("Restauration essayée (chez vous) — prouvée"), "{page}");
    assert!(page.contains("Restauration essayée (chez vous) — échec"), "a failure is no secret: {page}");
}
