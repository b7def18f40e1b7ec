//! What lies on a storage (sheet Proxmox, sections 5a and 9c).

use serde::Deserialize;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::{Form, encode};

/// A volume. Those that the token may not access are left out in silence: an empty list is no proof.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Volume {
    /// For example `local:import/debian-12.qcow2`.
    pub volid: String,
    /// `images`, `import`, `backup`, `iso`, ...
    pub content: String,
    /// For example `qcow2` or `vma.zst`.
    pub format: String,
    /// Bytes; of a backup 1 when the backup server has no whole manifest of it.
    #[serde(deserialize_with = "wire::number")]
    pub size: u64,
    /// When it was made, in seconds since 1970. The name of a file says it in the node's local time, this does not.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub ctime: Option<u64>,
    /// The VM that it belongs to.
    #[serde(default, deserialize_with = "wire::maybe_vmid")]
    pub vmid: Option<VmId>,
    /// Backups: `qemu` for machines.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub subtype: Option<String>,
    /// First line of its notes.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub notes: Option<String>,
    /// It cannot be removed.
    #[serde(default, deserialize_with = "wire::flag")]
    pub protected: bool,
    /// Backups on a backup server: the fingerprint of a key, or `1`. Data that are only signed show it, too (section 16).
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub encrypted: Option<String>,
    /// Backups on a backup server: the last verification; none was never verified.
    #[serde(default)]
    pub verification: Option<VolumeVerification>,
}

/// A verification, as the backup server keeps it with the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VolumeVerification {
    /// `ok` or `failed`. It travels with a copy: `ok` may have been said elsewhere.
    pub state: String,
    /// The backup server's task.
    pub upid: Option<String>,
}

/// A file for the node to download, checked against its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where from.
    pub url: String,
    /// What it becomes: `import` for disk images.
    pub content: String,
    /// Name on the storage; for `import` it ends in `.qcow2`, `.raw`, `.vmdk` or `.ova`.
    pub filename: String,
    /// SHA-512 in hexadecimal.
    pub sha512: String,
}

impl Client {
    /// The volumes of a storage, of one kind or one VM when said.
    ///
    /// # Errors
    /// [`PveError::is_absent_storage`]; a storage behind a slow server may make the node's proxy give up.
    pub async fn volumes(
        &self,
        storage: &str,
        content: Option<&str>,
        vmid: Option<VmId>,
    ) -> Result<Vec<Volume>, PveError> {
        let path = self.node_path(&format!("/storage/{}/content", encode(storage)));
        self.get(&path, Form::new().with_some("content", content).with_some("vmid", vmid)).await
    }

    /// Lets the node download a file onto a storage; task `download`.
    ///
    /// # Errors
    /// As every call.
    pub async fn download(&self, storage: &str, file: &Download) -> Result<Upid, PveError> {
        let path = self.node_path(&format!("/storage/{}/download-url", encode(storage)));
        let form = Form::new()
            .with("url", &file.url)
            .with("content", &file.content)
            .with("filename", &file.filename)
            .with("checksum", &file.sha512)
            .with("checksum-algorithm", "sha512");
        self.start(&path, form).await
    }
}
