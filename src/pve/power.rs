//! Starting and stopping (sheet Proxmox, section 6).

use std::time::Duration;

use serde::Deserialize;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// What a VM is doing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VmState {
    /// `running` or `stopped`.
    pub status: String,
    /// Finer: `running`, `paused`, `prelaunch` (a stopped VM that is being backed up), `io-error`, ...
    pub qmpstatus: Option<String>,
    /// Why its configuration is locked.
    pub lock: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub name: Option<String>,
    /// Seconds since its start.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub uptime: Option<u64>,
    /// Its tags.
    #[serde(default, deserialize_with = "wire::words")]
    pub tags: Vec<String>,
    /// It is a template.
    #[serde(default, deserialize_with = "wire::flag")]
    pub template: bool,
    /// The guest agent is switched on in its configuration.
    #[serde(default, deserialize_with = "wire::flag")]
    pub agent: bool,
}

impl VmState {
    /// The guest runs: not merely its process, as during the backup of a stopped VM.
    pub fn is_running(&self) -> bool {
        self.status == "running" && self.qmpstatus.as_deref().is_none_or(|finer| finer == "running")
    }

    /// No process of it is left.
    pub fn is_stopped(&self) -> bool {
        self.status == "stopped"
    }
}

/// How to shut a VM down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// How long the guest may take; whole seconds count.
    pub timeout: Duration,
    /// Stop it hard when it has not shut down by then.
    pub force: bool,
}

impl Client {
    /// What a VM is doing.
    ///
    /// # Errors
    /// [`PveError::is_absent_vm`].
    pub async fn vm_state(&self, vmid: VmId) -> Result<VmState, PveError> {
        self.get(&self.vm_path(vmid, "/status/current"), Form::new()).await
    }

    /// Starts a VM; task `qmstart`, which fails when it runs already.
    ///
    /// # Errors
    /// As every call.
    pub async fn start_vm(&self, vmid: VmId) -> Result<Upid, PveError> {
        self.start(&self.vm_path(vmid, "/status/start"), Form::new()).await
    }

    /// Stops a VM hard; task `qmstop`, which goes well when it is stopped already.
    ///
    /// # Errors
    /// As every call.
    pub async fn stop_vm(&self, vmid: VmId) -> Result<Upid, PveError> {
        self.start(&self.vm_path(vmid, "/status/stop"), Form::new()).await
    }

    /// Asks the guest to shut down; task `qmshutdown`, which goes well when it is stopped already.
    ///
    /// # Errors
    /// As every call; a paused VM is refused.
    pub async fn shutdown_vm(&self, vmid: VmId, how: Shutdown) -> Result<Upid, PveError> {
        let form = Form::new().with("timeout", how.timeout.as_secs()).with_flag("forceStop", how.force);
        self.start(&self.vm_path(vmid, "/status/shutdown"), form).await
    }

    /// Restarts the guest, which applies what waits in its configuration; task `qmreboot`.
    ///
    /// # Errors
    /// As every call.
    pub async fn reboot_vm(&self, vmid: VmId) -> Result<Upid, PveError> {
        self.start(&self.vm_path(vmid, "/status/reboot"), Form::new()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_machine_under_backup_does_not_run() {
        let state = |status: &str, finer: Option<&str>| {
            let value = serde_json::json!({ "status": status, "qmpstatus": finer, "agent": "1", "tags": "a;b" });
            serde_json::from_value::<VmState>(value).unwrap()
        };
        assert!(state("running", Some("running")).is_running());
        assert!(state("running", None).is_running());
        assert!(!state("running", Some("prelaunch")).is_running());
        assert!(!state("running", Some("prelaunch")).is_stopped());
        assert!(state("stopped", Some("stopped")).is_stopped());
    }
}
