//! `resize`: a disk grows.

use serde::{Deserialize, Serialize};

use super::{Ending, check_lock, disks, vm_mut};
use crate::pve::call::Caller;
use crate::pve::state::{Drive, bytes};
use crate::world::Site;

/// A disk to be grown. Everything is checked inside the task, as Proxmox does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resize {
    /// Which VM.
    pub vmid: u32,
    /// Which drive.
    pub disk: String,
    /// `40G` or `+10G`.
    pub size: String,
    /// Only if the configuration still has this digest.
    pub digest: Option<String>,
    /// Root may pass over a lock.
    pub skip_lock: bool,
    /// Who asked.
    pub user: String,
    /// With which token.
    pub token: Option<String>,
}

impl Resize {
    /// Grows the volume; the same absolute size is nothing to do.
    ///
    /// # Errors
    /// Proxmox's words.
    pub fn run(self, site: &mut Site) -> Ending {
        let vm = vm_mut(site, self.vmid)?;
        if self.digest.as_ref().is_some_and(|digest| *digest != vm.digest()) {
            return Err("checksum mismatch (file change by other user?)".to_owned());
        }
        if !self.skip_lock {
            check_lock(vm)?;
        }
        let value = vm.option(&self.disk).ok_or_else(|| format!("disk '{}' does not exist", self.disk))?;
        let mut drive = Drive::parse(value);
        if drive.is_cdrom() {
            return Err("you can't resize a cdrom".to_owned());
        }
        let volid = drive.file().to_owned();
        let storage = volid.split_once(':').map_or("", |(storage, _)| storage).to_owned();
        self.check_right(site, &storage)?;
        disks::activated(&site.pve, &site.node, &storage)?;
        let volume = disks::volume_mut(&mut site.pve, &volid)
            .ok_or_else(|| format!("Could not determine current size of volume '{volid}'"))?;
        let given = bytes::parse_size(self.size.trim_start_matches('+')).ok_or("internal error")?;
        let wanted = if self.size.starts_with('+') { volume.size_bytes + given } else { given };
        if wanted < volume.size_bytes {
            return Err("shrinking disks is not supported".to_owned());
        }
        if wanted > volume.size_bytes {
            volume.size_bytes = wanted;
            drive.set_size(wanted);
            let printed = drive.0.print();
            vm_mut(site, self.vmid)?.config.insert(self.disk, printed);
        }
        Ok(0)
    }

    fn check_right(&self, site: &Site, storage: &str) -> Result<(), String> {
        let caller = Caller { user: self.user.clone(), token: self.token.clone() };
        let path = format!("/storage/{storage}");
        site.pve.access.require(&caller, &path, &["Datastore.AllocateSpace"]).map_err(super::refusal_text)
    }
}
