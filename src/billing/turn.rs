//! One billing run at a time, also across machines that share a PostgreSQL (R24).

use jiff::Timestamp;

use crate::store::{Acquired, Lease, Store};
use crate::util::limits;
use crate::util::process::{self, Holder};

use super::BillingError;

/// The lease that every run takes.
const NAME: &str = "billing";

/// The right to issue, until it is given back.
#[derive(Debug)]
pub struct Turn(Lease);

impl Turn {
    /// Takes it. From a holder on this machine whose process is dead it is taken over at once. `nonce` tells two turns of
    /// one process apart.
    ///
    /// # Errors
    /// [`BillingError::AlreadyRunning`] when somebody else is at work.
    pub async fn take(store: &Store, now: Timestamp, nonce: &str) -> Result<Turn, BillingError> {
        Turn::take_for(NAME, store, now, nonce).await
    }

    /// The same for other work that must not be done by two at once.
    ///
    /// # Errors
    /// As [`Turn::take`].
    pub async fn take_for(name: &str, store: &Store, now: Timestamp, nonce: &str) -> Result<Turn, BillingError> {
        let holder = Holder::of_this_process(nonce).to_string();
        let lease_us = i64::try_from(limits::LEASE_TIME.as_micros()).unwrap_or(i64::MAX);
        let now_us = now.as_microsecond();
        let until_us = now_us.saturating_add(lease_us);
        match store.acquire_lease(name, &holder, now_us, until_us).await? {
            Acquired::Lease(lease) => Ok(Turn(lease)),
            Acquired::HeldBy(held) if process::is_dead(&held.holder) => {
                Ok(Turn(store.take_over_lease(&held, &holder, until_us).await?))
            }
            Acquired::HeldBy(held) => Err(BillingError::AlreadyRunning { holder: held.holder }),
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When the store cannot be written; it ends by itself then.
    pub async fn give_back(self, store: &Store) -> Result<(), BillingError> {
        Ok(store.release_lease(&self.0).await?)
    }
}
