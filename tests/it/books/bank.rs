//! Statements of the bank: transfers matched on their words, part payments, what waits for a person, what is refused (R30).

use super::*;

/// R30: one transfer for one invoice, a part of another, a cent short, one too many, and one that says nothing.
#[test]
fn books_r30_transfers_are_matched_on_their_words_and_nothing_is_written_off() {
    let mut desk = desk();
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    let (brume, brume_gross) = invoice_of(&issued, "studio-brume");
    let (hall, hall_gross) = invoice_of(&issued, "mairie-valsonne");
    let (claire, claire_gross) = invoice_of(&issued, "claire-voyer");
    desk.move_to("2026-12-20T08:00:00Z");
    let from = |name: &'static str| (name, "FR7630001007941234567890185");
    let bookings = [
        Booking {
            on: "2026-12-10",
            cents: brume_gross - 1,
            details: transaction("NOTPROVIDED", &format!("VIR {}", brume.replace('-', " ")), from("Studio Brume"), ""),
        },
        Booking {
            on: "2026-12-11",
            cents: 1_000,
            details: transaction("NOTPROVIDED", &format!("ACOMPTE {hall}"), from("Valsonne"), ""),
        },
        Booking { on: "2026-12-12", cents: claire_gross + 100, details: transaction(&claire, "", from("Voyer"), "") },
        Booking {
            on: "2026-12-13",
            cents: 5_000,
            details: transaction("NOTPROVIDED", "merci", from("Studio Brume"), ""),
        },
        Booking { on: "2026-12-14", cents: -1_200, details: String::new() },
    ];
    let statement = camt053(IBAN, "S1", &bookings);
    let done = import(&desk, "s1.xml", &statement);
    assert_eq!(
        (done["new"].as_i64(), done["told"].as_array().map(Vec::len), done["waiting"].as_i64()),
        (Some(5), Some(3), Some(2)),
        "{done}"
    );
    assert_eq!(open(&desk, "studio-brume", &brume), 1, "a cent short is open by a cent");
    assert_eq!(open(&desk, "mairie-valsonne", &hall), hall_gross - 1_000);
    assert_eq!(open(&desk, "claire-voyer", &claire), 0);
    let account = json(&desk, &["billing", "account", "claire-voyer"]);
    assert_eq!(account["balance_cents"], -100, "what is too much stays on the account");

    // The same statement, whole and inside another file, and as a notification: nothing new.
    for (name, text) in [
        ("s1.xml", statement.clone()),
        ("s2.xml", camt053(IBAN, "S2", &bookings)),
        ("n1.xml", camt054(IBAN, "N1", &bookings)),
    ] {
        assert_eq!(import(&desk, name, &text)["new"], 0, "{name}");
    }
    // Two equal transfers of one day are two.
    let twice = [bookings[1].details.clone(), bookings[1].details.clone()];
    let twice: Vec<Booking<'_>> =
        twice.into_iter().map(|details| Booking { on: "2026-12-11", cents: 1_000, details }).collect();
    assert_eq!(import(&desk, "s3.xml", &camt053(IBAN, "S3", &twice))["new"], 1);
    assert_eq!(open(&desk, "mairie-valsonne", &hall), hall_gross - 2_000);

    // A person says whose the others are; the account that paid before is suggested.
    let waiting = json(&desk, &["billing", "bank", "list"]);
    let waiting = waiting["movements"].as_array().expect("a list");
    let (silent, out) = (&waiting[0], &waiting[1]);
    assert_eq!(silent["why"], "it names no invoice");
    assert!(silent["likely_client"].is_string(), "{silent}");
    let number = |one: &Value| one["movement"].as_i64().expect("a number").to_string();
    let said = json(&desk, &["billing", "bank", "match", &number(silent), "studio-brume"]);
    assert_eq!(said["state"], "by-hand");
    assert_eq!(open(&desk, "studio-brume", &brume), 0);
    assert_eq!(
        json(&desk, &["billing", "bank", "match", &number(out), "--not-a-client", "loyer"])["state"],
        "set-aside"
    );
    let again = desk.run(&["billing", "bank", "match", &number(out), "studio-brume"]);
    assert_eq!(again.code, 4, "decided once: {}", again.stderr);
    assert_eq!(json(&desk, &["billing", "bank", "list"])["movements"].as_array().map(Vec::len), Some(0));
}

/// R29: what is of another account, or no statement at all, is refused as a whole.
#[test]
fn books_r29_a_file_of_another_account_is_refused() {
    let desk = desk();
    let other = camt053(
        "FR7630001007941234567890185",
        "S1",
        &[Booking { on: "2026-12-01", cents: 100, details: String::new() }],
    );
    for (name, text, words) in [
        ("other.xml", other, "not of"),
        ("page.html", "<html></html>".to_owned(), "no file of a bank"),
        ("cut.xml", camt053(IBAN, "S1", &[])[..200].to_owned(), "cannot be read"),
    ] {
        std::fs::write(desk.path(name), text).expect("writable");
        let answer = desk.run(&["billing", "bank", "import", name]);
        assert_eq!(answer.code, 2, "{name}: {}", answer.stderr);
        assert!(answer.stderr.contains(words), "{name}: {}", answer.stderr);
    }
    assert_eq!(json(&desk, &["billing", "bank", "list", "--all"])["movements"].as_array().map(Vec::len), Some(0));
}

/// R29: whatever the order of files: a return that is imported before the statement in which the money came waits for it.
#[test]
fn books_r29_the_order_of_files_does_not_matter() {
    let mut desk = desk();
    let (number, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "atelier-lilas");
    desk.move_to("2026-12-20T08:00:00Z");
    assert_eq!(desk.run(&["billing", "collect", "--yes"]).code, 0);
    desk.move_to("2027-02-20T08:00:00Z");
    let side = ("Atelier des Lilas", LILAS_IBAN);
    let refund = Booking { on: "2027-02-15", cents: -gross, details: transaction(&number, "", side, "MD06") };
    let came = Booking { on: "2026-12-31", cents: gross, details: transaction(&number, "", side, "") };
    assert_eq!(import(&desk, "s2.xml", &camt053(IBAN, "S2", &[refund]))["waiting"], 1);
    assert_eq!(open(&desk, "atelier-lilas", &number), gross);
    let both = import(&desk, "s1.xml", &camt054(IBAN, "N1", &[came]));
    assert_eq!((both["told"].as_array().map(Vec::len), both["waiting"].as_i64()), (Some(2), Some(0)), "{both}");
    assert_eq!(open(&desk, "atelier-lilas", &number), gross, "came, and was refunded within eight weeks");
    let left = json(&desk, &["billing", "collect", "--draft", "--again", &number]);
    assert!(
        left["left_out"][0]["reason"].as_str().is_some_and(|reason| reason.contains("MD06")),
        "never again: {left}"
    );
}

/// Money that the bank's file brings is told to where the invoice went, with its amount per VAT rate (status 212).
#[test]
fn books_money_from_the_bank_is_told_as_status_212() {
    let mut desk = desk();
    let route = "[billing]\nroute = \"platform\"\n\n[[contacts]]";
    desk.replace("inventory/clients/studio-brume.toml", "[[contacts]]", route);
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    let (number, gross) = invoice_of(&issued, "studio-brume");
    json(&desk, &["billing", "platform", "exchange", "--drop", "drop"]);
    desk.move_to("2026-12-20T08:00:00Z");
    let from = ("Studio Brume", "FR7630001007941234567890185");
    let booking = Booking { on: "2026-12-15", cents: gross, details: transaction(&number, "", from, "") };
    import(&desk, "s1.xml", &camt053(IBAN, "S1", &[booking]));
    json(&desk, &["billing", "platform", "exchange", "--drop", "drop"]);
    let told: Vec<String> = std::fs::read_dir(desk.path("drop/platform/out"))
        .expect("the drop folder")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.to_string_lossy().contains("-212-") && path.extension().is_some_and(|one| one == "xml"))
        .map(|path| std::fs::read_to_string(path).expect("readable"))
        .collect();
    let [status] = told.as_slice() else { panic!("{} files of status 212", told.len()) };
    assert!(status.contains(&number) && status.contains(&euros(gross)), "{status}");
}
