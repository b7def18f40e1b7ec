//! Direct debits, from the notice on the invoice to the retry of a returned one (R29).

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
