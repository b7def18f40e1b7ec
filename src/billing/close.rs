//! Closing a month: everything that the accountant takes over, in one folder, with a checksum for every file. The record of
//! it in the store never changes; made again, the same bytes come out, or it is said what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::accounting::fiscal::{Closing, year_of};
use crate::domain::accounting::replay::{Books, Facts, books};
use crate::domain::accounting::vat::VatStatement;
use crate::domain::accounting::{Accounts, fec};
use crate::domain::billing::document::DocumentKind;
use crate::domain::billing::month::Month;
use crate::domain::money::Cents;
use crate::inventory::model::Cooperative;
use crate::store::{InvoiceFile, Scope, Store};

use super::BillingError;
use super::archive::Archive;
use super::books::facts;

/// Version of [`Record`].
pub const RECORD_VERSION: u32 = 1;

/// The list of checksums, as `sha256sum --check` reads it.
pub const SUMS: &str = "SHA256SUMS";

/// What was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this form, [`RECORD_VERSION`].
    pub version: u32,
    /// Every file with the SHA-256 of its bytes.
    pub files: BTreeMap<String, String>,
    /// The totals.
    pub totals: Totals,
    /// The accounts that the entries were written to.
    pub accounts: Accounts,
    /// Month in which the fiscal year ended.
    pub fiscal_year_end_month: i8,
}

/// What a month comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// How many invoices.
    pub invoices: u64,
    /// Their sum including VAT.
    pub invoiced_cents: Cents,
    /// How many credit notes.
    pub credit_notes: u64,
    /// Their sum including VAT.
    pub credited_cents: Cents,
    /// Money that came.
    pub received_cents: Cents,
    /// Money that went back.
    pub given_back_cents: Cents,
    /// Fees of the bank.
    pub fees_cents: Cents,
    /// VAT that fell due.
    pub vat_due_cents: Cents,
    /// How many entries.
    pub entries: u64,
    /// Their debits, equal to their credits.
    pub debit_cents: Cents,
    /// What all clients together owe at its end.
    pub owed_cents: Cents,
}

/// The files of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Name and bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What it comes to, with the checksums.
    pub record: Record,
}

impl Pack {
    /// The list of checksums.
    pub fn sums(&self) -> String {
        let mut out = String::new();
        for (name, sha256) in &self.record.files {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{sha256}  {name}");
        }
        out
    }

    /// What differs from what was closed: one line per file.
    pub fn differences(&self, closed: &Record) -> Vec<String> {
        let names: BTreeSet<&String> = self.record.files.keys().chain(closed.files.keys()).collect();
        let difference = |name: &&String| match (closed.files.get(*name), self.record.files.get(*name)) {
            (Some(before), Some(now)) if before == now => None,
            (Some(_), Some(_)) => Some(format!("`{name}` has other contents than when the month was closed")),
            (Some(_), None) => Some(format!("`{name}` was part of the closing, and is not any more")),
            (None, Some(_)) => Some(format!("`{name}` was not part of the closing")),
            (None, None) => None,
        };
        names.iter().filter_map(difference).collect()
    }
}

/// What a pack is made for.
#[derive(Debug, Clone)]
pub struct Making<'a> {
    /// The month.
    pub month: Month,
    /// The closing itself: entries of the month are final from then on.
    pub closing: Closing,
    /// The accounts.
    pub accounts: &'a Accounts,
    /// Month in which the fiscal year ends.
    pub fiscal_year_end_month: i8,
    /// The co-operative's zone.
    pub zone: &'a TimeZone,
}

/// Makes the files of a month.
///
/// # Errors
/// When the store or the archive cannot be read, or an archived file is not there or not as it was.
pub async fn pack(
    store: &Store,
    archive: &Archive,
    cooperative: &Cooperative,
    making: &Making<'_>,
) -> Result<Pack, BillingError> {
    let mut facts = facts(store, making.zone).await?;
    if !facts.closings.iter().any(|one| one.month == making.month) {
        facts.closings.push(making.closing);
    }
    let month = making.month;
    let books = books(&facts, making.accounts, making.fiscal_year_end_month, month.last());
    let siren = cooperative.identity.siren.as_deref().unwrap_or("SIREN");
    let year = year_of(month.first(), making.fiscal_year_end_month);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let kept = store.invoice_files(&Scope::Staff).await?;
    let numbers = numbers_of(&facts, month);
    for file in kept.iter().filter(|file| numbers.contains(file.number.as_str())) {
        files.insert(format!("documents/{}", file.name), archived(archive, file)?);
    }
    files.insert("documents.csv".to_owned(), documents(&facts, month, &kept)?);
    files.insert("payments.csv".to_owned(), payments(&facts, &books, month)?);
    files.insert("vat.csv".to_owned(), vat(&books, month)?);
    files.insert("balances.csv".to_owned(), balances(&books)?);
    let journal = fec::write(&books, year, month.period());
    files.insert(format!("{siren}-journals-{month}.txt"), fec::encode(&journal, fec::Encoding::Utf8));
    let totals = totals(&facts, &books, month);
    let text = serde_json::to_vec_pretty(&totals).map_err(|error| unwritten(&error))?;
    files.insert("totals.json".to_owned(), text);
    let sha256 = |bytes: &Vec<u8>| hex::encode(Sha256::digest(bytes));
    let record = Record {
        version: RECORD_VERSION,
        files: files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect(),
        totals,
        accounts: making.accounts.clone(),
        fiscal_year_end_month: making.fiscal_year_end_month,
    };
    Ok(Pack { files, record })
}

fn numbers_of(facts: &Facts, month: Month) -> BTreeSet<&str> {
    let of_month = facts.documents.iter().filter(|one| Month::of(one.issued.issued_on) == month);
    of_month.map(|one| one.issued.number.as_str()).collect()
}

fn archived(archive: &Archive, file: &InvoiceFile) -> Result<Vec<u8>, BillingError> {
    let path = archive.folder().join(&file.name);
    let bytes = std::fs::read(&path).map_err(|source| BillingError::File { path: path.clone(), source })?;
    if hex::encode(Sha256::digest(&bytes)) == file.sha256 {
        return Ok(bytes);
    }
    Err(BillingError::ArchiveDiffers { path, sha256: file.sha256.clone() })
}

/// A table with semicolons: what French spreadsheets open by themselves. Amounts have a decimal comma.
fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, BillingError> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    writer.write_record(headings).map_err(|error| unwritten(&error))?;
    for row in rows {
        writer.write_record(&row).map_err(|error| unwritten(&error))?;
    }
    writer.into_inner().map_err(|error| unwritten(&error))
}

fn unwritten(error: &dyn std::fmt::Display) -> BillingError {
    BillingError::refused(format!("a file of the pack could not be made: {error}"), "this is a mistake of the program")
}

fn euros(cents: Cents) -> String {
    let sign = if cents.0 < 0 { "-" } else { "" };
    let absolute = cents.0.unsigned_abs();
    format!("{sign}{},{:02}", absolute / 100, absolute % 100)
}

fn documents(facts: &Facts, month: Month, kept: &[InvoiceFile]) -> Result<Vec<u8>, BillingError> {
    let headings = ["number", "date", "kind", "client", "name", "credits", "due", "net", "vat", "gross", "pdf_sha256"];
    let of_month = facts.documents.iter().filter(|one| Month::of(one.issued.issued_on) == month);
    let rows = of_month.map(|one| {
        let issued = &one.issued;
        let pdf = kept.iter().find(|file| file.number == issued.number && file.name.ends_with(".pdf"));
        vec![
            issued.number.clone(),
            issued.issued_on.to_string(),
            if issued.kind == DocumentKind::Invoice { "invoice" } else { "credit-note" }.to_owned(),
            one.client.clone(),
            issued.buyer.name.clone(),
            issued.corrects.as_ref().map(|corrects| corrects.number.clone()).unwrap_or_default(),
            issued.due_on.map(|day| day.to_string()).unwrap_or_default(),
            euros(issued.totals.net),
            euros(issued.totals.vat),
            euros(issued.totals.gross),
            pdf.map(|file| file.sha256.clone()).unwrap_or_default(),
        ]
    });
    table(&headings, rows)
}

/// Movements in the order and under the days of the journals.
fn payments(facts: &Facts, books: &Books, month: Month) -> Result<Vec<u8>, BillingError> {
    let mut rows = Vec::new();
    for entry in books.entries.iter().filter(|entry| Month::of(entry.on) == month) {
        let piece = |position: i64| [format!("BQ{position}"), format!("CA{position}")].contains(&entry.piece);
        let money = facts.money.iter().find(|one| piece(one.position));
        let is_money = entry.journal.code() != "OD" && entry.journal.code() != "VE";
        if let Some(one) = money.filter(|_| is_money) {
            rows.push(vec![
                one.position.to_string(),
                one.on.to_string(),
                entry.on.to_string(),
                one.client.clone(),
                one.name.clone(),
                one.number.clone().unwrap_or_default(),
                euros(one.cents),
                one.label.clone(),
            ]);
        }
    }
    table(&["payment", "moved_on", "written_on", "client", "name", "invoice", "amount", "label"], rows)
}

fn vat(books: &Books, month: Month) -> Result<Vec<u8>, BillingError> {
    let rows = VatStatement::of(books, month).rows.into_iter().map(|row| {
        let (_, rate_bp) = row.rate;
        vec![
            row.on.to_string(),
            row.number,
            row.client,
            row.piece,
            format!("{},{:02}", rate_bp / 100, rate_bp % 100),
            euros(row.amounts.base),
            euros(row.amounts.vat),
        ]
    });
    table(&["written_on", "document", "client", "because_of", "rate", "base", "vat"], rows)
}

/// What each client owes, by the clients' account.
fn balances(books: &Books) -> Result<Vec<u8>, BillingError> {
    let rows = owed(books).into_iter().map(|(client, (name, cents))| vec![client, name, euros(cents)]);
    table(&["client", "name", "owed"], rows)
}

fn owed(books: &Books) -> BTreeMap<String, (String, Cents)> {
    let mut owed: BTreeMap<String, (String, Cents)> = BTreeMap::new();
    for posting in books.entries.iter().flat_map(|entry| &entry.postings) {
        if let Some(auxiliary) = &posting.auxiliary {
            let of = owed.entry(auxiliary.id.clone()).or_default();
            of.0.clone_from(&auxiliary.name);
            of.1.0 += posting.debit.0 - posting.credit.0;
        }
    }
    owed
}

fn totals(facts: &Facts, books: &Books, month: Month) -> Totals {
    let mut totals = Totals::default();
    for one in facts.documents.iter().filter(|one| Month::of(one.issued.issued_on) == month) {
        let gross = one.issued.totals.gross.0;
        match one.issued.kind {
            DocumentKind::Invoice => {
                totals.invoices += 1;
                totals.invoiced_cents.0 += gross;
            }
            DocumentKind::CreditNote => {
                totals.credit_notes += 1;
                totals.credited_cents.0 += gross;
            }
        }
    }
    for entry in books.entries.iter().filter(|entry| Month::of(entry.on) == month) {
        totals.entries += 1;
        totals.debit_cents.0 += entry.postings.iter().map(|one| one.debit.0).sum::<i64>();
        if !["BQ", "CA"].contains(&entry.journal.code()) {
            continue;
        }
        for posting in &entry.postings {
            match &posting.auxiliary {
                Some(_) => {
                    totals.received_cents.0 += posting.credit.0;
                    totals.given_back_cents.0 += posting.debit.0;
                }
                None if entry.postings.iter().all(|one| one.auxiliary.is_none()) => {
                    totals.fees_cents.0 += posting.debit.0;
                }
                None => {}
            }
        }
    }
    let statement = VatStatement::of(books, month);
    totals.vat_due_cents = statement.totals.values().map(|one| one.vat).sum();
    totals.owed_cents = owed(books).values().map(|(_, cents)| *cents).sum();
    totals
}
