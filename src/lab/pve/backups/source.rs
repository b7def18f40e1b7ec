//! A backup that is read again.

use std::collections::BTreeMap;

use super::capture::{OnDisk, read_disk};
use super::folder::{self, Archive};
use super::{activate, path_of};
use crate::lab::pve::state::storage::parse_volid;
use crate::lab::world::{Site, Surroundings};

/// Bytes that hold something and are read from a backup disk and written to an SSD in a second.
const FETCH_BYTES_PER_SECOND: u64 = 110_000_000;
/// Bytes that hold nothing and are skipped in a second.
const EMPTY_BYTES_PER_SECOND: u64 = 2_000_000_000;
/// A second in microseconds.
const SECOND_US: u128 = 1_000_000;

/// What a backup tells before its disks are read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The text of the guest's configuration.
    pub config: String,
    /// Its firewall.
    pub firewall: Option<String>,
    /// Sizes of its disks in bytes, by their names in the archive.
    pub disks: BTreeMap<String, u64>,
    /// Whether it is a file on the node.
    pub is_file: bool,
    /// How long reading it takes.
    pub fetch_us: u64,
}

/// Opens a backup.
///
/// # Errors
/// It is not there, damaged, or its storage is out of reach; the log then has what the programs said.
pub fn open(site: &Site, around: Surroundings<'_>, volid: &str, log: &mut Vec<String>) -> Result<Opened, String> {
    let (id, _) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    activate(site, around, id)?;
    let path = path_of(site, volid)?;
    log.push(format!("restore vma archive: {}", extract_command(&path)));
    let archive = archive(site, &path, log)?;
    log.push(format!("CFG: size: {} name: qemu-server.conf", archive.config.len()));
    for (number, (device, disk)) in archive.disks.iter().enumerate() {
        log.push(format!("DEV: dev_id={} size: {} devname: {device}", number + 1, disk.size_bytes));
    }
    let total: u64 = archive.disks.values().map(|disk| disk.size_bytes).sum();
    let data: u64 = archive.disks.values().map(|disk| disk.data_bytes).sum();
    Ok(Opened {
        disks: archive.disks.iter().map(|(device, disk)| (device.clone(), disk.size_bytes)).collect(),
        config: archive.config,
        firewall: archive.firewall,
        is_file: true,
        fetch_us: time_us(data, FETCH_BYTES_PER_SECOND) + time_us(total - data.min(total), EMPTY_BYTES_PER_SECOND),
    })
}

/// Reads a disk of a backup, all of it.
///
/// # Errors
/// It is damaged, or gone meanwhile; the log then has what the programs said.
pub fn fetch(
    site: &Site,
    _around: Surroundings<'_>,
    volid: &str,
    device: &str,
    log: &mut Vec<String>,
) -> Result<OnDisk, String> {
    let path = path_of(site, volid)?;
    let archive = archive(site, &path, log)?;
    let failed = || format!("command '{}' failed: exit code 1", extract_command(&path));
    let disk = archive.disks.get(device).ok_or_else(failed)?;
    let text = site.pve.contents.get(&disk.content).filter(|_| site.pve.contents.is_intact(&disk.content));
    let Some(text) = text else {
        log.push("/*stdin*\\ : Decoding error (36) : Data corruption detected".to_owned());
        log.push("vma: restore failed - short vma extent (compressed data is corrupt)".to_owned());
        return Err(failed());
    };
    read_disk(text)
}

fn archive(site: &Site, path: &str, log: &mut Vec<String>) -> Result<Archive, String> {
    let found = site.node.files.read(path);
    let archive = found.and_then(folder::read);
    archive.ok_or_else(|| {
        log.push(match found {
            Some(_) => "/*stdin*\\ : Read error (39) : premature end".to_owned(),
            None => format!("zstd: can't stat {path} : No such file or directory -- ignored"),
        });
        format!("command '{}' failed: exit code 1", extract_command(path))
    })
}

/// The command that reads an archive, as logs and errors show it.
fn extract_command(path: &str) -> String {
    let (reader, from) = match path.rsplit('.').next() {
        Some("zst") => (format!("zstd -q -d -c {path} | "), "-"),
        Some("gz") => (format!("zcat {path} | "), "-"),
        Some("lzo") => (format!("lzop -d -c {path} | "), "-"),
        _ => (String::new(), path),
    };
    let pipe = if reader.is_empty() { "" } else { "set -o pipefail && " };
    format!("{pipe}{reader}vma extract -v -r /var/tmp/vzdumptmp.fifo {from} /var/tmp/vzdumptmp")
}

fn time_us(bytes: u64, bytes_per_second: u64) -> u64 {
    u64::try_from(u128::from(bytes) * SECOND_US / u128::from(bytes_per_second)).unwrap_or(u64::MAX)
}
