//! Pinned host keys: the first one that a trusted source named counts until a person replaces it.

use super::{Store, StoreError};

/// A pinned key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyPin {
    /// Whose key, for example `instance/lilas`.
    pub subject: String,
    /// The key in OpenSSH format, without comment.
    pub key: String,
    /// Who named it, for example `guest-agent`.
    pub source: String,
    /// When.
    pub at_us: i64,
}

/// The answer to pinning a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinOutcome {
    /// The key is the pinned one, now or since before.
    Pinned(HostKeyPin),
    /// Another key is pinned: this one. Nothing was changed.
    Conflict(HostKeyPin),
}

type Row = (String, String, String, i64);

const PIN: &str = "
    INSERT INTO host_keys (subject, host_key, source, pinned_at_us) VALUES ($1, $2, $3, $4)
    ON CONFLICT (subject) DO NOTHING";
const FORGET: &str = "DELETE FROM host_keys WHERE subject = $1";
const REPLACE: &str = "
    INSERT INTO host_keys (subject, host_key, source, pinned_at_us) VALUES ($1, $2, $3, $4)
    ON CONFLICT (subject) DO UPDATE
    SET host_key = excluded.host_key, source = excluded.source, pinned_at_us = excluded.pinned_at_us";
const SELECT: &str = "SELECT subject, host_key, source, pinned_at_us FROM host_keys WHERE subject = $1";

impl Store {
    /// Pins a key unless the subject has one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn pin_host_key(&self, pin: &HostKeyPin) -> Result<PinOutcome, StoreError> {
        let row: Row = on_pool!(self, |pool| {
            sqlx::query(PIN).bind(&pin.subject).bind(&pin.key).bind(&pin.source).bind(pin.at_us).execute(pool).await?;
            sqlx::query_as(SELECT).bind(&pin.subject).fetch_one(pool).await?
        });
        let pinned = from_row(row);
        Ok(if pinned.key == pin.key { PinOutcome::Pinned(pinned) } else { PinOutcome::Conflict(pinned) })
    }

    /// Pins a key in place of the one that is pinned, on a person's word.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn replace_host_key(&self, pin: &HostKeyPin) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(REPLACE)
                .bind(&pin.subject)
                .bind(&pin.key)
                .bind(&pin.source)
                .bind(pin.at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Forgets the key of a subject that no longer exists; none is no failure.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_host_key(&self, subject: &str) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(FORGET).bind(subject).execute(pool).await?;
        });
        Ok(())
    }

    /// The pinned key of a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn host_key(&self, subject: &str) -> Result<Option<HostKeyPin>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).bind(subject).fetch_optional(pool).await?);
        Ok(row.map(from_row))
    }
}

fn from_row((subject, key, source, at_us): Row) -> HostKeyPin {
    HostKeyPin { subject, key, source, at_us }
}
