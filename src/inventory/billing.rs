//! What the inventory says about billing: of the co-operative, and of a client. Every field has a default, so that models of
//! version 1 are read.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::accounting::Accounts;
use crate::domain::billing::decimal::Decimal;
use crate::domain::billing::mandate::NOTICE_DAYS;
pub use crate::domain::billing::mandate::Scheme as MandateScheme;
use crate::domain::billing::terms::SupportKind;
use crate::domain::billing::vat::Regime;
use crate::domain::money::Cents;

/// How the co-operative bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CooperativeBilling {
    /// Account that clients pay into, without spaces.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
    /// SEPA creditor identifier (ICS).
    pub creditor_id: Option<String>,
    /// Electronic address of scheme 0225; the SIREN when absent.
    pub electronic_address: Option<String>,
    /// Whether VAT falls due on debits by option, instead of on receipts.
    pub vat_on_debits: bool,
    /// Days from issue to the due date (R28).
    pub due_days: u16,
    /// First letters of invoice numbers (R19).
    pub invoice_series: String,
    /// First letters of credit note numbers.
    pub credit_series: String,
    /// VAT regimes, oldest first; none: as the identity's VAT status says.
    pub vat_regimes: Vec<DatedRegime>,
    /// Rates for late interest, oldest first (R28).
    pub late_rates: Vec<DatedRates>,
    /// Days after the due date at which the levels of reminders begin (R28).
    pub reminder_days: Vec<u16>,
    /// Whether reminders leave by themselves in the morning, by mail; otherwise a person sends them (R28).
    pub automatic_reminders: bool,
    /// Accounts of the journals.
    pub accounts: Accounts,
    /// Month in which the fiscal year ends, 1 to 12.
    pub fiscal_year_end_month: i8,
    /// The co-operative's own Dolibarr, when documents are pushed there.
    pub dolibarr: Option<OwnDolibarr>,
}

impl Default for CooperativeBilling {
    fn default() -> CooperativeBilling {
        CooperativeBilling {
            iban: None,
            bic: None,
            creditor_id: None,
            electronic_address: None,
            vat_on_debits: false,
            due_days: 30,
            invoice_series: "F".to_owned(),
            credit_series: "A".to_owned(),
            vat_regimes: Vec::new(),
            late_rates: Vec::new(),
            reminder_days: vec![7, 21, 45],
            automatic_reminders: false,
            accounts: Accounts::default(),
            fiscal_year_end_month: 12,
            dolibarr: None,
        }
    }
}

/// The co-operative's own Dolibarr. The key of its API is the secret `dolibarr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDolibarr {
    /// Its address, as in `https://gestion.example`.
    pub url: String,
    /// Number of the bank account there that payments go to.
    pub bank_account: u32,
}

/// A VAT regime from a day on (R26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRegime {
    /// First day.
    pub from: Date,
    /// The regime.
    pub regime: Regime,
    /// Why it is exempt, as printed; the usual words when absent.
    pub text: Option<String>,
    /// The same as a code of the VATEX list.
    pub code: Option<String>,
}

/// Rates of a half-year, in hundredths of a per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRates {
    /// 1 January or 1 July.
    pub from: Date,
    /// Main refinancing rate of the European Central Bank.
    pub ecb_bp: u32,
    /// Legal interest rate.
    pub legal_bp: Option<u32>,
}

/// What a client wants on its invoices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientBilling {
    /// Purchase order number.
    pub purchase_order: Option<String>,
    /// Whether it asks for one.
    pub purchase_order_required: bool,
    /// Service code in Chorus Pro.
    pub service_code: Option<String>,
    /// Whether it asks for one.
    pub service_code_required: bool,
    /// Commitment number in Chorus Pro.
    pub commitment_number: Option<String>,
    /// Whether it asks for one.
    pub commitment_number_required: bool,
    /// Electronic address of scheme 0225; the SIREN when absent.
    pub electronic_address: Option<String>,
    /// SEPA mandate that it signed.
    pub mandate: Option<Mandate>,
    /// How its documents reach it; absent: as its VAT status says.
    pub route: Option<Route>,
}

/// How documents reach a client (R26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// By e-mail to its billing contacts.
    Email,
    /// Through the co-operative's approved platform.
    Platform,
    /// Through Chorus Pro: public bodies.
    Chorus,
}

impl Route {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Route::Email => "email",
            Route::Platform => "platform",
            Route::Chorus => "chorus",
        }
    }
}

/// A signed SEPA mandate (R29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Unique reference (RUM).
    pub reference: String,
    /// Day of signature.
    pub signed: Date,
    /// Scheme.
    pub scheme: MandateScheme,
    /// Account of the client, without spaces.
    pub iban: String,
    /// Calendar days between the notice and a collection.
    #[serde(default = "notice_days")]
    pub notice_days: u16,
}

fn notice_days() -> u16 {
    NOTICE_DAYS
}

/// How worked time is accounted from a day on (R4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedAccounting {
    /// First day.
    pub from: Date,
    /// An entry's minutes are rounded up to a multiple of this.
    pub rounding_minutes: u16,
    /// Kinds of support that count.
    pub counted: Vec<SupportKind>,
}

/// A quoted price, charged once (R31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneOffCharge {
    /// Tells it apart from others, for ever.
    pub id: String,
    /// Day from which it is owed.
    pub on: Date,
    /// What is sold, as printed.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one, excluding VAT.
    pub price: Cents,
}

/// What counts when a contract says nothing else (R13).
pub fn counted_by_default() -> Vec<SupportKind> {
    SupportKind::COUNTED.to_vec()
}
