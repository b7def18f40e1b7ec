//! One test per rule at least; the names say which one. Those about the store are in `store::billing`, those about what is
//! typed in `cli` here and beside the commands.

use accolades::domain::billing::arithmetic::contradictions;
use accolades::domain::billing::document::{ChargeKind, Corrected, ISSUED_VERSION, Payment, Unit};
use accolades::domain::billing::late::{COMPENSATION, Rates, balance, interest, interest_over};
use accolades::domain::billing::lawful;
use accolades::domain::billing::support::{accounted_minutes, exhausted_on, parts};
use accolades::domain::billing::terms::{OneOff, RenewalNotice};
use accolades::domain::billing::vat::{RegimeTerms, rate_on};
use accolades::domain::billing::years::{
    anniversary, contract_year, early_end, next_renewal, notice_is_sound, renewal, year_index,
};
use accolades::domain::billing::zone;
use accolades::domain::money::Cents;

use super::*;

fn one_off(id: &str, on: &str, cents: i64) -> OneOff {
    OneOff {
        id: id.to_owned(),
        on: day(on),
        description: format!("Prestation {id}"),
        quantity: "1".parse().expect("a quantity"),
        price: Cents(cents),
    }
}

#[test]
fn billing_r2_vat_is_computed_per_rate_and_not_per_line() {
    let mut life = Life::of(terms("2026-10-01"));
    life.terms.one_offs =
        vec![one_off("a", "2026-10-01", 128), one_off("b", "2026-10-01", 128), one_off("c", "2026-10-01", 128)];
    let invoice = only(life.run("2026-10"));
    assert_eq!(
        (invoice.vat.len(), invoice.vat[0].base, invoice.vat[0].vat),
        (1, Cents(384), Cents(77)),
        "not 3 x 0.26"
    );
}

#[test]
fn billing_r3_local_days_and_months_begin_in_paris() {
    let late: Timestamp = "2026-10-31T23:30:00Z".parse().expect("an instant");
    assert_eq!(zone::day(&paris(), late), day("2026-11-01"));
    assert_eq!(zone::day_start(&paris(), day("2026-07-01")).to_string(), "2026-06-30T22:00:00Z");
    assert!(zone::moment(&paris(), "2026-03-29T02:30".parse().expect("a time")).is_err(), "it does not exist");
    let twice = zone::moment(&paris(), "2026-10-25T02:30".parse().expect("a time")).expect("it exists");
    assert!(twice.is_twice && twice.at.to_string() == "2026-10-25T00:30:00Z", "the first one: {twice:?}");
}

#[test]
fn billing_r4_an_entry_is_rounded_up_before_it_is_split_and_the_last_part_takes_the_remainder() {
    let mut terms = terms("2026-01-01");
    terms.accounting[0].value.rounding_minutes = 15;
    let over_midnight = entry(1, "2026-10-31T23:50", 17);
    assert_eq!(accounted_minutes(&terms, &paris(), &over_midnight), 30);
    let minutes: Vec<(String, i64)> =
        parts(&terms, &paris(), &over_midnight).iter().map(|part| (part.month.to_string(), part.minutes)).collect();
    assert_eq!(minutes, [("2026-10".to_owned(), 10), ("2026-11".to_owned(), 20)]);
    assert_eq!(over_midnight.minutes, 17, "raw minutes stay");

    let unaccounted = Entry { is_accounted: false, ..entry(2, "2026-10-05T10:00", 60) };
    assert_eq!(accounted_minutes(&terms, &paris(), &unaccounted), 0);
}

#[test]
fn billing_r4_a_new_way_of_accounting_leaves_what_was_accounted_before() {
    let mut terms = terms("2026-01-01");
    let later = Accounting { rounding_minutes: 30, counted: vec![SupportKind::Incident] };
    terms.accounting.push(Dated { from: day("2026-07-01"), value: later });
    assert_eq!(accounted_minutes(&terms, &paris(), &entry(1, "2026-06-30T10:00", 10)), 10);
    assert_eq!(accounted_minutes(&terms, &paris(), &entry(2, "2026-07-01T10:00", 10)), 0, "help counts no more");
    let incident = Entry { kind: SupportKind::Incident, ..entry(3, "2026-07-01T10:00", 10) };
    assert_eq!(accounted_minutes(&terms, &paris(), &incident), 30);
}

#[test]
fn billing_r5_one_invoice_per_contract_and_month_in_arrears() {
    let mut life = Life::of(Terms { seats: crowd(2, "2026-01-01", None), ..terms("2026-01-01") });
    for month in ["2026-01", "2026-02", "2026-03"] {
        let invoice = only(life.run(month));
        assert_eq!(invoice.totals.net, Cents(7800));
        assert!(life.run(month).is_empty(), "a second run of {month} finds nothing");
        assert!(invoice.issued_on > super::month(month).last());
    }
    assert!(life.run("2026-02").is_empty(), "nor does one of an earlier month");
}

#[test]
fn billing_r6_days_are_summed_before_they_are_priced() {
    let mut life = Life::of(terms("2026-07-01"));
    life.terms.seats = (1..=3).map(|number| seat(&format!("p{number}"), "2026-07-31", None)).collect();
    assert_eq!(only(life.run("2026-07")).totals.net, Cents(377), "one rounding, not 3 x 1.26");
}

#[test]
fn billing_r7_a_whole_month_is_pieces_and_a_part_is_days() {
    let mut life = Life::of(Terms { seats: crowd(4, "2026-05-01", None), ..terms("2026-05-01") });
    let whole = only(life.run("2026-05")).lines.remove(0);
    assert_eq!(
        (whole.quantity.to_string().as_str(), whole.unit.code(), whole.basis.to_string().as_str()),
        ("4", "C62", "1")
    );
    life.terms.seats.push(seat("late", "2026-06-11", None));
    let part = only(life.run("2026-06")).lines.remove(0);
    assert_eq!(
        (part.quantity.to_string().as_str(), part.unit.code(), part.basis.to_string().as_str()),
        ("140", "DAY", "30")
    );
    assert_eq!((part.price, part.total), (Cents(3900), Cents(18_200)));
}

#[test]
fn billing_r8_the_floor_counts_for_each_day_of_the_contract() {
    let mut life = Life::of(Terms { minimum_seats: 2, ..terms("2026-06-11") });
    life.terms.seats = vec![seat("ana", "2026-06-21", None)];
    let invoice = only(life.run("2026-06"));
    let floor = lines_of(&invoice, ChargeKind::Floor)[0];
    assert_eq!(floor.quantity.to_string(), "30", "two seats for ten days, one for ten; none before the contract");
    assert_eq!(invoice.totals.net, Cents(5200), "40 seat-days in all");
}

#[test]
fn billing_r9_a_price_change_splits_the_line_and_a_price_that_returns_is_one_key() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-06-01", None), ..terms("2026-06-01") });
    life.terms.seat_prices.push(Dated { from: day("2026-06-11"), value: Cents(4200) });
    life.terms.seat_prices.push(Dated { from: day("2026-06-21"), value: Cents(3900) });
    let invoice = only(life.run("2026-06"));
    let totals: Vec<i64> = invoice.lines.iter().map(|line| line.total.0).collect();
    assert_eq!(totals, [2600, 1400]);
}

#[test]
fn billing_r10_29_february_clamps_and_comes_back() {
    let start = day("2024-02-29");
    let anniversaries: Vec<String> = (1..=4).map(|year| anniversary(start, year).to_string()).collect();
    assert_eq!(anniversaries, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    for index in 0..8 {
        let (this, next) = (contract_year(start, index), contract_year(start, index + 1));
        assert_eq!(this.until.tomorrow().expect("a day"), next.from, "years tile without gap or overlap");
        assert_eq!((year_index(start, this.from), year_index(start, this.until)), (index, index));
    }
    assert_eq!(year_index(start, day("2023-01-01")), 0);
}

#[test]
fn billing_r11_the_notice_of_renewal_has_its_window() {
    let mut terms = terms("2026-12-01");
    let next = next_renewal(&terms, day("2027-01-15")).expect("a renewal");
    assert_eq!(next.term, day("2027-11-30"));
    assert_eq!(next.deadline, day("2027-10-31"));
    assert_eq!((next.window.from, next.window.until), (day("2027-07-31"), day("2027-09-30")));
    assert!(!notice_is_sound(&terms, &next));
    for (sent_on, sound) in [("2027-07-30", false), ("2027-07-31", true), ("2027-09-30", true), ("2027-10-01", false)] {
        terms.renewal_notices = vec![RenewalNotice { term: next.term, sent_on: day(sent_on) }];
        assert_eq!(notice_is_sound(&terms, &next), sound, "{sent_on}");
    }
    assert_eq!(next_renewal(&terms, day("2027-11-01")).expect("the one after").term, day("2028-11-30"));
    terms.end = Some(day("2027-11-30"));
    assert!(next_renewal(&terms, day("2027-01-15")).is_none(), "it was ended");
}

#[test]
fn billing_r11_a_client_leaves_freely_after_a_missed_notice() {
    let mut terms = terms("2026-01-01");
    terms.end = Some(day("2027-03-31"));
    assert_eq!(early_end(&terms), None, "renewed without a notice");
    let first = renewal(&terms, 0);
    terms.renewal_notices = vec![RenewalNotice { term: first.term, sent_on: first.window.from }];
    assert_eq!(early_end(&terms).expect("the rest").until, day("2027-12-31"), "renewed with one");
    terms.renewal_notices.clear();
    terms.end = Some(day("2026-06-30"));
    assert_eq!(early_end(&terms).expect("the rest").until, day("2026-12-31"), "the first year binds all the same");
}

#[test]
fn billing_r12_the_rest_of_a_commitment_is_charged_month_by_month() {
    let mut life = Life::of(Terms { seats: crowd(3, "2026-01-01", None), minimum_seats: 2, ..terms("2026-01-01") });
    life.terms.seats[0].until = Some(day("2026-09-30"));
    life.terms.end = Some(day("2026-10-15"));
    life.terms.notice = Some(day("2026-09-20"));
    let owed = totals(&life.owed(month("2027-03")));
    let early = |month: &str| owed.get(&(month.to_owned(), "early-end")).copied();
    // Three seats on the day of notice: 16 of 31 days, then two whole months.
    assert_eq!((early("2026-10"), early("2026-11"), early("2026-12")), (Some(6039), Some(11_700), Some(11_700)));
    assert_eq!(early("2027-01"), None);
    life.terms.early_end = EarlyEnd::Free;
    assert!(life.owed(month("2027-03")).charges.keys().all(|key| key.kind != ChargeKind::EarlyEnd));
    life.terms.early_end = EarlyEnd::Charged;
    life.terms.notice = Some(day("2026-12-15"));
    life.terms.end = Some(day("2026-12-31"));
    assert_eq!(early_end(&life.terms), None, "no notice of the renewal was sent: it binds nobody");
    let first = renewal(&life.terms, 0);
    life.terms.renewal_notices = vec![RenewalNotice { term: first.term, sent_on: first.window.from }];
    assert_eq!(early_end(&life.terms).expect("renewed by then").until, day("2027-12-31"), "after the deadline");
}

#[test]
fn billing_r12_a_final_run_charges_the_rest_at_once_and_nothing_twice() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
    life.terms.end = Some(day("2026-10-31"));
    for month in 1..=10 {
        life.run(&format!("2026-{month:02}"));
    }
    let rest = only(life.run_final("2026-10"));
    assert_eq!((rest.lines.len(), rest.totals.net), (2, Cents(7800)), "one line per calendar month");
    for month in ["2026-11", "2026-12", "2027-01"] {
        assert!(life.run(month).is_empty(), "{month}");
    }
    assert_eq!(life.net(), 12 * 3900);
}

#[test]
fn billing_r12_a_contract_that_is_resumed_after_a_final_run_is_billed_month_by_month() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
    life.terms.end = Some(day("2026-10-31"));
    for month in 1..=10 {
        life.run(&format!("2026-{month:02}"));
    }
    assert_eq!(only(life.run_final("2026-10")).totals.net, Cents(7800));
    life.terms.end = None;
    let issued = life.run("2026-11");
    assert_eq!(issued.iter().map(|one| one.kind.code()).collect::<Vec<_>>(), [380, 381]);
    let months: Vec<String> = issued[0].lines.iter().map(|line| line.key.month.to_string()).collect();
    assert_eq!(months, ["2026-11"], "December is not charged in November");
    assert_eq!(issued[1].totals.net, Cents(7800), "the rest of the commitment is no debt any more");
    assert_eq!(only(life.run("2026-12")).totals.net, Cents(3900));
    assert_eq!(life.net(), 12 * 3900);
}

#[test]
fn billing_r13_only_what_counts_uses_the_allowance_and_nothing_is_carried_over() {
    let mut life = Life::of(terms("2026-01-01"));
    let of_kind = |number, kind| Entry { kind, ..entry(number, "2026-02-02T08:00", 300) };
    life.entries = vec![
        of_kind(1, SupportKind::Help),
        of_kind(2, SupportKind::Training),
        of_kind(3, SupportKind::GroupTraining),
        of_kind(4, SupportKind::Incident),
        of_kind(5, SupportKind::Maintenance),
        entry(6, "2027-02-02T08:00", 60),
    ];
    let account = life.owed(month("2027-02")).account;
    assert_eq!((account.years[&0].used, account.years[&0].left()), (1200, 0), "maintenance of ours does not count");
    assert_eq!((account.years[&1].used, account.years[&1].allowance), (60, 1200));
}

#[test]
fn billing_r14_the_allowance_is_used_in_the_order_of_work_and_what_exceeds_has_its_days_price() {
    let mut life = Life::of(Terms { allowance_minutes: 60, ..terms("2026-01-01") });
    life.terms.hour_prices.push(Dated { from: day("2026-06-01"), value: Cents(8000) });
    // Entered in another order than worked; two at one moment count in the order of entry.
    life.entries =
        vec![entry(3, "2026-06-10T09:00", 60), entry(1, "2026-05-10T09:00", 60), entry(2, "2026-05-10T09:00", 60)];
    let owed = life.owed(month("2026-12"));
    assert_eq!(totals(&owed)[&("2026-05".to_owned(), "overage")], 6500);
    assert_eq!(totals(&owed)[&("2026-06".to_owned(), "overage")], 8000);
    let may = owed.charges.values().find(|charge| charge.key.month == month("2026-05")).expect("May");
    assert_eq!(may.because.entries.iter().map(|one| one.entry).collect::<Vec<_>>(), [2]);
}

#[test]
fn billing_r14_without_an_agreed_price_nothing_is_charged_and_it_is_seen() {
    let mut life = Life::of(Terms { allowance_minutes: 0, hour_prices: Vec::new(), ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-02-10T09:00", 60)];
    assert!(life.run("2026-02").is_empty());
    let waiting = &life.owed(month("2026-02")).account.waiting[0];
    assert_eq!((waiting.minutes, waiting.price, waiting.entries.as_slice()), (60, None, &[1][..]));
}

#[test]
fn billing_r14_work_after_a_contract_has_ended_is_not_charged_by_it() {
    let mut life = Life::of(Terms { allowance_minutes: 60, ..terms("2026-01-01") });
    life.terms.end = Some(day("2026-05-10"));
    life.entries = vec![entry(1, "2026-05-10T23:30", 60), entry(2, "2026-05-11T09:00", 300)];
    assert!(life.run("2026-05").is_empty(), "neither its price");
    assert_eq!(life.owed(month("2026-05")).account.years[&0].used, 60, "nor its allowance is for the second");
}

#[test]
fn billing_r15_an_entry_is_split_at_year_price_and_month() {
    let mut terms = terms("2025-11-15");
    terms.hour_prices.push(Dated { from: day("2026-10-02"), value: Cents(7000) });
    let split = |local: &str| -> Vec<(i64, String, i64, i64)> {
        parts(&terms, &paris(), &entry(1, local, 120))
            .iter()
            .map(|part| (part.year, part.month.to_string(), part.price.expect("a price").0, part.minutes))
            .collect()
    };
    let part = |year, month: &str, price, minutes| (year, month.to_owned(), price, minutes);
    assert_eq!(split("2026-11-14T23:00"), [part(0, "2026-11", 7000, 60), part(1, "2026-11", 7000, 60)]);
    assert_eq!(split("2026-10-01T22:30"), [part(0, "2026-10", 6500, 90), part(0, "2026-10", 7000, 30)]);
    assert_eq!(split("2026-09-30T23:00"), [part(0, "2026-09", 6500, 60), part(0, "2026-10", 6500, 60)]);
    assert_eq!(split("2026-09-15T23:00"), [part(0, "2026-09", 6500, 120)], "midnight alone splits nothing");
}

#[test]
fn billing_r16_minutes_are_summed_and_written_in_hours_only_when_exact() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = (1..=3).map(|number| entry(number, &format!("2026-02-1{number}T09:00"), 10)).collect();
    let february = only(life.run("2026-02"));
    let line = &february.lines[0];
    assert_eq!((february.lines.len(), line.unit, line.quantity.to_string().as_str()), (1, Unit::Hour, "0.5"));
    life.entries.push(entry(4, "2026-03-10T09:00", 50));
    let line = &only(life.run("2026-03")).lines[0];
    assert_eq!(
        (line.unit.code(), line.quantity.to_string(), line.basis.to_string()),
        ("MIN", "50".into(), "60".into())
    );
    assert_eq!(line.total, Cents(5417));
}

#[test]
fn billing_r17_a_reordering_never_makes_billed_minutes_unconsented() {
    let mut life = Life::of(Terms { allowance_minutes: 0, asks_before_overage: true, ..terms("2026-01-01") });
    life.envelopes =
        vec![Envelope { year: day("2026-01-01"), price: Cents(6500), minutes: 120, billed_before: BTreeMap::new() }];
    life.entries = vec![entry(1, "2026-05-10T09:00", 120)];
    assert_eq!(only(life.run("2026-05")).totals.net, Cents(13_000));
    life.entries.push(entry(2, "2026-04-10T09:00", 120));
    assert!(life.run("2026-06").is_empty(), "May stays charged, April waits");
    let waiting = &life.owed(month("2026-06")).account.waiting;
    assert_eq!((waiting.len(), waiting[0].month, waiting[0].minutes), (1, month("2026-04"), 120));
}

/// Two hours were agreed in advance and invoiced; then the contract asks first, and an envelope is for what comes after.
#[test]
fn billing_r17_minutes_that_were_billed_before_an_envelope_do_not_use_it_up() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-03-10T09:00", 120)];
    assert_eq!(only(life.run("2026-03")).totals.net, Cents(13_000));
    life.terms.asks_before_overage = true;
    life.entries.push(entry(2, "2026-05-10T09:00", 120));
    assert!(life.run("2026-05").is_empty());
    let year = day("2026-01-01");
    let billed_before = life.ledger.billed_minutes();
    life.envelopes.push(Envelope { year, price: Cents(6500), minutes: 150, billed_before });
    assert_eq!(only(life.run("2026-06")).totals.net, Cents(13_000));
    // Half an hour is left of it, and no more: what was taken back of the first two hours makes it no larger.
    life.entries[0].minutes = 60;
    life.entries.push(entry(3, "2026-07-10T09:00", 120));
    let issued = life.run("2026-07");
    assert_eq!(issued.iter().map(signed_net).collect::<Vec<_>>(), [3250, -6500]);
    assert_eq!(life.owed(month("2026-07")).account.waiting[0].minutes, 90);
}

#[test]
fn billing_r17_an_envelope_is_for_its_year_and_its_price() {
    let mut life = Life::of(Terms { allowance_minutes: 0, asks_before_overage: true, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-05-10T09:00", 60)];
    let envelope =
        |year, cents| Envelope { year: day(year), price: Cents(cents), minutes: 600, billed_before: BTreeMap::new() };
    life.envelopes = vec![envelope("2027-01-01", 6500), envelope("2026-01-01", 7000)];
    assert!(life.run("2026-05").is_empty());
    life.envelopes.push(envelope("2026-01-01", 6500));
    assert_eq!(only(life.run("2026-05")).totals.net, Cents(6500));
}

#[test]
fn billing_r18_a_skipped_month_is_charged_by_the_next_run_as_what_it_is() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
    let invoice = only(life.run("2026-02"));
    let kinds: Vec<ChargeKind> = invoice.lines.iter().map(|line| line.kind).collect();
    assert_eq!((kinds, invoice.totals.net), (vec![ChargeKind::Seat; 2], Cents(7800)));
}

#[test]
fn billing_r18_a_new_price_for_an_invoiced_month_is_a_credit_note_and_an_adjustment() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
    life.run("2026-01");
    life.terms.seat_prices[0].value = Cents(4200);
    let issued = life.run("2026-02");
    assert_eq!(issued.iter().map(|one| one.kind.code()).collect::<Vec<_>>(), [380, 381]);
    assert_eq!((issued[0].totals.net, issued[1].totals.net), (Cents(8400), Cents(3900)));
    assert_eq!(life.net(), 8400);
}

#[test]
fn billing_r22_a_gesture_is_not_charged_again_and_later_corrections_never_go_below_it() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-05-10T09:00", 120)];
    life.run("2026-05");
    life.credit("F2026-00001", &[]);
    assert!(life.run("2026-06").is_empty(), "given up");
    life.entries[0].minutes = 30;
    assert!(life.run("2026-07").is_empty(), "nothing is left to give back");
    life.entries[0].minutes = 180;
    assert_eq!(only(life.run("2026-08")).totals.net, Cents(6500), "only what exceeds the gesture");
}

#[test]
fn billing_r22_a_gesture_and_a_later_correction_never_give_the_same_money_back_twice() {
    let mut life = Life::of(Terms { allowance_minutes: 0, ..terms("2026-01-01") });
    life.entries = vec![entry(1, "2026-05-10T09:00", 120)];
    assert_eq!(only(life.run("2026-05")).totals.net, Cents(13_000));
    life.give_up("F2026-00001", &[1], Some(Cents(6500)));
    // An hour and a half: owed is less than was billed at first, but not less than is left of it.
    life.entries[0].minutes = 90;
    assert!(life.run("2026-06").is_empty(), "the gesture has given back more than the correction");
    life.entries[0].minutes = 30;
    let note = only(life.run("2026-07"));
    assert_eq!((note.kind, note.totals.net), (DocumentKind::CreditNote, Cents(3250)));
    assert_eq!(life.net(), 3250, "half an hour was worked, and half an hour is paid");
    assert!(life.run("2026-08").is_empty(), "given back once");
    life.entries[0].minutes = 120;
    assert_eq!(only(life.run("2026-09")).totals.net, Cents(3250));
    assert_eq!(life.net(), 13_000 - 6500, "the gesture still stands");
}

#[test]
fn billing_r22_a_gesture_before_an_end_leaves_the_days_that_were_there_charged() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
    life.run("2026-01");
    life.give_up("F2026-00001", &[1], Some(Cents(900)));
    life.terms.end = Some(day("2026-01-15"));
    life.terms.early_end = EarlyEnd::Free;
    let note = only(life.run("2026-02"));
    assert_eq!((note.kind, note.totals.net), (DocumentKind::CreditNote, Cents(3000 - 1887)));
    assert_eq!(life.net(), 1887, "fifteen days of thirty-one");
}

#[test]
fn billing_r27_a_credit_note_says_in_both_languages_how_it_is_given_back() {
    for (language, words) in [(DocumentLanguage::Fr, "Déduit du solde"), (DocumentLanguage::En, "Deducted from")] {
        let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
        life.buyer.language = language;
        life.run("2026-01");
        let note = life.credit("F2026-00001", &[]);
        assert!(note.due_words.starts_with(words) && note.due_on.is_none(), "{}", note.due_words);
    }
}

#[test]
fn billing_r23_nothing_to_charge_is_no_invoice() {
    let mut life = Life::of(terms("2026-01-01"));
    life.entries = vec![entry(1, "2026-05-10T09:00", 60)];
    assert!(life.run("2026-05").is_empty() && life.documents.is_empty());
}

#[test]
fn billing_r26_the_regime_is_that_of_the_days_supplied_and_its_words_those_of_the_day_of_issue() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-11-01", None), ..terms("2026-11-01") });
    let franchise = |from: &str, text: &str| Dated {
        from: day(from),
        value: RegimeTerms {
            exemption_text: Some(text.to_owned()),
            ..RegimeTerms::usual(accolades::domain::billing::vat::Regime::Franchise)
        },
    };
    life.seller.regimes = vec![
        franchise("2020-01-01", "art. 293 B du CGI"),
        franchise("2026-12-15", "la nouvelle référence"),
        Dated { from: day("2027-01-01"), value: RegimeTerms::usual(accolades::domain::billing::vat::Regime::Standard) },
    ];
    assert_eq!(only(life.run("2026-11")).vat[0].exemption_text.as_deref(), Some("art. 293 B du CGI"));
    let december = only(life.run("2026-12"));
    assert_eq!(
        (december.totals.vat, december.issued_on),
        (Cents(0), day("2027-01-01")),
        "supplied under the franchise"
    );
    assert_eq!(december.vat[0].exemption_text.as_deref(), Some("la nouvelle référence"));
    assert_eq!(only(life.run("2027-01")).totals.vat, Cents(780));
    assert_eq!(rate_on(&life.seller.regimes, day("2027-01-01")).1, 2000);
}

#[test]
fn billing_r26_days_on_both_sides_of_a_new_rate_have_no_rate_of_their_own() {
    let regime = |from: &str, regime| Dated { from: day(from), value: RegimeTerms::usual(regime) };
    let mut seller = seller();
    seller.regimes = vec![
        regime("2020-06-17", Regime::Franchise),
        regime("2026-09-10", Regime::Franchise),
        regime("2026-11-15", Regime::Standard),
    ];
    let refused = |from: &str, until: &str| {
        lawful::of_supply(&seller, accolades::domain::billing::month::Period { from: day(from), until: day(until) })
    };
    let november = refused("2026-11-01", "2026-11-30").expect("no one rate is right");
    assert!(november.reason.contains("2026-11-15"), "{november:?}");
    assert!(november.mend.contains("2026-11-01 or on 2026-12-01"), "{november:?}");
    for (from, until) in [
        ("2026-11-01", "2026-11-14"),
        ("2026-11-15", "2026-11-30"),
        ("2026-09-01", "2026-09-30"),
        ("2020-06-01", "2020-06-30"),
    ] {
        assert!(refused(from, until).is_none(), "{from}: one rate, or other words of the same one");
    }
}

#[test]
fn billing_r27_every_mention_stands_there_once() {
    for standing in [Standing::Taxable, Standing::Exempt, Standing::NonTaxable, Standing::Public] {
        let mut life = Life::of(Terms { seats: crowd(1, "2026-01-01", None), ..terms("2026-01-01") });
        life.buyer = buyer(standing);
        life.seller.vat_due = VatDue::Debits;
        let invoice = only(life.run("2026-01"));
        for code in ["PMT", "PMD", "AAB", "BAR"] {
            let count = invoice.notes.iter().filter(|note| note.code.as_deref() == Some(code)).count();
            assert_eq!(count, 1, "{code} for {standing:?}");
        }
        let says = |words: &str| invoice.notes.iter().any(|note| note.text.contains(words));
        assert!(
            says("40\u{a0}€")
                && says("prestation de services")
                && says("Option pour le paiement de la taxe d'après les débits")
        );
        assert_eq!(says("8 points"), standing == Standing::Public);
        assert_eq!(says("B2C"), standing == Standing::NonTaxable);
    }
}

#[test]
fn billing_r21_what_keeps_an_invoice_from_being_lawful_is_said_with_its_mend() {
    let sound = buyer(Standing::Taxable);
    assert!(lawful::of_buyer("lilas", &sound).is_empty() && lawful::of_seller(&seller()).is_empty());
    type Spoil = (&'static str, fn(&mut Buyer));
    let spoil: [Spoil; 6] = [
        ("no SIREN", |buyer| buyer.party.siren = None),
        ("check digit of SIRET", |buyer| buyer.party.siret = Some("00000202200011".to_owned())),
        ("does not begin with its SIREN", |buyer| buyer.party.siret = Some("00000505800011".to_owned())),
        ("key of VAT number", |buyer| buyer.party.vat_number = Some("FR65000002022".to_owned())),
        ("address", |buyer| buyer.party.address.city.clear()),
        ("purchase order", |buyer| buyer.needs_purchase_order = true),
    ];
    for (reason, spoil) in spoil {
        let mut spoiled = sound.clone();
        spoil(&mut spoiled);
        let found = lawful::of_buyer("lilas", &spoiled);
        assert!(found.iter().any(|one| one.reason.contains(reason)), "{reason}: {found:?}");
        assert!(found.iter().all(|one| one.mend.contains("clients/lilas.toml")), "{found:?}");
    }
    let association = buyer(Standing::NonTaxable);
    let mut with_rna = association.clone();
    with_rna.party.siren = None;
    with_rna.party.rna = Some("W691234567".to_owned());
    assert!(lawful::of_buyer("abeilles", &with_rna).is_empty(), "an RNA number alone is enough for an association");
    let mut without_account = seller();
    without_account.iban = None;
    assert_eq!(lawful::of_seller(&without_account).len(), 1);
}

#[test]
fn billing_r28_interest_takes_the_rate_of_each_half_year_and_an_unknown_rate_is_unknown() {
    let rates = |ecb, legal| Rates { ecb_bp: ecb, legal_bp: legal };
    let dated = [
        Dated { from: day("2026-01-01"), value: rates(215, None) },
        Dated { from: day("2026-07-01"), value: rates(415, None) },
    ];
    let late = |until: &str| interest(Cents(100_000), Standing::Taxable, day("2026-06-20"), day(until), &dated);
    assert_eq!(late("2026-06-20").expect("not late").interest, Cents(0));
    // Ten days at 12.15 %, ten at 14.15 %.
    let both = late("2026-07-10").expect("known");
    assert_eq!((both.days, both.interest), (20, Cents(721)));
    assert!(interest(Cents(100), Standing::Taxable, day("2025-06-20"), day("2025-07-10"), &dated).is_none());
    // Nobody has entered the rate of 2027 yet: that of 2026 is not taken for it.
    assert!(late("2026-12-31").is_some() && late("2027-01-01").is_none());
    let least = ["2026-01-01", "2026-07-01"].map(|from| Dated { from: day(from), value: rates(0, Some(500)) });
    let floor =
        interest(Cents(100_000), Standing::Taxable, day("2026-01-01"), day("2026-12-31"), &least).expect("known");
    assert_eq!(floor.interest, Cents(14_959), "three times the legal rate: 15 % of 364 days");
}

#[test]
fn billing_r28_interest_knows_what_was_open_on_each_day() {
    let rates = [Dated { from: day("2026-01-01"), value: Rates { ecb_bp: 215, legal_bp: None } }];
    let open = |steps: &[(&str, i64)]| -> Vec<Dated<Cents>> {
        steps.iter().map(|(from, cents)| Dated { from: day(from), value: Cents(*cents) }).collect()
    };
    let late = |steps: &[(&str, i64)]| {
        interest_over(&open(steps), Standing::Taxable, day("2026-03-01"), day("2026-03-21"), &rates).expect("known")
    };
    // Ten days of 1 000.00, ten of 600.00, at 12.15 %.
    let partly = late(&[("2026-01-01", 100_000), ("2026-03-12", 60_000)]);
    assert_eq!((partly.days, partly.interest), (20, Cents(533)));
    let paid = late(&[("2026-01-01", 100_000), ("2026-03-12", 0)]);
    assert_eq!((paid.days, paid.interest, paid.compensation), (10, Cents(333), COMPENSATION), "late all the same");
    let in_time = late(&[("2026-01-01", 100_000), ("2026-02-12", 0)]);
    assert_eq!((in_time.days, in_time.interest, in_time.compensation), (0, Cents(0), Cents(0)));
}

#[test]
fn billing_r30_a_cent_short_is_open_by_a_cent() {
    assert_eq!(balance(Cents(54_600), Cents(0), Cents(54_599), Cents(0)), Cents(1));
    assert_eq!(
        balance(Cents(54_600), Cents(0), Cents(54_600), Cents(54_600)),
        Cents(54_600),
        "a returned debit opens it again"
    );
}

#[test]
fn billing_r31_a_quoted_price_is_charged_once_and_each_line_has_its_kind_and_key() {
    let mut life = Life::of(Terms {
        seats: crowd(1, "2026-10-01", None),
        minimum_seats: 2,
        allowance_minutes: 0,
        ..terms("2026-10-01")
    });
    life.terms.one_offs =
        vec![OneOff { quantity: "2.5".parse().expect("a quantity"), ..one_off("set-up", "2026-10-12", 10_000) }];
    life.entries = vec![entry(1, "2026-10-20T09:00", 60)];
    let invoice = only(life.run("2026-10"));
    let kinds: Vec<&str> = invoice.lines.iter().map(|line| line.kind.word()).collect();
    assert_eq!(kinds, ["seat", "floor", "overage", "one-off"]);
    assert!(invoice.lines.iter().all(|line| line.key.month == month("2026-10") && line.kind == line.key.kind));
    let quoted = &invoice.lines[3];
    assert_eq!((quoted.total, quoted.key.reference.as_str()), (Cents(25_000), "set-up"));
    assert!(lines_of(&only(life.run("2026-11")), ChargeKind::OneOff).is_empty());
}

#[test]
fn billing_r31_a_quoted_price_that_is_entered_late_is_written_as_it_was_quoted() {
    let mut life = Life::of(Terms { seats: crowd(1, "2026-10-01", None), ..terms("2026-10-01") });
    life.run("2026-10");
    life.terms.one_offs =
        vec![OneOff { quantity: "2.5".parse().expect("a quantity"), ..one_off("set-up", "2026-10-12", 10_000) }];
    let november = only(life.run("2026-11"));
    let line = lines_of(&november, ChargeKind::OneOff)[0];
    assert_eq!((line.description.as_str(), line.quantity.to_string().as_str()), ("Prestation set-up", "2.5"));
    assert_eq!((line.price, line.total, line.key.month), (Cents(10_000), Cents(25_000), month("2026-10")));
    assert_eq!(line.period.expect("its day").from, day("2026-10-12"));

    // What changes afterwards is a difference, and says of what.
    life.terms.one_offs[0].quantity = "3".parse().expect("a quantity");
    let december = only(life.run("2026-12"));
    let line = lines_of(&december, ChargeKind::Regularisation)[0];
    assert_eq!((line.total, line.explanation.len()), (Cents(5000), 2), "{:?}", line.explanation);
    assert_eq!(line.explanation[0], "Prestation set-up");
    assert!(only(life.run("2027-01")).lines.iter().all(|line| line.kind == ChargeKind::Seat), "nothing twice");
}

#[test]
fn billing_the_pace_says_when_the_hours_end() {
    let mut life = Life::of(terms("2026-01-01"));
    life.entries = vec![entry(1, "2026-01-10T09:00", 600)];
    let year = life.owed(month("2026-12")).account.years[&0];
    assert_eq!(exhausted_on(&year, day("2026-02-19")), Some(day("2026-04-10")), "half in 50 days: all in 100");
    assert_eq!(exhausted_on(&year, day("2026-12-31")), None, "it lasts");
}

#[test]
fn billing_our_arithmetic_refuses_what_the_official_rules_let_pass() {
    let mut life = Life::of(Terms { seats: crowd(2, "2026-10-01", None), ..terms("2026-10-01") });
    let sound = only(life.run("2026-10"));
    assert_eq!(sound.version, ISSUED_VERSION);
    type Spoil = (&'static str, fn(&mut Issued));
    let spoil: [Spoil; 13] = [
        ("quantity x price", |one| one.lines[0].total.0 += 1),
        ("VAT on", |one| one.vat[0].vat.0 += 1),
        ("sum of its lines", |one| one.vat[0].base.0 -= 1),
        ("sum of the lines", |one| one.totals.net.0 += 1),
        ("sum of its rates", |one| one.totals.vat.0 += 1),
        ("add up", |one| one.totals.due.0 -= 1),
        ("positive", |one| one.lines[0].price.0 = -3900),
        ("note PMT", |one| one.notes.retain(|note| note.code.as_deref() != Some("PMT"))),
        ("not a number", |one| one.number = "F2026/00001 bis".to_owned()),
        ("day of issue", |one| one.due_on = Some(day("2026-10-31"))),
        ("no line", |one| one.lines.clear()),
        ("how it is paid", |one| one.due_words.clear()),
        ("corrects nothing", |one| {
            let reason = String::new();
            one.corrects = Some(Corrected { number: "F1".to_owned(), issued_on: day("2026-01-01"), reason });
        }),
    ];
    for (words, spoil) in spoil {
        let mut spoiled = sound.clone();
        spoil(&mut spoiled);
        let found = contradictions(&spoiled);
        assert!(found.iter().any(|one| one.contains(words)), "{words}: {found:?}");
    }
    assert!(matches!(&sound.payment, Some(Payment::Transfer { reference, .. }) if *reference == sound.number));
}

#[test]
fn billing_an_issued_document_is_read_back_as_it_was_written() {
    let mut life = Life::of(Terms { seats: crowd(2, "2026-10-03", None), allowance_minutes: 0, ..terms("2026-10-01") });
    life.entries = vec![entry(1, "2026-10-20T09:00", 50)];
    life.buyer.party.name = "Dupont & Fils <SARL> \u{1f33b} \u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned();
    let invoice = only(life.run("2026-10"));
    let text = serde_json::to_string(&invoice).expect("JSON");
    assert_eq!(serde_json::from_str::<Issued>(&text).expect("the same"), invoice);
    assert!(text.starts_with("{\"version\":1,"), "{text}");
}

/// The accepted inventories of earlier programs are read: what they do not say has its default.
#[test]
fn billing_a_model_of_version_1_is_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let model = accolades::inventory::load(&folder).expect("the example is sound").inventory;
    let mut old = serde_json::to_value(&model).expect("JSON");
    old["version"] = 1.into();
    old["cooperative"].as_object_mut().expect("a table").remove("billing");
    for client in old["clients"].as_object_mut().expect("tables").values_mut() {
        client.as_object_mut().expect("a table").remove("billing");
        let contract = client["contract"].as_object_mut().expect("a table");
        let new =
            ["notice", "refusal_deadline_days", "early_end", "rounding_minutes", "counted", "accounting", "one_off"];
        assert!(new.iter().all(|key| contract.remove(*key).is_some()), "these came with version 2");
    }
    let read: accolades::inventory::model::Inventory = serde_json::from_value(old).expect("version 1 is read");
    let contract = &read.clients.values().next().expect("a client").contract;
    assert_eq!((contract.refusal_deadline_days, contract.rounding_minutes), (30, 1));
    assert_eq!(contract.counted, SupportKind::COUNTED);
    assert_eq!((read.cooperative.billing.due_days, read.cooperative.billing.invoice_series.as_str()), (30, "F"));
}
