//! What a Proxmox node keeps.

pub mod bytes;
pub mod contents;
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

pub use contents::Contents;
pub use datacenter::Datacenter;
pub use drive::Drive;
pub use firewall::Firewall;
pub use job::BackupJob;
pub use storage::{Storage, StorageKind, Volume};
pub use task::{FailNext, Outcome, Task};
pub use vm::{Bitmap, Power, Snapshot, Vm};

use super::access::Access;
use crate::os::{Machine, disks};
use crate::world::Moment;

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
    /// What stands on the disks in backups that lie in folders of this node.
    #[serde(default)]
    pub contents: Contents,
    /// Faults: what the next task of a type does instead of its work.
    pub fail_next: Vec<FailNext>,
    /// SHA-256 fingerprint of the certificate that the API shows; set by whoever serves it.
    pub fingerprint: String,
    /// The same certificate in PEM.
    pub certificate_pem: String,
}

impl Pve {
    /// Total and used bytes of a storage. Folders on one file system share its space with each other.
    pub fn space(&self, node: &Machine, id: &str) -> (u64, u64) {
        let Some(storage) = self.storages.get(id) else { return (0, 0) };
        let Some(path) = storage.path() else { return storage.usage(node) };
        let (total, _) = storage.usage(node);
        let used = if storage.full { total } else { self.used_bytes(node, disks::mount_point_of(node, path).0) };
        (total, used.min(total))
    }

    /// Bytes that still fit onto a storage.
    pub fn free_bytes(&self, node: &Machine, id: &str) -> u64 {
        let (total, used) = self.space(node, id);
        total.saturating_sub(used)
    }

    /// Bytes in use on the file system at this mount point.
    fn used_bytes(&self, node: &Machine, mount_point: &str) -> u64 {
        let here = |path: &str| disks::mount_point_of(node, path).0 == mount_point;
        let storages = self.storages.values().filter(|storage| storage.path().is_some_and(here));
        let known: u64 = storages
            .map(|storage| {
                storage.other_used_bytes + storage.volumes.values().map(|volume| volume.used_bytes).sum::<u64>()
            })
            .sum();
        known + disks::large_file_bytes(node, mount_point)
    }
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
