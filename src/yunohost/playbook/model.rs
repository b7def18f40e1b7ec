//! What a playbook file holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the playbook files that this program reads.
pub const PLAYBOOK_VERSION: u32 = 1;

/// One file of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Version of the file format, [`PLAYBOOK_VERSION`].
    pub version: u32,
    /// Short name: part of a step's key in plans and journals.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// Its steps, in order.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
}

/// One step: it is skipped when its check holds, and done only when its verification does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Id within the playbook.
    pub id: String,
    /// What a technician reads in a plan (a template).
    pub title: String,
    /// Repeats the step for each element of a list variable; the element is `item`.
    #[serde(default)]
    pub each: Option<String>,
    /// Does all the elements that need it in one go: `file` gets a line for each.
    #[serde(default)]
    pub together: bool,
    /// A variable that must be true (and not empty) for the step to apply.
    #[serde(default)]
    pub when: Option<String>,
    /// Nothing after this step makes sense before it is done.
    #[serde(default)]
    pub gate: bool,
    /// Looked at again at the end of every run that does something in the guest, because other steps may undo it.
    #[serde(default)]
    pub closing: bool,
    /// Runs as a transient unit inside the guest, because it takes minutes or must survive a cut connection.
    #[serde(default)]
    pub unit: bool,
    /// How long it takes as a rule, for the estimate of a plan.
    #[serde(default = "one_second")]
    pub seconds: u32,
    /// Names looked up in facts, usable afterwards as variables.
    #[serde(default)]
    pub find: BTreeMap<String, Find>,
    /// All of these hold: there is nothing to do.
    pub check: Vec<Condition>,
    /// All of these must hold before the step may be tried; otherwise it waits and the run ends partial.
    #[serde(default)]
    pub ready: Vec<Ready>,
    /// A file written (root only) before the commands run and removed after them.
    #[serde(default)]
    pub file: Option<File>,
    /// What is run.
    pub apply: Vec<Command>,
    /// What a technician reads when the step fails (a template); without it: mend what is named and give the same command
    /// again.
    #[serde(default)]
    pub advice: Option<String>,
    /// Another cause for which the step may fail: where it holds, its advice is read instead.
    #[serde(default)]
    pub other_cause: Option<OtherCause>,
    /// What is read back; the check itself when absent.
    #[serde(default)]
    pub verify: Vec<Condition>,
}

/// A cause of failure that is not the step's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherCause {
    /// All of these hold where it is the cause.
    pub check: Vec<Condition>,
    /// What a technician reads then (a template).
    pub advice: String,
}

/// A value looked up in a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The reading command.
    pub read: Vec<String>,
    /// JSON pointer of a list of objects.
    #[serde(default)]
    pub at: Option<String>,
    /// Fields that the wanted object has.
    #[serde(default, rename = "where")]
    pub fields: BTreeMap<String, String>,
    /// The field to take of it.
    #[serde(default)]
    pub take: Option<String>,
    /// Instead of JSON: the first word (before a tab) of the wanted line; the second word is taken.
    #[serde(default)]
    pub line: Option<String>,
}

/// A predicate over one fact. Exactly one of the comparisons is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The reading command.
    #[serde(default)]
    pub read: Vec<String>,
    /// JSON pointer into the answer; without it the text itself is compared.
    #[serde(default)]
    pub at: Option<String>,
    /// The value is this text (numbers and booleans are compared as text).
    #[serde(default)]
    pub equals: Option<String>,
    /// The list has this element, or the text this line.
    #[serde(default)]
    pub contains: Option<String>,
    /// The list lacks this element, or the text this line.
    #[serde(default)]
    pub lacks: Option<String>,
    /// The list has exactly the elements of this list variable, in any order.
    #[serde(default)]
    pub same_as: Option<String>,
    /// The list has every element of this list variable.
    #[serde(default)]
    pub contains_all: Option<String>,
    /// Something (`true`) or nothing (`false`) is there.
    #[serde(default)]
    pub present: Option<bool>,
    /// The command exits with this status.
    #[serde(default)]
    pub exit: Option<i32>,
    /// The technicians' account can log in with its key and become root without a password.
    #[serde(default)]
    pub admin_login: Option<bool>,
}

/// A condition to wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// What must hold.
    pub check: Condition,
    /// What a technician reads while it does not (a template).
    pub otherwise: String,
}

/// A file for the step's commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// First line.
    #[serde(default)]
    pub header: Option<String>,
    /// One line for each element (with `together`), or the whole text.
    pub line: String,
}

/// One command. Its exit status must be 0, which is necessary and never enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Program and arguments (templates); no shell.
    pub run: Vec<String>,
    /// Runs the command once for each element of this list variable; the element is `each`.
    #[serde(default)]
    pub for_each: Option<String>,
}

fn one_second() -> u32 {
    1
}
