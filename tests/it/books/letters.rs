//! The letters of a morning: alerts of hours, notices of renewal, automatic reminders; each once.

use super::*;

/// The mails that lie in the folder into which they leave: subject and recipients are in their text.
fn mails(desk: &Desk) -> Vec<Value> {
    let answer = json(desk, &["mail", "list"]);
    answer["mails"].as_array().expect("a list").clone()
}

fn of_kind<'a>(mails: &'a [Value], kind: &str) -> Vec<&'a Value> {
    mails.iter().filter(|one| one["kind"] == kind).collect()
}

fn letters(desk: &Desk) -> Value {
    json(desk, &["billing", "letters", "--yes"])["letters"].clone()
}

#[test]
fn books_hours_are_told_at_four_fifths_and_at_the_end_once_each() {
    let mut desk = desk();
    let lilas = "atelier-lilas";
    let log = |desk: &Desk, time: &str| assert_eq!(desk.run(&["support", "log", lilas, time, "Reprise"]).code, 0);
    log(&desk, "15h59");
    assert_eq!(letters(&desk)["hours"].as_array().map(Vec::len), Some(0), "79 %");
    log(&desk, "1m");
    assert_eq!(letters(&desk)["hours"], serde_json::json!([lilas]), "80 %");
    assert_eq!(letters(&desk)["hours"].as_array().map(Vec::len), Some(0), "once");
    desk.move_to("2026-12-02T08:00:00Z");
    assert_eq!(letters(&desk)["hours"].as_array().map(Vec::len), Some(0), "nor the next day");
    log(&desk, "4h");
    assert_eq!(letters(&desk)["hours"], serde_json::json!([lilas]), "100 %");
    assert_eq!(letters(&desk)["hours"].as_array().map(Vec::len), Some(0), "once");

    let mails = mails(&desk);
    let told = of_kind(&mails, "hours-alert");
    let subjects: Vec<&str> = told.iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(subjects, ["Assistance : il vous reste 4 h", "Assistance : vos 20 h sont utilisées"]);
}

/// R11: within the window the notice leaves by itself, once.
#[test]
fn books_r11_a_notice_of_renewal_leaves_within_its_window() {
    let mut desk = desk();
    let listed = json(&desk, &["billing", "notice", "list"]);
    let renewal = &listed["renewals"][0];
    let (client, from) = (renewal["client"].clone(), renewal["send_from"].as_str().expect("a day").to_owned());
    let from: jiff::civil::Date = from.parse().expect("a day");
    desk.move_to(&format!("{}T08:00:00Z", from.yesterday().expect("a day")));
    assert_eq!(letters(&desk)["renewals"].as_array().map(Vec::len), Some(0), "too early to count");
    desk.move_to(&format!("{from}T08:00:00Z"));
    let told = letters(&desk);
    assert!(told["renewals"].as_array().expect("a list").contains(&client), "{told}");
    assert_eq!(letters(&desk)["renewals"].as_array().map(Vec::len), Some(0), "once");
    let again = json(&desk, &["billing", "notice", "list"]);
    let state = again["renewals"].as_array().expect("a list").iter().find(|one| one["client"] == client);
    assert_eq!(state.expect("listed")["state"], "sent", "its sending is the proof");
}

/// R11: what a person gave up is neither sent nor counted as told: it is said each morning, until somebody decides.
#[test]
fn books_r11_a_notice_that_was_given_up_is_said_and_not_counted_as_told() {
    let mut desk = desk();
    let renewal = json(&desk, &["billing", "notice", "list"])["renewals"][0].clone();
    desk.move_to(&format!("{}T08:00:00Z", renewal["send_from"].as_str().expect("a day")));
    // A mail server whose password nobody has set yet: nothing can leave.
    const SERVER: &str = "[mail]\nby = \"smtp\"\nhost = \"127.0.0.1\"\nport = 1\nusername = \"accolades\"\n\n[image]";
    let leave_by = |old: &str, new: &str| {
        desk.replace("inventory/cooperative.toml", old, new);
        assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    };
    leave_by("[image]", SERVER);
    assert_eq!(desk.run(&["billing", "letters", "--yes"]).code, 3, "it says that the password is missing");
    let waiting = mails(&desk);
    let mail =
        of_kind(&waiting, "renewal-notice").into_iter().rfind(|one| one["state"] == "waiting").expect("it waits");
    let number = mail["number"].to_string();
    let client = mail["key"].as_str().and_then(|key| key.split('/').nth(1)).expect("whose").to_owned();
    assert_eq!(desk.run(&["mail", "give-up", &number]).code, 0);
    leave_by(SERVER, "[image]");

    for _ in 0..2 {
        let told = desk.run(&["billing", "letters", "--yes", "--json"]);
        assert_eq!(told.code, 6, "a person has to decide: {}{}", told.stdout, told.stderr);
        let letters: Value = serde_json::from_str(&told.stdout).expect("one document");
        let renewals = letters["letters"]["renewals"].as_array().expect("a list");
        assert!(!renewals.contains(&client.as_str().into()), "{letters}");
        let by_hand = letters["letters"]["by_hand"].to_string();
        assert!(by_hand.contains(&format!("accolades mail resend {number}")), "{by_hand}");
    }
    let sent = desk.run(&["billing", "notice", "send", &client, "--yes"]);
    assert_eq!(sent.code, 6, "{}{}", sent.stdout, sent.stderr);
    assert!(sent.stderr.contains(&format!("accolades mail resend {number}")), "{}", sent.stderr);

    assert_eq!(desk.run(&["mail", "resend", &number]).code, 0);
    let told = json(&desk, &["billing", "letters", "--yes"]);
    assert_eq!(told["letters"]["by_hand"], serde_json::json!([]), "{told}");
    let sent = told["mails"]["sent"].as_array().expect("a list");
    assert!(sent.iter().filter_map(Value::as_i64).any(|one| one.to_string() == number), "{told}");
    assert_eq!(desk.run(&["billing", "letters", "--yes"]).code, 0, "its sending is the proof");
}

/// R28: reminders leave by themselves only where the co-operative says so, and only while the bank's files are fresh.
#[test]
fn books_r28_automatic_reminders_wait_for_the_banks_files() {
    let mut desk = desk();
    let (number, _) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    desk.move_to("2027-01-08T08:00:00Z");
    let by_hand = |letters: &Value| letters["by_hand"][0].as_str().unwrap_or_default().to_owned();
    let told = letters(&desk);
    assert!(by_hand(&told).contains("billing remind"), "a person sends them: {told}");

    desk.replace("inventory/cooperative.toml", "due_days = 30", "due_days = 30\nautomatic_reminders = true");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let told = letters(&desk);
    assert!(by_hand(&told).contains("bank import"), "nobody knows who has paid: {told}");
    assert_eq!(told["reminders"].as_array().map(Vec::len), Some(0));

    import(&desk, "empty.xml", &camt053(IBAN, "EMPTY", &[]));
    let told = letters(&desk);
    assert!(told["reminders"].as_array().expect("a list").contains(&"studio-brume".into()), "{told}");
    assert_eq!(letters(&desk)["reminders"].as_array().map(Vec::len), Some(0), "each level once");
    let mails = mails(&desk);
    let told = of_kind(&mails, "reminder");
    assert!(told.iter().any(|one| one["subject"] == format!("Rappel : {number}")), "{told:#?}");
    // What the record says and what is in the outbox came together, so nothing is left for a person either.
    assert_eq!(json(&desk, &["billing", "remind", "--draft"])["reminders"].as_array().map(Vec::len), Some(0));
}
