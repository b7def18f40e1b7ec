//! Restoring a machine from its backup (sheet Proxmox, sections 9c and 10).

use std::collections::BTreeMap;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// How to restore a machine. Never over an existing one: that frees its disks before anything is read (section 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreVm {
    /// The backup.
    pub archive: String,
    /// The new machine's id.
    pub vmid: VmId,
    /// Where all its disks go.
    pub storage: String,
    /// Its pool.
    pub pool: String,
    /// At most so many KiB a second.
    pub bwlimit_kib: Option<u64>,
    /// Options that replace those of the saved configuration. Disks are refused here.
    pub options: BTreeMap<String, String>,
}

/// The configuration that a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedConfig {
    /// Options by name.
    pub options: BTreeMap<String, String>,
}

impl SavedConfig {
    /// Reads the text of a configuration file: its first section, without what is commented out (the description, and
    /// disks that are not in the backup).
    pub fn read(text: &str) -> SavedConfig {
        let options = text
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        SavedConfig { options }
    }

    /// Its memory in MiB. Proxmox's own 512 when nothing is said.
    pub fn memory_mib(&self) -> u32 {
        let text = self.options.get("memory").map_or("512", String::as_str);
        let number = text.split(',').next().unwrap_or(text).trim_start_matches("current=");
        number.parse().unwrap_or(512)
    }

    /// Its network cards, by name.
    pub fn cards(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str).filter(|name| is_numbered(name, "net"))
    }

    /// Its disks with their sizes in bytes; none where no size is written. Drives for CDs and for cloud-init are no disks.
    pub fn disks(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.options.iter().filter(|(name, value)| is_disk(name, value)).map(|(name, value)| {
            (name.as_str(), value.split(',').find_map(|part| part.strip_prefix("size=")).and_then(bytes))
        })
    }

    /// Devices of the node that are passed into the machine: it cannot run beside another one that has them.
    pub fn passed_through(&self) -> impl Iterator<Item = &str> {
        self.options
            .iter()
            .filter(|(name, value)| {
                is_numbered(name, "hostpci")
                    || (is_numbered(name, "usb") && !value.starts_with("spice"))
                    || (is_numbered(name, "serial") && value.starts_with("/dev"))
            })
            .map(|(name, _)| name.as_str())
    }
}

/// Whether an option is a disk of the machine's own.
pub fn is_disk(name: &str, value: &str) -> bool {
    let is_drive = ["scsi", "virtio", "sata", "ide"].iter().any(|bus| is_numbered(name, bus))
        || name == "efidisk0"
        || name == "tpmstate0";
    let is_cd = value.split(',').any(|part| part == "media=cdrom") || value.contains("cloudinit") || value == "none";
    is_drive && !is_cd
}

fn is_numbered(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `80G`, `528K`, `4M`, or plain bytes.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = match size.strip_suffix(['K', 'M', 'G', 'T']) {
        Some(number) => (number, &size[number.len()..]),
        None => (size, ""),
    };
    let unit: u64 = match unit {
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => 1,
    };
    // Whole numbers as a rule; a disk of 2.5 GiB may be written so.
    match number.parse::<u64>() {
        Ok(number) => number.checked_mul(unit),
        Err(_) => {
            number.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| (number * unit as f64) as u64)
        }
    }
}

impl Client {
    /// The configuration that a backup holds.
    ///
    /// # Errors
    /// As every call; for an encrypted backup without its key, too.
    pub async fn saved_config(&self, volid: &str) -> Result<SavedConfig, PveError> {
        let path = self.node_path("/vzdump/extractconfig");
        let text: String = self.get(&path, Form::new().with("volume", volid)).await?;
        Ok(SavedConfig::read(&text))
    }

    /// Restores a machine under a new id, with new hardware addresses, without starting it; task `qmrestore`. When it
    /// fails, a stub keeps the id.
    ///
    /// # Errors
    /// [`PveError::already_exists`] when the id is taken, which does not make the machine ours.
    pub async fn restore_vm(&self, restore: &RestoreVm) -> Result<Upid, PveError> {
        let form = Form::new()
            .with("vmid", restore.vmid)
            .with("archive", &restore.archive)
            .with("storage", &restore.storage)
            .with("pool", &restore.pool)
            .with_flag("unique", true)
            .with_some("bwlimit", restore.bwlimit_kib)
            .with_all(&restore.options);
        self.start(&self.node_path("/qemu"), form).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#accolades instance lilas\n#scsi1: hdd:vm-1001-disk-9,size=900G\nagent: enabled=1\nballoon: 0\n\
        boot: order=scsi0\nide2: local-lvm:vm-1001-cloudinit,media=cdrom\nmemory: 8192\n\
        net0: virtio=BC:24:11:00:03:E9,bridge=vmbr0\nnet10: virtio,bridge=vmbr1\nnetwork: no\n\
        scsi0: local-lvm:vm-1001-disk-0,discard=on,size=240G\nefidisk0: local-lvm:vm-1001-disk-1,size=528K\n\
        scsihw: virtio-scsi-single\n#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:\n[PENDING]\nmemory: 1\n[snap]\nscsi3: x,size=1T\n";

    #[test]
    fn a_saved_configuration_is_read_without_what_the_backup_does_not_hold() {
        let saved = SavedConfig::read(TEXT);
        assert_eq!(saved.memory_mib(), 8192);
        assert_eq!(saved.cards().collect::<Vec<_>>(), ["net0", "net10"]);
        let disks: Vec<_> = saved.disks().collect();
        assert_eq!(disks, [("efidisk0", Some(528 << 10)), ("scsi0", Some(240 << 30))]);
        assert_eq!(saved.passed_through().count(), 0);
    }

    #[test]
    fn sizes_and_memory_have_several_forms() {
        let size = |text| bytes(text);
        assert_eq!([size("80G"), size("1T"), size("4M")], [Some(80 << 30), Some(1 << 40), Some(4 << 20)]);
        assert_eq!([size("4096"), size("2.5G"), size("many")], [Some(4096), Some(5 << 29), None]);
        let memory = |text: &str| SavedConfig::read(&format!("memory: {text}")).memory_mib();
        assert_eq!([memory("2048"), memory("current=4096"), SavedConfig::default().memory_mib()], [2048, 4096, 512]);
    }

    #[test]
    fn devices_of_the_node_are_seen() {
        let saved = SavedConfig::read("hostpci0: 0000:01:00\nusb0: host=1234:5678\nusb1: spice\nserial0: socket\n");
        assert_eq!(saved.passed_through().collect::<Vec<_>>(), ["hostpci0", "usb0"]);
    }
}
