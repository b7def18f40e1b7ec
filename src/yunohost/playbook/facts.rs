//! Facts: what reading commands printed in a guest.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A command that only reads, already rendered: program and arguments, no shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReadCommand(pub Vec<String>);

/// What a reading command answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Exit status.
    pub exit: i32,
    /// Standard output.
    pub stdout: String,
}

/// The facts read so far in one pass over one guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(BTreeMap<ReadCommand, Kept>);

/// An answer, with its JSON once somebody asked for it: many conditions look into the same list of a hundred accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    fact: Fact,
    #[serde(skip)]
    json: OnceLock<Option<Value>>,
}

impl Facts {
    /// What a command answered, if it was read in this pass.
    pub fn get(&self, command: &ReadCommand) -> Option<&Fact> {
        self.0.get(command).map(|kept| &kept.fact)
    }

    /// Keeps an answer.
    pub fn put(&mut self, command: ReadCommand, fact: Fact) {
        self.0.insert(command, Kept { fact, json: OnceLock::new() });
    }

    /// The JSON that a command answered ([`Fact::json`]), read once.
    pub fn json(&self, command: &ReadCommand) -> Option<&Value> {
        let kept = self.0.get(command)?;
        kept.json.get_or_init(|| kept.fact.json()).as_ref()
    }

    /// How many commands were read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        self.fact == other.fact
    }
}

impl Eq for Kept {}

impl Fact {
    /// The JSON on the last line that is not empty: YunoHost prints talk before it (sheet YunoHost, section 3).
    pub fn json(&self) -> Option<Value> {
        let last = self.stdout.lines().rev().find(|line| !line.trim().is_empty())?;
        serde_json::from_str(last).ok()
    }
}
