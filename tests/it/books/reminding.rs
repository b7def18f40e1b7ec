//! Reminders: levels at configurable days, interest shown and never charged (R28).

use accolades::billing::remind::level;

use super::*;

#[test]
fn books_r28_levels_begin_on_their_days() {
    let days = [7, 21, 45];
    for (late, expected) in [(0, 0), (6, 0), (7, 1), (20, 1), (21, 2), (44, 2), (45, 3), (400, 3)] {
        assert_eq!(level(late, &days), expected, "{late}");
    }
}

/// R28: each level once, interest of the half-years shown, nothing charged; what is at the bank is not reminded of.
#[test]
fn books_r28_reminders_are_sent_once_per_level_and_charge_nothing() {
    let mut desk = desk();
    let (number, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    desk.move_to("2026-12-20T08:00:00Z");
    assert_eq!(desk.run(&["billing", "collect", "--yes"]).code, 0);
    assert_eq!(json(&desk, &["billing", "remind", "--draft"])["reminders"].as_array().map(Vec::len), Some(0));

    desk.move_to("2027-01-08T08:00:00Z");
    let first = json(&desk, &["billing", "remind", "--yes"]);
    let clients: Vec<&str> =
        first["reminders"].as_array().expect("a list").iter().filter_map(|one| one["client"].as_str()).collect();
    assert_eq!(clients, ["claire-voyer", "mairie-valsonne", "studio-brume"], "the architects' debit is at the bank");
    let brume = &first["reminders"][2];
    assert_eq!((brume["level"].as_i64(), brume["open_cents"].as_i64()), (Some(1), Some(gross)));
    // Due on 31 December: eight days at (2.15 + 10) %.
    let interest = (i128::from(gross) * 1215 * 8 * 2 + 10_000 * 365) / (2 * 10_000 * 365);
    assert_eq!(brume["late"][0]["interest_cents"].as_i64().map(i128::from), Some(interest));
    let letter = std::fs::read(desk.path(brume["file"].as_str().expect("a file"))).expect("readable");
    assert!(letter.starts_with(b"%PDF-"));

    assert_eq!(json(&desk, &["billing", "remind", "--yes"])["reminders"].as_array().map(Vec::len), Some(0), "once");
    // The second level comes fourteen days after the first one was sent, not earlier.
    desk.move_to("2027-01-21T08:00:00Z");
    assert_eq!(json(&desk, &["billing", "remind", "--yes"])["reminders"].as_array().map(Vec::len), Some(0));
    desk.move_to("2027-01-22T08:00:00Z");
    let second = json(&desk, &["billing", "remind", "--client", "studio-brume", "--yes"]);
    assert_eq!(second["reminders"][0]["level"], 2);
    assert_eq!(open(&desk, "studio-brume", &number), gross, "a reminder charges nothing");
    assert_eq!(json(&desk, &["billing", "list"])["documents"].as_array().map(Vec::len), Some(4));
}

/// The statement of account: every line, with what is owed after it; the last one is the balance.
#[test]
fn books_a_statement_of_account_adds_up() {
    let mut desk = desk();
    let (number, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    desk.move_to("2026-12-20T08:00:00Z");
    assert_eq!(
        desk.run(&["billing", "payment", "record", "studio-brume", "10.00", "--on", "2026-12-10", "--for", &number])
            .code,
        0
    );
    let told = json(&desk, &["billing", "statement", "studio-brume"]);
    let lines = told["statement"]["lines"].as_array().expect("a list");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["balance"].as_i64(), Some(gross - 1_000));
    assert_eq!(told["statement"]["balance"].as_i64(), Some(gross - 1_000));
    assert!(std::fs::read(desk.path(told["file"].as_str().expect("a file"))).expect("readable").starts_with(b"%PDF-"));
}

/// Money of 4 January 2027 that names no invoice.
fn pay(desk: &Desk, client: &str, cents: i64) {
    let amount = euros(cents);
    let record = ["billing", "payment", "record", client, amount.as_str(), "--on", "2027-01-04"];
    assert_eq!(desk.run(&record).code, 0);
}

/// R22, R28: money that names no invoice is the client's all the same. It counts for the oldest invoice that nothing else will
/// pay, and nobody is asked for more than is owed.
#[test]
fn books_r28_a_reminder_asks_for_no_more_than_is_owed() {
    let mut desk = desk();
    let november = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    desk.move_to("2026-12-20T08:00:00Z");
    assert_eq!(desk.run(&["billing", "collect", "--yes"]).code, 0);
    desk.move_to("2027-01-04T08:00:00Z");
    let december = json(&desk, &["billing", "issue", "2026-12", "--yes"]);
    let (_, first) = invoice_of(&november, "studio-brume");
    let (second, gross) = invoice_of(&december, "studio-brume");
    let (lilas, lilas_gross) = invoice_of(&december, "atelier-lilas");
    pay(&desk, "studio-brume", first + 100);
    pay(&desk, "atelier-lilas", 5_000);
    desk.move_to("2027-02-15T08:00:00Z");
    let told = json(&desk, &["billing", "remind", "--yes"]);
    let of = |client: &str| -> Value {
        let all = told["reminders"].as_array().expect("a list");
        all.iter().find(|one| one["client"] == client).cloned().expect("a reminder of the client")
    };
    let brume = of("studio-brume");
    assert_eq!(brume["late"].as_array().map(Vec::len), Some(1), "the oldest is paid: {brume}");
    assert_eq!(
        (brume["late"][0]["number"].as_str(), brume["open_cents"].as_i64()),
        (Some(&*second), Some(gross - 100))
    );
    // Twelve days at (2.15 + 10) % of what is left.
    let interest = (i128::from(gross - 100) * 1215 * 12 * 2 + 10_000 * 365) / (2 * 10_000 * 365);
    assert_eq!(brume["late"][0]["interest_cents"].as_i64().map(i128::from), Some(interest));
    // The architects' first invoice is at the bank: what they sent counts for the second.
    let architects = of("atelier-lilas");
    assert_eq!(architects["late"][0]["number"], lilas.as_str());
    assert_eq!(architects["open_cents"].as_i64(), Some(lilas_gross - 5_000));
    let letter = std::fs::read(desk.path(brume["file"].as_str().expect("a file"))).expect("readable");
    assert!(letter.starts_with(b"%PDF-"));
    let account = json(&desk, &["billing", "statement", "studio-brume"]);
    assert_eq!(account["statement"]["late"].as_i64(), Some(gross - 100), "{account}");

    pay(&desk, "studio-brume", gross - 100);
    assert_eq!(
        json(&desk, &["billing", "remind", "--client", "studio-brume", "--draft"])["reminders"],
        serde_json::json!([])
    );
}

/// R28: what was paid late was late until it was paid.
#[test]
fn books_r28_interest_is_of_what_was_open_on_each_day() {
    let mut desk = desk();
    let (number, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    desk.move_to("2027-01-18T08:00:00Z");
    let amount = euros(gross - 1_000);
    let paid =
        ["billing", "payment", "record", "studio-brume", amount.as_str(), "--on", "2027-01-08", "--for", &number];
    assert_eq!(desk.run(&paid).code, 0);
    // Due on 31 December: eight days of the whole, ten of what is left, at (2.15 + 10) %.
    let interest = (i128::from(gross * 8 + 1_000 * 10) * 1215 * 2 + 10_000 * 365) / (2 * 10_000 * 365);
    let account = json(&desk, &["billing", "account", "studio-brume"]);
    let one = &account["invoices"][0];
    assert_eq!((one["days_late"].as_i64(), one["interest_cents"].as_i64().map(i128::from)), (Some(18), Some(interest)));
    let reminder = json(&desk, &["billing", "remind", "--client", "studio-brume", "--draft"])["reminders"][0].clone();
    assert_eq!(reminder["late"][0]["interest_cents"].as_i64().map(i128::from), Some(interest), "{reminder}");
    assert_eq!(reminder["open_cents"], 1_000);
}
