//! The demonstration's script: the commands of a technician's morning, run as the real program against the lab.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::folder::{Folder, FolderError};
use crate::lab::net::serve::Endpoints;
use crate::plan::dns::Record;
use crate::util::clock::CLOCK_VARIABLE;

/// The relay's password in the lab: any that YunoHost accepts.
const RELAY_PASSWORD: &str = "Relais-de-demonstration-2026";

/// Exit code of a run after which some steps wait (`docs/exit-codes.md`).
const PARTIAL: i32 = 6;

/// A demonstration that did not go as it should.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A command ended otherwise than it should.
    #[error(
        "`accolades {command}` ended with exit code {exit}, and {wanted} was expected\n\nwhat it made is kept; see what it printed above"
    )]
    Exit {
        /// The command.
        command: String,
        /// How it ended.
        exit: i32,
        /// How it should have ended.
        wanted: i32,
    },
    /// The program could not be run.
    #[error("`accolades {command}` could not be run")]
    Run {
        /// The command.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A backup server, with the secret that opens it to us.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id in the inventory.
    pub id: String,
    /// What our store calls the secret.
    pub secret_name: String,
    /// The secret.
    pub secret: String,
}

/// Runs commands of the program itself in the demonstration's folder.
pub struct Script<'a> {
    /// The program.
    pub program: PathBuf,
    /// The folder.
    pub folder: &'a Folder,
    /// The lab.
    pub endpoints: &'a Endpoints,
    /// Where the lines are told.
    pub quiet: bool,
}

impl Script<'_> {
    /// The store of the demonstration.
    pub fn store(&self) -> String {
        format!("sqlite:{}", self.folder.path("accolades.sqlite").display())
    }

    /// The environment that makes the program work on the lab.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path(name).display().to_string();
        vec![
            (CLOCK_VARIABLE, self.endpoints.clock.clone()),
            ("ACCOLADES_INVENTORY", path("inventory")),
            ("ACCOLADES_STORE", self.store()),
            ("ACCOLADES_IDENTITY", path("technician-key")),
            ("ACCOLADES_ARCHIVE", path("invoices")),
            ("ACCOLADES_COLLECTIONS", path("collections")),
            ("ACCOLADES_CLOSINGS", path("closings")),
            ("ACCOLADES_MAIL", path("mail")),
        ]
    }

    /// Backup servers and sites are prepared, then everything is planned and applied, until only what the registrar has to
    /// publish is left.
    ///
    /// # Errors
    /// When a command ends otherwise than it should.
    pub fn until_dns(&self, servers: &[Server], sites: &[(String, String)]) -> Result<(), DemoError> {
        self.run(&["check"], 0)?;
        self.run(&["inventory", "accept", "--yes"], 0)?;
        self.run_with(&["secret", "set", "relay"], Some(RELAY_PASSWORD), 0)?;
        for Server { id, secret_name, secret } in servers {
            self.run_with(&["secret", "set", secret_name], Some(secret), 0)?;
            self.run(&["backup-server", "prepare", id, "--yes"], 0)?;
        }
        for (site, serial) in sites {
            self.run(&["site", "prepare", site, "--format", serial, "--yes"], 0)?;
        }
        self.run(&["plan"], 0)?;
        self.run(&["apply", "--all", "--yes"], PARTIAL)
    }

    /// The records are published: certificates come, and a second run finds nothing to do.
    ///
    /// # Errors
    /// When a command ends otherwise than it should.
    pub fn after_dns(&self, clients: &[String]) -> Result<(), DemoError> {
        self.run(&["apply", "--all", "--yes"], 0)?;
        self.run(&["plan", "--exit-code"], 0)?;
        let documents = self.folder.path("documents").display().to_string();
        for client in clients {
            self.run(&["welcome", client, "--out", &documents, "--yes"], 0)?;
        }
        Ok(())
    }

    /// The first backups of every instance, here and there, each restored once to prove it; the certificates stay in
    /// `drills`.
    ///
    /// # Errors
    /// When a command ends otherwise than it should.
    pub fn backups(&self, instances: &[String]) -> Result<(), DemoError> {
        let mut backup = vec!["backup", "run"];
        backup.extend(instances.iter().map(String::as_str));
        self.run(&backup, 0)?;
        let drills = self.folder.path("drills").display().to_string();
        self.run(&["drill", "run-due", "--out", &drills], 0)?;
        self.run(&["drill", "list"], 0)?;
        Ok(())
    }

    /// A night has passed in which nobody was at work: what is true of backups and services in the morning.
    ///
    /// # Errors
    /// When a command ends otherwise than it should.
    pub fn morning_after(&self) -> Result<(), DemoError> {
        self.run(&["watch", "--once"], 0)?;
        self.run(&["backup", "list"], 0)?;
        self.run(&["backup", "check"], 0)?;
        self.run(&["status"], 0)
    }

    /// A line between two commands that says what happens.
    pub(super) fn tell(&self, words: &str) {
        if !self.quiet {
            // A closed output ends the demonstration at its next command anyway.
            let _ = writeln!(std::io::stdout(), "\n# {words}");
        }
    }

    pub(super) fn run(&self, arguments: &[&str], wanted: i32) -> Result<(), DemoError> {
        self.run_with(arguments, None, wanted)
    }

    fn run_with(&self, arguments: &[&str], input: Option<&str>, wanted: i32) -> Result<(), DemoError> {
        let command = arguments.join(" ");
        if !self.quiet {
            // A closed output ends the demonstration at its next command anyway.
            let _ = writeln!(std::io::stdout(), "\n$ accolades {command}");
        }
        let failed = |source| DemoError::Run { command: command.clone(), source };
        let mut child = Command::new(&self.program)
            .args(["--as", "demo"])
            .args(arguments)
            .envs(self.environment())
            .stdin(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // Taken in any case, so that a command that asks finds the end of the input and not an open question.
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            writeln!(stdin, "{input}").map_err(failed)?;
        }
        let status = child.wait().map_err(failed)?;
        let exit = status.code().unwrap_or(-1);
        if exit == wanted { Ok(()) } else { Err(DemoError::Exit { command, exit, wanted }) }
    }
}

/// Time passes in the lab; nodes, servers and guests do by themselves what is to be done.
pub fn pass_until(lab: &crate::lab::net::Lab, moment: crate::lab::world::Moment) {
    lab.lock().world.advance_to(moment);
}

/// What the person at the registrar's page does with the records.
pub fn publish(lab: &crate::lab::net::Lab, records: impl IntoIterator<Item = Record>) {
    let mut state = lab.lock();
    for record in records {
        let values = state.world.internet.dns.entry((record.name, record.kind.to_owned())).or_default();
        if !values.contains(&record.value) {
            values.push(record.value);
        }
    }
}
