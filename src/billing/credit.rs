//! A credit note that a person asks for: a whole invoice, lines of it, or an amount of a line (R22).

use jiff::civil::Date;
use serde_json::json;

use crate::domain::billing::document::{DocumentKind, Issued};
use crate::domain::billing::{arithmetic, assemble, credit};
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::Inventory;
use crate::store::{ChargeRecord, Scope, Store};

use super::draft::{DocumentDraft, originals, read_document};
use super::{BillingError, parties};

/// A number of the form that real ones have, for checks before numbering.
const SAMPLE_NUMBER: &str = "A2026-99999";

/// What to credit.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Number of the invoice.
    pub number: &'a str,
    /// Its lines; all when empty.
    pub lines: &'a [u32],
    /// Excluding VAT, of the one line.
    pub amount: Option<Cents>,
    /// Why, as printed.
    pub reason: &'a str,
    /// Whether the next run charges it again, instead of its being given up.
    pub charge_again: bool,
}

/// A credit note that may be issued.
#[derive(Debug, Clone, PartialEq)]
pub struct CreditDraft {
    /// Whose.
    pub client: ClientId,
    /// How many charges its ledger had.
    pub ledger_charges: i64,
    /// The document.
    pub document: DocumentDraft,
}

/// Makes a credit note of an invoice.
///
/// # Errors
/// When the invoice is unknown or is a credit note itself, when it leaves less than is asked for, or when its client is not
/// in the inventory any more.
pub async fn draft(
    store: &Store,
    inventory: &Inventory,
    wish: &Wish<'_>,
    issued_on: Date,
) -> Result<CreditDraft, BillingError> {
    let record = store.invoice(&Scope::Staff, wish.number).await?.ok_or_else(|| unknown(wish.number))?;
    if record.kind == DocumentKind::CreditNote {
        let of = record.corrects.unwrap_or_default();
        return Err(BillingError::refused(
            format!("`{}` is a credit note", wish.number),
            format!("it corrects `{of}`: what was given back too much is charged by the next run"),
        ));
    }
    let client = inventory.clients.get(&record.client).ok_or_else(|| {
        BillingError::refused(
            format!("client `{}` is not in the accepted inventory", record.client),
            "keep the file of a client who has left: its invoices refer to it",
        )
    })?;
    let all = originals(store, &record.client).await?;
    let original = all.iter().find(|one| one.invoice.number == wish.number).ok_or_else(|| unknown(wish.number))?;
    let lines = credit::chosen(original, wish.lines, wish.amount)?;
    let (seller, buyer) = (parties::seller(&inventory.cooperative), parties::buyer(client));
    let issued = assemble::credit_note(&seller, &buyer, original, &lines, wish.reason, issued_on);
    let sample = assemble::numbered(issued.clone(), SAMPLE_NUMBER);
    if let Some(contradiction) = arithmetic::contradictions(&sample).first() {
        return Err(BillingError::refused(
            format!("the credit note contradicts itself: {contradiction}"),
            "nothing was issued",
        ));
    }
    let measures = Measures { original: &original.invoice, record: &record.charges };
    let charges = issued.lines.iter().zip(&lines).map(|(line, credited)| ChargeRecord {
        line: line.position,
        key: line.key.clone(),
        cents: Cents(-line.total.0),
        // What is given up stays counted: these minutes were consented to and invoiced.
        amount: if wish.charge_again { -measures.of(credited.position, credited.total) } else { 0 },
        is_waived: !wish.charge_again,
        corrects_line: Some(credited.position),
    });
    let charges: Vec<ChargeRecord> = charges.collect();
    let ledger_charges = i64::try_from(store.charges(&Scope::Client(record.client.clone())).await?.len()).unwrap_or(0);
    let rows: Vec<_> = lines
        .iter()
        .zip(1..)
        .map(|(credited, line)| {
            json!({ "line": line, "rule": "R22", "people": [], "entries": [], "credits_line": credited.position })
        })
        .collect();
    let document = DocumentDraft {
        occasion: format!("credit:{}:{ledger_charges}", wish.number),
        explanation: json!({ "version": 1, "lines": rows }),
        charges,
        issued,
    };
    Ok(CreditDraft { client: record.client.clone(), ledger_charges, document })
}

/// How many days or minutes stand behind a part of a line.
struct Measures<'a> {
    original: &'a Issued,
    record: &'a [ChargeRecord],
}

impl Measures<'_> {
    /// All of a line's measure when the whole line is credited; a part by money has none.
    fn of(&self, position: u32, total: Cents) -> i64 {
        let line = self.original.lines.iter().find(|line| line.position == position);
        let charge = self.record.iter().find(|charge| charge.line == position);
        match (line, charge) {
            (Some(line), Some(charge)) if line.total == total => charge.amount,
            _ => 0,
        }
    }
}

fn unknown(number: &str) -> BillingError {
    BillingError::refused(format!("no document is called `{number}`"), "`accolades billing list` shows their numbers")
}

/// The document of a number within a scope.
///
/// # Errors
/// When there is none, or it cannot be read.
pub async fn document(store: &Store, scope: &Scope, number: &str) -> Result<Issued, BillingError> {
    let record = store.invoice(scope, number).await?.ok_or_else(|| unknown(number))?;
    read_document(&record)
}
