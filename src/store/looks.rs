//! Looks: the last answer on a matter, and what has stood in the way since. One row per matter, subject and scope, so that
//! the last answer outlives any number of looks that saw nothing. Where several clients share a subject each has its own.

use serde_json::Value;

use super::scope::Scoped;
use super::{Scope, Store, StoreError, payload};

/// A look to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLook {
    /// Whose data it is: one client's, or staff's.
    pub scope: Scope,
    /// Kind of the subject, for example `instance`.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: String,
    /// What was looked at, for example `backup-local`.
    pub what: String,
    /// When.
    pub at_us: i64,
    /// What was seen, or what stood in the way; each with its `version`.
    pub found: Result<Value, Value>,
}

/// What is on record about a matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Whose data it is.
    pub scope: Scope,
    /// Kind of the subject.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// What was looked at.
    pub what: String,
    /// The last look.
    pub tried_at_us: i64,
    /// The last answer, with the moment of that look.
    pub seen: Option<(i64, Value)>,
    /// What stands in the way, when the last look saw nothing.
    pub obstacle: Option<StandingObstacle>,
}

/// What stands in the way of looking.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingObstacle {
    /// The first look of the unbroken row that saw nothing.
    pub since_us: i64,
    /// How many looks that row has.
    pub looks: i64,
    /// What was met by the last of them.
    pub met: Value,
}

type Row = (String, String, String, String, i64, i64, Option<i64>, Option<String>, Option<i64>, Option<String>);

// Two sweeps may overlap: what an earlier look saw does not replace what a later one did.
const RECORD_SEEN: &str = "
    INSERT INTO looks (subject_kind, subject_id, what, scope, tried_at_us, failures, seen_at_us, seen)
    VALUES ($1, $2, $3, $4, $5, 0, $5, $6)
    ON CONFLICT (subject_kind, subject_id, what, scope) DO UPDATE SET
        tried_at_us = excluded.tried_at_us, failures = 0, failing_since_us = NULL,
        obstacle = NULL, seen_at_us = excluded.seen_at_us, seen = excluded.seen
    WHERE looks.tried_at_us <= excluded.tried_at_us";
const RECORD_OBSTACLE: &str = "
    INSERT INTO looks (subject_kind, subject_id, what, scope, tried_at_us, failures, failing_since_us, obstacle)
    VALUES ($1, $2, $3, $4, $5, 1, $5, $6)
    ON CONFLICT (subject_kind, subject_id, what, scope) DO UPDATE SET
        tried_at_us = excluded.tried_at_us, failures = looks.failures + 1,
        failing_since_us = coalesce(looks.failing_since_us, excluded.failing_since_us), obstacle = excluded.obstacle
    WHERE looks.tried_at_us <= excluded.tried_at_us";
const SELECT_SUBJECT: &str = "
    SELECT subject_kind, subject_id, what, scope, tried_at_us, failures, failing_since_us, obstacle, seen_at_us, seen
    FROM looks WHERE subject_kind = $2 AND subject_id = $3 AND ($1 = 'staff' OR scope = $1)
    ORDER BY what, scope";
const SELECT_KIND: Scoped = scoped!(
    "
    SELECT subject_kind, subject_id, what, scope, tried_at_us, failures, failing_since_us, obstacle, seen_at_us, seen
    FROM looks WHERE subject_kind = $2 AND",
    scope "scope",
    "ORDER BY subject_id, what, scope"
);

impl Store {
    /// Records looks, all of them or none. An answer ends what stood in the way; an obstacle leaves the last answer.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_looks(&self, looks: &[NewLook]) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(looks.len());
        for look in looks {
            let (sql, found) = match &look.found {
                Ok(seen) => (RECORD_SEEN, payload::to_text(seen, "look")?),
                Err(obstacle) => (RECORD_OBSTACLE, payload::to_text(obstacle, "obstacle of a look")?),
            };
            rows.push((look, sql, found));
        }
        in_transaction!(self, |tx| {
            for (look, sql, found) in &rows {
                sqlx::query(*sql)
                    .bind(look.subject_kind)
                    .bind(&look.subject_id)
                    .bind(&look.what)
                    .bind(look.scope.mark())
                    .bind(look.at_us)
                    .bind(found)
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }

    /// What is on record about a subject, in the order of the matters.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn looks_at(&self, scope: &Scope, subject_kind: &str, subject_id: &str) -> Result<Vec<Look>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_SUBJECT)
                .bind(scope.mark())
                .bind(subject_kind)
                .bind(subject_id)
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(look).collect()
    }

    /// What is on record about every subject of a kind, in the order of subjects and matters.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn looks_at_all(&self, scope: &Scope, subject_kind: &str) -> Result<Vec<Look>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_KIND.of(scope)).bind(scope.mark()).bind(subject_kind).fetch_all(pool).await?
        });
        rows.into_iter().map(look).collect()
    }
}

fn look(row: Row) -> Result<Look, StoreError> {
    let (subject_kind, subject_id, what, scope, tried_at_us, failures, since_us, obstacle, seen_at_us, seen) = row;
    let read = |text: Option<String>| text.map(|text| payload::from_text(&text, "look")).transpose();
    let obstacle =
        since_us.zip(read(obstacle)?).map(|(since_us, met)| StandingObstacle { since_us, looks: failures, met });
    let seen = seen_at_us.zip(read(seen)?);
    let scope = Scope::from_mark(&scope)?;
    Ok(Look { scope, subject_kind, subject_id, what, tried_at_us, seen, obstacle })
}
