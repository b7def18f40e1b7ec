//! Journals: entries balance, VAT declared is the VAT of what was paid, and the same facts give the same bytes.

use accolades::domain::accounting::entry::Journal;
use accolades::domain::accounting::fiscal::{Closing, year_of};
use accolades::domain::accounting::replay::{Books, DocumentFact, Facts, FeeFact, MoneyFact, Place, books};
use accolades::domain::accounting::vat::VatStatement;
use accolades::domain::accounting::{Accounts, fec};
use accolades::domain::billing::document::{Corrected, DocumentKind, Issued, VatCategory, VatDue, VatShare};
use accolades::domain::billing::month::Month;
use accolades::domain::billing::vat::vat_on;
use accolades::domain::money::Cents;
use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;

use crate::billing::sample_invoice;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// An instant on a day, later for a greater place.
fn at(on: Date, place: i64) -> i64 {
    on.to_zoned(jiff::tz::TimeZone::UTC).expect("a day").timestamp().as_microsecond() + place
}

/// A document of so much excluding VAT.
fn document(number: &str, on: &str, net: i64, kind: DocumentKind, of: Option<&str>) -> Issued {
    let mut issued = sample_invoice();
    let on = day(on);
    let vat = vat_on(Cents(net), 2000);
    issued.number = number.to_owned();
    issued.kind = kind;
    issued.issued_on = on;
    issued.vat = vec![VatShare {
        category: VatCategory::Standard,
        rate_bp: 2000,
        base: Cents(net),
        vat,
        exemption_text: None,
        exemption_code: None,
    }];
    issued.totals.net = Cents(net);
    issued.totals.vat = vat;
    issued.totals.gross = Cents(net + vat.0);
    issued.corrects = of.map(|number| Corrected { number: number.to_owned(), issued_on: on, reason: String::new() });
    issued.lines.truncate(1);
    issued.lines[0].total = Cents(net);
    issued
}

fn fact(issued: Issued, place: i64) -> DocumentFact {
    let recorded_at_us = at(issued.issued_on, place);
    DocumentFact { client: "lilas".to_owned(), issued, recorded_at_us }
}

fn money(position: i64, number: Option<&str>, cents: i64, on: &str) -> MoneyFact {
    MoneyFact {
        position,
        client: "lilas".to_owned(),
        name: "Atelier des Lilas".to_owned(),
        number: number.map(str::to_owned),
        cents: Cents(cents),
        on: day(on),
        place: Place::Bank,
        label: "Virement".to_owned(),
        recorded_at_us: at(day(on), 50 + position),
    }
}

fn written(facts: &Facts) -> Books {
    books(facts, &Accounts::default(), 12, day("2030-12-31"))
}

fn on_account(books: &Books, account: &str) -> i64 {
    let postings = books.entries.iter().flat_map(|entry| &entry.postings).filter(|one| one.account == account);
    postings.map(|one| one.debit.0 - one.credit.0).sum()
}

/// S19: paid in part, then credited whole. VAT due on the 200 stays due until they are given back.
#[test]
fn books_s19_vat_of_a_part_payment_falls_due_and_comes_back_with_the_refund() {
    let mut facts = Facts::default();
    facts.documents.push(fact(document("F2026-00042", "2026-11-01", 45_500, DocumentKind::Invoice, None), 1));
    facts.money.push(money(1, Some("F2026-00042"), 20_000, "2026-11-10"));
    let paid = written(&facts);
    assert_eq!((on_account(&paid, "44571"), on_account(&paid, "44574")), (-3_333, -9_100 + 3_333));
    facts
        .documents
        .push(fact(document("A2026-00003", "2026-11-20", 45_500, DocumentKind::CreditNote, Some("F2026-00042")), 2));
    let credited = written(&facts);
    assert_eq!((on_account(&credited, "44571"), on_account(&credited, "411")), (-3_333, -20_000));
    facts.money.push(money(2, Some("F2026-00042"), -20_000, "2026-12-02"));
    let given_back = written(&facts);
    for account in ["411", "706", "44571", "44574", "512"] {
        assert_eq!(on_account(&given_back, account), 0, "{account}");
    }
    let december = VatStatement::of(&given_back, Month::of(day("2026-12-01")));
    assert_eq!(december.totals.values().map(|one| one.vat.0).sum::<i64>(), -3_333);
    assert_eq!(given_back.settled.get("F2026-00042"), Some(&day("2026-12-02")));
}

/// Money that came before the invoice that it is for: its VAT falls due with the invoice, and nothing of it is lost.
#[test]
fn books_money_that_came_before_its_invoice_is_declared_with_it() {
    let mut facts = Facts::default();
    facts.money.push(money(1, Some("F2026-00042"), 54_600, "2026-10-20"));
    facts.documents.push(fact(document("F2026-00042", "2026-11-01", 45_500, DocumentKind::Invoice, None), 1));
    let books = written(&facts);
    assert_eq!((on_account(&books, "411"), on_account(&books, "44571"), on_account(&books, "44574")), (0, -9_100, 0));
    let november = VatStatement::of(&books, Month::of(day("2026-11-01")));
    assert_eq!(november.totals.values().map(|one| one.vat.0).sum::<i64>(), 9_100);
}

/// Money for no invoice pays one later: its VAT falls due on that day, and nothing moves at the bank.
#[test]
fn books_what_is_set_off_declares_its_vat_and_moves_nothing_at_the_bank() {
    let mut facts = Facts::default();
    facts.documents.push(fact(document("F2026-00042", "2026-11-01", 45_500, DocumentKind::Invoice, None), 1));
    facts.money.push(money(1, None, 60_000, "2026-11-10"));
    let before = written(&facts);
    assert_eq!((on_account(&before, "44571"), before.unattributed), (0, Cents(60_000)));
    let half = |position, number, cents| MoneyFact {
        place: Place::Account,
        label: "Imputation".to_owned(),
        ..money(position, number, cents, "2026-12-03")
    };
    facts.money.extend([half(2, None, -54_600), half(3, Some("F2026-00042"), 54_600)]);
    let after = written(&facts);
    assert!(after.entries.iter().all(|entry| entry.difference().0 == 0));
    for (account, cents) in [("512", 60_000), ("411", -5_400), ("44571", -9_100), ("44574", 0)] {
        assert_eq!(on_account(&after, account), cents, "{account}");
    }
    let december = VatStatement::of(&after, Month::of(day("2026-12-01")));
    assert_eq!(december.totals.values().map(|one| one.vat.0).sum::<i64>(), 9_100);
    assert_eq!((after.unattributed, after.settled.contains_key("F2026-00042")), (Cents(5_400), true));
}

/// The entry of S19's invoice, on debits and in franchise too; the credit note has the sides swapped.
#[test]
fn books_s19_the_entry_of_an_invoice_is_the_accountants() {
    let sides = |issued: Issued| -> Vec<(String, i64, i64)> {
        let facts = Facts { documents: vec![fact(issued, 1)], ..Facts::default() };
        let books = written(&facts);
        let sales = books.entries.into_iter().find(|entry| entry.journal == Journal::Sales).expect("an entry");
        sales.postings.into_iter().map(|one| (one.account, one.debit.0, one.credit.0)).collect()
    };
    let own = |account: &str, debit, credit| (account.to_owned(), debit, credit);
    let invoice = || document("F2026-00042", "2026-11-01", 45_500, DocumentKind::Invoice, None);
    assert_eq!(sides(invoice()), [own("411", 54_600, 0), own("706", 0, 45_500), own("44574", 0, 9_100)]);
    let debits = Issued { vat_due: VatDue::Debits, ..invoice() };
    assert_eq!(sides(debits), [own("411", 54_600, 0), own("706", 0, 45_500), own("44571", 0, 9_100)]);
    let mut franchise = invoice();
    franchise.vat[0].vat = Cents(0);
    franchise.totals.vat = Cents(0);
    franchise.totals.gross = Cents(45_500);
    assert_eq!(sides(franchise), [own("411", 45_500, 0), own("706", 0, 45_500)]);
    let note = document("A2026-00003", "2026-11-02", 45_500, DocumentKind::CreditNote, Some("F2026-00042"));
    assert_eq!(sides(note), [own("411", 0, 54_600), own("706", 45_500, 0), own("44574", 9_100, 0)]);
}

/// What belongs to a year and is invoiced after its end is accrued at its end, and taken back the next day.
#[test]
fn books_what_is_invoiced_after_the_year_is_accrued_at_its_end() {
    let mut issued = document("F2027-00001", "2027-01-02", 35_100, DocumentKind::Invoice, None);
    issued.lines[0].key.month = Month::of(day("2026-12-01"));
    let facts = Facts { documents: vec![fact(issued, 1)], ..Facts::default() };
    let end = books(&facts, &Accounts::default(), 12, day("2026-12-31"));
    assert_eq!(
        (on_account(&end, "4181"), on_account(&end, "706"), on_account(&end, "44587"), on_account(&end, "411")),
        (42_120, -35_100, -7_020, 0)
    );
    let next = books(&facts, &Accounts::default(), 12, day("2027-12-31"));
    assert_eq!((on_account(&next, "4181"), on_account(&next, "44587"), on_account(&next, "706")), (0, 0, -35_100));
    // Books that were closed before it was issued stay as they are.
    let closing =
        Closing { month: Month::of(day("2026-12-01")), at_us: at(day("2027-01-01"), 0), on: day("2027-01-01") };
    let closed = Facts { closings: vec![closing], ..facts };
    assert!(books(&closed, &Accounts::default(), 12, day("2026-12-31")).entries.is_empty());
}

#[test]
fn books_the_file_has_the_layout_of_the_fec() {
    let mut facts = Facts::default();
    let mut issued = document("F2026-00042", "2026-11-01", 45_500, DocumentKind::Invoice, None);
    issued.buyer.name = "Œuvre | d'art\t\n«Élan» 東 €".to_owned();
    facts.documents.push(fact(issued, 1));
    facts.money.push(money(1, Some("F2026-00042"), 54_600, "2026-11-10"));
    facts.fees.push(FeeFact {
        piece: "F2026-00042".to_owned(),
        cents: Cents(450),
        on: day("2026-11-12"),
        recorded_at_us: at(day("2026-11-12"), 9),
    });
    let year = year_of(day("2026-11-01"), 12);
    assert_eq!(fec::file_name("000001016", year), "000001016FEC20261231.txt");
    let text = fec::write(&written(&facts), year, year);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], fec::COLUMNS);
    assert!(rows.iter().all(|row| row.len() == 18), "{text}");
    let first = &rows[1];
    assert_eq!(
        (first[0], first[3], first[4], first[6], first[8], first[11], first[12]),
        ("VE", "20261101", "411", "lilas", "F2026-00042", "546,00", "0,00")
    );
    assert_eq!((first[13], first[14]), ("F2026-00042", "20261110"), "a settled invoice is lettered");
    let numbers: Vec<u32> = rows[1..].iter().map(|row| row[2].parse().expect("a number")).collect();
    assert!(
        numbers.first() == Some(&1) && numbers.windows(2).all(|two| two[1] == two[0] || two[1] == two[0] + 1),
        "{numbers:?}"
    );
    assert!(!text.contains('|'));
    let bytes = fec::encode("Œuvre «Élan» 東 €", fec::Encoding::Iso8859_15);
    assert_eq!(bytes, [0xBC, b'u', b'v', b'r', b'e', b' ', 0xAB, 0xC9, b'l', b'a', b'n', 0xBB, b' ', b'?', b' ', 0xA4]);
}

/// What may happen to an invoice.
#[derive(Debug, Clone)]
enum Event {
    Pay(i64),
    GiveBack(i64),
    Credit(i64),
    /// Everything that is open is paid.
    Settle,
    Close,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_i64..60_000).prop_map(Event::Pay),
        1 => (1_i64..20_000).prop_map(Event::GiveBack),
        2 => (1_i64..20_000).prop_map(Event::Credit),
        1 => Just(Event::Settle),
        1 => Just(Event::Close),
    ]
}

/// Lets it happen, a few days apart; every third movement is recorded ten days late.
fn facts_of(net: i64, events: &[Event]) -> Facts {
    let mut facts = Facts::default();
    let invoice = document("F2026-00001", "2026-01-05", net, DocumentKind::Invoice, None);
    let mut open = invoice.totals.gross.0;
    let mut left = net;
    facts.documents.push(fact(invoice, 0));
    let mut today = day("2026-01-06");
    for (place, event) in (1_i64..).zip(events) {
        today = today.saturating_add(9.days());
        let on = if place % 3 == 0 { today.saturating_sub(10.days()) } else { today };
        let pay = |facts: &mut Facts, open: &mut i64, cents: i64| {
            let mut one = money(place, Some("F2026-00001"), cents, &on.to_string());
            one.recorded_at_us = at(today, place);
            facts.money.push(one);
            *open -= cents;
        };
        match event {
            Event::Pay(cents) => pay(&mut facts, &mut open, *cents),
            Event::GiveBack(cents) => pay(&mut facts, &mut open, -cents),
            Event::Settle if open > 0 => {
                let rest = open;
                pay(&mut facts, &mut open, rest);
            }
            Event::Settle => {}
            Event::Credit(cents) => {
                let cents = (*cents).min(left);
                if cents > 0 {
                    let number = format!("A2026-{place:05}");
                    let note =
                        document(&number, &today.to_string(), cents, DocumentKind::CreditNote, Some("F2026-00001"));
                    left -= cents;
                    open -= note.totals.gross.0;
                    facts.documents.push(DocumentFact { recorded_at_us: at(today, place), ..fact(note, place) });
                }
            }
            Event::Close => {
                let month = Month::of(today).previous();
                facts.closings.push(Closing { month, at_us: at(today, place), on: today });
            }
        }
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every entry balances; the clients' account is what is owed; both VAT accounts together are the VAT that was invoiced
    /// and not credited; what the statements declare, month by month, is what stands on the account of VAT due; nothing open
    /// means everything declared; the same facts give the same bytes.
    #[test]
    fn books_entries_balance_and_declared_vat_is_the_vat_of_what_was_paid(
        net in 1_i64..90_000,
        events in proptest::collection::vec(event(), 0..14),
    ) {
        let facts = facts_of(net, &events);
        let books = written(&facts);
        for entry in &books.entries {
            prop_assert_eq!(entry.difference(), Cents(0), "{:?}", entry);
        }
        let invoiced: i64 = facts.documents.iter().map(|one| sign(one) * one.issued.totals.gross.0).sum();
        let vat: i64 = facts.documents.iter().map(|one| sign(one) * one.issued.totals.vat.0).sum();
        let received: i64 = facts.money.iter().map(|one| one.cents.0).sum();
        prop_assert_eq!(on_account(&books, "411"), invoiced - received);
        prop_assert_eq!(on_account(&books, "44571") + on_account(&books, "44574"), -vat);
        let months = Month::of(day("2026-01-01")).through(Month::of(day("2030-12-01")));
        let declared: i64 = months
            .flat_map(|month| VatStatement::of(&books, month).totals.into_values().map(|one| one.vat.0).collect::<Vec<_>>())
            .sum();
        prop_assert_eq!(on_account(&books, "44571"), -declared);
        if invoiced == received {
            prop_assert_eq!(declared, vat, "settled");
        }
        let year = year_of(day("2026-01-01"), 12);
        prop_assert_eq!(fec::write(&books, year, year), fec::write(&written(&facts), year, year));
    }

    /// What is closed stays: facts that are recorded later change no entry of a closed month.
    #[test]
    fn books_later_facts_change_no_closed_month(
        net in 1_i64..90_000,
        before in proptest::collection::vec(event(), 1..8),
        after in proptest::collection::vec(event(), 1..8),
    ) {
        let mut events = before;
        events.push(Event::Close);
        let early = facts_of(net, &events);
        let closed = early.closings.iter().map(|one| one.month).max().expect("closed");
        events.extend(after);
        let late = facts_of(net, &events);
        let year = year_of(day("2026-01-01"), 12);
        let of = |facts: &Facts| {
            let books = books(facts, &Accounts::default(), 12, closed.last());
            let all = accolades::domain::billing::month::Period { from: year.from, until: closed.last() };
            fec::write(&books, year, all)
        };
        let early = Facts { closings: late.closings.clone(), ..early };
        prop_assert_eq!(of(&early), of(&late));
    }
}

fn sign(one: &DocumentFact) -> i64 {
    if one.issued.kind == DocumentKind::Invoice { 1 } else { -1 }
}
