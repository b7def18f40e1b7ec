//! Worked examples, to the cent. The names say which one.

use accolades::domain::billing::document::{ChargeKind, DocumentKind, Standing, Unit};
use accolades::domain::billing::late::{COMPENSATION, Rates, balance, interest, vat_on_receipts};
use accolades::domain::billing::lawful;
use accolades::domain::billing::support::Envelope;
use accolades::domain::billing::terms::Dated;
use accolades::domain::billing::vat::{Regime, RegimeTerms};
use accolades::domain::legal;
use accolades::domain::money::Cents;

use super::*;

fn key(month: &str, kind: &'static str) -> (String, &'static str) {
    (month.to_owned(), kind)
}

#[test]
fn billing_s1_a_contract_that_starts_on_31_january() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-31", None), ..terms("2026-01-31") });
    life.terms.end = Some(day("2027-01-30"));
    let totals = totals(&life.owed(month("2027-03")));
    assert_eq!(totals[&key("2026-01", "seat")], 126);
    assert_eq!(totals[&key("2026-02", "seat")], 3900, "February is one month, not 0 or 2");
    assert_eq!(totals[&key("2027-01", "seat")], 3774);
    assert_eq!(totals.len(), 13, "no month is charged that is not one");
    assert_eq!(totals.values().sum::<i64>(), 46_800, "twelve times 39.00");

    let three = Life::of(Terms { seats: crowd(3, "2026-01-31", None), ..terms("2026-01-31") });
    assert_eq!(super::totals(&three.owed(month("2026-01")))[&key("2026-01", "seat")], 377, "not 3 x 1.26");
}

/// The seats of June in S2; `leaving` of them until the 20th.
fn june(leaving: usize, minimum_seats: u32) -> Life {
    let mut seats = crowd(5 - leaving.min(2), "2026-06-01", None);
    seats.extend((0..leaving.min(2)).map(|number| seat(&format!("leaver{number}"), "2026-06-01", Some("2026-06-20"))));
    let more = leaving.saturating_sub(2);
    seats.extend(crowd(3 - more, "2026-06-11", None));
    seats.extend((0..more).map(|number| seat(&format!("guest{number}"), "2026-06-11", Some("2026-06-20"))));
    Life::of(Terms { seats, minimum_seats, ..terms("2026-06-01") })
}

#[test]
fn billing_s2_seats_added_and_removed_in_mid_month() {
    let invoice = only(june(2, 0).run("2026-06"));
    let line = &invoice.lines[0];
    assert_eq!((line.quantity.to_string().as_str(), line.unit, line.total), ("190", Unit::Day, Cents(24_700)));
    assert!(line.explanation[0].contains("du 11 au 20\u{a0}: 8 postes"), "{:?}", line.explanation);

    let without_floor = only(june(4, 0).run("2026-06"));
    assert_eq!(without_floor.totals.net, Cents(22_100));
    let with_floor = only(june(4, 5).run("2026-06"));
    assert_eq!(with_floor.totals.net, Cents(23_400));
    let floor = lines_of(&with_floor, ChargeKind::Floor);
    assert_eq!((floor.len(), floor[0].total), (1, Cents(1300)));
    assert!(floor[0].explanation[0].contains("au moins 5 postes"), "the invoice says that it applied");
}

#[test]
fn billing_s3_a_seat_of_one_day() {
    let one_day = vec![seat("ana", "2026-06-10", Some("2026-06-10"))];
    let life = Life::of(Terms { seats: one_day, ..terms("2026-06-01") });
    assert_eq!(totals(&life.owed(month("2026-06")))[&key("2026-06", "seat")], 130);

    // Removed and given again the next day, and by a mistake twice on one day: the same person.
    let again = vec![
        seat("ana", "2026-06-01", Some("2026-06-10")),
        seat("ana", "2026-06-10", Some("2026-06-15")),
        seat("ana", "2026-06-11", None),
    ];
    let life = Life::of(Terms { seats: again, ..terms("2026-06-01") });
    let owed = life.owed(month("2026-06"));
    assert_eq!(owed.charges.values().next().expect("a charge").amount, 30, "not 31 nor 60");
}

/// S6: 19 hours used, then three entries around the end of the contract year.
fn around_the_year(asks: bool) -> Life {
    let mut life = Life::of(Terms { asks_before_overage: asks, ..terms("2025-11-15") });
    life.entries = vec![
        entry(1, "2026-03-02T08:00", 19 * 60),
        entry(2, "2026-11-10T09:00", 180),
        entry(3, "2026-11-14T09:00", 90),
        entry(4, "2026-11-15T09:00", 120),
    ];
    life
}

#[test]
fn billing_s6_the_boundary_of_the_contract_year() {
    let mut life = around_the_year(false);
    let account = life.owed(month("2026-11")).account;
    assert_eq!((account.years[&0].over, account.years[&1].left()), (210, 18 * 60));
    let invoice = only(life.run("2026-11"));
    let line = &invoice.lines[0];
    assert_eq!((line.quantity.to_string().as_str(), line.unit, line.price), ("3.5", Unit::Hour, Cents(6500)));
    let totals = invoice.totals;
    assert_eq!((totals.net, totals.vat, totals.gross), (Cents(22_750), Cents(4550), Cents(27_300)));
}

#[test]
fn billing_s9_a_seat_price_that_changes_at_the_anniversary() {
    let mut life = Life::of(Terms { seats: crowd(5, "2025-11-15", None), ..terms("2025-11-15") });
    life.terms.seat_prices.push(Dated { from: day("2026-11-15"), value: Cents(4200) });
    life.ledger.invoiced_through = Some(month("2026-10"));
    for key in life.owed(month("2026-10")).charges.into_values() {
        let billed = Billed { total: key.total(), amount: key.amount, waived: Cents(0) };
        life.ledger.billed.insert(key.key, billed);
    }
    let invoice = only(life.run("2026-11"));
    let lines: Vec<(i64, String)> = invoice
        .lines
        .iter()
        .map(|line| {
            let period = line.period.expect("a period");
            (line.total.0, format!("{} {}", period.from, period.until))
        })
        .collect();
    assert_eq!(lines, [(9100, "2026-11-01 2026-11-14".to_owned()), (11_200, "2026-11-15 2026-11-30".to_owned())]);
    assert_eq!(invoice.totals.net, Cents(20_300));
}

#[test]
fn billing_s10_the_end_of_summer_time() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), allowance_minutes: 0, ..terms("2026-01-01") });
    // 00:30 to 04:30 in Paris: five hours of life.
    life.entries = vec![entry(1, "2026-10-25T00:30", 300)];
    let totals = totals(&life.owed(month("2026-10")));
    assert_eq!(totals[&key("2026-10", "overage")], 32_500);
    assert_eq!(totals[&key("2026-10", "seat")], 3900, "745 hours, 31 days");
}

#[test]
fn billing_s12_the_month_is_that_of_paris() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    let started: Timestamp = "2026-11-30T23:30:00Z".parse().expect("an instant");
    life.entries = vec![Entry { number: 1, started, minutes: 60, kind: SupportKind::Help, is_accounted: true }];
    assert!(life.run("2026-11").is_empty());
    assert_eq!(only(life.run("2026-12")).totals.net, Cents(6500));
}

#[test]
fn billing_s17_numbers_of_la_poste_need_not_follow_luhn() {
    assert!(legal::siret("35600000000048").is_ok(), "follows Luhn");
    assert!(legal::siret("35600000009075").is_ok(), "its digit sum is a multiple of five");
    assert!(legal::siret("00000202200011").is_err(), "nobody else may");
}

/// S19's invoice: nine seats and two and a half hours.
fn of_455_euros() -> Life {
    let mut life = Life::of(Terms { seats: Vec::new(), allowance_minutes: 0, ..terms("2026-01-01") });
    life.terms.seats = crowd(7, "2026-11-01", None);
    life.terms.seats.extend([seat("half", "2026-11-01", Some("2026-11-15"))]);
    life.entries = vec![entry(1, "2026-11-10T09:00", 150)];
    life
}

#[test]
fn billing_s19_a_credit_note_for_a_partly_paid_invoice() {
    let mut life = of_455_euros();
    let invoice = only(life.run("2026-11"));
    assert_eq!(
        (invoice.totals.net, invoice.totals.vat, invoice.totals.gross),
        (Cents(45_500), Cents(9100), Cents(54_600))
    );
    let paid = Cents(20_000);

    let support = invoice.lines.iter().find(|line| line.kind == ChargeKind::Overage).expect("support");
    let mut partly = of_455_euros();
    partly.run("2026-11");
    let note = partly.credit("F2026-00001", &[support.position]);
    assert_eq!((note.totals.net, note.totals.gross), (Cents(16_250), Cents(19_500)));
    assert_eq!(balance(invoice.totals.gross, note.totals.gross, paid, Cents(0)), Cents(15_100));

    let note = life.credit("F2026-00001", &[]);
    assert_eq!((note.kind.code(), note.totals.gross), (381, Cents(54_600)), "not 346.00 to close it");
    let corrects = note.corrects.as_ref().expect("the original");
    assert_eq!((corrects.number.as_str(), corrects.issued_on), ("F2026-00001", day("2026-12-01")));
    assert!(note.lines.iter().all(|line| line.total.0 > 0 && line.price.0 > 0) && note.payment.is_none());
    assert_eq!(balance(invoice.totals.gross, note.totals.gross, paid, Cents(0)), Cents(-20_000));
    let due = vat_on_receipts(invoice.totals.vat, invoice.totals.gross, paid, Cents(0));
    assert_eq!(due, Cents(3333));
    assert_eq!(vat_on_receipts(invoice.totals.vat, invoice.totals.gross, Cents(0), due), Cents(-3333), "on refund");

    assert!(life.run("2026-12").iter().all(|one| one.lines.iter().all(|line| line.key.month != month("2026-11"))));
}

#[test]
fn billing_s21_a_backdated_entry_after_the_invoice() {
    let mut life = Life::of(terms("2026-01-01"));
    life.entries = vec![entry(1, "2026-03-02T08:00", 19 * 60), entry(2, "2026-10-20T09:00", 180)];
    let october = only(life.run("2026-10"));
    assert_eq!(october.totals.net, Cents(13_000));
    let before = october.clone();
    life.entries.push(entry(3, "2026-10-12T09:00", 120));
    assert!(life.run("2026-10").is_empty(), "a month that was invoiced stays as it is");
    let november = only(life.run("2026-11"));
    let line = &november.lines[0];
    assert_eq!(line.kind, ChargeKind::Regularisation);
    assert_eq!(line.description, "Régularisation d'octobre 2026\u{a0}: assistance au-delà du forfait");
    assert_eq!((line.quantity.to_string().as_str(), line.price, line.total), ("1", Cents(13_000), Cents(13_000)));
    assert!(line.explanation[0].contains("2 h de plus"), "{:?}", line.explanation);
    assert_eq!(life.documents[0], before, "no invoice ever changes");
    assert!(life.run("2026-12").is_empty(), "nothing twice");
}

#[test]
fn billing_s23_an_entry_corrected_down_after_billing() {
    let mut life = Life::of(Terms { allowance_minutes: 1200, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-03-02T08:00", 20 * 60), entry(2, "2026-10-20T09:00", 120)];
    assert_eq!(only(life.run("2026-10")).totals.gross, Cents(15_600));
    life.entries[1].minutes = 30;
    let note = only(life.run("2026-11"));
    assert_eq!(note.kind, DocumentKind::CreditNote);
    assert_eq!((note.totals.net, note.totals.vat, note.totals.gross), (Cents(9750), Cents(1950), Cents(11_700)));
    assert_eq!(note.corrects.as_ref().map(|one| one.number.as_str()), Some("F2026-00001"));
    assert!(note.lines.iter().all(|line| line.price.0 > 0 && line.total.0 > 0));
    assert!(note.lines[0].explanation[0].contains("1 h 30 de moins"), "{:?}", note.lines[0].explanation);
    assert_eq!(life.owed(month("2026-11")).account.years[&0].used, 1230, "the account shows an hour and a half less");
    assert!(life.run("2026-12").is_empty(), "given back once");
}

#[test]
fn billing_s24_a_municipality() {
    let mut town = buyer(Standing::Public);
    town.party.siret = Some("00000202200010".to_owned());
    town.needs_commitment_number = true;
    let hindrances = lawful::of_buyer("mairie", &town);
    assert_eq!(hindrances.len(), 1);
    assert!(hindrances[0].reason.contains("commitment number"), "{hindrances:?}");
    town.commitment_number = Some("EJ-1".to_owned());
    town.service_code = Some("MAIRIE".to_owned());
    assert!(lawful::of_buyer("mairie", &town).is_empty());

    let mut life = of_455_euros();
    life.buyer = town;
    let invoice = only(life.run("2026-11"));
    assert_eq!(invoice.service_code.as_deref(), Some("MAIRIE"));
    assert_eq!(invoice.commitment_number.as_deref(), Some("EJ-1"));
    assert!(invoice.due_words.contains("à compter de la réception"), "{}", invoice.due_words);

    let mut franchise = of_455_euros();
    franchise.seller.regimes = vec![Dated { from: day("2020-01-01"), value: RegimeTerms::usual(Regime::Franchise) }];
    let invoice = only(franchise.run("2026-11"));
    assert_eq!((invoice.totals.vat, invoice.totals.due), (Cents(0), Cents(45_500)));
    let share = &invoice.vat[0];
    assert_eq!((share.category.code(), share.rate_bp), ("E", 0));
    assert_eq!(share.exemption_code.as_deref(), Some("VATEX-FR-FRANCHISE"));

    let rates = [Dated { from: day("2026-01-01"), value: Rates { ecb_bp: 215, legal_bp: None } }];
    let late = |standing| {
        interest(Cents(54_600), standing, day("2026-03-01"), day("2026-03-11"), &rates).expect("a rate is known")
    };
    assert_eq!((late(Standing::Public).interest, late(Standing::Public).compensation), (Cents(152), Cents(4000)));
    assert_eq!((late(Standing::Taxable).interest, COMPENSATION), (Cents(182), Cents(4000)));
}

#[test]
fn billing_s26_regularised_seat_days() {
    let mut life = Life::of(terms("2026-07-01"));
    life.terms.seats = vec![seat("ana", "2026-07-10", Some("2026-07-11"))];
    assert_eq!(only(life.run("2026-07")).totals.net, Cents(252));
    life.terms.seats[0].until = Some(day("2026-07-12"));
    let august = only(life.run("2026-08"));
    let line = &august.lines[0];
    assert_eq!((line.quantity.to_string().as_str(), line.total), ("1", Cents(125)), "1 x 39 / 31 would be 1.26");
    assert!(line.description.starts_with("Régularisation de juillet 2026"), "{}", line.description);
    assert!(line.explanation[0].starts_with("3 jours de poste au lieu de 2"), "{:?}", line.explanation);
}

#[test]
fn billing_s27_regularised_minutes() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-10-05T09:00", 10)];
    let october = only(life.run("2026-10"));
    assert_eq!((october.lines[0].unit, october.totals.net), (Unit::Minute, Cents(1083)));
    life.entries.push(entry(2, "2026-10-06T09:00", 10));
    let line = &only(life.run("2026-11")).lines[0];
    assert_eq!((line.quantity.to_string().as_str(), line.total), ("1", Cents(1084)));
}

#[test]
fn billing_s28_vat_over_partial_credit_notes() {
    let mut life = Life::of(terms("2026-10-01"));
    life.terms.one_offs = ["a", "b", "c"]
        .into_iter()
        .map(|id| accolades::domain::billing::terms::OneOff {
            id: id.to_owned(),
            on: day("2026-10-05"),
            description: format!("Câble {id}"),
            quantity: "1".parse().expect("a quantity"),
            price: Cents(128),
        })
        .collect();
    let invoice = only(life.run("2026-10"));
    assert_eq!((invoice.totals.net, invoice.totals.vat), (Cents(384), Cents(77)));
    let vat: Vec<Cents> = (1..=3).map(|line| life.credit("F2026-00001", &[line]).totals.vat).collect();
    assert_eq!(vat, [Cents(26), Cents(26), Cents(25)], "never 0.78 in all");
    let original = &life.originals[0];
    assert!(credit::chosen(original, &[1], None).is_err() && credit::chosen(original, &[], None).is_err());
}

#[test]
fn billing_s29_consent() {
    let mut life = around_the_year(true);
    assert!(life.run("2026-11").is_empty(), "nothing is charged without consent");
    assert_eq!(life.owed(month("2026-11")).account.waiting[0].minutes, 210);
    let year = day("2025-11-15");
    life.envelopes.push(Envelope { year, price: Cents(6500), minutes: 120, billed_before: BTreeMap::new() });
    assert_eq!(only(life.run("2026-11")).totals.net, Cents(13_000));
    assert_eq!(life.owed(month("2026-11")).account.waiting[0].minutes, 90, "an hour and a half waits");
    assert!(life.run("2026-12").is_empty());
    // The price of the day of work, whatever it is by then.
    life.terms.hour_prices.push(Dated { from: day("2027-01-01"), value: Cents(8000) });
    life.envelopes.push(Envelope { year, price: Cents(6500), minutes: 600, billed_before: BTreeMap::new() });
    assert_eq!(only(life.run("2027-01")).totals.net, Cents(9750));
}

#[test]
fn billing_ten_thousand_seats() {
    let mut life = Life::of(Terms { seats: crowd(10_000, "2026-01-01", None), ..terms("2026-01-01") });
    let line = &only(life.run("2026-01")).lines[0];
    assert_eq!((line.quantity.to_string().as_str(), line.total), ("10000", Cents(39_000_000)));
}

#[test]
fn billing_a_contract_cancelled_on_its_first_day() {
    let mut life = Life::of(Terms { seats: crowd(2, "2026-06-10", None), ..terms("2026-06-10") });
    life.terms.end = Some(day("2026-06-10"));
    life.terms.early_end = EarlyEnd::Free;
    assert_eq!(only(life.run("2026-06")).totals.net, Cents(260), "two seats, one day");
    assert!(life.run("2026-07").is_empty());
}

#[test]
fn billing_no_seats_but_overage() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-02-10T09:00", 60)];
    let invoice = only(life.run("2026-02"));
    assert_eq!((invoice.lines.len(), invoice.totals.net), (1, Cents(6500)));
}
