//! Files handed to platforms, each under a name of ours for ever, and the life-cycle statuses of documents, append-only.

use serde::Serialize;

use crate::domain::ids::ClientId;

use super::scope::Scoped;
use super::{Scope, Store, StoreError};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// An issued document.
    Document,
    /// A status of one.
    Status,
}

/// Where a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// It will be handed over.
    Waiting,
    /// The platform has it, and has not said more.
    Filed,
    /// The platform has integrated it.
    Accepted,
    /// The platform refuses it: a person decides.
    Refused,
}

/// A file for a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlatformFile {
    /// Our own name of it.
    pub tracking: String,
    /// Whose.
    pub client: ClientId,
    /// The document that it is, or is about.
    pub number: String,
    /// What it is.
    pub kind: FileKind,
    /// `platform` or `chorus`.
    pub route: &'static str,
    /// The file of a status; empty for a document.
    pub content: String,
    /// Who puts it in.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A file on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformFile {
    /// Our own name of it.
    pub tracking: String,
    /// Whose.
    pub client: ClientId,
    /// The document that it is, or is about.
    pub number: String,
    /// What it is.
    pub kind: FileKind,
    /// `platform` or `chorus`.
    pub route: String,
    /// The file of a status; empty for a document.
    pub content: String,
    /// Where it stands.
    pub state: FileState,
    /// The platform's name of it.
    pub flow: Option<String>,
    /// How often handing it over was begun.
    pub attempts: i64,
    /// What was said last.
    pub answer: String,
    /// When its state changed last.
    pub changed_at_us: i64,
}

/// A status to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvoiceStatus {
    /// Number of the document.
    pub number: String,
    /// Its code.
    pub code: u16,
    /// Whether it came, or was sent.
    pub is_incoming: bool,
    /// When the document became so.
    pub at_us: i64,
    /// Why.
    pub reason: Option<String>,
    /// What was received per VAT rate, as JSON text.
    pub collected: String,
    /// Tells it apart from every other one.
    pub reference: String,
    /// When the platform had it.
    pub seen_at_us: i64,
    /// When it is recorded.
    pub recorded_at_us: i64,
}

/// A status on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceStatus {
    /// Its number.
    pub position: i64,
    /// Whose document.
    pub client: ClientId,
    /// What it says.
    pub status: NewInvoiceStatus,
}

type FileRow = (String, String, String, String, String, String, String, Option<String>, i64, String, i64);
type StatusRow = (i64, String, String, i64, String, i64, Option<String>, String, String, i64, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT_FILE: &str = "
    INSERT INTO platform_files
        (tracking, client, number, what, route, content, state, flow, attempts, answer, put_by, put_at_us, changed_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, 'waiting', NULL, 0, '', $7, $8, $8) ON CONFLICT (tracking) DO NOTHING";
const SELECT_FILES: &str = "
    SELECT tracking, client, number, what, route, content, state, flow, attempts, answer, changed_at_us
    FROM platform_files WHERE ($1 = 'staff' OR 'client:' || client = $1) AND ($2 = '' OR number = $2)
    ORDER BY put_at_us, tracking";
const BEGIN: &str = "
    UPDATE platform_files SET attempts = attempts + 1, changed_at_us = $2 WHERE tracking = $1 AND state = 'waiting'";
const CHANGE: &str = "
    UPDATE platform_files SET state = $2, flow = coalesce($3, flow), answer = $4, changed_at_us = $5 WHERE tracking = $1";
const CLIENT_OF: &str = "SELECT client FROM invoices WHERE number = $1";
const KNOWN: &str = "SELECT count(*) FROM invoice_statuses WHERE reference = $1";
const INSERT_STATUS: &str = "
    INSERT INTO invoice_statuses
        (position, client, number, code, direction, at_us, reason, collected, reference, seen_at_us, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (reference) DO NOTHING";
const SELECT_STATUSES: Scoped = scoped!(
    "
    SELECT position, client, number, code, direction, at_us, reason, collected, reference, seen_at_us, recorded_at_us
    FROM invoice_statuses WHERE",
    client "client",
    "AND ($2 = '' OR number = $2)
    ORDER BY position"
);

impl Store {
    /// Puts a file in for a platform; false when one of its name is there already: that one stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put_platform_file(&self, file: &NewPlatformFile) -> Result<bool, StoreError> {
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT_FILE)
                .bind(&file.tracking)
                .bind(file.client.as_str())
                .bind(&file.number)
                .bind(kind_word(file.kind))
                .bind(file.route)
                .bind(&file.content)
                .bind(&file.by)
                .bind(file.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(inserted == 1)
    }

    /// The files within a scope, in the order in which they were put in; only those of a document when that is said.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn platform_files(&self, scope: &Scope, number: Option<&str>) -> Result<Vec<PlatformFile>, StoreError> {
        let rows: Vec<FileRow> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_FILES).bind(scope.mark()).bind(number.unwrap_or_default()).fetch_all(pool).await?
        });
        rows.into_iter().map(|row| file(row).ok_or(StoreError::Unreadable { what: "file of a platform" })).collect()
    }

    /// Records that handing a file over begins: from here on the platform may have it.
    ///
    /// # Errors
    /// When the store cannot be written: nothing may be handed over then.
    pub async fn begin_platform_file(&self, tracking: &str, at_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(BEGIN).bind(tracking).bind(at_us).execute(pool).await?;
        });
        Ok(())
    }

    /// Records where a file stands.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn change_platform_file(
        &self,
        tracking: &str,
        state: FileState,
        flow: Option<&str>,
        answer: &str,
        at_us: i64,
    ) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(CHANGE)
                .bind(tracking)
                .bind(state_word(state))
                .bind(flow)
                .bind(answer)
                .bind(at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Records a status; false when it was recorded before, or no document has its number.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_invoice_status(&self, new: &NewInvoiceStatus) -> Result<bool, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let known: i64 = sqlx::query_scalar(KNOWN).bind(&new.reference).fetch_one(&mut *tx).await?;
            let client: Option<String> =
                sqlx::query_scalar(CLIENT_OF).bind(&new.number).fetch_optional(&mut *tx).await?;
            match client {
                Some(client) if known == 0 => {
                    let position: i64 = sqlx::query_scalar(COUNT).bind("invoice_statuses").fetch_one(&mut *tx).await?;
                    let inserted = sqlx::query(INSERT_STATUS)
                        .bind(position)
                        .bind(client)
                        .bind(&new.number)
                        .bind(i64::from(new.code))
                        .bind(if new.is_incoming { "in" } else { "out" })
                        .bind(new.at_us)
                        .bind(&new.reason)
                        .bind(&new.collected)
                        .bind(&new.reference)
                        .bind(new.seen_at_us)
                        .bind(new.recorded_at_us)
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                    inserted == 1
                }
                _ => false,
            }
        }))
    }

    /// The statuses within a scope, in the order of recording; only those of a document when that is said.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn invoice_statuses(
        &self,
        scope: &Scope,
        number: Option<&str>,
    ) -> Result<Vec<InvoiceStatus>, StoreError> {
        let rows: Vec<StatusRow> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_STATUSES.of(scope))
                .bind(scope.mark())
                .bind(number.unwrap_or_default())
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(|row| status(row).ok_or(StoreError::Unreadable { what: "status of a document" })).collect()
    }
}

const fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Document => "document",
        FileKind::Status => "status",
    }
}

/// The word of a state.
const fn state_word(state: FileState) -> &'static str {
    match state {
        FileState::Waiting => "waiting",
        FileState::Filed => "filed",
        FileState::Accepted => "accepted",
        FileState::Refused => "refused",
    }
}

fn file(row: FileRow) -> Option<PlatformFile> {
    let (tracking, client, number, what, route, content, state, flow, attempts, answer, changed_at_us) = row;
    let kinds = [FileKind::Document, FileKind::Status];
    let states = [FileState::Waiting, FileState::Filed, FileState::Accepted, FileState::Refused];
    Some(PlatformFile {
        tracking,
        client: ClientId::new(client).ok()?,
        number,
        kind: kinds.into_iter().find(|one| kind_word(*one) == what)?,
        route,
        content,
        state: states.into_iter().find(|one| state_word(*one) == state)?,
        flow,
        attempts,
        answer,
        changed_at_us,
    })
}

fn status(row: StatusRow) -> Option<InvoiceStatus> {
    let (position, client, number, code, direction, at_us, reason, collected, reference, seen_at_us, recorded_at_us) =
        row;
    let status = NewInvoiceStatus {
        number,
        code: u16::try_from(code).ok()?,
        is_incoming: direction == "in",
        at_us,
        reason,
        collected,
        reference,
        seen_at_us,
        recorded_at_us,
    };
    Some(InvoiceStatus { position, client: ClientId::new(client).ok()?, status })
}
