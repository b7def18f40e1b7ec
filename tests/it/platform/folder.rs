//! The drop folder: what Chorus Pro needs goes out, statuses come back in.

use accolades::billing::send;
use accolades::billing::statement::statement;
use accolades::inventory::billing::Route;
use accolades::platform::DropFolder;
use accolades::store::{FileState, Movement, Scope};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Desk, client, now};

/// A status as a person may write it.
fn status(number: &str, code: u16, at: &str) -> String {
    serde_json::json!({ "number": number, "code": code, "at": at, "reason": null, "collected": [] }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_a_town_halls_invoice_lies_in_the_folder_with_what_chorus_pro_asks() {
    let desk = Desk::new().await;
    let record = desk.document("mairie-valsonne").await;
    let folder = tempfile::tempdir().unwrap();
    let chorus = DropFolder::new(folder.path());
    let exchanged = desk.exchange(&chorus, Route::Chorus).await.unwrap();
    assert_eq!(exchanged.handed_over, std::slice::from_ref(&record.number), "town halls only");
    let out = folder.path().join("out");
    let pdf = std::fs::read(out.join(format!("{}.pdf", record.number))).unwrap();
    let metadata = std::fs::read_to_string(out.join(format!("{}.json", record.number))).unwrap();
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["sha256"], hex::encode(Sha256::digest(&pdf)));
    assert_eq!((&metadata["flowSyntax"], &metadata["processingRule"]), (&"Factur-X".into(), &"B2G".into()));
    let about = &metadata["about"];
    let hall = &desk.inventory.clients[&client("mairie-valsonne")];
    assert_eq!(about["buyer_siret"].as_str(), hall.identity.siret.as_deref());
    assert_eq!(about["service_code"].as_str(), hall.billing.service_code.as_deref());
    assert_eq!(about["commitment_number"].as_str(), hall.billing.commitment_number.as_deref());
    assert_eq!(about["gross_cents"], record.gross.0);
    assert_eq!(desk.exchange(&chorus, Route::Chorus).await.unwrap().handed_over.len(), 0);
    assert_eq!(std::fs::read_dir(out).unwrap().count(), 2, "nothing is left beside them");
}

/// R28: a public body has its days from receipt.
#[tokio::test(flavor = "multi_thread")]
async fn platform_a_town_halls_due_date_follows_the_receipt() {
    let desk = Desk::new().await;
    let record = desk.document("mairie-valsonne").await;
    let folder = tempfile::tempdir().unwrap();
    let chorus = DropFolder::new(folder.path());
    desk.exchange(&chorus, Route::Chorus).await.unwrap();
    let due = async || {
        let today = "2026-12-20".parse().unwrap();
        let client = client("mairie-valsonne");
        let statement = statement(&desk.store, &client, &desk.inventory.cooperative, today).await.unwrap();
        statement.invoices[0].due_on.to_string()
    };
    assert_eq!(due().await, "2026-12-31", "until it is known: from issue");
    let inbox = folder.path().join("in");
    std::fs::create_dir_all(&inbox).unwrap();
    // Half past eleven in the evening in Paris, the day before in UTC's neighbour: the day is that of Paris.
    std::fs::write(inbox.join("a.json"), status(&record.number, 203, "2026-12-04T23:30:00Z")).unwrap();
    std::fs::write(inbox.join("b.json"), status(&record.number, 203, "2026-12-09T10:00:00Z")).unwrap();
    let exchanged = desk.exchange(&chorus, Route::Chorus).await.unwrap();
    assert_eq!(exchanged.statuses.len(), 2);
    assert_eq!(due().await, "2027-01-04", "thirty days from 5 December, the first receipt");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_a_status_that_is_dropped_twice_counts_once() {
    let desk = Desk::new().await;
    let record = desk.document("mairie-valsonne").await;
    let folder = tempfile::tempdir().unwrap();
    let chorus = DropFolder::new(folder.path());
    desk.exchange(&chorus, Route::Chorus).await.unwrap();
    let inbox = folder.path().join("in");
    std::fs::create_dir_all(&inbox).unwrap();
    let ours = status(&record.number, 200, "2026-12-02T10:00:00Z");
    std::fs::write(inbox.join("one.json"), &ours).unwrap();
    std::fs::write(inbox.join("two.json"), &ours).unwrap();
    std::fs::write(inbox.join("foreign.json"), status("F1999-00001", 200, "2026-12-02T10:00:00Z")).unwrap();
    std::fs::write(inbox.join("broken.xml"), "<a>").unwrap();
    let exchanged = desk.exchange(&chorus, Route::Chorus).await.unwrap();
    assert_eq!(exchanged.statuses.len(), 1);
    assert_eq!(exchanged.unreadable.len(), 2);
    let left: Vec<String> =
        std::fs::read_dir(&inbox).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left.len(), 2, "what is not ours stays for a person: {left:?}");
    std::fs::write(inbox.join("again.json"), &ours).unwrap();
    assert_eq!(desk.exchange(&chorus, Route::Chorus).await.unwrap().statuses, []);
    let files = desk.store.platform_files(&Scope::Staff, Some(&record.number)).await.unwrap();
    assert_eq!(files[0].state, FileState::Accepted);
}

/// The numbers that would be mailed today, and those that are left to a platform.
async fn pending(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let pending = sending(desk).pending(|_| true).await.unwrap();
    let numbers = |list: Vec<send::Unsent>| list.into_iter().map(|one| one.record.number).collect();
    (numbers(pending.by_mail), numbers(pending.by_platform))
}

fn sending(desk: &Desk) -> send::Desk<'_> {
    send::Desk { store: &desk.store, archive: &desk.archive, inventory: &desk.inventory, by: "ana", now: now() }
}

/// Puts the mails of a client's documents into the outbox.
async fn mail(desk: &Desk, id: &str) {
    let sending = sending(desk);
    for unsent in sending.pending(|record| record.client == client(id)).await.unwrap().by_mail {
        sending.put_in(&unsent).await.unwrap();
    }
}

fn takes(desk: &mut Desk, id: &str, route: Route) {
    desk.inventory.clients.get_mut(&client(id)).unwrap().billing.route = Some(route);
}

/// A client's new road is for its new documents, in both directions.
#[tokio::test(flavor = "multi_thread")]
async fn platform_a_client_who_changes_its_road_is_not_sent_its_past_again() {
    let mut desk = Desk::new().await;
    let (lilas, brume) = (desk.document("atelier-lilas").await, desk.document("studio-brume").await);
    let folder = tempfile::tempdir().unwrap();
    let platform = DropFolder::new(folder.path());
    mail(&desk, "studio-brume").await;
    takes(&mut desk, "studio-brume", Route::Platform);
    let exchanged = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(exchanged.handed_over, std::slice::from_ref(&lilas.number), "what was mailed stays mailed");
    assert!(!pending(&desk).await.1.contains(&brume.number), "nor is it said to be waiting for the platform");

    takes(&mut desk, "atelier-lilas", Route::Email);
    assert!(!pending(&desk).await.0.contains(&lilas.number), "what was handed over is not mailed");
    // The platform is told of the money for what it has, and for nothing else.
    let paid = desk.moved(&lilas, Movement::Payment, 1000, None).await;
    desk.moved(&brume, Movement::Payment, 1000, None).await;
    let told = desk.exchange(&platform, Route::Platform).await.unwrap().handed_over;
    assert_eq!(told, [format!("{}-212-{paid}", lilas.number)]);
}

/// What a platform that could not be reached never had may be mailed, and is not handed over afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn platform_a_document_that_was_mailed_instead_is_not_handed_over_later() {
    let mut desk = Desk::new().await;
    takes(&mut desk, "studio-brume", Route::Platform);
    let (lilas, brume) = (desk.document("atelier-lilas").await, desk.document("studio-brume").await);
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    desk.exchange(&DropFolder::new(&in_the_way), Route::Platform).await.unwrap_err();
    takes(&mut desk, "studio-brume", Route::Email);
    takes(&mut desk, "atelier-lilas", Route::Email);
    let (by_mail, _) = pending(&desk).await;
    assert!(by_mail.contains(&brume.number), "handing it over was never begun: {by_mail:?}");
    assert!(!by_mail.contains(&lilas.number), "this one may be there: {by_mail:?}");
    mail(&desk, "studio-brume").await;
    let platform = DropFolder::new(folder.path().join("drop"));
    let exchanged = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(exchanged.handed_over, [lilas.number]);
}
