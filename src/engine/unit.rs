//! Long work inside a guest: a named transient unit whose output and status stay in a folder that only root can read.
//!
//! A connection may be cut, our program may be killed, the guest may restart: what became of the work is read from that
//! folder and from systemd, never guessed, and work that is still going on is waited for, never begun a second time.

use sha2::{Digest, Sha256};

use super::door::Door;
use super::script::Script;
use super::{Engine, EngineError};
use crate::ssh::{Finished, Stdin};
use crate::yunohost::playbook::template::{Piece, Text};
use secrecy::{ExposeSecret, SecretString};

/// Where the folders of units lie in a guest.
pub const FOLDER: &str = "/var/lib/accolades";

/// Reads how the unit `$1` with the folder `$2` stands, in one command because it is asked often. Whether it runs is asked
/// first: the status of one that does not is final.
const LOOK: &str = "state=$(systemctl is-active \"$1\"); \
    if [ \"$state\" = active ] || [ \"$state\" = activating ] || [ \"$state\" = deactivating ]; then echo running; \
    elif [ -s \"$2/status\" ]; then cat \"$2/status\"; \
    elif [ -e \"$2/script\" ]; then echo vanished; \
    else echo none; fi";

/// How a unit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitState {
    /// Never started, or tidied up after it was verified.
    None,
    /// Under way.
    Running,
    /// Ended with this status.
    Ended(i32),
    /// It was started, does not run and left no status: killed, by a restart of the guest for example.
    Vanished,
}

/// The unit of an action: the same action has the same name in every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Name of the systemd unit.
    pub name: String,
    /// Its folder in the guest.
    pub folder: String,
}

impl Unit {
    /// The unit of an action's key.
    pub fn of(key: &str) -> Unit {
        let readable: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        let name = format!("accolades-{readable}-{}", hex::encode(&Sha256::digest(key)[..4]));
        Unit { folder: format!("{FOLDER}/{name}"), name }
    }

    /// A file in the unit's folder.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Reads how it stands.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn state(&self, door: &Door) -> Result<UnitState, EngineError> {
        let finished = door.run(&["sh", "-c", LOOK, "sh", &self.name, &self.folder], None).await?;
        match finished.stdout.trim() {
            "running" => Ok(UnitState::Running),
            "vanished" => Ok(UnitState::Vanished),
            "none" => Ok(UnitState::None),
            status => status.parse().map(UnitState::Ended).map_err(|_| {
                let Finished { stdout, stderr, .. } = &finished;
                EngineError::Unexpected(format!(
                    "the state of the unit `{}` cannot be read: {stdout}{stderr}",
                    self.name
                ))
            }),
        }
    }

    /// Starts it. The script carries no secret; each secret lies in a file of its own that the script removes.
    ///
    /// # Errors
    /// When the connection fails or systemd refuses.
    pub async fn start(&self, engine: &Engine, door: &Door, script: &Script) -> Result<(), EngineError> {
        self.tidy(door).await?;
        let mut text = String::from("set -u\numask 077\n");
        for (at, (name, filter)) in script.secrets.iter().enumerate() {
            let path = self.file(&format!("secret{}", at + 1));
            let value = filter.encode(engine.secret(name).await?.expose_secret());
            door.write_private(&path, Stdin::Secret(SecretString::from(value))).await?;
            text.push_str(&format!("s{}=$(cat {path}) && rm -f {path}\n", at + 1));
        }
        write_file(engine, door, script, &self.file("file")).await?;
        let (part, status) = (self.file("status.part"), self.file("status"));
        text.push_str(&format!("{}\necho $? > {part}\nmv {part} {status}\n", script.commands));
        door.write_private(&self.file("script"), Stdin::Bytes(text.into_bytes())).await?;
        let unit = format!("--unit={}", self.name);
        let output = format!("--property=StandardOutput=file:{}", self.file("out"));
        let error = format!("--property=StandardError=file:{}", self.file("err"));
        let path = self.file("script");
        let argv = [
            "systemd-run",
            "--quiet",
            "--collect",
            "--no-block",
            &unit,
            &output,
            &error,
            "--setenv=LC_ALL=C.UTF-8",
            "--setenv=HOME=/root",
            "sh",
            &path,
        ];
        let finished = door.run(&argv, None).await?;
        if finished.is_zero() {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("starting the unit `{}`", self.name),
            problem: finished.stderr,
            next: "see `systemctl status` in the guest, then run the command again".to_owned(),
        })
    }

    /// The end of what it printed, for an error.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn last_words(&self, engine: &Engine, door: &Door) -> Result<String, EngineError> {
        let error = door.run(&["tail", "-n", "5", &self.file("err")], None).await?;
        let output = door.run(&["tail", "-n", "5", &self.file("out")], None).await?;
        let words = if error.stdout.trim().is_empty() { output.stdout } else { error.stdout };
        Ok(engine.redactor.clean(words.trim()))
    }

    /// Removes the file of a step that has failed: it may hold passwords, and the next attempt writes it anew.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn forget_file(&self, door: &Door, script: &Script) -> Result<(), EngineError> {
        if script.file.is_some() {
            door.run(&["rm", "-f", &self.file("file")], None).await?;
        }
        Ok(())
    }

    /// Removes its folder: after the work was verified, or before it begins anew.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn tidy(&self, door: &Door) -> Result<(), EngineError> {
        door.run(&["rm", "-rf", &self.folder], None).await?;
        // A failed unit of this name that was not collected would refuse the new one.
        door.run(&["systemctl", "reset-failed", &self.name], None).await?;
        Ok(())
    }
}

/// Writes the file of a step, if it has one, with its secrets.
///
/// # Errors
/// When a secret is missing or the connection fails.
pub async fn write_file(engine: &Engine, door: &Door, script: &Script, path: &str) -> Result<(), EngineError> {
    let Some(lines) = &script.file else { return Ok(()) };
    let mut content = String::new();
    for Text(pieces) in lines {
        for piece in pieces {
            match piece {
                Piece::Plain(text) => content.push_str(text),
                Piece::Secret { name, filter } => {
                    content.push_str(&filter.encode(engine.secret(name).await?.expose_secret()));
                }
            }
        }
        content.push('\n');
    }
    door.write_private(path, Stdin::Secret(SecretString::from(content))).await
}
