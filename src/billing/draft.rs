//! The draft of a run: for each client what would be issued, and everybody left out with reason and mend (R18, R21, R23).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::billing::charge::Because;
use crate::domain::billing::credit::{self, Credit, Original};
use crate::domain::billing::difference::{Difference, DueLine, Run, difference, through};
use crate::domain::billing::document::{DocumentKind, DocumentLanguage, Issued};
use crate::domain::billing::lawful::{self, Hindrance};
use crate::domain::billing::month::Month;
use crate::domain::billing::owed::{Owed, Records, owed};
use crate::domain::billing::seller::{Buyer, Seller};
use crate::domain::billing::terms::Terms;
use crate::domain::billing::{arithmetic, assemble};
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::billing::CooperativeBilling;
use crate::inventory::model::{Client, Inventory};
use crate::store::{ChargeRecord, InvoiceRecord, Scope, Store};

use super::book::{Account, Book};
use super::debit::{self, Debits};
use super::terms::{terms, zone};
use super::{BillingError, parties};

/// Version of the explanation that is kept with a document.
const EXPLANATION_VERSION: u32 = 1;

/// A number of the form that real ones have, for checks before numbering.
const SAMPLE_NUMBER: &str = "F2026-99999";

/// What a run would issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The run.
    pub run: Run,
    /// Day of issue.
    pub issued_on: Date,
    /// Clients with documents, in order of id.
    pub clients: Vec<ClientDraft>,
    /// Clients who are left out.
    pub left_out: Vec<LeftOut>,
    /// Minutes that wait for consent or for a price, per client; charged nowhere.
    pub waiting: Vec<(ClientId, i64)>,
}

/// A client's documents.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientDraft {
    /// Its id.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// How many charges its ledger had.
    pub ledger_charges: i64,
    /// At most one invoice, then credit notes.
    pub documents: Vec<DocumentDraft>,
}

impl ClientDraft {
    /// What the documents come to, credit notes taken off: excluding VAT, VAT, including VAT.
    pub fn totals(&self) -> (Cents, Cents, Cents) {
        let signed = |document: &DocumentDraft, amount: Cents| match document.issued.kind {
            DocumentKind::Invoice => amount,
            DocumentKind::CreditNote => Cents(-amount.0),
        };
        let sum = |of: fn(&Issued) -> Cents| {
            self.documents.iter().map(|document| signed(document, of(&document.issued))).sum::<Cents>()
        };
        (sum(|issued| issued.totals.net), sum(|issued| issued.totals.vat), sum(|issued| issued.totals.gross))
    }
}

/// A document without its number.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentDraft {
    /// The document.
    pub issued: Issued,
    /// What it is issued for.
    pub occasion: String,
    /// What its lines charge or give back.
    pub charges: Vec<ChargeRecord>,
    /// Which people, days and entries make its lines.
    pub explanation: Value,
}

/// A client who is left out before numbering (R21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its id.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// What is missing or wrong.
    pub reason: String,
    /// What to do.
    pub mend: String,
}

/// What a client owes and what of it is to be written.
struct Sums {
    terms: Terms,
    owed: Owed,
    difference: Difference,
}

fn sums(client: &Client, account: &Account, run: Run, zone: &jiff::tz::TimeZone) -> Sums {
    let terms = terms(client, account.notices.clone());
    let through = through(&terms, &account.ledger, run);
    let (entries, envelopes) = (account.worked(), account.envelopes());
    let billed_minutes = account.ledger.billed_minutes();
    let records =
        Records { terms: &terms, zone, entries: &entries, envelopes: &envelopes, billed_minutes: &billed_minutes };
    let owed = owed(records, through);
    let difference = difference(&owed, &account.ledger, run, terms.language);
    Sums { terms, owed, difference }
}

/// Makes the draft. `only` restricts it to some clients.
///
/// # Errors
/// When the store cannot be read, or the seller itself cannot write a lawful invoice.
pub async fn draft(
    store: &Store,
    inventory: &Inventory,
    run: Run,
    issued_on: Date,
    only: Option<&BTreeSet<ClientId>>,
) -> Result<Draft, BillingError> {
    let book = Book::read(store, &Scope::Staff).await?;
    let seller = parties::seller(&inventory.cooperative);
    if let Some(Hindrance { reason, mend }) = lawful::of_seller(&seller).into_iter().next() {
        return Err(BillingError::Seller { reason, mend });
    }
    let zone = zone(&inventory.cooperative);
    let mut draft = Draft { run, issued_on, clients: Vec::new(), left_out: Vec::new(), waiting: Vec::new() };
    let none = Account::default();
    let debits = Debits::read(store, &Scope::Staff).await?;
    let billing = &inventory.cooperative.billing;
    for client in inventory.clients.values() {
        if only.is_some_and(|only| !only.contains(&client.id)) {
            continue;
        }
        let account = book.account_ref(&client.id).unwrap_or(&none);
        let sums = sums(client, account, run, &zone);
        let waiting: i64 = sums.owed.account.waiting.iter().map(|one| one.minutes).sum();
        if waiting > 0 {
            draft.waiting.push((client.id.clone(), waiting));
        }
        if sums.difference.is_nothing() {
            continue;
        }
        let made = documents(store, client, account, &seller, &sums, run, issued_on).await?;
        match made.map(|documents| collected(documents, client, billing, &debits)) {
            Ok(documents) => draft.clients.push(ClientDraft {
                client: client.id.clone(),
                name: client.identity.name.clone(),
                ledger_charges: account.ledger_charges,
                documents,
            }),
            Err(Hindrance { reason, mend }) => draft.left_out.push(LeftOut {
                client: client.id.clone(),
                name: client.identity.name.clone(),
                reason,
                mend,
            }),
        }
    }
    Ok(draft)
}

/// Invoices of a client whose mandate may be used say that, and when, they are collected (R29).
fn collected(
    mut documents: Vec<DocumentDraft>,
    client: &Client,
    billing: &CooperativeBilling,
    debits: &Debits,
) -> Vec<DocumentDraft> {
    for document in &mut documents {
        let issued = &mut document.issued;
        let Some(due_on) = issued.due_on.filter(|_| issued.payment.is_some()) else { continue };
        let days = (issued.issued_on, due_on);
        if let Some(payment) = debit::on_invoice(client, issued.buyer.standing, billing, debits, days) {
            issued.payment = Some(payment);
        }
    }
    documents
}

/// What would be left of a draft if it were made of another inventory: used to show what an edit costs.
pub(super) fn owed_by(client: &Client, account: &Account, through: Month, zone: &jiff::tz::TimeZone) -> Owed {
    sums(client, account, Run { month: through, is_final: false }, zone).owed
}

async fn documents(
    store: &Store,
    client: &Client,
    account: &Account,
    seller: &Seller,
    sums: &Sums,
    run: Run,
    issued_on: Date,
) -> Result<Result<Vec<DocumentDraft>, Hindrance>, BillingError> {
    let buyer = parties::buyer(client);
    if let Some(hindrance) = lawful::of_buyer(client.id.as_str(), &buyer).into_iter().next() {
        return Ok(Err(hindrance));
    }
    if run.is_final && sums.terms.end.is_none_or(|end| end > run.month.last()) {
        return Ok(Err(Hindrance {
            reason: format!("the contract of `{}` has not ended by {}", client.id, run.month.last()),
            mend: "a final run is for contracts that have ended: leave `--final` away".to_owned(),
        }));
    }
    let mut supplied = sums.difference.lines.iter().map(|line| line.period);
    if let Some(hindrance) = supplied.find_map(|period| lawful::of_supply(seller, period)) {
        return Ok(Err(hindrance));
    }
    let mut documents = Vec::new();
    if !sums.difference.lines.is_empty() {
        documents.push(invoice(client, account, seller, &buyer, &sums.difference.lines, run, issued_on));
    }
    if !sums.difference.given_back.is_empty() {
        let originals = originals(store, &client.id).await?;
        let (credits, stuck) = credit::spread(&sums.difference.given_back, &originals);
        if let Some(key) = stuck.first() {
            return Ok(Err(Hindrance {
                reason: format!("what was charged too much for {} of {} is on no invoice", key.kind.word(), key.month),
                mend: "compare `accolades billing list` with the inventory: an invoice is missing in this store"
                    .to_owned(),
            }));
        }
        for credit in &credits {
            let Some(original) = originals.iter().find(|one| one.invoice.number == credit.original) else { continue };
            documents.push(credit_note(client, account, seller, &buyer, original, credit, run, issued_on, sums));
        }
    }
    for document in &documents {
        let sample = assemble::numbered(document.issued.clone(), SAMPLE_NUMBER);
        if let Some(contradiction) = arithmetic::contradictions(&sample).first() {
            return Ok(Err(Hindrance {
                reason: format!("its document contradicts itself: {contradiction}"),
                mend: "look at `accolades billing draft --json`; when the contract is right this is a mistake of the program"
                    .to_owned(),
            }));
        }
    }
    Ok(Ok(documents))
}

fn invoice(
    client: &Client,
    account: &Account,
    seller: &Seller,
    buyer: &Buyer,
    lines: &[DueLine],
    run: Run,
    issued_on: Date,
) -> DocumentDraft {
    let issued = assemble::invoice(seller, buyer, lines, run.month.period(), issued_on);
    let due = |line: &crate::domain::billing::document::Line| lines.iter().find(|due| due.key == line.key);
    let charges = issued.lines.iter().map(|line| ChargeRecord {
        line: line.position,
        key: line.key.clone(),
        cents: line.total,
        amount: due(line).map_or(0, |due| due.amount),
        is_waived: false,
        corrects_line: None,
    });
    let charges = charges.collect();
    let because: Vec<(u32, &Because)> =
        issued.lines.iter().filter_map(|line| Some((line.position, &due(line)?.because))).collect();
    let explanation = explanation(account, &because);
    DocumentDraft { occasion: occasion("", client, account, run, ""), charges, explanation, issued }
}

#[expect(clippy::too_many_arguments, reason = "a credit note stands between everything that an invoice does")]
fn credit_note(
    client: &Client,
    account: &Account,
    seller: &Seller,
    buyer: &Buyer,
    original: &Original,
    credit: &Credit,
    run: Run,
    issued_on: Date,
    sums: &Sums,
) -> DocumentDraft {
    let reason = match buyer.language {
        DocumentLanguage::Fr => "Facturé en trop\u{a0}: régularisation.",
        DocumentLanguage::En => "Charged too much: adjustment.",
    };
    let issued = assemble::credit_note(seller, buyer, original, &credit.lines, reason, issued_on);
    let charges: Vec<ChargeRecord> = issued
        .lines
        .iter()
        .zip(&credit.lines)
        .map(|(line, credited)| ChargeRecord {
            line: line.position,
            key: line.key.clone(),
            cents: Cents(-line.total.0),
            amount: -credited.amount,
            is_waived: false,
            corrects_line: Some(credited.position),
        })
        .collect();
    let given_back = |key| sums.difference.given_back.iter().find(|one| one.key == key);
    let because: Vec<(u32, &Because)> =
        issued.lines.iter().filter_map(|line| Some((line.position, &given_back(line.key.clone())?.because))).collect();
    let explanation = explanation(account, &because);
    let occasion = occasion("credit-", client, account, run, &credit.original);
    DocumentDraft { issued, occasion, charges, explanation }
}

/// Names what a document is issued for, so that it cannot be issued twice (R24).
fn occasion(what: &str, client: &Client, account: &Account, run: Run, original: &str) -> String {
    let of = if original.is_empty() { String::new() } else { format!(":{original}") };
    match run.is_final {
        false => format!("{what}month:{}:{}{of}", client.id, run.month),
        true => format!("{what}final:{}:{}:{}{of}", client.id, run.month, account.ledger_charges),
    }
}

/// Which people, days and entries make the lines, as it was on the day of issue.
fn explanation(account: &Account, lines: &[(u32, &Because)]) -> Value {
    let words: BTreeMap<i64, &str> =
        account.entries.iter().map(|entry| (entry.number, entry.latest.entry.words.as_str())).collect();
    let line = |(position, because): &(u32, &Because)| {
        let entries = because.entries.iter().map(|share| {
            json!({
                "entry": share.entry,
                "at": share.at.to_string(),
                "kind": share.kind,
                "minutes": share.minutes,
                "words": words.get(&share.entry),
            })
        });
        json!({
            "line": position,
            "rule": because.rule,
            "people": because.people,
            "entries": entries.collect::<Vec<_>>(),
        })
    };
    json!({ "version": EXPLANATION_VERSION, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}

/// A document on record.
///
/// # Errors
/// When this program cannot read it.
pub fn read_document(record: &InvoiceRecord) -> Result<Issued, BillingError> {
    serde_json::from_str(&record.document).map_err(|_| BillingError::Unreadable { number: record.number.clone() })
}

/// The invoices of a client with what was credited of them, in the order of issue.
///
/// # Errors
/// When the store cannot be read.
pub async fn originals(store: &Store, client: &ClientId) -> Result<Vec<Original>, BillingError> {
    let records = store.invoices(&Scope::Client(client.clone())).await?;
    let (notes, invoices): (Vec<InvoiceRecord>, Vec<InvoiceRecord>) =
        records.into_iter().partition(|record| record.corrects.is_some());
    let mut originals = Vec::with_capacity(invoices.len());
    for record in &invoices {
        originals.push(Original::untouched(read_document(record)?));
    }
    // Afterwards, because an invoice and its credit note may be of one instant.
    for record in &notes {
        let lines = record.charges.iter().filter_map(|charge| Some((charge.corrects_line?, Cents(-charge.cents.0))));
        let number = record.corrects.as_deref().unwrap_or_default();
        if let Some(original) = originals.iter_mut().find(|one: &&mut Original| one.invoice.number == number) {
            original.absorb(&read_document(record)?, lines);
        }
    }
    Ok(originals)
}

/// What the run of a month would charge a client as recorded today, excluding VAT; what it would give back taken off.
pub fn expected(client: &Client, account: &Account, month: Month, zone: &jiff::tz::TimeZone) -> Cents {
    let difference = sums(client, account, Run { month, is_final: false }, zone).difference;
    let charged: Cents = difference.lines.iter().map(|line| line.total).sum();
    let given_back: Cents = difference.given_back.iter().map(|line| line.total).sum();
    Cents(charged.0 - given_back.0)
}
