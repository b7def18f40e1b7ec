//! Files of life-cycle statuses, written and read.

use accolades::domain::money::Cents;
use accolades::platform::cdar::{self, Between};
use accolades::platform::{Collected, Status};

fn status() -> Status {
    Status {
        number: "F2026-00042".to_owned(),
        code: 212,
        at: "2026-12-15T12:00:00Z".parse().unwrap(),
        reason: Some("un mot & <deux>".to_owned()),
        collected: vec![
            Collected { rate_bp: 2000, gross: Cents(120_000) },
            Collected { rate_bp: 550, gross: Cents(-1055) },
        ],
    }
}

#[test]
fn platform_a_status_comes_back_as_it_was_written() {
    let between = Between {
        seller: ("Les Communs & Cie", "000001016"),
        buyer: ("Atelier <Lilas>", "900000009"),
        address: Some("900000009"),
        issued_on: "2026-12-01".parse().unwrap(),
        type_code: 380,
        id: "F2026-00042-212-7",
    };
    let bytes = cdar::write(&status(), &between).unwrap();
    assert_eq!(cdar::read(&bytes).unwrap(), [status()]);
    assert_eq!(bytes, cdar::write(&status(), &between).unwrap(), "the same bytes");
    let text = String::from_utf8(bytes).unwrap();
    for part in [
        "<ram:ProcessConditionCode>212</ram:ProcessConditionCode>",
        "<ram:TypeCode>MEN</ram:TypeCode>",
        "<ram:ValueAmount currencyID=\"EUR\">1200.00</ram:ValueAmount>",
        "<ram:ValuePercent>20.00</ram:ValuePercent>",
        "<ram:ValueAmount currencyID=\"EUR\">-10.55</ram:ValueAmount>",
        "<ram:ValuePercent>5.50</ram:ValuePercent>",
        "<qdt:DateTimeString format=\"102\">20261201</qdt:DateTimeString>",
        "<ram:URIID schemeID=\"0225\">900000009</ram:URIID>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn platform_what_is_no_status_is_refused_in_words() {
    let root = |inside: &str| {
        format!(
            "<r:CrossDomainAcknowledgementAndResponse xmlns:r=\"x\"><r:AcknowledgementDocument><IssueDateTime><DateTimeString>20261201120000</DateTimeString></IssueDateTime><ReferenceReferencedDocument>{inside}</ReferenceReferencedDocument></r:AcknowledgementDocument></r:CrossDomainAcknowledgementAndResponse>"
        )
    };
    let number = "<IssuerAssignedID>F1</IssuerAssignedID>";
    let code = "<ProcessConditionCode>200</ProcessConditionCode>";
    assert_eq!(cdar::read(root(&format!("{number}{code}")).as_bytes()).unwrap().len(), 1, "the sample is sound");
    let long = "x".repeat(cdar::FILE_BYTES_MAX + 1);
    for (file, why) in [
        (String::new(), "nothing"),
        ("<a/>".to_owned(), "another root"),
        ("not xml <".to_owned(), "not XML"),
        (root(number), "no code"),
        (root(code), "no document"),
        (root(&format!("{number}<ProcessConditionCode>9999</ProcessConditionCode>")), "a code that is none"),
        (root(&format!("{number}<ProcessConditionCode>x</ProcessConditionCode>")), "a code that is none"),
        (root(&format!("{number}{code}")).replace("20261201120000", "20261399"), "a moment that is none"),
        (
            format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", root(&format!("{number}{code}"))),
            "a document type",
        ),
        (root(&format!("{number}{code}"))[..200].to_owned(), "the half of one"),
        (long, "too long"),
    ] {
        assert!(cdar::read(file.as_bytes()).is_err(), "{why}");
    }
    assert!(cdar::read(&[0xff, 0xfe]).is_err(), "not UTF-8");
}
