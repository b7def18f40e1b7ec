//! The audit log: who did what in the portal and to its accounts. Only ever added to; each entry carries the hash of the
//! one before it, so that none can be changed or taken out unseen.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Scope, Store, StoreError, payload};

/// What the first entry names as the one before it.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAudit {
    /// When.
    pub at_us: i64,
    /// Who: `staff:NAME`, `contact:ADDRESS`, or `nobody`.
    pub actor: String,
    /// What, in a word such as `session-began`.
    pub action: &'static str,
    /// Whose data it touches.
    pub scope: Scope,
    /// More about it, with its `version`; no secret.
    pub detail: Value,
}

/// An entry on record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// 1 for the first, then without a gap.
    pub position: i64,
    /// When.
    pub at_us: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Whose data it touches.
    pub scope: Scope,
    /// More about it.
    pub detail: Value,
    /// Its hash.
    pub hash: String,
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditChain {
    /// How many entries there are.
    pub entries: i64,
    /// Hash of the last one: who wrote it down notices later that the end was cut off.
    pub last: String,
    /// The first entry that does not fit.
    pub broken_at: Option<i64>,
}

type Row = (i64, i64, String, String, String, String, String, String);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ('audit', 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const SELECT_PREVIOUS: &str = "SELECT hash FROM audit WHERE position = $1";
const INSERT: &str = "
    INSERT INTO audit (position, at_us, actor, action, scope, detail, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const SELECT: &str = "
    SELECT position, at_us, actor, action, scope, detail, previous, hash
    FROM audit WHERE ($1 = 'staff' OR scope = $1) AND position < $2 ORDER BY position DESC LIMIT $3";
const SELECT_AFTER: &str = "
    SELECT position, at_us, actor, action, scope, detail, previous, hash
    FROM audit WHERE position > $1 ORDER BY position LIMIT $2";
const LAST_COUNT: &str = "SELECT value FROM counters WHERE name = 'audit'";

/// Entries that a check of the chain reads at once.
const CHECK_AT_ONCE: i64 = 1000;

impl Store {
    /// Records something; its place.
    ///
    /// # Errors
    /// When the store cannot be written: nothing must then be done either.
    pub async fn audit(&self, new: &NewAudit) -> Result<i64, StoreError> {
        let detail = payload::to_text(&new.detail, "detail of an audit entry")?;
        let scope = new.scope.mark();
        Ok(in_transaction!(self, |tx| {
            // The counter's row is locked until the commit: the one before is there when it is looked for.
            let position: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *tx).await?;
            let previous: Option<String> =
                sqlx::query_scalar(SELECT_PREVIOUS).bind(position - 1).fetch_optional(&mut *tx).await?;
            let previous = previous.unwrap_or_else(|| BEGINNING.to_owned());
            let hash = hash(position, new.at_us, [&new.actor, new.action, &scope, &detail, &previous]);
            sqlx::query(INSERT)
                .bind(position)
                .bind(new.at_us)
                .bind(&new.actor)
                .bind(new.action)
                .bind(&scope)
                .bind(&detail)
                .bind(&previous)
                .bind(&hash)
                .execute(&mut *tx)
                .await?;
            position
        }))
    }

    /// Entries before a place (`i64::MAX` for the end), the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_entries(&self, scope: &Scope, before: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT).bind(scope.mark()).bind(before).bind(i64::from(limit)).fetch_all(pool).await?
        });
        rows.into_iter().map(entry).collect()
    }

    /// Reads the whole log and computes every hash anew.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn check_audit(&self) -> Result<AuditChain, StoreError> {
        let counted: Option<i64> = on_pool!(self, |pool| sqlx::query_scalar(LAST_COUNT).fetch_optional(pool).await?);
        let mut chain = AuditChain { entries: 0, last: BEGINNING.to_owned(), broken_at: None };
        loop {
            let rows: Vec<Row> = on_pool!(self, |pool| {
                sqlx::query_as(SELECT_AFTER).bind(chain.entries).bind(CHECK_AT_ONCE).fetch_all(pool).await?
            });
            if rows.is_empty() {
                break;
            }
            for (position, at_us, actor, action, scope, detail, previous, kept) in rows {
                let expected = hash(position, at_us, [&actor, &action, &scope, &detail, &previous]);
                if position != chain.entries + 1 || previous != chain.last || kept != expected {
                    chain.broken_at = Some(chain.entries + 1);
                    return Ok(chain);
                }
                chain.entries = position;
                chain.last = kept;
            }
        }
        // Entries that are counted and not there were cut off at the end.
        if counted.unwrap_or(0) > chain.entries {
            chain.broken_at = Some(chain.entries + 1);
        }
        Ok(chain)
    }
}

/// Every part with its length before it, so that no two entries read the same.
fn hash(position: i64, at_us: i64, parts: [&str; 5]) -> String {
    let mut hash = Sha256::new_with_prefix(b"accolades audit 1\n");
    hash.update(format!("{position} {at_us}\n"));
    for part in parts {
        hash.update(format!("{}\n", part.len()));
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

fn entry(row: Row) -> Result<AuditEntry, StoreError> {
    let (position, at_us, actor, action, scope, detail, _, hash) = row;
    let detail = payload::from_text(&detail, "detail of an audit entry")?;
    Ok(AuditEntry { position, at_us, actor, action, scope: Scope::from_mark(&scope)?, detail, hash })
}
