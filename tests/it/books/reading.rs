//! What a bank's file says, in the forms that banks use (ISO 20022; versions 02 and 08).

use accolades::billing::bank::read::{Content, Report, read};

use super::*;

fn movements(report: Report) -> Vec<(i64, String, String)> {
    let Content::Movements(movements) = report.content else { panic!("movements") };
    movements.into_iter().map(|one| (one.cents.0, one.end_to_end_id, one.code)).collect()
}

fn of(details: &str, cents: i64) -> Vec<(i64, String, String)> {
    let text = camt053(IBAN, "S", &[Booking { on: "2026-12-01", cents, details: details.to_owned() }]);
    movements(read(text.as_bytes(), IBAN).expect("a statement"))
}

fn returned(id: &str, amount: &str, charge: &str) -> String {
    format!(
        "<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>DBIT</CdtDbtInd><Chrgs><Rcrd><Amt Ccy=\"EUR\">{charge}</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>\
         <RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"
    )
}

#[test]
fn books_r29_a_booking_is_read_with_its_parts_when_they_add_up() {
    let two = "<TxDtls><Refs><EndToEndId>A</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt></TxDtls>\
               <TxDtls><Refs><EndToEndId>B</EndToEndId></Refs><Amt Ccy=\"EUR\">2.00</Amt></TxDtls>";
    assert_eq!(of(two, 300), [(100, "A".into(), String::new()), (200, "B".into(), String::new())]);
    assert_eq!(of(two, 301), [(301, String::new(), String::new())], "parts that do not add up are one movement");
    assert_eq!(of("", 300), [(300, String::new(), String::new())]);
    let with_fee = returned("A", "546.00", "4.50");
    assert_eq!(of(&with_fee, -55_050), [(-55_050, "A".into(), "AC04".into())]);
}

#[test]
fn books_r29_pending_bookings_and_other_accounts_are_left_alone() {
    let text = camt053(IBAN, "S", &[Booking { on: "2026-12-01", cents: 100, details: String::new() }]);
    let pending = text.replace("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>");
    assert_eq!(movements(read(pending.as_bytes(), IBAN).expect("a statement")).len(), 0);
    let spaced = text.replace(IBAN, "FR76 3000 6000 0112 3456 7890 189");
    assert!(read(spaced.as_bytes(), IBAN).is_ok());
    assert!(read(text.as_bytes(), "FR7630001007941234567890185").is_err());
    assert!(read(text.replace("EUR", "CHF").as_bytes(), IBAN).is_err(), "only euros");
    assert!(read(b"\xff\xfe", IBAN).is_err() && read(b"", IBAN).is_err());
}

#[test]
fn books_r29_older_versions_of_a_statement_are_read_too() {
    let text = camt053(IBAN, "S", &[Booking { on: "2026-12-01", cents: 100, details: String::new() }])
        .replace("camt.053.001.08", "camt.053.001.02")
        .replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>");
    assert_eq!(movements(read(text.as_bytes(), IBAN).expect("a statement")), [(100, String::new(), String::new())]);
}
