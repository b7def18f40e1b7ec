//! The drop folder: what Chorus Pro needs goes out, statuses come back in.

use accolades::billing::statement::statement;
use accolades::inventory::billing::Route;
use accolades::platform::DropFolder;
use accolades::store::{FileState, Scope};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Desk, client};

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
