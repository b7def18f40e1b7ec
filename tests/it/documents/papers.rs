//! Statement, contract, mandate, renewal: in both languages, judged as archives, with their words on the page.

use accolades::billing::papers::{
    Between, ContractSheet, MandateForm, RenewalLetter, StatementEntry, SupportStatement,
};
use accolades::domain::billing::document::DocumentLanguage;
use accolades::domain::billing::month::Period;
use accolades::domain::money::Cents;
use accolades::print::Templates;
use jiff::civil::date;

use super::{judged, pages, samples, tool};
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

#[test]
fn documents_of_a_contract_are_sound_archives_in_both_languages() {
    let Some(python) = oracle::python() else { return };
    if tool("qpdf").is_none() {
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
    assert_eq!(files.len(), 10);
    for (name, layers) in files {
        for layer in ["qpdf", "archive"] {
            assert_eq!(layers[layer], serde_json::json!([]), "{name}: {layer}");
        }
    }
}

#[test]
fn documents_of_a_contract_say_what_is_agreed() {
    let expected: [(&str, usize, &[&str]); 5] = [
        (
            "support-statement",
            1,
            &["0 h", "20 h utilisées sur 20 h", "3 h 30 au-delà du forfait", "1 h attendent votre accord", "Formation"],
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
