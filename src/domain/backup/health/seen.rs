//! What was seen of an instance's backups, as plain data: the engine fills it in, the store keeps it, the verdict reads it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of each of these forms in the store.
pub const SEEN_VERSION: u32 = 1;

/// Where a backup lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On the hard disk of the site.
    Local,
    /// On the backup server of the site.
    Remote,
    /// On a server that pulls from that one.
    Third,
}

impl Place {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Place::Local => "local",
            Place::Remote => "remote",
            Place::Third => "third",
        }
    }
}

/// The last answer, and what has stood in the way since.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight<T> {
    /// What was seen the last time that it could be seen.
    pub seen: Option<Seen<T>>,
    /// Why the last look saw nothing.
    pub obstacle: Option<Obstacle>,
}

/// Something seen, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// What.
    pub value: T,
    /// When we looked, by our clock.
    pub at: Timestamp,
}

/// What stood in the way of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Its kind.
    pub kind: ObstacleKind,
    /// The first look of an unbroken row that saw nothing.
    pub since: Timestamp,
    /// What the other side, or nobody, said.
    pub words: String,
}

/// Kinds of obstacle. Each means "not known", never "nothing there".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObstacleKind {
    /// Nobody answered.
    Silent,
    /// Our token may not see it: Proxmox would answer with an empty list (sheet Proxmox, 9c and 15).
    NoRight,
    /// The storage is not usable at present: an unplugged disk, a server that the node does not reach.
    Inactive,
    /// Whoever answered refused.
    Refused,
}

impl<T> Sight<T> {
    /// Nobody ever looked.
    pub fn none() -> Sight<T> {
        Sight { seen: None, obstacle: None }
    }
}

/// One look at an instance's node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeSeen {
    /// [`SEEN_VERSION`].
    pub version: u32,
    /// Seconds by which the node's clock is ahead of ours.
    pub clock_ahead_s: i64,
    /// The node's time zone: its schedules are in it.
    pub time_zone: String,
    /// The machine; absent when it does not exist or is not ours to see.
    pub machine: Option<MachineSeen>,
    /// The storages that this instance's backups go to, and the jobs that fill them.
    pub places: BTreeMap<Place, NodePlace>,
    /// Backup tasks of this machine, the latest first.
    pub tasks: Vec<TaskSeen>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSeen {
    /// When its QEMU process began: what QEMU knew of changed blocks begins then, too.
    pub started_at: Option<Timestamp>,
    /// The lock in its configuration.
    pub lock: Option<String>,
    /// A backup task works on it at this moment.
    pub backup_under_way: bool,
    /// Size of its disk as the inventory says.
    pub disk_bytes: u64,
}

/// A storage for backups as the node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePlace {
    /// Storage id.
    pub storage: String,
    /// The node knows it and can use it.
    pub active: bool,
    /// What it holds and has left; absent when the node does not say (a token without audit rights sees zeros).
    pub space: Option<Space>,
    /// Jobs are ours to see: otherwise that there is none says nothing.
    pub jobs_visible: bool,
    /// The job that fills it with this instance.
    pub job: Option<JobSeen>,
}

/// Room on a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// All of it, in bytes.
    pub total_bytes: u64,
    /// What is left.
    pub avail_bytes: u64,
}

/// A backup job of Proxmox VE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSeen {
    /// Its id.
    pub id: String,
    /// It is switched on.
    pub enabled: bool,
    /// Its calendar event.
    pub schedule: String,
    /// The node that it is bound to, when that is not the instance's own.
    pub other_node: Option<String>,
    /// Its selection holds this machine.
    pub selects_machine: bool,
    /// A run that was missed while the node was off is made up for.
    pub repeat_missed: bool,
}

/// A backup task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSeen {
    /// When it began, by the node's clock.
    pub started_at: Timestamp,
    /// How it ended.
    pub end: TaskEnd,
    /// The storage that it wrote to, when its log was read.
    pub storage: Option<String>,
    /// The lines of its log that tell what went wrong.
    pub reasons: Vec<String>,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "words")]
pub enum TaskEnd {
    /// It runs.
    Running,
    /// It says that all went well, warnings or not.
    Ok,
    /// It says that something went wrong.
    Failed(String),
    /// It was cut short and says nothing.
    Unknown(String),
}

/// One look at the backups of an instance on one storage or server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingSeen {
    /// [`SEEN_VERSION`].
    pub version: u32,
    /// Everything that lies there, in any order.
    pub snapshots: Vec<Snapshot>,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Volume id, or the server's own name for it.
    pub id: String,
    /// The moment that it claims to be from.
    pub at: Timestamp,
    /// Its size.
    pub size_bytes: u64,
    /// Whether its data can be read without a key.
    pub sealing: Sealing,
    /// The last verification on record.
    pub verification: Option<Verification>,
    /// It cannot be removed.
    pub protected: bool,
}

/// Whether data can be read without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sealing {
    /// Anybody who has it reads it.
    Plain,
    /// A node calls it encrypted, which it also says of data that are only signed (sheet Proxmox, 16).
    Claimed,
    /// Signed with a key, and readable without it.
    Signed,
    /// Encrypted, as the server's own index says.
    Encrypted,
}

/// A verification of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// What it found.
    pub ok: bool,
    /// When, by the name of its task.
    pub at: Option<Timestamp>,
    /// The host that did it, by the name of its task: verifications travel along when a snapshot is copied.
    pub host: Option<String>,
}

/// One look at a backup server that we administer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerSeen {
    /// [`SEEN_VERSION`].
    pub version: u32,
    /// Its name in the inventory.
    pub server: String,
    /// What it calls itself in the names of its own tasks.
    pub host: Option<String>,
    /// Who owns the instance's group.
    pub owner: Option<String>,
    /// Who should: the token that the node uses. None where it does not matter.
    pub expected_owner: Option<String>,
    /// The instance's snapshots.
    pub snapshots: Vec<Snapshot>,
    /// The namespace that the node writes to, when the server does not have it: the node's storage looks healthy all the
    /// same (sheet Proxmox, 16).
    #[serde(default)]
    pub namespace_missing: Option<String>,
    /// Room in the datastore.
    pub space: Option<Space>,
    /// Pruning of the instance's namespace.
    pub prune: Option<PruneSeen>,
    /// Verification of it.
    pub verify: Option<ServerJob>,
    /// Garbage collection of the datastore.
    pub collection: ServerJob,
    /// The pull that brings the snapshots here; a third place only.
    pub sync: Option<ServerJob>,
}

impl ServerSeen {
    /// What the server calls itself, to tell its own verifications from those that came along with copies. Where it copies
    /// from another one and never named itself, no mark is taken for its own.
    pub(super) fn own_host(&self) -> Option<&str> {
        const NOBODY: &str = "";
        self.host.as_deref().or(self.sync.as_ref().map(|_| NOBODY))
    }
}

/// A prune job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneSeen {
    /// It has at least one `keep` option: without any it removes nothing and only warns.
    pub keeps_something: bool,
    /// The job.
    pub job: ServerJob,
}

/// A job of a backup server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerJob {
    /// Its schedule; a job without one runs only when somebody asks.
    pub schedule: Option<String>,
    /// Its last run that ended.
    pub last: Option<JobEnd>,
}

/// The end of a run of a server's job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnd {
    /// When.
    pub at: Timestamp,
    /// `OK`, `WARNINGS: n`, or what went wrong.
    pub state: String,
}

impl JobEnd {
    /// It says that all went well, warnings or not.
    pub fn is_success(&self) -> bool {
        self.state == "OK" || self.state.starts_with("WARNINGS:")
    }
}
