//! One running command: the machine it works on, what it says, how long it takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Yunohost;
use super::context::traceback;
use super::reply::{Line, Reply};
use crate::os::{Files, Machine};
use crate::world::{Moment, Surroundings};

/// A command at work.
pub struct Job<'a> {
    /// The machine's file system.
    pub files: &'a mut Files,
    /// The state of YunoHost on it.
    pub ynh: &'a mut Yunohost,
    /// The world around the machine.
    pub around: Surroundings<'a>,
    /// Environment of the command (`BACKUP_CORE_ONLY`).
    pub env: &'a BTreeMap<String, String>,
    /// What was said so far and how long it took.
    pub reply: Reply,
}

/// Why a command ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// One `ERROR` line and exit 1.
    Error(String),
    /// Exit 1; everything was said already.
    Said,
    /// A Python traceback that ends with this line, exit 1.
    Traceback(String),
}

/// What a command returns: the value to print, or the failure.
pub type Outcome = Result<Option<Value>, Failure>;

impl Failure {
    /// A handled error.
    pub fn error(text: impl Into<String>) -> Failure {
        Failure::Error(text.into())
    }
}

impl<'a> Job<'a> {
    /// Runs one command to its end and gives the reply; `None` when YunoHost is not on this machine.
    pub fn run(
        machine: &'a mut Machine,
        around: Surroundings<'a>,
        env: &'a BTreeMap<String, String>,
        command: impl FnOnce(&mut Job<'a>) -> Outcome,
    ) -> Option<Reply> {
        let ynh = machine.yunohost.as_deref_mut()?;
        ynh.hardware.follow(machine.root_bytes);
        let mut job = Job { files: &mut machine.files, ynh, around, env, reply: Reply::default() };
        let outcome = command(&mut job);
        Some(job.finish(outcome))
    }

    /// Closes the command: value or failure becomes the end of the reply.
    pub fn finish(mut self, outcome: Outcome) -> Reply {
        match outcome {
            Ok(value) => self.reply.value = value,
            Err(failure) => {
                self.reply.exit = 1;
                match failure {
                    Failure::Error(text) => self.error(text),
                    Failure::Said => {}
                    Failure::Traceback(last) => self.err(traceback(&last)),
                }
            }
        }
        self.reply
    }

    /// The present moment: the command's start and the time it took so far.
    pub fn now(&self) -> Moment {
        self.around.now.plus_us(self.reply.duration_us)
    }

    /// Lets time pass.
    pub fn takes_ms(&mut self, ms: u64) {
        self.reply.duration_us += ms * 1000;
    }

    /// An `INFO` line.
    pub fn info(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Info(text.into()));
    }

    /// A `SUCCESS` line.
    pub fn success(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Success(text.into()));
    }

    /// A `WARNING` line.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Warning(text.into()));
    }

    /// An `ERROR` line.
    pub fn error(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Error(text.into()));
    }

    /// Text on standard output as it is.
    pub fn out(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Out(text.into()));
    }

    /// Text on standard error as it is.
    pub fn err(&mut self, text: impl Into<String>) {
        self.reply.lines.push(Line::Err(text.into()));
    }

    /// Repeatable randomness: hexadecimal text keyed by the world's seed, the entity and the operation.
    pub fn random_hex(&self, entity: &str, operation: &str, length: usize) -> String {
        use sha2::Digest as _;
        let mut text = String::new();
        let mut block = 0_u32;
        while text.len() < length {
            let key = format!("{}|{}|{entity}|{operation}|{block}", self.around.seed, self.around.now.0);
            text.push_str(&hex::encode(sha2::Sha256::digest(key)));
            block += 1;
        }
        text.truncate(length);
        text
    }

    /// Repeatable letters and digits, as YunoHost makes database passwords.
    pub fn random_text(&self, entity: &str, operation: &str, length: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let digits = self.random_hex(entity, operation, length * 2);
        (0..length)
            .map(|at| {
                let byte = usize::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap_or_default();
                char::from(ALPHABET[byte % ALPHABET.len()])
            })
            .collect()
    }
}
