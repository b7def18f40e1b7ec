//! The node's memory: what runs on it takes what it was given, and when there is no more the kernel kills the largest
//! (sheet Proxmox, section 10).

use super::boot;
use super::state::{Pve, bytes};
use crate::world::{Site, Surroundings};

/// What the node itself needs, in bytes.
const OWN_BYTES: u64 = 2 * bytes::GIB;

/// Memory of the node and of what runs on it, in bytes; it may be more than there is.
pub fn wanted_bytes(pve: &Pve) -> u64 {
    let guests = pve.vms.values().filter(|vm| vm.running());
    OWN_BYTES + guests.map(|vm| u64::from(vm.memory_mib()) * bytes::MIB).sum::<u64>()
}

/// Kills the largest VMs until what is left fits; among equals the one that has run longest, because it has touched
/// all that it was given.
pub fn kill_when_exhausted(site: &mut Site, around: Surroundings<'_>) {
    while wanted_bytes(&site.pve) > site.pve.hardware.memory_bytes {
        let running = site.pve.vms.iter().filter(|(_, vm)| vm.running());
        let largest = running
            .max_by_key(|(vmid, vm)| (vm.memory_mib(), std::cmp::Reverse(vm.started), std::cmp::Reverse(**vmid)));
        let Some(vmid) = largest.map(|(vmid, _)| *vmid) else { return };
        boot::cut_power(site, vmid, around);
        let line = format!("Out of memory: Killed process {} (kvm), VM {vmid}\n", 1_000_000 + vmid);
        site.node.files.append("/var/log/kern.log", &line);
    }
}
