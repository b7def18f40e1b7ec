//! Block devices: what they are, what is on them, where they are mounted.

use serde::{Deserialize, Serialize};

use super::files::{Entry, Files};
use super::units::{Enablement, State};
use super::{Machine, paths};

/// A disk, or a partition of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Device, for example `/dev/sdb`.
    pub path: String,
    /// Serial number (disks only).
    pub serial: String,
    /// Model name (disks only).
    pub model: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Whether it turns.
    pub rotational: bool,
    /// Signature found on it: `ext4`, `zfs_member`, `LVM2_member`, ...
    pub filesystem: Option<String>,
    /// UUID of the file system.
    pub uuid: Option<String>,
    /// Label of the file system.
    pub label: Option<String>,
    /// Its partitions.
    pub partitions: Vec<Disk>,
    /// Where it is mounted.
    pub mounted_at: Option<String>,
    /// Whether it is plugged in.
    pub present: bool,
    /// What is on its file system while it is not mounted, by path relative to the mount point.
    pub content: Vec<(String, Entry)>,
    /// What the mount point's folder held, hidden while mounted.
    pub hidden: Vec<(String, Entry)>,
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

    /// Whether a path in `/dev` is this disk or one of its partitions.
    pub fn has_device(&self, path: &str) -> bool {
        self.present && (self.is_named(path) || self.partitions.iter().any(|one| one.is_named(path)))
    }

    /// The names under which udev offers this device.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.path.clone()];
        if !self.serial.is_empty() {
            names.push(format!("/dev/disk/by-id/ata-{}_{}", self.model.replace(' ', "_"), self.serial));
        }
        names.extend(self.uuid.as_ref().map(|uuid| format!("/dev/disk/by-uuid/{uuid}")));
        names.extend(self.label.as_ref().map(|label| format!("/dev/disk/by-label/{label}")));
        names
    }

    /// Whether a path, `UUID=…` or `LABEL=…` names this device.
    pub fn is_named(&self, name: &str) -> bool {
        match name.split_once('=') {
            Some(("UUID", uuid)) => self.uuid.as_deref() == Some(uuid),
            Some(("LABEL", label)) => self.label.as_deref() == Some(label),
            _ => self.names().iter().any(|one| one == name),
        }
    }

    /// Whether the kernel holds it: it is mounted, or part of a volume group.
    pub fn is_taken(&self) -> bool {
        self.mounted_at.is_some() || self.filesystem.as_deref() == Some("LVM2_member")
    }
}

/// A device that is plugged in, by any of its names.
pub fn find<'m>(machine: &'m Machine, name: &str) -> Option<&'m Disk> {
    machine
        .disks
        .iter()
        .filter(|disk| disk.present)
        .flat_map(|disk| std::iter::once(disk).chain(&disk.partitions))
        .find(|disk| disk.is_named(name))
}

/// As [`find`], to change it.
pub fn find_mut<'m>(machine: &'m mut Machine, name: &str) -> Option<&'m mut Disk> {
    let path = find(machine, name)?.path.clone();
    by_path_mut(machine, &path)
}

/// A device by its path, plugged in or not.
fn by_path_mut<'m>(machine: &'m mut Machine, path: &str) -> Option<&'m mut Disk> {
    for disk in &mut machine.disks {
        if disk.path == path {
            return Some(disk);
        }
        if let Some(partition) = disk.partitions.iter_mut().find(|one| one.path == path) {
            return Some(partition);
        }
    }
    None
}

/// The device mounted at a folder.
pub fn mounted_at<'m>(machine: &'m Machine, folder: &str) -> Option<&'m Disk> {
    machine
        .disks
        .iter()
        .flat_map(|disk| std::iter::once(disk).chain(&disk.partitions))
        .find(|disk| disk.mounted_at.as_deref() == Some(folder))
}

/// The mount point that a path lies on (`/` when none).
pub fn mount_point_of<'m>(machine: &'m Machine, path: &str) -> (&'m str, Option<&'m Disk>) {
    let mut folder = path;
    loop {
        if let Some(disk) = mounted_at(machine, folder) {
            return (disk.mounted_at.as_deref().unwrap_or("/"), Some(disk));
        }
        if folder == "/" {
            return ("/", None);
        }
        folder = paths::parent(folder);
    }
}

/// Bytes of the large files on the file system that is mounted at this place (`/` for the root's).
pub fn large_file_bytes(machine: &Machine, mount_point: &str) -> u64 {
    let large = machine.files.all().filter_map(|(path, entry)| Some((path, entry.large_bytes()?)));
    large.filter(|(path, _)| mount_point_of(machine, path).0 == mount_point).map(|(_, bytes)| bytes).sum()
}

/// Mounts a device; its files appear, those of the folder are hidden.
///
/// # Errors
/// In the words of `mount`.
pub fn mount(machine: &mut Machine, device: &str, folder: &str) -> Result<(), String> {
    let Some(disk) = find(machine, device) else {
        return Err(match device.split_once('=') {
            Some(_) => format!("mount: {folder}: can't find {device}."),
            None => format!("mount: {folder}: special device {device} does not exist."),
        });
    };
    let path = disk.path.clone();
    if disk.mounted_at.as_deref() == Some(folder) {
        return Err(format!("mount: {folder}: {path} already mounted on {folder}."));
    }
    match disk.filesystem.as_deref() {
        Some("ext4" | "xfs" | "btrfs") => {}
        Some(other) => return Err(format!("mount: {folder}: unknown filesystem type '{other}'.")),
        None => {
            return Err(format!(
                "mount: {folder}: wrong fs type, bad option, bad superblock on {path}, missing codepage or helper \
                 program, or other error."
            ));
        }
    }
    if !machine.files.exists(folder) {
        return Err(format!("mount: {folder}: mount point does not exist."));
    }
    let hidden = take_inside(&mut machine.files, folder);
    let Some(disk) = find_mut(machine, device) else { return Ok(()) };
    disk.mounted_at = Some(folder.to_owned());
    disk.hidden = hidden;
    let content = std::mem::take(&mut disk.content);
    put_inside(&mut machine.files, folder, content);
    Ok(())
}

/// Unmounts what is mounted at a folder; false when nothing is.
pub fn unmount(machine: &mut Machine, folder: &str) -> bool {
    let Some(device) = mounted_at(machine, folder).map(|disk| disk.path.clone()) else { return false };
    let content = take_inside(&mut machine.files, folder);
    let hidden = by_path_mut(machine, &device).map(|disk| {
        disk.mounted_at = None;
        disk.content = content;
        std::mem::take(&mut disk.hidden)
    });
    put_inside(&mut machine.files, folder, hidden.unwrap_or_default());
    true
}

/// Unmounts everything, as a machine that goes down does.
pub fn unmount_all(machine: &mut Machine) {
    let folders: Vec<String> = machine
        .disks
        .iter()
        .flat_map(|disk| std::iter::once(disk).chain(&disk.partitions))
        .filter_map(|disk| disk.mounted_at.clone())
        .collect();
    for folder in folders {
        unmount(machine, &folder);
    }
}

/// Mounts what `fstab` lists and what enabled mount units name; what cannot be mounted stays away (`nofail`).
pub fn mount_at_boot(machine: &mut Machine) {
    for (device, folder) in fstab(machine) {
        machine.files.make_folder(&folder, 0o755, "root");
        // A disk that is unplugged leaves its folder empty: nobody reads the message of a boot.
        let _ = mount(machine, &device, &folder);
    }
    let enabled: Vec<String> = machine
        .units
        .known
        .iter()
        .filter(|(name, unit)| name.ends_with(".mount") && unit.enablement == Enablement::Enabled)
        .map(|(name, _)| name.clone())
        .collect();
    for name in enabled {
        let mounted = mount_unit(machine, &name).is_some_and(|(device, folder)| {
            machine.files.make_folder(&folder, 0o755, "root");
            mount(machine, &device, &folder).is_ok()
        });
        if let Some(unit) = machine.units.known.get_mut(&name) {
            unit.state = if mounted { State::Active } else { State::Failed };
        }
    }
}

/// Device and folder of every line of `/etc/fstab` that is mounted at boot.
pub fn fstab(machine: &Machine) -> Vec<(String, String)> {
    let text = machine.files.read("/etc/fstab").unwrap_or_default();
    let fields = text.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| line.split_whitespace());
    fields
        .filter_map(|mut fields| {
            Some((fields.next()?.to_owned(), fields.next()?.to_owned(), fields.next(), fields.next()))
        })
        .filter(|(_, _, _, options)| !options.is_some_and(|options| options.split(',').any(|one| one == "noauto")))
        .map(|(device, folder, _, _)| (device, folder))
        .collect()
}

/// Device and folder that a mount unit's file names.
pub fn mount_unit(machine: &Machine, unit: &str) -> Option<(String, String)> {
    let text = machine.files.read(&format!("/etc/systemd/system/{unit}"))?;
    let value =
        |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).map(|value| value.trim().to_owned());
    Some((value("What=")?, value("Where=")?))
}

fn take_inside(files: &mut Files, folder: &str) -> Vec<(String, Entry)> {
    let inside = format!("{folder}/");
    let taken: Vec<(String, Entry)> =
        files.all().filter_map(|(path, entry)| Some((path.strip_prefix(&inside)?.to_owned(), entry.clone()))).collect();
    for (path, _) in &taken {
        files.remove(&format!("{inside}{path}"));
    }
    taken
}

fn put_inside(files: &mut Files, folder: &str, entries: Vec<(String, Entry)>) {
    for (path, entry) in entries {
        let path = format!("{folder}/{path}");
        match entry.content {
            Some(text) => files.create(&path, entry.mode, &entry.owner, text),
            None => files.make_folder(&path, entry.mode, &entry.owner),
        }
    }
}
