//! `qmsnapshot`, `qmdelsnapshot`, `qmrollback`.

use serde::{Deserialize, Serialize};

use super::{Ending, SECOND_US, check_lock, disks, power, vm_mut};
use crate::os::boot::on_disk;
use crate::pve::boot;
use crate::pve::state::vm::Power as State;
use crate::pve::state::{Pve, Snapshot, Vm, drive};
use crate::world::{Site, Surroundings};

/// A snapshot to be taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotTake {
    /// Of which VM.
    pub vmid: u32,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// With the memory.
    pub with_memory: bool,
}

/// A snapshot to be removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotDelete {
    /// Of which VM.
    pub vmid: u32,
    /// Its name.
    pub name: String,
}

/// A VM to be taken back to a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rollback {
    /// Which VM.
    pub vmid: u32,
    /// The snapshot's name.
    pub name: String,
    /// Start it afterwards.
    pub start: bool,
}

impl SnapshotTake {
    /// Saving the memory takes longer.
    pub fn duration_us(&self) -> u64 {
        if self.with_memory { 15 * SECOND_US } else { 2 * SECOND_US }
    }

    /// Keeps configuration and disks as they are now.
    ///
    /// # Errors
    /// Proxmox's words.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>) -> Ending {
        let vm = vm_mut(site, self.vmid)?;
        check_lock(vm)?;
        if vm.template() {
            return Err("you can't take a snapshot if it's a template".to_owned());
        }
        if vm.snapshots.contains_key(&self.name) {
            return Err(format!("snapshot name '{}' already used", self.name));
        }
        let vm = vm.clone();
        if !storages_can(&site.pve, &vm) {
            return Err("snapshot feature is not available".to_owned());
        }
        let mut config = vm.config.clone();
        let parent = config.remove("parent");
        config.retain(|key, _| !drive::is_unused(key));
        let with_memory = self.with_memory && vm.power != State::Stopped;
        let guest = match vm.guest {
            Some(guest) if !with_memory => Some(on_disk(&guest, around)),
            guest => guest,
        };
        let snapshot =
            Snapshot { config, guest, description: self.description, parent, taken: around.now, with_memory };
        let vm = vm_mut(site, self.vmid)?;
        vm.snapshots.insert(self.name.clone(), snapshot);
        vm.config.insert("parent".to_owned(), self.name);
        Ok(0)
    }

    /// Nothing has been written yet when it is given up.
    pub fn abandon(self, _site: &mut Site, why: &str) -> String {
        format!("snapshot create failed: {why}")
    }
}

impl SnapshotDelete {
    /// Forgets the snapshot; its children get its parent.
    ///
    /// # Errors
    /// Proxmox's words.
    pub fn run(self, site: &mut Site) -> Ending {
        let vm = vm_mut(site, self.vmid)?;
        check_lock(vm)?;
        let gone = vm.snapshots.remove(&self.name).ok_or_else(|| format!("snapshot '{}' does not exist", self.name))?;
        for snapshot in vm.snapshots.values_mut().filter(|one| one.parent.as_deref() == Some(self.name.as_str())) {
            snapshot.parent.clone_from(&gone.parent);
        }
        if vm.option("parent") == Some(self.name.as_str()) {
            match gone.parent {
                Some(parent) => vm.config.insert("parent".to_owned(), parent),
                None => vm.config.remove("parent"),
            };
        }
        Ok(0)
    }
}

impl Rollback {
    /// Configuration and disks become what they were; a running VM is stopped for it.
    ///
    /// # Errors
    /// Proxmox's words.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let vm = vm_mut(site, self.vmid)?;
        check_lock(vm)?;
        if vm.template() {
            return Err("you can't rollback if vm is a template".to_owned());
        }
        let snapshot =
            vm.snapshots.get(&self.name).ok_or_else(|| format!("snapshot '{}' does not exist", self.name))?.clone();
        boot::cut_power(site, self.vmid, around);
        let vm = vm_mut(site, self.vmid)?;
        vm.pending.clear();
        let unused: Vec<_> = vm
            .config
            .iter()
            .filter(|(key, _)| drive::is_unused(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        vm.config = snapshot.config;
        vm.config.extend(unused);
        vm.config.insert("parent".to_owned(), self.name.clone());
        vm.guest = snapshot.guest;
        let sizes: Vec<_> = vm.drives().into_iter().filter_map(|(_, drive)| Some((drive.size()?, drive))).collect();
        for (size, drive) in sizes {
            if let Some(volume) = disks::volume_mut(&mut site.pve, drive.file()) {
                volume.size_bytes = size;
            }
        }
        if snapshot.with_memory {
            // The saved memory goes on where it was: the guest is up at once.
            let vm = vm_mut(site, self.vmid)?;
            vm.power = State::Running;
            vm.started = Some(around.now);
            vm.up = vm.guest.is_some();
        } else if self.start {
            return power::Power::new(self.vmid, power::PowerAction::Start).run(site, around, log);
        }
        Ok(0)
    }

    /// A rollback that is cut short leaves the VM locked: only root can unlock it.
    pub fn abandon(self, site: &mut Site, why: &str) -> String {
        if let Some(vm) = site.pve.vms.get_mut(&self.vmid) {
            vm.config.insert("lock".to_owned(), "rollback".to_owned());
        }
        why.to_owned()
    }
}

/// Whether every disk stands where snapshots are possible: thin pools, and `qcow2` files on folders.
fn storages_can(pve: &Pve, vm: &Vm) -> bool {
    vm.drives().iter().filter(|(_, drive)| !drive.is_cdrom()).all(|(_, drive)| {
        let on_folder =
            drive.file().split_once(':').and_then(|(storage, _)| pve.storages.get(storage)?.path()).is_some();
        !on_folder || disks::volume(pve, drive.file()).is_some_and(|volume| volume.format == "qcow2")
    })
}
