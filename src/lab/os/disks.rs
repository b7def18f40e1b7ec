//! Block devices: what they are and where they are mounted.

use serde::{Deserialize, Serialize};

use super::Machine;

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Device, for example `/dev/sdb`.
    pub path: String,
    /// Serial number.
    pub serial: String,
    /// Model name.
    pub model: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Whether it turns.
    pub rotational: bool,
    /// Signature found on it.
    pub filesystem: Option<String>,
    /// Where it is mounted.
    pub mounted_at: Option<String>,
    /// Whether it is plugged in.
    pub present: bool,
}

impl Disk {
    /// A whole disk without anything on it.
    pub fn blank(path: &str, serial: &str, model: &str, size_bytes: u64, rotational: bool) -> Disk {
        Disk {
            path: path.to_owned(),
            serial: serial.to_owned(),
            model: model.to_owned(),
            size_bytes,
            rotational,
            present: true,
            ..Disk::default()
        }
    }
}

/// The device mounted at a folder.
pub fn mounted_at<'m>(machine: &'m Machine, folder: &str) -> Option<&'m Disk> {
    machine.disks.iter().find(|disk| disk.mounted_at.as_deref() == Some(folder))
}

/// The mount point that a path lies on (`/` when none).
pub fn mount_point_of<'m>(machine: &'m Machine, path: &str) -> (&'m str, Option<&'m Disk>) {
    let mut folder = path;
    loop {
        if let Some(disk) = mounted_at(machine, folder) {
            return (disk.mounted_at.as_deref().unwrap_or("/"), Some(disk));
        }
        match folder.rsplit_once('/') {
            Some((parent, _)) if !parent.is_empty() => folder = parent,
            _ => return ("/", None),
        }
    }
}
