//! What a Proxmox node keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::Access;
use crate::lab::os::Machine;

/// The state of one Proxmox VE (a cluster of one node).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pve {
    /// Node name.
    pub node: String,
    /// Users, tokens, roles, pools, access lists.
    pub access: Access,
    /// Virtual machines by id.
    pub vms: BTreeMap<u32, Vm>,
}

/// A virtual machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Vm {
    /// Its configuration, key to value as in the configuration file.
    pub config: BTreeMap<String, String>,
    /// The operating system on its disk, once it was started.
    pub guest: Option<Machine>,
}
