//! Runs: who started what, and how it ended.

use serde_json::Value;

use super::{Scope, Store, StoreError, payload};
use crate::domain::runs::RunOutcome;

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id, unique for ever.
    pub id: String,
    /// The recorded plan that it carries out.
    pub plan_id: Option<String>,
    /// Whose run: one client's, or staff's when it touches several.
    pub scope: Scope,
    /// Who started it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A run on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The plan that it carries out.
    pub plan_id: Option<String>,
    /// Whose run.
    pub scope: Scope,
    /// Who started it.
    pub by: String,
    /// When.
    pub started_at_us: i64,
    /// How it ended; `None` while it is under way, or when it was cut short.
    pub end: Option<RunEnd>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// How.
    pub outcome: RunOutcome,
    /// When.
    pub at_us: i64,
    /// Figures and messages, with their `version`.
    pub summary: Value,
}

type Row = (String, Option<String>, String, String, i64, Option<String>, Option<i64>, Option<String>);

const INSERT: &str = "
    INSERT INTO runs (id, plan_id, scope, started_by, started_at_us)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
const FINISH: &str =
    "UPDATE runs SET outcome = $2, finished_at_us = $3, summary = $4 WHERE id = $1 AND outcome IS NULL";
const SELECT_UNFINISHED: &str = "
    SELECT id, plan_id, scope, started_by, started_at_us, outcome, finished_at_us, summary
    FROM runs WHERE outcome IS NULL AND ($1 = 'staff' OR scope = $1) ORDER BY started_at_us, id";
const SELECT_LATEST: &str = "
    SELECT id, plan_id, scope, started_by, started_at_us, outcome, finished_at_us, summary
    FROM runs WHERE $1 = 'staff' OR scope = $1 ORDER BY started_at_us DESC, id DESC LIMIT $2";

impl Store {
    /// Records that a run begins.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a run has this id already.
    pub async fn start_run(&self, run: &NewRun) -> Result<(), StoreError> {
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(&run.id)
                .bind(&run.plan_id)
                .bind(run.scope.mark())
                .bind(&run.by)
                .bind(run.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if inserted == 1 {
            return Ok(());
        }
        Err(StoreError::conflict(format!("another run is called `{}`", run.id), "start again with another id"))
    }

    /// Records how a run ended, once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the run is unknown or has ended already.
    pub async fn finish_run(
        &self,
        id: &str,
        outcome: &RunOutcome,
        at_us: i64,
        summary: &Value,
    ) -> Result<(), StoreError> {
        let summary = payload::to_text(summary, "run's summary")?;
        let finished = on_pool!(self, |pool| {
            sqlx::query(FINISH)
                .bind(id)
                .bind(outcome.word())
                .bind(at_us)
                .bind(&summary)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if finished == 1 {
            return Ok(());
        }
        Err(not_under_way(id))
    }

    /// Runs without an end, the oldest first: under way, or cut short.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn unfinished_runs(&self, scope: &Scope) -> Result<Vec<Run>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_UNFINISHED).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(run).collect()
    }

    /// The latest runs, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn runs(&self, scope: &Scope, limit: u32) -> Result<Vec<Run>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LATEST).bind(scope.mark()).bind(i64::from(limit)).fetch_all(pool).await?
        });
        rows.into_iter().map(run).collect()
    }
}

/// What is said of a run that cannot be written to.
pub(super) fn not_under_way(id: &str) -> StoreError {
    StoreError::conflict(format!("run `{id}` is not under way"), "start a new run: it takes up what this one left")
}

fn run(row: Row) -> Result<Run, StoreError> {
    let (id, plan_id, scope, by, started_at_us, outcome, finished_at_us, summary) = row;
    let end = match (outcome, finished_at_us, summary) {
        (Some(outcome), Some(at_us), Some(summary)) => {
            let outcome = RunOutcome::from_word(outcome);
            Some(RunEnd { outcome, at_us, summary: payload::from_text(&summary, "run's summary")? })
        }
        (None, None, None) => None,
        _ => return Err(StoreError::Unreadable { what: "end of a run" }),
    };
    Ok(Run { id, plan_id, scope: Scope::from_mark(&scope)?, by, started_at_us, end })
}
