//! The other papers of a contract: support statement, contract sheet, SEPA mandate, notice of renewal. Each is plain data
//! that a template of the same name prints; the field names are what the template reads.

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::billing::document::{DocumentLanguage, Party};
use crate::domain::billing::month::Period;
use crate::domain::money::Cents;
use crate::print::{House, Identity, PrintError, Templates};

use super::facturx::house;

/// Whose paper it is, from whom, in which language.
#[derive(Debug, Clone)]
pub struct Between<'a> {
    /// Language of the paper.
    pub language: DocumentLanguage,
    /// The co-operative.
    pub seller: &'a Party,
    /// The client.
    pub client: &'a Party,
    /// The contract's reference.
    pub contract: &'a str,
}

/// What was done in a contract year, and what is left of it (R13 to R17).
#[derive(Debug, Clone, Serialize)]
pub struct SupportStatement {
    /// The day for which it is true.
    pub as_of: Date,
    /// The contract year.
    pub year: Period,
    /// Included minutes.
    pub allowance_minutes: i64,
    /// Minutes of it that are used.
    pub used_minutes: i64,
    /// Minutes beyond it.
    pub overage_minutes: i64,
    /// Of those, minutes that wait for consent.
    pub waiting_minutes: i64,
    /// When the rest will be used up, in words.
    pub forecast: Option<String>,
    /// Who consents to more, in words.
    pub approver: Option<String>,
    /// The work, oldest first.
    pub entries: Vec<StatementEntry>,
}

/// One piece of work.
#[derive(Debug, Clone, Serialize)]
pub struct StatementEntry {
    /// Its day.
    pub day: Date,
    /// What was done.
    pub words: String,
    /// `help`, `training`, `group-training`, `incident` or `maintenance`.
    pub kind: String,
    /// With whom.
    pub person: Option<String>,
    /// Minutes as worked.
    pub minutes: i64,
    /// Minutes as accounted (R4).
    pub accounted: i64,
    /// Of those, minutes beyond the allowance.
    pub over: i64,
    /// A remark, such as why it is not accounted.
    pub note: Option<String>,
}

/// What is agreed, for signature.
#[derive(Debug, Clone, Serialize)]
pub struct ContractSheet {
    /// The day on which it is made.
    pub made_on: Date,
    /// Who signs for the client.
    pub represented_by: Option<String>,
    /// First day.
    pub start: Date,
    /// Commitment in months (R10).
    pub commitment_months: u16,
    /// Last day of the commitment.
    pub first_term: Date,
    /// Months of a renewal (R11).
    pub renewal_months: u16,
    /// Days before a term until which renewal may be refused.
    pub refusal_days: u16,
    /// Seats at the start.
    pub seats: u32,
    /// Price of a seat and month, excluding VAT.
    pub seat_price: Cents,
    /// Floor for each day (R8).
    pub minimum_seats: u32,
    /// Support included a year, in minutes.
    pub support_minutes: u32,
    /// Price of an hour beyond it, excluding VAT; none: nothing is charged (R14).
    pub overage_price: Option<Cents>,
    /// `ask` or `pre-approved` (R17).
    pub overage_policy: &'static str,
    /// Rounding of an entry, upwards (R4).
    pub rounding_minutes: u16,
    /// VAT rate in hundredths of a per cent.
    pub vat_rate_bp: u32,
    /// Why there is no VAT, when there is none (R26).
    pub exemption: Option<String>,
    /// Days to pay an invoice (R28).
    pub payment_days: u16,
    /// `due` or `free` (R12).
    pub early_end: &'static str,
    /// Whether the client has fourteen days to withdraw: five employees at most, signed off-premises.
    pub withdrawal: bool,
}

/// A SEPA mandate to sign (R29).
#[derive(Debug, Clone, Serialize)]
pub struct MandateForm {
    /// The day on which it is made out.
    #[serde(skip)]
    pub made_on: Date,
    /// `core` or `b2b`.
    pub scheme: &'static str,
    /// Unique reference (RUM).
    pub reference: String,
    /// Creditor identifier (ICS).
    pub creditor_id: String,
    /// Account of the client, when it is known.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
}

/// The notice that a contract goes on unless it is refused (R11).
#[derive(Debug, Clone, Serialize)]
pub struct RenewalLetter {
    /// The day on which it is sent.
    pub sent_on: Date,
    /// Whether the client is a professional.
    pub professional: bool,
    /// First day of the contract.
    pub start: Date,
    /// Last day of the present term.
    pub ends: Date,
    /// Last day of the next one.
    pub renewed_until: Date,
    /// Its months.
    pub renewal_months: u16,
    /// Last day to refuse: it stands in a box.
    pub deadline: Date,
    /// Where a refusal is to be sent, in words.
    pub refuse_by: String,
    /// What is said of the price after "on today's terms", beginning with a comma; may be empty.
    pub price_words: String,
}

/// A reminder: what is late, and what the law adds when it is asked for (R28).
#[derive(Debug, Clone, Serialize)]
pub struct ReminderLetter {
    /// The day on which it is sent; everything is reckoned up to it.
    pub sent_on: Date,
    /// Its level, 1 for the first.
    pub level: usize,
    /// Whether it is the first, friendly one.
    pub is_first: bool,
    /// Whether it is the last one: a formal notice.
    pub is_last: bool,
    /// Whether the client is a public body.
    pub is_public: bool,
    /// What is asked for in all, including VAT.
    pub open: Cents,
    /// Money of the client's that names no invoice, or was too much for one: it is taken off already.
    pub on_account: Cents,
    /// Interest in all; none when a rate is not known.
    pub interest: Option<Cents>,
    /// Fixed compensation in all.
    pub compensation: Cents,
    /// The late invoices, the oldest first.
    pub lines: Vec<ReminderLine>,
    /// Account to pay into.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
}

/// A late invoice on a reminder.
#[derive(Debug, Clone, Serialize)]
pub struct ReminderLine {
    /// Its number.
    pub number: String,
    /// Day of issue.
    pub issued_on: Date,
    /// Its due date.
    pub due_on: Date,
    /// What it is about.
    pub period: Option<Period>,
    /// Including VAT.
    pub gross: Cents,
    /// What is open, money on the account taken off.
    pub open: Cents,
    /// Days late.
    pub days: i64,
    /// Interest; none when a rate is not known.
    pub interest: Option<Cents>,
}

/// A client's account: every document and movement, with what is owed after each.
#[derive(Debug, Clone, Serialize)]
pub struct AccountStatement {
    /// The day for which it is true.
    pub as_of: Date,
    /// Documents and movements, oldest first.
    pub lines: Vec<AccountLine>,
    /// Invoices that are not settled.
    pub open: Vec<OpenLine>,
    /// What is owed; negative when the co-operative owes.
    pub balance: Cents,
    /// What is late of it.
    pub late: Cents,
    /// Account to pay into.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
}

/// A line of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountLine {
    /// Its day.
    pub day: Date,
    /// `invoice`, `credit-note`, `payment`, `refund` or `return`.
    pub kind: &'static str,
    /// Number of the document, or of the invoice that is paid.
    pub number: Option<String>,
    /// How money moved.
    pub means: Option<String>,
    /// Positive adds to what is owed, negative takes off.
    pub cents: Cents,
    /// What is owed after it.
    pub balance: Cents,
}

/// An invoice that is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenLine {
    /// Its number.
    pub number: String,
    /// Day of issue.
    pub issued_on: Date,
    /// Its due date.
    pub due_on: Date,
    /// Including VAT.
    pub gross: Cents,
    /// What is open.
    pub open: Cents,
    /// Days late; 0 when it is not.
    pub days_late: i64,
    /// The day on which it is collected, when it is at the bank.
    pub collected_on: Option<Date>,
}

/// A paper as its template reads it.
#[derive(Serialize)]
struct Data<'a, T> {
    language: DocumentLanguage,
    house: House,
    seller: &'a Party,
    client: &'a Party,
    creditor: &'a Party,
    debtor: &'a Party,
    contract: &'a str,
    #[serde(flatten)]
    paper: &'a T,
}

fn print<T: Serialize>(
    between: &Between<'_>,
    template: &str,
    (fr, en): (&str, &str),
    on: Date,
    paper: &T,
    templates: &Templates,
) -> Result<Vec<u8>, PrintError> {
    let Between { language, seller, client, contract } = *between;
    let house = house(seller, language);
    let data = Data { language, house, seller, client, creditor: seller, debtor: client, contract, paper };
    let title = match language {
        DocumentLanguage::Fr => fr,
        DocumentLanguage::En => en,
    };
    let identity = Identity {
        id: format!("{} {template} {contract} {on}", seller.siren.as_deref().unwrap_or(&seller.name)),
        title: format!("{title}, {}", client.name),
        author: seller.name.clone(),
        date: on,
    };
    templates.pdf(template, &serde_json::json!(data), &identity, &[])
}

impl SupportStatement {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        let titles = ("Relevé d'assistance", "Support statement");
        print(between, "support-statement", titles, self.as_of, self, templates)
    }
}

impl ContractSheet {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        print(between, "contract", ("Contrat de services", "Service contract"), self.made_on, self, templates)
    }
}

impl MandateForm {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        let titles = ("Mandat de prélèvement SEPA", "SEPA direct debit mandate");
        print(between, "mandate", titles, self.made_on, self, templates)
    }
}

impl RenewalLetter {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        let titles = ("Renouvellement de votre contrat", "Renewal of your contract");
        print(between, "renewal", titles, self.sent_on, self, templates)
    }
}

impl ReminderLetter {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        let titles = ("Rappel de paiement", "Payment reminder");
        print(between, "reminder", titles, self.sent_on, self, templates)
    }
}

impl AccountStatement {
    /// Prints it.
    ///
    /// # Errors
    /// [`PrintError`] when the template is wrong.
    pub fn print(&self, between: &Between<'_>, templates: &Templates) -> Result<Vec<u8>, PrintError> {
        let titles = ("Relevé de compte", "Statement of account");
        print(between, "account-statement", titles, self.as_of, self, templates)
    }
}
