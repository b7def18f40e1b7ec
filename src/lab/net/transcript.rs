//! What was asked of the lab and what it answered, as JSON lines with the secrets masked.

use serde::Serialize;
use serde_json::{Map, Value};

/// What stands where a secret stood.
const MASK: &str = "***";

/// Parameters whose value is a secret.
const SECRET_PARAMETERS: [&str; 7] =
    ["password", "cipassword", "encryption-key", "new-password", "value", "secret", "tfa-challenge"];

/// Words after which the next argument of a command is a secret, or that carry one behind `=`.
const SECRET_WORDS: [&str; 6] =
    ["--password", "-p", "--new-password", "--change-password", "smtp_relay_password", "--dyndns-recovery-password"];

/// Everything so far.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    entries: Vec<Entry>,
}

/// One request or command.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Entry {
    /// A request to a Proxmox API.
    Request {
        /// Simulated time.
        at_us: i64,
        /// The site.
        site: String,
        /// `GET`, `POST`, `PUT`, `DELETE`.
        method: String,
        /// Path without the query.
        path: String,
        /// Content type, when a body came.
        content_type: Option<String>,
        /// Parameters of query and body.
        parameters: Map<String, Value>,
        /// Status of the answer; 0 when the connection was cut.
        status: u16,
    },
    /// A command line given to a machine's sshd.
    Command {
        /// Simulated time.
        at_us: i64,
        /// The site.
        site: String,
        /// `node`, or `guest/1042`.
        machine: String,
        /// The account.
        user: String,
        /// The command line as it came.
        command_line: String,
        /// Standard input: what writes private files or reads secrets is only counted.
        stdin: String,
        /// Exit status; -1 when the connection was cut.
        exit: i32,
    },
    /// A YunoHost command that ran in a guest.
    Program {
        /// Simulated time.
        at_us: i64,
        /// The site.
        site: String,
        /// `guest/1042`.
        machine: String,
        /// Program and arguments.
        argv: Vec<String>,
    },
}

impl Transcript {
    /// Adds an entry, secrets masked.
    pub fn add(&mut self, mut entry: Entry) {
        match &mut entry {
            Entry::Request { parameters, .. } => mask_parameters(parameters),
            Entry::Command { command_line, stdin, .. } => {
                if command_line.contains("umask 077") || command_line.contains("read -r s1") {
                    *stdin = format!("[{} bytes]", stdin.len());
                }
            }
            Entry::Program { argv, .. } => mask_arguments(argv),
        }
        self.entries.push(entry);
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All entries as JSON lines.
    pub fn lines(&self) -> String {
        // Plain data always serialises.
        self.entries.iter().filter_map(|entry| serde_json::to_string(entry).ok()).map(|line| line + "\n").collect()
    }
}

fn mask_parameters(parameters: &mut Map<String, Value>) {
    for (name, value) in parameters {
        if SECRET_PARAMETERS.contains(&name.as_str()) {
            *value = Value::String(MASK.to_owned());
        }
    }
}

fn mask_arguments(argv: &mut [String]) {
    let mut next_is_secret = false;
    for word in argv {
        if std::mem::take(&mut next_is_secret) {
            MASK.clone_into(word);
        }
        for name in SECRET_WORDS {
            if word == name {
                next_is_secret = true;
            } else if let Some(at) = word.find(&format!("{name}=")) {
                let end = word[at..].find('&').map_or(word.len(), |end| at + end);
                word.replace_range(at + name.len() + 1..end, MASK);
            }
        }
    }
}
