//! `qmcreate`: a new VM from parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Ending, SECOND_US, Work, disks, power};
use crate::pve::state::{Vm, drive, property};
use crate::pve::{tags, tasks};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// What QEMU calls itself in a new VM's `meta`.
const QEMU_VERSION: &str = "10.1.2";

/// A VM to be made. Its stub, locked with `create`, is there from the moment the task starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Create {
    /// Its id.
    pub vmid: u32,
    /// Configuration as it was asked for, drives included.
    pub params: BTreeMap<String, String>,
    /// Storage for drives that name none.
    pub storage: Option<String>,
    /// Pool to join.
    pub pool: Option<String>,
    /// Start it afterwards.
    pub start: bool,
    /// Who asked.
    pub owner: String,
}

impl Create {
    /// Importing an image takes longer than making empty disks.
    pub fn duration_us(&self, _site: &Site) -> u64 {
        let imports = self.params.values().filter(|value| value.contains("import-from=")).count() as u64;
        (2 + 12 * imports) * SECOND_US
    }

    /// Makes the drives and writes the configuration.
    ///
    /// # Errors
    /// "unable to create VM ..."; the stub and the drives are gone again.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let target = disks::Target {
            vmid: self.vmid,
            config: &self.params,
            default_storage: self.storage.as_deref(),
            now: around.now,
        };
        let made = match disks::make(&mut site.pve, &site.node, target, &self.params, log) {
            Ok(made) => made,
            Err(error) => return Err(self.abandon(site, &error)),
        };
        let mut config = self.params.clone();
        config.extend(made.options);
        complete(&mut config, self.vmid, site, around);
        let vm = Vm { config, created: around.now, changed: around.now, ..Vm::default() };
        site.pve.vms.insert(self.vmid, vm);
        if let Some(pool) = &self.pool {
            site.pve.access.join_pool(pool, self.vmid).map_err(super::refusal_text)?;
        }
        if self.start {
            log.push("Execute autostart".to_owned());
            // Whatever becomes of the start, this task is fine (sheet Proxmox, section 5a).
            let start = power::Power::new(self.vmid, power::PowerAction::Start);
            tasks::start(site, around, &self.owner, "qmstart", &self.vmid.to_string(), Work::Power(start));
        }
        Ok(0)
    }

    /// Removes the stub.
    pub fn abandon(self, site: &mut Site, why: &str) -> String {
        site.pve.vms.remove(&self.vmid);
        format!("unable to create VM {} - {why}", self.vmid)
    }
}

/// Adds what Proxmox adds to every new configuration.
fn complete(config: &mut BTreeMap<String, String>, vmid: u32, site: &Site, around: Surroundings<'_>) {
    let now = around.now.unix_seconds().to_string();
    let id = vmid.to_string();
    let uuid = |what: &str| Key::new(around.seed, &[&site.id, "vm", &id, what, &now]).uuid();
    config.insert("meta".to_owned(), format!("creation-qemu={QEMU_VERSION},ctime={now}"));
    config.entry("smbios1".to_owned()).or_insert_with(|| format!("uuid={}", uuid("smbios1")));
    if config.get("vmgenid").is_none_or(|id| id == "1") {
        config.insert("vmgenid".to_owned(), uuid("vmgenid"));
    }
    if !config.contains_key("boot") {
        config.insert("boot".to_owned(), format!("order={}", default_boot_order(config).join(";")));
    }
    if let Some(text) = config.get("tags") {
        let unique = tags::unique(text);
        config.insert("tags".to_owned(), unique);
    }
    if let Some(boot) = config.get_mut("boot") {
        // The separator inside `order=` is a semicolon.
        *boot = boot
            .strip_prefix("order=")
            .map_or_else(|| boot.clone(), |order| format!("order={}", property::list(order).join(";")));
    }
}

/// First the first disk, then the first CD-ROM, then the first network card.
fn default_boot_order(config: &BTreeMap<String, String>) -> Vec<String> {
    let drives: Vec<_> = config
        .iter()
        .filter(|(key, _)| drive::is_drive(key) && !matches!(key.as_str(), "efidisk0" | "tpmstate0"))
        .map(|(key, value)| (key.clone(), drive::Drive::parse(value)))
        .collect();
    let disk = drives.iter().find(|(_, drive)| !drive.is_cdrom());
    let cdrom = drives.iter().find(|(_, drive)| drive.is_cdrom() && !drive.is_cloudinit());
    let card = config.keys().find(|key| crate::pve::network::is_card(key));
    disk.into_iter().chain(cdrom).map(|(key, _)| key.clone()).chain(card.cloned()).collect()
}
