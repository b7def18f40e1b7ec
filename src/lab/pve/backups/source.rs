//! A backup that is read again.

use std::collections::BTreeMap;

use super::capture::{OnDisk, read_disk};
use super::folder::{self, Archive};
use super::server::{Plugin, VolumeName};
use super::{activate, on_server, path_of};
use crate::pve::state::storage::parse_volid;
use crate::world::{Site, Surroundings};

/// Bytes that hold something and are read from a backup disk and written to an SSD in a second.
const FETCH_BYTES_PER_SECOND: u64 = 110_000_000;
/// Bytes that hold nothing and are skipped in a second.
const EMPTY_BYTES_PER_SECOND: u64 = 2_000_000_000;
/// Bytes that the uplink of a site fetches in a second.
const DOWNLINK_BYTES_PER_SECOND: u64 = 25_000_000;
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
    if let Some((plugin, name)) = on_server(site, volid)? {
        return open_on_server(around, &plugin, &name, log);
    }
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
    around: Surroundings<'_>,
    volid: &str,
    device: &str,
    target: &str,
    log: &mut Vec<String>,
) -> Result<OnDisk, String> {
    if let Some((plugin, name)) = on_server(site, volid)? {
        let file = format!("{device}.img.fidx");
        let command = format!(
            "/usr/bin/pbs-restore --repository {}{} {} {file} {target} --verbose --format raw --skip-zero",
            plugin.repository(),
            plugin.namespace_argument(),
            name.snapshot()
        );
        log.push(format!("restore proxmox backup image: {command}"));
        let content = plugin.fetch(around, &name, &file).map_err(|error| {
            log.push(format!("restore failed: {error}"));
            format!("command '{command}' failed: exit code 255")
        })?;
        log.push("restore image complete".to_owned());
        return read_disk(&String::from_utf8_lossy(&content));
    }
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

/// A snapshot on a server: its manifest, the configuration, the firewall, one after the other.
fn open_on_server(
    around: Surroundings<'_>,
    plugin: &Plugin<'_>,
    name: &VolumeName,
    log: &mut Vec<String>,
) -> Result<Opened, String> {
    let mut read = |file: &str, target: &str| {
        let content = if file == "index.json" {
            plugin.manifest(around, name).map(|files| files.join("\n").into_bytes())
        } else {
            plugin.fetch(around, name, &format!("{file}.blob"))
        };
        content.map(|content| String::from_utf8_lossy(&content).into_owned()).map_err(|error| {
            log.push(format!("Error: {error}"));
            format!(
                "command '/usr/bin/proxmox-backup-client restore {} {file} /var/tmp/vzdumptmp/{target} --repository \
                 {}{}' failed: exit code 255",
                name.snapshot(),
                plugin.repository(),
                plugin.namespace_argument()
            )
        })
    };
    let index = read("index.json", "index.json")?;
    let has = |file: &str| index.lines().any(|one| one == file);
    if !has("qemu-server.conf.blob") {
        return Err("backup does not look like a qemu-server backup (missing 'qemu-server.conf' file)".to_owned());
    }
    let config = read("qemu-server.conf", "qemu-server.conf")?;
    let firewall = if has("fw.conf.blob") { Some(read("fw.conf", "fw.conf")?) } else { None };
    let disks: BTreeMap<String, u64> = plugin
        .file_sizes(around, name)?
        .into_iter()
        .filter_map(|(file, bytes)| Some((file.strip_suffix(".img.fidx")?.to_owned(), bytes)))
        .collect();
    let rate = plugin.rate_from_server(around).unwrap_or(u64::MAX).min(DOWNLINK_BYTES_PER_SECOND);
    let data: u64 = disks
        .keys()
        .filter_map(|device| plugin.fetch(around, name, &format!("{device}.img.fidx")).ok())
        .filter_map(|content| read_disk(&String::from_utf8_lossy(&content)).ok())
        .map(|disk| disk.guest.map_or(disk.used_bytes, |guest| guest.system_bytes().max(disk.used_bytes)))
        .sum();
    let total: u64 = disks.values().sum();
    let fetch_us = time_us(data, rate) + time_us(total - data.min(total), EMPTY_BYTES_PER_SECOND);
    Ok(Opened { config, firewall, disks, is_file: false, fetch_us })
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
