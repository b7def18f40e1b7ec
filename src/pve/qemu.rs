//! Virtual machines: list, create, clone, configure, resize, destroy (sheet Proxmox, section 5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Upid;
use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// A VM in the node's list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VmSummary {
    /// Its id.
    #[serde(deserialize_with = "wire::vmid")]
    pub vmid: VmId,
    /// Its name.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub name: Option<String>,
    /// `running` or `stopped`.
    pub status: String,
    /// Why its configuration is locked.
    pub lock: Option<String>,
    /// Its tags.
    #[serde(default, deserialize_with = "wire::words")]
    pub tags: Vec<String>,
    /// It is a template.
    #[serde(default, deserialize_with = "wire::flag")]
    pub template: bool,
}

/// The configuration of a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmConfig {
    /// To be given back with a change, so that nobody else's change is overwritten.
    pub digest: String,
    /// Options by name, as texts: `memory`, `scsi0`, `tags`, ...
    pub options: BTreeMap<String, String>,
}

/// An option with what waits for the next start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pending {
    /// Its name.
    pub key: String,
    /// What holds now.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub value: Option<String>,
    /// What will hold.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub pending: Option<String>,
    /// It will be unset.
    #[serde(default, deserialize_with = "wire::flag")]
    pub delete: bool,
}

/// How to clone a VM or template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneVm {
    /// Id of the copy.
    pub newid: VmId,
    /// Its name.
    pub name: String,
    /// Copy the disks instead of linking to the template's.
    pub full: bool,
    /// Where to; only with `full`.
    pub storage: Option<String>,
    /// Pool of the copy.
    pub pool: Option<String>,
    /// Its description. Tags, start at boot and protection are copied from the source all the same.
    pub description: Option<String>,
}

impl Client {
    /// The VMs of this node that the token may see.
    ///
    /// # Errors
    /// As every call.
    pub async fn vms(&self) -> Result<Vec<VmSummary>, PveError> {
        self.get(&self.node_path("/qemu"), Form::new()).await
    }

    /// Creates a VM; task `qmcreate`. Not idempotent: after a lost answer look at the configuration and at the tasks.
    ///
    /// # Errors
    /// [`PveError::already_exists`] when the id is taken, which does not make the VM ours.
    pub async fn create_vm(&self, vmid: VmId, options: &BTreeMap<String, String>) -> Result<Upid, PveError> {
        self.start(&self.node_path("/qemu"), Form::new().with("vmid", vmid).with_all(options)).await
    }

    /// Clones a VM; task `qmclone`, whose id is that of the *source*.
    ///
    /// # Errors
    /// [`PveError::already_exists`] when the new id is taken.
    pub async fn clone_vm(&self, source: VmId, clone: &CloneVm) -> Result<Upid, PveError> {
        let form = Form::new()
            .with("newid", clone.newid)
            .with("name", &clone.name)
            .with_flag("full", clone.full)
            .with_some("storage", clone.storage.as_ref())
            .with_some("pool", clone.pool.as_ref())
            .with_some("description", clone.description.as_ref());
        self.start(&self.vm_path(source, "/clone"), form).await
    }

    /// The configuration of a VM, with what waits for the next start merged in.
    ///
    /// # Errors
    /// [`PveError::is_absent_vm`].
    pub async fn vm_config(&self, vmid: VmId) -> Result<VmConfig, PveError> {
        let path = self.vm_path(vmid, "/config");
        let entries: Map<String, Value> = self.get(&path, Form::new()).await?;
        let mut options = wire::options(&entries);
        let digest = options.remove("digest").ok_or_else(|| self.unexpected(&path, "no `digest`".to_owned()))?;
        Ok(VmConfig { digest, options })
    }

    /// Sets and unsets options. What a running VM cannot take at once waits for its next start, without an error: read
    /// [`Client::vm_pending`].
    ///
    /// # Errors
    /// [`PveError::is_changed_meanwhile`] when the digest is no longer right; [`PveError::is_locked`].
    pub async fn set_vm_config(
        &self,
        vmid: VmId,
        set: &BTreeMap<String, String>,
        unset: &[&str],
        digest: Option<&str>,
    ) -> Result<(), PveError> {
        let unset = (!unset.is_empty()).then(|| unset.join(","));
        let form = Form::new().with_all(set).with_some("delete", unset).with_some("digest", digest);
        self.put::<Value>(&self.vm_path(vmid, "/config"), form).await.map(drop)
    }

    /// The options of a VM with what waits for its next start.
    ///
    /// # Errors
    /// [`PveError::is_absent_vm`].
    pub async fn vm_pending(&self, vmid: VmId) -> Result<Vec<Pending>, PveError> {
        self.get(&self.vm_path(vmid, "/pending"), Form::new()).await
    }

    /// Grows a disk to an absolute size; task `resize`. The same size again changes nothing; shrinking is refused.
    ///
    /// # Errors
    /// As every call.
    pub async fn resize_disk(&self, vmid: VmId, disk: &str, gib: u32) -> Result<Upid, PveError> {
        let form = Form::new().with("disk", disk).with("size", format!("{gib}G"));
        self.start_put(&self.vm_path(vmid, "/resize"), form).await
    }

    /// Writes the cloud-init drive anew.
    ///
    /// # Errors
    /// As every call.
    pub async fn regenerate_cloudinit(&self, vmid: VmId) -> Result<(), PveError> {
        self.put::<Value>(&self.vm_path(vmid, "/cloudinit"), Form::new()).await.map(drop)
    }

    /// Turns a VM into a template; task `qmtemplate`.
    ///
    /// # Errors
    /// As every call.
    pub async fn make_template(&self, vmid: VmId) -> Result<Upid, PveError> {
        self.start(&self.vm_path(vmid, "/template"), Form::new()).await
    }

    /// Destroys a stopped VM with its disks, and removes it from jobs; task `qmdestroy`.
    ///
    /// # Errors
    /// [`PveError::Refused`] while it runs or is protected.
    pub async fn destroy_vm(&self, vmid: VmId) -> Result<Upid, PveError> {
        let form = Form::new().with_flag("purge", true).with_flag("destroy-unreferenced-disks", true);
        self.start_delete(&self.vm_path(vmid, ""), form).await
    }

    /// `/nodes/NODE/qemu/VMID` and the rest.
    pub(super) fn vm_path(&self, vmid: VmId, rest: &str) -> String {
        self.node_path(&format!("/qemu/{vmid}{rest}"))
    }
}
