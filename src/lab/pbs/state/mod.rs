//! What backup servers keep: plain data, so that a snapshot of the world is a copy.

pub mod chunks;
pub mod datastore;
pub mod keys;
pub mod names;
pub mod snapshot;
pub mod task;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use chunks::{Chunk, ChunkStore, Piece};
pub use datastore::{Datastore, Group, Namespace};
pub use keys::EncryptionKey;
pub use names::{GroupId, Place};
pub use snapshot::{Archive, CryptMode, Manifest, Snapshot, StoredFile, Verification};
pub use task::{FailNext, Outcome, Task};

use super::access::{Access, ROOT};
use super::tasks::{self, About};
use crate::calendar::CalendarEvent;
use crate::world::Moment;

/// The port that backup servers listen on when nothing else is said.
pub const PORT: u16 = 8007;

/// All backup servers of a world, by the name or address under which nodes and other backup servers reach them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackupServers(pub BTreeMap<String, BackupServer>);

/// One Proxmox Backup Server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupServer {
    /// Its id, as the lab's endpoints name it.
    pub id: String,
    /// Host name.
    pub node: String,
    /// Port of its API.
    pub port: u16,
    /// Port on loopback on which the lab serves it: an inventory that points to the lab names that one.
    pub loopback_port: Option<u16>,
    /// Whether it answers.
    pub online: bool,
    /// Since when it answers; what it missed before is made up for from then on.
    pub online_since: Moment,
    /// Time zone in which its calendar events are meant, such as `Europe/Paris`.
    pub zone: String,
    /// SHA-256 fingerprint of the certificate that it shows, pairs with colons.
    pub fingerprint: String,
    /// The same certificate in PEM; empty while nobody serves it.
    pub certificate_pem: String,
    /// When it was last booted.
    pub booted: Moment,
    /// Users, tokens, access entries.
    pub access: Access,
    /// Datastores by name.
    pub datastores: BTreeMap<String, Datastore>,
    /// Folders of datastores that were taken out of the configuration, by path.
    pub leftovers: BTreeMap<String, Datastore>,
    /// Jobs of each kind by id.
    pub jobs: Jobs,
    /// Other servers that sync jobs pull from and push to, by name.
    pub remotes: BTreeMap<String, Remote>,
    /// Rules of traffic control by name.
    pub traffic: BTreeMap<String, Map<String, Value>>,
    /// Tasks in the order in which they were started.
    pub tasks: Vec<Task>,
    /// Faults: what the next task of a type does instead of its work.
    pub fail_next: Vec<FailNext>,
    /// How many things were made so far: a directory lists the newest first, and tasks are numbered.
    pub made: u64,
}

/// Jobs that run by their calendar.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Jobs {
    /// Copies to or from another datastore.
    pub sync: BTreeMap<String, Job>,
    /// Reads of what is stored.
    pub verify: BTreeMap<String, Job>,
    /// Retention.
    pub prune: BTreeMap<String, Job>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its options as they were given, `id` included.
    pub options: Map<String, Value>,
    /// How often it ran, and when.
    pub runs: Runs,
}

/// What is remembered of the runs of a job or of garbage collection: next runs are counted from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// When it last started, or when the job was made or got another schedule.
    pub since: Moment,
    /// The task of the last run.
    pub last_upid: Option<String>,
    /// When it runs next by itself, seconds since 1970.
    pub next_s: Option<i64>,
}

/// Another backup server, as a sync job knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remote {
    /// Its options as they are shown: `name`, `host`, `port`, `auth-id`, `fingerprint`, `comment`.
    pub options: Map<String, Value>,
    /// Password or token secret.
    pub password: String,
}

impl Runs {
    /// Works out when the next run is: the first moment of the schedule after the last start.
    pub fn plan(&mut self, schedule: Option<&str>, zone: &jiff::tz::TimeZone) {
        let event = schedule.and_then(|text| CalendarEvent::parse_exact(text).ok());
        self.next_s = event.and_then(|event| event.next_after(self.since.unix_seconds(), zone));
    }
}

impl BackupServer {
    /// A freshly installed server: `root@pam` with this password, no datastore. Its fingerprint is that of nobody until it
    /// is served or given one.
    pub fn new(id: &str, root_password: &str, booted: Moment) -> BackupServer {
        let mut server = BackupServer {
            id: id.to_owned(),
            node: id.to_owned(),
            port: PORT,
            loopback_port: None,
            online: true,
            online_since: booted,
            zone: "UTC".to_owned(),
            fingerprint: String::new(),
            certificate_pem: String::new(),
            booted,
            access: Access::with_root(root_password),
            datastores: BTreeMap::new(),
            leftovers: BTreeMap::new(),
            jobs: Jobs::default(),
            remotes: BTreeMap::new(),
            traffic: BTreeMap::new(),
            tasks: Vec::new(),
            fail_next: Vec::new(),
            made: 0,
        };
        // The first thing that a fresh server does by itself.
        let about = About { kind: "logrotate", id: None, owner: ROOT };
        let upid = tasks::open(&mut server, 0, booted, about);
        tasks::end(&mut server, &upid, booted, &Ok(0));
        server
    }

    /// Adds an empty datastore of this size, without the task that creating one takes.
    pub fn add_datastore(&mut self, name: &str, size_bytes: u64) -> &mut Datastore {
        let path = format!("/mnt/datastore/{name}");
        let booted = self.booted;
        self.datastores.entry(name.to_owned()).or_insert_with(|| {
            let mut store = Datastore::new(name, &path, size_bytes);
            store.touch_zero_chunk(booted);
            store
        })
    }

    /// Takes it off the net, or brings it back.
    pub fn set_online(&mut self, online: bool, now: Moment) {
        if online && !self.online {
            self.online_since = now;
        }
        self.online = online;
    }

    /// The next number of what is made.
    pub fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// Whether a certificate's fingerprint is that of this server: letters count whatever their case.
    pub fn shows(&self, fingerprint: &str) -> bool {
        !self.fingerprint.is_empty() && self.fingerprint.eq_ignore_ascii_case(fingerprint)
    }

    /// Where its calendar events are meant.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

impl BackupServers {
    /// The address under which the server is kept that is meant by an address and port, whether it answers or not.
    pub fn resolve(&self, address: &str, port: u16) -> Option<&str> {
        let known = self.0.get_key_value(address).filter(|(_, server)| server.port == port);
        let is_loopback = ["127.0.0.1", "localhost", "::1"].contains(&address);
        let served = || self.0.iter().find(|(_, server)| is_loopback && server.loopback_port == Some(port));
        known.or_else(served).map(|(address, _)| address.as_str())
    }

    /// The server under a name or address and port; `None` when nobody answers there.
    pub fn at(&self, address: &str, port: u16) -> Option<&BackupServer> {
        self.resolve(address, port).and_then(|known| self.0.get(known)).filter(|server| server.online)
    }

    /// As [`BackupServers::at`], to change it.
    pub fn at_mut(&mut self, address: &str, port: u16) -> Option<&mut BackupServer> {
        let known = self.resolve(address, port)?.to_owned();
        self.0.get_mut(&known).filter(|server| server.online)
    }

    /// The server with this id, with its address.
    pub fn by_id_mut(&mut self, id: &str) -> Option<&mut BackupServer> {
        self.0.values_mut().find(|server| server.id == id)
    }
}
