//! A run from its beginning to its end, so that one whose process was killed does not stay without an end.

use serde_json::{Value, json};

use super::lease::{holder_here, holder_is_dead};
use super::{Engine, EngineError};
use crate::domain::runs::RunOutcome;
use crate::store::{Acquired, Lease, NewRun, Scope, StoreError};
use crate::util::limits;
use crate::util::process;

/// A run on record that has begun. It holds a lease of its own, by which others see whether its process lives.
pub struct UnderWay {
    id: String,
    lease: Lease,
}

impl UnderWay {
    /// Closes the runs whose processes are dead, and records that this one begins.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn begin(engine: &Engine, run: &NewRun) -> Result<UnderWay, EngineError> {
        close_dead_runs(engine).await?;
        let (name, holder) = (lease_name(&run.id), holder_here(engine));
        let until_us = run.at_us.saturating_add(i64::try_from(limits::RUN_TIME_MAX.as_micros()).unwrap_or(i64::MAX));
        let lease = match engine.store.acquire_lease(&name, &holder, run.at_us, until_us).await? {
            Acquired::Lease(lease) => lease,
            Acquired::HeldBy(held) => {
                return Err(EngineError::Busy { subject: name, holder: process::in_words(&held.holder) });
            }
        };
        engine.store.start_run(run).await?;
        Ok(UnderWay { id: run.id.clone(), lease })
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end(self, engine: &Engine, outcome: RunOutcome, summary: &Value) -> Result<(), EngineError> {
        engine.store.finish_run(&self.id, &outcome, engine.now_us().await?, summary).await?;
        Ok(engine.store.release_lease(&self.lease).await?)
    }
}

async fn close_dead_runs(engine: &Engine) -> Result<(), EngineError> {
    let unfinished = engine.store.unfinished_runs(&Scope::Staff).await?;
    if unfinished.is_empty() {
        return Ok(());
    }
    let now_us = engine.now_us().await?;
    for run in unfinished {
        let lease = engine.store.lease(&lease_name(&run.id)).await?;
        let dead = |lease: &Lease| lease.until_us <= now_us || holder_is_dead(&lease.holder);
        if !lease.as_ref().is_some_and(dead) {
            continue;
        }
        match engine.store.finish_run(&run.id, &RunOutcome::CutShort, now_us, &json!({ "version": 1 })).await {
            // Somebody else just closed it.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn lease_name(run: &str) -> String {
    format!("run/{run}")
}
