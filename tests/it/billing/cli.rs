//! The month as a bookkeeper types it, with the real binary. It is Monday 23 November 2026.

use serde_json::Value;

use crate::cli::{Desk, assert_session};

fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let answer = desk.run(&[arguments, &["--json"]].concat());
    assert!([0, 6].contains(&answer.code), "{arguments:?}: {}", answer.stderr);
    serde_json::from_str(&answer.stdout).expect("JSON on standard output")
}

#[test]
fn billing_session_of_support() {
    let desk = Desk::accepted();
    assert_session(
        "support",
        &desk.session(&[
            &["support", "log", "atelier-lilas", "1h30", "Partage d'un calendrier", "--at", "2026-11-10 14:00"],
            &[
                "support",
                "log",
                "atelier-lilas",
                "14:00-15:30",
                "Formation aux fichiers",
                "--at",
                "2026-11-12",
                "--kind",
                "training",
            ],
            &["support", "log", "atelier-lilas", "45m", "Certificat", "--not-accounted", "notre erreur"],
            &["support", "log", "atelier-lilas", "90", "Sans unité"],
            &["support", "log", "atelier-lilas", "1h", "Demain", "--at", "2026-11-24 09:00"],
            &["support", "log", "atelier-lillas", "1h", "Faute de frappe"],
            &["support", "correct", "1", "--time", "1h", "--because", "mal noté"],
            &["support", "correct", "9", "--cancel", "--because", "n'existe pas"],
            &["support", "list", "atelier-lilas"],
            &["support", "balance", "atelier-lilas"],
        ]),
    );
    let balance = json(&desk, &["support", "balance", "atelier-lilas"]);
    assert_eq!((&balance["version"], &balance["clients"][0]["year"]["used_minutes"]), (&1.into(), &150.into()));
}

/// A correction is looked at as an entry is: a time alone is of the entry's day, work belongs to a contract and has ended, and
/// a month that was invoiced is named.
#[test]
fn billing_a_correction_has_the_checks_of_an_entry() {
    let desk = Desk::accepted();
    assert_eq!(desk.run(&["billing", "issue", "2026-10", "--yes"]).code, 0);
    let log = ["support", "log", "atelier-lilas", "1h", "Certificat", "--at", "2026-11-10 14:00"];
    assert_eq!(desk.run(&log).code, 0);
    let correct =
        |what: &[&str]| desk.run(&[&["support", "correct", "1"], what, &["--because", "mal noté", "--json"]].concat());
    let earlier = correct(&["--at", "09:00"]);
    assert_eq!(earlier.code, 0, "{}", earlier.stderr);
    assert!(earlier.stdout.contains("begun at 2026-11-10 09:00, before 2026-11-10 14:00"), "{}", earlier.stdout);

    let before = correct(&["--at", "2026-08-31 09:00"]);
    assert_eq!(before.code, 2, "{}", before.stdout);
    assert!(before.stderr.contains("begins on 2026-09-01"), "{}", before.stderr);
    // It is nine o'clock on 23 November.
    assert_eq!(correct(&["--at", "2026-11-23 08:30"]).code, 2, "an hour that is not over");
    assert_eq!(correct(&["--at", "2026-11-23 08:00"]).code, 0);
    assert_eq!(correct(&["--time", "2h"]).code, 2, "nor are two");

    let invoiced = correct(&["--at", "2026-10-20 09:00"]);
    assert!(invoiced.stdout.contains("2026-10 was invoiced already"), "{}", invoiced.stdout);
    let words = correct(&["--words", "Certificats"]);
    assert!(!words.stdout.contains("invoiced already"), "words change no bill: {}", words.stdout);
    let list = json(&desk, &["support", "list", "atelier-lilas"]);
    assert!(list.to_string().contains("2026-10-20T07:00:00Z"), "{list}");
}

/// Work after a contract belongs to none: it is refused, or recorded without being accounted.
#[test]
fn billing_work_after_a_contract_has_ended_is_told() {
    let desk = Desk::accepted();
    desk.replace("inventory/clients/studio-brume.toml", "start = 2026-10-01", "start = 2026-10-01\nend = 2026-10-31");
    let accepted = desk.run(&["inventory", "accept", "--yes"]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    let log = ["support", "log", "studio-brume", "1h", "Export des données", "--at", "2026-11-03 09:00"];
    let refused = desk.run(&log);
    assert_eq!(refused.code, 2, "{}", refused.stdout);
    assert!(refused.stderr.contains("ended on 2026-10-31") && refused.stderr.contains("one_off"), "{}", refused.stderr);
    assert_eq!(desk.run(&[&log[..], &["--not-accounted", "départ"]].concat()).code, 0);
    assert_eq!(desk.run(&["support", "correct", "1", "--accounted", "--because", "si"]).code, 2);
}

#[test]
fn billing_session_of_consent() {
    let desk = Desk::accepted();
    assert_session(
        "consent",
        &desk.session(&[
            &["support", "log", "atelier-lilas", "19h", "Reprise de données", "--at", "2026-11-02 02:00"],
            &["support", "log", "atelier-lilas", "3h", "Reprise de données, suite", "--at", "2026-11-04 09:00"],
            &["support", "consent", "request", "atelier-lilas", "2h", "--words", "Reprise de données"],
            &["support", "consent", "request", "atelier-lilas", "2h", "--price", "70.00"],
            &[
                "support",
                "consent",
                "approve",
                "1",
                "--approver",
                "Cabinet Duval, comptabilité",
                "--how",
                "par courriel",
            ],
            &["support", "consent", "approve", "1", "--approver", "Camille Morel", "--how", "courriel du 9 novembre"],
            &["support", "consent", "refuse", "1", "--approver", "Camille Morel", "--how", "trop tard"],
            &["support", "consent", "list"],
        ]),
    );
}

/// R17: a contract that was pre-approved begins to ask; what it had agreed to in advance leaves a new envelope whole.
#[test]
fn billing_r17_an_envelope_is_for_what_comes_after_it_was_approved() {
    let mut desk = Desk::accepted();
    let log = |desk: &Desk, time: &str, at: &str| {
        let answer = desk.run(&["support", "log", "studio-brume", time, "Reprise de données", "--at", at]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    };
    log(&desk, "20h", "2026-10-05 02:00");
    log(&desk, "2h", "2026-10-07 09:00");
    assert_eq!(json(&desk, &["billing", "issue", "2026-10", "--yes"])["version"], 1);
    desk.replace("inventory/clients/studio-brume.toml", "overage = \"pre-approved\"\n", "");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    log(&desk, "1h", "2026-11-05 09:00");
    desk.move_to("2026-11-24T08:00:00Z");
    assert_eq!(desk.run(&["support", "consent", "request", "studio-brume", "1h", "--words", "La suite"]).code, 0);
    let approve = ["support", "consent", "approve", "1", "--approver", "Malo Kervella", "--how", "courriel"];
    assert_eq!(desk.run(&approve).code, 0);
    let year = json(&desk, &["support", "balance", "studio-brume"])["clients"][0]["year"].clone();
    assert_eq!(
        (year["beyond_minutes"].as_i64(), year["charged_minutes"].as_i64(), year["waiting_minutes"].as_i64()),
        (Some(180), Some(180), Some(0)),
        "{year}"
    );
}

/// R17: an envelope is for one contract year and one price. What is advised of hours that wait asks for theirs, and they are
/// still told of when another year has begun.
#[test]
fn billing_r17_the_advised_request_is_for_the_year_and_the_price_of_what_waits() {
    let mut desk = Desk::new();
    desk.replace(
        "inventory/clients/atelier-lilas.toml",
        "price = \"65.00\"\n",
        "price = \"65.00\"\n\n[[contract.overage_prices]]\nfrom = 2027-03-01\nprice = \"70.00\"\n",
    );
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    desk.move_to("2027-08-30T08:00:00Z");
    let log = |desk: &Desk, time: &str, at: &str| {
        desk.run(&["support", "log", "atelier-lilas", time, "Reprise de données", "--at", at]).stderr
    };
    log(&desk, "20h", "2026-11-02 02:00");
    let older = log(&desk, "1h", "2026-12-02 09:00");
    assert!(older.contains("consent request atelier-lilas 60m --price 65.00`"), "{older}");
    let newer = log(&desk, "2h", "2027-08-27 09:00");
    assert!(newer.contains("consent request atelier-lilas 120m`"), "{newer}");

    // The next contract year has begun.
    desk.move_to("2027-09-02T08:00:00Z");
    let balance = desk.run(&["support", "balance", "atelier-lilas"]).stderr;
    for command in ["60m --year 2026-09-01`", "120m --year 2026-09-01 --price 70.00`"] {
        assert!(balance.contains(&format!("consent request atelier-lilas {command}")), "{command} in {balance}");
    }
    let request =
        ["support", "consent", "request", "atelier-lilas", "120m", "--year", "2026-09-01", "--price", "70.00"];
    assert_eq!(desk.run(&request).code, 0);
    let approve = ["support", "consent", "approve", "1", "--approver", "Camille Morel", "--how", "courriel"];
    assert_eq!(desk.run(&approve).code, 0);
    let balance = desk.run(&["support", "balance", "atelier-lilas"]).stderr;
    assert!(balance.contains("60m") && !balance.contains("120m"), "{balance}");
}

#[test]
fn billing_session_of_a_month() {
    let desk = Desk::accepted();
    desk.replace("inventory/clients/mairie-valsonne.toml", "commitment_number = \"EJ-2026-0117\"\n", "");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    assert_session(
        "month",
        &desk.session(&[
            &["billing", "issue", "2026-11", "--yes"],
            &["billing", "draft", "2026-10"],
            &["billing", "issue", "2026-10"],
            &["billing", "issue", "2026-10", "--yes"],
            &["billing", "issue", "2026-10", "--yes", "--quiet"],
            &["billing", "list"],
            &["billing", "explain", "F2026-00001"],
            &["billing", "explain", "F2026-00009"],
            &["support", "log", "atelier-lilas", "1h", "Oublié", "--at", "2026-10-20 09:00"],
            &["billing", "credit", "F2026-00001", "--line", "1", "--reason", "Geste commercial", "--yes"],
            &["billing", "credit", "F2026-00001", "--line", "1", "--reason", "Encore", "--yes"],
            &["billing", "credit", "A2026-00001", "--reason", "Un avoir", "--yes"],
            &["billing", "payment", "record", "atelier-lilas", "200.00", "--on", "2026-11-20", "--for", "F2026-00001"],
            &["billing", "account", "atelier-lilas"],
            &["billing", "payment", "return", "1", "--on", "2026-11-22", "--reason", "AM04"],
            &["billing", "recover"],
            &["billing", "notice", "list"],
        ]),
    );
    let issued = json(&desk, &["billing", "list"]);
    assert_eq!(issued["version"], 1);
    assert!(desk.path("invoices/issued.jsonl").exists());
}

/// VAT on receipts and interest are reckoned by the days of the movements: none goes back before it came.
#[test]
fn billing_a_payment_does_not_go_back_before_it_came() {
    let desk = Desk::accepted();
    let record = ["billing", "payment", "record", "atelier-lilas", "200.00", "--on", "2026-11-20"];
    assert_eq!(desk.run(&record).code, 0);
    let returned = |on: &str| desk.run(&["billing", "payment", "return", "1", "--on", on, "--reason", "AM04"]);
    let before = returned("2026-11-19");
    assert_eq!(before.code, 2, "{}", before.stdout);
    assert!(before.stderr.contains("payment 1 came on 2026-11-20"), "{}", before.stderr);
    assert_eq!(returned("2026-11-20").code, 0, "on the same day it may");
}

/// R21, S17: left out before numbering, with reason and mend; the next run takes it up.
#[test]
fn billing_a_client_who_is_left_out_makes_the_run_partial() {
    let desk = Desk::accepted();
    desk.replace("inventory/clients/mairie-valsonne.toml", "commitment_number = \"EJ-2026-0117\"\n", "");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let first = desk.run(&["billing", "issue", "2026-10", "--yes", "--json"]);
    assert_eq!(first.code, 6, "{}", first.stderr);
    let first: Value = serde_json::from_str(&first.stdout).expect("JSON");
    assert_eq!(first["left_out"][0]["client"], "mairie-valsonne");
    assert!(first["left_out"][0]["mend"].as_str().is_some_and(|mend| mend.contains("commitment_number")));
    let count = first["issued"].as_array().map_or(0, Vec::len);
    let town = "service_code = \"SECRETARIAT\"\n";
    desk.replace("inventory/clients/mairie-valsonne.toml", town, &format!("{town}commitment_number = \"EJ-2\"\n"));
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let next = json(&desk, &["billing", "issue", "2026-10", "--yes"]);
    assert_eq!(next["issued"][0]["number"], format!("F2026-{:05}", count + 1));
    assert_eq!(next["issued"].as_array().map(Vec::len), Some(1));
}

/// R21, R26: no invoice has days on both sides of a new VAT rate at one of the two.
#[test]
fn billing_a_vat_rate_that_changes_inside_the_month_is_refused_with_its_mend() {
    let desk = Desk::accepted();
    let regimes = "[[billing.vat_regimes]]\nfrom = 2020-01-01\nregime = \"franchise\"\n\n[[billing.vat_regimes]]\nfrom = 2026-10-15\nregime = \"standard\"\n\n[limits]";
    desk.replace("inventory/cooperative.toml", "[limits]", regimes);
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let issued = json(&desk, &["billing", "issue", "2026-10", "--yes"]);
    assert_eq!(issued["issued"].as_array().map(Vec::len), Some(0), "{issued}");
    for left in issued["left_out"].as_array().expect("a list") {
        assert!(left["reason"].as_str().is_some_and(|reason| reason.contains("2026-10-15")), "{left}");
        assert!(left["mend"].as_str().is_some_and(|mend| mend.contains("2026-10-01 or on 2026-11-01")), "{left}");
    }
    desk.replace("inventory/cooperative.toml", "from = 2026-10-15", "from = 2026-10-01");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let issued = json(&desk, &["billing", "issue", "2026-10", "--yes"]);
    assert_eq!(issued["issued"][0]["number"], "F2026-00001");
}

/// An edit that changes a day that was invoiced shows its euros before it is accepted.
#[test]
fn billing_an_edit_of_invoiced_days_shows_its_euros() {
    let desk = Desk::accepted();
    assert_eq!(desk.run(&["billing", "issue", "2026-10", "--yes"]).code, 0);
    desk.replace(
        "inventory/clients/atelier-lilas.toml",
        "person = \"elodie\"\nfrom = 2026-10-01",
        "person = \"elodie\"\nfrom = 2026-10-17",
    );
    let asked = desk.run_with(&["inventory", "accept"], "n\n");
    assert_eq!(asked.code, 1);
    assert!(asked.stderr.contains("This changes days that were invoiced already"), "{}", asked.stderr);
    // Eight seats were 312.00; sixteen days of one less.
    assert!(
        asked.stderr.contains("atelier-lilas 2026-10 seat: 291.87 EUR instead of 312.00 EUR (-20.13 EUR)"),
        "{}",
        asked.stderr
    );
}

/// R24: somebody else at work.
#[tokio::test(flavor = "multi_thread")]
async fn billing_a_second_run_says_that_billing_is_already_running() {
    let desk = Desk::accepted();
    let store =
        accolades::store::Store::open(&desk.path("accolades.sqlite").display().to_string()).await.expect("a store");
    let now = jiff::Timestamp::from_microsecond(crate::cli::NOW_US).expect("an instant");
    let turn = accolades::billing::turn::Turn::take(&store, now, "test").await.expect("the turn");
    let answer = desk.run(&["billing", "issue", "2026-10", "--yes"]);
    assert_eq!(answer.code, 4, "{}", answer.stderr);
    assert!(answer.stderr.contains("billing is already running"), "{}", answer.stderr);
    turn.give_back(&store).await.expect("given back");
    assert_eq!(desk.run(&["billing", "issue", "2026-10", "--yes"]).code, 0);
}
