//! What is run on a machine, and what came of it.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::util::limits;
use crate::util::redact::MASK;

/// One word of a command line.
#[derive(Debug, Clone)]
pub enum Arg {
    /// Shown as it is.
    Plain(String),
    /// Shown as a mask. On the machine it is visible in the process list while the command runs: only for programs that
    /// take a secret no other way.
    Secret(SecretString),
}

/// What a command reads.
#[derive(Clone)]
pub enum Stdin {
    /// A text that is never shown.
    Secret(SecretString),
    /// Bytes, for example the content of a file to write.
    Bytes(Vec<u8>),
}

/// A command: a program with its arguments, no shell syntax. It runs with `LC_ALL=C.UTF-8`, so that programs answer in
/// the words that we look for.
#[derive(Clone)]
pub struct Command {
    argv: Vec<Arg>,
    stdin: Option<Stdin>,
    deadline: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Exit status; after a signal 128 and its number, as shells have it.
    pub exit: i32,
    /// Name of the signal that ended it, without `SIG`.
    pub signal: Option<String>,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// One of the two was longer than [`limits::SSH_OUTPUT_BYTES_MAX`] and lost its end.
    pub truncated: bool,
}

impl Finished {
    /// Exit status 0. With YunoHost that is not yet success: its playbooks read back what they did.
    pub fn is_zero(&self) -> bool {
        self.exit == 0
    }
}

impl Command {
    /// A program without arguments yet, bound to end within [`limits::SSH_COMMAND_TIMEOUT`].
    pub fn new(program: impl Into<String>) -> Command {
        Command { argv: vec![Arg::Plain(program.into())], stdin: None, deadline: limits::SSH_COMMAND_TIMEOUT }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<Arg>) -> Command {
        self.argv.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<Arg>>(mut self, args: impl IntoIterator<Item = A>) -> Command {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// Gives it something to read; without this its standard input is empty.
    pub fn stdin(mut self, stdin: Stdin) -> Command {
        self.stdin = Some(stdin);
        self
    }

    /// How long it may take, from its start. A command cut off for its deadline may go on inside the machine.
    pub fn deadline(mut self, deadline: Duration) -> Command {
        self.deadline = deadline;
        self
    }

    pub(super) fn time_limit(&self) -> Duration {
        self.deadline
    }

    /// What must not appear in any text.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let on_stdin = match &self.stdin {
            Some(Stdin::Secret(text)) => Some(text),
            Some(Stdin::Bytes(_)) | None => None,
        };
        let in_words = self.argv.iter().filter_map(|arg| match arg {
            Arg::Secret(text) => Some(text),
            Arg::Plain(_) => None,
        });
        in_words.chain(on_stdin)
    }

    pub(super) fn input(&self) -> &[u8] {
        match &self.stdin {
            None => &[],
            Some(Stdin::Secret(text)) => text.expose_secret().as_bytes(),
            Some(Stdin::Bytes(bytes)) => bytes,
        }
    }

    /// The line for the remote shell, secrets in clear. `None` when a word holds a NUL, which no program can be given.
    pub(super) fn line(&self) -> Option<SecretString> {
        let words = self.argv.iter().map(|arg| match arg {
            Arg::Plain(text) => text.as_str(),
            Arg::Secret(text) => text.expose_secret(),
        });
        let mut line = String::from("LC_ALL=C.UTF-8");
        for word in words {
            if word.contains('\0') {
                return None;
            }
            line.push(' ');
            line.push_str(&quote(word));
        }
        Some(SecretString::from(line))
    }
}

/// Quotes one word for a POSIX shell: whatever it holds, the shell reads it back as this one word. The only place of the
/// program that does so.
pub fn quote(word: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+".contains(c);
    // `name=value` in front of a command would be an assignment; behind a dash it cannot be.
    let is_option = word.starts_with('-') && word.chars().all(|c| is_harmless(c) || c == '=');
    if !word.is_empty() && (is_option || word.chars().all(is_harmless)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, arg) in self.argv.iter().enumerate() {
            if position > 0 {
                out.write_str(" ")?;
            }
            match arg {
                Arg::Plain(text) => out.write_str(&quote(text))?,
                Arg::Secret(_) => out.write_str(MASK)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Command({self}, {:?}, stdin of {} bytes)", self.deadline, self.input().len())
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Plain(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Plain(text)
    }
}

impl From<SecretString> for Arg {
    fn from(text: SecretString) -> Arg {
        Arg::Secret(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a real shell makes of the quoted words.
    fn words_seen_by_sh(words: &[String]) -> Vec<String> {
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let script = format!(r"printf '%s\0' {}", quoted.join(" "));
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sh_reads_back_the_words_that_were_quoted(words in prop::collection::vec("[^\0]{0,20}", 1..8)) {
            prop_assert_eq!(words_seen_by_sh(&words), words);
        }

        #[test]
        fn sh_reads_back_words_made_of_its_own_syntax(words in prop::collection::vec("[ '\"$`\\\\;&|<>()*?~#!{}=\\[\\]a\n\t-]{0,12}", 1..8)) {
            prop_assert_eq!(words_seen_by_sh(&words), words);
        }
    }

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(quote("--setting=value"), "--setting=value");
        assert_eq!(quote("/etc/yunohost/installed"), "/etc/yunohost/installed");
        assert_eq!(quote("A=1"), "'A=1'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("l'été"), r"'l'\''été'");
    }

    #[test]
    fn secrets_are_masked_in_every_text() {
        let command = Command::new("yunohost")
            .args(["user", "create"])
            .arg(SecretString::from("correct-horse"))
            .stdin(Stdin::Secret(SecretString::from("battery-staple")));
        let shown = format!("{command} {command:?}");
        assert!(!shown.contains("correct-horse") && !shown.contains("battery-staple"), "{shown}");
        assert!(shown.contains(MASK));
        let line = command.line().unwrap();
        assert_eq!(line.expose_secret(), "LC_ALL=C.UTF-8 yunohost user create correct-horse");
    }

    #[test]
    fn a_word_with_a_nul_makes_no_line() {
        assert!(Command::new("echo").arg("a\0b").line().is_none());
    }
}
