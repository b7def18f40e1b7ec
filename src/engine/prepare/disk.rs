//! The backup disk: found by its serial number, formatted only when blank, mounted by its UUID.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Look, Preparation};
use crate::engine::EngineError;
use crate::ssh::Stdin;

/// Where the backup disk is mounted.
pub const MOUNT_POINT: &str = "/mnt/accolades-backup";

/// The label of our file system: how a disk that we formatted is known again.
const LABEL: &str = "accolades-bak";

/// Puts standard input in the place of the table of file systems, but only whole: a line that is cut before everything
/// arrived must not leave a box that does not start. What it replaces stays beside it.
const REPLACE_FSTAB: &str = "cat > /etc/fstab.accolades && sync \
    && if test \"$(sha256sum < /etc/fstab.accolades | cut -d ' ' -f 1)\" != \"$1\"; then \
    echo 'the new /etc/fstab did not arrive whole; the old one stands' >&2; exit 1; fi \
    && cp -p /etc/fstab /etc/fstab.before-accolades && mv /etc/fstab.accolades /etc/fstab";

/// Formats a disk that shows no signature at this moment: without a terminal, `mkfs` itself asks nobody. A disk that cannot
/// be read shows none either, and may be full: that `wipefs` failed stops it, too.
const FORMAT: &str = "signatures=$(wipefs --no-act \"$1\") || exit 1; \
    if test -n \"$signatures\"; then echo \"$1 is not blank\" >&2; exit 1; fi \
    && mkfs.ext4 -q -L \"$2\" \"$1\"";

/// What `lsblk --json` says.
#[derive(Debug, Deserialize)]
struct BlockDevices {
    blockdevices: Vec<BlockDevice>,
}

#[derive(Debug, Deserialize)]
struct BlockDevice {
    path: String,
    serial: Option<String>,
    fstype: Option<String>,
    label: Option<String>,
    uuid: Option<String>,
    mountpoint: Option<String>,
    #[serde(default)]
    children: Vec<BlockDevice>,
}

impl Preparation<'_> {
    /// The backup disk as the node sees it.
    async fn backup_disk(&self) -> Result<BlockDevice, EngineError> {
        let columns = "PATH,SERIAL,FSTYPE,LABEL,UUID,MOUNTPOINT,TYPE";
        let text = self.on_node(&["lsblk", "--json", "--output", columns]).await?;
        let devices: BlockDevices = serde_json::from_str(&text)
            .map_err(|error| EngineError::Unexpected(format!("lsblk answered something else than JSON: {error}")))?;
        let serial = self.site.node.backup_disk_serial.as_str();
        let found: Vec<&str> = devices.blockdevices.iter().filter_map(|one| one.serial.as_deref()).collect();
        let found = found.join(", ");
        let node = &self.site.node.name;
        let mut ours: Vec<BlockDevice> =
            devices.blockdevices.into_iter().filter(|disk| disk.serial.as_deref() == Some(serial)).collect();
        if ours.len() > 1 {
            let paths: Vec<&str> = ours.iter().map(|disk| disk.path.as_str()).collect();
            return Err(EngineError::Conflict(format!(
                "{} disks of `{node}` say that their serial number is {serial} ({}): which one is meant cannot be told\n\n\
                 unplug the others (docks and cheap enclosures give every disk their own number), then run the same command \
                 again",
                ours.len(),
                paths.join(", ")
            )));
        }
        ours.pop().ok_or_else(|| {
            EngineError::Conflict(format!(
                "no disk with the serial number {serial} is plugged into `{node}`; there are: {found}\n\n\
                 plug it in, or correct `backup_disk_serial` in the inventory"
            ))
        })
    }

    pub(super) async fn look_at_disk(&self) -> Result<Look, EngineError> {
        let disk = self.backup_disk().await?;
        if disk.fstype.as_deref() == Some("ext4") && disk.label.as_deref() == Some(LABEL) {
            return Ok(Look::Done);
        }
        let blank = disk.fstype.is_none() && disk.children.is_empty() && self.has_no_signature(&disk.path).await?;
        if !blank {
            return Err(EngineError::Conflict(format!(
                "disk {} ({}) is not blank and not ours: it is left untouched\n\n\
                 if its content may go, erase it by hand (`wipefs`), then run the same command again",
                self.site.node.backup_disk_serial, disk.path
            )));
        }
        Ok(Look::WouldFormat(self.site.node.backup_disk_serial.clone()))
    }

    /// A second opinion before anything is formatted: `wipefs` knows signatures that `lsblk` does not show.
    async fn has_no_signature(&self, device: &str) -> Result<bool, EngineError> {
        Ok(self.on_node(&["wipefs", "--no-act", device]).await?.trim().is_empty())
    }

    pub(super) async fn format_disk(&self) -> Result<(), EngineError> {
        let disk = self.backup_disk().await?;
        self.on_node(&["sh", "-c", FORMAT, "sh", &disk.path, LABEL]).await?;
        self.on_node(&["udevadm", "settle"]).await.map(drop)
    }

    pub(super) async fn is_mounted(&self) -> Result<bool, EngineError> {
        let disk = self.backup_disk().await?;
        let listed = self.fstab_line(&disk)?;
        let fstab = self.on_node(&["cat", "/etc/fstab"]).await?;
        Ok(disk.mountpoint.as_deref() == Some(MOUNT_POINT) && fstab.lines().any(|line| line == listed))
    }

    /// `nofail`: a box must start without its backup disk, and say so.
    fn fstab_line(&self, disk: &BlockDevice) -> Result<String, EngineError> {
        let uuid = disk.uuid.as_deref();
        let uuid = uuid.ok_or_else(|| EngineError::Unexpected(format!("{} has no UUID", disk.path)))?;
        Ok(format!("UUID={uuid} {MOUNT_POINT} ext4 defaults,nofail,x-systemd.device-timeout=10s 0 2"))
    }

    pub(super) async fn mount_disk(&self) -> Result<(), EngineError> {
        let disk = self.backup_disk().await?;
        let line = self.fstab_line(&disk)?;
        self.on_node(&["mkdir", "-p", MOUNT_POINT]).await?;
        let fstab = self.on_node(&["cat", "/etc/fstab"]).await?;
        if !fstab.lines().any(|one| one == line) {
            // A line of an earlier disk at our mount point goes; every other line stays as it is.
            let mut kept: Vec<&str> =
                fstab.lines().filter(|one| one.split_whitespace().nth(1) != Some(MOUNT_POINT)).collect();
            kept.push(&line);
            let text = kept.join("\n") + "\n";
            let sum = hex::encode(Sha256::digest(&text));
            let words = ["sh", "-c", REPLACE_FSTAB, "sh", &sum];
            self.on_node_with(&words, Some(Stdin::Bytes(text.into_bytes()))).await?;
        }
        self.on_node(&["systemctl", "daemon-reload"]).await?;
        if disk.mountpoint.is_none() {
            self.on_node(&["mount", MOUNT_POINT]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    /// The script on files of our own, by a real shell.
    fn replace(folder: &Path, sent: &str, whole: &str) -> bool {
        let script = REPLACE_FSTAB.replace("/etc/", &format!("{}/", folder.display()));
        let sum = hex::encode(Sha256::digest(whole));
        let mut shell = Command::new("sh")
            .args(["-c", &script, "sh", &sum])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        shell.stdin.take().expect("piped").write_all(sent.as_bytes()).expect("it reads");
        shell.wait().expect("it ends").success()
    }

    /// Whether the script formats when `wipefs` does this.
    fn formats(wipefs: &str) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [("wipefs", wipefs), ("mkfs.ext4", "touch \"$4\"")] {
            let program = folder.path().join(name);
            std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).expect("written");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        }
        let device = folder.path().join("formatted");
        let shell = Command::new("/bin/sh")
            .args(["-c", FORMAT, "sh"])
            .args([device.as_os_str(), LABEL.as_ref()])
            .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
            .stderr(Stdio::null())
            .status()
            .expect("a shell");
        assert_eq!(shell.success(), device.exists(), "{wipefs}");
        device.exists()
    }

    #[test]
    fn a_disk_whose_signatures_cannot_be_read_is_not_formatted() {
        assert!(formats("exit 0"));
        assert!(!formats("echo sdb 0x438 ext4"));
        assert!(!formats("echo 'wipefs: error: sdb: Input/output error' >&2; exit 1"));
    }

    #[test]
    fn a_line_that_is_cut_leaves_the_table_of_file_systems_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str| std::fs::read_to_string(path(name)).expect("it is there");
        std::fs::write(path("fstab"), "old\n").expect("written");
        for sent in ["", "new and", "new and whole"] {
            assert!(!replace(folder.path(), sent, "new and whole\n"), "{sent:?}");
            assert_eq!(read("fstab"), "old\n");
        }
        assert!(replace(folder.path(), "new and whole\n", "new and whole\n"));
        assert_eq!((read("fstab"), read("fstab.before-accolades")), ("new and whole\n".to_owned(), "old\n".to_owned()));
    }
}
