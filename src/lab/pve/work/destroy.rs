//! `qmdestroy`: a VM and its volumes go.

use serde::{Deserialize, Serialize};

use super::{Ending, disks, vm_mut};
use crate::pve::state::storage::parse_volid;
use crate::pve::state::vm::drives;
use crate::pve::state::{Drive, Vm, drive};
use crate::world::Site;

/// A VM to be destroyed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Destroy {
    /// Which one.
    pub vmid: u32,
    /// Take it out of backup jobs as well.
    pub purge: bool,
    /// Root may pass over a lock.
    pub skip_lock: bool,
    /// Remove volumes of this id that no configuration names.
    pub unreferenced: bool,
}

impl Destroy {
    /// Frees what the VM owns, then forgets it.
    ///
    /// # Errors
    /// When it runs, is protected or carries linked clones.
    pub fn run(self, site: &mut Site, log: &mut Vec<String>) -> Ending {
        let vmid = self.vmid;
        let vm = vm_mut(site, vmid)?;
        check(vm, vmid)?;
        if !self.skip_lock {
            super::check_lock(vm)?;
        }
        let volumes = owned_volumes(vm);
        if let Some(base) = volumes.iter().find(|volid| disks::has_clones(&site.pve, volid)) {
            return Err(format!("base volume '{base}' is still in use by linked clones"));
        }
        for volid in &volumes {
            // Only what carries this id in its own record belongs to the VM.
            if disks::volume(&site.pve, volid).is_some_and(|volume| volume.owner == Some(vmid)) {
                disks::free(&mut site.pve, volid);
            }
        }
        if self.unreferenced {
            for storage in site.pve.storages.values_mut() {
                storage.volumes.retain(|_, volume| volume.content != "images" || volume.owner != Some(vmid));
            }
        }
        if self.purge {
            log.push(format!("purging VM {vmid} from related configurations.."));
            site.pve.jobs.retain(|_, job| job.forget(vmid));
        }
        site.pve.access.forget_vm(vmid);
        site.pve.vms.remove(&vmid);
        Ok(0)
    }
}

/// What forbids destroying a VM.
///
/// # Errors
/// Proxmox's words.
pub fn check(vm: &Vm, vmid: u32) -> Result<(), String> {
    if vm.flag("protection") {
        return Err(format!("can't remove VM {vmid} - protection mode enabled"));
    }
    if vm.running() {
        return Err(format!("VM {vmid} is running - destroy failed"));
    }
    Ok(())
}

/// Every volume that a VM's configuration names, snapshots and unused disks included.
fn owned_volumes(vm: &Vm) -> Vec<String> {
    let unused = vm.config.iter().filter(|(key, _)| drive::is_unused(key)).map(|(_, value)| Drive::parse(value));
    let pending = vm.pending.iter().filter(|(key, _)| drive::is_drive(key)).filter_map(|(_, value)| value.as_deref());
    let mut volumes: Vec<String> = vm
        .drives()
        .into_iter()
        .chain(vm.snapshots.values().flat_map(|snapshot| drives(&snapshot.config)))
        .map(|(_, drive)| drive)
        .chain(unused)
        .chain(pending.map(Drive::parse))
        .map(|drive| drive.file().to_owned())
        .filter(|volid| parse_volid(volid).is_some())
        .collect();
    volumes.sort();
    volumes.dedup();
    volumes
}
