//! What commands work with: the options, and what they open only when they need it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::mpsc::UnboundedSender;

use super::arguments::Globals;
use super::failure::Failure;
use super::output::Output;
use super::when;
use crate::engine::{Engine, Event};
use crate::inventory::model::{Cooperative, Inventory};
use crate::post::{self, Delivered, Post, Sender, Transport};
use crate::ssh::Identity;
use crate::store::Store;
use crate::store::secrets::Vault;
use crate::util::clock::Clock;
use crate::util::random::Randomness;
use crate::util::redact::Redactor;
use crate::yunohost::playbook::builtin;

/// One call of the program.
pub struct Session {
    /// The options that every command takes.
    pub globals: Globals,
    /// Where words go.
    pub output: Output,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub randomness: Arc<Randomness>,
}

impl Session {
    /// For this process.
    pub fn new(globals: Globals) -> Session {
        let output = Output::of_process(globals.json, globals.quiet);
        let randomness = Arc::new(globals.seed.map_or_else(Randomness::from_system, Randomness::from_seed));
        Session { globals, output, clock: Clock::from_environment(), randomness }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.globals.store).await?)
    }

    /// Opens the secrets of a store.
    ///
    /// # Errors
    /// When the key does not fit.
    pub async fn vault(&self, store: &Store) -> Result<Vault, Failure> {
        Ok(Vault::open(store, self.globals.key_file.as_deref(), self.randomness.clone()).await?)
    }

    /// Sends what waits in the outbox, at most `limit` mails.
    ///
    /// # Errors
    /// When the mail server lets nobody in, or the store cannot be written.
    pub async fn deliver(&self, store: &Store, cooperative: &Cooperative, limit: usize) -> Result<Delivered, Failure> {
        let vault = self.vault(store).await?;
        let transport = Transport::of(cooperative, &self.globals.mail_folder, &vault).await?;
        let post = Post {
            store,
            vault: &vault,
            transport: &transport,
            sender: &Sender::of(cooperative),
            zone: &when::zone(cooperative),
            clock: &self.clock,
            nonce: &self.randomness.hex(4),
        };
        Ok(post::deliver(&post, limit).await?)
    }

    /// The present instant.
    ///
    /// # Errors
    /// When a lab's clock does not answer.
    pub async fn now(&self) -> Result<Timestamp, Failure> {
        Ok(self.clock.now().await?)
    }

    /// The present day where the co-operative works.
    ///
    /// # Errors
    /// When a lab's clock does not answer.
    pub async fn today(&self, inventory: &Inventory) -> Result<Date, Failure> {
        Ok(when::day(self.now().await?, &when::zone(&inventory.cooperative)))
    }

    /// Who is at work, for the records.
    ///
    /// # Errors
    /// When neither `--as` nor `$USER` says so.
    pub fn who(&self) -> Result<String, Failure> {
        match self.globals.who.as_deref().map(str::trim) {
            Some(who) if !who.is_empty() => Ok(who.to_owned()),
            _ => Err(Failure::usage("who is at work is not known", "say it with `--as NAME`: it is recorded")),
        }
    }

    /// The engine over a store, telling its progress to `events`.
    ///
    /// # Errors
    /// When secrets or playbooks cannot be read.
    pub async fn engine(&self, store: &Store, events: UnboundedSender<Event>) -> Result<Engine, Failure> {
        Ok(Engine {
            store: store.clone(),
            vault: self.vault(store).await?,
            clock: self.clock.clone(),
            randomness: self.randomness.clone(),
            redactor: Arc::new(Redactor::default()),
            playbooks: Arc::new(builtin::load(self.globals.playbooks.as_deref())?),
            identity: match &self.globals.identity {
                Some(file) => Identity::KeyFile(file.clone()),
                None => Identity::Agent { socket: None },
            },
            by: self.who()?,
            events,
        })
    }
}
