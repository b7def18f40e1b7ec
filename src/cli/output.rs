//! Where words go: data to standard output, everything else to standard error.

use std::io::{ErrorKind, IsTerminal, Write};

use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;

/// How a piece of text is shown on a terminal that wants colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// Something is wrong.
    Bad,
    /// Something deserves a look.
    Attention,
    /// Something is as it should be.
    Good,
}

/// Knows what the person or program at the other end wants.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    quiet: bool,
    errors_in_colour: bool,
    errors_on_terminal: bool,
    data_in_colour: bool,
}

impl Output {
    /// For this process: `NO_COLOR` and a dumb terminal take colours away.
    pub fn of_process(json: bool, quiet: bool) -> Output {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let wanted = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let errors_on_terminal = std::io::stderr().is_terminal();
        Output {
            json,
            quiet,
            errors_in_colour: wanted && errors_on_terminal,
            errors_on_terminal,
            data_in_colour: wanted && std::io::stdout().is_terminal(),
        }
    }

    /// Whether data is wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether only errors and data are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether somebody watches standard error, so that bars may move on it.
    pub fn may_draw(&self) -> bool {
        self.errors_on_terminal && !self.json && !self.quiet
    }

    /// Whether standard error may have colours.
    pub fn colours_errors(&self) -> bool {
        self.errors_in_colour
    }

    /// A piece of data with a style, for standard output.
    pub fn styled(&self, style: Style, text: &str) -> String {
        if self.data_in_colour { paint(style, text) } else { text.to_owned() }
    }

    /// Writes data as it is.
    ///
    /// # Errors
    /// When standard output cannot be written; a reader that has gone away is none.
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
                Exit::Stopped,
                format!("standard output cannot be written: {error}"),
                "is the disk full?",
            )),
            _ => Ok(()),
        }
    }

    /// Writes one JSON value on a line.
    ///
    /// # Errors
    /// As [`Output::data`].
    ///
    /// # Panics
    /// Never: what is given is plain data.
    pub fn json<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(value).expect("plain data is always JSON");
        self.data(&format!("{text}\n"))
    }

    /// Says something that can be done without.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.always(&format!("{text}\n"));
        }
    }

    /// Says something, if there is anything to say.
    pub fn say_unless_empty(&self, text: &str) {
        if !text.is_empty() {
            self.say(text);
        }
    }

    /// Says something that has to be known.
    pub fn warn(&self, text: &str) {
        self.headed(Style::Attention, "warning", text);
    }

    /// Tells a failure.
    pub fn error(&self, text: &str) {
        self.headed(Style::Bad, "error", text);
    }

    /// Asks a question; the answer stands on the same line.
    pub fn ask(&self, question: &str) {
        self.always(question);
    }

    /// Writes to standard error as it is.
    pub fn always(&self, text: &str) {
        // Nobody is left to be told that standard error cannot be written.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn headed(&self, style: Style, head: &str, text: &str) {
        let head = if self.errors_in_colour { paint(style, head) } else { head.to_owned() };
        self.always(&format!("{head}: {text}\n"));
    }
}

fn paint(style: Style, text: &str) -> String {
    let code = match style {
        Style::Plain => return text.to_owned(),
        Style::Bad => "31",
        Style::Attention => "33",
        Style::Good => "32",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
