//! What tasks do when their time has come, each as it happens inside the server.

pub mod datastore;
pub mod garbage;
pub mod progress;
pub mod prune;
pub mod pull;
pub mod push;
pub mod source;
pub mod sync;
pub mod verify;

use serde::{Deserialize, Serialize};

use super::state::{BackupServer, BackupServers, Datastore};
use crate::world::Moment;

pub use datastore::{CreateDatastore, DeleteDatastore};
pub use garbage::Collect;
pub use prune::Prune;
pub use sync::Sync;
pub use verify::Verify;

/// How a task ends: the number of warnings it logged, or its error.
pub type Ending = Result<u32, String>;

/// A second in microseconds.
pub const SECOND_US: u64 = 1_000_000;

/// Bytes that a server reads and checks in a second.
const READ_BYTES_PER_SECOND: u64 = 200_000_000;

/// What remains to be done by a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// `create-datastore`.
    CreateDatastore(CreateDatastore),
    /// `delete-datastore`.
    DeleteDatastore(DeleteDatastore),
    /// `verify`, `verify_group`, `verify_snapshot`, `verificationjob`.
    Verify(Verify),
    /// `prune`, `prunejob`.
    Prune(Prune),
    /// `garbage_collection`.
    Collect(Collect),
    /// `sync`, `syncjob`.
    Sync(Box<Sync>),
}

/// A task at the moment of its work.
pub struct Run<'a> {
    /// All servers: a sync reads another one.
    pub servers: &'a mut BackupServers,
    /// The one whose task it is.
    pub address: &'a str,
    /// The world's seed.
    pub seed: u64,
    /// The present moment.
    pub now: Moment,
    /// The task.
    pub upid: String,
    /// Whose task it is.
    pub owner: String,
    /// Its log so far.
    pub lines: Vec<String>,
    /// How many of the lines are warnings.
    pub warnings: u32,
}

impl Run<'_> {
    /// Adds a line to the log.
    pub fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Adds a line that counts as a warning.
    pub fn warn(&mut self, line: impl Into<String>) {
        self.warnings += 1;
        self.say(line);
    }

    /// The server whose task it is.
    ///
    /// # Panics
    /// Never: a task runs on a server that is there.
    pub fn server(&mut self) -> &mut BackupServer {
        self.servers.0.get_mut(self.address).expect("a task runs on a server that is there")
    }

    /// A datastore, when it can be used now.
    ///
    /// # Errors
    /// The server's words.
    pub fn store(&mut self, name: &str, writes: bool) -> Result<&mut Datastore, String> {
        super::rules::store(self.server(), name, writes).map_err(|refusal| refusal.text)?;
        self.server().datastores.get_mut(name).ok_or_else(|| super::rules::no_such_datastore(name).text)
    }

    /// What a job says before it ends: it told somebody.
    pub fn notify(&mut self) {
        let id = crate::world::keyed::Key::new(self.seed, &[&self.upid, "notification"]).uuid();
        self.say(format!("queued notification (id={id})"));
    }
}

impl Work {
    /// How long it takes in simulated time, in microseconds.
    pub fn lasts_us(&self, servers: &BackupServers, address: &str) -> u64 {
        let bytes = |store: &str| {
            servers
                .0
                .get(address)
                .and_then(|server| server.datastores.get(store))
                .map_or(0, |store| store.chunks.chunks.values().map(|chunk| chunk.plain_bytes).sum())
        };
        let reading = |bytes: u64| SECOND_US + bytes.saturating_mul(SECOND_US) / READ_BYTES_PER_SECOND;
        match self {
            Work::CreateDatastore(_) => 10 * SECOND_US,
            Work::DeleteDatastore(_) | Work::Prune(_) => SECOND_US,
            Work::Collect(_) => 2 * SECOND_US,
            Work::Verify(work) => reading(bytes(&work.store)),
            Work::Sync(work) => reading(bytes(&work.store)),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// The task's error in the server's words.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        match self {
            Work::CreateDatastore(work) => work.run(run),
            Work::DeleteDatastore(work) => work.run(run),
            Work::Verify(work) => work.run(run),
            Work::Prune(work) => work.run(run),
            Work::Collect(work) => work.run(run),
            Work::Sync(work) => work.run(run),
        }
    }
}

/// A size as logs write it: `12 MiB`, `3.333 MiB`, `0 B`.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    // Sizes are far below what would lose precision that is shown.
    let mut size = bytes as f64;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{} {}", (size * 1000.0).round() / 1000.0, UNITS[unit])
}

/// `datastore 'coop', namespace 'clients'`.
pub fn store_and_namespace(store: &str, namespace: &str) -> String {
    if namespace.is_empty() {
        format!("datastore '{store}', root namespace")
    } else {
        format!("datastore '{store}', namespace '{namespace}'")
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn lab_pbs_work_writes_sizes_as_the_server_does() {
        for (bytes, text) in [(0, "0 B"), (514, "514 B"), (12_582_912, "12 MiB"), (20_971_592 / 6, "3.333 MiB")] {
            assert_eq!(human(bytes), text);
        }
    }
}
