//! What is owed in writing, whatever goes wrong.

use accolades::portal::answers;
use accolades::store::{MailRecord, RequestState, RequestStep, Scope, StoreError};
use serde_json::json;

use super::lived::asked;
use super::world::{APPROVER, MANAGER, NOW_US, OWN, World, id};

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

fn step(state: RequestState) -> RequestStep {
    let detail = json!({ "version": 1, "words": "C’est réparé." });
    RequestStep { state, detail, by: "nadia".to_owned(), at_us: NOW_US }
}

async fn answers_in_outbox(world: &World) -> Vec<MailRecord> {
    let mails = world.store.mails(&own(), None, None).await.unwrap();
    mails.into_iter().filter(|mail| mail.kind == "request-answer").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_whoever_asked_for_help_hears_of_the_answer() {
    let world = World::new().await;
    asked(&world).await;
    let request = world.store.request(&own(), 1).await.unwrap().unwrap();
    let answer = step(RequestState::Done);
    let mail = answers::owed(&world.inventory, &request, &answer, world.now()).unwrap().expect("a mail");
    assert_eq!((mail.recipient.as_str(), mail.subject.as_str()), (MANAGER, "Votre demande n° 1 : faite"));
    world.store.answer_request_by_mail(&request, &answer, Some(&mail)).await.unwrap();
    assert_eq!(answers_in_outbox(&world).await.len(), 1);

    // Somebody else was first: their answer counts, and only theirs is told.
    let refused = step(RequestState::Refused);
    let mail = answers::owed(&world.inventory, &request, &refused, world.now()).unwrap();
    let overtaken = world.store.answer_request_by_mail(&request, &refused, mail.as_ref()).await;
    assert!(matches!(overtaken, Err(StoreError::Conflict { .. })), "{overtaken:?}");
    assert_eq!(answers_in_outbox(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_an_answer_to_somebody_who_is_gone_goes_to_the_management() {
    let world = World::new().await;
    asked(&world).await;
    let mut request = world.store.request(&own(), 1).await.unwrap().unwrap();
    request.steps[0].by = "contact:partie@courriel.example".to_owned();
    let owed = |inventory, state| answers::owed(inventory, &request, &step(state), world.now()).unwrap();
    let mail = owed(&world.inventory, RequestState::Answered).expect("a mail");
    assert_eq!((mail.recipient.as_str(), mail.subject.as_str()), (MANAGER, "Votre demande n° 1 : en cours"));
    assert!(owed(&world.inventory, RequestState::Withdrawn).is_none(), "they did that themselves");
    let mut inventory = world.inventory.clone();
    inventory.clients.get_mut(&id(OWN)).unwrap().contacts.clear();
    assert!(owed(&inventory, RequestState::Done).is_none(), "nobody is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_seat_on_record_is_not_called_done() {
    let world = World::new().await;
    asked(&world).await;
    for (number, follows) in [(2, "Nous préparons le compte"), (3, "Nous fermons le compte")] {
        let request = world.store.request(&own(), number).await.unwrap().unwrap();
        let detail = json!({ "version": 1, "inventory": 2 });
        let step = RequestStep { state: RequestState::Done, detail, by: "staff:nadia".to_owned(), at_us: NOW_US };
        let mail = answers::owed(&world.inventory, &request, &step, world.now()).unwrap().expect("a mail");
        assert_eq!(mail.subject, format!("Votre demande n° {number} : inscrite"));
        world.store.answer_request_by_mail(&request, &step, Some(&mail)).await.unwrap();
        let page = world.enter(MANAGER).await.get("/c/atelier-lilas/postes").await.text();
        assert!(page.contains(follows) && page.contains("inscrite") && !page.contains("faite"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_an_answer_without_words_leaves_no_hole_in_its_mail() {
    let world = World::new().await;
    asked(&world).await;
    let request = world.store.request(&own(), 1).await.unwrap().unwrap();
    let step = RequestStep { detail: json!({ "version": 1 }), ..step(RequestState::Done) };
    let mail = answers::owed(&world.inventory, &request, &step, world.now()).unwrap().expect("a mail");
    let text = mail.message.replace('\r', "");
    assert!(!text.contains("\n\n\n"), "{text}");
}
