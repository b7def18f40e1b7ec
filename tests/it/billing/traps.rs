//! Scenarios that went wrong once, named after the trap.

use accolades::billing::mails;
use accolades::domain::billing::support::Envelope;
use accolades::domain::money::Cents;

use super::*;

/// The contract year ends on 14 November: work of the 10th waits for its own year's consent, work of the 20th has it. A charge
/// is kept by month and price, so that the hour that was invoiced could be taken for the one that waits.
#[test]
fn billing_r17_consent_of_one_contract_year_charges_nothing_of_the_other_in_the_same_month() {
    let asking = Terms { allowance_minutes: 0, asks_before_overage: true, ..terms("2025-11-15") };
    let mut life = Life::of(asking);
    life.entries = vec![entry(1, "2026-11-10T09:00", 60), entry(2, "2026-11-20T09:00", 60)];
    let envelope = |year, billed_before| Envelope { year: day(year), price: Cents(6500), minutes: 60, billed_before };
    life.envelopes.push(envelope("2026-11-15", BTreeMap::new()));
    assert_eq!(only(life.run("2026-11")).totals.net, Cents(6500));
    assert!(life.run("2026-12").is_empty(), "nobody agreed to the hour of the 10th");
    let waiting = &life.owed(month("2026-12")).account.waiting;
    assert_eq!((waiting.len(), waiting[0].entries.as_slice(), waiting[0].minutes), (1, [1].as_slice(), 60));

    let billed = life.ledger.billed_minutes();
    life.envelopes.push(envelope("2025-11-15", billed));
    assert_eq!(only(life.run("2027-01")).totals.net, Cents(6500), "charged once it was agreed to");
    assert!(life.run("2027-02").is_empty());
}

/// A price that leaves and comes back makes one line; it said the minimum of the contract twice, two sums of days of which none
/// was its quantity, and "0 poste" of days that cost nothing.
#[test]
fn billing_r9_a_price_that_returns_is_explained_once_with_its_sum() {
    let mut life = Life::of(Terms { minimum_seats: 3, ..terms("2026-10-01") });
    life.terms.seats = vec![
        seat("ana", "2026-10-01", None),
        seat("ben", "2026-10-05", None),
        seat("cleo", "2026-10-03", Some("2026-10-04")),
        seat("cleo", "2026-10-09", None),
    ];
    life.terms.seat_prices.push(Dated { from: day("2026-10-06"), value: Cents(4200) });
    life.terms.seat_prices.push(Dated { from: day("2026-10-08"), value: Cents(3900) });
    let invoice = only(life.run("2026-10"));
    let floor = lines_of(&invoice, ChargeKind::Floor);
    let at_39 = floor.iter().find(|line| line.price == Cents(3900)).expect("the floor at 39.00");
    // One on the 8th, two on each of the first two days, one from the 3rd to the 5th.
    assert_eq!((at_39.quantity.to_string().as_str(), at_39.total), ("8", Cents(1006)));
    let minimum = at_39.explanation.iter().filter(|one| one.contains("au moins 3 postes")).count();
    assert_eq!(minimum, 1, "{:?}", at_39.explanation);
    assert_eq!(at_39.explanation.iter().filter(|one| one.contains("jours de poste")).count(), 1);
    assert!(
        at_39.explanation.last().is_some_and(|last| last.starts_with("8 jours de poste")),
        "{:?}",
        at_39.explanation
    );
    assert!(
        invoice.lines.iter().flat_map(|line| &line.explanation).all(|one| !one.contains("0 poste")),
        "{invoice:#?}"
    );
}

/// A seller in franchise charges no VAT: its amounts include none.
#[test]
fn billing_r26_the_mail_of_an_invoice_in_franchise_speaks_of_no_vat() {
    for (regime, says_it) in [(Regime::Standard, true), (Regime::Franchise, false)] {
        let mut life = Life::of(Terms { seats: crowd(1, "2026-06-01", None), ..terms("2026-06-01") });
        life.seller.regimes = vec![Dated { from: day("2020-01-01"), value: RegimeTerms::usual(regime) }];
        let invoice = only(life.run("2026-06"));
        let text = mails::invoice(&invoice, None).text;
        assert_eq!(text.contains("TTC"), says_it, "{text}");
    }
}
