//! What was done on a subject, run by run, for those whom it concerns: who, when and how much. Not what exactly: on a shared
//! machine the actions name the neighbours.

use super::{Scope, Store, StoreError};
use crate::domain::runs::RunOutcome;

/// A run as far as it acted on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDone {
    /// The run.
    pub run: String,
    /// Who started it.
    pub by: String,
    /// When.
    pub started_at_us: i64,
    /// How it ended; nothing while it is under way.
    pub outcome: Option<RunOutcome>,
    /// Actions on the subject that were done in it.
    pub actions: i64,
}

type Row = (String, String, i64, Option<String>, i64);

// A run is staff's when it goes to several clients. Whoever lives on the subject may know that it was worked on.
const SELECT: &str = "
    SELECT runs.id, runs.started_by, runs.started_at_us, runs.outcome, count(*)
    FROM journal JOIN runs ON runs.id = journal.run_id
    WHERE journal.subject = $2 AND journal.state = 'done'
        AND ($1 = 'staff' OR runs.scope = $1 OR runs.scope = 'staff')
    GROUP BY runs.id, runs.started_by, runs.started_at_us, runs.outcome
    ORDER BY runs.started_at_us DESC, runs.id DESC LIMIT $3";

impl Store {
    /// The latest runs that acted on a subject, such as `instance/lilas`, the newest first. A client's scope sees its own
    /// runs and those of staff, never those of another client.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn work_on(&self, scope: &Scope, subject: &str, limit: u32) -> Result<Vec<WorkDone>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT).bind(scope.mark()).bind(subject).bind(i64::from(limit)).fetch_all(pool).await?
        });
        Ok(rows
            .into_iter()
            .map(|(run, by, started_at_us, outcome, actions)| {
                let outcome = outcome.map(RunOutcome::from_word);
                WorkDone { run, by, started_at_us, outcome, actions }
            })
            .collect())
    }
}
