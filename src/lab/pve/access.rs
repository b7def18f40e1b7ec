//! Users, tokens, roles, pools and access lists, and what they allow (filled by the access slice).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::call::{Caller, Refusal};

/// Everything that decides who may do what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Access {
    /// Pools by name.
    pub pools: BTreeMap<String, Pool>,
}

/// A pool's members.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pool {
    /// Virtual machines.
    pub vms: BTreeSet<u32>,
}

impl Access {
    /// Whether the caller holds all these privileges on a path such as `/vms/101` or `/storage/local`.
    /// A VM's path also counts the pool that the VM is a member of.
    pub fn allowed(&self, caller: &Caller, _path: &str, _privileges: &[&str]) -> bool {
        caller.is_root()
    }

    /// Refuses like Proxmox: 403 "Permission check failed (path, privilege)".
    ///
    /// # Errors
    /// The refusal, when the caller lacks one of the privileges.
    pub fn require(&self, caller: &Caller, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
        if self.allowed(caller, path, privileges) {
            return Ok(());
        }
        Err(Refusal::Status(403, format!("Permission check failed ({path}, {})", privileges.join("|"))))
    }
}
