//! The words of the mails that carry documents: `templates/mail/*.txt`, in French, in English on request.

use askama::Template;
use jiff::civil::Date;

use crate::domain::billing::document::{DocumentKind, DocumentLanguage, Issued, Payment};
use crate::domain::billing::duration;
use crate::domain::billing::support::YearAccount;
use crate::domain::billing::terms::{Dated, Terms};
use crate::domain::billing::words;
use crate::domain::money::Cents;

use DocumentLanguage::{En, Fr};

/// Lines of a document that a mail repeats; the document has all of them.
const LINES_MAX: usize = 6;

/// Subject and text of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// How an invoice is paid, as its mail says it. For a direct debit this is the pre-notification (R29).
enum Pay {
    Transfer { iban: String, due_on: String },
    DirectDebit { on: String, account: String, mandate: String, creditor_id: String },
    Nothing,
}

#[derive(Template)]
#[template(path = "mail/invoice.txt")]
struct InvoiceText<'a> {
    french: bool,
    to: Option<&'a str>,
    is_credit: bool,
    number: &'a str,
    issued_on: String,
    corrects: &'a str,
    period: String,
    gross: String,
    /// Whether there is VAT in it: a seller in franchise has none to include.
    with_vat: bool,
    lines: Vec<String>,
    payment: Pay,
    seller: &'a str,
}

/// The notice of renewal, as its mail reads it (R11).
#[derive(Template)]
#[template(path = "mail/renewal.txt")]
struct RenewalText<'a> {
    french: bool,
    to: Option<&'a str>,
    contract: &'a str,
    ends: String,
    renewed_until: String,
    deadline: String,
    refuse_by: &'a str,
    professional: bool,
    seller: &'a str,
}

/// What is told of a year's hours.
#[derive(Template)]
#[template(path = "mail/hours.txt")]
struct HoursText<'a> {
    french: bool,
    contract: &'a str,
    used_up: bool,
    used: String,
    allowance: String,
    left: String,
    until: String,
    exhausted_on: Option<String>,
    asks_before: bool,
    hour_price: Option<String>,
    seller: &'a str,
}

/// The words that go with an invoice or a credit note.
///
/// # Panics
/// Never: a template of texts is always written.
pub fn invoice(issued: &Issued, to: Option<&str>) -> Words {
    let language = issued.language;
    let french = language == Fr;
    let gross = words::amount(issued.totals.gross, language);
    let is_credit = issued.kind == DocumentKind::CreditNote;
    let subject = match (is_credit, french) {
        (false, true) => format!("Facture {} : {gross}", issued.number),
        (true, true) => format!("Avoir {} : {gross}", issued.number),
        (false, false) => format!("Invoice {}: {gross}", issued.number),
        (true, false) => format!("Credit note {}: {gross}", issued.number),
    };
    let text = InvoiceText {
        french,
        to,
        is_credit,
        number: &issued.number,
        issued_on: words::day(issued.issued_on, language),
        corrects: issued.corrects.as_ref().map_or("", |corrects| corrects.number.as_str()),
        period: period(issued),
        gross,
        with_vat: issued.totals.vat.0 != 0,
        lines: lines(issued),
        payment: pay(issued),
        seller: &issued.seller.name,
    };
    Words { subject, text: text.render().expect("texts are always written") }
}

/// What a notice of renewal says.
pub struct Renewal<'a> {
    /// Language.
    pub language: DocumentLanguage,
    /// Name of the recipient.
    pub to: Option<&'a str>,
    /// The contract's reference.
    pub contract: &'a str,
    /// Last day of the term.
    pub ends: Date,
    /// Last day of the next one.
    pub renewed_until: Date,
    /// Last day to refuse.
    pub deadline: Date,
    /// How to refuse, in words.
    pub refuse_by: &'a str,
    /// Whether the client is a professional.
    pub professional: bool,
    /// Who writes.
    pub seller: &'a str,
}

/// The words of a notice of renewal: a mail of its own, with the last day in a box (R11).
///
/// # Panics
/// Never: a template of texts is always written.
pub fn renewal(of: &Renewal<'_>) -> Words {
    let day = |date| words::day(date, of.language);
    let subject = match of.language {
        Fr => format!("Votre contrat : à refuser au plus tard le {} si vous ne le renouvelez pas", day(of.deadline)),
        En => format!("Your contract: refuse by {} if you do not renew it", day(of.deadline)),
    };
    let text = RenewalText {
        french: of.language == Fr,
        to: of.to,
        contract: of.contract,
        ends: day(of.ends),
        renewed_until: day(of.renewed_until),
        deadline: day(of.deadline),
        refuse_by: of.refuse_by,
        professional: of.professional,
        seller: of.seller,
    };
    Words { subject, text: text.render().expect("texts are always written") }
}

/// What a client is told of a year's hours.
pub struct HoursUsed<'a> {
    /// Language.
    pub language: DocumentLanguage,
    /// The contract's reference.
    pub contract: &'a str,
    /// The contract year.
    pub year: &'a YearAccount,
    /// Whether all of them are used.
    pub is_used_up: bool,
    /// Day on which they end at this pace.
    pub exhausted_on: Option<Date>,
    /// The contract.
    pub terms: &'a Terms,
    /// Today.
    pub today: Date,
    /// Who writes.
    pub seller: &'a str,
}

/// The words of an alert of hours (80 % and 100 %): what is used, what is left, and what happens beyond.
///
/// # Panics
/// Never: a template of texts is always written.
pub fn hours(of: &HoursUsed<'_>) -> Words {
    let HoursUsed { language, year, terms, .. } = *of;
    let (day, allowance) = (|date| words::day(date, language), duration::shown(year.allowance));
    let subject = match (language, of.is_used_up) {
        (Fr, true) => format!("Assistance : vos {allowance} sont utilisées"),
        (Fr, false) => format!("Assistance : il vous reste {}", duration::shown(year.left())),
        (En, true) => format!("Support: your {allowance} are used"),
        (En, false) => format!("Support: {} are left", duration::shown(year.left())),
    };
    let text = HoursText {
        french: language == Fr,
        contract: of.contract,
        used_up: of.is_used_up,
        used: duration::shown(year.used),
        allowance,
        left: duration::shown(year.left()),
        until: day(year.until),
        exhausted_on: of.exhausted_on.map(day),
        asks_before: terms.asks_before_overage,
        hour_price: Dated::on(&terms.hour_prices, of.today).map(|price| words::amount(*price, language)),
        seller: of.seller,
    };
    Words { subject, text: text.render().expect("texts are always written") }
}

fn period(issued: &Issued) -> String {
    let (from, until) = (issued.period.from, issued.period.until);
    let month = crate::domain::billing::month::Month::of(from);
    if from == month.first() && until == month.last() {
        return words::month(month, issued.language);
    }
    let (from, until) = (words::day(from, issued.language), words::day(until, issued.language));
    match issued.language {
        Fr => format!("la période du {from} au {until}"),
        En => format!("the days from {from} to {until}"),
    }
}

fn lines(issued: &Issued) -> Vec<String> {
    let amount = |cents: Cents| words::amount(cents, issued.language);
    let excluding = if issued.language == Fr { "HT" } else { "excl. VAT" };
    let separator = if issued.language == Fr { " : " } else { ": " };
    let mut lines: Vec<String> = issued
        .lines
        .iter()
        .take(LINES_MAX)
        .map(|line| format!("- {}{separator}{} {excluding}", line.description, amount(line.total)))
        .collect();
    match (issued.lines.len().saturating_sub(LINES_MAX), issued.language) {
        (0, _) => {}
        (more, Fr) => lines.push(format!("- et {more} autres lignes, dans le fichier joint")),
        (more, En) => lines.push(format!("- and {more} more lines, in the attached file")),
    }
    lines
}

fn pay(issued: &Issued) -> Pay {
    let day = |date| words::day(date, issued.language);
    match (&issued.payment, issued.due_on) {
        (Some(Payment::Transfer { iban, .. }), Some(due_on)) if issued.totals.due.0 > 0 => {
            Pay::Transfer { iban: grouped(iban), due_on: day(due_on) }
        }
        (Some(Payment::DirectDebit { mandate, creditor_id, iban, collected_on }), _) => Pay::DirectDebit {
            on: day(*collected_on),
            account: iban.get(iban.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
            mandate: mandate.clone(),
            creditor_id: creditor_id.clone(),
        },
        _ => Pay::Nothing,
    }
}

/// An account number in groups of four, as people read it.
fn grouped(iban: &str) -> String {
    let letters: Vec<char> = iban.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}
