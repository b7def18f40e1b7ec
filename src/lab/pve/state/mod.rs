//! What a Proxmox node keeps.

pub mod bytes;
pub mod datacenter;
pub mod drive;
pub mod firewall;
pub mod job;
pub mod property;
pub mod storage;
pub mod task;
pub mod vm;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use datacenter::Datacenter;
pub use drive::Drive;
pub use firewall::Firewall;
pub use job::BackupJob;
pub use storage::{Storage, StorageKind, Volume};
pub use task::{FailNext, Outcome, Task};
pub use vm::{Power, Snapshot, Vm};

use super::access::Access;
use crate::lab::world::Moment;

/// The state of one Proxmox VE (a cluster of one node).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pve {
    /// Node name.
    pub node: String,
    /// Users, tokens, roles, pools, access lists.
    pub access: Access,
    /// When the node was last booted.
    pub booted: Moment,
    /// The node's hardware and network as Proxmox reports them.
    pub hardware: Hardware,
    /// Virtual machines by id.
    pub vms: BTreeMap<u32, Vm>,
    /// Storages by id.
    pub storages: BTreeMap<String, Storage>,
    /// Datacenter options.
    pub datacenter: Datacenter,
    /// Backup jobs by id.
    pub jobs: BTreeMap<String, BackupJob>,
    /// Tasks in the order in which they were started.
    pub tasks: Vec<Task>,
    /// Faults: what the next task of a type does instead of its work.
    pub fail_next: Vec<FailNext>,
    /// SHA-256 fingerprint of the certificate that the API shows; set by whoever serves it.
    pub fingerprint: String,
    /// The same certificate in PEM.
    pub certificate_pem: String,
}

/// A node's hardware.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Hardware {
    /// CPU threads.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Size of the root file system in bytes.
    pub root_bytes: u64,
    /// Bridges of the node, for example `vmbr0`, each with the subnet behind it.
    pub bridges: BTreeMap<String, Lan>,
}

/// The network behind a bridge.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lan {
    /// IPv4 subnet, for example `192.0.2.0/24`; machines that ask by DHCP get an address in it.
    pub subnet: Option<ipnet::Ipv4Net>,
    /// The router's address.
    pub gateway: Option<std::net::Ipv4Addr>,
}
