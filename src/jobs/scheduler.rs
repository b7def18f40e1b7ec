//! The scheduler of one process: looks again and again at what is due, claims it, does it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::Kind;
use super::claim::{Came, Claim};
use super::schedule::{self, Due};
use super::work::Bench;
use crate::billing::archive::Archive;
use crate::domain::jobs::Outcome;
use crate::engine::run::Accepted;
use crate::engine::{Engine, EngineError};
use crate::metrics::Metrics;
use crate::store::Scope;
use crate::util::limits;

/// Wakes the scheduler: something was ordered.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Wakes it.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// What a process does by itself.
#[derive(Clone)]
pub struct Jobs {
    /// The engine that does it.
    pub engine: Engine,
    /// Folder of the records and certificates of drills.
    pub drills: PathBuf,
    /// Where issued documents are kept.
    pub archive: Archive,
    /// Folder of mails, where they leave into one.
    pub mails: PathBuf,
    /// Where outcomes are counted.
    pub metrics: Arc<Metrics>,
    /// Wakes the scheduler before its time.
    pub nudge: Nudge,
}

impl Jobs {
    /// Works until `stop` turns true. What is under way then is brought to its end, or left resumable after
    /// [`limits::JOB_STOP_PATIENCE`]. A store or clock that fails for a while is told in the log and asked again.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (abandon, abandoned) = watch::channel(false);
        let mut under_way = UnderWay { tasks: JoinSet::new(), jobs: HashMap::new(), stop: stop.clone(), abandoned };
        let mut zone = None;
        while !*stop.borrow() {
            if let Err(error) = self.look(&mut zone, &mut under_way).await {
                tracing::warn!(%error, "what is due cannot be told");
            }
            tokio::select! {
                // Nobody left to tell us to stop is the end, too.
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.nudge.0.notified() => {}
                () = tokio::time::sleep(limits::JOB_TICK) => {}
                Some(ended) = under_way.tasks.join_next_with_id() => under_way.forget(&ended),
            }
        }
        let ended = tokio::time::timeout(limits::JOB_STOP_PATIENCE, under_way.drain()).await;
        if ended.is_err() {
            // Each says so on record, so that another process goes on with it at once. Nobody listening is nothing left.
            let _ = abandon.send(true);
            under_way.drain().await;
        }
    }

    /// Begins everything that is due and that nobody has.
    async fn look(&self, zone: &mut Option<TimeZone>, under_way: &mut UnderWay) -> Result<(), EngineError> {
        for due in self.due(zone).await? {
            let name = (due.kind, due.job.subject.clone());
            if under_way.jobs.values().any(|job| *job == name) {
                continue;
            }
            let Some(claim) = Claim::take(&self.engine, &due.job).await? else { continue };
            // What the inventory says may have changed since.
            *zone = None;
            let (jobs, stop, abandoned) = (self.clone(), under_way.stop.clone(), under_way.abandoned.clone());
            let task = under_way.tasks.spawn(async move {
                if let Err(error) = jobs.attempt(&due, claim, &stop, abandoned).await {
                    tracing::warn!(%error, kind = due.kind.name(), "job without a recorded end");
                }
            });
            under_way.jobs.insert(task.id(), name);
        }
        Ok(())
    }

    async fn due(&self, zone: &mut Option<TimeZone>) -> Result<Vec<Due>, EngineError> {
        let now = self.engine.clock.now().await?;
        if zone.is_none() {
            let accepted = Accepted::latest(&self.engine.store).await?;
            *zone = accepted.map(|accepted| accepted.inventory.cooperative_zone());
        }
        let mut due = Vec::new();
        // Without an inventory there is nothing to look at.
        let Some(zone) = zone.as_ref() else { return Ok(due) };
        let store = &self.engine.store;
        for order in store.open_job_orders(&Scope::Staff).await? {
            let Some(kind) = Kind::from_name(&order.new.kind) else { continue };
            let last = store.last_job_attempt(kind.name(), &order.new.id).await?;
            due.extend(schedule::ordered(kind, &order.new.id, order.new.at_us, last.as_ref(), now));
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.rhythm().is_some()) {
            // Where no mail waits there is nothing to deliver, and nothing to write down.
            if kind == Kind::Mail && store.due_mails(now.as_microsecond(), 1).await?.is_empty() {
                continue;
            }
            let last = store.last_job_attempt(kind.name(), "").await?;
            if kind == Kind::Mail && schedule::rests(last.as_ref(), now) {
                continue;
            }
            due.extend(schedule::recurring(kind, last.as_ref(), now, zone));
        }
        Ok(due)
    }

    async fn attempt(
        &self,
        due: &Due,
        mut claim: Claim,
        stop: &watch::Receiver<bool>,
        mut abandoned: watch::Receiver<bool>,
    ) -> Result<(), EngineError> {
        let bench =
            Bench { engine: &self.engine, drills: &self.drills, archive: &self.archive, mails: &self.mails, stop };
        let attempt = claim.attempt.clone();
        let work = async {
            tokio::select! {
                came = bench.perform(due.kind, &attempt) => came,
                Ok(_) = abandoned.wait_for(|abandoned| *abandoned) => Came {
                    outcome: Outcome::CutShort,
                    words: "the program was asked to stop; what is left is resumed".to_owned(),
                },
            }
        };
        let Some(came) = claim.keep(&self.engine, work).await? else {
            tracing::warn!(kind = due.kind.name(), "job was taken over by another process");
            return Ok(());
        };
        let end = claim.end(&self.engine, &came).await?;
        self.metrics.job_ended(due.kind.name(), end.outcome, end.at_us.saturating_sub(attempt.began_at_us));
        tracing::info!(kind = due.kind.name(), outcome = end.outcome.word(), words = %end.words, "job ended");
        Ok(())
    }
}

/// What this process is at work on.
struct UnderWay {
    tasks: JoinSet<()>,
    jobs: HashMap<Id, (Kind, String)>,
    stop: watch::Receiver<bool>,
    abandoned: watch::Receiver<bool>,
}

impl UnderWay {
    /// Of one that panicked, too, so that its job is taken up again once its lease has ended.
    fn forget(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        self.jobs.remove(&id);
    }

    async fn drain(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(&ended);
        }
    }
}
