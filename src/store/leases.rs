//! Leases: who may act on something at present. A lease ends by itself, so that a holder that died blocks nobody for long.
//!
//! Instants come from the holders' clocks. Two machines agree only as far as their clocks do: keep leases long compared
//! with that difference, renew them early, and let the fencing number decide in doubt (a greater one is a later holder).

use super::{Store, StoreError};

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is about.
    pub name: String,
    /// Who holds it: unique to a process, because a lease is not given twice, not even to its holder.
    pub holder: String,
    /// When it ends by itself.
    pub until_us: i64,
    /// Grows with every new holder.
    pub fence: i64,
}

/// The answer to asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquired {
    /// It is ours.
    Lease(Lease),
    /// It is somebody's; [`Store::take_over_lease`] takes it from a holder that is known to be dead.
    HeldBy(Lease),
}

const ACQUIRE: &str = "
    INSERT INTO leases (name, holder, until_us, fence) VALUES ($1, $2, $4, 1)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_us = excluded.until_us, fence = leases.fence + 1
    WHERE leases.until_us <= $3
    RETURNING fence";
const SELECT: &str = "SELECT holder, until_us, fence FROM leases WHERE name = $1";
const TAKE_OVER: &str = "
    UPDATE leases SET holder = $3, until_us = $4, fence = fence + 1 WHERE name = $1 AND fence = $2 RETURNING fence";
pub(super) const RENEW: &str = "UPDATE leases SET until_us = $4 WHERE name = $1 AND fence = $2 AND holder = $3";
// The row stays: its fencing number must go on growing.
const RELEASE: &str = "UPDATE leases SET until_us = 0 WHERE name = $1 AND fence = $2 AND holder = $3";

impl Store {
    /// Asks for a lease until `until_us`. One that ended at or before `now_us` is taken over.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<Acquired, StoreError> {
        let fence: Option<i64> = on_pool!(self, |pool| {
            sqlx::query_scalar(ACQUIRE).bind(name).bind(holder).bind(now_us).bind(until_us).fetch_optional(pool).await?
        });
        if let Some(fence) = fence {
            return Ok(Acquired::Lease(Lease { name: name.to_owned(), holder: holder.to_owned(), until_us, fence }));
        }
        let (holder, until_us, fence) =
            on_pool!(self, |pool| sqlx::query_as(SELECT).bind(name).fetch_one(pool).await?);
        Ok(Acquired::HeldBy(Lease { name: name.to_owned(), holder, until_us, fence }))
    }

    /// A lease as it stands, held or given back; `None` when nobody ever had it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        let found: Option<(String, i64, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT).bind(name).fetch_optional(pool).await?);
        Ok(found.map(|(holder, until_us, fence)| Lease { name: name.to_owned(), holder, until_us, fence }))
    }

    /// Takes a lease from a holder that is known to be dead (a process of this machine that was killed), without waiting
    /// for its end.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease has another holder by now.
    pub async fn take_over_lease(&self, dead: &Lease, holder: &str, until_us: i64) -> Result<Lease, StoreError> {
        let fence: Option<i64> = on_pool!(self, |pool| {
            sqlx::query_scalar(TAKE_OVER)
                .bind(&dead.name)
                .bind(dead.fence)
                .bind(holder)
                .bind(until_us)
                .fetch_optional(pool)
                .await?
        });
        let fence = fence.ok_or_else(|| lost(dead))?;
        Ok(Lease { name: dead.name.clone(), holder: holder.to_owned(), until_us, fence })
    }

    /// Keeps a lease for longer, even one that ended if nobody took it since.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody took it: stop acting at once.
    pub async fn renew_lease(&self, lease: &Lease, until_us: i64) -> Result<Lease, StoreError> {
        let renewed = on_pool!(self, |pool| {
            sqlx::query(RENEW)
                .bind(&lease.name)
                .bind(lease.fence)
                .bind(&lease.holder)
                .bind(until_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if renewed == 1 { Ok(Lease { until_us, ..lease.clone() }) } else { Err(lost(lease)) }
    }

    /// Gives a lease back. One that somebody else took meanwhile is left alone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(RELEASE).bind(&lease.name).bind(lease.fence).bind(&lease.holder).execute(pool).await?;
        });
        Ok(())
    }
}

/// What is said to a holder whose lease is gone.
pub(super) fn lost(lease: &Lease) -> StoreError {
    StoreError::conflict(
        format!("`{}` is no longer held by `{}`", lease.name, lease.holder),
        "another run acts on it: wait for its end, then run the command again",
    )
}
