//! One run at a time on an instance, also across machines that share a PostgreSQL.

use super::{Engine, EngineError};
use crate::inventory::model::Site;
use crate::store::{Acquired, Lease};
use crate::util::limits;
use crate::util::process::{self, Holder};

/// An instance that is ours to work on until it is given back.
pub struct InstanceLease(Lease);

impl InstanceLease {
    /// Takes the lease. One whose holder was a process of this machine that is dead (killed in the middle of a run) is
    /// taken over at once.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when somebody else is at work.
    pub async fn take(engine: &Engine, subject: &str) -> Result<InstanceLease, EngineError> {
        let holder = holder_here(engine);
        let now_us = engine.now_us().await?;
        let until_us = now_us.saturating_add(lease_us());
        match engine.store.acquire_lease(subject, &holder, now_us, until_us).await? {
            Acquired::Lease(lease) => Ok(InstanceLease(lease)),
            Acquired::HeldBy(held) if process::is_dead(&held.holder) => {
                Ok(InstanceLease(engine.store.take_over_lease(&held, &holder, until_us).await?))
            }
            Acquired::HeldBy(held) => {
                Err(EngineError::Busy { subject: subject.to_owned(), holder: process::in_words(&held.holder) })
            }
        }
    }

    /// Keeps it for longer.
    ///
    /// # Errors
    /// When somebody took it: nothing more may be changed then.
    pub async fn renew(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let until_us = engine.now_us().await?.saturating_add(lease_us());
        self.0 = engine.store.renew_lease(&self.0, until_us).await?;
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn give_back(self, engine: &Engine) -> Result<(), EngineError> {
        Ok(engine.store.release_lease(&self.0).await?)
    }
}

/// The lease of whatever reads or writes whole disks on a site's node: backups, drills, restores. One at a time.
pub fn heavy_work(site: &Site) -> String {
    format!("site/{}/heavy-work", site.id)
}

fn lease_us() -> i64 {
    i64::try_from(limits::LEASE_TIME.as_micros()).unwrap_or(i64::MAX)
}

/// A holder in this process.
pub(super) fn holder_here(engine: &Engine) -> String {
    Holder::of_this_process(&engine.randomness.hex(4)).to_string()
}

/// A holder of this machine whose process no longer exists. Of other machines nothing is known.
pub(super) fn holder_is_dead(holder: &str) -> bool {
    process::is_dead(holder)
}
