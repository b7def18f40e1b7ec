//! Issuing: numbers in the store, the issue journal, then the archive, in this order; whatever is cut short is taken up by
//! the next run (R19, R20, R24, R25).

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::billing::assemble;
use crate::domain::billing::document::{DocumentKind, Issued};
use crate::domain::billing::month::Month;
use crate::domain::ids::ClientId;
use crate::inventory::billing::CooperativeBilling;
use crate::store::{InvoiceRecord, Issue, NewDocument, Numbered, Store};

use super::BillingError;
use super::archive::Archive;
use super::draft::{DocumentDraft, Draft};

/// What has just been written. Between any two of these the process may die.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A client's documents have their numbers.
    Numbered(&'a [InvoiceRecord]),
    /// The issue journal has everything that the store has.
    Journaled,
    /// The files of a document are archived.
    Archived(&'a InvoiceRecord),
}

/// Who issues, into what.
pub struct Issuer<'a> {
    /// The store.
    pub store: &'a Store,
    /// The archive with the issue journal.
    pub archive: &'a Archive,
    /// The accepted inventory's number.
    pub inventory_number: i64,
    /// How the co-operative bills.
    pub billing: &'a CooperativeBilling,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// Told of every step.
    pub observe: &'a (dyn Fn(Step<'_>) + Sync),
}

impl Issuer<'_> {
    /// Before anything is issued: store and journal agree, and what a run that was cut short left unwritten is written.
    /// Returns the numbers of documents whose files were completed.
    ///
    /// # Errors
    /// As [`super::journal::Journal::reconcile`] and [`Archive::complete`].
    pub async fn prepare(&self) -> Result<Vec<String>, BillingError> {
        self.archive.journal().reconcile(self.store).await?;
        self.archive.complete(self.store, self.now.as_microsecond(), false).await
    }

    /// Issues a draft: one transaction per client, the journal once for all, then the archive.
    ///
    /// # Errors
    /// Whatever stops it; what has its number keeps it, and the next run completes the rest.
    pub async fn issue(&self, draft: &Draft) -> Result<Vec<InvoiceRecord>, BillingError> {
        let mut records = Vec::new();
        for client in &draft.clients {
            let month = Some(draft.run.month);
            let issued = self.number(&client.client, client.ledger_charges, &client.documents, month).await?;
            (self.observe)(Step::Numbered(&issued));
            records.extend(issued);
        }
        self.send(&records).await?;
        Ok(records)
    }

    /// Numbers one client's documents, all or none.
    ///
    /// # Errors
    /// As [`Store::issue_documents`].
    pub async fn number(
        &self,
        client: &ClientId,
        ledger_charges: i64,
        documents: &[DocumentDraft],
        month: Option<Month>,
    ) -> Result<Vec<InvoiceRecord>, BillingError> {
        let new = |document: &DocumentDraft| NewDocument {
            client: client.clone(),
            kind: document.issued.kind,
            series: match document.issued.kind {
                DocumentKind::Invoice => self.billing.invoice_series.clone(),
                DocumentKind::CreditNote => self.billing.credit_series.clone(),
            },
            issued_on: document.issued.issued_on,
            month,
            occasion: document.occasion.clone(),
            corrects: document.issued.corrects.as_ref().map(|corrects| corrects.number.clone()),
            explanation: document.explanation.to_string(),
            inventory_number: self.inventory_number,
            by: self.by.to_owned(),
            at_us: self.now.as_microsecond(),
            charges: document.charges.clone(),
        };
        let issue = Issue { client: client.clone(), ledger_charges, documents: documents.iter().map(new).collect() };
        let finish = |place: usize, number: &str| write(&documents[place].issued, number);
        Ok(self.store.issue_documents(&issue, &finish).await?)
    }

    /// After numbering: the journal is on the disk before anything leaves, then the files are archived.
    ///
    /// # Errors
    /// When journal or archive cannot be written.
    pub async fn send(&self, records: &[InvoiceRecord]) -> Result<(), BillingError> {
        let journal = self.archive.journal();
        journal.append(records)?;
        (self.observe)(Step::Journaled);
        for record in records {
            self.archive.keep(self.store, record, self.now.as_microsecond()).await?;
            (self.observe)(Step::Archived(record));
        }
        Ok(())
    }
}

fn write(draft: &Issued, number: &str) -> Numbered {
    let issued = assemble::numbered(draft.clone(), number);
    let document = serde_json::to_string(&issued).expect("a document has texts, numbers and lists only");
    let sha256 = hex::encode(Sha256::digest(&document));
    let totals = issued.totals;
    Numbered { document, sha256, net: totals.net, vat: totals.vat, gross: totals.gross }
}
