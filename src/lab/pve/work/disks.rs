//! Making and freeing the volumes of a VM's drives.

use std::collections::BTreeMap;

use crate::os::Machine;
use crate::pve::state::drive::{self, Drive, Wanted};
use crate::pve::state::storage::{content_of, parse_volid};
use crate::pve::state::{Pve, Storage, Volume, bytes};
use crate::world::Moment;

/// Size of a cloud-init drive.
const CLOUDINIT_BYTES: u64 = 4 * bytes::MIB;

/// The size of a cloud image's disk as a guest sees it.
const CLOUD_IMAGE_BYTES: u64 = 3 * bytes::GIB;

/// Drives that were made for a VM.
#[derive(Debug, Default)]
pub struct Made {
    /// The values that now stand in the configuration.
    pub options: BTreeMap<String, String>,
    /// The volumes, to free them again when something else fails.
    pub volumes: Vec<String>,
}

/// For whom drives are made.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The VM.
    pub vmid: u32,
    /// Its configuration so far.
    pub config: &'a BTreeMap<String, String>,
    /// The storage for drives that name none.
    pub default_storage: Option<&'a str>,
    /// The present moment.
    pub now: Moment,
}

/// Makes the drives among these options. Nothing is left behind when one fails.
///
/// # Errors
/// What failed, in Proxmox's words.
pub fn make(
    pve: &mut Pve,
    node: &Machine,
    target: Target<'_>,
    wanted: &BTreeMap<String, String>,
    log: &mut Vec<String>,
) -> Result<Made, String> {
    let mut made = Made::default();
    for (key, value) in wanted.iter().filter(|(key, _)| drive::is_drive(key)) {
        let parsed = Drive::parse(value);
        match make_one(pve, node, target, key, parsed, &mut made) {
            Ok(finished) => {
                let printed = finished.0.print();
                if made.volumes.last().is_some_and(|volid| volid == finished.file()) {
                    log.push(format!("{key}: successfully created disk '{printed}'"));
                }
                made.options.insert(key.clone(), printed);
            }
            Err(error) => {
                for volid in &made.volumes {
                    free(pve, volid);
                }
                return Err(error);
            }
        }
    }
    Ok(made)
}

fn make_one(
    pve: &mut Pve,
    node: &Machine,
    target: Target<'_>,
    key: &str,
    mut drive: Drive,
    made: &mut Made,
) -> Result<Drive, String> {
    match drive.wanted() {
        Wanted::NoMedium => {
            drive.0.rest.remove("size");
            Ok(drive)
        }
        Wanted::CloudInit { storage } => {
            if let Some(other) = attached_cloudinit(target.config, &made.options, key) {
                return Err(format!("{key} - cloud-init drive is already attached at '{other}'"));
            }
            let place = activated(pve, node, &storage)?;
            let format = drive.0.rest.remove("format").unwrap_or_else(|| place.default_format().to_owned());
            let name = place.volume_name(target.vmid, &format!("vm-{}-cloudinit", target.vmid), &format);
            let volume = disk_volume(target, &format, CLOUDINIT_BYTES);
            let volid = allocate(pve, node, &storage, &name, volume)?;
            made.volumes.push(volid.clone());
            drive.0.first = volid;
            drive.0.rest.insert("media".to_owned(), "cdrom".to_owned());
            Ok(drive)
        }
        Wanted::New { storage, bytes } => {
            let storage =
                if storage.is_empty() { target.default_storage.unwrap_or_default().to_owned() } else { storage };
            let place = activated(pve, node, &storage)?;
            let format = drive.0.rest.remove("format").unwrap_or_else(|| place.default_format().to_owned());
            let name = place.free_disk_name(target.vmid, &format);
            let source = drive.0.rest.remove("import-from");
            let volume = match &source {
                Some(source) => imported(pve, node, source)
                    .map(|from| Volume {
                        format: format.clone(),
                        owner: Some(target.vmid),
                        created: target.now,
                        ..from
                    })
                    .map_err(|error| format!("cannot import from '{source}' - {error}"))?,
                None => disk_volume(target, &format, bytes),
            };
            let size = volume.size_bytes;
            let volid = allocate(pve, node, &storage, &name, volume).map_err(|error| match &source {
                Some(source) => format!("cannot import from '{source}' - {error}"),
                None => error,
            })?;
            made.volumes.push(volid.clone());
            drive.0.first = volid;
            drive.set_size(size);
            Ok(drive)
        }
        Wanted::Existing(volid) => {
            if let Some((storage, _)) = parse_volid(&volid) {
                activated(pve, node, storage)?;
                let size = volume(pve, &volid).ok_or_else(|| format!("volume {volid} does not exist"))?.size_bytes;
                drive.set_size(size);
            }
            Ok(drive)
        }
    }
}

/// What a volume becomes when it is imported as a disk.
fn imported(pve: &Pve, node: &Machine, source: &str) -> Result<Volume, String> {
    let (storage, name) = parse_volid(source).ok_or_else(|| {
        // Only root by ticket gets here; the node's own files are not disk images in the lab.
        format!("importing the file '{source}' is not simulated in the lab")
    })?;
    activated(pve, node, storage)?;
    let from = volume(pve, source).ok_or_else(|| format!("could not get size of {source}"))?;
    if name.contains("-cloudinit") {
        return Err("cannot import from cloudinit disk".to_owned());
    }
    let size_bytes = if content_of(name) == "import" { virtual_bytes(from) } else { from.size_bytes };
    Ok(Volume { content: "images".to_owned(), size_bytes, parent: None, notes: None, protected: false, ..from.clone() })
}

fn virtual_bytes(image: &Volume) -> u64 {
    match &image.image {
        Some(kind) if kind.starts_with("debian-") => CLOUD_IMAGE_BYTES,
        _ => image.size_bytes,
    }
}

fn disk_volume(target: Target<'_>, format: &str, size_bytes: u64) -> Volume {
    Volume {
        content: "images".to_owned(),
        format: format.to_owned(),
        size_bytes,
        // Thin: a fresh disk takes nothing until somebody writes to it.
        used_bytes: 0,
        owner: Some(target.vmid),
        created: target.now,
        image: None,
        parent: None,
        notes: None,
        protected: false,
    }
}

fn attached_cloudinit(config: &BTreeMap<String, String>, made: &BTreeMap<String, String>, key: &str) -> Option<String> {
    let attached = |(other, value): (&String, &String)| {
        let other_drive = other != key && drive::is_drive(other) && other.as_str() != key;
        let parsed = Drive::parse(value);
        // A parameter that only asks for one is not attached yet.
        (other_drive && parsed.is_cloudinit() && !matches!(parsed.wanted(), Wanted::CloudInit { .. }))
            .then(|| other.clone())
    };
    config.iter().chain(made).find_map(attached)
}

/// A storage that is in use here and can be activated.
///
/// # Errors
/// Proxmox's words for a storage that is missing, disabled, elsewhere or out of reach.
pub fn activated<'a>(pve: &'a Pve, node: &Machine, id: &str) -> Result<&'a Storage, String> {
    let storage = pve.storages.get(id).ok_or_else(|| format!("storage '{id}' does not exist"))?;
    if storage.option("disable").is_some_and(crate::pve::state::property::is_yes) {
        return Err(format!("storage '{id}' is disabled"));
    }
    if !storage.enabled_on(&pve.node) {
        return Err(format!("storage '{id}' is not available on node '{}'", pve.node));
    }
    match storage.problem(id, node) {
        Some(problem) => Err(problem),
        None => Ok(storage),
    }
}

/// Puts a volume on a storage; the answer is its id.
///
/// # Errors
/// When the storage cannot be used or nothing more fits.
pub fn allocate(pve: &mut Pve, node: &Machine, storage: &str, name: &str, volume: Volume) -> Result<String, String> {
    let place = activated(pve, node, storage)?;
    if place.full || volume.used_bytes > pve.free_bytes(node, storage) {
        return Err(no_space(place, name));
    }
    let place = pve.storages.get_mut(storage).ok_or_else(|| format!("storage '{storage}' does not exist"))?;
    place.volumes.insert(name.to_owned(), volume);
    Ok(format!("{storage}:{name}"))
}

/// What Proxmox says when a storage is full.
fn no_space(storage: &Storage, name: &str) -> String {
    match storage.path() {
        Some(path) => {
            format!(
                "unable to create image: qemu-img: {path}/images/{name}: Could not resize file: No space left on device"
            )
        }
        None => {
            let group = storage.option("vgname").unwrap_or("pve");
            let pool = storage.option("thinpool").unwrap_or("data");
            format!(
                "lvcreate '{group}/{name}' error:   Cannot create new thin volume, free space in thin pool {group}/{pool} reached threshold."
            )
        }
    }
}

/// A volume by its id.
pub fn volume<'a>(pve: &'a Pve, volid: &str) -> Option<&'a Volume> {
    let (storage, name) = parse_volid(volid)?;
    pve.storages.get(storage)?.volumes.get(name)
}

/// A volume by its id.
pub fn volume_mut<'a>(pve: &'a mut Pve, volid: &str) -> Option<&'a mut Volume> {
    let (storage, name) = parse_volid(volid)?;
    pve.storages.get_mut(storage)?.volumes.get_mut(name)
}

/// Frees a volume; false when there was none.
pub fn free(pve: &mut Pve, volid: &str) -> bool {
    let Some((storage, name)) = parse_volid(volid) else { return false };
    pve.storages.get_mut(storage).is_some_and(|storage| storage.volumes.remove(name).is_some())
}

/// Whether linked clones stand on a volume.
pub fn has_clones(pve: &Pve, volid: &str) -> bool {
    pve.storages.values().flat_map(|storage| storage.volumes.values()).any(|one| one.parent.as_deref() == Some(volid))
}
