//! Attempts at what the program does by itself. Only who holds the lease of a job begins an attempt, and only its fencing
//! number ends it: a process that was believed dead can record nothing any more.

use crate::domain::jobs::{Last, May, Outcome, may_begin};

use super::leases::{self, Lease};
use super::{Store, StoreError};

/// Names a job: one kind of work, on one subject, that is due at one moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    /// The kind, for example `sweep`.
    pub kind: String,
    /// On what: empty for work on everything, the id of an order for ordered work.
    pub subject: String,
    /// When it was due, in microseconds since 1970.
    pub due_at_us: i64,
}

/// An attempt at a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAttempt {
    /// At which job.
    pub job: JobKey,
    /// Its number, from 1.
    pub attempt: u32,
    /// Which process.
    pub holder: String,
    /// The fencing number of its lease.
    pub fence: i64,
    /// When it began.
    pub began_at_us: i64,
    /// How it ended; none while it is under way, or when its process was killed.
    pub end: Option<JobEnd>,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// How.
    pub outcome: Outcome,
    /// When.
    pub at_us: i64,
    /// In words; no secret stands in them.
    pub words: String,
    /// When it may be tried again; none when it is over or may be at once.
    pub retry_at_us: Option<i64>,
}

/// The answer to asking whether an attempt may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It begins.
    Attempt(JobAttempt),
    /// There is nothing to do now: somebody did it, or it has to wait, or a later one has begun.
    Nothing,
}

type Row = (String, String, i64, i64, String, i64, i64, Option<i64>, Option<String>, Option<String>, Option<i64>);

/// What is written on an attempt whose process died.
const DIED: &str = "its process ended before the work did";

const SELECT_LAST: &str = "
    SELECT attempt, outcome, retry_at_us FROM job_attempts
    WHERE kind = $1 AND subject = $2 AND due_at_us = $3 ORDER BY attempt DESC LIMIT 1";
const COUNT_LATER: &str = "SELECT count(*) FROM job_attempts WHERE kind = $1 AND subject = $2 AND due_at_us > $3";
const CLOSE_DEAD: &str = "
    UPDATE job_attempts SET ended_at_us = $3, outcome = 'cut-short', words = $4
    WHERE kind = $1 AND subject = $2 AND ended_at_us IS NULL";
const INSERT: &str = "
    INSERT INTO job_attempts (kind, subject, due_at_us, attempt, holder, fence, began_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const END: &str = "
    UPDATE job_attempts SET ended_at_us = $6, outcome = $7, words = $8, retry_at_us = $9
    WHERE kind = $1 AND subject = $2 AND due_at_us = $3 AND attempt = $4 AND fence = $5 AND ended_at_us IS NULL";
const END_ORDER: &str = "
    UPDATE job_orders SET ended_at_us = $2, outcome = $3, words = $4 WHERE id = $1 AND ended_at_us IS NULL";
const SELECT_LATEST: &str = "
    SELECT kind, subject, due_at_us, attempt, holder, fence, began_at_us, ended_at_us, outcome, words, retry_at_us
    FROM job_attempts ORDER BY began_at_us DESC, kind, subject, attempt DESC LIMIT $1";
const SELECT_LAST_OF: &str = "
    SELECT kind, subject, due_at_us, attempt, holder, fence, began_at_us, ended_at_us, outcome, words, retry_at_us
    FROM job_attempts WHERE kind = $1 AND subject = $2 ORDER BY due_at_us DESC, attempt DESC LIMIT 1";
const PRUNE: &str = "DELETE FROM job_attempts WHERE ended_at_us IS NOT NULL AND ended_at_us < $1";

impl Store {
    /// Begins an attempt at a job, under its lease. An attempt without an end is closed first: its process is dead, or
    /// the lease could not be had.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease is somebody else's by now.
    pub async fn begin_job(
        &self,
        lease: &Lease,
        job: &JobKey,
        now_us: i64,
        attempts_max: u32,
    ) -> Result<Begun, StoreError> {
        let begun = in_transaction!(self, |tx| {
            // Writing to the lease's row holds it: nobody takes it over before this is written.
            let ours = sqlx::query(leases::RENEW)
                .bind(&lease.name)
                .bind(lease.fence)
                .bind(&lease.holder)
                .bind(lease.until_us)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if ours != 1 {
                return Err(leases::lost(lease));
            }
            let last: Option<(i64, Option<String>, Option<i64>)> = sqlx::query_as(SELECT_LAST)
                .bind(&job.kind)
                .bind(&job.subject)
                .bind(job.due_at_us)
                .fetch_optional(&mut *tx)
                .await?;
            sqlx::query(CLOSE_DEAD)
                .bind(&job.kind)
                .bind(&job.subject)
                .bind(now_us)
                .bind(DIED)
                .execute(&mut *tx)
                .await?;
            let later: i64 = sqlx::query_scalar(COUNT_LATER)
                .bind(&job.kind)
                .bind(&job.subject)
                .bind(job.due_at_us)
                .fetch_one(&mut *tx)
                .await?;
            let last =
                last.map(|(attempt, outcome, retry_at_us)| last_of(attempt, outcome, retry_at_us)).transpose()?;
            let died = last.is_some_and(|last| matches!(last.outcome, None | Some(Outcome::CutShort)));
            match may_begin(last, now_us, attempts_max) {
                May::Begin { attempt } if later == 0 => {
                    sqlx::query(INSERT)
                        .bind(&job.kind)
                        .bind(&job.subject)
                        .bind(job.due_at_us)
                        .bind(i64::from(attempt))
                        .bind(&lease.holder)
                        .bind(lease.fence)
                        .bind(now_us)
                        .execute(&mut *tx)
                        .await?;
                    Some(attempt)
                }
                // Work that kills its process each time is not tried for ever.
                May::Not if died => {
                    sqlx::query(END_ORDER)
                        .bind(&job.subject)
                        .bind(now_us)
                        .bind(Outcome::CutShort.word())
                        .bind(DIED)
                        .execute(&mut *tx)
                        .await?;
                    None
                }
                _ => None,
            }
        });
        Ok(match begun {
            None => Begun::Nothing,
            Some(attempt) => Begun::Attempt(JobAttempt {
                job: job.clone(),
                attempt,
                holder: lease.holder.clone(),
                fence: lease.fence,
                began_at_us: now_us,
                end: None,
            }),
        })
    }

    /// Records how an attempt ended, once, and with it the end of its order when nothing is tried again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody took the job over meanwhile.
    pub async fn end_job(&self, attempt: &JobAttempt, end: &JobEnd) -> Result<(), StoreError> {
        let job = &attempt.job;
        let is_over = end.retry_at_us.is_none() && end.outcome != Outcome::CutShort;
        let ended = in_transaction!(self, |tx| {
            let ended = sqlx::query(END)
                .bind(&job.kind)
                .bind(&job.subject)
                .bind(job.due_at_us)
                .bind(i64::from(attempt.attempt))
                .bind(attempt.fence)
                .bind(end.at_us)
                .bind(end.outcome.word())
                .bind(&end.words)
                .bind(end.retry_at_us)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if ended == 1 && is_over {
                sqlx::query(END_ORDER)
                    .bind(&job.subject)
                    .bind(end.at_us)
                    .bind(end.outcome.word())
                    .bind(&end.words)
                    .execute(&mut *tx)
                    .await?;
            }
            ended
        });
        if ended == 1 {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("job `{}` was taken over from `{}`", job.kind, attempt.holder),
            "nothing is lost: whoever took it over does it anew",
        ))
    }

    /// The latest attempts, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn job_attempts(&self, limit: u32) -> Result<Vec<JobAttempt>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_LATEST).bind(i64::from(limit)).fetch_all(pool).await?);
        rows.into_iter().map(attempt).collect()
    }

    /// The last attempt at a kind of work on a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_job_attempt(&self, kind: &str, subject: &str) -> Result<Option<JobAttempt>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LAST_OF).bind(kind).bind(subject).fetch_optional(pool).await?
        });
        row.map(attempt).transpose()
    }

    /// Forgets attempts that ended before a moment. Gives how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_job_attempts(&self, before_us: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query(PRUNE).bind(before_us).execute(pool).await?.rows_affected()))
    }
}

fn last_of(attempt: i64, outcome: Option<String>, retry_at_us: Option<i64>) -> Result<Last, StoreError> {
    Ok(Last { attempt: number(attempt)?, outcome: outcome.as_deref().map(word).transpose()?, retry_at_us })
}

fn number(attempt: i64) -> Result<u32, StoreError> {
    u32::try_from(attempt).map_err(|_| StoreError::Unreadable { what: "attempt at a job" })
}

fn word(outcome: &str) -> Result<Outcome, StoreError> {
    Outcome::from_word(outcome).ok_or(StoreError::Unreadable { what: "outcome of a job" })
}

fn attempt(row: Row) -> Result<JobAttempt, StoreError> {
    let (kind, subject, due_at_us, attempt, holder, fence, began_at_us, ended_at_us, outcome, words, retry_at_us) = row;
    let end = match (ended_at_us, outcome) {
        (Some(at_us), Some(outcome)) => {
            Some(JobEnd { outcome: word(&outcome)?, at_us, words: words.unwrap_or_default(), retry_at_us })
        }
        (None, None) => None,
        _ => return Err(StoreError::Unreadable { what: "end of a job" }),
    };
    let job = JobKey { kind, subject, due_at_us };
    Ok(JobAttempt { job, attempt: number(attempt)?, holder, fence, began_at_us, end })
}
