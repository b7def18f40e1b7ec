//! The only room that changes remote systems: it observes, carries out plans step by step, and remembers every step.
//!
//! Per action: look (already so? skip) -> journal `started` -> act -> journal the task at once -> wait -> read back ->
//! journal `done` with the evidence. "Started, not done" means *unknown*: looking decides, never the journal alone.

pub mod adopt;
pub mod backup;
pub mod declare;
pub mod departure;
pub mod door;
pub mod drill;
pub mod error;
pub mod event;
pub mod guest;
pub mod journal;
pub mod keys;
pub mod lease;
pub mod loan;
pub mod machine;
pub mod observe;
pub mod prepare;
pub mod reach;
mod reading;
pub mod rebuild;
pub mod restore;
pub mod run;
pub mod script;
pub mod secret;
pub mod server;
pub mod site;
pub mod under_way;
pub mod unit;

use std::sync::Arc;

pub use error::EngineError;
pub use event::Event;

use crate::ssh::Identity;
use crate::store::Store;
use crate::store::secrets::Vault;
use crate::util::clock::Clock;
use crate::util::random::Randomness;
use crate::util::redact::Redactor;
use crate::yunohost::playbook::Playbook;

/// What every operation of the engine needs.
#[derive(Clone)]
pub struct Engine {
    /// Journal, plans, observations.
    pub store: Store,
    /// Secrets.
    pub vault: Vault,
    /// The injected clock.
    pub clock: Clock,
    /// The seeded source of randomness.
    pub randomness: Arc<Randomness>,
    /// Knows every secret of this process.
    pub redactor: Arc<Redactor>,
    /// What is done inside a guest.
    pub playbooks: Arc<Vec<Playbook>>,
    /// The technician's key.
    pub identity: Identity,
    /// Who is at work, for the records.
    pub by: String,
    /// Where progress is told.
    pub events: tokio::sync::mpsc::UnboundedSender<Event>,
}

impl Engine {
    /// The present moment in microseconds since 1970.
    ///
    /// # Errors
    /// When a lab's clock does not answer.
    pub async fn now_us(&self) -> Result<i64, EngineError> {
        Ok(self.clock.now().await?.as_microsecond())
    }

    /// Tells whoever listens; nobody listening is no failure.
    pub fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}
