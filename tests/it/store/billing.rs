//! Billing's part of the store, on both engines and with real processes: numbers, the issue journal, two runs at once, a
//! process killed between any two writes, a store restored from yesterday.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use accolades::billing::archive::Archive;
use accolades::billing::book::Book;
use accolades::billing::draft::draft;
use accolades::billing::issue::{Issuer, Step};
use accolades::billing::recover::recover;
use accolades::billing::turn::Turn;
use accolades::billing::{BillingError, credit, send};
use accolades::domain::billing::difference::Run;
use accolades::domain::billing::document::{ChargeKey, ChargeKind, DocumentKind};
use accolades::domain::billing::mandate::Sequence;
use accolades::domain::billing::month::Month;
use accolades::domain::billing::terms::SupportKind;
use accolades::domain::ids::ClientId;
use accolades::domain::money::Cents;
use accolades::inventory;
use accolades::inventory::model::Inventory;
use accolades::post;
use accolades::store::{
    BankFile, ChargeRecord, ClosedMonth, Collection, CollectionFile, Decided, Decision, FileKind, How, InvoiceRecord,
    Issue, Made, MailState, Movement, NewConsent, NewDocument, NewInvoiceStatus, NewMovement, NewPayment,
    NewPlatformFile, NewSupportEntry, News, NewsKind, Numbered, Push, PushKind, Scope, SentNotice, SentReminder, Store,
    StoreError, copy,
};
use accolades::util::clock::Clock;
use jiff::Timestamp;
use jiff::civil::Date;

use super::NOW_US;
use super::bench::{Bench, execute};

const URL_VARIABLE: &str = "ACCOLADES_TEST_BILLING_URL";
const ARCHIVE_VARIABLE: &str = "ACCOLADES_TEST_BILLING_ARCHIVE";
const CLIENTS_VARIABLE: &str = "ACCOLADES_TEST_BILLING_CLIENTS";
const DIES_VARIABLE: &str = "ACCOLADES_TEST_BILLING_DIES_AT";
const WORK_VARIABLE: &str = "ACCOLADES_TEST_BILLING_WORK";

/// Ten minutes past midnight in Paris, the day before in UTC.
const FIRST_OF_DECEMBER: &str = "2026-11-30T23:10:00Z";

fn client(id: &str) -> ClientId {
    id.parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn november() -> Run {
    Run { month: Month::parse("2026-11").unwrap(), is_final: false }
}

/// The example co-operative with so many clients, all like the architects.
fn crowd(count: usize) -> Inventory {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let mut inventory = inventory::load(&folder).expect("the example is sound").inventory;
    let model = inventory.clients[&client("atelier-lilas")].clone();
    inventory.clients.clear();
    for number in 1..=count {
        let mut one = model.clone();
        one.id = client(&format!("c{number:03}"));
        one.contract.start = day("2026-11-01");
        one.contract.seat_prices[0].from = day("2026-11-01");
        inventory.clients.insert(one.id.clone(), one);
    }
    inventory
}

/// A run, as the command line does it.
async fn issue(
    store: &Store,
    folder: &Path,
    inventory: &Inventory,
    run: Run,
    now: &str,
    observe: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Vec<InvoiceRecord>, BillingError> {
    let now: Timestamp = now.parse().unwrap();
    let turn = Turn::take(store, now, "test").await?;
    let result = within(store, folder, inventory, run, now, observe).await;
    turn.give_back(store).await?;
    result
}

async fn within(
    store: &Store,
    folder: &Path,
    inventory: &Inventory,
    run: Run,
    now: Timestamp,
    observe: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Vec<InvoiceRecord>, BillingError> {
    let archive = Archive::in_folder(folder);
    let billing = &inventory.cooperative.billing;
    let issuer = Issuer { store, archive: &archive, inventory_number: 1, billing, by: "ana", now, observe };
    issuer.prepare().await?;
    let today = now.to_zoned(accolades::billing::terms::zone(&inventory.cooperative)).date();
    let draft = draft(store, inventory, run, today, None).await?;
    issuer.issue(&draft).await
}

async fn numbers(store: &Store) -> Vec<String> {
    store.invoices(&Scope::Staff).await.unwrap().into_iter().map(|record| record.number).collect()
}

fn contiguous(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("F2026-{number:05}")).collect()
}

fn new_document(who: &str, occasion: &str, issued_on: &str) -> NewDocument {
    NewDocument {
        client: client(who),
        kind: DocumentKind::Invoice,
        series: "F".to_owned(),
        issued_on: day(issued_on),
        month: Month::parse("2026-11").ok(),
        occasion: occasion.to_owned(),
        corrects: None,
        explanation: "{\"version\":1,\"lines\":[]}".to_owned(),
        inventory_number: 1,
        by: "ana".to_owned(),
        at_us: NOW_US,
        charges: vec![ChargeRecord {
            line: 1,
            key: ChargeKey {
                month: Month::parse("2026-11").unwrap(),
                kind: ChargeKind::Seat,
                price: Cents(3900),
                reference: String::new(),
            },
            cents: Cents(3900),
            amount: 30,
            is_waived: false,
            corrects_line: None,
        }],
    }
}

fn finish(_: usize, number: &str) -> Numbered {
    Numbered {
        document: format!("{{\"version\":1,\"number\":\"{number}\"}}"),
        sha256: number.to_owned(),
        net: Cents(3900),
        vat: Cents(780),
        gross: Cents(4680),
    }
}

pub async fn issue_one(
    store: &Store,
    who: &str,
    occasion: &str,
    issued_on: &str,
    ledger_charges: i64,
) -> Result<String, StoreError> {
    let documents = vec![new_document(who, occasion, issued_on)];
    let issued = store.issue_documents(&Issue { client: client(who), ledger_charges, documents }, &finish).await?;
    Ok(issued[0].number.clone())
}

/// Something in every table of billing.
pub async fn fill(store: &Store) {
    let entry = support_entry("lilas", None, 90);
    let first = store.record_support(&entry).await.unwrap();
    store.record_support(&support_entry("lilas", Some(first), 60)).await.unwrap();
    let asked = NewConsent {
        client: client("lilas"),
        year_from: day("2026-09-01"),
        minutes: 120,
        price: Cents(6500),
        words: "Reprise de données".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.request_consent(&asked).await.unwrap();
    let consent = store.consents(&Scope::Staff).await.unwrap().remove(0);
    let decision = Decision {
        is_approved: true,
        approver: "Camille Morel".to_owned(),
        words: "au téléphone".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.decide_consent(&consent, &decision, None).await.unwrap();
    let number = issue_one(store, "lilas", "month:lilas:2026-11", "2026-12-01", 0).await.unwrap();
    let file = accolades::store::InvoiceFile {
        number: number.clone(),
        name: format!("{number}.json"),
        sha256: "0".repeat(64),
        size_bytes: 1,
    };
    store.record_invoice_file(&file, NOW_US).await.unwrap();
    let handed_over = NewPlatformFile {
        tracking: number.clone(),
        client: client("lilas"),
        number: number.clone(),
        kind: FileKind::Document,
        route: "platform",
        content: String::new(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.put_platform_file(&handed_over).await.unwrap();
    let status = NewInvoiceStatus {
        number: number.clone(),
        code: 210,
        is_incoming: true,
        at_us: NOW_US,
        reason: Some("é".to_owned()),
        collected: "{\"version\":1,\"collected\":[]}".to_owned(),
        reference: "flow 1 0".to_owned(),
        seen_at_us: NOW_US,
        recorded_at_us: NOW_US,
    };
    assert!(store.record_invoice_status(&status).await.unwrap());
    assert!(!store.record_invoice_status(&status).await.unwrap(), "read again it is the same");
    let notice = SentNotice {
        client: client("lilas"),
        term: day("2027-08-31"),
        sent_on: day("2027-05-10"),
        means: "letter".to_owned(),
        proof: "1A 000".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.record_notice(&notice).await.unwrap();
    store.record_payment(&payment("lilas", Some(&number), None)).await.unwrap();
    fill_books(store, &number).await;
}

/// A direct debit that came and went back, a reminder, a closed month, a push: with their tables.
async fn fill_books(store: &Store, number: &str) {
    let file = CollectionFile {
        id: "ACC-1".to_owned(),
        content: "<Document/>".to_owned(),
        sha256: "0".repeat(64),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    let collection = Collection {
        end_to_end_id: number.to_owned(),
        file: file.id.clone(),
        block: "ACC-1-1".to_owned(),
        client: client("lilas"),
        number: number.to_owned(),
        attempt: 1,
        mandate: "RUM-1".to_owned(),
        sequence: Sequence::First,
        cents: Cents(4680),
        collected_on: day("2026-12-31"),
    };
    store.record_collections(&file, std::slice::from_ref(&collection), &[]).await.unwrap();
    let other = CollectionFile { id: "ACC-2".to_owned(), ..file };
    let twice = Collection { file: other.id.clone(), ..collection };
    assert!(store.record_collections(&other, &[twice], &[]).await.is_err(), "collected by somebody else meanwhile");
    assert_eq!(store.collection_files().await.unwrap().len(), 1, "nothing of it is kept");
    let came = movement("came", 4680, "");
    let bank_file = BankFile {
        sha256: came.file.clone(),
        kind: "camt.053".to_owned(),
        message: "S1".to_owned(),
        name: "s1.xml".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    assert_eq!(store.record_bank_file(&bank_file, &[came.clone(), came.clone()]).await.unwrap(), 1);
    assert_eq!(store.record_bank_file(&bank_file, &[came]).await.unwrap(), 0, "a second time nothing is new");
    let decided = Decided {
        how: How::Collected,
        client: Some(client("lilas")),
        fee: Cents(0),
        words: "collected".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    let news = News {
        end_to_end_id: number.to_owned(),
        kind: NewsKind::Settled,
        on: day("2026-12-31"),
        code: String::new(),
        payment: None,
        at_us: NOW_US,
    };
    let made = Made { payment: payment("lilas", Some(number), None), news: Some(news) };
    let positions = store.decide_movement(1, &decided, std::slice::from_ref(&made)).await.unwrap();
    let again = store.decide_movement(1, &decided, &[made]).await.unwrap_err().to_string();
    assert!(again.contains("decided already"), "{again}");
    assert_eq!(store.collection_news(&Scope::Staff).await.unwrap()[0].payment, Some(positions[0]));
    let reminder = SentReminder {
        client: client("lilas"),
        number: number.to_owned(),
        level: 1,
        sent_on: day("2027-01-08"),
        means: "letter".to_owned(),
        open: Cents(4680),
        interest: Some(Cents(12)),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.record_reminders(std::slice::from_ref(&reminder), &[]).await.unwrap();
    assert!(store.record_reminders(&[reminder], &[]).await.is_err(), "each level once");
    let closed = ClosedMonth {
        month: Month::parse("2026-12").unwrap(),
        record: serde_json::json!({ "version": 1 }),
        sha256: "0".repeat(64),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.close_month(&closed).await.unwrap();
    assert!(store.close_month(&closed).await.is_err(), "closed once");
    assert_eq!(store.closed_months().await.unwrap(), [closed]);
    let push = Push { kind: PushKind::Document, ours: number.to_owned(), theirs: "7".to_owned(), at_us: NOW_US };
    store.record_push(&push).await.unwrap();
    store.record_push(&Push { theirs: "8".to_owned(), ..push.clone() }).await.unwrap();
    assert_eq!(store.pushes().await.unwrap(), [push], "the first record stays");
}

fn movement(identity: &str, cents: i64, code: &str) -> NewMovement {
    NewMovement {
        identity: identity.to_owned(),
        file: "f".repeat(64),
        booked_on: day("2026-12-31"),
        cents: Cents(cents),
        end_to_end_id: "F2026-00001".to_owned(),
        block: String::new(),
        words: String::new(),
        counterparty: String::new(),
        counterparty_iban: String::new(),
        code: code.to_owned(),
    }
}

pub fn payment(who: &str, number: Option<&str>, reverses: Option<i64>) -> NewPayment {
    NewPayment {
        client: client(who),
        number: number.map(str::to_owned),
        movement: if reverses.is_some() { Movement::Return } else { Movement::Payment },
        cents: Cents(4680),
        moved_on: day("2026-12-10"),
        means: "transfer".to_owned(),
        reference: "VIR 1".to_owned(),
        reverses,
        by: "ana".to_owned(),
        at_us: NOW_US,
    }
}

pub fn support_entry(who: &str, corrects: Option<i64>, minutes: i64) -> NewSupportEntry {
    NewSupportEntry {
        client: client(who),
        kind: SupportKind::Help,
        started_at_us: NOW_US,
        minutes,
        words: "Partage d'un calendrier".to_owned(),
        not_accounted: None,
        corrects,
        reason: corrects.map(|_| "mistyped".to_owned()),
        by: "ana".to_owned(),
        at_us: NOW_US,
    }
}

/// R19.
pub async fn numbers_have_no_gap_and_follow_the_date(bench: &Bench) {
    let store = bench.store().await;
    let refused = |result: Result<String, StoreError>| matches!(result, Err(StoreError::Conflict { .. }));
    assert_eq!(issue_one(&store, "a", "m:a:11", "2026-12-01", 0).await.unwrap(), "F2026-00001");
    assert_eq!(issue_one(&store, "b", "m:b:11", "2026-12-02", 0).await.unwrap(), "F2026-00002");
    assert!(refused(issue_one(&store, "c", "m:c:11", "2026-12-01", 0).await), "back-dated");
    assert!(refused(issue_one(&store, "a", "m:a:11", "2026-12-02", 1).await), "the same occasion again");
    assert!(refused(issue_one(&store, "b", "m:b:12", "2026-12-02", 0).await), "billed meanwhile (R24)");
    assert_eq!(
        issue_one(&store, "c", "m:c:11", "2026-12-02", 0).await.unwrap(),
        "F2026-00003",
        "nothing took a number"
    );
    assert_eq!(issue_one(&store, "a", "m:a:12", "2027-01-01", 1).await.unwrap(), "F2027-00001");
    assert!(refused(issue_one(&store, "b", "m:b:12", "2026-12-31", 1).await), "a year that was left");
    let credit = NewDocument {
        series: "A".to_owned(),
        kind: DocumentKind::CreditNote,
        corrects: Some("F2026-00001".to_owned()),
        ..new_document("a", "c:1", "2026-12-03")
    };
    let credit = Issue { client: client("a"), ledger_charges: 2, documents: vec![credit] };
    let issued = store.issue_documents(&credit, &finish).await.unwrap();
    assert_eq!(issued[0].number, "A2026-00001", "another series has its own order");
    assert_eq!(store.invoice(&Scope::Staff, "A2026-00001").await.unwrap(), Some(issued[0].clone()));
}

/// All or none of a client's documents.
pub async fn a_clients_documents_are_issued_together(bench: &Bench) {
    let store = bench.store().await;
    let documents = vec![new_document("a", "same", "2026-12-01"), new_document("a", "same", "2026-12-01")];
    let issue = Issue { client: client("a"), ledger_charges: 0, documents };
    assert!(store.issue_documents(&issue, &finish).await.is_err());
    assert!(numbers(&store).await.is_empty() && store.invoice_series().await.unwrap().is_empty());
}

/// R19: nothing of it ever changes.
pub async fn what_was_issued_cannot_be_changed(bench: &Bench) {
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    fill(&store).await;
    for (table, column) in [
        ("support_entries", "words"),
        ("consents", "words"),
        ("invoices", "document"),
        ("charges", "reference"),
        ("invoice_files", "sha256"),
        ("renewal_notices", "proof"),
        ("payments", "reference"),
        ("collection_files", "content"),
        ("collections", "mandate"),
        ("collection_news", "code"),
        ("bank_files", "name"),
        ("bank_movements", "words"),
        ("bank_decisions", "words"),
        ("reminders", "means"),
        ("closings", "record"),
        ("dolibarr_pushes", "theirs"),
    ] {
        for sql in [format!("UPDATE {table} SET {column} = ''"), format!("DELETE FROM {table}")] {
            let error = execute(&url, &sql).await.expect_err(&sql).to_string();
            assert!(error.contains(&format!("{table} is append-only")), "{sql}: {error}");
        }
    }
}

pub async fn a_client_sees_its_own_billing_only(bench: &Bench) {
    let store = bench.store().await;
    fill(&store).await;
    let (own, other) = (Scope::Client(client("lilas")), Scope::Client(client("autre")));
    assert_eq!(store.support_entries(&own).await.unwrap().len(), 2);
    assert!(store.support_entries(&other).await.unwrap().is_empty());
    assert!(store.consents(&other).await.unwrap().is_empty());
    assert!(store.invoices(&other).await.unwrap().is_empty());
    assert!(store.charges(&other).await.unwrap().is_empty());
    assert!(store.notices(&other).await.unwrap().is_empty());
    assert!(store.payments(&other).await.unwrap().is_empty());
    assert!(store.collections(&other).await.unwrap().is_empty());
    assert!(store.collection_news(&other).await.unwrap().is_empty());
    assert!(store.reminders(&other).await.unwrap().is_empty());
    assert_eq!(store.collections(&own).await.unwrap().len(), 1);
    assert_eq!(store.reminders(&own).await.unwrap().len(), 1);
    assert!(store.invoice_files(&other).await.unwrap().is_empty());
    assert_eq!(store.invoice(&other, "F2026-00001").await.unwrap(), None, "as if it did not exist");
    assert!(store.invoice(&own, "F2026-00001").await.unwrap().is_some());
}

/// R4: a correction names what it corrects, once.
pub async fn corrections_are_appended(bench: &Bench) {
    let store = bench.store().await;
    let first = store.record_support(&support_entry("lilas", None, 90)).await.unwrap();
    let second = store.record_support(&support_entry("lilas", Some(first), 60)).await.unwrap();
    assert!(store.record_support(&support_entry("lilas", Some(first), 30)).await.is_err(), "corrected already");
    assert!(store.record_support(&support_entry("autre", Some(second), 30)).await.is_err(), "another client's");
    assert!(store.record_support(&support_entry("lilas", Some(99), 30)).await.is_err(), "unknown");
    let third = store.record_support(&support_entry("lilas", Some(second), 30)).await.unwrap();
    assert_eq!((first, second, third), (1, 2, 3), "what was refused took no number");
    let book = Book::read(&store, &Scope::Staff).await.unwrap();
    let entries = book.account(&client("lilas")).entries;
    assert_eq!((entries.len(), entries[0].number, entries[0].latest.entry.minutes), (1, 1, 30));
    assert_eq!(entries[0].history[0].entry.minutes, 90, "the first recording stays");
}

pub async fn consent_is_decided_once(bench: &Bench) {
    let store = bench.store().await;
    fill(&store).await;
    let consent = store.consents(&Scope::Staff).await.unwrap().remove(0);
    let refused = Decision { is_approved: false, ..consent.decision.clone().unwrap() };
    assert!(matches!(store.decide_consent(&consent, &refused, None).await, Err(StoreError::Conflict { .. })));
    let book = Book::read(&store, &Scope::Staff).await.unwrap();
    assert_eq!(book.account(&client("lilas")).envelopes()[0].minutes, 120);
}

/// R29: a returned debit reverses the payment once and deletes nothing.
pub async fn a_payment_comes_back_once(bench: &Bench) {
    let store = bench.store().await;
    fill(&store).await;
    let returned = payment("lilas", Some("F2026-00001"), Some(1));
    store.record_payment(&returned).await.unwrap();
    assert!(matches!(store.record_payment(&returned).await, Err(StoreError::Conflict { .. })));
    let cooperative = &crowd(1).cooperative;
    // The document of `fill` is a stand-in: only the movements are looked at.
    assert_eq!(store.payments(&Scope::Staff).await.unwrap().len(), 3);
    assert_eq!(cooperative.billing.due_days, 30);
}

/// R20, R21, R23, S12, S17: a run from end to end.
pub async fn a_run_issues_archives_and_leaves_out(bench: &Bench) {
    let store = bench.store().await;
    let folder = tempfile::tempdir().unwrap();
    let mut inventory = crowd(10);
    let fourth = client("c004");
    inventory.clients.get_mut(&fourth).unwrap().identity.siret = Some("00000202200011".to_owned());
    let quiet: &(dyn Fn(Step<'_>) + Sync) = &|_| {};
    let today = day("2026-12-01");
    let made = draft(&store, &inventory, november(), today, None).await.unwrap();
    assert_eq!((made.clients.len(), made.left_out.len()), (9, 1));
    assert!(made.left_out[0].reason.contains("check digit of SIRET") && made.left_out[0].client == fourth);

    let records = issue(&store, folder.path(), &inventory, november(), FIRST_OF_DECEMBER, quiet).await.unwrap();
    assert_eq!(numbers(&store).await, contiguous(9), "numbered without a hole");
    assert!(records.iter().all(|record| record.issued_on == today), "the day in Paris");
    let again = issue(&store, folder.path(), &inventory, november(), "2026-12-01T00:10:00Z", quiet).await.unwrap();
    assert!(again.is_empty(), "0 new documents");

    inventory.clients.get_mut(&fourth).unwrap().identity.siret = Some("00000202200010".to_owned());
    let mended = issue(&store, folder.path(), &inventory, november(), "2026-12-03T09:00:00Z", quiet).await.unwrap();
    assert_eq!((mended[0].number.as_str(), mended[0].issued_on), ("F2026-00010", day("2026-12-03")));

    // Renamed after issue: what was archived stays, and is the same when it is lost.
    inventory.clients.get_mut(&fourth).unwrap().identity.name = "Autre nom".to_owned();
    let file = store.invoice_files(&Scope::Staff).await.unwrap().remove(0);
    let path = folder.path().join(&file.name);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let archive = Archive::in_folder(folder.path());
    assert_eq!(recover(&store, &archive, NOW_US, false).await.unwrap().files_completed, [file.number]);
    assert!(std::fs::read(&path).unwrap() == bytes, "byte for byte");

    assert_eq!(archive.journal().read().unwrap(), store.invoices(&Scope::Staff).await.unwrap());
}

/// R22: a whole invoice, then nothing more.
pub async fn a_credit_note_never_exceeds_its_original(bench: &Bench) {
    let store = bench.store().await;
    let folder = tempfile::tempdir().unwrap();
    let inventory = crowd(1);
    let quiet: &(dyn Fn(Step<'_>) + Sync) = &|_| {};
    let invoice =
        issue(&store, folder.path(), &inventory, november(), FIRST_OF_DECEMBER, quiet).await.unwrap().remove(0);
    let wish = credit::Wish { number: &invoice.number, lines: &[], amount: None, reason: "Geste", charge_again: false };
    let made = credit::draft(&store, &inventory, &wish, day("2026-12-05")).await.unwrap();
    let archive = Archive::in_folder(folder.path());
    let now: Timestamp = "2026-12-05T09:00:00Z".parse().unwrap();
    let billing = &inventory.cooperative.billing;
    let issuer =
        Issuer { store: &store, archive: &archive, inventory_number: 1, billing, by: "ana", now, observe: quiet };
    let notes =
        issuer.number(&made.client, made.ledger_charges, std::slice::from_ref(&made.document), None).await.unwrap();
    issuer.send(&notes).await.unwrap();
    assert_eq!((notes[0].number.as_str(), notes[0].gross), ("A2026-00001", invoice.gross));
    assert!(credit::draft(&store, &inventory, &wish, day("2026-12-05")).await.is_err(), "nothing is left");
    let twice = issuer.number(&made.client, made.ledger_charges, &[made.document], None).await;
    assert!(twice.is_err(), "a draft that was issued meanwhile");
    let december = Run { month: Month::parse("2026-12").unwrap(), is_final: false };
    let next = issue(&store, folder.path(), &inventory, december, "2027-01-02T09:00:00Z", quiet).await.unwrap();
    assert_eq!(next.len(), 1, "only December: a gesture is not charged again");
    assert_eq!(next[0].charges.iter().map(|one| one.key.month.to_string()).collect::<BTreeSet<_>>().len(), 1);
}

/// R25: a store restored from yesterday.
pub async fn a_store_behind_the_journal_refuses_until_recovered(bench: &Bench) {
    let (store, yesterday) = (bench.store().await, bench.store().await);
    let folder = tempfile::tempdir().unwrap();
    let inventory = crowd(4);
    let quiet: &(dyn Fn(Step<'_>) + Sync) = &|_| {};
    let only_two = {
        let mut inventory = inventory.clone();
        inventory.clients.retain(|id, _| id.as_str() <= "c002");
        inventory
    };
    issue(&store, folder.path(), &only_two, november(), FIRST_OF_DECEMBER, quiet).await.unwrap();
    copy(&store, &yesterday).await.unwrap();
    issue(&store, folder.path(), &inventory, november(), "2026-12-02T09:00:00Z", quiet).await.unwrap();
    let all = store.invoices(&Scope::Staff).await.unwrap();

    let refused = issue(&yesterday, folder.path(), &inventory, november(), "2026-12-03T09:00:00Z", quiet).await;
    assert!(matches!(&refused, Err(BillingError::Behind { count: 2, first }) if first == "F2026-00003"), "{refused:?}");
    assert_eq!(numbers(&yesterday).await.len(), 2, "nothing was issued");
    let archive = Archive::in_folder(folder.path());
    let done = recover(&yesterday, &archive, NOW_US, false).await.unwrap();
    assert_eq!(done.taken_into_store, ["F2026-00003", "F2026-00004"]);
    assert_eq!(yesterday.invoices(&Scope::Staff).await.unwrap(), all, "the very same documents and charges");
    let after = issue(&yesterday, folder.path(), &inventory, november(), "2026-12-03T09:00:00Z", quiet).await.unwrap();
    assert!(after.is_empty(), "nothing is charged twice");
    let december = Run { month: Month::parse("2026-12").unwrap(), is_final: false };
    let next = issue(&yesterday, folder.path(), &only_two, december, "2027-01-01T09:00:00Z", quiet).await.unwrap();
    assert_eq!(next[0].number, "F2027-00001");
    assert_eq!(recover(&yesterday, &archive, NOW_US, false).await.unwrap().taken_into_store, Vec::<String>::new());

    // The other store went on by itself: two documents of one number.
    let diverged = issue(&store, folder.path(), &inventory, december, "2027-01-01T09:00:00Z", quiet).await;
    assert!(matches!(diverged, Err(BillingError::Behind { .. })), "{diverged:?}");
    let elsewhere = tempfile::tempdir().unwrap();
    let missing = issue(&store, elsewhere.path(), &inventory, december, "2027-01-01T09:00:00Z", quiet).await;
    assert!(matches!(missing, Err(BillingError::JournalMissing { .. })), "{missing:?}");
}

fn process(url: &str, folder: &Path, clients: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "store::billing::store_billing_process", "--nocapture"])
        .env(URL_VARIABLE, url)
        .env(ARCHIVE_VARIABLE, folder)
        .env(CLIENTS_VARIABLE, clients.to_string())
        .stdout(Stdio::null());
    command
}

/// S15: killed between any two writes.
pub async fn a_run_killed_at_any_step_is_completed_by_the_next(bench: &Bench) {
    const CLIENTS: usize = 2;
    // Two numbered, the journal, two archived.
    const STEPS: usize = 5;
    let reference = bench.store().await;
    let whole = tempfile::tempdir().unwrap();
    let quiet: &(dyn Fn(Step<'_>) + Sync) = &|_| {};
    issue(&reference, whole.path(), &crowd(CLIENTS), november(), FIRST_OF_DECEMBER, quiet).await.unwrap();
    let expected = reference.invoices(&Scope::Staff).await.unwrap();
    for step in 1..=STEPS {
        let url = bench.url().await;
        let store = Store::open(&url).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut dying = process(&url, folder.path(), CLIENTS);
        let status = dying.env(DIES_VARIABLE, step.to_string()).status().unwrap();
        assert!(!status.success(), "killed at step {step}");
        assert!(process(&url, folder.path(), CLIENTS).status().unwrap().success(), "the next run after step {step}");
        let records = store.invoices(&Scope::Staff).await.unwrap();
        assert_eq!(records, expected, "after step {step}: the same numbers and bytes, no gap, nothing twice");
        let journal = Archive::in_folder(folder.path()).journal().read().unwrap();
        assert_eq!(journal, expected, "after step {step}");
        for record in &expected {
            for extension in ["pdf", "xml"] {
                let name = format!("{}.{extension}", record.number);
                let bytes = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
                assert!(bytes(folder.path()) == bytes(whole.path()), "after step {step}: {name} byte for byte");
            }
        }
    }
}

/// S16: two runs at once.
pub async fn two_processes_issue_each_document_once(bench: &Bench) {
    const CLIENTS: usize = 200;
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut runs: Vec<_> = (0..2).map(|_| process(&url, folder.path(), CLIENTS).spawn().unwrap()).collect();
    for run in &mut runs {
        assert!(run.wait().unwrap().success(), "each works, or finds the other at work");
    }
    assert_eq!(numbers(&store).await, contiguous(CLIENTS));
    let billed: BTreeSet<ClientId> =
        store.invoices(&Scope::Staff).await.unwrap().into_iter().map(|record| record.client).collect();
    assert_eq!(billed.len(), CLIENTS, "each client once");
    assert_eq!(Archive::in_folder(folder.path()).journal().read().unwrap().len(), CLIENTS);
}

/// R22, R25: a credit note that was killed between any two writes has its number once, and is completed.
pub async fn a_credit_killed_at_any_step_is_completed_by_the_next(bench: &Bench) {
    // The number, the journal, the archive.
    const STEPS: usize = 3;
    for step in 1..=STEPS {
        let url = bench.url().await;
        let store = Store::open(&url).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(process(&url, folder.path(), 1).status().unwrap().success());
        let mut dying = process(&url, folder.path(), 1);
        let status = dying.env(WORK_VARIABLE, "credit").env(DIES_VARIABLE, step.to_string()).status().unwrap();
        assert!(!status.success(), "killed at step {step}");
        let next = process(&url, folder.path(), 1).env(WORK_VARIABLE, "credit").status().unwrap();
        assert!(!next.success(), "nothing is left to credit after step {step}");
        // Issued at one moment: in the order of their series.
        let records = store.invoices(&Scope::Staff).await.unwrap();
        let numbers: Vec<&str> = records.iter().map(|record| record.number.as_str()).collect();
        assert_eq!(numbers, ["A2026-00001", "F2026-00001"], "after step {step}: once, no gap");
        let mut journal = Archive::in_folder(folder.path()).journal().read().unwrap();
        journal.sort_by(|one, other| one.number.cmp(&other.number));
        assert_eq!(journal, records, "after step {step}");
        for extension in ["pdf", "xml"] {
            assert!(folder.path().join(format!("A2026-00001.{extension}")).exists(), "after step {step}");
        }
    }
}

/// R20: sending that was killed between any two mails, or before any was handed over, sends each once.
pub async fn sending_killed_at_any_step_sends_each_mail_once(bench: &Bench) {
    const CLIENTS: usize = 3;
    for step in 1..=CLIENTS + 1 {
        let url = bench.url().await;
        let store = Store::open(&url).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(process(&url, folder.path(), CLIENTS).status().unwrap().success());
        let mut dying = process(&url, folder.path(), CLIENTS);
        let status = dying.env(WORK_VARIABLE, "send").env(DIES_VARIABLE, step.to_string()).status().unwrap();
        assert!(!status.success(), "killed at step {step}");
        assert!(process(&url, folder.path(), CLIENTS).env(WORK_VARIABLE, "send").status().unwrap().success());
        let mails = store.mails(&Scope::Staff, None, None).await.unwrap();
        let about: BTreeSet<_> = mails.iter().filter_map(|mail| mail.about.clone()).collect();
        assert_eq!((mails.len(), about.len()), (CLIENTS, CLIENTS), "after step {step}: one for each document");
        assert!(mails.iter().all(|mail| mail.state == MailState::Sent && mail.attempts == 1), "after step {step}");
        assert_eq!(std::fs::read_dir(folder.path().join("mail")).unwrap().count(), CLIENTS, "after step {step}");
    }
}

/// Credits the whole of the first invoice, as the command line does.
async fn credit_first(store: &Store, folder: &Path, inventory: &Inventory, observe: &(dyn Fn() + Sync)) {
    let now: Timestamp = FIRST_OF_DECEMBER.parse().unwrap();
    let archive = Archive::in_folder(folder);
    let billing = &inventory.cooperative.billing;
    let told = |_: Step<'_>| observe();
    let issuer = Issuer { store, archive: &archive, inventory_number: 1, billing, by: "ana", now, observe: &told };
    issuer.prepare().await.unwrap();
    let wish = credit::Wish { number: "F2026-00001", lines: &[], amount: None, reason: "geste", charge_again: false };
    let made = credit::draft(store, inventory, &wish, day("2026-12-01")).await.unwrap();
    let records = issuer.number(&made.client, made.ledger_charges, &[made.document], None).await.unwrap();
    observe();
    issuer.send(&records).await.unwrap();
}

/// Sends every document, as the command line does, into a folder.
async fn send_all(store: &Store, folder: &Path, inventory: &Inventory, observe: &(dyn Fn() + Sync)) {
    // Before whatever this machine's clock says: the mails are due.
    let now: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let archive = Archive::in_folder(folder);
    archive.journal().reconcile(store).await.unwrap();
    let desk = send::Desk { store, archive: &archive, inventory, by: "ana", now };
    for unsent in desk.pending(|_| true).await.unwrap().by_mail {
        desk.put_in(&unsent).await.unwrap();
        observe();
    }
    observe();
    let key = folder.join("key");
    let vault = super::secrets::open(store, &key).await.unwrap();
    let transport = post::Transport::Folder(post::Folder::new(folder.join("mail")));
    let post = post::Post {
        store,
        vault: &vault,
        transport: &transport,
        sender: &post::Sender::of(&inventory.cooperative),
        zone: &accolades::billing::terms::zone(&inventory.cooperative),
        clock: &Clock::System,
        nonce: "test",
    };
    post::deliver(&post, 100).await.unwrap();
}

/// A run in a process of its own; it dies by `kill -9` after a step when it is told to.
#[tokio::test(flavor = "multi_thread")]
async fn store_billing_process() {
    let (Ok(url), Ok(folder)) = (std::env::var(URL_VARIABLE), std::env::var(ARCHIVE_VARIABLE)) else { return };
    let clients: usize = std::env::var(CLIENTS_VARIABLE).unwrap().parse().unwrap();
    let dies_at: Option<usize> = std::env::var(DIES_VARIABLE).ok().map(|step| step.parse().unwrap());
    let store = Store::open(&url).await.unwrap();
    let steps = std::sync::atomic::AtomicUsize::new(0);
    let reached = move || {
        if Some(steps.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1) == dies_at {
            let pid = std::process::id().to_string();
            Command::new("kill").args(["-9", &pid]).status().unwrap();
        }
    };
    let inventory = crowd(clients);
    match std::env::var(WORK_VARIABLE).as_deref() {
        Ok("credit") => return credit_first(&store, Path::new(&folder), &inventory, &reached).await,
        Ok("send") => return send_all(&store, Path::new(&folder), &inventory, &reached).await,
        _ => {}
    }
    let observe = move |_: Step<'_>| reached();
    let issued = issue(&store, Path::new(&folder), &inventory, november(), FIRST_OF_DECEMBER, &observe).await;
    match issued {
        Ok(_) | Err(BillingError::AlreadyRunning { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}
