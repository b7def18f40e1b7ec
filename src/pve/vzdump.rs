//! Backups at once (sheet Proxmox, section 9a).

use super::Upid;
use super::client::Client;
use super::error::PveError;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// What is to be saved, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRequest {
    /// The VM.
    pub vmid: VmId,
    /// The storage. Without one Proxmox would write to `local`.
    pub storage: String,
    /// The first line of its notes.
    pub notes: String,
    /// A fast storage that takes what the guest overwrites meanwhile: a slow line then does not slow the guest.
    pub fleecing: Option<String>,
}

/// What the node made of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupStart {
    /// A task works on it.
    Started(Upid),
    /// The node answered `OK` without a task: the VM is not on it, nothing is saved.
    Nothing,
}

impl Client {
    /// Begins a backup of a running VM without stopping it; task `vzdump`. One at a time runs on a node, the others wait.
    /// That it ends well is no proof of a backup: look at what lies on the storage afterwards.
    ///
    /// # Errors
    /// As every call.
    pub async fn start_backup(&self, request: &BackupRequest) -> Result<BackupStart, PveError> {
        let fleecing = request.fleecing.as_ref().map(|storage| format!("enabled=1,storage={storage}"));
        let form = Form::new()
            .with("vmid", request.vmid)
            .with("storage", &request.storage)
            .with("mode", "snapshot")
            .with("compress", "zstd")
            .with("notes-template", &request.notes)
            .with_some("fleecing", fleecing);
        let path = self.node_path("/vzdump");
        let answer: String = self.post(&path, form).await?;
        match answer.parse() {
            Ok(upid) => Ok(BackupStart::Started(upid)),
            Err(_) if answer == "OK" => Ok(BackupStart::Nothing),
            Err(error) => Err(PveError::Malformed {
                call: format!("POST {path} on `{}`", self.node()),
                why: error.to_string(),
                writes: true,
            }),
        }
    }
}
