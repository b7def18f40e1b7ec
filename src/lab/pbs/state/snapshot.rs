//! Snapshots: their files, and the manifest that tells which belong to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::chunks::{HEADER_BYTES, Piece, SEAL_BYTES, SEALED_HEADER_BYTES};

/// The manifest's file.
pub const MANIFEST: &str = "index.json.blob";

/// The log of a client, which no manifest names.
pub const CLIENT_LOG: &str = "client.log.blob";

/// How the data of a file are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CryptMode {
    /// In clear.
    None,
    /// Encrypted.
    Encrypt,
    /// In clear, the manifest signed.
    SignOnly,
}

impl CryptMode {
    /// As listings show it.
    pub fn name(self) -> &'static str {
        match self {
            CryptMode::None => "none",
            CryptMode::Encrypt => "encrypt",
            CryptMode::SignOnly => "sign-only",
        }
    }
}

/// What a client gives to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its name on the server: `drive-scsi0.img.fidx` (a disk), `root.pxar.didx` (a stream), `qemu-server.conf.blob` (a
    /// small file).
    pub name: String,
    /// Its content from the start; a disk's may be shorter than the disk, the rest is zeros.
    pub content: Vec<u8>,
    /// Size in bytes; that of a disk.
    pub size_bytes: u64,
}

impl Archive {
    /// A small file.
    pub fn blob(name: &str, content: &[u8]) -> Archive {
        Archive { name: name.to_owned(), content: content.to_vec(), size_bytes: content.len() as u64 }
    }

    /// A disk of this size whose content begins like this.
    pub fn disk(name: &str, content: Vec<u8>, size_bytes: u64) -> Archive {
        let size_bytes = size_bytes.max(content.len() as u64);
        Archive { name: name.to_owned(), content, size_bytes }
    }
}

/// A file of a snapshot as it lies on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub body: Body,
    /// How its data are protected.
    pub crypt_mode: CryptMode,
    /// Whether the file itself is damaged: an index that cannot be read.
    pub broken: bool,
}

/// What a file of a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Names of chunks.
    Index(Vec<Piece>),
    /// Data.
    Blob(#[serde(with = "super::chunks::base64_bytes")] Arc<Vec<u8>>),
}

impl StoredFile {
    /// Size as listings show it: that of the data behind an index, that of a blob's file.
    pub fn size_bytes(&self) -> u64 {
        match &self.body {
            Body::Index(pieces) => pieces.iter().map(|piece| piece.bytes * piece.count).sum(),
            Body::Blob(data) if self.crypt_mode == CryptMode::Encrypt => {
                (data.len() as u64).saturating_sub(SEAL_BYTES) + SEALED_HEADER_BYTES
            }
            Body::Blob(data) => data.len() as u64 + HEADER_BYTES,
        }
    }

    /// A checksum over what it holds, as a manifest keeps it.
    pub fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        match &self.body {
            Body::Blob(data) => hash.update(data.as_slice()),
            Body::Index(pieces) => {
                for piece in pieces {
                    hash.update(format!("{} {} {};", piece.digest, piece.bytes, piece.count));
                }
            }
        }
        hex::encode(hash.finalize())
    }

    /// Its index; empty for a blob.
    pub fn index(&self) -> &[Piece] {
        match &self.body {
            Body::Index(pieces) => pieces,
            Body::Blob(_) => &[],
        }
    }
}

/// What a finished backup leaves last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The files that belong to the snapshot, with their checksums.
    pub files: Vec<(String, String)>,
    /// Fingerprint of the key, when one was used.
    pub fingerprint: Option<String>,
    /// Notes.
    pub notes: String,
    /// What the last verification found.
    pub verification: Option<Verification>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Its task.
    pub upid: String,
    /// Whether all was well.
    pub ok: bool,
}

impl Verification {
    /// As listings show it.
    pub fn view(&self) -> Value {
        json!({ "upid": self.upid, "state": if self.ok { "ok" } else { "failed" } })
    }
}

impl Manifest {
    /// How the manifest itself is protected.
    pub fn crypt_mode(&self) -> CryptMode {
        if self.fingerprint.is_some() { CryptMode::SignOnly } else { CryptMode::None }
    }

    /// Size of its file, which is compressed: about as the real one.
    pub fn size_bytes(&self) -> u64 {
        let files = self.files.len() as u64;
        let signed = if self.fingerprint.is_some() { 112 } else { 0 };
        let verified = if self.verification.is_some() { 84 } else { 0 };
        let notes = if self.notes.is_empty() { 0 } else { 12 + self.notes.len() as u64 };
        259 + 62 * files + signed + verified + notes
    }
}

/// A snapshot of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its files in the order in which they came, without the manifest.
    pub files: Vec<StoredFile>,
    /// Its manifest; `None` while its backup runs, and when it was lost.
    pub manifest: Option<Manifest>,
    /// Whether it must not be removed.
    pub protected: bool,
    /// The task of the backup that writes it.
    pub running: Option<String>,
    /// When in the order of things it was made.
    pub made: u64,
}

impl Snapshot {
    /// A file by its name on the server.
    pub fn file(&self, name: &str) -> Option<&StoredFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Whether its backup came to its end.
    pub fn is_finished(&self) -> bool {
        self.manifest.is_some()
    }

    /// Size as listings show it: all files that the manifest names, and the manifest. `None` without one.
    pub fn size_bytes(&self) -> Option<u64> {
        let manifest = self.manifest.as_ref()?;
        let files = manifest.files.iter().filter_map(|(name, _)| self.file(name)).map(StoredFile::size_bytes);
        Some(files.sum::<u64>() + manifest.size_bytes())
    }

    /// The files as listings show them: those of the manifest, the manifest itself, then what only lies there.
    pub fn file_list(&self) -> Vec<FileView> {
        let Some(manifest) = &self.manifest else {
            return self.files.iter().map(|file| FileView { name: file.name.clone(), known: None }).collect();
        };
        let named = manifest.files.iter().filter_map(|(name, _)| self.file(name));
        let mut list: Vec<FileView> = named
            .map(|file| FileView { name: file.name.clone(), known: Some((file.crypt_mode, file.size_bytes())) })
            .collect();
        list.push(FileView { name: MANIFEST.to_owned(), known: Some((manifest.crypt_mode(), manifest.size_bytes())) });
        let others = self.files.iter().filter(|file| !manifest.files.iter().any(|(name, _)| *name == file.name));
        list.extend(others.map(|file| FileView { name: file.name.clone(), known: None }));
        list
    }
}

/// A file of a snapshot in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Protection and size, as the manifest knows them.
    pub known: Option<(CryptMode, u64)>,
}
