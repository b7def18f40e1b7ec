//! Direct debits, from the notice on the invoice to the retry of a returned one (R29).

use accolades::billing::bank::read::{Content, read};
use accolades::billing::bank::settle::{settle, settle_in};
use accolades::billing::bank::situation::Situation;
use accolades::store::{BankFile, Store};

use super::*;
use crate::oracle;

/// The first text between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    let end = text[start..].find(after).expect("its end");
    &text[start..start + end]
}

/// The whole life: told on the invoice, collected on the due date, returned, collected again, rejected.
#[test]
fn books_r29_a_debit_is_announced_collected_returned_and_tried_again() {
    let mut desk = desk();
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    let (number, gross) = invoice_of(&issued, "atelier-lilas");
    let shown = json(&desk, &["billing", "show", &number]);
    assert_eq!(shown["document"]["payment"]["by"], "direct-debit");
    assert_eq!(shown["document"]["payment"]["collected_on"], "2026-12-31", "the due date, a TARGET day");

    // Four weeks ahead it waits; the town hall and those without a mandate are not even thought of.
    let early = json(&desk, &["billing", "collect", "--draft"]);
    assert_eq!(
        (early["ready"].as_array().map(Vec::len), early["later"][0]["collected_on"].as_str()),
        (Some(0), Some("2026-12-31"))
    );

    desk.move_to("2026-12-20T08:00:00Z");
    let made = json(&desk, &["billing", "collect", "--yes"]);
    assert_eq!(made["total_cents"], gross);
    let one = &made["collections"][0];
    assert_eq!((one["end_to_end_id"].as_str(), one["sequence"].as_str()), (Some(number.as_str()), Some("first")));
    assert_eq!((one["collected_on"].as_str(), one["announced"].as_bool()), (Some("2026-12-31"), Some(true)));
    let text = std::fs::read_to_string(desk.path(made["file"].as_str().expect("a file"))).expect("readable");
    for part in [
        "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08",
        "<SeqTp>FRST</SeqTp>",
        "<ReqdColltnDt>2026-12-31</ReqdColltnDt>",
        "<MndtId>ACC-LILAS-1</MndtId>",
        "<DtOfSgntr>2026-09-01</DtOfSgntr>",
        "FR72ZZZ123456",
        "<TwnNm>Lyon</TwnNm>",
        &format!("<EndToEndId>{number}</EndToEndId>"),
        &format!("<InstdAmt Ccy=\"EUR\">{}</InstdAmt>", euros(gross)),
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("<AdrLine>"), "an address is structured or left away");
    let message = made["id"].as_str().expect("an id").to_owned();

    // Nothing is collected twice.
    let twice = desk.run(&["billing", "collect", "--yes"]);
    assert_eq!(twice.code, 6, "{}", twice.stdout);
    assert!(twice.stdout.contains("is at the bank"), "{}", twice.stdout);

    // It comes, booked as a batch.
    desk.move_to("2027-01-04T08:00:00Z");
    let came = Booking { on: "2026-12-31", cents: gross, details: batch(&format!("{message}-1")) };
    let statement = camt053(IBAN, "S1", &[came]);
    let first = import(&desk, "s1.xml", &statement);
    assert_eq!((first["new"].as_i64(), first["waiting"].as_i64()), (Some(1), Some(0)), "{first}");
    assert_eq!(open(&desk, "atelier-lilas", &number), 0);

    // It goes back, with the bank's fee of 4.50: the invoice is open again, nothing is deleted.
    desk.move_to("2027-01-08T08:00:00Z");
    let details = transaction(&number, "", ("Atelier des Lilas", LILAS_IBAN), "AM04");
    let returned = Booking { on: "2027-01-07", cents: -(gross + 450), details };
    let back = import(&desk, "s2.xml", &camt053(IBAN, "S2", &[returned]));
    assert!(back["told"][0]["words"].as_str().is_some_and(|words| words.contains("a retry is allowed")), "{back}");
    assert_eq!(open(&desk, "atelier-lilas", &number), gross);
    let again = import(&desk, "s2-again.xml", &std::fs::read_to_string(desk.path("s2.xml")).expect("readable"));
    assert_eq!((again["new"].as_i64(), again["told"].as_array().map(Vec::len)), (Some(0), Some(0)));
    assert_eq!(open(&desk, "atelier-lilas", &number), gross, "a second import changes nothing");

    // A retry is asked for, gets a name of its own, and is announced anew; the mandate has had no first collection yet.
    let waits = json(&desk, &["billing", "collect", "--draft"]);
    assert!(waits["left_out"][0]["reason"].as_str().is_some_and(|reason| reason.contains("AM04")), "{waits}");
    let retry = json(&desk, &["billing", "collect", "--again", &number, "--until", "2027-01-31", "--yes"]);
    let one = &retry["collections"][0];
    assert_eq!(one["end_to_end_id"].as_str(), Some(format!("{number}-2").as_str()));
    assert_eq!((one["collected_on"].as_str(), one["sequence"].as_str()), (Some("2027-01-22"), Some("first")));
    assert_eq!(one["announced"], false);
    // What announces it came into the outbox with the file itself (R29).
    let mails = json(&desk, &["mail", "list"])["mails"].clone();
    let notices: Vec<&Value> =
        mails.as_array().expect("a list").iter().filter(|mail| mail["kind"] == "debit-notice").collect();
    let [notice] = notices.as_slice() else { panic!("{mails:#}") };
    assert_eq!(notice["subject"], format!("Avis de prélèvement : {number}"));

    // The bank rejects it before money moves: still open, and this code forbids another one.
    desk.move_to("2027-01-20T08:00:00Z");
    let message = retry["id"].as_str().expect("an id");
    let rejected = import(&desk, "r1.xml", &pain002(message, &format!("{number}-2"), "MD01"));
    assert_eq!(rejected["new"], 1, "{rejected}");
    assert_eq!(import(&desk, "r1.xml", &pain002(message, &format!("{number}-2"), "MD01"))["new"], 0);
    assert_eq!(open(&desk, "atelier-lilas", &number), gross);
    let never = json(&desk, &["billing", "collect", "--again", &number, "--draft"]);
    assert_eq!(never["ready"].as_array().map(Vec::len), Some(0), "{never}");
    let foreign = desk.path("r2.xml");
    std::fs::write(foreign, pain002("ACC-ANOTHER", &number, "AM04")).expect("writable");
    assert_eq!(desk.run(&["billing", "bank", "import", "r2.xml"]).code, 2, "a report on a file that is not ours");
}

/// R29: two mandates and two days make two blocks, and the file is what the schema says.
#[test]
fn books_r29_the_file_is_judged_by_the_schema() {
    let Some(python) = oracle::python() else { return };
    let mut desk = desk();
    desk.replace(
        "inventory/clients/studio-brume.toml",
        "[[contacts]]",
        "[billing.mandate]\nreference = \"ACC-BRUME-1\"\nsigned = 2026-10-01\nscheme = \"b2b\"\nnotice_days = 5\niban = \"FR7630006000011234567890189\"\n\n[[contacts]]",
    );
    desk.replace(
        "inventory/clients/studio-brume.toml",
        "name = \"Studio Brume\"",
        "name = \"Studio « Brume » & Œuvres <éditions>\"",
    );
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    desk.move_to("2026-12-28T08:00:00Z");
    let made = json(&desk, &["billing", "collect", "--yes"]);
    let file = desk.path(made["file"].as_str().expect("a file"));
    let text = std::fs::read_to_string(&file).expect("readable");
    assert_eq!(text.matches("<PmtInf>").count(), 2, "one block per scheme: {text}");
    let sum = invoice_of(&issued, "atelier-lilas").1 + invoice_of(&issued, "studio-brume").1;
    assert_eq!(between(&text, "<CtrlSum>", "</CtrlSum>"), euros(sum));
    assert!(text.contains("<Cd>B2B</Cd>") && text.contains("<Cd>CORE</Cd>"));
    assert!(!text.contains("Œ") && !text.contains('«'), "only what SEPA's characters can write");
    let file = file.display().to_string();
    let judged = oracle::judge(&python, "sepa.py", &[&file]);
    oracle::assert_content(&judged);
}

/// The account of Studio Brume.
const BRUME: (&str, &str) = ("Studio Brume", "FR7630001007941234567890185");

/// The architects' account as a side of a transaction.
const LILAS: (&str, &str) = ("Atelier des Lilas", LILAS_IBAN);

/// The architects' invoice, collected and come; it is 8 January 2027. Its number and amount, and the number of Brume's.
fn collected(desk: &mut Desk) -> (String, i64, String) {
    let issued = json(desk, &["billing", "issue", "2026-11", "--yes"]);
    let (number, gross) = invoice_of(&issued, "atelier-lilas");
    desk.move_to("2026-12-20T08:00:00Z");
    assert_eq!(desk.run(&["billing", "collect", "--yes"]).code, 0);
    desk.move_to("2027-01-08T08:00:00Z");
    let came = Booking { on: "2026-12-31", cents: gross, details: transaction(&number, "", LILAS, "") };
    import(desk, "s1.xml", &camt053(IBAN, "S1", &[came]));
    assert_eq!(open(desk, "atelier-lilas", &number), 0);
    (number, gross, invoice_of(&issued, "studio-brume").0)
}

/// R29: a return that a person recorded is the one that the bank reports later: taken back once, its fee kept, nothing after
/// it held up, and the invoice may be collected again.
#[test]
fn books_r29_a_return_recorded_by_hand_and_reported_later_is_one_return() {
    let mut desk = desk();
    let (number, gross, brume) = collected(&mut desk);
    let by_hand = ["billing", "payment", "return", "1", "--on", "2027-01-07", "--reason", "AM04, sans provision"];
    assert_eq!(desk.run(&by_hand).code, 0);
    assert_eq!(open(&desk, "atelier-lilas", &number), gross);
    let waits = json(&desk, &["billing", "collect", "--draft"]);
    assert!(waits["left_out"][0]["reason"].as_str().is_some_and(|reason| reason.contains("AM04")), "{waits}");

    let before = open(&desk, "studio-brume", &brume);
    let back = Booking { on: "2027-01-07", cents: -(gross + 450), details: transaction(&number, "", LILAS, "AM04") };
    let paid = Booking { on: "2027-01-08", cents: 1_000, details: transaction("NOTPROVIDED", &brume, BRUME, "") };
    let done = import(&desk, "s2.xml", &camt053(IBAN, "S2", &[back, paid]));
    assert_eq!((done["told"].as_array().map(Vec::len), done["waiting"].as_i64()), (Some(2), Some(0)), "{done}");
    assert_eq!(open(&desk, "atelier-lilas", &number), gross, "taken back once");
    assert_eq!(open(&desk, "studio-brume", &brume), before - 1_000);
    // A notification tells it too, without the fee.
    let again = Booking { on: "2027-01-07", cents: -gross, details: transaction(&number, "", LILAS, "AM04") };
    assert_eq!(import(&desk, "n1.xml", &camt054(IBAN, "N1", &[again]))["waiting"], 0);
    let all = json(&desk, &["billing", "bank", "list", "--all"]);
    let fees = all["movements"].as_array().expect("a list").iter().filter_map(|one| one["fee_cents"].as_i64());
    assert_eq!(fees.sum::<i64>(), 450, "the bank's fee stands in the books once: {all}");

    let retry = json(&desk, &["billing", "collect", "--again", &number, "--until", "2027-01-31", "--yes"]);
    assert_eq!(retry["collections"][0]["end_to_end_id"].as_str(), Some(format!("{number}-2").as_str()), "{retry}");
}

/// R29: whoever records something while a file is looked at: that movement is told and stays, the others are decided.
#[tokio::test(flavor = "multi_thread")]
async fn books_r29_a_movement_that_contradicts_what_was_recorded_meanwhile_holds_up_no_other() {
    let mut desk = desk();
    let (number, gross, brume) = collected(&mut desk);
    let store = Store::open(&desk.path("accolades.sqlite").display().to_string()).await.expect("a store");
    let now: jiff::Timestamp = "2027-01-08T08:00:00Z".parse().expect("an instant");
    let mut known = Situation::read(&store, "nadia", now).await.expect("a situation");
    let by_hand = ["billing", "payment", "return", "1", "--on", "2027-01-07", "--reason", "AM04"];
    assert_eq!(desk.run(&by_hand).code, 0);

    let back = Booking { on: "2027-01-07", cents: -gross, details: transaction(&number, "", LILAS, "AM04") };
    let paid = Booking { on: "2027-01-07", cents: 1_000, details: transaction("NOTPROVIDED", &brume, BRUME, "") };
    let report = read(camt053(IBAN, "S2", &[back, paid]).as_bytes(), IBAN).expect("a statement");
    let Content::Movements(movements) = report.content else { panic!("movements") };
    let file = BankFile {
        sha256: movements[0].file.clone(),
        kind: report.kind.to_owned(),
        message: report.message,
        name: "s2.xml".to_owned(),
        by: "nadia".to_owned(),
        at_us: now.as_microsecond(),
    };
    assert_eq!(store.record_bank_file(&file, &movements).await.expect("recorded"), 2);
    let told = settle_in(&store, &mut known).await.expect("it goes on");
    let words: Vec<&str> = told.iter().map(|one| one.words.as_str()).collect();
    assert!(words.len() == 2 && words[0].contains("taken back already") && words[1].contains(&brume), "{words:?}");
    let waiting = store.bank_movements().await.expect("movements").into_iter().filter(|one| one.decision.is_none());
    assert_eq!(waiting.map(|one| one.movement.cents.0).collect::<Vec<_>>(), [-gross], "nothing is lost");
    let told = settle(&store, "nadia", now).await.expect("the next look");
    assert!(told[0].words.contains("recorded by hand"), "{told:?}");
}

/// S19: what was paid for no invoice, or too much for one, pays another when a person says so: no more than is there, and no
/// more than is open.
#[test]
fn books_s19_money_on_the_account_is_set_off_against_an_invoice() {
    let mut desk = desk();
    let (november, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    desk.move_to("2027-01-04T08:00:00Z");
    let (december, _) = invoice_of(&json(&desk, &["billing", "issue", "2026-12", "--yes"]), "studio-brume");
    let record = |cents: i64, more: &[&str]| {
        let amount = euros(cents);
        let arguments = ["billing", "payment", "record", "studio-brume", amount.as_str(), "--on", "2027-01-03"];
        assert_eq!(desk.run(&[&arguments[..], more].concat()).code, 0);
    };
    record(1_000, &[]);
    record(gross + 500, &["--for", &november]);
    let set_off = |cents: i64, more: &[&str]| {
        let amount = euros(cents);
        let arguments = ["billing", "payment", "set-off", "studio-brume", amount.as_str(), "--json"];
        desk.run(&[&arguments[..], more].concat())
    };
    assert_eq!(set_off(1_001, &["--for", &december]).code, 2, "more than was paid for no invoice");
    assert_eq!(set_off(501, &["--for", &december, "--from", &november]).code, 2, "more than was too much");
    assert_eq!(set_off(1, &["--for", &november]).code, 2, "nothing is open of it");
    assert_eq!(set_off(1, &["--for", "F2026-99999"]).code, 2, "no invoice of the client");
    let before = open(&desk, "studio-brume", &december);
    let done = set_off(1_000, &["--for", &december]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let done = set_off(500, &["--for", &december, "--from", &november]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let done: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(
        (done["open_cents"].as_i64(), done["balance_cents"].as_i64()),
        (Some(before - 1_500), Some(before - 1_500))
    );
    assert_eq!(open(&desk, "studio-brume", &november), 0);
    assert_eq!(set_off(1, &["--for", &december]).code, 2, "it is used up");

    let put = done["put"].to_string();
    let back = desk.run(&["billing", "payment", "return", &put, "--on", "2027-01-04", "--reason", "AM04"]);
    assert_eq!(back.code, 2, "no bank can take back what never came from one");
    let account = desk.run(&["billing", "account", "studio-brume"]);
    assert_eq!(account.stdout.matches("set-off ").count(), 4, "{}", account.stdout);
}
