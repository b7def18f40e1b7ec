//! The chunk store of a datastore: pieces of data by the digest of their content, shared by all snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::keys::EncryptionKey;
use crate::world::Moment;

/// Size of the chunks of a disk's image in bytes.
pub const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that a chunk's file has besides its content, in clear and encrypted.
pub const HEADER_BYTES: u64 = 12;
/// As [`HEADER_BYTES`], for encrypted content.
pub const SEALED_HEADER_BYTES: u64 = 44;

/// Bytes that [`EncryptionKey::seal`] adds to a content.
pub const SEAL_BYTES: u64 = 28;

/// One chunk as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its content without the zeros at its end; sealed when a key was used.
    #[serde(with = "base64_bytes")]
    pub content: Arc<Vec<u8>>,
    /// Size of its content in bytes, zeros included.
    pub plain_bytes: u64,
    /// Whether it is encrypted.
    pub sealed: bool,
    /// Whether a byte of the file was changed, so that its checksum does not fit any more.
    pub damaged: bool,
    /// When it was last written, or marked as used.
    pub used_at: Moment,
}

/// A run of equal chunks of an index: a disk is mostly zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Digest of the chunk.
    pub digest: String,
    /// Size of its content in bytes.
    pub bytes: u64,
    /// How many times in a row.
    pub count: u64,
}

/// All chunks of a datastore.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ChunkStore {
    /// By digest.
    pub chunks: BTreeMap<String, Chunk>,
    /// What verification found damaged and set aside, by file name (`DIGEST.0.bad`).
    pub bad: BTreeMap<String, Chunk>,
}

/// Why a chunk cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no such file.
    Missing,
    /// Its checksum does not fit.
    Damaged,
}

impl Chunk {
    /// A chunk of this content and the digest under which it is stored.
    pub fn of(content: &[u8], key: Option<&EncryptionKey>, now: Moment) -> (String, Chunk) {
        let digest = match key {
            Some(key) => key.digest(content),
            None => hex::encode(Sha256::digest(content)),
        };
        let used = content.len() - content.iter().rev().take_while(|byte| **byte == 0).count();
        let kept = key.map_or_else(|| content[..used].to_vec(), |key| key.seal(&content[..used]));
        let chunk = Chunk {
            content: Arc::new(kept),
            plain_bytes: content.len() as u64,
            sealed: key.is_some(),
            damaged: false,
            used_at: now,
        };
        (digest, chunk)
    }

    /// Its content, zeros included; `None` without the right key.
    pub fn plain(&self, key: Option<&EncryptionKey>) -> Option<Vec<u8>> {
        let mut content = if self.sealed { key?.open(&self.content)? } else { self.content.as_ref().clone() };
        content.resize(usize::try_from(self.plain_bytes).ok()?, 0);
        Some(content)
    }

    /// Size of its file in bytes; zeros at the end take none, as if they were compressed.
    pub fn disk_bytes(&self) -> u64 {
        let content = self.content.len() as u64;
        if self.sealed { content.saturating_sub(SEAL_BYTES) + SEALED_HEADER_BYTES } else { content + HEADER_BYTES }
    }
}

impl ChunkStore {
    /// Stores a chunk. One that is there stays as it is, damaged or not, and only counts as used.
    pub fn insert(&mut self, digest: String, chunk: Chunk) {
        let now = chunk.used_at;
        self.chunks.entry(digest).or_insert(chunk).used_at = now;
    }

    /// A chunk whose checksum fits.
    ///
    /// # Errors
    /// It is not there, or damaged.
    pub fn read(&self, digest: &str) -> Result<&Chunk, Unreadable> {
        match self.chunks.get(digest) {
            None => Err(Unreadable::Missing),
            Some(chunk) if chunk.damaged => Err(Unreadable::Damaged),
            Some(chunk) => Ok(chunk),
        }
    }

    /// Sets a damaged chunk aside, so that the next backup sends it again.
    pub fn set_aside(&mut self, digest: &str) {
        if let Some(chunk) = self.chunks.remove(digest) {
            let number = self.bad.keys().filter(|name| name.starts_with(digest)).count();
            self.bad.insert(format!("{digest}.{number}.bad"), chunk);
        }
    }

    /// Bytes on the disk.
    pub fn disk_bytes(&self) -> u64 {
        self.chunks.values().chain(self.bad.values()).map(Chunk::disk_bytes).sum()
    }
}

impl Piece {
    /// Puts one more chunk behind an index.
    pub fn push(index: &mut Vec<Piece>, digest: String, bytes: u64) {
        match index.last_mut().filter(|last| last.digest == digest && last.bytes == bytes) {
            Some(last) => last.count += 1,
            None => index.push(Piece { digest, bytes, count: 1 }),
        }
    }
}

/// Shared bytes as base64.
pub(super) mod base64_bytes {
    use std::sync::Arc;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &Arc<Vec<u8>>, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&STANDARD.encode(bytes.as_slice()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Arc<Vec<u8>>, D::Error> {
        let text = String::deserialize(input)?;
        STANDARD.decode(text).map(Arc::new).map_err(serde::de::Error::custom)
    }
}
