//! What a command works with: the machine, the moment, the language, and what it has said so far.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Yunohost;
use super::reply::{Line, Reply};
use super::words::Speech;
use crate::os::{Files, Machine};
use crate::world::{Moment, Surroundings};

/// A command at work.
pub struct Context<'a> {
    /// The machine it runs on.
    pub machine: &'a mut Machine,
    /// What it knows of the world.
    pub around: Surroundings<'a>,
    /// Its environment beyond the usual one.
    pub env: &'a BTreeMap<String, String>,
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
    /// The reason in one sentence.
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

    /// Says something with `--debug` only, at the end of the work.
    pub fn debug(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Debug { after_ms: self.duration_us / 1000, text: text.into() });
    }

    /// Says with `--debug` where the log of a finished operation is.
    pub fn debug_log(&mut self, kind: &str, about: &str) {
        let description = self.speech.say(&format!("log_{kind}"), &[("about", about)]);
        let name = format!("{}-{kind}-{about}", stamp(self.around.now));
        self.debug(format!(
            "To view the log of the operation '{description}', use the command 'yunohost log show {name}'"
        ));
    }

    /// A refusal in one sentence.
    pub fn refuse(&self, key: &str, values: &[(&str, &str)]) -> Refusal {
        Refusal::error(self.speech.say(key, values))
    }

    /// Runs what YunoHost journals as an operation: a failure quotes the name of its log, `STAMP-KIND-ABOUT`.
    ///
    /// # Errors
    /// Those of the work, after the sentence about the log.
    pub fn operation<T>(
        &mut self,
        kind: &str,
        about: Option<&str>,
        work: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let result = work(self);
        if result.is_err() {
            self.operation_failed(kind, about);
        }
        result
    }

    /// Says that an operation failed and how its log is called.
    pub fn operation_failed(&mut self, kind: &str, about: Option<&str>) {
        let stamp = stamp(self.around.now);
        let name = about.map_or_else(|| format!("{stamp}-{kind}"), |about| format!("{stamp}-{kind}-{about}"));
        let description = self.speech.say(&format!("log_{kind}"), &[("about", about.unwrap_or_default())]);
        self.info("operation_failed", &[("description", &description), ("name", &name)]);
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

/// `YYYYMMDD-HHMMSS` in UTC, as log names begin.
fn stamp(moment: Moment) -> String {
    jiff::Timestamp::from_second(moment.unix_seconds())
        .map(|timestamp| timestamp.strftime("%Y%m%d-%H%M%S").to_string())
        .unwrap_or_default()
}
