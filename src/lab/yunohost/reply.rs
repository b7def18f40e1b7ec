//! Between the grammar (what was asked) and the printer (what is shown): arguments in, a reply out.

use std::collections::BTreeMap;

use serde_json::Value;

/// The arguments of a command once the grammar has taken them apart. Options are keyed by their long name with the
/// dashes (`--full`), positional arguments by their name (`username`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args(pub BTreeMap<String, Vec<String>>);

impl Args {
    /// The first value of an argument.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str)
    }

    /// All values of an argument.
    pub fn many(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether an argument was given at all.
    pub fn given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// What a command answers, before it is printed as plain text or JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// Lines in the order they appear.
    pub lines: Vec<Line>,
    /// What the function returned; nothing is printed for `None`.
    pub value: Option<Value>,
    /// Exit status: 0, or 1 for a handled error.
    pub exit: i32,
    /// How long it took.
    pub duration_us: u64,
    /// Whether the keys of the value keep their order when it is printed for people (they are sorted otherwise).
    pub keeps_order: bool,
}

impl Reply {
    /// A refusal in one sentence.
    pub fn error(text: impl Into<String>) -> Reply {
        Reply { lines: vec![Line::Error(text.into())], exit: 1, ..Reply::default() }
    }

    /// A result and nothing else.
    pub fn value(value: Value) -> Reply {
        Reply { value: Some(value), ..Reply::default() }
    }
}

/// One line of talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// `INFO` on standard output, hidden by `--quiet`.
    Info(String),
    /// `SUCCESS` on standard output, hidden by `--quiet`.
    Success(String),
    /// `WARNING` on standard error.
    Warning(String),
    /// `ERROR` on standard error.
    Error(String),
    /// `DEBUG` on standard output, with `--debug` only.
    Debug {
        /// Milliseconds since the program began.
        after_ms: u64,
        /// What is said.
        text: String,
    },
    /// Text on standard output as it is.
    Out(String),
    /// Text on standard error as it is.
    Err(String),
}
