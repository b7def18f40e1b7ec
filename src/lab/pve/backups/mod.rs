//! Backups as they are stored: in a folder of the node, or on a Proxmox Backup Server.

pub mod capture;
pub mod config;
pub mod folder;
pub mod server;
pub mod source;

use crate::pve::call::Caller;
use crate::pve::general::zone_of;
use crate::pve::retention::{Keep, Mark};
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Storage, StorageKind};
use crate::pve::work::disks;
use crate::pve::work::vzdump::protected_limit;
use crate::world::{Site, Surroundings};
use server::{Plugin, VolumeName};

/// A backup as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id, with the storage in front.
    pub volid: String,
    /// `vma`, `vma.zst`, `pbs-vm`, ...
    pub format: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it was made, in seconds since 1970.
    pub made_s: i64,
    /// The guest that it is of.
    pub vmid: Option<u32>,
    /// `qemu` or `lxc`.
    pub subtype: Option<&'static str>,
    /// Its notes, all lines.
    pub notes: Option<String>,
    /// Whether it must not be removed.
    pub protected: bool,
    /// Fingerprint of the key that it is encrypted with.
    pub encrypted: Option<String>,
    /// What its last verification found, with the task that did it.
    pub verification: Option<(String, String)>,
    /// Whether its name is a standard one; others are never pruned.
    pub standard_name: bool,
}

/// What becomes of a backup when its storage is pruned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Its id.
    pub volid: String,
    /// When it was made, in seconds since 1970.
    pub made_s: i64,
    /// The guest that it is of.
    pub vmid: Option<u32>,
    /// `qemu`, `lxc` or `unknown`.
    pub kind: &'static str,
    /// What becomes of it.
    pub mark: Mark,
}

/// Which backups a pruning is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Only those of this guest.
    pub vmid: Option<u32>,
    /// Only those of this kind: `qemu`, `lxc`.
    pub kind: Option<&'a str>,
}

/// How serious a line of a pruning's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Ordinary.
    Info,
    /// Something failed.
    Error,
}

/// Makes sure that a storage can be used.
///
/// # Errors
/// Proxmox's words for a storage that is missing, disabled, elsewhere or out of reach.
pub fn activate(site: &Site, around: Surroundings<'_>, id: &str) -> Result<(), String> {
    let storage = disks::activated(&site.pve, &site.node, id)?;
    if storage.kind == StorageKind::Pbs { Plugin::of(site, id, &storage.options).activate(around) } else { Ok(()) }
}

/// Total and used bytes of a storage; `None` when it cannot be used.
pub fn space(site: &Site, around: Surroundings<'_>, id: &str) -> Option<(u64, u64)> {
    activate(site, around, id).ok()?;
    let storage = site.pve.storages.get(id)?;
    if storage.kind == StorageKind::Pbs {
        // What went wrong is only told to the system's log.
        let (status, _) = Plugin::of(site, id, &storage.options).status(around);
        return status.active.then_some((status.total, status.used));
    }
    Some(site.pve.space(&site.node, id))
}

/// What can be read of one backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Its path, or what stands for one.
    pub path: String,
    /// Its format.
    pub format: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its notes, all lines.
    pub notes: String,
    /// Whether it must not be removed.
    pub protected: bool,
}

/// What can be read of one backup.
///
/// # Errors
/// It is not there, or its storage is out of reach.
pub fn attributes(site: &Site, around: Surroundings<'_>, volid: &str) -> Result<Attributes, String> {
    if let Some((plugin, name)) = on_server(site, volid)? {
        return plugin.attributes(around, &name);
    }
    let entry = get(site, around, volid)?;
    Ok(Attributes {
        path: path_of(site, volid)?,
        format: entry.format,
        size_bytes: entry.size_bytes,
        notes: entry.notes.unwrap_or_default(),
        protected: entry.protected,
    })
}

/// The backups on a storage, of one guest or all.
///
/// # Errors
/// The storage is out of reach.
pub fn list(site: &Site, around: Surroundings<'_>, id: &str, vmid: Option<u32>) -> Result<Vec<Entry>, String> {
    // A server that is down is found out by listing: that is the error which callers see.
    let storage = disks::activated(&site.pve, &site.node, id)?;
    let entries = match storage.kind {
        StorageKind::Dir => folder::list(&site.node, &zone_of(site), id, storage),
        StorageKind::Pbs => Plugin::of(site, id, &storage.options).list(around, vmid)?,
        StorageKind::LvmThin => Vec::new(),
    };
    Ok(entries.into_iter().filter(|entry| vmid.is_none_or(|vmid| entry.vmid == Some(vmid))).collect())
}

/// One backup.
///
/// # Errors
/// It is not there, or its storage is out of reach.
pub fn get(site: &Site, around: Surroundings<'_>, volid: &str) -> Result<Entry, String> {
    let (id, name) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    activate(site, around, id)?;
    let storage = find(site, id)?;
    let missing = || format!("volume_size_info on '{volid}' failed - no such volume");
    match storage.kind {
        StorageKind::Dir => {
            let file = name.strip_prefix("backup/").ok_or_else(missing)?;
            folder::entry(&site.node, &zone_of(site), id, &folder::dump_folder(storage), file).ok_or_else(missing)
        }
        StorageKind::Pbs | StorageKind::LvmThin => Err(missing()),
    }
}

/// Writes a backup's notes.
///
/// # Errors
/// It is not there, or its storage is out of reach.
pub fn set_notes(site: &mut Site, around: Surroundings<'_>, volid: &str, text: &str) -> Result<(), String> {
    if let Some((plugin, name)) = on_server(site, volid)? {
        return plugin.set_notes(around, &name, text);
    }
    get(site, around, volid)?;
    let path = format!("{}.notes", path_of(site, volid)?);
    if text.is_empty() {
        site.node.files.remove(&path);
    } else {
        site.node.files.create(&path, 0o644, "root", text);
    }
    Ok(())
}

/// Protects a backup, or no longer.
///
/// # Errors
/// There would be too many, it is not there, or its storage is out of reach.
pub fn set_protected(
    site: &mut Site,
    around: Surroundings<'_>,
    caller: &Caller,
    volid: &str,
    protected: bool,
) -> Result<(), String> {
    let (id, _) = parse_volid(volid).unwrap_or_default();
    if let Some((plugin, name)) = on_server(site, volid)? {
        if protected && !plugin.protected(around, &name)? {
            check_protected_limit(site, around, caller, id, name.vmid())?;
        }
        return plugin.set_protected(around, &name, protected);
    }
    let entry = get(site, around, volid)?;
    if entry.protected == protected {
        return Ok(());
    }
    if protected {
        check_protected_limit(site, around, caller, id, entry.vmid)?;
    }
    let path = format!("{}.protected", path_of(site, volid)?);
    if protected {
        site.node.files.create(&path, 0o644, "root", "");
    } else {
        site.node.files.remove(&path);
    }
    Ok(())
}

/// Removes a backup.
///
/// # Errors
/// It is protected, not there, or its storage is out of reach.
pub fn remove(site: &mut Site, around: Surroundings<'_>, volid: &str) -> Result<(), String> {
    let (id, _) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    activate(site, around, id)?;
    if let Some((plugin, name)) = on_server(site, volid)? {
        return plugin.remove(around, &name);
    }
    let path = path_of(site, volid)?;
    if site.node.files.exists(&format!("{path}.protected")) {
        return Err(format!("can't remove protected volume '{volid}'"));
    }
    folder::remove(&mut site.node, &path)?;
    folder::collect(&mut site.pve, &site.node);
    Ok(())
}

/// Marks backups by a retention, and removes what it does not cover unless this is only a trial.
///
/// # Errors
/// The storage is out of reach, or something could not be removed.
pub fn prune(
    site: &mut Site,
    around: Surroundings<'_>,
    id: &str,
    keep: &Keep,
    which: Which<'_>,
    trial: bool,
    say: &mut dyn FnMut(Level, String),
) -> Result<Vec<Pruned>, String> {
    activate(site, around, id)?;
    let storage = find(site, id)?;
    if storage.kind == StorageKind::Pbs {
        return Plugin::of(site, id, &storage.options).prune(around, keep, which, trial, say);
    }
    let zone = zone_of(site);
    let entries: Vec<Entry> = list(site, around, id, which.vmid)?
        .into_iter()
        .filter(|one| which.kind.is_none_or(|kind| one.subtype.unwrap_or("unknown") == kind))
        .collect();
    let mut pruned: Vec<Pruned> = entries
        .iter()
        .map(|entry| Pruned {
            volid: entry.volid.clone(),
            made_s: entry.made_s,
            vmid: entry.vmid,
            kind: entry.subtype.unwrap_or("unknown"),
            mark: match (entry.protected, entry.standard_name) {
                (true, _) => Mark::Protected,
                (false, false) => Mark::Renamed,
                (false, true) => Mark::Keep,
            },
        })
        .collect();
    let mut groups: Vec<(&'static str, Option<u32>)> = pruned.iter().map(|one| (one.kind, one.vmid)).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let members: Vec<usize> = (0..pruned.len())
            .filter(|at| (pruned[*at].kind, pruned[*at].vmid) == group && pruned[*at].mark == Mark::Keep)
            .collect();
        let moments: Vec<i64> = members.iter().map(|at| pruned[*at].made_s).collect();
        for (at, mark) in members.into_iter().zip(keep.mark(&moments, &zone)) {
            pruned[at].mark = mark;
        }
    }
    if trial {
        return Ok(pruned);
    }
    let mut failed = false;
    for one in pruned.iter().filter(|one| one.mark == Mark::Remove) {
        say(Level::Info, format!("removing backup '{}'", one.volid));
        if let Err(error) = remove(site, around, &one.volid) {
            say(Level::Error, format!("error when removing backup '{}' - {error}", one.volid));
            failed = true;
        }
    }
    if failed { Err("error pruning backups - check log".to_owned()) } else { Ok(pruned) }
}

/// The saved configuration of a backup.
///
/// # Errors
/// It is not there, damaged, or its storage is out of reach.
pub fn saved_config(site: &Site, around: Surroundings<'_>, volid: &str) -> Result<String, String> {
    let (id, _) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    activate(site, around, id)?;
    if let Some((plugin, name)) = on_server(site, volid)? {
        return plugin.config(around, &name);
    }
    let path = path_of(site, volid)?;
    let text = site.node.files.read(&path).ok_or_else(|| format!("archive '{path}' does not exist"))?;
    folder::read(text)
        .map(|archive| archive.config)
        .ok_or_else(|| format!("command 'zstd -q -d -c {path} | vma config -' failed: exit code 1"))
}

/// The plugin and the name of a backup that is on a backup server; `None` for one in a folder.
///
/// # Errors
/// There is no such storage, or the name is not that of a snapshot.
pub fn on_server<'a>(site: &'a Site, volid: &'a str) -> Result<Option<(Plugin<'a>, VolumeName)>, String> {
    let (id, name) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    let storage = find(site, id)?;
    if storage.kind != StorageKind::Pbs {
        return Ok(None);
    }
    Ok(Some((Plugin::of(site, id, &storage.options), VolumeName::parse(name)?)))
}

/// The path of an archive in a folder.
///
/// # Errors
/// Its storage has no folder.
pub fn path_of(site: &Site, volid: &str) -> Result<String, String> {
    let (id, name) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    let storage = find(site, id)?;
    let file = name.strip_prefix("backup/").unwrap_or(name);
    match storage.kind {
        StorageKind::Dir => Ok(format!("{}/{file}", folder::dump_folder(storage))),
        StorageKind::Pbs | StorageKind::LvmThin => Err(format!("storage '{id}' has no folder")),
    }
}

/// The guest that a backup is of, from its name.
pub fn owner_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("backup/")?;
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        [file] => folder::Name::parse(file)?.vmid,
        ["vm" | "ct", id, _] => id.parse().ok(),
        _ => None,
    }
}

fn check_protected_limit(
    site: &Site,
    around: Surroundings<'_>,
    caller: &Caller,
    id: &str,
    vmid: Option<u32>,
) -> Result<(), String> {
    let option = site.pve.storages.get(id).and_then(|storage| storage.option("max-protected-backups"));
    let Some(max) = protected_limit(&site.pve.access, caller, option, id) else { return Ok(()) };
    let there = list(site, around, id, vmid)?.iter().filter(|one| one.protected).count();
    if i64::try_from(there).unwrap_or(i64::MAX) >= max {
        return Err(format!("The number of protected backups per guest is limited to {max} on storage '{id}'"));
    }
    Ok(())
}

fn find<'a>(site: &'a Site, id: &str) -> Result<&'a Storage, String> {
    site.pve.storages.get(id).ok_or_else(|| format!("storage '{id}' does not exist"))
}
