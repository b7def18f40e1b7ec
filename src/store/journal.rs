//! The journal: what a run did, entry by entry, on the disk before the next step is taken. Nothing is changed or removed.

use serde_json::Value;

use super::{Scope, Store, StoreError, payload, runs};

/// How far an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    /// About to be sent: whether it happened is unknown until somebody looks.
    Started,
    /// Accepted by the remote, which works on it (the detail names its task).
    Submitted,
    /// Done and read back.
    Done,
    /// Found to be so already.
    Skipped,
    /// Known to have failed.
    Failed,
}

impl ActionState {
    const ALL: [ActionState; 5] = [Self::Started, Self::Submitted, Self::Done, Self::Skipped, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Submitted => "submitted",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What happens to one action on one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEntry {
    /// What is acted on, for example `instance/lilas`.
    pub subject: String,
    /// Which action: the same action has the same key in every plan.
    pub action_key: String,
    /// How far it is.
    pub state: ActionState,
    /// Evidence, task id or failure, with its `version`; no secret.
    pub detail: Value,
    /// When.
    pub at_us: i64,
}

/// An entry on record.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRecord {
    /// Place in the whole journal: 1 for the first entry, without a gap, in the order of writing.
    pub position: i64,
    /// The run.
    pub run_id: String,
    /// Place in the run: 1 for its first entry, without a gap.
    pub sequence: i64,
    /// The entry.
    pub entry: JournalEntry,
}

type Row = (i64, String, i64, String, String, String, String, i64);

// The counter's row is locked until the commit: entries are numbered in the order in which they become visible.
const NEXT_POSITION: &str = "
    INSERT INTO counters (name, value) VALUES ('journal', 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO journal (position, run_id, sequence, subject, action_key, state, detail, at_us)
    SELECT $1, runs.id, (SELECT coalesce(max(sequence), 0) + 1 FROM journal WHERE run_id = $2), $3, $4, $5, $6, $7
    FROM runs WHERE runs.id = $2 AND runs.outcome IS NULL
    RETURNING sequence";
const SELECT_RUN: &str = "
    SELECT position, run_id, sequence, subject, action_key, state, detail, at_us
    FROM journal JOIN runs ON runs.id = run_id
    WHERE run_id = $2 AND ($1 = 'staff' OR scope = $1) ORDER BY sequence";
const SELECT_LAST: &str = "
    SELECT position, run_id, sequence, subject, action_key, state, detail, at_us
    FROM journal JOIN runs ON runs.id = run_id
    WHERE subject = $2 AND action_key = $3 AND ($1 = 'staff' OR scope = $1) ORDER BY position DESC LIMIT 1";
const SELECT_OPEN: &str = "
    SELECT position, run_id, sequence, subject, action_key, state, detail, at_us
    FROM journal JOIN runs ON runs.id = run_id
    WHERE subject = $2 AND state IN ('started', 'submitted') AND ($1 = 'staff' OR scope = $1)
    AND NOT EXISTS (
        SELECT 1 FROM journal AS later
        WHERE later.subject = journal.subject AND later.action_key = journal.action_key
        AND later.position > journal.position)
    ORDER BY position";

impl Store {
    /// Writes an entry and returns its place in the run. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the run is unknown or has ended.
    pub async fn journal(&self, run_id: &str, entry: &JournalEntry) -> Result<i64, StoreError> {
        let detail = payload::to_text(&entry.detail, "journal entry's detail")?;
        let sequence = in_transaction!(self, |tx| {
            let position: i64 = sqlx::query_scalar(NEXT_POSITION).fetch_one(&mut *tx).await?;
            let sequence: Option<i64> = sqlx::query_scalar(INSERT)
                .bind(position)
                .bind(run_id)
                .bind(&entry.subject)
                .bind(&entry.action_key)
                .bind(entry.state.as_str())
                .bind(&detail)
                .bind(entry.at_us)
                .fetch_optional(&mut *tx)
                .await?;
            let Some(sequence) = sequence else { return Err(runs::not_under_way(run_id)) };
            sequence
        });
        Ok(sequence)
    }

    /// The entries of a run, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn journal_of(&self, scope: &Scope, run_id: &str) -> Result<Vec<JournalRecord>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_RUN).bind(scope.mark()).bind(run_id).fetch_all(pool).await?
        });
        rows.into_iter().map(record).collect()
    }

    /// The last word on an action, across runs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_entry(
        &self,
        scope: &Scope,
        subject: &str,
        action_key: &str,
    ) -> Result<Option<JournalRecord>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LAST).bind(scope.mark()).bind(subject).bind(action_key).fetch_optional(pool).await?
        });
        row.map(record).transpose()
    }

    /// The actions on a subject whose last word, across runs, is "started" or "submitted": what became of them is
    /// unknown.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_actions(&self, scope: &Scope, subject: &str) -> Result<Vec<JournalRecord>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_OPEN).bind(scope.mark()).bind(subject).fetch_all(pool).await?
        });
        rows.into_iter().map(record).collect()
    }
}

fn record(row: Row) -> Result<JournalRecord, StoreError> {
    let (position, run_id, sequence, subject, action_key, state, detail, at_us) = row;
    let state = ActionState::ALL
        .into_iter()
        .find(|one| one.as_str() == state)
        .ok_or(StoreError::Unreadable { what: "state of a journal entry" })?;
    let detail = payload::from_text(&detail, "journal entry's detail")?;
    Ok(JournalRecord { position, run_id, sequence, entry: JournalEntry { subject, action_key, state, detail, at_us } })
}
