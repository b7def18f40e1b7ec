//! A claim: one process has a job to itself, for as long as it says so in time.

use crate::domain::jobs::{Outcome, retry_at_us};
use crate::engine::{Engine, EngineError};
use crate::store::{Acquired, Begun, JobAttempt, JobEnd, JobKey, Lease, StoreError};
use crate::util::limits;
use crate::util::process::{self, Holder};

/// What came of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// In words, without secrets.
    pub(super) words: String,
}

/// A job that is ours.
pub(super) struct Claim {
    lease: Lease,
    /// The attempt that began with it.
    pub(super) attempt: JobAttempt,
}

impl Claim {
    /// Takes a job and begins an attempt. None when somebody else has it, or nothing is to be done any more.
    ///
    /// # Errors
    /// When the store or the clock fails.
    pub(super) async fn take(engine: &Engine, job: &JobKey) -> Result<Option<Claim>, EngineError> {
        let now_us = engine.now_us().await?;
        let until_us = now_us.saturating_add(claim_us());
        let holder = Holder::of_this_process(&engine.randomness.hex(4)).to_string();
        let name = format!("job/{}/{}", job.kind, job.subject);
        let lease = match engine.store.acquire_lease(&name, &holder, now_us, until_us).await? {
            Acquired::Lease(lease) => lease,
            // A process of this machine that was killed: nobody has to wait for the end of its lease.
            Acquired::HeldBy(held) if process::is_dead(&held.holder) => {
                match engine.store.take_over_lease(&held, &holder, until_us).await {
                    Ok(lease) => lease,
                    Err(StoreError::Conflict { .. }) => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            }
            Acquired::HeldBy(_) => return Ok(None),
        };
        match engine.store.begin_job(&lease, job, now_us, limits::JOB_ATTEMPTS_MAX).await? {
            Begun::Attempt(attempt) => Ok(Some(Claim { lease, attempt })),
            Begun::Nothing => {
                engine.store.release_lease(&lease).await?;
                Ok(None)
            }
        }
    }

    /// Does work and keeps the job meanwhile. None when somebody took it over: the work is dropped then, and can be resumed
    /// by whoever has it.
    ///
    /// # Errors
    /// When the clock fails; a store that cannot be written for a while is no reason to stop.
    pub(super) async fn keep(
        &mut self,
        engine: &Engine,
        work: impl Future<Output = Came>,
    ) -> Result<Option<Came>, EngineError> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                came = &mut work => return Ok(Some(came)),
                () = tokio::time::sleep(limits::JOB_CLAIM_RENEWAL) => {}
            }
            let until_us = engine.now_us().await?.saturating_add(claim_us());
            match engine.store.renew_lease(&self.lease, until_us).await {
                Ok(lease) => self.lease = lease,
                Err(StoreError::Conflict { .. }) => return Ok(None),
                Err(error) => tracing::warn!(%error, kind = %self.attempt.job.kind, "claim not renewed"),
            }
        }
    }

    /// Records how the attempt ended and gives the job back.
    ///
    /// # Errors
    /// When the store cannot be written, or somebody took the job over.
    pub(super) async fn end(self, engine: &Engine, came: &Came) -> Result<JobEnd, EngineError> {
        let at_us = engine.now_us().await?;
        let retry_at_us = (came.outcome == Outcome::Failed)
            .then(|| {
                let (first, longest) = (limits::JOB_RETRY_FIRST, limits::JOB_RETRY_LONGEST);
                retry_at_us(self.attempt.attempt, at_us, first, longest, limits::JOB_ATTEMPTS_MAX)
            })
            .flatten();
        let end = JobEnd { outcome: came.outcome, at_us, words: came.words.clone(), retry_at_us };
        engine.store.end_job(&self.attempt, &end).await?;
        engine.store.release_lease(&self.lease).await?;
        Ok(end)
    }
}

fn claim_us() -> i64 {
    i64::try_from(limits::JOB_CLAIM_TIME.as_micros()).unwrap_or(i64::MAX)
}
