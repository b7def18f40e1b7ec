//! A guest as it is at one moment: what a backup keeps of it, and how it comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::config;
use crate::os::{Machine, boot};
use crate::pve::state::{Drive, Pve, Vm};
use crate::pve::work::disks;
use crate::world::Surroundings;

/// A guest, caught without its cooperation: like a machine whose power fails at that moment.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The text of its configuration.
    pub config: String,
    /// Its firewall's options and rules, when it has any.
    pub firewall: Option<String>,
    /// The disks that are part of the backup.
    pub disks: Vec<CapturedDisk>,
}

/// A disk of it.
#[derive(Debug, Clone)]
pub struct CapturedDisk {
    /// Its key in the configuration: `scsi0`.
    pub key: String,
    /// Its size as the guest sees it, in bytes.
    pub size_bytes: u64,
    /// How many bytes of it hold something.
    pub data_bytes: u64,
    /// What stands on it.
    pub data: Arc<str>,
}

/// What stands on a disk.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct OnDisk {
    /// Bytes that it takes on a thin storage.
    pub used_bytes: u64,
    /// What it was made from (`debian-12`), for what can be booted.
    pub image: Option<String>,
    /// The operating system on it, once it was started.
    pub guest: Option<Machine>,
}

/// Which disks of a VM are part of its backups, and why or why not in the words of Proxmox.
pub fn selection(vm: &Vm) -> Vec<(String, Drive, bool, &'static str)> {
    vm.drives()
        .into_iter()
        .filter(|(_, drive)| !drive.is_cdrom())
        .map(|(key, drive)| {
            let wanted = drive.0.flag("backup").unwrap_or(true);
            let firmware = key == "efidisk0" && vm.option("bios") != Some("ovmf");
            let (included, reason) = match (firmware, wanted) {
                (true, _) => (false, "efidisk but no OMVF BIOS"),
                (false, true) => (true, "backup=yes"),
                (false, false) => (false, "backup=no"),
            };
            (key, drive, included, reason)
        })
        .collect()
}

/// Catches a VM as it is now. A backup holds disks, not memory: whether the guest was up, booting or in the middle of
/// something at that moment is no part of it (sheet Proxmox, sections 9a and 10).
///
/// # Errors
/// A disk is not where the configuration says.
pub fn capture(pve: &Pve, vm: &Vm, around: Surroundings<'_>) -> Result<Captured, String> {
    let boot_disk = vm.boot_disk().map(|(key, _)| key);
    let mut formats = BTreeMap::new();
    let mut captured = Vec::new();
    for (key, drive, included, _) in selection(vm) {
        if !included {
            continue;
        }
        let volume = disks::volume(pve, drive.file()).ok_or_else(|| format!("no such volume '{}'", drive.file()))?;
        formats.insert(key.clone(), volume.format.clone());
        let guest = vm.guest.as_ref().filter(|_| boot_disk.as_deref() == Some(key.as_str()));
        let data_bytes = guest.map_or(volume.used_bytes, |guest| guest.system_bytes().max(volume.used_bytes));
        let guest = guest.map(|guest| boot::on_disk(guest, around));
        let on_disk = OnDisk { used_bytes: volume.used_bytes, image: volume.image.clone(), guest };
        let data = serde_json::to_string(&on_disk).map_err(|error| format!("the disk cannot be read: {error}"))?;
        captured.push(CapturedDisk {
            key,
            size_bytes: volume.size_bytes,
            data_bytes: data_bytes.min(volume.size_bytes),
            data: data.into(),
        });
    }
    let firewall = (vm.firewall != Default::default()).then(|| serde_json::to_string(&vm.firewall));
    Ok(Captured {
        config: config::print(&vm.config, &formats),
        firewall: firewall.transpose().map_err(|error| format!("the firewall file cannot be read: {error}"))?,
        disks: captured,
    })
}

/// Reads what stands on a disk.
///
/// # Errors
/// The bytes are not what was written.
pub fn read_disk(data: &str) -> Result<OnDisk, String> {
    // A sealed chunk is padded with zeros to the size of the disk.
    serde_json::from_str(data.trim_end_matches('\0'))
        .map_err(|error| format!("the disk's content is damaged ({error})"))
}
