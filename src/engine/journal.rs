//! The record of one action, written before and after every change.

use serde_json::{Value, json};

use super::{Engine, EngineError};
use crate::store::{ActionState, JournalEntry};

/// The version of a journal entry's detail.
const DETAIL_VERSION: u32 = 1;

/// Writes the journal of one action of a run.
pub struct ActionLog<'a> {
    engine: &'a Engine,
    run_id: &'a str,
    subject: &'a str,
    key: &'a str,
}

impl<'a> ActionLog<'a> {
    /// The log of an action on a subject (`instance/lilas`).
    pub fn new(engine: &'a Engine, run_id: &'a str, subject: &'a str, key: &'a str) -> ActionLog<'a> {
        ActionLog { engine, run_id, subject, key }
    }

    /// The first change is about to be made: from here on its effect is unknown until somebody looks.
    ///
    /// # Errors
    /// When the store cannot be written: nothing is changed then.
    pub async fn started(&self) -> Result<(), EngineError> {
        self.write(ActionState::Started, json!({})).await
    }

    /// A remote works on it under this task id.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn submitted(&self, task: &str) -> Result<(), EngineError> {
        self.write(ActionState::Submitted, json!({ "task": task })).await
    }

    /// Done, and read back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn done(&self) -> Result<(), EngineError> {
        self.write(ActionState::Done, json!({ "read_back": true })).await
    }

    /// It was so already.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn skipped(&self) -> Result<(), EngineError> {
        self.write(ActionState::Skipped, json!({ "read_back": true })).await
    }

    /// It failed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn failed(&self, error: &EngineError) -> Result<(), EngineError> {
        let text = self.engine.redactor.clean(&error.to_string());
        self.write(ActionState::Failed, json!({ "error": text })).await
    }

    /// The task that an earlier run, or this one, left under way for this action.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_task(&self) -> Result<Option<String>, EngineError> {
        let last = self.engine.store.last_entry(&crate::store::Scope::Staff, self.subject, self.key).await?;
        Ok(last
            .filter(|record| record.entry.state == ActionState::Submitted)
            .and_then(|record| record.entry.detail.get("task")?.as_str().map(str::to_owned)))
    }

    async fn write(&self, state: ActionState, mut detail: Value) -> Result<(), EngineError> {
        detail["version"] = DETAIL_VERSION.into();
        let entry = JournalEntry {
            subject: self.subject.to_owned(),
            action_key: self.key.to_owned(),
            state,
            detail,
            at_us: self.engine.now_us().await?,
        };
        self.engine.store.journal(self.run_id, &entry).await?;
        Ok(())
    }
}
