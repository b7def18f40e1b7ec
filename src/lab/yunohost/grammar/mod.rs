//! What YunoHost's command line accepts: the table of commands, and how `argparse` and YunoHost's own checks read
//! arguments against it (sheet YunoHost, sections 3 and 9).

mod argparse;
mod check;
mod descent;
pub mod patterns;
mod table;
mod usage;

use super::reply::{Args, Line};
use crate::os::Files;
use table::{Category, Command, commands};

pub use argparse::quoted;

/// What stands before the command: `--output-as`, `--debug`, `--quiet`, `--timeout`, `--version`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Globals {
    /// How the result is printed.
    pub output_as: OutputAs,
    /// Prints what the program does.
    pub debug: bool,
    /// Hides every line of talk, errors too.
    pub quiet: bool,
    /// Shows versions instead of running a command.
    pub version: bool,
    /// How many seconds to wait for the lock; for ever when absent.
    pub timeout_s: Option<i64>,
}

/// `--output-as`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OutputAs {
    /// For people, the default.
    #[default]
    Human,
    /// One line of JSON.
    Json,
    /// Keys after `#`, values on their own line.
    Plain,
    /// Nothing.
    None,
}

/// A command and its arguments, before YunoHost's own checks.
#[derive(Debug, Clone)]
pub struct Parsed {
    command: &'static Command,
    /// The arguments as `argparse` took them apart, defaults included.
    pub args: Args,
    /// Warnings about deprecated names.
    pub warnings: Vec<String>,
}

/// Why parsing ended without a command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A usage error: exit 2, this on standard error after the warnings.
    Usage {
        /// What is said before: deprecated names.
        warnings: Vec<String>,
        /// Usage and complaint.
        text: String,
    },
    /// A text that was asked for: exit 0, this on standard output.
    Help(String),
    /// No command at all.
    NothingAsked,
    /// The lab has no words for this.
    NotSimulated(String),
}

/// Takes the global options out of the arguments.
///
/// # Errors
/// [`Stop::Usage`] when one of them is wrong.
pub fn globals(words: &[String]) -> Result<(Globals, Vec<String>), Stop> {
    argparse::globals(words)
}

/// Takes a command apart.
///
/// # Errors
/// The [`Stop`] that says why there is nothing to run.
pub fn parse(words: &[String]) -> Result<Parsed, Stop> {
    descent::command(words)
}

impl Parsed {
    /// The command's full name: `user group create`.
    pub fn name(&self) -> &'static str {
        &self.command.name
    }

    /// Whether the command waits for and holds the lock.
    pub fn takes_lock(&self) -> bool {
        !self.command.read_only
    }

    /// The first file among the arguments that is not there: such files are opened while arguments are read.
    pub fn missing_file(&self, files: &Files) -> Option<&str> {
        let opened = self.command.arguments.iter().filter(|argument| argument.kind == table::Kind::File);
        opened.filter_map(|argument| self.args.one(argument.key())).find(|path| files.read(path).is_none())
    }

    /// YunoHost's own checks of the arguments: what must be asked (and cannot be without a terminal), the sentences
    /// about passwords, the patterns. What is to be said is added to `lines`; false when the command must not run.
    pub fn check(&mut self, lines: &mut Vec<Line>, speech: super::words::Speech) -> bool {
        check::check(self.command, &mut self.args, lines, speech)
    }
}

/// The categories in their order.
fn categories() -> &'static [Category] {
    &commands().categories
}
