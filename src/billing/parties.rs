//! Seller and buyer of the inventory as they stand on a document.

use crate::domain::billing::document::{Address, ContractReference, ElectronicAddress, Party, Standing, VatDue};
use crate::domain::billing::seller::{Buyer, Seller};
use crate::domain::billing::terms::Dated;
use crate::domain::billing::vat::{Regime, RegimeTerms};
use crate::inventory::model::{Client, Cooperative, Identity, PostalAddress, VatStatus};

use super::archive;
use super::terms::language;

/// Scheme of French electronic addresses.
const SCHEME: &str = "0225";

/// Scheme of an e-mail address that stands in for one.
const EMAIL: &str = "EM";

/// The co-operative as seller.
pub fn seller(cooperative: &Cooperative) -> Seller {
    let billing = &cooperative.billing;
    let mut party = party(&cooperative.identity, billing.electronic_address.as_deref());
    party.email = Some(cooperative.support_email.clone());
    party.phone = Some(cooperative.support_phone.clone());
    Seller {
        party,
        regimes: regimes(cooperative),
        vat_due: if billing.vat_on_debits { VatDue::Debits } else { VatDue::Receipts },
        due_days: billing.due_days,
        iban: billing.iban.clone(),
        bic: billing.bic.clone(),
        invoice_series: billing.invoice_series.clone(),
        credit_series: billing.credit_series.clone(),
        template_sha256: archive::template_sha256(),
    }
}

fn regimes(cooperative: &Cooperative) -> Vec<Dated<RegimeTerms>> {
    let listed = cooperative.billing.vat_regimes.iter().map(|one| {
        let usual = RegimeTerms::usual(one.regime);
        let value = RegimeTerms {
            exemption_text: one.text.clone().or(usual.exemption_text),
            exemption_code: one.code.clone().or(usual.exemption_code),
            ..usual
        };
        Dated { from: one.from, value }
    });
    let listed: Vec<_> = listed.collect();
    if !listed.is_empty() {
        return listed;
    }
    let regime = match cooperative.identity.vat {
        VatStatus::Taxable | VatStatus::Public => Regime::Standard,
        VatStatus::Exempt => Regime::Franchise,
        VatStatus::NonTaxable => Regime::ExemptAssociation,
    };
    vec![Dated { from: jiff::civil::Date::MIN, value: RegimeTerms::usual(regime) }]
}

/// A client as buyer. One outside e-invoicing, an association that has only its RNA number, is in no directory: the French
/// rules want an electronic address all the same (BR-FR-12), so it is the one that its bills are mailed to.
pub fn buyer(client: &Client) -> Buyer {
    let billing = &client.billing;
    let mut party = party(&client.identity, billing.electronic_address.as_deref());
    if party.electronic_address.is_none() {
        let mailed_to = client.billing_contacts().into_iter().next();
        party.electronic_address =
            mailed_to.map(|one| ElectronicAddress { scheme: EMAIL.to_owned(), value: one.email.clone() });
    }
    Buyer {
        party,
        billing_address: client.billing_address.as_ref().map(address),
        language: language(client.language),
        contract: ContractReference { id: client.id.to_string(), start: client.contract.start },
        purchase_order: billing.purchase_order.clone(),
        service_code: billing.service_code.clone(),
        commitment_number: billing.commitment_number.clone(),
        needs_service_code: billing.service_code_required,
        needs_commitment_number: billing.commitment_number_required,
        needs_purchase_order: billing.purchase_order_required,
    }
}

fn party(identity: &Identity, electronic_address: Option<&str>) -> Party {
    let electronic = electronic_address.map(str::to_owned).or_else(|| identity.siren.clone());
    Party {
        name: identity.name.clone(),
        form: identity.form.clone(),
        siren: identity.siren.clone(),
        siret: identity.siret.clone(),
        rna: identity.rna.clone(),
        vat_number: identity.vat_number.clone(),
        capital: identity.capital.clone(),
        rcs: identity.rcs.clone(),
        standing: match identity.vat {
            VatStatus::Taxable => Standing::Taxable,
            VatStatus::Exempt => Standing::Exempt,
            VatStatus::NonTaxable => Standing::NonTaxable,
            VatStatus::Public => Standing::Public,
        },
        address: address(&identity.address),
        electronic_address: electronic.map(|value| ElectronicAddress { scheme: SCHEME.to_owned(), value }),
        email: None,
        phone: None,
    }
}

fn address(address: &PostalAddress) -> Address {
    Address {
        lines: address.lines.clone(),
        postcode: address.postcode.clone(),
        city: address.city.clone(),
        country: address.country.clone(),
    }
}
