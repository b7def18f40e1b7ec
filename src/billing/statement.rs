//! What a client owes: its documents, what was paid, what is open (R22, R28, R30).

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::billing::document::{DocumentKind, Issued, Standing};
use crate::domain::billing::late::{self, Interest, Rates};
use crate::domain::billing::terms::Dated;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::Cooperative;
use crate::store::{InvoiceRecord, InvoiceStatus, Movement, PaymentRecord, Scope, Store};

use super::BillingError;
use super::draft::read_document;
use super::terms::zone;

/// An invoice with what is open of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenInvoice {
    /// The invoice.
    pub record: InvoiceRecord,
    /// Its due date.
    pub due_on: Date,
    /// Including VAT, minus credit notes and payments that name it; negative when too much was paid.
    pub open: Cents,
    /// How much of it was open from each day on, oldest first; the last is what is open.
    pub history: Vec<Dated<Cents>>,
    /// Interest up to today of the days on which something of it was late; unknown when no rate is.
    pub interest: Option<Interest>,
}

/// A client's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Invoices, in the order of issue.
    pub invoices: Vec<OpenInvoice>,
    /// Credit notes, in the order of issue.
    pub credit_notes: Vec<InvoiceRecord>,
    /// Movements of money.
    pub payments: Vec<PaymentRecord>,
    /// Invoices - credit notes - payments + refunds and returns; negative when the co-operative owes (R22).
    pub balance: Cents,
}

impl Statement {
    /// Money of the client's that no invoice needs so far: what names none, and what was too much for one. What its open
    /// invoices come to is more than it owes by this.
    pub fn on_account(&self) -> Cents {
        let open: Cents = self.invoices.iter().map(|one| one.open).filter(|open| open.0 > 0).sum();
        Cents((open.0 - self.balance.0).max(0))
    }
}

/// Statuses that say that a public body has its invoice: received (202), made available to it (203).
const RECEIVED: [u16; 2] = [202, 203];

/// The day on which the buyer had an invoice, when a status says so.
fn received_on(statuses: &[InvoiceStatus], number: &str, cooperative: &Cooperative) -> Option<Date> {
    let of_it = statuses.iter().filter(|one| one.status.number == number && RECEIVED.contains(&one.status.code));
    let first = of_it.map(|one| one.status.at_us).min()?;
    let at = jiff::Timestamp::from_microsecond(first).ok()?;
    Some(at.to_zoned(zone(cooperative)).date())
}

/// The last day of payment. For a public body it runs from receipt: the days that the invoice gives, counted from the day on
/// which it was received, never from before its issue (R28).
pub fn due_on(document: &Issued, received_on: Option<Date>) -> Date {
    let written = document.due_on.unwrap_or(document.issued_on);
    match received_on {
        Some(received) if document.buyer.standing == Standing::Public && received > document.issued_on => {
            let days = document.issued_on.until(written).map_or(0, |span| span.get_days());
            received.saturating_add(i64::from(days).days())
        }
        _ => written,
    }
}

/// What is open of each invoice: including VAT, minus credit notes and payments that name it, plus what went back; negative
/// when too much was paid.
pub fn open_of(records: &[InvoiceRecord], payments: &[PaymentRecord]) -> BTreeMap<String, Cents> {
    let invoices = records.iter().filter(|record| record.kind == DocumentKind::Invoice);
    let mut open: BTreeMap<String, Cents> = invoices.map(|one| (one.number.clone(), one.gross)).collect();
    for note in records {
        if let Some(of) = note.corrects.as_ref().and_then(|number| open.get_mut(number)) {
            of.0 -= note.gross.0;
        }
    }
    for one in payments {
        if let Some(of) = one.payment.number.as_ref().and_then(|number| open.get_mut(number)) {
            of.0 -= signed(one).0;
        }
    }
    open
}

/// How much of an invoice was open from each day on. What was credited was never owed; money counts from the day after it
/// moved, so that the day of a payment is the last late one.
fn history(record: &InvoiceRecord, notes: &[InvoiceRecord], payments: &[PaymentRecord]) -> Vec<Dated<Cents>> {
    let number = Some(record.number.as_str());
    let credited: i64 = notes.iter().filter(|note| note.corrects.as_deref() == number).map(|note| note.gross.0).sum();
    let mut open = Cents(record.gross.0 - credited);
    let mut history = vec![Dated { from: Date::MIN, value: open }];
    let mut moved: Vec<&PaymentRecord> =
        payments.iter().filter(|one| one.payment.number.as_deref() == number).collect();
    moved.sort_by_key(|one| one.payment.moved_on);
    for one in moved {
        open.0 -= signed(one).0;
        history.push(Dated { from: one.payment.moved_on.saturating_add(1.day()), value: open });
    }
    history
}

/// What a client owes in all: invoices - credit notes - payments + refunds and returns (R22).
pub fn balance_of(records: &[InvoiceRecord], payments: &[PaymentRecord], client: &ClientId) -> Cents {
    let documents = records.iter().filter(|one| one.client == *client);
    let owed: i64 =
        documents.map(|one| if one.kind == DocumentKind::Invoice { one.gross.0 } else { -one.gross.0 }).sum();
    let paid: i64 = payments.iter().filter(|one| one.payment.client == *client).map(|one| signed(one).0).sum();
    Cents(owed - paid)
}

/// A movement with its sign: positive when it came.
pub fn signed(one: &PaymentRecord) -> Cents {
    match one.payment.movement {
        Movement::Payment => one.payment.cents,
        Movement::Refund | Movement::Return => Cents(-one.payment.cents.0),
    }
}

/// Makes a client's account.
///
/// # Errors
/// When the store cannot be read.
pub async fn statement(
    store: &Store,
    client: &ClientId,
    cooperative: &Cooperative,
    today: Date,
) -> Result<Statement, BillingError> {
    let scope = Scope::Client(client.clone());
    let records = store.invoices(&scope).await?;
    let payments = store.payments(&scope).await?;
    let (open, balance) = (open_of(&records, &payments), balance_of(&records, &payments, client));
    let (credit_notes, invoices): (Vec<InvoiceRecord>, Vec<InvoiceRecord>) =
        records.into_iter().partition(|record| record.kind == DocumentKind::CreditNote);
    let rates = rates_of(cooperative);
    let statuses = store.invoice_statuses(&scope, None).await?;
    let mut open_invoices = Vec::with_capacity(invoices.len());
    for record in invoices {
        let document = read_document(&record)?;
        let open = open.get(&record.number).copied().unwrap_or_default();
        let due_on = due_on(&document, received_on(&statuses, &record.number, cooperative));
        let history = history(&record, &credit_notes, &payments);
        let interest = late::interest_over(&history, document.buyer.standing, due_on, today, &rates);
        open_invoices.push(OpenInvoice { record, due_on, open, history, interest });
    }
    Ok(Statement { invoices: open_invoices, credit_notes, payments, balance })
}

/// The rates for late interest as the rules read them.
pub fn rates_of(cooperative: &Cooperative) -> Vec<Dated<Rates>> {
    let rates = cooperative.billing.late_rates.iter();
    rates.map(|one| Dated { from: one.from, value: Rates { ecb_bp: one.ecb_bp, legal_bp: one.legal_bp } }).collect()
}
