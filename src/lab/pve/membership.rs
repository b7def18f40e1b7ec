//! What the methods about VMs need of pools and access lists.

use super::access::Access;

/// Whether a pool exists.
pub fn pool_exists(access: &Access, pool: &str) -> bool {
    access.pools.contains_key(pool)
}

/// The pool that a VM is a member of.
pub fn pool_of(access: &Access, vmid: u32) -> Option<&str> {
    access.pools.iter().find(|(_, pool)| pool.vms.contains(&vmid)).map(|(name, _)| name.as_str())
}

/// Makes a new VM a member of a pool; nothing happens when the pool went away meanwhile.
pub fn join(access: &mut Access, pool: &str, vmid: u32) {
    if let Some(pool) = access.pools.get_mut(pool) {
        pool.vms.insert(vmid);
    }
}

/// Forgets a destroyed VM: its membership and its access entries.
pub fn forget(access: &mut Access, vmid: u32) {
    for pool in access.pools.values_mut() {
        pool.vms.remove(&vmid);
    }
}
