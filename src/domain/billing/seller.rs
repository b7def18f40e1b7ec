//! What stands on every invoice of the co-operative, and what a client adds to it: the header of a document.

use jiff::ToSpan;
use jiff::civil::Date;

use super::document::{Address, ContractReference, DocumentLanguage, Note, Party, Payment, Standing, VatDue};
use super::terms::Dated;
use super::vat::{Regime, RegimeTerms};

use DocumentLanguage::{En, Fr};

/// Who sells, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// Identity.
    pub party: Party,
    /// VAT regimes, oldest first; never empty.
    pub regimes: Vec<Dated<RegimeTerms>>,
    /// When VAT falls due.
    pub vat_due: VatDue,
    /// Days from issue to the due date.
    pub due_days: u16,
    /// Account that clients pay into.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
    /// First letters of invoice numbers.
    pub invoice_series: String,
    /// First letters of credit note numbers.
    pub credit_series: String,
    /// SHA-256 of the template that prints documents.
    pub template_sha256: String,
}

/// Who buys, and what it wants on its invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Identity.
    pub party: Party,
    /// Billing address when it differs.
    pub billing_address: Option<Address>,
    /// Language.
    pub language: DocumentLanguage,
    /// The contract.
    pub contract: ContractReference,
    /// Purchase order number.
    pub purchase_order: Option<String>,
    /// Service code of a public buyer.
    pub service_code: Option<String>,
    /// Commitment number of a public buyer.
    pub commitment_number: Option<String>,
    /// Whether the public buyer asks for a service code.
    pub needs_service_code: bool,
    /// Whether the public buyer asks for a commitment number.
    pub needs_commitment_number: bool,
    /// Whether the buyer asks for a purchase order.
    pub needs_purchase_order: bool,
}

/// The due date and its words (R28).
pub fn due(seller: &Seller, buyer: &Buyer, issued_on: Date) -> (Date, String) {
    let days = i64::from(seller.due_days);
    let on = issued_on.saturating_add(days.days());
    let words = match (buyer.party.standing, buyer.language) {
        (Standing::Public, Fr) => format!("Paiement à {days} jours à compter de la réception de la facture."),
        (Standing::Public, En) => format!("Payment within {days} days of receipt of the invoice."),
        (_, Fr) => format!("Paiement à {days} jours à compter de l'émission de la facture."),
        (_, En) => format!("Payment within {days} days of the date of the invoice."),
    };
    (on, words)
}

/// How the amount of a credit note reaches the client. Like an invoice it has to say something of its payment (BR-CO-25), and
/// it has no due date.
pub fn given_back(language: DocumentLanguage) -> String {
    match language {
        Fr => "Déduit du solde de votre compte, ou remboursé sur simple demande.".to_owned(),
        En => "Deducted from the balance of your account, or refunded on request.".to_owned(),
    }
}

/// How the invoice is paid.
pub fn payment(seller: &Seller, number: &str) -> Option<Payment> {
    let iban = seller.iban.clone()?;
    Some(Payment::Transfer { iban, bic: seller.bic.clone(), reference: number.to_owned() })
}

/// Points above the rate of the European Central Bank.
pub const fn late_points(standing: Standing) -> u32 {
    match standing {
        Standing::Public => 8,
        _ => 10,
    }
}

/// The mentions of an invoice (R27): each code exactly once.
pub fn notes(seller: &Seller, buyer: &Buyer, issued_on: Date) -> Vec<Note> {
    let language = buyer.language;
    let coded = |code: &str, text: String| Note { code: Some(code.to_owned()), text };
    let points = late_points(buyer.party.standing);
    let mut notes = vec![
        coded(
            "PMT",
            match language {
                Fr => "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement\u{a0}: 40\u{a0}€."
                    .to_owned(),
                En => "Fixed compensation for recovery costs in case of late payment: EUR 40.".to_owned(),
            },
        ),
        coded(
            "PMD",
            match (language, buyer.party.standing) {
                (Fr, Standing::Public) => format!(
                    "Pénalités de retard dues sans rappel\u{a0}: taux de la Banque centrale européenne majoré de {points} points."
                ),
                (En, Standing::Public) => {
                    format!(
                        "Late interest, due without reminder: rate of the European Central Bank plus {points} points."
                    )
                }
                (Fr, _) => format!(
                    "Pénalités de retard dues sans rappel\u{a0}: taux de la Banque centrale européenne majoré de {points} points, au moins trois fois le taux d'intérêt légal."
                ),
                (En, _) => format!(
                    "Late interest, due without reminder: rate of the European Central Bank plus {points} points, at least three times the legal interest rate."
                ),
            },
        ),
        coded(
            "AAB",
            match language {
                Fr => "Pas d'escompte pour paiement anticipé.".to_owned(),
                En => "No discount for early payment.".to_owned(),
            },
        ),
        coded("BAR", bar(buyer.party.standing).to_owned()),
    ];
    notes.push(Note {
        code: None,
        text: match language {
            Fr => "Catégorie de l'opération\u{a0}: prestation de services.".to_owned(),
            En => "Category of the operation: services.".to_owned(),
        },
    });
    let regime = Dated::on_or_first(&seller.regimes, issued_on);
    if seller.vat_due == VatDue::Debits && regime.is_none_or(|terms| terms.regime == Regime::Standard) {
        notes.push(Note { code: None, text: "Option pour le paiement de la taxe d'après les débits".to_owned() });
    }
    notes
}

/// The note BAR: by which road the data of the invoice is reported.
const fn bar(standing: Standing) -> &'static str {
    match standing {
        Standing::Taxable | Standing::Exempt | Standing::Public => "B2B",
        Standing::NonTaxable => "B2C",
    }
}
