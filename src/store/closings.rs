//! Months that were closed: who, when, and every file of the pack by its checksum. Never changed.

use serde_json::Value;

use crate::domain::billing::month::Month;

use super::{Store, StoreError, payload};

/// A closed month.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedMonth {
    /// The month.
    pub month: Month,
    /// Files, totals and accounts, with a `version`.
    pub record: Value,
    /// SHA-256 of the list of files.
    pub sha256: String,
    /// Who closed it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

const INSERT: &str = "
    INSERT INTO closings (month, record, sha256, closed_by, closed_at_us) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (month) DO NOTHING";
const SELECT: &str = "SELECT month, record, sha256, closed_by, closed_at_us FROM closings ORDER BY month";

impl Store {
    /// Closes a month.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else closed it meanwhile.
    pub async fn close_month(&self, closed: &ClosedMonth) -> Result<(), StoreError> {
        let record = payload::to_text(&closed.record, "record of a closing")?;
        let written = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(closed.month.to_string())
                .bind(&record)
                .bind(&closed.sha256)
                .bind(&closed.by)
                .bind(closed.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if written == 1 {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("{} was closed by somebody else meanwhile", closed.month),
            "run the command again: it compares with that closing",
        ))
    }

    /// The closed months, oldest first. They sum up all clients: staff only.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn closed_months(&self) -> Result<Vec<ClosedMonth>, StoreError> {
        let rows: Vec<(String, String, String, String, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT).fetch_all(pool).await?);
        let of = |(month, record, sha256, by, at_us): (String, String, String, String, i64)| {
            let month = Month::parse(&month).map_err(|_| StoreError::Unreadable { what: "closed month" })?;
            Ok(ClosedMonth { month, record: payload::from_text(&record, "record of a closing")?, sha256, by, at_us })
        };
        rows.into_iter().map(of).collect()
    }
}
