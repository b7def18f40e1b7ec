//! The guest agent (sheet Proxmox, section 7). It is silent for tens of seconds during boot
//! ([`PveError::is_agent_silent`]) and while file systems are frozen.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// A network interface as the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AgentInterface {
    /// Its name in the guest.
    pub name: String,
    /// MAC address.
    #[serde(default)]
    pub hardware_address: Option<String>,
    #[serde(default, rename = "ip-addresses")]
    addresses: Vec<AgentAddress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AgentAddress {
    ip_address: String,
}

impl AgentInterface {
    /// Its addresses, those of the link included.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter_map(|entry| entry.ip_address.parse().ok())
    }
}

/// The guest's operating system, in the words of its `/etc/os-release`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OsInfo {
    /// For example `debian`.
    pub id: Option<String>,
    /// For example `12`.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub version_id: Option<String>,
    /// For example `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Option<String>,
}

/// A program that was run in the guest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AgentExec {
    /// It has ended. The agent forgets it once it has said so.
    #[serde(deserialize_with = "wire::flag")]
    pub exited: bool,
    /// Exit status.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub exitcode: Option<u64>,
    /// Number of the signal that ended it.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub signal: Option<u64>,
    /// Standard output.
    #[serde(default)]
    pub out_data: String,
    /// Standard error.
    #[serde(default)]
    pub err_data: String,
    /// Its output was cut short.
    #[serde(default, deserialize_with = "wire::flag")]
    pub out_truncated: bool,
}

/// The frame around what the agent says.
#[derive(Deserialize)]
struct Said {
    result: Value,
}

#[derive(Deserialize)]
struct HostName {
    #[serde(rename = "host-name")]
    host_name: String,
}

#[derive(Deserialize)]
struct FileContent {
    content: String,
    #[serde(default, deserialize_with = "wire::flag")]
    truncated: bool,
}

#[derive(Deserialize)]
struct Started {
    #[serde(deserialize_with = "wire::number")]
    pid: u64,
}

impl Client {
    /// Asks the agent for a sign of life.
    ///
    /// # Errors
    /// [`PveError::is_agent_silent`] while it does not answer.
    pub async fn agent_ping(&self, vmid: VmId) -> Result<(), PveError> {
        self.post::<Value>(&self.vm_path(vmid, "/agent/ping"), Form::new()).await.map(drop)
    }

    /// The guest's network interfaces.
    ///
    /// # Errors
    /// As [`Client::agent_ping`].
    pub async fn agent_interfaces(&self, vmid: VmId) -> Result<Vec<AgentInterface>, PveError> {
        self.agent_says(vmid, "network-get-interfaces").await
    }

    /// The guest's host name.
    ///
    /// # Errors
    /// As [`Client::agent_ping`].
    pub async fn agent_host_name(&self, vmid: VmId) -> Result<String, PveError> {
        self.agent_says::<HostName>(vmid, "get-host-name").await.map(|answer| answer.host_name)
    }

    /// The guest's operating system.
    ///
    /// # Errors
    /// As [`Client::agent_ping`].
    pub async fn agent_os(&self, vmid: VmId) -> Result<OsInfo, PveError> {
        self.agent_says(vmid, "get-osinfo").await
    }

    /// Reads a file of the guest, whole.
    ///
    /// # Errors
    /// As [`Client::agent_ping`]; [`PveError::Malformed`] when the node cut it short (16 MiB).
    pub async fn agent_read_file(&self, vmid: VmId, file: &str) -> Result<String, PveError> {
        let path = self.vm_path(vmid, "/agent/file-read");
        let read: FileContent = self.get(&path, Form::new().with("file", file)).await?;
        match read.truncated {
            true => Err(self.unexpected(&path, format!("`{file}` is too large to be read through the agent"))),
            false => Ok(read.content),
        }
    }

    /// Starts a program in the guest, without a shell; gives its process id there.
    ///
    /// # Errors
    /// As [`Client::agent_ping`].
    pub async fn agent_exec(&self, vmid: VmId, command: &[&str], input: Option<&str>) -> Result<u64, PveError> {
        let words = command.iter().fold(Form::new(), |form, word| form.with("command", word));
        let form = words.with_some("input-data", input);
        self.post::<Started>(&self.vm_path(vmid, "/agent/exec"), form).await.map(|started| started.pid)
    }

    /// What became of it.
    ///
    /// # Errors
    /// As [`Client::agent_ping`].
    pub async fn agent_exec_status(&self, vmid: VmId, pid: u64) -> Result<AgentExec, PveError> {
        self.get(&self.vm_path(vmid, "/agent/exec-status"), Form::new().with("pid", pid)).await
    }

    /// Asks one of the generic commands. The agent may answer with an error in a good answer (status 200).
    async fn agent_says<T: DeserializeOwned>(&self, vmid: VmId, command: &str) -> Result<T, PveError> {
        let path = self.vm_path(vmid, &format!("/agent/{command}"));
        let said: Said = self.get(&path, Form::new()).await?;
        match said.result.get("error") {
            Some(error) => Err(self.unexpected(&path, format!("the agent says {error}"))),
            None => serde_json::from_value(said.result).map_err(|error| self.unexpected(&path, error.to_string())),
        }
    }
}
