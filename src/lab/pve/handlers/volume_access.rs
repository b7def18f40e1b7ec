//! Who may use a volume.

use crate::pve::backups;
use crate::pve::call::{Call, Refusal};
use crate::pve::state::storage::{content_of, parse_volid};
use crate::pve::work::disks;
use crate::world::Site;

/// Checks that the caller may read a volume, on behalf of a VM when one is named.
///
/// # Errors
/// 403 with path and privilege; 500 for an absolute path unless the caller is root by ticket.
pub fn check(site: &Site, call: &Call, vmid: Option<u32>, volid: &str) -> Result<(), Refusal> {
    let access = &site.pve.access;
    let Some((storage, name)) = parse_volid(volid) else {
        if call.caller.is_root() {
            return Ok(());
        }
        return Err(Refusal::died("Only root can pass arbitrary filesystem paths."));
    };
    let path = format!("/storage/{storage}");
    super::storage::find(&site.pve, storage)?;
    if access.allowed(&call.caller, &path, &["Datastore.Allocate"]) {
        return Ok(());
    }
    match content_of(name) {
        "backup" => {
            let owner = backups::owner_of(name);
            match owner {
                // Whoever restores a guest over itself needs no more.
                Some(owner) if Some(owner) == vmid => Ok(()),
                Some(owner) => {
                    access.require(&call.caller, &path, &["Datastore.AllocateSpace"])?;
                    access.require(&call.caller, &format!("/vms/{owner}"), &["VM.Backup"])
                }
                None => access.require(&call.caller, &path, &["Datastore.Allocate"]),
            }
        }
        "images" => match owner_of(site, volid, name) {
            Some(owner) if Some(owner) == vmid => Ok(()),
            Some(owner) => {
                access.require(&call.caller, &path, &["Datastore.Audit"])?;
                access.require(&call.caller, &format!("/vms/{owner}"), &["VM.Config.Disk"])
            }
            None => access.require(&call.caller, &path, &["Datastore.Allocate"]),
        },
        _ => access.require_any(&call.caller, &path, &["Datastore.AllocateSpace", "Datastore.Audit"]),
    }
}

/// The VM that a volume belongs to, from its record or else from its name.
pub fn owner_of(site: &Site, volid: &str, name: &str) -> Option<u32> {
    let recorded = disks::volume(&site.pve, volid).and_then(|volume| volume.owner);
    let stem = name.rsplit('/').next().unwrap_or(name);
    recorded.or_else(|| stem.split('-').nth(1)?.parse().ok())
}
