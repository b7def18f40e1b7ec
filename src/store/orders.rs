//! Orders: work that a person asked for and that the program does as a job, resumed after a crash.

use serde_json::Value;

use super::{Scope, Store, StoreError, payload};

/// Work that is ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJobOrder {
    /// Its id, unique for ever.
    pub id: String,
    /// The kind of job that does it.
    pub kind: String,
    /// Whose data it is about: one client's, or staff's.
    pub scope: Scope,
    /// What exactly, with its `version`.
    pub content: Value,
    /// Who ordered it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// An order on record.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOrder {
    /// What was ordered.
    pub new: NewJobOrder,
    /// How it ended: when, the outcome's word, and in words. None while it is open.
    pub end: Option<(i64, String, String)>,
}

type Row = (String, String, String, String, String, i64, Option<i64>, Option<String>, Option<String>);

const INSERT: &str = "
    INSERT INTO job_orders (id, kind, scope, content, ordered_by, ordered_at_us)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
const SELECT_ONE: &str = "
    SELECT id, kind, scope, content, ordered_by, ordered_at_us, ended_at_us, outcome, words
    FROM job_orders WHERE id = $2 AND ($1 = 'staff' OR scope = $1)";
const SELECT_OPEN: &str = "
    SELECT id, kind, scope, content, ordered_by, ordered_at_us, ended_at_us, outcome, words
    FROM job_orders WHERE ended_at_us IS NULL AND ($1 = 'staff' OR scope = $1) ORDER BY ordered_at_us, id";

impl Store {
    /// Records an order. The same id again changes nothing: a form that is sent twice orders once. Gives whether it is
    /// new.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn order_job(&self, order: &NewJobOrder) -> Result<bool, StoreError> {
        let content = payload::to_text(&order.content, "order of a job")?;
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(&order.id)
                .bind(&order.kind)
                .bind(order.scope.mark())
                .bind(&content)
                .bind(&order.by)
                .bind(order.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(inserted == 1)
    }

    /// An order within a scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn job_order(&self, scope: &Scope, id: &str) -> Result<Option<JobOrder>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_ONE).bind(scope.mark()).bind(id).fetch_optional(pool).await?
        });
        row.map(order).transpose()
    }

    /// The orders without an end within a scope, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_job_orders(&self, scope: &Scope) -> Result<Vec<JobOrder>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_OPEN).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(order).collect()
    }
}

fn order(row: Row) -> Result<JobOrder, StoreError> {
    let (id, kind, scope, content, by, at_us, ended_at_us, outcome, words) = row;
    let content = payload::from_text(&content, "order of a job")?;
    let end = ended_at_us.map(|at_us| (at_us, outcome.unwrap_or_default(), words.unwrap_or_default()));
    Ok(JobOrder { new: NewJobOrder { id, kind, scope: Scope::from_mark(&scope)?, content, by, at_us }, end })
}
