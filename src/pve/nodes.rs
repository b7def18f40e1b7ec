//! Nodes (sheet Proxmox, section 3).

use serde::Deserialize;

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::transport::form::Form;

/// A node in the list of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeSummary {
    /// Its name.
    pub node: String,
    /// `online`, `offline` or `unknown`.
    pub status: String,
    /// SHA-256 fingerprint of its certificate.
    pub ssl_fingerprint: Option<String>,
}

/// What a node has and uses; needs `Sys.Audit` on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeStatus {
    /// Full version, for example `pve-manager/9.2.11/...`.
    pub pveversion: String,
    /// Seconds since it booted.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub uptime: Option<u64>,
    /// Memory.
    pub memory: NodeSpace,
    /// The root file system.
    pub rootfs: NodeSpace,
    /// Processors.
    pub cpuinfo: NodeCpu,
}

/// A quantity in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeSpace {
    /// All of it.
    #[serde(deserialize_with = "wire::number")]
    pub total: u64,
    /// Used.
    #[serde(deserialize_with = "wire::number")]
    pub used: u64,
    /// Free, which for memory counts caches as used.
    #[serde(deserialize_with = "wire::number")]
    pub free: u64,
    /// What programs can have; memory on version 9 only.
    #[serde(default, alias = "avail", deserialize_with = "wire::maybe_number")]
    pub available: Option<u64>,
}

/// Processors.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeCpu {
    /// Logical processors.
    #[serde(deserialize_with = "wire::number")]
    pub cpus: u64,
}

/// The node's clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeTime {
    /// Seconds since 1970.
    #[serde(deserialize_with = "wire::number")]
    pub time: u64,
    /// Its time zone, in which schedules are.
    pub timezone: String,
}

impl Client {
    /// What the node's clock shows; needs `Sys.Audit` on the node.
    ///
    /// # Errors
    /// As every call.
    pub async fn node_time(&self) -> Result<NodeTime, PveError> {
        self.get(&self.node_path("/time"), Form::new()).await
    }

    /// The nodes of the cluster.
    ///
    /// # Errors
    /// As every call.
    pub async fn nodes(&self) -> Result<Vec<NodeSummary>, PveError> {
        self.get("/nodes", Form::new()).await
    }

    /// What this node has and uses.
    ///
    /// # Errors
    /// As every call.
    pub async fn node_status(&self) -> Result<NodeStatus, PveError> {
        self.get(&self.node_path("/status"), Form::new()).await
    }
}
