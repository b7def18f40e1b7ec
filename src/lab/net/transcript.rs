//! What was asked of the lab and what it answered, as JSON lines with the secrets masked.

use serde::Serialize;
use serde_json::{Map, Value};

/// What stands where a secret stood.
const MASK: &str = "***";

/// Parameters whose value is a secret.
const SECRET_PARAMETERS: [&str; 7] =
    ["password", "cipassword", "encryption-key", "new-password", "value", "secret", "tfa-challenge"];

/// Options of `yunohost` whose value is a secret.
const SECRET_OPTIONS: [&str; 5] = ["--password", "-p", "--new-password", "--change-password", "--recovery-password"];

/// Last words of names whose value is a secret.
const SECRET_NAMES: [&str; 4] = ["password", "passwd", "pwd", "secret"];

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
        /// The command line that ran: as it came, or the one that the key is bound to.
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

/// Masks what follows `--password`, what stands behind `--password=`, the values of secrets among arguments in a query
/// string (`domain=…&password=…`) and the value that a secret setting is set to.
fn mask_arguments(argv: &mut [String]) {
    let mut next_is_secret = false;
    let mut names_secret = false;
    for word in argv {
        if std::mem::take(&mut next_is_secret) {
            MASK.clone_into(word);
            continue;
        }
        let is_value_option = matches!(word.as_str(), "-v" | "--value");
        next_is_secret = SECRET_OPTIONS.contains(&word.as_str()) || names_secret && is_value_option;
        if word.contains('=') {
            *word = word.split('&').map(mask_pair).collect::<Vec<_>>().join("&");
        } else if !word.starts_with('-') {
            names_secret |= is_secret_name(word);
        }
    }
}

fn mask_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// Whether a name such as `email.smtp.smtp_relay_password` or `db_pwd` is that of a secret.
fn is_secret_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let last = last.trim_start_matches('-');
    SECRET_NAMES.iter().any(|secret| last.rsplit(['_', '-']).next() == Some(secret))
}

#[cfg(test)]
mod tests {
    use super::mask_arguments;

    fn masked(line: &str) -> String {
        let mut argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        mask_arguments(&mut argv);
        argv.join(" ")
    }

    #[test]
    fn transcript_passwords_in_arguments_are_masked() {
        let cases = [
            ("yunohost user create lea -p Ab -d x.test", "yunohost user create lea -p *** -d x.test"),
            ("yunohost user update lea --change-password=Ab", "yunohost user update lea --change-password=***"),
            (
                "yunohost app install dolibarr -a domain=x&password=Ab&lang=fr",
                "yunohost app install dolibarr -a domain=x&password=***&lang=fr",
            ),
            (
                "yunohost settings set email.smtp.smtp_relay_password -v Ab",
                "yunohost settings set email.smtp.smtp_relay_password -v ***",
            ),
            ("yunohost app setting nextcloud db_pwd --value Ab", "yunohost app setting nextcloud db_pwd --value ***"),
        ];
        for (line, expected) in cases {
            assert_eq!(masked(line), expected);
        }
    }

    #[test]
    fn transcript_settings_about_passwords_stay_readable() {
        for line in [
            "yunohost settings get security.password.passwordless_sudo --output-as json",
            "yunohost settings set security.ssh.ssh_password_authentication --value no",
        ] {
            assert_eq!(masked(line), line);
        }
    }
}
