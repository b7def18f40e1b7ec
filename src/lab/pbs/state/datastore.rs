//! A datastore: namespaces with groups with snapshots, over one chunk store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Runs;
use super::chunks::{CHUNK_BYTES, Chunk, ChunkStore};
use super::names::{GroupId, Place, namespace_prefix, time_text};
use super::snapshot::Snapshot;
use crate::world::Moment;

/// A datastore.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Datastore {
    /// Its configuration: `name`, `path`, `comment`, `gc-schedule`, `verify-new`, `maintenance-mode`, ...
    pub options: Map<String, Value>,
    /// Size of its file system in bytes.
    pub size_bytes: u64,
    /// What else lies there, in bytes.
    pub other_used_bytes: u64,
    /// Namespaces by their path; the root is the empty one.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The data.
    pub chunks: ChunkStore,
    /// What the last garbage collection reported.
    pub gc_status: Option<Map<String, Value>>,
    /// Runs of garbage collection.
    pub gc_runs: Runs,
}

/// A namespace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Namespace {
    /// Its groups.
    pub groups: BTreeMap<GroupId, Group>,
    /// When in the order of things it was made.
    pub made: u64,
}

/// A group of snapshots of the same thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Whom it belongs to: a user or a token.
    pub owner: String,
    /// Notes.
    pub notes: String,
    /// Snapshots by their time in seconds since 1970.
    pub snapshots: BTreeMap<i64, Snapshot>,
    /// When in the order of things it was made.
    pub made: u64,
}

impl Datastore {
    /// An empty datastore.
    pub fn new(name: &str, path: &str, size_bytes: u64) -> Datastore {
        let options = json!({ "name": name, "path": path });
        Datastore {
            options: options.as_object().cloned().unwrap_or_default(),
            size_bytes,
            other_used_bytes: 0,
            namespaces: BTreeMap::from([(String::new(), Namespace::default())]),
            chunks: ChunkStore::default(),
            gc_status: None,
            gc_runs: Runs::default(),
        }
    }

    /// Writes the chunk of zeros, as the server does to see whether access times are kept.
    pub fn touch_zero_chunk(&mut self, now: Moment) {
        let (digest, chunk) = Chunk::of(&vec![0; CHUNK_BYTES], None, now);
        self.chunks.insert(digest, chunk);
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.option("name").unwrap_or_default()
    }

    /// An option that is text.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).and_then(Value::as_str)
    }

    /// Where it lies.
    pub fn path(&self) -> &str {
        self.option("path").unwrap_or_default()
    }

    /// The folder of a group.
    pub fn group_path(&self, namespace: &str, group: &GroupId) -> String {
        format!("{}/{}{group}", self.path(), namespace_prefix(namespace))
    }

    /// The folder of a snapshot.
    pub fn snapshot_path(&self, place: &Place) -> String {
        format!("{}/{}", self.group_path(&place.namespace, &place.group), time_text(place.time))
    }

    /// The file of a chunk.
    pub fn chunk_path(&self, digest: &str) -> String {
        format!("{}/.chunks/{}/{digest}", self.path(), digest.get(..4).unwrap_or_default())
    }

    /// A group.
    pub fn group(&self, namespace: &str, group: &GroupId) -> Option<&Group> {
        self.namespaces.get(namespace)?.groups.get(group)
    }

    /// As [`Datastore::group`], to change it.
    pub fn group_mut(&mut self, namespace: &str, group: &GroupId) -> Option<&mut Group> {
        self.namespaces.get_mut(namespace)?.groups.get_mut(group)
    }

    /// A snapshot.
    pub fn snapshot(&self, place: &Place) -> Option<&Snapshot> {
        self.group(&place.namespace, &place.group)?.snapshots.get(&place.time)
    }

    /// As [`Datastore::snapshot`], to change it.
    pub fn snapshot_mut(&mut self, place: &Place) -> Option<&mut Snapshot> {
        self.group_mut(&place.namespace, &place.group)?.snapshots.get_mut(&place.time)
    }

    /// Bytes that are used of its file system.
    pub fn used_bytes(&self) -> u64 {
        self.other_used_bytes + self.chunks.disk_bytes()
    }

    /// Bytes that are free.
    pub fn free_bytes(&self) -> u64 {
        self.size_bytes.saturating_sub(self.used_bytes())
    }

    /// Why an operation cannot be done now, in the server's words; `None` when it can.
    pub fn maintenance(&self, writes: bool) -> Option<String> {
        let mode = self.option("maintenance-mode")?;
        let mut parts = mode.split(',');
        let kind = parts.next().unwrap_or_default().trim_start_matches("type=");
        let message = parts.find_map(|part| part.strip_prefix("message=")).unwrap_or_default();
        let closed = kind != "read-only" || writes;
        let message = message.trim_matches('"');
        closed.then(|| format!("datastore '{}' is unavailable: {kind} maintenance mode: {message}", self.name()))
    }
}

impl Group {
    /// The newest snapshot that came to its end, with its time.
    pub fn last_finished(&self) -> Option<(i64, &Snapshot)> {
        self.snapshots.iter().rev().find(|(_, snapshot)| snapshot.is_finished()).map(|(time, one)| (*time, one))
    }

    /// Whether a backup is being written into it.
    pub fn is_locked(&self) -> bool {
        self.snapshots.values().any(|snapshot| snapshot.running.is_some())
    }

    /// Times of its snapshots, the one that was made last first, as a folder lists them.
    pub fn newest_made_first(&self) -> Vec<i64> {
        let mut times: Vec<(u64, i64)> = self.snapshots.iter().map(|(time, one)| (one.made, *time)).collect();
        times.sort_by(|one, other| other.cmp(one));
        times.into_iter().map(|(_, time)| time).collect()
    }
}

impl Namespace {
    /// Its groups as a folder lists them: the type and the group that were made last come first.
    pub fn newest_made_first(&self) -> Vec<&GroupId> {
        let first_of = |kind: &str| {
            self.groups.iter().filter(|(group, _)| group.kind == kind).map(|(_, one)| one.made).min().unwrap_or(0)
        };
        let mut groups: Vec<(&GroupId, &Group)> = self.groups.iter().collect();
        groups.sort_by_key(|(id, group)| std::cmp::Reverse((first_of(&id.kind), group.made)));
        groups.into_iter().map(|(id, _)| id).collect()
    }
}
