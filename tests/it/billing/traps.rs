//! Scenarios that went wrong once, named after the trap.

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
