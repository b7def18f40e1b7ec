//! A site: one node behind a router.

use serde::{Deserialize, Serialize};

use crate::lab::os::Machine;
use crate::lab::pve::state::Pve;

/// A place with one Proxmox node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// Its id in the inventory.
    pub id: String,
    /// Whether its uplink works; an offline site answers nothing.
    pub online: bool,
    /// The node's own operating system (Debian under Proxmox VE).
    pub node: Machine,
    /// What Proxmox VE keeps: users, storages, virtual machines (with their guests), tasks.
    pub pve: Pve,
}
