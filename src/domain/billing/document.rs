//! The issued document: everything that its PDF and its XML need, and nothing else (R19, R20).
//!
//! It is fixed in the transaction that gives it its number, kept as JSON, and never changes. Whoever renders it reads no
//! inventory, no clock and no store.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::decimal::Decimal;
use super::exact::Exact;
use super::month::{Month, Period};
use crate::domain::money::Cents;

/// Version of the serialised form.
pub const ISSUED_VERSION: u32 = 1;

/// An invoice or a credit note with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Version of this form, [`ISSUED_VERSION`].
    pub version: u32,
    /// Invoice or credit note (BT-3).
    pub kind: DocumentKind,
    /// Its number (BT-1), as in `F2026-00042`.
    pub number: String,
    /// Day of issue (BT-2).
    pub issued_on: Date,
    /// Language of its words.
    pub language: DocumentLanguage,
    /// The days that it covers (BT-73, BT-74).
    pub period: Period,
    /// Who sells.
    pub seller: Party,
    /// Who buys.
    pub buyer: Party,
    /// Where it is sent when that is not the buyer's registered address.
    pub billing_address: Option<Address>,
    /// The contract (BT-12).
    pub contract: ContractReference,
    /// The buyer's purchase order (BT-13), when it gave one.
    pub purchase_order: Option<String>,
    /// Service code of a public buyer (BT-10).
    pub service_code: Option<String>,
    /// Commitment number of a public buyer; stands in BT-13.
    pub commitment_number: Option<String>,
    /// When the VAT falls due (BT-8).
    pub vat_due: VatDue,
    /// What is charged, or given back.
    pub lines: Vec<Line>,
    /// VAT per category and rate, each on its own base (R2).
    pub vat: Vec<VatShare>,
    /// The totals.
    pub totals: Totals,
    /// Last day of payment (BT-9). Absent on a credit note.
    pub due_on: Option<Date>,
    /// The same in words (BT-20): for a municipality it runs from receipt (R28). On a credit note how it is given back; credit
    /// notes of earlier programs have none.
    pub due_words: String,
    /// Mentions (BT-21, BT-22), in the order in which they are printed.
    pub notes: Vec<Note>,
    /// What a credit note corrects (BT-25, BT-26).
    pub corrects: Option<Corrected>,
    /// How it is paid. Absent on a credit note (R22).
    pub payment: Option<Payment>,
    /// SHA-256 of the template that prints it, 64 hexadecimal digits.
    pub template_sha256: String,
}

/// Invoice or credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// An invoice.
    Invoice,
    /// A credit note: positive amounts that are given back.
    CreditNote,
}

impl DocumentKind {
    /// The code of UNTDID 1001.
    pub const fn code(self) -> u16 {
        match self {
            DocumentKind::Invoice => 380,
            DocumentKind::CreditNote => 381,
        }
    }
}

/// Language of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentLanguage {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

/// Seller or buyer, as they were on the day of issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Registered name.
    pub name: String,
    /// Legal form as printed.
    pub form: String,
    /// SIREN, nine digits (scheme 0002).
    pub siren: Option<String>,
    /// SIRET, fourteen digits (scheme 0009).
    pub siret: Option<String>,
    /// RNA number of an association.
    pub rna: Option<String>,
    /// Intra-community VAT number.
    pub vat_number: Option<String>,
    /// Share capital as printed.
    pub capital: Option<String>,
    /// City of the trade register.
    pub rcs: Option<String>,
    /// Its standing towards VAT (R26).
    pub standing: Standing,
    /// Registered address.
    pub address: Address,
    /// Electronic address (BT-34, BT-49); documents of earlier programs have none for an association outside e-invoicing.
    pub electronic_address: Option<ElectronicAddress>,
    /// Address for questions.
    pub email: Option<String>,
    /// Telephone for questions.
    pub phone: Option<String>,
}

/// Standing towards VAT: of a client it decides the note BAR and the route, never the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Subject to VAT.
    Taxable,
    /// Subject to VAT and exempt from it.
    Exempt,
    /// Not subject to VAT: an association outside B2B e-invoicing.
    NonTaxable,
    /// A public body, reached through Chorus Pro.
    Public,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street lines, one to three.
    pub lines: Vec<String>,
    /// Postal code.
    pub postcode: String,
    /// City.
    pub city: String,
    /// ISO 3166 code.
    pub country: String,
}

/// An electronic address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectronicAddress {
    /// Its scheme: `0225` in France, `EM` for an e-mail address of a buyer outside e-invoicing.
    pub scheme: String,
    /// The address; of scheme `0225` it begins with the SIREN.
    pub value: String,
}

/// The contract that is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractReference {
    /// Its reference (BT-12): the client's id, as there is one contract per client.
    pub id: String,
    /// First day.
    pub start: Date,
}

/// When VAT falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VatDue {
    /// On receipt of the payment: the rule for services.
    Receipts,
    /// On issue, by option.
    Debits,
}

impl VatDue {
    /// The code of UNTDID 2005 that CII writes (BT-8).
    pub const fn code(self) -> &'static str {
        match self {
            VatDue::Receipts => "72",
            VatDue::Debits => "5",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1 for the first (BT-126).
    pub position: u32,
    /// What kind of charge it is (R31).
    pub kind: ChargeKind,
    /// What it charges: the key by which a bill is a difference (R18).
    pub key: ChargeKey,
    /// What is sold (BT-153).
    pub description: String,
    /// Sentences that explain it (BT-154): days, minutes, persons' days.
    pub explanation: Vec<String>,
    /// The days that it covers (BT-134, BT-135).
    pub period: Option<Period>,
    /// How much (BT-129).
    pub quantity: Decimal,
    /// In what (BT-130).
    pub unit: Unit,
    /// Price excluding VAT of `basis` units (BT-146).
    pub price: Cents,
    /// How many units the price is for (BT-149): days of the month, 60 minutes, 1.
    pub basis: Decimal,
    /// Quantity x price / basis, rounded once (BT-131).
    pub total: Cents,
    /// VAT category.
    pub category: VatCategory,
    /// VAT rate in hundredths of a per cent: 2000 is 20 %.
    pub rate_bp: u32,
}

impl Line {
    /// What its quantity and price come to: the total that it must have.
    pub fn computed(&self) -> Cents {
        Exact::cents(self.price).times(self.quantity.exact()).per(self.basis.exact()).round()
    }
}

/// Kind of a charge (R31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChargeKind {
    /// Seats.
    Seat,
    /// What a contract's floor adds to the seats (R8).
    Floor,
    /// Support beyond the allowance.
    Overage,
    /// The rest of a commitment that was ended early (R12).
    EarlyEnd,
    /// A quoted price.
    OneOff,
    /// A later difference of an earlier month (R18).
    Regularisation,
}

impl ChargeKind {
    /// Every kind.
    pub const ALL: [ChargeKind; 6] = [
        ChargeKind::Seat,
        ChargeKind::Floor,
        ChargeKind::Overage,
        ChargeKind::EarlyEnd,
        ChargeKind::OneOff,
        ChargeKind::Regularisation,
    ];

    /// Its word, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            ChargeKind::Seat => "seat",
            ChargeKind::Floor => "floor",
            ChargeKind::Overage => "overage",
            ChargeKind::EarlyEnd => "early-end",
            ChargeKind::OneOff => "one-off",
            ChargeKind::Regularisation => "regularisation",
        }
    }
}

/// What a charge is known by within its contract (R18): what was invoiced under a key is taken off what is owed under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeKey {
    /// The month that it belongs to.
    pub month: Month,
    /// Kind; never [`ChargeKind::Regularisation`], which is how a difference is written and not what it is for.
    pub kind: ChargeKind,
    /// Price excluding VAT.
    pub price: Cents,
    /// Tells quoted prices of one month apart; empty for the other kinds.
    pub reference: String,
}

/// Unit of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Pieces: whole months of a seat, quoted prices, differences.
    One,
    /// Days of a seat.
    Day,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
}

impl Unit {
    /// The code of UN/ECE recommendation 20.
    pub const fn code(self) -> &'static str {
        match self {
            Unit::One => "C62",
            Unit::Day => "DAY",
            Unit::Minute => "MIN",
            Unit::Hour => "HUR",
        }
    }
}

/// VAT category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VatCategory {
    /// Standard rate.
    Standard,
    /// Exempt, for the reason that stands with it.
    Exempt,
}

impl VatCategory {
    /// The code of UNTDID 5305.
    pub const fn code(self) -> &'static str {
        match self {
            VatCategory::Standard => "S",
            VatCategory::Exempt => "E",
        }
    }
}

/// VAT of one category and rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatShare {
    /// Category (BT-118).
    pub category: VatCategory,
    /// Rate in hundredths of a per cent (BT-119).
    pub rate_bp: u32,
    /// Sum of the lines (BT-116).
    pub base: Cents,
    /// VAT on that sum, rounded once (BT-117).
    pub vat: Cents,
    /// Why it is exempt (BT-120).
    pub exemption_text: Option<String>,
    /// The same as a code (BT-121).
    pub exemption_code: Option<String>,
}

/// Totals of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Sum of the lines, excluding VAT (BT-106, BT-109).
    pub net: Cents,
    /// VAT (BT-110).
    pub vat: Cents,
    /// Including VAT (BT-112).
    pub gross: Cents,
    /// What is to be paid (BT-115).
    pub due: Cents,
}

/// A mention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its code (BT-21): `PMT`, `PMD`, `AAB`, `BAR`, `REG`, ...; none for free words.
    pub code: Option<String>,
    /// The words.
    pub text: String,
}

/// What a credit note corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// Number of the invoice.
    pub number: String,
    /// Its date.
    pub issued_on: Date,
    /// Why, as it is printed.
    pub reason: String,
}

/// How an invoice is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Payment {
    /// The buyer transfers (UNTDID 4461: 30, or 58 within SEPA).
    Transfer {
        /// Account of the seller.
        iban: String,
        /// Its bank.
        bic: Option<String>,
        /// What to write on the transfer (BT-83).
        reference: String,
    },
    /// The seller collects (UNTDID 4461: 59).
    DirectDebit {
        /// Unique reference of the mandate (BT-89).
        mandate: String,
        /// Creditor identifier of the seller (BT-90).
        creditor_id: String,
        /// Account of the buyer (BT-91).
        iban: String,
        /// Day of collection: a TARGET business day.
        collected_on: Date,
    },
}
