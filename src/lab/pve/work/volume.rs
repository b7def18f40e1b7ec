//! `imgdel`: a volume is removed from a storage.

use serde::{Deserialize, Serialize};

use super::{Ending, disks};
use crate::pve::backups;
use crate::pve::state::storage::content_of;
use crate::world::{Site, Surroundings};

/// A volume to be removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveVolume {
    /// Its id.
    pub volid: String,
}

impl RemoveVolume {
    /// Removes it.
    ///
    /// # Errors
    /// When it is protected, carries linked clones or is not there.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let volid = &self.volid;
        let (storage, name) = volid.split_once(':').unwrap_or_default();
        if content_of(name) == "backup" {
            backups::remove(site, around, volid)?;
            log.push(format!("Removed volume '{volid}'"));
            return Ok(0);
        }
        disks::activated(&site.pve, &site.node, storage)?;
        if let Some(volume) = disks::volume(&site.pve, volid) {
            if volume.protected {
                return Err(format!("can't remove protected volume '{volid}'"));
            }
            if disks::has_clones(&site.pve, volid) {
                return Err(format!("base volume '{name}' is still in use by linked clones"));
            }
            disks::free(&mut site.pve, volid);
            log.push(format!("Removed volume '{volid}'"));
            return Ok(0);
        }
        let path = site.pve.storages.get(storage).and_then(|place| place.path()).map(|path| format!("{path}/{name}"));
        match path {
            Some(path) if site.node.files.remove(&path) => {
                log.push(format!("Removed volume '{volid}'"));
                Ok(0)
            }
            Some(path) => Err(format!("unlink '{path}' failed: No such file or directory")),
            None => Err(format!("no such volume '{volid}'")),
        }
    }
}
