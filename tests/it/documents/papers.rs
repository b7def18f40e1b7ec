//! Statement, contract, mandate, renewal: in both languages, judged as archives, with their words on the page.

use accolades::billing::papers::{
    AccountLine, AccountStatement, Between, ContractSheet, MandateForm, OpenLine, ReminderLetter, ReminderLine,
    RenewalLetter, StatementEntry, SupportStatement,
};
use accolades::domain::billing::document::DocumentLanguage;
use accolades::domain::billing::month::Period;
use accolades::domain::money::Cents;
use accolades::print::Templates;
use jiff::civil::date;

use super::{judged, pages, samples};
use crate::oracle;

/// The papers of a client with hours beyond the allowance.
pub fn all(language: DocumentLanguage) -> Vec<(&'static str, Vec<u8>)> {
    let (seller, client) = (samples::seller(), samples::buyer());
    let between = Between { language, seller: &seller, client: &client, contract: "atelier-lilas" };
    let templates = Templates::built_in();
    vec![
        ("support-statement", statement().print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("contract", contract().print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("mandate", mandate("core").print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("mandate-b2b", mandate("b2b").print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("renewal", renewal().print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("account-statement", account().print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("reminder", reminder(1).print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("reminder-second", reminder(2).print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
        ("reminder-formal", reminder(3).print(&between, templates).unwrap_or_else(|error| panic!("{error}"))),
    ]
}

fn statement() -> SupportStatement {
    let entry = |day: i8, words: &str, kind: &str, minutes: i64, over: i64| StatementEntry {
        day: date(2026, 11, day),
        words: words.to_owned(),
        kind: kind.to_owned(),
        person: (kind == "training").then(|| "Camille Morel".to_owned()),
        minutes,
        accounted: if kind == "maintenance" { 0 } else { minutes },
        over,
        note: (kind == "maintenance").then(|| "entretien, non compté".to_owned()),
    };
    SupportStatement {
        as_of: date(2026, 11, 30),
        year: Period { from: date(2026, 9, 1), until: date(2027, 8, 31) },
        allowance_minutes: 1200,
        used_minutes: 1200,
        overage_minutes: 210,
        waiting_minutes: 60,
        forecast: None,
        approver: Some("Les heures au-delà du forfait demandent l'accord de Camille Morel.".to_owned()),
        entries: vec![
            entry(3, "Calendriers partagés sur les téléphones", "help", 45, 0),
            entry(9, "Devis et relances dans Dolibarr", "training", 180, 0),
            entry(12, "Reprise des contacts de l'ancien logiciel", "incident", 90, 90),
            entry(18, "Formation à Dolibarr, suite", "training", 120, 120),
            entry(24, "Mise à jour de Nextcloud", "maintenance", 30, 0),
        ],
    }
}

fn contract() -> ContractSheet {
    ContractSheet {
        made_on: date(2026, 8, 20),
        represented_by: Some("Camille Morel, gérante".to_owned()),
        start: date(2026, 9, 1),
        commitment_months: 12,
        first_term: date(2027, 8, 31),
        renewal_months: 12,
        refusal_days: 30,
        seats: 9,
        seat_price: Cents(3900),
        minimum_seats: 5,
        support_minutes: 1200,
        overage_price: Some(Cents(6500)),
        overage_policy: "ask",
        rounding_minutes: 1,
        vat_rate_bp: 2000,
        exemption: None,
        payment_days: 30,
        early_end: "due",
        withdrawal: true,
    }
}

fn mandate(scheme: &'static str) -> MandateForm {
    MandateForm {
        made_on: date(2026, 8, 20),
        scheme,
        reference: "CN-2026-0007".to_owned(),
        creditor_id: "FR72ZZZ123456".to_owned(),
        iban: (scheme == "b2b").then(|| "FR1420041010050500013M02606".to_owned()),
        bic: None,
    }
}

fn renewal() -> RenewalLetter {
    RenewalLetter {
        sent_on: date(2027, 6, 1),
        professional: false,
        start: date(2026, 9, 1),
        ends: date(2027, 8, 31),
        renewed_until: date(2028, 8, 31),
        renewal_months: 12,
        deadline: date(2027, 8, 1),
        refuse_by: "aide@communs-numeriques.example ou à l'adresse ci-dessus".to_owned(),
        price_words: String::new(),
    }
}

fn account() -> AccountStatement {
    let line = |day, kind, number: &str, means: Option<&str>, cents, balance| AccountLine {
        day,
        kind,
        number: Some(number.to_owned()),
        means: means.map(str::to_owned),
        cents: Cents(cents),
        balance: Cents(balance),
    };
    AccountStatement {
        as_of: date(2027, 1, 8),
        lines: vec![
            line(date(2026, 11, 20), "invoice", "F2026-00001", None, 65_520, 65_520),
            line(date(2026, 12, 1), "invoice", "F2026-00005", None, 55_380, 120_900),
            line(date(2026, 12, 2), "credit-note", "A2026-00001", None, -4_680, 116_220),
            line(date(2026, 12, 15), "payment", "F2026-00001", Some("transfer"), -65_520, 50_700),
            line(date(2026, 12, 31), "payment", "F2026-00005", Some("direct-debit"), -50_700, 0),
            line(date(2027, 1, 4), "invoice", "F2027-00001", None, 49_920, 49_920),
            line(date(2027, 1, 7), "return", "F2026-00005", Some("direct-debit"), 50_700, 100_620),
        ],
        open: vec![
            OpenLine {
                number: "F2026-00005".to_owned(),
                issued_on: date(2026, 12, 1),
                due_on: date(2026, 12, 31),
                gross: Cents(55_380),
                open: Cents(50_700),
                days_late: 8,
                collected_on: None,
            },
            OpenLine {
                number: "F2027-00001".to_owned(),
                issued_on: date(2027, 1, 4),
                due_on: date(2027, 2, 3),
                gross: Cents(49_920),
                open: Cents(49_920),
                days_late: 0,
                collected_on: Some(date(2027, 2, 3)),
            },
        ],
        balance: Cents(100_620),
        late: Cents(50_700),
        iban: Some("FR7630006000011234567890189".to_owned()),
        bic: Some("AGRIFRPP".to_owned()),
    }
}

fn reminder(level: usize) -> ReminderLetter {
    let line = |number: &str, due, period, gross, open, days, interest| ReminderLine {
        number: number.to_owned(),
        issued_on: date(2026, 11, 20),
        due_on: due,
        period: Some(period),
        gross: Cents(gross),
        open: Cents(open),
        days,
        interest: Some(Cents(interest)),
    };
    let month = |first: jiff::civil::Date| Period { from: first, until: first.last_of_month() };
    ReminderLetter {
        sent_on: date(2027, 1, 28),
        level,
        is_first: level == 1,
        is_last: level == 3,
        is_public: false,
        open: Cents(111_216),
        on_account: Cents(0),
        interest: Some(Cents(1_182)),
        compensation: Cents(8_000),
        lines: vec![
            line("F2026-00001", date(2026, 12, 20), month(date(2026, 10, 1)), 65_520, 55_836, 39, 725),
            line("F2026-00005", date(2026, 12, 31), month(date(2026, 11, 1)), 55_380, 55_380, 28, 457),
        ],
        iban: Some("FR7630006000011234567890189".to_owned()),
        bic: None,
    }
}

#[test]
fn documents_of_a_contract_are_sound_archives_in_both_languages() {
    let Some(python) = oracle::python() else { return };
    if oracle::tool("qpdf").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for language in [DocumentLanguage::Fr, DocumentLanguage::En] {
        for (name, pdf) in all(language) {
            std::fs::write(folder.path().join(format!("{name}-{language:?}.pdf")), pdf).expect("writable");
        }
    }
    let judged = judged(&python, folder.path());
    let files = judged.as_object().expect("one entry per file");
    assert_eq!(files.len(), 18);
    for (name, layers) in files {
        for layer in ["qpdf", "archive"] {
            assert_eq!(layers[layer], serde_json::json!([]), "{name}: {layer}");
        }
    }
}

#[test]
fn documents_of_a_contract_say_what_is_agreed() {
    let expected: [(&str, usize, &[&str]); 9] = [
        (
            "support-statement",
            1,
            &[
                "0 h",
                "20 h utilisées sur 20 h",
                "3 h 30 au-delà du forfait",
                "1 h attend votre accord et n'est pas facturée",
                "Formation",
            ],
        ),
        (
            "contract",
            2,
            &[
                "39,00 € HT",
                "46,80 € TTC",
                "au moins 5",
                "65,00 € HT",
                "seulement après votre accord",
                "31 août 2027",
                "sauf refus 30 jours avant",
                "L. 221-3",
                "Formulaire de rétractation",
                "Camille Morel, gérante",
            ],
        ),
        ("mandate", 1, &["CN-2026-0007", "FR72ZZZ123456", "huit semaines", "trente-six mois"]),
        ("mandate-b2b", 1, &["entre entreprises", "vous n'avez pas droit au remboursement"]),
        ("renewal", 1, &["31 août 2027", "1er août 2027", "31 août 2028", "L. 215-1", "1er juin 2027"]),
        (
            "account-statement",
            1,
            &["1 006,20", "507,00", "prélevée le 03/02/2027", "8 jours de retard", "repris par la banque"],
        ),
        (
            "reminder",
            1,
            &[
                "Petit rappel",
                "1 112,16",
                "39 jours",
                "octobre 2026",
                "11,82",
                "80,00",
                "Nous ne vous les facturons pas",
            ],
        ),
        ("reminder-second", 1, &["Rappel de paiement", "échéancier"]),
        ("reminder-formal", 1, &["Mise en demeure", "huit jours"]),
    ];
    for ((name, pdf), (expected_name, count, words)) in all(DocumentLanguage::Fr).into_iter().zip(expected) {
        assert_eq!(name, expected_name);
        let Some(pages) = pages(&pdf) else { return };
        assert_eq!(pages.len(), count, "{name}");
        let text = pages.join(" ").replace(['\u{A0}', '\u{202F}'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(text.contains(words), "{name}: `{words}` is missing:\n{text}");
        }
    }
}

/// In French less than two of something is one: "1 h utilisée", not "1 h utilisées".
#[test]
fn documents_of_one_hour_speak_of_one() {
    let (seller, client) = (samples::seller(), samples::buyer());
    let between =
        Between { language: DocumentLanguage::Fr, seller: &seller, client: &client, contract: "atelier-lilas" };
    let one_hour = SupportStatement { allowance_minutes: 60, used_minutes: 60, ..statement() };
    let pdf = one_hour.print(&between, Templates::built_in()).unwrap_or_else(|error| panic!("{error}"));
    let Some(pages) = pages(&pdf) else { return };
    let text = pages.join(" ").replace(['\u{A0}', '\u{202F}'], " ");
    for words in ["1 h utilisée sur 1 h, comprise du", "1 h attend votre accord et n'est pas facturée"] {
        assert!(text.contains(words), "`{words}` is missing:\n{text}");
    }
}
