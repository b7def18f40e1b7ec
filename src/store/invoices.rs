//! Issued documents and what they charged: numbered without a gap, in order of date, never changed (R19).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::billing::document::{ChargeKey, ChargeKind, DocumentKind};
use crate::domain::billing::month::Month;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::scope::Scoped;
use super::{Scope, Store, StoreError};

/// Version of [`InvoiceRecord`] as it is written outside the store.
pub const RECORD_VERSION: u32 = 1;

/// A document on record, with the charges under which later runs take it off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRecord {
    /// Version of this form, [`RECORD_VERSION`].
    pub version: u32,
    /// Its number.
    pub number: String,
    /// Whose.
    pub client: ClientId,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// First letters of the number.
    pub series: String,
    /// Year of the number.
    pub year: i64,
    /// Place within series and year.
    pub sequence: i64,
    /// Day of issue.
    pub issued_on: Date,
    /// The month whose run issued it; none for what a person credited.
    pub month: Option<Month>,
    /// What it was issued for: no occasion is issued twice.
    pub occasion: String,
    /// The invoice that a credit note corrects.
    pub corrects: Option<String>,
    /// Excluding VAT.
    pub net: Cents,
    /// VAT.
    pub vat: Cents,
    /// Including VAT.
    pub gross: Cents,
    /// The document, as JSON text.
    pub document: String,
    /// SHA-256 of that text.
    pub sha256: String,
    /// Which people, days and entries made its lines, as JSON text.
    pub explanation: String,
    /// Accepted inventory that it was made from.
    pub inventory_number: i64,
    /// Who issued it.
    pub issued_by: String,
    /// When.
    pub issued_at_us: i64,
    /// What it charged or gave back, line by line.
    pub charges: Vec<ChargeRecord>,
}

/// What a line charged, or gave back (negative).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRecord {
    /// The line.
    pub line: u32,
    /// The key.
    pub key: ChargeKey,
    /// Excluding VAT; negative on a credit note.
    pub cents: Cents,
    /// In the key's own measure; negative on a credit note.
    pub amount: i64,
    /// Whether it is given up for good, instead of being charged again by the next run.
    pub is_waived: bool,
    /// The line of the original that a credit note's line credits.
    pub corrects_line: Option<u32>,
}

/// A document to issue, without what the number decides.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// Whose.
    pub client: ClientId,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// First letters of its number.
    pub series: String,
    /// Day of issue; its year is that of the number.
    pub issued_on: Date,
    /// The month whose run issues it.
    pub month: Option<Month>,
    /// What it is issued for.
    pub occasion: String,
    /// The invoice that a credit note corrects.
    pub corrects: Option<String>,
    /// Which people, days and entries make its lines, as JSON text.
    pub explanation: String,
    /// Accepted inventory that it is made from.
    pub inventory_number: i64,
    /// Who issues it.
    pub by: String,
    /// When.
    pub at_us: i64,
    /// What it charges.
    pub charges: Vec<ChargeRecord>,
}

/// What is written once the number is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The document, as JSON text.
    pub document: String,
    /// SHA-256 of that text.
    pub sha256: String,
    /// Excluding VAT.
    pub net: Cents,
    /// VAT.
    pub vat: Cents,
    /// Including VAT.
    pub gross: Cents,
}

/// Charges of one client's ledger, to be issued all or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Whose.
    pub client: ClientId,
    /// How many charges the ledger had when the documents were made: somebody else's are not overlooked.
    pub ledger_charges: i64,
    /// The documents.
    pub documents: Vec<NewDocument>,
}

/// The last number of a series and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesEnd {
    /// First letters.
    pub series: String,
    /// Year.
    pub year: i64,
    /// Last place.
    pub last: i64,
    /// Its day of issue.
    pub last_on: Date,
}

/// A charge with the document that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Whose.
    pub client: ClientId,
    /// Number of the document.
    pub number: String,
    /// When the document was issued.
    pub issued_at_us: i64,
    /// The charge.
    pub charge: ChargeRecord,
}

/// The number of a document.
pub fn number(series: &str, year: i64, sequence: i64) -> String {
    format!("{series}{year}-{sequence:05}")
}

const SELECT: Scoped = scoped!(
    "
    SELECT number, client, kind, series, year, sequence, issued_on, month, occasion, corrects, net, vat, gross, document,
        sha256, explanation, inventory_number, issued_by, issued_at_us
    FROM invoices WHERE",
    client "client",
    "AND ($2 = '' OR number = $2)
    ORDER BY issued_at_us, series, year, sequence"
);
const SELECT_CHARGES: Scoped = scoped!(
    "
    SELECT client, number, line, month, kind, price, reference, cents, amount, waived, corrects_line,
        (SELECT issued_at_us FROM invoices WHERE invoices.number = charges.number)
    FROM charges WHERE",
    client "client",
    "AND ($2 = '' OR number = $2) ORDER BY position"
);
const SELECT_THROUGH: Scoped = scoped!(
    "
    SELECT client, max(month) FROM invoices
    WHERE",
    client "client",
    "AND month IS NOT NULL GROUP BY client ORDER BY client"
);
const SELECT_SERIES: &str = "SELECT series, year, last, last_on FROM invoice_series ORDER BY series, year";
const SELECT_NUMBERS: &str = "SELECT number, sha256 FROM invoices ORDER BY number";
// The row is locked by this statement: whoever issues in the same series waits here, and counts the ledger afterwards.
const NEXT: &str = "
    INSERT INTO invoice_series (series, year, last, last_on) VALUES ($1, $2, 1, $3)
    ON CONFLICT (series, year) DO UPDATE SET last = invoice_series.last + 1, last_on = excluded.last_on
    RETURNING last";
const LAST_DATE: &str = "SELECT coalesce(max(last_on), '') FROM invoice_series WHERE series = $1";
const COUNT_CHARGES: &str = "SELECT count(*) FROM charges WHERE client = $1";
const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO invoices
        (number, client, kind, series, year, sequence, issued_on, month, occasion, corrects, net, vat, gross, document,
         sha256, explanation, inventory_number, issued_by, issued_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
    ON CONFLICT DO NOTHING";
const INSERT_CHARGE: &str = "
    INSERT INTO charges
        (position, client, number, line, month, kind, price, reference, cents, amount, waived, corrects_line)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const RESTORE_SERIES: &str = "
    INSERT INTO invoice_series (series, year, last, last_on) VALUES ($1, $2, $3, $4)
    ON CONFLICT (series, year) DO UPDATE SET last = excluded.last, last_on = excluded.last_on
    WHERE invoice_series.last < excluded.last";
const INSERT_FILE: &str = "
    INSERT INTO invoice_files (number, name, sha256, size_bytes, archived_at_us) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (number, name) DO NOTHING";
const SELECT_FILES: &str = "
    SELECT file.number, file.name, file.sha256, file.size_bytes FROM invoice_files file
    JOIN invoices ON invoices.number = file.number
    WHERE ($1 = 'staff' OR 'client:' || invoices.client = $1) ORDER BY file.number, file.name";

/// Reads a row of either engine.
macro_rules! record {
    ($row:expr) => {{
        use sqlx::Row;
        let row = $row;
        RawRecord {
            texts: [0, 1, 2, 3, 6, 8, 13, 14, 15, 17].map(|place| row.try_get::<String, usize>(place).ok()),
            options: [7, 9].map(|place| row.try_get::<Option<String>, usize>(place).ok()),
            numbers: [4, 5, 10, 11, 12, 16, 18].map(|place| row.try_get::<i64, usize>(place).ok()),
        }
    }};
}

/// Writes one document and its charges inside a transaction.
macro_rules! insert_record {
    ($tx:expr, $record:expr) => {{
        let record: &InvoiceRecord = $record;
        let inserted = sqlx::query(INSERT)
            .bind(&record.number)
            .bind(record.client.as_str())
            .bind(kind_word(record.kind))
            .bind(&record.series)
            .bind(record.year)
            .bind(record.sequence)
            .bind(record.issued_on.to_string())
            .bind(record.month.map(|month| month.to_string()))
            .bind(&record.occasion)
            .bind(&record.corrects)
            .bind(record.net.0)
            .bind(record.vat.0)
            .bind(record.gross.0)
            .bind(&record.document)
            .bind(&record.sha256)
            .bind(&record.explanation)
            .bind(record.inventory_number)
            .bind(&record.issued_by)
            .bind(record.issued_at_us)
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        if inserted == 1 {
            for charge in &record.charges {
                let position: i64 = sqlx::query_scalar(COUNT).bind("charges").fetch_one(&mut *$tx).await?;
                sqlx::query(INSERT_CHARGE)
                    .bind(position)
                    .bind(record.client.as_str())
                    .bind(&record.number)
                    .bind(i64::from(charge.line))
                    .bind(charge.key.month.to_string())
                    .bind(charge.key.kind.word())
                    .bind(charge.key.price.0)
                    .bind(&charge.key.reference)
                    .bind(charge.cents.0)
                    .bind(charge.amount)
                    .bind(i64::from(charge.is_waived))
                    .bind(charge.corrects_line.map(i64::from))
                    .execute(&mut *$tx)
                    .await?;
            }
        }
        inserted == 1
    }};
}

impl Store {
    /// Issues a client's documents in one transaction: numbers, dates and everything that they fix (R19). `finish` writes a
    /// document once its number is known; `place` is its place in `issue.documents`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a later date was issued already, when the client was billed since the documents were
    /// made, or when one of the occasions was issued. Nothing is numbered then.
    pub async fn issue_documents(
        &self,
        issue: &Issue,
        finish: &(dyn Fn(usize, &str) -> Numbered + Sync),
    ) -> Result<Vec<InvoiceRecord>, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let mut records = Vec::with_capacity(issue.documents.len());
            for (place, new) in issue.documents.iter().enumerate() {
                let last_on: String = sqlx::query_scalar(LAST_DATE).bind(&new.series).fetch_one(&mut *tx).await?;
                let year = i64::from(new.issued_on.year());
                let sequence: i64 = sqlx::query_scalar(NEXT)
                    .bind(&new.series)
                    .bind(year)
                    .bind(new.issued_on.to_string())
                    .fetch_one(&mut *tx)
                    .await?;
                if last_on > new.issued_on.to_string() {
                    return Err(back_dated(&new.series, new.issued_on, &last_on));
                }
                if place == 0 {
                    let charges: i64 =
                        sqlx::query_scalar(COUNT_CHARGES).bind(issue.client.as_str()).fetch_one(&mut *tx).await?;
                    if charges != issue.ledger_charges {
                        return Err(billed_meanwhile(&issue.client));
                    }
                }
                let record = numbered(new, year, sequence, |number| finish(place, number));
                if !insert_record!(tx, &record) {
                    return Err(billed_meanwhile(&issue.client));
                }
                records.push(record);
            }
            records
        }))
    }

    /// Takes in a document that was issued before the store was restored from an older copy (R25). One that is there
    /// already, equal, is left alone.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another document has its number.
    pub async fn restore_document(&self, record: &InvoiceRecord) -> Result<bool, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let is_new = insert_record!(tx, record);
            if is_new {
                sqlx::query(RESTORE_SERIES)
                    .bind(&record.series)
                    .bind(record.year)
                    .bind(record.sequence)
                    .bind(record.issued_on.to_string())
                    .execute(&mut *tx)
                    .await?;
            } else {
                let there: Option<String> = sqlx::query_scalar("SELECT sha256 FROM invoices WHERE number = $1")
                    .bind(&record.number)
                    .fetch_optional(&mut *tx)
                    .await?;
                if there.as_deref() != Some(record.sha256.as_str()) {
                    return Err(another_document(&record.number));
                }
            }
            is_new
        }))
    }

    /// The documents within a scope, in the order of issue.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoices(&self, scope: &Scope) -> Result<Vec<InvoiceRecord>, StoreError> {
        self.select_invoices(scope, "").await
    }

    /// The document of a number, if it is within the scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoice(&self, scope: &Scope, number: &str) -> Result<Option<InvoiceRecord>, StoreError> {
        if number.is_empty() {
            return Ok(None);
        }
        Ok(self.select_invoices(scope, number).await?.pop())
    }

    async fn select_invoices(&self, scope: &Scope, number: &str) -> Result<Vec<InvoiceRecord>, StoreError> {
        let rows: Vec<RawRecord> = on_pool!(self, |pool| {
            let rows = sqlx::query(SELECT.of(scope)).bind(scope.mark()).bind(number).fetch_all(pool).await?;
            rows.iter().map(|row| record!(row)).collect()
        });
        let mut charges = std::collections::BTreeMap::<String, Vec<ChargeRecord>>::new();
        for row in self.select_charges(scope, number).await? {
            charges.entry(row.number).or_default().push(row.charge);
        }
        let of = |row: RawRecord| {
            let mut record = row.record()?;
            record.charges = charges.remove(&record.number).unwrap_or_default();
            Some(record)
        };
        rows.into_iter().map(of).map(|one| one.ok_or(StoreError::Unreadable { what: "invoice" })).collect()
    }

    /// What was charged and given back within a scope, in the order of issue.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn charges(&self, scope: &Scope) -> Result<Vec<LedgerRow>, StoreError> {
        self.select_charges(scope, "").await
    }

    async fn select_charges(&self, scope: &Scope, number: &str) -> Result<Vec<LedgerRow>, StoreError> {
        let rows: Vec<ChargeRow> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_CHARGES.of(scope)).bind(scope.mark()).bind(number).fetch_all(pool).await?
        });
        rows.into_iter().map(|row| ledger_row(row).ok_or(StoreError::Unreadable { what: "charge" })).collect()
    }

    /// The last month whose run was issued, per client.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoiced_through(&self, scope: &Scope) -> Result<Vec<(ClientId, Month)>, StoreError> {
        let rows: Vec<(String, String)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_THROUGH.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        let of = |(client, month): (String, String)| Some((ClientId::new(client).ok()?, Month::parse(&month).ok()?));
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "month of an invoice" })).collect()
    }

    /// The last numbers of every series and year.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoice_series(&self) -> Result<Vec<SeriesEnd>, StoreError> {
        let rows: Vec<(String, i64, i64, String)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_SERIES).fetch_all(pool).await?);
        let of = |(series, year, last, last_on): (String, i64, i64, String)| {
            Some(SeriesEnd { series, year, last, last_on: last_on.parse().ok()? })
        };
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "series of invoices" })).collect()
    }

    /// Number and checksum of every document: for comparing with what stands outside the store. They say nothing of anybody.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoice_numbers(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_as(SELECT_NUMBERS).fetch_all(pool).await?))
    }

    /// Records that bytes were archived. The first record stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_invoice_file(&self, file: &InvoiceFile, at_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(INSERT_FILE)
                .bind(&file.number)
                .bind(&file.name)
                .bind(&file.sha256)
                .bind(file.size_bytes)
                .bind(at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// What was archived within a scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoice_files(&self, scope: &Scope) -> Result<Vec<InvoiceFile>, StoreError> {
        let rows: Vec<(String, String, String, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_FILES).bind(scope.mark()).fetch_all(pool).await?);
        let of = |(number, name, sha256, size_bytes)| InvoiceFile { number, name, sha256, size_bytes };
        Ok(rows.into_iter().map(of).collect())
    }
}

/// An archived file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceFile {
    /// Number of the document.
    pub number: String,
    /// Name of the file.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many bytes.
    pub size_bytes: i64,
}

type ChargeRow = (String, String, i64, String, String, i64, String, i64, i64, i64, Option<i64>, i64);

fn ledger_row(row: ChargeRow) -> Option<LedgerRow> {
    let (client, number, line, month, kind, price, reference, cents, amount, waived, corrects_line, issued_at_us) = row;
    let kind = ChargeKind::ALL.into_iter().find(|one| one.word() == kind)?;
    let key = ChargeKey { month: Month::parse(&month).ok()?, kind, price: Cents(price), reference };
    let corrects_line = corrects_line.map(u32::try_from).transpose().ok()?;
    let charge = ChargeRecord {
        line: u32::try_from(line).ok()?,
        key,
        cents: Cents(cents),
        amount,
        is_waived: waived == 1,
        corrects_line,
    };
    Some(LedgerRow { client: ClientId::new(client).ok()?, number, issued_at_us, charge })
}

/// The columns of a document by their type, each in the order of [`SELECT`].
struct RawRecord {
    texts: [Option<String>; 10],
    options: [Option<Option<String>>; 2],
    numbers: [Option<i64>; 7],
}

impl RawRecord {
    fn record(self) -> Option<InvoiceRecord> {
        let [number, client, kind, series, issued_on, occasion, document, sha256, explanation, issued_by] = self.texts;
        let [month, corrects] = self.options;
        let [year, sequence, net, vat, gross, inventory_number, issued_at_us] = self.numbers;
        let kind = [DocumentKind::Invoice, DocumentKind::CreditNote]
            .into_iter()
            .find(|one| Some(kind_word(*one)) == kind.as_deref())?;
        Some(InvoiceRecord {
            version: RECORD_VERSION,
            number: number?,
            client: ClientId::new(client?).ok()?,
            kind,
            series: series?,
            year: year?,
            sequence: sequence?,
            issued_on: issued_on?.parse().ok()?,
            month: month?.map(|month| Month::parse(&month)).transpose().ok()?,
            occasion: occasion?,
            corrects: corrects?,
            net: Cents(net?),
            vat: Cents(vat?),
            gross: Cents(gross?),
            document: document?,
            sha256: sha256?,
            explanation: explanation?,
            inventory_number: inventory_number?,
            issued_by: issued_by?,
            issued_at_us: issued_at_us?,
            charges: Vec::new(),
        })
    }
}

fn kind_word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit-note",
    }
}

fn numbered(new: &NewDocument, year: i64, sequence: i64, finish: impl FnOnce(&str) -> Numbered) -> InvoiceRecord {
    let number = number(&new.series, year, sequence);
    let written = finish(&number);
    InvoiceRecord {
        version: RECORD_VERSION,
        number,
        client: new.client.clone(),
        kind: new.kind,
        series: new.series.clone(),
        year,
        sequence,
        issued_on: new.issued_on,
        month: new.month,
        occasion: new.occasion.clone(),
        corrects: new.corrects.clone(),
        net: written.net,
        vat: written.vat,
        gross: written.gross,
        document: written.document,
        sha256: written.sha256,
        explanation: new.explanation.clone(),
        inventory_number: new.inventory_number,
        issued_by: new.by.clone(),
        issued_at_us: new.at_us,
        charges: new.charges.clone(),
    }
}

fn back_dated(series: &str, issued_on: Date, last_on: &str) -> StoreError {
    StoreError::conflict(
        format!("`{series}` was issued on {last_on} already: {issued_on} would come before it (R19)"),
        "issue on that day or later",
    )
}

fn billed_meanwhile(client: &ClientId) -> StoreError {
    StoreError::conflict(
        format!("`{client}` was billed meanwhile by somebody else"),
        "look at `accolades billing list`, then make the draft again",
    )
}

fn another_document(number: &str) -> StoreError {
    StoreError::conflict(
        format!("another document is called `{number}` in this store"),
        "two stores have issued apart from each other: a person has to compare them before anything is issued",
    )
}
