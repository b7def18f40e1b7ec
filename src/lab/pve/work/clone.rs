//! `qmclone`: a new VM from a template, another VM or a snapshot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Ending, SECOND_US, disks};
use crate::os::Machine;
use crate::os::boot::on_disk;
use crate::pve::state::property::Properties;
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, Vm, Volume, drive};
use crate::world::keyed::Key;
use crate::world::{Moment, Site, Surroundings};

/// Options that belong to the source and its snapshots only.
const NOT_COPIED: [&str; 8] =
    ["parent", "snaptime", "vmstate", "snapstate", "runningcpu", "runningmachine", "template", "lock"];

/// A VM to be cloned. The new one is there, locked with `clone`, from the moment the task starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Clone {
    /// The VM that is copied.
    pub source: u32,
    /// The new id.
    pub vmid: u32,
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The snapshot that is copied instead of the present state.
    pub snapshot: Option<String>,
    /// Whether disks are copied whole.
    pub full: bool,
    /// Where full copies go.
    pub storage: Option<String>,
    /// Their format.
    pub format: Option<String>,
    /// Pool to join.
    pub pool: Option<String>,
}

impl Clone {
    /// A linked clone is quick, a full one copies: about a second per GiB.
    pub fn duration_us(&self, site: &Site) -> u64 {
        let disks = site.pve.vms.get(&self.source).map(Vm::drives).unwrap_or_default();
        let bytes: u64 = disks.iter().filter_map(|(_, drive)| drive.size()).sum();
        let gib = bytes / crate::pve::state::bytes::GIB;
        if self.full { (3 + gib) * SECOND_US } else { 2 * SECOND_US }
    }

    /// Copies configuration, disks and firewall.
    ///
    /// # Errors
    /// "clone failed: ..."; the new VM and its disks are gone again.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        log.push(format!("creating a clone of VM {} with ID {}", self.source, self.vmid));
        match self.copy(site, around) {
            Ok(vm) => {
                site.pve.vms.insert(self.vmid, vm);
                if let Some(pool) = &self.pool {
                    site.pve.access.join_pool(pool, self.vmid).map_err(super::refusal_text)?;
                }
                Ok(0)
            }
            Err(error) => Err(self.abandon(site, &error)),
        }
    }

    /// Removes the stub.
    pub fn abandon(self, site: &mut Site, why: &str) -> String {
        site.pve.vms.remove(&self.vmid);
        format!("clone failed: {why}")
    }

    fn copy(&self, site: &mut Site, around: Surroundings<'_>) -> Result<Vm, String> {
        let source = super::vm_mut(site, self.source)?;
        let firewall = source.firewall.clone();
        let source_name = source.option("name").map(str::to_owned);
        let (config, guest) = self.original(source, around)?;
        let mut copy = BTreeMap::new();
        for (key, value) in &config {
            if NOT_COPIED.contains(&key.as_str()) || drive::is_unused(key) || drive::is_drive(key) {
                continue;
            }
            copy.insert(key.clone(), value.clone());
        }
        self.renew(&mut copy, site, around);
        copy.insert(
            "name".to_owned(),
            self.name
                .clone()
                .unwrap_or_else(|| format!("Copy-of-VM-{}", source_name.unwrap_or_else(|| self.source.to_string()))),
        );
        if let Some(description) = &self.description {
            copy.insert("description".to_owned(), description.clone());
        }
        copy.extend(self.copy_drives(&config, site, around.now)?);
        Ok(Vm { config: copy, guest, firewall, created: around.now, changed: around.now, ..Vm::default() })
    }

    /// The configuration and the operating system that are copied: disks, no memory.
    fn original(
        &self,
        source: &Vm,
        around: Surroundings<'_>,
    ) -> Result<(BTreeMap<String, String>, Option<Machine>), String> {
        let (config, guest, now) = match &self.snapshot {
            None => (&source.config, &source.guest, around.now),
            Some(name) => {
                let snapshot = source.snapshots.get(name).ok_or_else(|| format!("snapshot '{name}' does not exist"))?;
                (&snapshot.config, &snapshot.guest, snapshot.taken)
            }
        };
        let guest = guest.as_ref().map(|guest| on_disk(guest, Surroundings { now, ..around }));
        Ok((config.clone(), guest))
    }

    /// What must not be the same in two VMs.
    fn renew(&self, copy: &mut BTreeMap<String, String>, site: &Site, around: Surroundings<'_>) {
        let now = around.now.unix_seconds().to_string();
        let id = self.vmid.to_string();
        let uuid = |what: &str| Key::new(around.seed, &[&site.id, "vm", &id, what, &now]).uuid();
        let mut smbios = Properties::parse(copy.get("smbios1").map(String::as_str).unwrap_or_default(), "");
        smbios.rest.insert("uuid".to_owned(), uuid("smbios1"));
        copy.insert("smbios1".to_owned(), smbios.print());
        if copy.contains_key("vmgenid") {
            copy.insert("vmgenid".to_owned(), uuid("vmgenid"));
        }
        for (key, value) in copy.iter_mut().filter(|(key, _)| key.starts_with("net")) {
            let mut card = crate::pve::network::Card::parse(value);
            card.mac =
                Key::new(around.seed, &[&site.id, "vm", &id, key, "clone"]).mac(site.pve.datacenter.mac_prefix());
            *value = card.print();
        }
    }

    fn copy_drives(
        &self,
        config: &BTreeMap<String, String>,
        site: &mut Site,
        now: Moment,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut copies = BTreeMap::new();
        let mut made = Vec::new();
        for (key, value) in config.iter().filter(|(key, _)| drive::is_drive(key)) {
            let drive = Drive::parse(value);
            if drive.is_cdrom() && !drive.is_cloudinit() {
                copies.insert(key.clone(), value.clone());
                continue;
            }
            match self.copy_drive(site, drive, now) {
                Ok(copy) => {
                    made.push(copy.file().to_owned());
                    copies.insert(key.clone(), copy.0.print());
                }
                Err(error) => {
                    for volid in &made {
                        disks::free(&mut site.pve, volid);
                    }
                    return Err(error);
                }
            }
        }
        Ok(copies)
    }

    fn copy_drive(&self, site: &mut Site, mut drive: Drive, now: Moment) -> Result<Drive, String> {
        let volid = drive.file().to_owned();
        let from = disks::volume(&site.pve, &volid).ok_or_else(|| format!("volume '{volid}' does not exist"))?.clone();
        let (own_storage, base_name) = parse_volid(&volid).unwrap_or_default();
        let whole = self.full || drive.is_cloudinit();
        let storage = if whole { self.storage.as_deref().unwrap_or(own_storage) } else { own_storage };
        let place = disks::activated(&site.pve, &site.node, storage)?;
        let format = match self.format.as_deref().filter(|_| whole && place.path().is_some()) {
            Some(format) => format.to_owned(),
            None if storage == own_storage => from.format.clone(),
            None => place.default_format().to_owned(),
        };
        let name = if drive.is_cloudinit() {
            place.volume_name(self.vmid, &format!("vm-{}-cloudinit", self.vmid), &format)
        } else {
            let own = place.free_disk_name(self.vmid, &format);
            // A linked clone on a folder shows its base in its name.
            if whole || place.path().is_none() { own } else { format!("{base_name}/{own}") }
        };
        let copy = Volume {
            format,
            owner: Some(self.vmid),
            created: now,
            used_bytes: if whole { from.used_bytes } else { 0 },
            parent: (!whole).then(|| volid.clone()),
            notes: None,
            protected: false,
            ..from
        };
        let size = copy.size_bytes;
        drive.0.first = disks::allocate(&mut site.pve, &site.node, storage, &name, copy)?;
        drive.set_size(size);
        Ok(drive)
    }
}
