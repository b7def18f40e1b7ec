//! What is owed in writing, whatever goes wrong.

use accolades::store::Scope;

use super::world::{APPROVER, OWN, World};

/// An approver answers a request while a table of the store is gone; the answer's status.
async fn answered_without(world: &World, table: &str) -> u16 {
    world.fill().await;
    let approver = world.enter(APPROVER).await;
    let request = world.store.consents(&own()).await.unwrap()[0].request;
    let url = format!("sqlite:{}", world.folder.path().join("s.sqlite").display());
    crate::store::bench::execute(&url, &format!("ALTER TABLE {table} RENAME TO gone")).await.unwrap();
    let status = approver.post(&format!("/c/atelier-lilas/assistance/accord/{request}"), "choix=oui").await.status;
    crate::store::bench::execute(&url, &format!("ALTER TABLE gone RENAME TO {table}")).await.unwrap();
    status
}

fn own() -> Scope {
    Scope::Client(OWN.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_crash_after_a_consent_loses_no_receipt() {
    let world = World::new().await;
    // The page fails right after the decision was written.
    assert_eq!(answered_without(&world, "audit").await, 503);
    assert!(world.store.consents(&own()).await.unwrap()[0].decision.is_some());
    let mails = world.store.mails(&own(), None, None).await.unwrap();
    let receipts: Vec<_> = mails.iter().filter(|mail| mail.kind == "consent-receipt").collect();
    assert_eq!(receipts.len(), 1, "{mails:?}");
    assert_eq!(receipts[0].recipient, APPROVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_no_consent_counts_whose_receipt_cannot_be_owed() {
    let world = World::new().await;
    assert_eq!(answered_without(&world, "outbox").await, 503);
    assert!(world.store.consents(&own()).await.unwrap()[0].decision.is_none(), "both or none");
}
