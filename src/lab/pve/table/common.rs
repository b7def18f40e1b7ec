//! The parameters that stand in most paths.

use crate::pve::schema::{Param, integer, text};

/// The node in the path.
pub(super) const NODE: &[Param] = &[text("node").required().format("pve-node")];

/// A virtual machine's id in the path.
pub(super) const VMID: &[Param] = &[integer("vmid").required().format("pve-vmid").range(100.0, 999999999.0)];

/// A storage in the path.
pub(super) const STORAGE: &[Param] = &[text("storage").required().format("pve-storage-id")];

/// Node and virtual machine.
pub(super) const VM: &[Param] = &[NODE[0], VMID[0]];

/// Node and storage.
pub(super) const NODE_STORAGE: &[Param] = &[NODE[0], STORAGE[0]];
