//! The journal of operations: what `yunohost log` shows, and the name that a failed operation quotes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lab::world::Moment;

/// One logged operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `20260718-101500-user_create-alice`.
    pub name: String,
    /// `user_create`.
    pub kind: String,
    /// `Add 'alice' user`.
    pub description: String,
    /// The arguments as they are shown (no passwords).
    pub args: Value,
    /// What it is about, for example `("user", "alice")`.
    pub related_to: Vec<(String, String)>,
    /// The operation that started it.
    pub parent: Option<String>,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// Why it failed; `None` for a success.
    pub error: Option<String>,
    /// The lines of its log, without the time before them.
    pub log: Vec<String>,
}

/// `YYYYMMDD-HHMMSS` in UTC, as log names begin.
pub fn stamp(moment: Moment) -> String {
    jiff::Timestamp::from_second(moment.unix_seconds())
        .map(|timestamp| timestamp.strftime("%Y%m%d-%H%M%S").to_string())
        .unwrap_or_default()
}

/// The name of an operation that began at a moment: kind, then what it is about.
pub fn name(moment: Moment, kind: &str, about: Option<&str>) -> String {
    match about {
        Some(about) => format!("{}-{kind}-{about}", stamp(moment)),
        None => format!("{}-{kind}", stamp(moment)),
    }
}
