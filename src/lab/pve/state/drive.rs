//! A VM's drives: `scsi0: local-lvm:vm-101-disk-0,size=3G`.

use super::bytes;
use super::property::Properties;

/// The buses that carry drives, with the highest number of each.
const BUSES: [(&str, u32); 4] = [("ide", 3), ("sata", 5), ("scsi", 30), ("virtio", 15)];

/// A drive's value taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drive(pub Properties);

/// What a new drive is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// `STORAGE:GiB`: a new disk of this size in bytes.
    New {
        /// Where.
        storage: String,
        /// Size in bytes; 0 together with `import-from`.
        bytes: u64,
    },
    /// `STORAGE:cloudinit`.
    CloudInit {
        /// Where.
        storage: String,
    },
    /// `none` or `cdrom`: an empty or a physical drive.
    NoMedium,
    /// A volume that exists, or a path.
    Existing(String),
}

/// Whether an option names a drive.
pub fn is_drive(option: &str) -> bool {
    if matches!(option, "efidisk0" | "tpmstate0") {
        return true;
    }
    BUSES.iter().any(|(bus, highest)| {
        option.strip_prefix(bus).and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number <= *highest)
    })
}

/// Whether an option names a disk that left its bus (`unused0`).
pub fn is_unused(option: &str) -> bool {
    option.strip_prefix("unused").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

impl Drive {
    /// Takes a drive's value apart.
    pub fn parse(text: &str) -> Drive {
        Drive(Properties::parse(text, "file"))
    }

    /// The volume, path or `none`.
    pub fn file(&self) -> &str {
        &self.0.first
    }

    /// Its size in bytes, when the configuration tells.
    pub fn size(&self) -> Option<u64> {
        bytes::parse_size(self.0.get("size")?)
    }

    /// Writes its size.
    pub fn set_size(&mut self, size: u64) {
        self.0.rest.insert("size".to_owned(), bytes::format_size(size));
    }

    /// Whether it is a CD-ROM (a cloud-init drive is one).
    pub fn is_cdrom(&self) -> bool {
        self.0.get("media") == Some("cdrom") || matches!(self.file(), "none" | "cdrom") || self.is_cloudinit()
    }

    /// Whether it carries cloud-init's data.
    pub fn is_cloudinit(&self) -> bool {
        let (_, name) = self.file().split_once(':').unwrap_or_default();
        name == "cloudinit" || name.contains("-cloudinit")
    }

    /// What is asked for, when this is a parameter and not yet a configuration.
    pub fn wanted(&self) -> Wanted {
        let file = self.file();
        if matches!(file, "none" | "cdrom") {
            return Wanted::NoMedium;
        }
        match file.split_once(':') {
            Some((storage, "cloudinit")) => Wanted::CloudInit { storage: storage.to_owned() },
            Some((storage, size)) if !storage.is_empty() => match bytes::parse_gib(size) {
                Some(bytes) => Wanted::New { storage: storage.to_owned(), bytes },
                None => Wanted::Existing(file.to_owned()),
            },
            _ => Wanted::Existing(file.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pve_state_a_drive_says_what_is_wanted() {
        let wanted = |text: &str| Drive::parse(text).wanted();
        assert_eq!(wanted("local-lvm:32"), Wanted::New { storage: "local-lvm".to_owned(), bytes: 32 * bytes::GIB });
        assert_eq!(wanted("local-lvm:cloudinit"), Wanted::CloudInit { storage: "local-lvm".to_owned() });
        assert_eq!(wanted("none,media=cdrom"), Wanted::NoMedium);
        assert_eq!(wanted("local-lvm:vm-1-disk-0"), Wanted::Existing("local-lvm:vm-1-disk-0".to_owned()));
        assert!(is_drive("scsi30") && !is_drive("scsi31") && !is_drive("scsihw"));
        assert!(is_unused("unused0") && !is_unused("unused"));
    }
}
