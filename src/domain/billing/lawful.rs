//! Whether a lawful invoice can be written at all (R21, R27): asked before anything is numbered.

use crate::domain::legal;

use super::document::{Address, Party, Standing};
use super::month::{Month, Period};
use super::seller::{Buyer, Seller};
use super::vat::{self, Regime};

/// Why a client is left out, and how that is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// What is missing or wrong.
    pub reason: String,
    /// What to do.
    pub mend: String,
}

impl Hindrance {
    fn new(reason: impl Into<String>, mend: impl Into<String>) -> Hindrance {
        Hindrance { reason: reason.into(), mend: mend.into() }
    }
}

/// What keeps the seller from writing any lawful invoice.
pub fn of_seller(seller: &Seller) -> Vec<Hindrance> {
    let mut found = Vec::new();
    let party = &seller.party;
    named(party, "the co-operative", "cooperative.toml", &mut found);
    if party.siren.is_none() {
        found
            .push(Hindrance::new("the co-operative has no SIREN", "add `siren` to `[identity]` in `cooperative.toml`"));
    }
    let charges_vat = seller.regimes.iter().any(|one| one.value.regime == Regime::Standard);
    if charges_vat && party.vat_number.is_none() {
        let mend = "add `vat_number` to `[identity]` in `cooperative.toml`";
        found.push(Hindrance::new("the co-operative charges VAT and has no VAT number", mend));
    }
    for one in seller.regimes.iter().filter(|one| one.value.regime != Regime::Standard) {
        if one.value.exemption_text.is_none() || one.value.exemption_code.is_none() {
            let mend = "add `text` and `code` to `[[billing.vat_regimes]]` in `cooperative.toml`";
            found.push(Hindrance::new(format!("the VAT regime from {} does not say why it is exempt", one.from), mend));
        }
    }
    if seller.iban.is_none() {
        let mend = "add `iban` to `[billing]` in `cooperative.toml`";
        found.push(Hindrance::new("no account is named that clients could pay into", mend));
    }
    found
}

/// What keeps a client's invoice from being lawful. `client` is its id, for the mend.
pub fn of_buyer(client: &str, buyer: &Buyer) -> Vec<Hindrance> {
    let file = format!("clients/{client}.toml");
    let mut found = Vec::new();
    let party = &buyer.party;
    named(party, &format!("`{client}`"), &file, &mut found);
    numbers(client, party, &file, &mut found);
    if let Some(address) = &buyer.billing_address
        && !is_whole(address)
    {
        let reason = format!("the billing address of `{client}` is not whole");
        found.push(Hindrance::new(reason, format!("complete `[billing_address]` in `{file}`")));
    }
    let asked = [
        (buyer.needs_service_code, &buyer.service_code, "a service code", "service_code"),
        (buyer.needs_commitment_number, &buyer.commitment_number, "a commitment number", "commitment_number"),
        (buyer.needs_purchase_order, &buyer.purchase_order, "a purchase order number", "purchase_order"),
    ];
    for (is_needed, value, words, key) in asked {
        if is_needed && value.is_none() {
            let reason = format!("`{client}` asks for {words} on its invoices, and none is known");
            found.push(Hindrance::new(reason, format!("ask for it, then add `{key}` to `[billing]` in `{file}`")));
        }
    }
    found
}

/// What keeps the days of a line from having one VAT rate: it would be wrong for some of them, and they are one supply with
/// one amount under one key.
pub fn of_supply(seller: &Seller, supplied: Period) -> Option<Hindrance> {
    let change = vat::change_within(&seller.regimes, supplied)?;
    let month = Month::of(change);
    Some(Hindrance::new(
        format!("the VAT rate changes on {change}, in the middle of what was supplied in {month}"),
        format!(
            "ask your accountant to which regime {month} belongs, then let the new one begin on {} or on {}: `from` in `[[billing.vat_regimes]]` of `cooperative.toml`",
            month.first(),
            month.next().first()
        ),
    ))
}

fn named(party: &Party, who: &str, file: &str, found: &mut Vec<Hindrance>) {
    if party.name.trim().is_empty() || party.form.trim().is_empty() {
        let reason = format!("{who} has no name or no legal form");
        found.push(Hindrance::new(reason, format!("complete `[identity]` in `{file}`")));
    }
    if !is_whole(&party.address) {
        let reason = format!("the address of {who} is not whole");
        found.push(Hindrance::new(reason, format!("complete `[identity.address]` in `{file}`")));
    }
}

fn is_whole(address: &Address) -> bool {
    let said = |text: &String| !text.trim().is_empty();
    address.lines.iter().any(said) && said(&address.postcode) && said(&address.city) && address.country.len() == 2
}

/// The numbers that the law asks for, checked again: the accepted inventory may be older than a rule.
fn numbers(client: &str, party: &Party, file: &str, found: &mut Vec<Hindrance>) {
    let mend = |key: &str| format!("correct `{key}` in `{file}`, then accept the inventory");
    let siren = party.siren.as_deref();
    if let Some(Err(refusal)) = siren.map(legal::siren) {
        found.push(Hindrance::new(refusal.problem, mend("siren")));
    }
    match party.siret.as_deref().map(|siret| (siret, legal::siret(siret))) {
        Some((_, Err(refusal))) => found.push(Hindrance::new(refusal.problem, mend("siret"))),
        Some((siret, Ok(_))) if siren.is_some_and(|siren| legal::siren_of_siret(siret) != siren) => {
            let reason = format!("SIRET `{siret}` of `{client}` does not begin with its SIREN");
            found.push(Hindrance::new(reason, mend("siret")));
        }
        _ => {}
    }
    if let Some(Err(refusal)) = party.vat_number.as_deref().map(legal::vat_number) {
        found.push(Hindrance::new(refusal.problem, mend("vat_number")));
    }
    if let Some(Err(refusal)) = party.rna.as_deref().map(legal::rna) {
        found.push(Hindrance::new(refusal.problem, mend("rna")));
    }
    let missing = match party.standing {
        Standing::Taxable | Standing::Exempt if siren.is_none() => Some(("a SIREN", "siren")),
        Standing::NonTaxable if siren.is_none() && party.rna.is_none() => Some(("a SIREN or an RNA number", "rna")),
        Standing::Public if party.siret.is_none() => Some(("a SIRET", "siret")),
        _ => None,
    };
    if let Some((words, key)) = missing {
        found.push(Hindrance::new(format!("`{client}` has no {}", words.trim_start_matches("a ")), mend(key)));
    }
}
