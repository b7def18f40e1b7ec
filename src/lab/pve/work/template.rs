//! `qmtemplate`: a VM becomes a template.

use serde::{Deserialize, Serialize};

use super::{Ending, check_lock, vm_mut};
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Pve, Vm};
use crate::world::Site;

/// A VM to be made a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Template {
    /// Which VM.
    pub vmid: u32,
}

impl Template {
    /// Turns its disks into base volumes.
    ///
    /// # Errors
    /// Proxmox's words.
    pub fn run(self, site: &mut Site) -> Ending {
        let vm = vm_mut(site, self.vmid)?;
        check_lock(vm)?;
        check(vm)?;
        vm.config.insert("template".to_owned(), "1".to_owned());
        let disks: Vec<_> = vm.drives().into_iter().filter(|(_, drive)| !drive.is_cdrom()).collect();
        for (key, mut drive) in disks {
            if let Some(base) = make_base(&mut site.pve, drive.file()) {
                drive.0.first = base;
                let printed = drive.0.print();
                vm_mut(site, self.vmid)?.config.insert(key, printed);
            }
        }
        Ok(0)
    }
}

/// What forbids making a template of a VM.
///
/// # Errors
/// Proxmox's words.
pub fn check(vm: &Vm) -> Result<(), String> {
    if !vm.snapshots.is_empty() {
        return Err("unable to create template, because VM contains snapshots".to_owned());
    }
    if vm.template() {
        return Err("you can't convert a template to a template".to_owned());
    }
    if vm.running() {
        return Err("you can't convert a VM to template if VM is running".to_owned());
    }
    Ok(())
}

/// Renames a disk to a base volume; the answer is its new id.
fn make_base(pve: &mut Pve, volid: &str) -> Option<String> {
    let (storage, name) = parse_volid(volid)?;
    let place = pve.storages.get_mut(storage)?;
    let volume = place.volumes.remove(name)?;
    let (folder, stem) = name.rsplit_once('/').map_or(("", name), |(folder, stem)| (folder, stem));
    let base = stem.replacen("vm-", "base-", 1);
    let base = if folder.is_empty() { base } else { format!("{folder}/{base}") };
    place.volumes.insert(base.clone(), volume);
    Some(format!("{storage}:{base}"))
}
