//! What a client owes: its documents, what was paid, what is open (R22, R28, R30).

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
    /// Interest up to today, when it is late; unknown when no rate is.
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
    let (credit_notes, invoices): (Vec<InvoiceRecord>, Vec<InvoiceRecord>) =
        store.invoices(&scope).await?.into_iter().partition(|record| record.kind == DocumentKind::CreditNote);
    let payments = store.payments(&scope).await?;
    let rates: Vec<Dated<Rates>> = cooperative
        .billing
        .late_rates
        .iter()
        .map(|one| Dated { from: one.from, value: Rates { ecb_bp: one.ecb_bp, legal_bp: one.legal_bp } })
        .collect();
    let sum = |movements: &[PaymentRecord], of: &dyn Fn(&PaymentRecord) -> bool| -> Cents {
        movements.iter().filter(|one| of(one)).map(|one| one.payment.cents).sum()
    };
    let came = |one: &PaymentRecord| one.payment.movement == Movement::Payment;
    let went = |one: &PaymentRecord| one.payment.movement != Movement::Payment;
    let statuses = store.invoice_statuses(&scope, None).await?;
    let mut open_invoices = Vec::with_capacity(invoices.len());
    for record in invoices {
        let document = read_document(&record)?;
        let number = record.number.as_str();
        let credited: Cents =
            credit_notes.iter().filter(|note| note.corrects.as_deref() == Some(number)).map(|note| note.gross).sum();
        let named = |one: &PaymentRecord| one.payment.number.as_deref() == Some(number);
        let open = late::balance(
            record.gross,
            credited,
            sum(&payments, &|one| came(one) && named(one)),
            sum(&payments, &|one| went(one) && named(one)),
        );
        let due_on = due_on(&document, received_on(&statuses, number, cooperative));
        let interest = late::interest(open, document.buyer.standing, due_on, today, &rates);
        open_invoices.push(OpenInvoice { record, due_on, open, interest });
    }
    let balance = late::balance(
        open_invoices.iter().map(|one| one.record.gross).sum(),
        credit_notes.iter().map(|one| one.gross).sum(),
        sum(&payments, &came),
        sum(&payments, &went),
    );
    Ok(Statement { invoices: open_invoices, credit_notes, payments, balance })
}
