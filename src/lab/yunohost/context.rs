//! What a command works with: the machine, the moment, the language, and what it has said so far.

use serde_json::Value;

use super::Yunohost;
use super::operations::{self, Operation};
use super::reply::{Line, Reply};
use super::words::Speech;
use crate::lab::os::{Files, Machine};
use crate::lab::world::Surroundings;

/// A command at work.
pub struct Context<'a> {
    /// The machine it runs on.
    pub machine: &'a mut Machine,
    /// What it knows of the world.
    pub around: Surroundings<'a>,
    /// The language it answers in.
    pub speech: Speech,
    /// What it has said.
    pub lines: Vec<Line>,
    /// How long it takes.
    pub duration_us: u64,
    /// Whether the keys of its result keep their order for people.
    pub keeps_order: bool,
}

/// A command's end without success; what was said stays said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The last words.
    pub lines: Vec<Line>,
    /// The reason in one sentence, for the journal of operations.
    pub reason: String,
}

/// What a command comes to: its result, if it has one.
pub type Outcome = Result<Option<Value>, Refusal>;

impl Refusal {
    /// A handled error: one `ERROR` line.
    pub fn error(text: impl Into<String>) -> Refusal {
        let reason = text.into();
        Refusal { lines: vec![Line::Error(reason.clone())], reason }
    }

    /// An unhandled one: a Python traceback without its frames, ending in this line.
    pub fn crash(last: impl Into<String>) -> Refusal {
        let reason = last.into();
        Refusal { lines: vec![Line::Err(traceback(&reason))], reason }
    }
}

/// A Python traceback whose frames are left out.
pub fn traceback(last: &str) -> String {
    format!("Traceback (most recent call last):\n  <frames>\n{last}")
}

impl<'a> Context<'a> {
    /// YunoHost's own state.
    ///
    /// # Panics
    /// Never: commands run only where YunoHost's packages are installed.
    pub fn state(&mut self) -> &mut Yunohost {
        self.machine.yunohost.as_deref_mut().expect("commands run where YunoHost is installed")
    }

    /// The machine's files.
    pub fn files(&mut self) -> &mut Files {
        &mut self.machine.files
    }

    /// Says an `INFO` sentence.
    pub fn info(&mut self, key: &str, values: &[(&str, &str)]) {
        let text = self.speech.say(key, values);
        self.lines.push(Line::Info(text));
    }

    /// Says a `SUCCESS` sentence.
    pub fn success(&mut self, key: &str, values: &[(&str, &str)]) {
        let text = self.speech.say(key, values);
        self.lines.push(Line::Success(text));
    }

    /// Says a `WARNING` sentence.
    pub fn warning(&mut self, key: &str, values: &[(&str, &str)]) {
        let text = self.speech.say(key, values);
        self.lines.push(Line::Warning(text));
    }

    /// A refusal in one sentence.
    pub fn refuse(&self, key: &str, values: &[(&str, &str)]) -> Refusal {
        Refusal::error(self.speech.say(key, values))
    }

    /// Runs what is journaled as an operation: a failure quotes the name of its log.
    ///
    /// # Errors
    /// Those of the work, after the sentence about the log.
    pub fn operation<T>(
        &mut self,
        kind: &str,
        about: Option<&str>,
        args: Value,
        work: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let started = self.around.now;
        let name = operations::name(started, kind, about);
        let description = self.speech.say(&format!("log_{kind}"), &[("about", about.unwrap_or_default())]);
        let first_line = self.lines.len();
        let result = work(self);
        if result.is_err() {
            self.info("operation_failed", &[("description", &description), ("name", &name)]);
        }
        let log = self.lines[first_line..].iter().filter_map(logged).collect();
        let ended = started.plus_us(self.duration_us);
        let related_to = about.map(|about| related(kind, about)).into_iter().collect();
        let error = result.as_ref().err().map(|refusal| refusal.reason.clone());
        let kind = kind.to_owned();
        let operation =
            Operation { name, kind, description, args, related_to, parent: None, started, ended, error, log };
        self.state().operations.push(operation);
        result
    }

    /// The reply to print.
    pub fn finish(mut self, outcome: Outcome) -> Reply {
        let (value, exit) = match outcome {
            Ok(value) => (value, 0),
            Err(refusal) => {
                self.lines.extend(refusal.lines);
                (None, 1)
            }
        };
        Reply { lines: self.lines, value, exit, duration_us: self.duration_us, keeps_order: self.keeps_order }
    }
}

/// `("user", "alice")` for `user_create` and `alice`.
fn related(kind: &str, about: &str) -> (String, String) {
    (kind.split('_').next().unwrap_or_default().to_owned(), about.to_owned())
}

fn logged(line: &Line) -> Option<String> {
    match line {
        Line::Info(text) => Some(format!("INFO - {text}")),
        Line::Success(text) => Some(format!("SUCCESS - {text}")),
        Line::Warning(text) => Some(format!("WARNING - {text}")),
        Line::Error(text) => Some(format!("ERROR - {text}")),
        Line::Debug { .. } | Line::Out(_) | Line::Err(_) => None,
    }
}
