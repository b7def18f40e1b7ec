//! Reminders that were sent: each level of an invoice once (R28).

use jiff::civil::Date;

use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::{NewMail, Scope, Store, StoreError};

/// A reminder of one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentReminder {
    /// To whom.
    pub client: ClientId,
    /// About which invoice.
    pub number: String,
    /// 1 for the first.
    pub level: i64,
    /// Day of sending.
    pub sent_on: Date,
    /// `letter` or `e-mail`.
    pub means: String,
    /// What was open.
    pub open: Cents,
    /// Interest as it was shown; none when no rate was known.
    pub interest: Option<Cents>,
    /// Who sent it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

type Row = (String, String, i64, String, String, i64, Option<i64>, String, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO reminders
        (position, client, number, level, sent_on, means, open, interest, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (number, level) DO NOTHING";
const SELECT: &str = "
    SELECT client, number, level, sent_on, means, open, interest, recorded_by, recorded_at_us
    FROM reminders WHERE $1 = 'staff' OR 'client:' || client = $1 ORDER BY position";

impl Store {
    /// Records reminders of one client and puts their mails into the outbox, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one of them was sent already.
    pub async fn record_reminders(&self, reminders: &[SentReminder], mails: &[NewMail]) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            for one in reminders {
                let position: i64 = sqlx::query_scalar(COUNT).bind("reminders").fetch_one(&mut *tx).await?;
                let written = sqlx::query(INSERT)
                    .bind(position)
                    .bind(one.client.as_str())
                    .bind(&one.number)
                    .bind(one.level)
                    .bind(one.sent_on.to_string())
                    .bind(&one.means)
                    .bind(one.open.0)
                    .bind(one.interest.map(|cents| cents.0))
                    .bind(&one.by)
                    .bind(one.at_us)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if written != 1 {
                    return Err(StoreError::conflict(
                        format!("reminder {} of `{}` was sent already", one.level, one.number),
                        "nothing was recorded; run `accolades billing remind` again",
                    ));
                }
            }
            for mail in mails {
                put_mail!(tx, mail);
            }
        });
        Ok(())
    }

    /// The reminders within a scope, in the order of sending.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reminders(&self, scope: &Scope) -> Result<Vec<SentReminder>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| reminder(row).ok_or(StoreError::Unreadable { what: "reminder" })).collect()
    }
}

fn reminder(row: Row) -> Option<SentReminder> {
    let (client, number, level, sent_on, means, open, interest, by, at_us) = row;
    Some(SentReminder {
        client: ClientId::new(client).ok()?,
        number,
        level,
        sent_on: sent_on.parse().ok()?,
        means,
        open: Cents(open),
        interest: interest.map(Cents),
        by,
        at_us,
    })
}
