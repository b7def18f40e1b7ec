//! Backups in a folder of the node: `dump/vzdump-qemu-101-2026_08_01-02_00_00.vma.zst` and what stands beside it.
//!
//! They are files of the node's own operating system: they go away with the disk that they are on, and a mount point
//! without its disk shows others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Entry;
use super::capture::Captured;
use crate::os::Machine;
use crate::os::files::STANDS_FOR;
use crate::pve::state::{Contents, Pve, Storage};

/// The form of the moment in a name: local time of the node.
const MOMENT_FORM: &str = "%Y_%m_%d-%H_%M_%S";

/// The endings of an archive that compression adds.
const COMPRESSIONS: [&str; 3] = ["gz", "lzo", "zst"];

/// The content of an archive's file, after the line with its size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Archive {
    /// The guest's configuration.
    pub config: String,
    /// Its firewall.
    pub firewall: Option<String>,
    /// Its disks by their names in the archive.
    pub disks: BTreeMap<String, ArchivedDisk>,
    /// When it was made, in seconds since 1970; what a file system knows of a file whose name does not tell.
    pub made_s: i64,
}

/// A disk in an archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ArchivedDisk {
    /// Its size as the guest sees it, in bytes.
    pub size_bytes: u64,
    /// How many bytes of it hold something.
    pub data_bytes: u64,
    /// Key of what stands on it.
    pub content: String,
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `qemu`, `lxc` or `openvz`, when the name is a standard one.
    pub kind: Option<&'static str>,
    /// The guest, when the name is a standard one.
    pub vmid: Option<u32>,
    /// Local time in the name, when the name is a standard one.
    pub local: Option<DateTime>,
    /// `vma`, `vma.zst`, `tar`, ...
    pub format: String,
}

impl Name {
    /// Takes a file's name apart; `None` when it is no archive. One under construction ends in `.dat` and is none.
    pub fn parse(name: &str) -> Option<Name> {
        let (stem, format) = ["vma", "tar"].iter().find_map(|kind| {
            let compressed = COMPRESSIONS.iter().map(|one| format!("{kind}.{one}"));
            std::iter::once((*kind).to_owned())
                .chain(compressed)
                .find_map(|format| Some((name.strip_suffix(&format)?.strip_suffix('.')?, format.clone())))
        })?;
        let standard = || {
            let rest = stem.strip_prefix("vzdump-")?;
            let (kind, rest) = ["qemu", "lxc", "openvz"]
                .into_iter()
                .find_map(|kind| Some((kind, rest.strip_prefix(kind)?.strip_prefix('-')?)))?;
            let (vmid, moment) = rest.split_once('-')?;
            Some((kind, vmid.parse().ok()?, DateTime::strptime(MOMENT_FORM, moment).ok()?))
        };
        let known: Option<(&'static str, u32, DateTime)> = standard();
        Some(Name {
            kind: known.map(|(kind, _, _)| kind),
            vmid: known.map(|(_, vmid, _)| vmid),
            local: known.map(|(_, _, local)| local),
            format,
        })
    }
}

/// The name of a guest's archive without its ending, with the clock of the node.
pub fn base_name(vmid: u32, moment_s: i64, zone: &TimeZone) -> String {
    let local = Timestamp::from_second(moment_s).map(|moment| moment.to_zoned(zone.clone()));
    let local = local.map(|local| local.strftime(MOMENT_FORM).to_string()).unwrap_or_default();
    format!("vzdump-qemu-{vmid}-{local}")
}

/// The ending of an archive with this compression (`compress`).
pub fn ending(compress: &str) -> &'static str {
    match compress {
        "zstd" => "vma.zst",
        "gzip" => "vma.gz",
        "1" | "lzo" => "vma.lzo",
        _ => "vma",
    }
}

/// The folder with the archives of a storage.
pub fn dump_folder(storage: &Storage) -> String {
    format!("{}/dump", storage.path().unwrap_or_default())
}

/// Every archive of a storage.
pub fn list(node: &Machine, zone: &TimeZone, id: &str, storage: &Storage) -> Vec<Entry> {
    let folder = dump_folder(storage);
    let names = node.files.list(&folder).into_iter();
    names.filter_map(|file| entry(node, zone, id, &folder, file)).collect()
}

/// One archive by the name of its file.
pub fn entry(node: &Machine, zone: &TimeZone, id: &str, folder: &str, file: &str) -> Option<Entry> {
    let path = format!("{folder}/{file}");
    let name = Name::parse(file)?;
    let stored = node.files.entry(&path)?;
    let text = stored.content.as_deref()?;
    let in_name = name.local.and_then(|local| zone.to_timestamp(local).ok()).map(Timestamp::as_second);
    Some(Entry {
        volid: format!("{id}:backup/{file}"),
        format: name.format,
        size_bytes: stored.large_bytes().unwrap_or_else(|| u64::try_from(text.len()).unwrap_or(u64::MAX)),
        made_s: in_name.or_else(|| Some(read(text)?.made_s)).unwrap_or_default(),
        vmid: name.vmid,
        subtype: name.kind.map(|kind| if kind == "qemu" { "qemu" } else { "lxc" }),
        notes: node.files.read(&format!("{path}.notes")).map(str::to_owned),
        protected: node.files.exists(&format!("{path}.protected")),
        encrypted: None,
        verification: None,
        standard_name: name.kind.is_some(),
    })
}

/// Writes an archive under this path, while it is made.
pub fn write(node: &mut Machine, contents: &mut Contents, path: &str, captured: &Captured, made_s: i64) {
    let disks = captured.disks.iter().map(|disk| {
        let content = contents.add(disk.data.clone());
        (
            super::config::device(&disk.key),
            ArchivedDisk { size_bytes: disk.size_bytes, data_bytes: disk.data_bytes, content },
        )
    });
    let archive = Archive {
        config: captured.config.clone(),
        firewall: captured.firewall.clone(),
        disks: disks.collect(),
        made_s,
    };
    let text = serde_json::to_string(&archive).unwrap_or_default();
    node.files.create(path, 0o644, "root", format!("{STANDS_FOR}0\n{text}"));
}

/// Gives a finished archive its name and size.
///
/// # Errors
/// It is gone: its disk was unplugged meanwhile.
pub fn finish(node: &mut Machine, from: &str, to: &str, size_bytes: u64) -> Result<(), String> {
    let text = node.files.read(from).map(str::to_owned);
    let text = text.ok_or_else(|| format!("unable to rename '{from}' to '{to}'"))?;
    let (_, body) = text.split_once('\n').unwrap_or_default();
    node.files.create(to, 0o644, "root", format!("{STANDS_FOR}{size_bytes}\n{body}"));
    node.files.remove(from);
    Ok(())
}

/// The content of an archive's file; `None` when it is damaged.
pub fn read(text: &str) -> Option<Archive> {
    let (_, body) = text.strip_prefix(STANDS_FOR)?.split_once('\n')?;
    serde_json::from_str(body).ok()
}

/// Removes an archive with its log, notes and protection.
///
/// # Errors
/// It is protected, or not there.
pub fn remove(node: &mut Machine, path: &str) -> Result<(), String> {
    if node.files.exists(&format!("{path}.protected")) {
        return Err(format!("archive is protected: '{path}'"));
    }
    if !node.files.remove(path) {
        return Err(format!("removing archive {path} failed: No such file or directory"));
    }
    let format = path.rsplit('/').next().and_then(Name::parse).map(|name| name.format).unwrap_or_default();
    let stem = path.strip_suffix(&format).unwrap_or(path).trim_end_matches('.');
    node.files.remove(&format!("{stem}.log"));
    node.files.remove(&format!("{path}.notes"));
    Ok(())
}

/// Forgets the contents that no archive on the node's disks, plugged in or not, holds any more.
pub fn collect(pve: &mut Pve, node: &Machine) {
    if pve.contents.is_empty() {
        return;
    }
    let hidden = node.disks.iter().flat_map(|disk| std::iter::once(disk).chain(&disk.partitions));
    let hidden = hidden.flat_map(|disk| disk.content.iter().chain(&disk.hidden)).map(|(_, entry)| entry);
    let all = node.files.all().map(|(_, entry)| entry).chain(hidden);
    let held: BTreeSet<String> = all
        .filter(|entry| entry.large_bytes().is_some())
        .filter_map(|entry| read(entry.content.as_deref()?))
        .flat_map(|archive| archive.disks.into_values().map(|disk| disk.content))
        .collect();
    pve.contents.retain(&held);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_backup_the_name_of_an_archive_tells_guest_moment_and_format() {
        let name = Name::parse("vzdump-qemu-101-2026_08_01-02_00_00.vma.zst").expect("an archive");
        assert_eq!((name.vmid, name.kind, name.format.as_str()), (Some(101), Some("qemu"), "vma.zst"));
        assert_eq!(name.local.map(|local| local.to_string()).as_deref(), Some("2026-08-01T02:00:00"));
        let renamed = Name::parse("before-the-move.vma").expect("an archive all the same");
        assert_eq!((renamed.vmid, renamed.local), (None, None));
        for other in
            ["vzdump-qemu-101-2026_08_01-02_00_00.dat", "vzdump-qemu-101-2026_08_01-02_00_00.log", "x.vma.zst.notes"]
        {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn lab_backup_a_name_is_in_the_local_time_of_the_node() {
        let paris = TimeZone::get("Europe/Paris").expect("a zone");
        assert_eq!(base_name(101, 1_785_542_400, &paris), "vzdump-qemu-101-2026_08_01-02_00_00");
    }
}
