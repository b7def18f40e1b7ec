//! Snapshots (sheet Proxmox, section 8). They are in no backup and are none.

use serde::Deserialize;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::{Form, encode};

/// The entry that stands for the present state in Proxmox's list.
const PRESENT: &str = "current";

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub description: Option<String>,
    /// The snapshot before it.
    pub parent: Option<String>,
    /// When it was taken, in seconds since 1970.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub snaptime: Option<u64>,
}

impl Client {
    /// The snapshots of a VM, without the entry for its present state.
    ///
    /// # Errors
    /// [`PveError::is_absent_vm`].
    pub async fn snapshots(&self, vmid: VmId) -> Result<Vec<Snapshot>, PveError> {
        let mut list: Vec<Snapshot> = self.get(&self.vm_path(vmid, "/snapshot"), Form::new()).await?;
        list.retain(|snapshot| snapshot.name != PRESENT);
        Ok(list)
    }

    /// Takes a snapshot without memory; task `qmsnapshot`, which fails when the name is used.
    ///
    /// # Errors
    /// As every call.
    pub async fn take_snapshot(&self, vmid: VmId, name: &str, description: &str) -> Result<Upid, PveError> {
        let form = Form::new().with("snapname", name).with("description", description);
        self.start(&self.vm_path(vmid, "/snapshot"), form).await
    }

    /// Goes back to a snapshot; task `qmrollback`.
    ///
    /// # Errors
    /// As every call.
    pub async fn roll_back(&self, vmid: VmId, name: &str) -> Result<Upid, PveError> {
        self.start(&self.vm_path(vmid, &format!("/snapshot/{}/rollback", encode(name))), Form::new()).await
    }

    /// Removes a snapshot; task `qmdelsnapshot`.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_snapshot(&self, vmid: VmId, name: &str) -> Result<Upid, PveError> {
        self.start_delete(&self.vm_path(vmid, &format!("/snapshot/{}", encode(name))), Form::new()).await
    }
}
