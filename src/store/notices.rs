//! Notices of renewal that were sent, with what proves it (R11).

use jiff::civil::Date;

use crate::domain::ids::ClientId;

use super::scope::Scoped;
use super::{Scope, Store, StoreError};

/// A notice that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentNotice {
    /// To whom.
    pub client: ClientId,
    /// Last day of the term that it is about.
    pub term: Date,
    /// Day of sending.
    pub sent_on: Date,
    /// `letter` or `e-mail`.
    pub means: String,
    /// What proves it: number of the letter, identifier of the message.
    pub proof: String,
    /// Who recorded it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

type Row = (String, String, String, String, String, String, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO renewal_notices (position, client, term, sent_on, means, proof, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const SELECT: Scoped = scoped!(
    "
    SELECT client, term, sent_on, means, proof, recorded_by, recorded_at_us
    FROM renewal_notices WHERE",
    client "client",
    "ORDER BY position"
);

impl Store {
    /// Records that a notice was sent.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_notice(&self, notice: &SentNotice) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            let position: i64 = sqlx::query_scalar(COUNT).bind("renewal_notices").fetch_one(&mut *tx).await?;
            sqlx::query(INSERT)
                .bind(position)
                .bind(notice.client.as_str())
                .bind(notice.term.to_string())
                .bind(notice.sent_on.to_string())
                .bind(&notice.means)
                .bind(&notice.proof)
                .bind(&notice.by)
                .bind(notice.at_us)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// The notices within a scope, in the order of recording.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn notices(&self, scope: &Scope) -> Result<Vec<SentNotice>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| notice(row).ok_or(StoreError::Unreadable { what: "notice" })).collect()
    }
}

fn notice(row: Row) -> Option<SentNotice> {
    let (client, term, sent_on, means, proof, by, at_us) = row;
    Some(SentNotice {
        client: ClientId::new(client).ok()?,
        term: term.parse().ok()?,
        sent_on: sent_on.parse().ok()?,
        means,
        proof,
        by,
        at_us,
    })
}
