//! What happens to the files of a datastore behind the server's back: for tests and rehearsals.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::names::parse_time;
use super::state::{Chunk, Datastore, GroupId, Place, StoredFile};

/// Something that is done to the files of a datastore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// One byte of a chunk's file is changed.
    FlipChunk {
        /// Its digest.
        digest: String,
    },
    /// One byte of a chunk that a snapshot uses is changed. The answer names it.
    FlipChunkOf {
        /// Namespace, the root when absent.
        #[serde(default)]
        ns: String,
        /// `vm/101/2026-11-18T11:06:40Z`.
        snapshot: String,
        /// Only a chunk that no other snapshot uses.
        #[serde(default)]
        only_there: bool,
    },
    /// A chunk's file is deleted.
    DeleteChunk {
        /// Its digest.
        digest: String,
    },
    /// The right file of a chunk is put back: one that was changed, or set aside.
    MendChunk {
        /// Its digest.
        digest: String,
    },
    /// A snapshot's manifest is deleted.
    DeleteManifest {
        /// Namespace, the root when absent.
        #[serde(default)]
        ns: String,
        /// `vm/101/2026-11-18T11:06:40Z`.
        snapshot: String,
    },
    /// The index of an archive becomes unreadable.
    BreakIndex {
        /// Namespace, the root when absent.
        #[serde(default)]
        ns: String,
        /// `vm/101/2026-11-18T11:06:40Z`.
        snapshot: String,
        /// `drive-scsi0.img.fidx`.
        archive: String,
    },
    /// Nothing: the answer lists the files of a chunk.
    ListChunk {
        /// Its digest.
        digest: String,
    },
}

/// Does it; the answer is what there is to tell.
///
/// # Errors
/// What it is about is not there.
pub fn apply(store: &mut Datastore, deed: &Deed) -> Result<Value, String> {
    match deed {
        Deed::FlipChunk { digest } => {
            chunk(store, digest)?.damaged = true;
            Ok(json!({ "digest": digest }))
        }
        Deed::FlipChunkOf { ns, snapshot, only_there } => {
            let place = place(ns, snapshot)?;
            let digest = chunk_of(store, &place, *only_there)?;
            chunk(store, &digest)?.damaged = true;
            Ok(json!({ "digest": digest }))
        }
        Deed::DeleteChunk { digest } => {
            let removed = store.chunks.chunks.remove(digest);
            removed.map(|_| json!({ "digest": digest })).ok_or_else(|| no_such_chunk(digest))
        }
        Deed::MendChunk { digest } => {
            let name = store.chunks.bad.keys().find(|name| name.starts_with(digest.as_str())).cloned();
            if let Some(aside) = name.and_then(|name| store.chunks.bad.remove(&name)) {
                store.chunks.chunks.insert(digest.clone(), aside);
            }
            chunk(store, digest)?.damaged = false;
            Ok(json!({ "digest": digest }))
        }
        Deed::DeleteManifest { ns, snapshot } => {
            let place = place(ns, snapshot)?;
            let there = store.snapshot_mut(&place).ok_or_else(|| format!("no snapshot {snapshot}"))?;
            there.manifest = None;
            Ok(Value::Null)
        }
        Deed::BreakIndex { ns, snapshot, archive } => {
            let place = place(ns, snapshot)?;
            let there = store.snapshot_mut(&place).ok_or_else(|| format!("no snapshot {snapshot}"))?;
            let file = there.files.iter_mut().find(|file| file.name == *archive);
            file.ok_or_else(|| format!("no file {archive}"))?.broken = true;
            Ok(Value::Null)
        }
        Deed::ListChunk { digest } => {
            let here = store.chunks.chunks.contains_key(digest).then(|| digest.clone());
            let aside = store.chunks.bad.keys().filter(|name| name.starts_with(digest.as_str())).cloned();
            Ok(here.into_iter().chain(aside).collect())
        }
    }
}

fn no_such_chunk(digest: &str) -> String {
    format!("no chunk {digest}")
}

fn chunk<'a>(store: &'a mut Datastore, digest: &str) -> Result<&'a mut Chunk, String> {
    store.chunks.chunks.get_mut(digest).ok_or_else(|| no_such_chunk(digest))
}

/// The snapshot that a text such as `vm/101/2026-11-18T11:06:40Z` names.
///
/// # Errors
/// It names none.
pub fn place(namespace: &str, snapshot: &str) -> Result<Place, String> {
    let parsed = snapshot.rsplit_once('/').and_then(|(group, time)| {
        Some(Place { namespace: namespace.to_owned(), group: GroupId::parse(group)?, time: parse_time(time)? })
    });
    parsed.ok_or_else(|| format!("`{snapshot}` is no snapshot"))
}

/// A chunk of a snapshot that holds more than zeros, the first after the first one when there are several.
fn chunk_of(store: &Datastore, place: &Place, only_there: bool) -> Result<String, String> {
    let digests = |files: &[StoredFile]| -> Vec<String> {
        files.iter().flat_map(StoredFile::index).map(|piece| piece.digest.clone()).collect()
    };
    let snapshot = store.snapshot(place).ok_or_else(|| format!("no snapshot {}", place.dir()))?;
    let elsewhere: Vec<String> = store
        .namespaces
        .iter()
        .flat_map(|(namespace, there)| there.groups.iter().map(move |(id, group)| (namespace, id, group)))
        .flat_map(|(namespace, id, group)| group.snapshots.iter().map(move |(time, one)| (namespace, id, time, one)))
        .filter(|(namespace, id, time, _)| {
            (namespace.as_str(), *id, **time) != (place.namespace.as_str(), &place.group, place.time)
        })
        .flat_map(|(_, _, _, one)| digests(&one.files))
        .collect();
    let holds_data = |digest: &String| store.chunks.chunks.get(digest).is_some_and(|chunk| !chunk.content.is_empty());
    let usable: Vec<String> = digests(&snapshot.files)
        .into_iter()
        .filter(|digest| holds_data(digest) && !(only_there && elsewhere.contains(digest)))
        .collect();
    usable.get(1).or_else(|| usable.first()).cloned().ok_or_else(|| "no such chunk in that snapshot".to_owned())
}
