//! The work behind each kind of job: the same functions of the engine that the commands use.

use std::path::Path;

use jiff::civil::Date;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;

use super::Kind;
use super::claim::Came;
use crate::billing::BillingError;
use crate::billing::archive::Archive;
use crate::billing::letters::{Letters, Morning};
use crate::billing::turn::Turn;
use crate::domain::jobs::Outcome;
use crate::engine::backup::sweep::{SiteOutcome, SweepRequest};
use crate::engine::drill::{DrillOrder, DueDrill, due_drills};
use crate::engine::error::Class;
use crate::engine::run::Accepted;
use crate::engine::{Engine, EngineError};
use crate::plan::desired::Subject;
use crate::post::{self, Delivered, Post, PostError, Sender, Transport};
use crate::proof;
use crate::store::JobAttempt;
use crate::util::limits;

/// What the work needs besides the engine.
pub(super) struct Bench<'a> {
    pub(super) engine: &'a Engine,
    /// Folder of the records and certificates of drills.
    pub(super) drills: &'a Path,
    /// Where issued documents are kept.
    pub(super) archive: &'a Archive,
    /// Folder of mails, where they leave into one.
    pub(super) mails: &'a Path,
    /// Turns true when the program is asked to stop: what is under way is brought to its end, nothing more is begun.
    pub(super) stop: &'a watch::Receiver<bool>,
}

impl Bench<'_> {
    /// Does the work of an attempt.
    pub(super) async fn perform(&self, kind: Kind, attempt: &JobAttempt) -> Came {
        let done = match kind {
            Kind::Sweep => self.sweep().await,
            Kind::Drills => self.drills().await,
            Kind::Mail => self.mail().await,
            Kind::Letters => self.letters().await,
            Kind::Compare => self.compare().await,
            Kind::Tidy => self.tidy().await,
            Kind::Plan | Kind::Apply | Kind::Issue => self.ordered(attempt).await,
        };
        done.unwrap_or_else(|trouble| failed(self.engine, &trouble))
    }

    /// The accepted inventory, and the day where the co-operative is.
    pub(super) async fn inventory(&self) -> Result<Option<(Accepted, Date)>, EngineError> {
        let Some(accepted) = Accepted::latest(&self.engine.store).await? else { return Ok(None) };
        let now = self.engine.clock.now().await?;
        let day = now.to_zoned(accepted.inventory.cooperative_zone()).date();
        Ok(Some((accepted, day)))
    }

    async fn sweep(&self) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let (reports, _kept) = unbounded_channel();
        let request = SweepRequest::default();
        let report = self.engine.sweep(&accepted, day, &request, self.stop, &reports).await?;
        let seen = report.sites.iter().filter(|one| matches!(one.outcome, SiteOutcome::Seen { .. })).count();
        let words = format!("{seen} of {} sites seen", report.sites.len());
        Ok(match (report.stopped, report.own_network) {
            (true, _) => came(Outcome::CutShort, format!("{words}, then it was asked to stop")),
            (_, true) => came(Outcome::Failed, "no site answers: the likely cause is our own network".to_owned()),
            _ => came(Outcome::Done, words),
        })
    }

    async fn drills(&self) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let inventory = accepted.inventory.as_ref();
        let (mut tried, mut proven, mut troubles) = (0, 0, Vec::new());
        let now_us = self.engine.now_us().await?;
        let due = due_drills(&self.engine.store, inventory, now_us).await?;
        for drill in due.into_iter().filter(DueDrill::is_now) {
            if *self.stop.borrow() {
                return Ok(came(Outcome::CutShort, format!("{tried} tried, then it was asked to stop")));
            }
            let instance = inventory.instances.get(&drill.instance);
            let Some(subject) = instance.and_then(|instance| Subject::on(inventory, instance, day)) else { continue };
            match self.engine.drill(&subject, &DrillOrder { from: drill.from, backup: None, on: None }).await {
                Ok(kept) => {
                    tried += 1;
                    proven += usize::from(kept.record.verdict.as_str() == "proven");
                    if let Err(error) = proof::write(inventory, &kept, self.drills) {
                        troubles.push(format!("{}: {error}", drill.instance));
                    }
                }
                Err(error) => troubles.push(format!("{}: {}", drill.instance, words(&error))),
            }
        }
        let words = format!("{tried} tried, {proven} proven");
        Ok(match troubles.is_empty() {
            true => came(Outcome::Done, words),
            false => came(Outcome::Failed, format!("{words}; {}", troubles.join("; "))),
        })
    }

    async fn mail(&self) -> Result<Came, Trouble> {
        let Some((accepted, _)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let cooperative = &accepted.inventory.cooperative;
        let engine = self.engine;
        let transport = Transport::of(cooperative, self.mails, &engine.vault).await?;
        let post = Post {
            store: &engine.store,
            vault: &engine.vault,
            transport: &transport,
            sender: &Sender::of(cooperative),
            zone: &accepted.inventory.cooperative_zone(),
            clock: &engine.clock,
            nonce: &engine.randomness.hex(4),
        };
        let Delivered { sent, later, failed, unknown } = post::deliver(&post, limits::MAIL_BATCH_MAX).await?;
        let words = format!("{} sent, {} tried again later", sent.len(), later.len());
        // Those have their own records and are not tried again: a person decides.
        Ok(match failed.len() + unknown.len() {
            0 => came(Outcome::Done, words),
            open => came(Outcome::Refused, format!("{words}, {open} need a person: `accolades mail list`")),
        })
    }

    async fn letters(&self) -> Result<Came, Trouble> {
        let Some((accepted, _)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let engine = self.engine;
        let now = engine.clock.now().await?;
        let turn = Turn::take(&engine.store, now, &engine.randomness.hex(4)).await?;
        let inventory = accepted.inventory.as_ref();
        let today = now.to_zoned(inventory.cooperative_zone()).date();
        let letters = Morning { store: &engine.store, inventory, by: &engine.by, now, today }.letters().await;
        turn.give_back(&engine.store).await?;
        let Letters { hours, renewals, reminders, by_hand } = letters?;
        let mut words = format!(
            "{} told of their hours, {} of their renewal, {} reminded",
            hours.len(),
            renewals.len(),
            reminders.len()
        );
        for one in by_hand {
            words.push_str("; ");
            words.push_str(&one);
        }
        Ok(came(Outcome::Done, words))
    }

    /// Drift is told the morning after it came, and not when somebody next has work to do there.
    async fn compare(&self) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let plan = self.engine.plan(&accepted, day, &[]).await?;
        let settled = plan.instances.iter().filter(|part| part.is_settled()).count();
        let words = format!("{settled} of {} machines are as the inventory says", plan.instances.len());
        Ok(came(Outcome::Done, words))
    }

    async fn tidy(&self) -> Result<Came, Trouble> {
        let history_us = i64::try_from(limits::JOB_HISTORY.as_micros()).unwrap_or(i64::MAX);
        let now_us = self.engine.now_us().await?;
        let forgotten = self.engine.store.forget_job_attempts(now_us.saturating_sub(history_us)).await?;
        let portal_us = i64::try_from(limits::PORTAL_FORGET_AFTER.as_micros()).unwrap_or(i64::MAX);
        let before_us = now_us.saturating_sub(portal_us);
        self.engine.store.forget_entries(before_us).await?;
        self.engine.store.forget_attempts(before_us).await?;
        Ok(came(
            Outcome::Done,
            format!("{forgotten} old attempts at jobs forgotten, and sessions and links that ended"),
        ))
    }
}

/// An end.
pub(super) fn came(outcome: Outcome, words: String) -> Came {
    Came { outcome, words }
}

/// An end that a person has to look at.
pub(super) fn refused(words: &str) -> Came {
    came(Outcome::Refused, words.to_owned())
}

/// A new store has nothing to work on: that is no failure.
pub(super) fn nothing_accepted() -> Came {
    came(Outcome::Done, "no inventory has been accepted yet".to_owned())
}

/// What a person has to decide or to configure is not tried again by itself.
pub(super) fn outcome_of(class: Class) -> Outcome {
    match class {
        Class::Conflict | Class::Configuration => Outcome::Refused,
        Class::Stopped | Class::Unreachable => Outcome::Failed,
    }
}

/// What stops work.
pub(super) enum Trouble {
    /// On the way to a remote system, or in our own store.
    Engine(EngineError),
    /// In billing.
    Billing(BillingError),
    /// On the way to the mail server.
    Post(PostError),
}

impl<E: Into<EngineError>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::Engine(error.into())
    }
}

impl From<PostError> for Trouble {
    fn from(error: PostError) -> Trouble {
        Trouble::Post(error)
    }
}

impl From<BillingError> for Trouble {
    fn from(error: BillingError) -> Trouble {
        Trouble::Billing(error)
    }
}

fn failed(engine: &Engine, trouble: &Trouble) -> Came {
    let (outcome, text) = match trouble {
        // Somebody is at work on it now, and will not be for ever.
        Trouble::Engine(error @ EngineError::Busy { .. }) => (Outcome::Failed, words(error)),
        Trouble::Engine(error) => (outcome_of(error.class()), words(error)),
        Trouble::Billing(
            error @ (BillingError::AlreadyRunning { .. } | BillingError::Store(_) | BillingError::File { .. }),
        ) => (Outcome::Failed, words(error)),
        Trouble::Billing(error) => (Outcome::Refused, words(error)),
        Trouble::Post(error @ PostError::NoPassword) => (Outcome::Refused, words(error)),
        Trouble::Post(error) => (Outcome::Failed, words(error)),
    };
    came(outcome, engine.redactor.clean(&text))
}

/// The headline of an error.
fn words(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}
