//! Support entries: appended, corrected by further entries, never changed (R4).

use crate::domain::billing::terms::SupportKind;
use crate::domain::ids::ClientId;

use super::scope::Scoped;
use super::{Scope, Store, StoreError};

/// Work to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSupportEntry {
    /// For whom.
    pub client: ClientId,
    /// Kind of work.
    pub kind: SupportKind,
    /// When it began.
    pub started_at_us: i64,
    /// Whole minutes; 0 only in a correction, which then takes the entry away.
    pub minutes: i64,
    /// What was done.
    pub words: String,
    /// Why it is not accounted for, when it is not.
    pub not_accounted: Option<String>,
    /// The entry that this one replaces.
    pub corrects: Option<i64>,
    /// Why it replaces it.
    pub reason: Option<String>,
    /// Who records it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// An entry on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportEntry {
    /// Its number: 1 for the first of the store.
    pub position: i64,
    /// What it says.
    pub entry: NewSupportEntry,
}

type Row = (i64, String, String, i64, i64, String, Option<String>, Option<i64>, Option<String>, String, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO support_entries
        (position, client, kind, started_at_us, minutes, words, not_accounted, corrects, reason, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const SELECT: Scoped = scoped!(
    "
    SELECT position, client, kind, started_at_us, minutes, words, not_accounted, corrects, reason, recorded_by,
        recorded_at_us
    FROM support_entries WHERE",
    client "client",
    "ORDER BY position"
);
const SELECT_CORRECTED: &str = "
    SELECT client, (SELECT min(later.position) FROM support_entries later WHERE later.corrects = entry.position)
    FROM support_entries entry WHERE position = $1";

impl Store {
    /// Records work, or a correction of an entry; returns its number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the entry to correct is another client's, does not exist or was corrected already.
    pub async fn record_support(&self, new: &NewSupportEntry) -> Result<i64, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let position: i64 = sqlx::query_scalar(COUNT).bind("support_entries").fetch_one(&mut *tx).await?;
            if let Some(corrected) = new.corrects {
                let found: Option<(String, Option<i64>)> =
                    sqlx::query_as(SELECT_CORRECTED).bind(corrected).fetch_optional(&mut *tx).await?;
                demand_open(corrected, found, new)?;
            }
            sqlx::query(INSERT)
                .bind(position)
                .bind(new.client.as_str())
                .bind(new.kind.word())
                .bind(new.started_at_us)
                .bind(new.minutes)
                .bind(&new.words)
                .bind(&new.not_accounted)
                .bind(new.corrects)
                .bind(&new.reason)
                .bind(&new.by)
                .bind(new.at_us)
                .execute(&mut *tx)
                .await?;
            position
        }))
    }

    /// Every entry within a scope, corrections included, in the order of recording.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn support_entries(&self, scope: &Scope) -> Result<Vec<SupportEntry>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| entry(row).ok_or(StoreError::Unreadable { what: "support entry" })).collect()
    }
}

fn demand_open(corrected: i64, found: Option<(String, Option<i64>)>, new: &NewSupportEntry) -> Result<(), StoreError> {
    match found {
        Some((client, None)) if client == new.client.as_str() => Ok(()),
        Some((client, Some(later))) if client == new.client.as_str() => Err(StoreError::conflict(
            format!("entry {corrected} was corrected by entry {later} meanwhile"),
            "look at the list again, then correct what is in force",
        )),
        _ => Err(StoreError::conflict(
            format!("`{}` has no entry {corrected}", new.client),
            "`accolades support list CLIENT` shows the entries with their numbers",
        )),
    }
}

fn entry(row: Row) -> Option<SupportEntry> {
    let (position, client, kind, started_at_us, minutes, words, not_accounted, corrects, reason, by, at_us) = row;
    let entry = NewSupportEntry {
        client: ClientId::new(client).ok()?,
        kind: SupportKind::of_word(&kind)?,
        started_at_us,
        minutes,
        words,
        not_accounted,
        corrects,
        reason,
        by,
        at_us,
    };
    Some(SupportEntry { position, entry })
}
