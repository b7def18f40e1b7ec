//! Changing a VM's configuration: at once (PUT) or as the task `qmconfig` (POST).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Ending, SECOND_US, disks, power};
use crate::pve::call::Refusal;
use crate::pve::hotplug;
use crate::pve::state::property::{self, Properties};
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, Vm, drive, vm};
use crate::pve::{boot, cloudinit, memory, network, tags};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// Changes to a configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Configure {
    /// Of which VM.
    pub vmid: u32,
    /// New values.
    pub set: BTreeMap<String, String>,
    /// Options to be removed.
    pub delete: Vec<String>,
    /// Pending changes to be taken back.
    pub revert: Vec<String>,
    /// Destroy what is on a removed disk.
    pub force: bool,
    /// Only if the configuration still has this digest.
    pub digest: Option<String>,
    /// Root may pass over a lock.
    pub skip_lock: bool,
}

impl Configure {
    /// Changes with new disks take longer.
    pub fn duration_us(&self) -> u64 {
        if self.set.keys().any(|key| drive::is_drive(key)) { 5 * SECOND_US } else { SECOND_US }
    }

    /// The change as a task.
    ///
    /// # Errors
    /// As [`Configure::apply`], in one line.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        self.apply(site, around, log).map_err(super::refusal_text)?;
        Ok(0)
    }

    /// Checks that can be made before anything changes.
    ///
    /// # Errors
    /// 500: no such VM, digest mismatch, locked.
    pub fn check(&self, site: &Site) -> Result<(), Refusal> {
        let vm =
            site.pve.vms.get(&self.vmid).ok_or_else(|| Refusal::died(super::no_such_vm(&site.pve.node, self.vmid)))?;
        if self.digest.as_ref().is_some_and(|digest| *digest != vm.digest()) {
            return Err(Refusal::died("checksum mismatch (file change by other user?)"));
        }
        if !self.skip_lock {
            super::check_lock(vm).map_err(Refusal::died)?;
        }
        let memory = self.set.get("memory").and_then(|text| text.parse().ok()).unwrap_or_else(|| vm.memory_mib());
        let balloon: u32 = self.set.get("balloon").and_then(|text| text.parse().ok()).unwrap_or_default();
        if balloon > memory {
            return Err(Refusal::died("balloon value too large (must be smaller than assigned memory)"));
        }
        Ok(())
    }

    /// Makes the change. What a running VM cannot take over waits for its next start.
    ///
    /// # Errors
    /// 500 in Proxmox's words; 400 when hot-plugging failed, with everything else already applied.
    pub fn apply(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Result<(), Refusal> {
        self.check(site)?;
        let mut set = self.set.clone();
        let mut delete = self.delete.clone();
        self.take_back(site, &mut set, &mut delete)?;
        for key in &delete {
            self.remove(site, key, log)?;
        }
        for (key, value) in &set {
            self.change(site, around, &delete, key, value, log)?;
        }
        let vm = self.vm(site)?;
        vm.pending.retain(|key, value| vm.config.get(key) != value.as_ref());
        if vm.running() {
            self.plug(site, around)
        } else {
            self.settle(site);
            Ok(())
        }
    }

    fn vm<'a>(&self, site: &'a mut Site) -> Result<&'a mut Vm, Refusal> {
        super::vm_mut(site, self.vmid).map_err(Refusal::died)
    }

    fn take_back(
        &self,
        site: &mut Site,
        set: &mut BTreeMap<String, String>,
        delete: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let vm = self.vm(site)?;
        for key in &self.revert {
            match vm.config.get(key) {
                Some(value) => {
                    set.insert(key.clone(), value.clone());
                }
                None if vm.pending.contains_key(key) => delete.push(key.clone()),
                None => {}
            }
        }
        Ok(())
    }

    fn remove(&self, site: &mut Site, key: &str, log: &mut Vec<String>) -> Result<(), Refusal> {
        let vm = self.vm(site)?;
        let pending = vm.pending.remove(key).flatten();
        let Some(value) = vm.config.get(key).cloned().or(pending) else {
            log.push(format!("cannot delete '{key}' - not set in current configuration!"));
            return Ok(());
        };
        let protected = vm.flag("protection");
        if drive::is_unused(key) {
            let volid = Drive::parse(&value).file().to_owned();
            if protected {
                return Err(Refusal::died(format!("can't remove unused disk '{volid}' - protection mode enabled")));
            }
            vm.config.remove(key);
            disks::free(&mut site.pve, &volid);
            return Ok(());
        }
        if drive::is_drive(key) && protected {
            return Err(Refusal::died(format!("can't remove drive '{key}' - protection mode enabled")));
        }
        if key == "tags" {
            vm.config.remove(key);
            return Ok(());
        }
        leave_boot_order(vm, key);
        if vm.config.contains_key(key) {
            vm.pending.insert(key.to_owned(), None);
        }
        Ok(())
    }

    fn change(
        &self,
        site: &mut Site,
        around: Surroundings<'_>,
        delete: &[String],
        key: &str,
        value: &str,
        log: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let vm = self.vm(site)?;
        let value = match key {
            _ if drive::is_drive(key) => {
                let config = vm.merged();
                let target = disks::Target { vmid: self.vmid, config: &config, default_storage: None, now: around.now };
                let wanted = BTreeMap::from([(key.to_owned(), value.to_owned())]);
                let made = disks::make(&mut site.pve, &site.node, target, &wanted, log).map_err(Refusal::died)?;
                made.options.get(key).cloned().unwrap_or_else(|| value.to_owned())
            }
            "tags" => tags::unique(value),
            "cipassword" => hashed(value, around, &site.id, self.vmid),
            "boot" => {
                let vm = self.vm(site)?;
                let boot = Properties::parse(value, "legacy");
                let order = boot.get("order").map(property::list).unwrap_or_default();
                let merged = vm.merged();
                for device in &order {
                    let exists = merged.contains_key(device) || self.set.contains_key(device);
                    if !exists || delete.contains(device) {
                        return Err(Refusal::died(format!("invalid bootorder: device '{device}' does not exist'")));
                    }
                }
                if order.is_empty() { value.to_owned() } else { format!("order={}", order.join(";")) }
            }
            _ if network::is_card(key) => {
                let mut card = network::Card::parse(value);
                if card.mac.is_empty() {
                    let id = self.vmid.to_string();
                    card.mac = Key::new(around.seed, &[&site.id, "vm", &id, key, "config"])
                        .mac(site.pve.datacenter.mac_prefix());
                }
                card.print()
            }
            "vmgenid" if value == "1" => {
                let (id, now) = (self.vmid.to_string(), around.now.0.to_string());
                Key::new(around.seed, &[&site.id, "vm", &id, "vmgenid", &now]).uuid()
            }
            _ => value.to_owned(),
        };
        self.vm(site)?.pending.insert(key.to_owned(), Some(value));
        Ok(())
    }

    /// A running VM takes over what can be plugged; the rest goes on waiting.
    fn plug(&self, site: &mut Site, around: Surroundings<'_>) -> Result<(), Refusal> {
        let vm = self.vm(site)?;
        let mut errors = BTreeMap::new();
        // What may be plugged is decided by what `hotplug` was before this change.
        let writes_drive = hotplug::has_feature(vm, "cloudinit") && vm.cloudinit_drive().is_some();
        let ready: Vec<String> = vm.pending.keys().filter(|key| hotplug::possible(vm, key)).cloned().collect();
        for key in ready {
            let vm = self.vm(site)?;
            if let Some(problem) = hotplug::problem(vm, &key) {
                errors.insert(key.clone(), format!("hotplug problem - {problem}"));
                continue;
            }
            let value = vm.pending.remove(&key).flatten();
            if key == "memory" {
                self.plug_memory(site, around, value);
            } else {
                self.set_option(site, &key, value);
            }
        }
        if writes_drive && !self.vm(site)?.on_cloudinit_drive.is_empty() {
            boot::write_cloudinit_drive(site, self.vmid, around).map_err(Refusal::died)?;
        }
        if errors.is_empty() { Ok(()) } else { Err(Refusal::Params(errors)) }
    }

    /// More memory for the running guest; what that is too much for, the node's kernel kills.
    fn plug_memory(&self, site: &mut Site, around: Surroundings<'_>, value: Option<String>) {
        let wanted = value.map(|text| BTreeMap::from([("memory".to_owned(), text)])).unwrap_or_default();
        let plugged_mib = hotplug::in_modules_mib(vm::memory_mib(&wanted));
        self.set_option(site, "memory", Some(plugged_mib.to_string()));
        if let Some(guest) = site.guest_mut(self.vmid) {
            guest.memory_mib = plugged_mib;
        }
        memory::kill_when_exhausted(site, around);
    }

    /// A stopped VM takes over everything.
    fn settle(&self, site: &mut Site) {
        let pending = site.pve.vms.get_mut(&self.vmid).map(|vm| std::mem::take(&mut vm.pending)).unwrap_or_default();
        for (key, value) in pending {
            self.set_option(site, &key, value);
        }
        if let Some(vm) = site.pve.vms.get_mut(&self.vmid) {
            power::apply_pending(vm);
        }
    }

    /// Writes one option; the disk that stood there before becomes `unusedN`, or is destroyed when that is forced.
    fn set_option(&self, site: &mut Site, key: &str, value: Option<String>) {
        let Some(vm) = site.pve.vms.get_mut(&self.vmid) else { return };
        let before = match &value {
            Some(value) => vm.config.insert(key.to_owned(), value.clone()),
            None => vm.config.remove(key),
        };
        if vm.running() {
            cloudinit::note_change(vm, key, before.as_deref());
        }
        if network::is_card(key) {
            boot::plug_in(site, self.vmid);
            return;
        }
        let Some(old) = before.map(|text| Drive::parse(&text)).filter(|_| drive::is_drive(key)) else { return };
        let replaced = value.is_none_or(|value| Drive::parse(&value).file() != old.file());
        if !replaced || parse_volid(old.file()).is_none() {
            return;
        }
        if old.is_cloudinit() || self.force && !old.is_cdrom() {
            disks::free(&mut site.pve, old.file());
        } else if !old.is_cdrom() {
            let unused = vm.free_unused_key();
            vm.config.insert(unused, old.file().to_owned());
        }
    }
}

/// Takes a device out of the boot order.
fn leave_boot_order(vm: &mut Vm, key: &str) {
    let Some(boot) = vm.merged().get("boot").map(|text| Properties::parse(text, "legacy")) else { return };
    let order = boot.get("order").map(property::list).unwrap_or_default();
    if order.iter().any(|device| device == key) {
        let left: Vec<_> = order.into_iter().filter(|device| device != key).collect();
        vm.pending.insert("boot".to_owned(), Some(format!("order={}", left.join(";"))));
    }
}

/// A password as a configuration update stores it. The real server uses SHA-crypt; here the form is the same but
/// the digest is the lab's own, because nobody logs in with it.
fn hashed(password: &str, around: Surroundings<'_>, site: &str, vmid: u32) -> String {
    if ["$1$", "$5$", "$6$", "$2a$", "$2y$"].iter().any(|prefix| password.starts_with(prefix)) {
        return password.to_owned();
    }
    let salt = &hex::encode(Key::new(around.seed, &[site, "vm", &vmid.to_string(), "cipassword"]).bytes())[..8];
    format!("$5${salt}${}", hex::encode(Sha256::digest(format!("{salt}{password}").as_bytes())))
}
