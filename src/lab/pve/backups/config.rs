//! A VM's configuration as it stands in a backup: the text of its file, with a line per disk that says where it was.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, drive};

/// What a comment line of a configuration file may not hold as it is.
const COMMENT: &AsciiSet = &CONTROLS.add(b'%').add(b':');

/// What begins the lines that only a backup has.
const MAP: &str = "#qmdump#map:";

/// Options that never get into a backup.
const LEFT_OUT: [&str; 3] = ["lock", "parent", "digest"];

/// A disk that a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Its key in the configuration: `scsi0`.
    pub key: String,
    /// Its name in the archive: `drive-scsi0`.
    pub device: String,
    /// The storage that it came from.
    pub storage: String,
    /// Its format there.
    pub format: String,
}

/// A configuration read from a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// Options as they were.
    pub options: BTreeMap<String, String>,
    /// The disks that the backup holds.
    pub disks: Vec<Mapped>,
}

/// The text of a configuration for a backup. `formats` gives the format of each disk that is part of it.
pub fn print(options: &BTreeMap<String, String>, formats: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for line in options.get("description").map(String::as_str).unwrap_or_default().lines() {
        text.push_str(&format!("#{}\n", utf8_percent_encode(line, COMMENT)));
    }
    for (key, value) in options {
        if key != "description" && !LEFT_OUT.contains(&key.as_str()) && !drive::is_unused(key) {
            text.push_str(&format!("{key}: {value}\n"));
        }
    }
    for (key, format) in formats {
        let file = options.get(key).map(|value| Drive::parse(value).file().to_owned()).unwrap_or_default();
        let storage = parse_volid(&file).map_or("", |(storage, _)| storage);
        text.push_str(&format!("{MAP}{key}:{}:{storage}:{format}:\n", device(key)));
    }
    text
}

/// Reads such a text. A disk that was left out of the backup (`backup=0`) becomes a comment, and with it a line of the
/// description, as in reality.
pub fn parse(text: &str) -> Saved {
    let mut saved = Saved::default();
    let mut description = String::new();
    for line in text.lines() {
        if let Some(map) = line.strip_prefix(MAP) {
            saved.disks.extend(mapped(map));
        } else if line.starts_with("#qmdump#") || line.starts_with("#vzdump#") {
            continue;
        } else if let Some(comment) = line.strip_prefix('#') {
            description.push_str(&percent_decode_str(comment).decode_utf8_lossy());
            description.push('\n');
        } else if let Some((key, value)) = line.split_once(": ") {
            if drive::is_drive(key) && Drive::parse(value).0.flag("backup") == Some(false) {
                description.push_str(&format!("{line}\n"));
            } else if !LEFT_OUT.contains(&key) && !drive::is_unused(key) {
                saved.options.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    if !description.is_empty() {
        saved.options.insert("description".to_owned(), description);
    }
    saved
}

/// The name of a disk in an archive.
pub fn device(key: &str) -> String {
    if key == "tpmstate0" { "drive-tpmstate0-backup".to_owned() } else { format!("drive-{key}") }
}

fn mapped(line: &str) -> Option<Mapped> {
    let parts: Vec<&str> = line.split(':').collect();
    let [key, device, storage, format, ""] = parts.as_slice() else { return None };
    let text = |part: &str| part.to_owned();
    Some(Mapped { key: text(key), device: text(device), storage: text(storage), format: text(format) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_backup_a_configuration_comes_back_but_for_locks_unused_disks_and_disks_left_out() {
        let given = [
            ("description", "ours: 100%\nsecond é"),
            ("lock", "backup"),
            ("memory", "2048"),
            ("parent", "before"),
            ("scsi0", "local-lvm:vm-101-disk-0,size=32G"),
            ("scsi1", "local-lvm:vm-101-disk-1,backup=0,size=8G"),
            ("unused0", "local-lvm:vm-101-disk-2"),
        ];
        let options: BTreeMap<String, String> =
            given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let text = print(&options, &BTreeMap::from([("scsi0".to_owned(), "raw".to_owned())]));
        assert!(text.starts_with("#ours%3A 100%25\n#second %C3%A9\nmemory: 2048\n"), "{text}");
        assert!(text.ends_with("#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:\n"), "{text}");
        let saved = parse(&text);
        let left = "scsi1: local-lvm:vm-101-disk-1,backup=0,size=8G";
        assert_eq!(saved.options["description"], format!("ours: 100%\nsecond é\n{left}\n"));
        assert_eq!(saved.options.keys().collect::<Vec<_>>(), ["description", "memory", "scsi0"]);
        assert_eq!(saved.disks[0].storage, "local-lvm");
    }
}
