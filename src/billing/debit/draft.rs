//! What would be collected: every open invoice of a client with a mandate, and everything left out with its reason.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use crate::domain::billing::document::{DocumentKind, DocumentLanguage, Payment};
use crate::domain::billing::mandate::{self, Mandate, Sequence};
use crate::domain::billing::returns::{self, Again};
use crate::domain::billing::words::amount;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::{Client, Inventory};
use crate::store::{InvoiceRecord, Scope, Store};

use super::super::BillingError;
use super::super::draft::read_document;
use super::super::parties;
use super::super::statement::{balance_of, open_of};
use super::{Debits, State, mandate_of};

/// How many days ahead a file is made for, unless said otherwise.
pub const AHEAD_DAYS: i64 = 14;

/// A collection that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// From whom.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// Which invoice.
    pub number: String,
    /// What is open of it.
    pub cents: Cents,
    /// Under which mandate.
    pub mandate: Mandate,
    /// First or recurrent.
    pub sequence: Sequence,
    /// 1 for the first.
    pub attempt: i64,
    /// On which day.
    pub on: Date,
    /// Whether the client was told on the invoice; otherwise it has to be told today.
    pub is_announced: bool,
}

impl Ready {
    /// The id by which every bank knows it: the invoice's number, a retry with a suffix.
    pub fn end_to_end_id(&self) -> String {
        match self.attempt {
            1 => self.number.clone(),
            attempt => format!("{}-{attempt}", self.number),
        }
    }
}

/// An invoice that is not collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCollected {
    /// Of whom.
    pub client: ClientId,
    /// Which invoice.
    pub number: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub mend: String,
}

/// What would be collected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionDraft {
    /// Now.
    pub ready: Vec<Ready>,
    /// On days that are too far ahead.
    pub later: Vec<Ready>,
    /// Not.
    pub left_out: Vec<NotCollected>,
}

/// What to collect.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only these clients.
    pub only: Option<BTreeSet<ClientId>>,
    /// Invoices that may be tried again.
    pub again: BTreeSet<String>,
    /// Days of collection up to this one; none: [`AHEAD_DAYS`] from today.
    pub until: Option<Date>,
}

/// What a client is told of a collection that its invoice did not announce: subject and text. It names day, amount, mandate
/// and creditor, as the rule book asks.
pub fn notice(ready: &Ready, language: DocumentLanguage, creditor_id: &str, house: &str) -> (String, String) {
    let Ready { number, cents, on, mandate, .. } = ready;
    match language {
        DocumentLanguage::Fr => (
            format!("Avis de prélèvement : {number}"),
            format!(
                "Bonjour,\n\nNous prélèverons {} le {} pour la facture {number}.\nMandat {}, identifiant du créancier {creditor_id}.\nSi quelque chose n'est pas clair, répondez-nous avant ce jour.\n\n{house}\n",
                amount(*cents, language),
                on.strftime("%d/%m/%Y"),
                mandate.reference
            ),
        ),
        DocumentLanguage::En => (
            format!("Notice of direct debit: {number}"),
            format!(
                "Hello,\n\nWe will collect {} on {on} for invoice {number}.\nMandate {}, creditor identifier {creditor_id}.\nIf something is not clear, answer before that day.\n\n{house}\n",
                amount(*cents, language),
                mandate.reference
            ),
        ),
    }
}

/// Makes the draft.
///
/// # Errors
/// When the store cannot be read.
pub async fn draft(
    store: &Store,
    inventory: &Inventory,
    which: &Which,
    today: Date,
) -> Result<CollectionDraft, BillingError> {
    let until = which.until.unwrap_or_else(|| today.saturating_add(AHEAD_DAYS.days()));
    let (records, payments) = (store.invoices(&Scope::Staff).await?, store.payments(&Scope::Staff).await?);
    let (open, debits) = (open_of(&records, &payments), Debits::read(store, &Scope::Staff).await?);
    let mut draft = CollectionDraft::default();
    for client in inventory.clients.values() {
        if which.only.as_ref().is_some_and(|only| !only.contains(&client.id)) {
            continue;
        }
        let Some(mandate) = mandate_of(client) else { continue };
        let mut rest = balance_of(&records, &payments, &client.id);
        let invoices = records.iter().filter(|one| one.client == client.id && one.kind == DocumentKind::Invoice);
        for record in invoices {
            let cents = open.get(&record.number).copied().unwrap_or_default();
            if cents.0 <= 0 {
                continue;
            }
            let proposal = propose(client, record, cents, &mandate, &debits, which, today)?;
            match proposal {
                Ok(ready) if rest.0 < cents.0 => draft.left_out.push(NotCollected {
                    client: ready.client,
                    number: ready.number,
                    reason: format!("the client owes {rest} in all, less than the {cents} that are open of it"),
                    mend: "attribute or refund what is on its account first".to_owned(),
                }),
                Ok(ready) => {
                    rest.0 -= cents.0;
                    if ready.on <= until { &mut draft.ready } else { &mut draft.later }.push(ready);
                }
                Err((reason, mend)) => draft.left_out.push(NotCollected {
                    client: client.id.clone(),
                    number: record.number.clone(),
                    reason,
                    mend,
                }),
            }
        }
    }
    Ok(draft)
}

type Refused = (String, String);

fn propose(
    client: &Client,
    record: &InvoiceRecord,
    cents: Cents,
    mandate: &Mandate,
    debits: &Debits,
    which: &Which,
    today: Date,
) -> Result<Result<Ready, Refused>, BillingError> {
    let attempts = debits.attempts(&record.number);
    if let Some(last) = attempts.last()
        && let Err(refused) = may_try_again(record, mandate, debits, which, (&last.end_to_end_id, &last.mandate))
    {
        return Ok(Err(refused));
    }
    let announced = match read_document(record)?.payment {
        Some(Payment::DirectDebit { mandate: told, collected_on, .. }) if told == mandate.reference => {
            Some(collected_on)
        }
        _ => None,
    };
    // A retry is announced anew: what the invoice said has passed.
    let announced = announced.filter(|_| attempts.is_empty());
    let on = mandate::collection_day(mandate, announced, today);
    let standing = parties::buyer(client).party.standing;
    let sequence = match mandate::sequence(mandate, standing, &debits.uses(&mandate.reference), on) {
        Ok(sequence) => sequence,
        Err(refusal) => return Ok(Err((refusal.problem, refusal.hint.unwrap_or_default()))),
    };
    Ok(Ok(Ready {
        client: client.id.clone(),
        name: client.identity.name.clone(),
        number: record.number.clone(),
        cents,
        mandate: mandate.clone(),
        sequence,
        attempt: attempts.last().map_or(1, |last| last.attempt + 1),
        on,
        is_announced: announced.is_some(),
    }))
}

/// Whether an invoice may be collected after an earlier attempt: by the bank's code, and only when a person says so.
fn may_try_again(
    record: &InvoiceRecord,
    mandate: &Mandate,
    debits: &Debits,
    which: &Which,
    (end_to_end_id, used): (&str, &str),
) -> Result<(), Refused> {
    let refused = |reason: String, mend: String| Err((reason, mend));
    match debits.state(end_to_end_id) {
        State::Pending => refused(
            format!("`{end_to_end_id}` is at the bank"),
            "import the bank's statement once it has come".to_owned(),
        ),
        State::Settled(_) => refused(
            format!("`{end_to_end_id}` was collected, and {} is open again", record.number),
            "ask the client for the rest, or reverse the payment by hand first".to_owned(),
        ),
        State::Void(code) => {
            let reason = returns::of_code(&code);
            if reason.again == Again::Never && used == mandate.reference {
                return refused(
                    format!("it came back with {code}: {}", reason.words),
                    "ask for a transfer, or have another mandate signed".to_owned(),
                );
            }
            if which.again.contains(&record.number) {
                return Ok(());
            }
            refused(
                format!("it came back with {code}: {}; a retry is {}", reason.words, reason.again.word()),
                format!("`--again {}` collects it once more; the client is told again", record.number),
            )
        }
    }
}
