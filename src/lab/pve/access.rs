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
    /// A fresh installation: root with this password.
    pub fn with_root(_password: &str) -> Access {
        Access::default()
    }

    /// Adds a token to a user that exists.
    pub fn add_token(&mut self, _user: &str, _name: &str, _privsep: bool, _value: &str) {}

    /// Makes a virtual machine a member of a pool, as creation with `pool=` does.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn join_pool(&mut self, pool: &str, vmid: u32) -> Result<(), Refusal> {
        let found = self.pools.get_mut(pool).ok_or_else(|| Refusal::died(format!("pool '{pool}' does not exist")))?;
        found.vms.insert(vmid);
        Ok(())
    }

    /// Forgets a destroyed virtual machine: its pool membership and its permissions.
    pub fn forget_vm(&mut self, vmid: u32) {
        for pool in self.pools.values_mut() {
            pool.vms.remove(&vmid);
        }
    }

    /// The pool that a virtual machine is a member of.
    pub fn pool_of(&self, vmid: u32) -> Option<&str> {
        self.pools.iter().find(|(_, pool)| pool.vms.contains(&vmid)).map(|(name, _)| name.as_str())
    }

    /// Whether the caller holds one of these privileges on a path.
    pub fn allowed_any(&self, caller: &Caller, path: &str, privileges: &[&str]) -> bool {
        privileges.iter().any(|one| self.allowed(caller, path, &[one]))
    }

    /// Refuses like [`Access::require`] when the caller holds none of the privileges.
    ///
    /// # Errors
    /// The refusal, which names them all.
    pub fn require_any(&self, caller: &Caller, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
        if self.allowed_any(caller, path, privileges) {
            return Ok(());
        }
        Err(Refusal::Status(403, format!("Permission check failed ({path}, {})", privileges.join("|"))))
    }

    /// Whether the caller holds all these privileges on a path such as `/vms/101` or `/storage/local`.
    /// A VM's path also counts the pool that the VM is a member of.
    pub fn allowed(&self, caller: &Caller, _path: &str, _privileges: &[&str]) -> bool {
        caller.user == "root@pam"
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
