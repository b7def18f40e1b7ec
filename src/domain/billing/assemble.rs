//! Puts a document together. Everything but the number is known before; the number comes in the transaction (R19).

use jiff::civil::Date;

use crate::domain::money::Cents;

use super::credit::{self, CreditedLine, Original};
use super::difference::DueLine;
use super::document::{ChargeKind, Corrected, DocumentKind, ISSUED_VERSION, Issued, Line, Totals, VatShare};
use super::month::Period;
use super::seller::{self, Buyer, Seller};
use super::vat;

/// An invoice without its number.
pub fn invoice(seller: &Seller, buyer: &Buyer, due_lines: &[DueLine], period: Period, issued_on: Date) -> Issued {
    // What is new comes first, differences of earlier months after it.
    let (late, new): (Vec<&DueLine>, Vec<&DueLine>) =
        due_lines.iter().partition(|line| line.kind == ChargeKind::Regularisation);
    let lines: Vec<Line> = (1..)
        .zip(new.into_iter().chain(late))
        .map(|(position, due)| {
            let (category, rate_bp) = vat::rate_on(&seller.regimes, due.period.until);
            Line {
                position,
                kind: due.kind,
                key: due.key.clone(),
                description: due.description.clone(),
                explanation: due.explanation.clone(),
                period: Some(due.period),
                quantity: due.quantity,
                unit: due.unit,
                price: due.price,
                basis: due.basis,
                total: due.total,
                category,
                rate_bp,
            }
        })
        .collect();
    let shares = vat::breakdown(&lines, &seller.regimes, issued_on);
    let (due_on, due_words) = seller::due(seller, buyer, issued_on);
    Issued {
        due_on: Some(due_on),
        due_words,
        notes: seller::notes(seller, buyer, issued_on),
        payment: seller::payment(seller, ""),
        ..document(seller, buyer, DocumentKind::Invoice, (lines, shares), period, issued_on)
    }
}

/// A credit note without its number. Seller, buyer and mentions are those of the day on which it is issued.
pub fn credit_note(
    seller: &Seller,
    buyer: &Buyer,
    original: &Original,
    credited: &[CreditedLine],
    reason: &str,
    issued_on: Date,
) -> Issued {
    let lines = credit::lines(&original.invoice, credited);
    let shares = credit::breakdown(original, &lines);
    let corrects = Corrected {
        number: original.invoice.number.clone(),
        issued_on: original.invoice.issued_on,
        reason: reason.to_owned(),
    };
    Issued {
        corrects: Some(corrects),
        due_words: seller::given_back(buyer.language),
        notes: seller::notes(seller, buyer, issued_on),
        vat_due: original.invoice.vat_due,
        ..document(seller, buyer, DocumentKind::CreditNote, (lines, shares), original.invoice.period, issued_on)
    }
}

/// The document with its number.
#[must_use]
pub fn numbered(mut document: Issued, number: &str) -> Issued {
    if let Some(super::document::Payment::Transfer { reference, .. }) = &mut document.payment {
        number.clone_into(reference);
    }
    Issued { number: number.to_owned(), ..document }
}

fn document(
    seller: &Seller,
    buyer: &Buyer,
    kind: DocumentKind,
    (lines, vat): (Vec<Line>, Vec<VatShare>),
    period: Period,
    issued_on: Date,
) -> Issued {
    let sum = |amounts: &mut dyn Iterator<Item = Cents>| Cents(amounts.fold(0, |sum, one| sum.saturating_add(one.0)));
    let net = sum(&mut lines.iter().map(|line| line.total));
    let tax = sum(&mut vat.iter().map(|share| share.vat));
    let gross = Cents(net.0.saturating_add(tax.0));
    Issued {
        version: ISSUED_VERSION,
        kind,
        number: String::new(),
        issued_on,
        language: buyer.language,
        period,
        seller: seller.party.clone(),
        buyer: buyer.party.clone(),
        billing_address: buyer.billing_address.clone(),
        contract: buyer.contract.clone(),
        purchase_order: buyer.purchase_order.clone(),
        service_code: buyer.service_code.clone(),
        commitment_number: buyer.commitment_number.clone(),
        vat_due: seller.vat_due,
        lines,
        vat,
        totals: Totals { net, vat: tax, gross, due: gross },
        due_on: None,
        due_words: String::new(),
        notes: Vec::new(),
        corrects: None,
        payment: None,
        template_sha256: seller.template_sha256.clone(),
    }
}
