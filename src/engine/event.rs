//! Progress, as data: the command line shows it as bars, lines or JSON.

use serde::Serialize;

/// Something that happened during an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Work on a subject begins, with so many actions.
    Begins {
        /// `instance` or `site` and its id.
        subject: String,
        /// How many actions are planned.
        actions: usize,
    },
    /// An action begins.
    Acts {
        /// The subject.
        subject: String,
        /// The action's key.
        key: String,
        /// What a technician reads.
        title: String,
    },
    /// An action is done and was read back.
    Done {
        /// The subject.
        subject: String,
        /// The action's key.
        key: String,
        /// What a technician reads.
        title: String,
        /// It was so already.
        already: bool,
    },
    /// An action waits for something outside.
    Waits {
        /// The subject.
        subject: String,
        /// What a technician reads.
        title: String,
        /// For what.
        why: String,
    },
    /// Work on a subject stopped.
    Stopped {
        /// The subject.
        subject: String,
        /// Why, with what to do next.
        why: String,
    },
    /// Something worth knowing.
    Note {
        /// The subject.
        subject: String,
        /// In words.
        text: String,
    },
}
