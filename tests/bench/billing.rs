//! Figures of billing: a draft over a year of history, and explaining one document.

use std::time::Instant;

use accolades::billing::archive::Archive;
use accolades::billing::draft::{draft, read_document};
use accolades::billing::issue::Issuer;
use accolades::domain::billing::difference::Run;
use accolades::domain::billing::month::Month;
use accolades::domain::billing::terms::SupportKind;
use accolades::inventory;
use accolades::inventory::model::Inventory;
use accolades::store::{NewSupportEntry, Scope, Store};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::{generated, milliseconds};

/// First month of the history; eleven were issued, the twelfth is drafted.
const FIRST: &str = "2025-11";
const ISSUED_MONTHS: usize = 11;

/// Entries per client: two a month.
const ENTRIES: i64 = 24;

/// A draft of so many contracts, each with twelve months of seats, entries and invoices.
pub async fn drafted(clients: usize) {
    let (folder, inventory) = (tempfile::tempdir().expect("a folder"), aged(clients));
    let store = Store::open(&folder.path().join("store.sqlite").display().to_string()).await.expect("a store");
    let month = history(&store, &folder, &inventory).await;
    let run = Run { month, is_final: false };
    let mut times = Vec::new();
    let mut documents = 0;
    for _ in 0..5 {
        let began = Instant::now();
        let made = draft(&store, &inventory, run, month.next().first(), None).await.expect("a draft");
        times.push(began.elapsed());
        documents = made.clients.len();
        assert_eq!(documents, clients, "everybody has seats");
    }
    times.sort();
    println!(
        "draft of {clients} contracts with 12 months of history: {} ms ({documents} documents)",
        milliseconds(times[2])
    );
}

/// Explaining one document among those of so many contracts.
pub async fn explained(clients: usize) {
    let (folder, inventory) = (tempfile::tempdir().expect("a folder"), aged(clients));
    let store = Store::open(&folder.path().join("store.sqlite").display().to_string()).await.expect("a store");
    history(&store, &folder, &inventory).await;
    let mut times = Vec::new();
    for number in (1..=11).map(|number| format!("F2026-{number:05}")) {
        let began = Instant::now();
        let record = store.invoice(&Scope::Staff, &number).await.expect("readable").expect("issued");
        let document = read_document(&record).expect("readable");
        let explanation: serde_json::Value = serde_json::from_str(&record.explanation).expect("readable");
        assert_eq!(explanation["lines"].as_array().map(Vec::len), Some(document.lines.len()));
        times.push(began.elapsed());
    }
    times.sort();
    println!("explaining one of {} documents: {} ms", clients * ISSUED_MONTHS, milliseconds(times[5]));
}

/// The generated inventory, a year older.
fn aged(clients: usize) -> Inventory {
    let mut inventory = inventory::check(&generated::files(clients)).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let start = first().first();
    for client in inventory.clients.values_mut() {
        client.contract.start = start;
        client.contract.seat_prices[0].from = start;
        client.contract.overage_prices[0].from = start;
        client.seats.iter_mut().for_each(|seat| seat.from = start);
    }
    inventory
}

fn first() -> Month {
    Month::parse(FIRST).expect("a month")
}

/// Records work and issues all months but the last, whose month is returned.
async fn history(store: &Store, folder: &tempfile::TempDir, inventory: &Inventory) -> Month {
    for client in inventory.clients.keys() {
        for number in 0..ENTRIES {
            let day: Date = first().first().saturating_add((number * 14).days());
            let started: Timestamp = format!("{day}T09:00:00Z").parse().expect("an instant");
            let entry = NewSupportEntry {
                client: client.clone(),
                kind: SupportKind::Help,
                started_at_us: started.as_microsecond(),
                minutes: 45,
                words: "Une question".to_owned(),
                not_accounted: None,
                corrects: None,
                reason: None,
                by: "ana".to_owned(),
                at_us: started.as_microsecond(),
            };
            store.record_support(&entry).await.expect("recorded");
        }
    }
    let archive = Archive::in_folder(folder.path().join("invoices"));
    let mut month = first();
    for _ in 0..ISSUED_MONTHS {
        let issued_on = month.next().first();
        let made = draft(store, inventory, Run { month, is_final: false }, issued_on, None).await.expect("a draft");
        let now: Timestamp = format!("{issued_on}T09:00:00Z").parse().expect("an instant");
        let billing = &inventory.cooperative.billing;
        let issuer =
            Issuer { store, archive: &archive, inventory_number: 1, billing, by: "ana", now, observe: &|_| {} };
        for client in &made.clients {
            let month = Some(month);
            issuer.number(&client.client, client.ledger_charges, &client.documents, month).await.expect("numbered");
        }
        month = month.next();
    }
    month
}
