//! `qmrestore`: a VM comes back from a backup, its guest as it was then.
//!
//! When it fails the id stays taken: by the old configuration when nothing was touched yet, else by a stub without
//! disks; what a file archive had written of disks is left behind (sheet Proxmox, section 10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SECOND_US, Step, Work, disks, power, template};
use crate::pve::backups::capture::OnDisk;
use crate::pve::backups::config::{self, Mapped, Saved};
use crate::pve::backups::{self, source};
use crate::pve::call::Caller;
use crate::pve::network::{self, Card};
use crate::pve::state::property::Properties;
use crate::pve::state::storage::parse_volid;
use crate::pve::state::{Drive, Storage, Vm, Volume, drive};
use crate::pve::tasks;
use crate::world::keyed::Key;
use crate::world::{Moment, Site, Surroundings};

/// Size of a cloud-init drive.
const CLOUDINIT_BYTES: u64 = 4 * 1024 * 1024;
/// A restore takes at least so long.
const SHORTEST_US: u64 = 3 * SECOND_US;

/// A backup to be restored. Its id is taken, and locked with `create`, from the moment the task starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restore {
    vmid: u32,
    archive: String,
    options: Options,
    phase: Phase,
}

/// How it is restored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Options {
    /// Where all disks go; each to its own storage when absent.
    pub storage: Option<String>,
    /// Pool to join.
    pub pool: Option<String>,
    /// Give it new hardware addresses and a new machine identity.
    pub unique: bool,
    /// Start it afterwards.
    pub start: bool,
    /// Start it at once and fetch meanwhile.
    pub live: bool,
    /// KiB per second at most; `None` takes the storage's or the datacenter's limit, 0 is no limit.
    pub bwlimit_kib: Option<u64>,
    /// Options instead of those of the backup.
    pub overrides: BTreeMap<String, String>,
    /// Who asked.
    pub owner: Caller,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Phase {
    New,
    /// Disks are there and being filled.
    Fetching {
        /// Volumes by drive.
        made: BTreeMap<String, String>,
        /// Whether the archive is a file.
        is_file: bool,
    },
}

impl Restore {
    /// Work that has not begun.
    pub fn new(vmid: u32, archive: String, options: Options) -> Restore {
        Restore { vmid, archive, options, phase: Phase::New }
    }

    /// Whether disks are being filled.
    pub fn has_begun(&self) -> bool {
        matches!(self.phase, Phase::Fetching { .. })
    }

    /// What comes next.
    pub fn step(mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        let result = match &self.phase {
            Phase::New => self.begin(site, around, log).map(Some),
            Phase::Fetching { .. } => self.finish(site, around, log).map(|()| None),
        };
        match result {
            Ok(Some(due)) => Step::Again(Box::new(Work::Restore(self)), due),
            Ok(None) => Step::Ended(Ok(0)),
            Err(error) => Step::Ended(Err(self.abandon(site, &error, log))),
        }
    }

    /// Gives up: the answer is the task's error.
    pub fn abandon(self, site: &mut Site, why: &str, log: &mut Vec<String>) -> String {
        let why = if why == "received interrupt" { "interrupted by signal" } else { why };
        if let Phase::Fetching { made, is_file: false } = &self.phase {
            for volid in made.values() {
                disks::free(&mut site.pve, volid);
                log.push(format!("temporary volume '{volid}' successfully removed"));
            }
        }
        if let Some(vm) = site.pve.vms.get_mut(&self.vmid) {
            vm.config.remove("lock");
        }
        log.push(format!(
            "error before or during data restore, some or all disks were not completely restored. VM {} state is NOT \
             cleaned up.",
            self.vmid
        ));
        why.to_owned()
    }

    fn begin(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Result<Moment, String> {
        let vmid = self.vmid;
        let old = super::vm_mut(site, vmid)?.clone();
        if old.flag("protection") {
            return Err(format!("unable to restore VM {vmid} - - protection mode enabled"));
        }
        if old.running() {
            return Err(format!("unable to restore VM {vmid} - vm is running"));
        }
        match backups::saved_config(site, around, &self.archive) {
            Ok(text) => self.check_bridges(site, &self.merged(config::parse(&text).options))?,
            Err(error) => {
                log.push(format!("Could not extract backed up config: {error}"));
                log.push("Skipping early checks!".to_owned());
            }
        }
        let opened = source::open(site, around, &self.archive, log)?;
        if opened.is_file && self.options.live {
            return Err("live-restore is only compatible with backup images from a Proxmox Backup Server".to_owned());
        }
        if let Some(firewall) = opened.firewall.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
            super::vm_mut(site, vmid)?.firewall = firewall;
        }
        let saved = config::parse(&opened.config);
        let wanted = self.wanted(site, &saved, &opened)?;
        // From here on the old VM is gone, whatever comes of the restore.
        self.make_way(site, around, &old, &wanted);
        let mut made = BTreeMap::new();
        for (key, disk) in &wanted {
            let volid = allocate(site, around, vmid, disk).inspect_err(|_| {
                self.phase = Phase::Fetching { made: made.clone(), is_file: opened.is_file };
            })?;
            log.push(format!("new volume ID is '{volid}'"));
            made.insert(key.clone(), volid);
        }
        let total_bytes: u64 = wanted.values().map(|disk| disk.size_bytes).sum();
        let duration_us = opened.fetch_us.max(self.limited_us(site, total_bytes)).max(SHORTEST_US);
        self.phase = Phase::Fetching { made, is_file: opened.is_file };
        Ok(around.now.plus_us(duration_us))
    }

    /// The disks that are to be made, by drive.
    fn wanted(&self, site: &Site, saved: &Saved, opened: &source::Opened) -> Result<BTreeMap<String, Wanted>, String> {
        let mut wanted = BTreeMap::new();
        for Mapped { key, device, storage, format } in &saved.disks {
            let size_bytes =
                *opened.disks.get(device).ok_or_else(|| format!("archive does not contain data for drive '{key}'"))?;
            let storage = self.target(site, storage)?;
            let format = if format.is_empty() { "raw" } else { format.as_str() };
            wanted.insert(key.clone(), Wanted { storage, format: format.to_owned(), size_bytes, is_cloudinit: false });
        }
        for (key, value) in saved.options.iter().filter(|(key, _)| drive::is_drive(key)) {
            let drive = Drive::parse(value);
            if drive.is_cloudinit() {
                let own = parse_volid(drive.file()).map_or("", |(storage, _)| storage);
                let storage = self.target(site, own)?;
                let format = "qcow2".to_owned();
                wanted.insert(key.clone(), Wanted { storage, format, size_bytes: CLOUDINIT_BYTES, is_cloudinit: true });
            }
        }
        Ok(wanted)
    }

    /// The storage for a disk that came from this one.
    fn target(&self, site: &Site, own: &str) -> Result<String, String> {
        let own = if own.is_empty() { "local" } else { own };
        let id = self.options.storage.as_deref().unwrap_or(own);
        let storage: &Storage = site.pve.storages.get(id).ok_or_else(|| format!("storage '{id}' does not exist"))?;
        if !storage.carries("images") {
            return Err(format!("Content type 'images' is not available on storage '{id}'"));
        }
        let path = format!("/storage/{id}");
        let caller = &self.options.owner;
        if !caller.is_root() && !site.pve.access.allowed(caller, &path, &["Datastore.AllocateSpace"]) {
            return Err(format!("403 Permission check failed ({path}, Datastore.AllocateSpace)"));
        }
        Ok(id.to_owned())
    }

    /// Frees the disks that are about to be replaced and writes the stub; snapshots are gone with it.
    fn make_way(&self, site: &mut Site, around: Surroundings<'_>, old: &Vm, wanted: &BTreeMap<String, Wanted>) {
        for (key, drive) in old.drives() {
            let own = disks::volume(&site.pve, drive.file()).is_some_and(|volume| volume.owner == Some(self.vmid));
            if own && (wanted.contains_key(&key) || drive.is_cloudinit()) {
                disks::free(&mut site.pve, drive.file());
            }
        }
        let stub = [("memory", "128"), ("lock", "create")];
        let config = stub.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let firewall = site.pve.vms.get(&self.vmid).map(|vm| vm.firewall.clone()).unwrap_or_default();
        let created = old.created;
        let vm = Vm { config, firewall, created, changed: around.now, ..Vm::default() };
        site.pve.vms.insert(self.vmid, vm);
    }

    fn finish(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Result<(), String> {
        let Phase::Fetching { made, .. } = self.phase.clone() else { return Ok(()) };
        let opened = source::open(site, around, &self.archive, &mut Vec::new())?;
        let saved = config::parse(&opened.config);
        let mut guest = None;
        for Mapped { key, device, .. } in &saved.disks {
            let Some(volid) = made.get(key) else { continue };
            let target = disk_path(site, volid);
            let on_disk = source::fetch(site, around, &self.archive, device, &target, log)?;
            let OnDisk { used_bytes, image, guest: found } = on_disk;
            let (storage, _) = parse_volid(volid).unwrap_or_default();
            if used_bytes > site.pve.free_bytes(&site.node, storage) {
                return Err(format!("vma_restore: write error on '{volid}' - No space left on device"));
            }
            if let Some(volume) = disks::volume_mut(&mut site.pve, volid) {
                (volume.used_bytes, volume.image) = (used_bytes, image);
            }
            guest = guest.or(found);
        }
        let mut options = self.updated(site, around, saved.options, &made);
        options.extend(self.options.overrides.clone());
        self.check_bridges(site, &options)?;
        let is_template = options.remove("template").is_some_and(|text| text == "1");
        let vm = super::vm_mut(site, self.vmid)?;
        (vm.config, vm.guest, vm.changed) = (options, guest, around.now);
        self.name_unused(site, log);
        if let Some(pool) = &self.options.pool {
            site.pve.access.join_pool(pool, self.vmid).map_err(super::refusal_text)?;
        }
        if is_template {
            log.push("Convert to template.".to_owned());
            if let Err(error) = (template::Template { vmid: self.vmid }).run(site) {
                log.push(error);
            }
        }
        if self.options.start {
            log.push("Execute autostart".to_owned());
            let start = power::Power::new(self.vmid, power::PowerAction::Start);
            let owner = self.options.owner.full_id();
            tasks::start(site, around, &owner, "qmstart", &self.vmid.to_string(), Work::Power(start));
        }
        Ok(())
    }

    /// The saved options with the new volumes, and with what must not be the same in two VMs.
    fn updated(
        &self,
        site: &Site,
        around: Surroundings<'_>,
        saved: BTreeMap<String, String>,
        made: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let (id, now) = (self.vmid.to_string(), around.now.0.to_string());
        let key_of = |what: &str| Key::new(around.seed, &[&site.id, "vm", &id, what, "restore", &now]);
        let mut options = BTreeMap::new();
        for (key, value) in saved {
            let value = if let Some(volid) = made.get(&key) {
                let mut parsed = Drive::parse(&value);
                parsed.0.rest.remove("format");
                parsed.0.first.clone_from(volid);
                if let Some(volume) = disks::volume(&site.pve, volid).filter(|_| !parsed.is_cdrom()) {
                    parsed.set_size(volume.size_bytes);
                }
                parsed.0.print()
            } else if self.options.unique && network::is_card(&key) {
                let mut card = Card::parse(&value);
                card.mac = key_of(&key).mac(site.pve.datacenter.mac_prefix());
                card.print()
            } else if self.options.unique && key == "smbios1" {
                let mut smbios = Properties::parse(&value, "");
                smbios.rest.insert("uuid".to_owned(), key_of("smbios1").uuid());
                smbios.print()
            } else if key == "vmgenid" && value != "0" {
                key_of("vmgenid").uuid()
            } else {
                value
            };
            options.insert(key, value);
        }
        options
    }

    /// Volumes of this VM that no option names become unused disks.
    fn name_unused(&self, site: &mut Site, log: &mut Vec<String>) {
        let Some(vm) = site.pve.vms.get(&self.vmid) else { return };
        let named: Vec<String> = vm.config.values().map(|value| Drive::parse(value).file().to_owned()).collect();
        let stray: Vec<String> = site
            .pve
            .storages
            .iter()
            .flat_map(|(id, storage)| {
                storage.volumes.iter().map(move |(name, volume)| (format!("{id}:{name}"), volume))
            })
            .filter(|(volid, volume)| {
                volume.content == "images" && volume.owner == Some(self.vmid) && !named.contains(volid)
            })
            .map(|(volid, _)| volid)
            .collect();
        for volid in stray {
            let Some(vm) = site.pve.vms.get_mut(&self.vmid) else { return };
            let key = vm.free_unused_key();
            log.push(format!("VM {} add unreferenced volume '{volid}' as '{key}' to config", self.vmid));
            vm.config.insert(key, volid);
        }
    }

    fn merged(&self, mut options: BTreeMap<String, String>) -> BTreeMap<String, String> {
        options.extend(self.options.overrides.clone());
        options
    }

    fn check_bridges(&self, site: &Site, options: &BTreeMap<String, String>) -> Result<(), String> {
        for (_, value) in options.iter().filter(|(key, _)| network::is_card(key)) {
            let card = Card::parse(value);
            let Some(bridge) = card.bridge() else { continue };
            let vlan = card.vlan().map(|vlan| format!("/{vlan}")).unwrap_or_default();
            let path = format!("/sdn/zones/localnetwork/{bridge}{vlan}");
            if !site.pve.access.allowed(&self.options.owner, &path, &["SDN.Use"]) {
                return Err(format!("403 Permission check failed ({path}, SDN.Use)"));
            }
        }
        Ok(())
    }

    /// How long the limit lets it take: of the request, else the strictest of the storages and the datacenter.
    fn limited_us(&self, site: &Site, bytes: u64) -> u64 {
        let restore = |text: &str| {
            let limits = Properties::parse(text, "");
            limits.get("restore").or(limits.get("default"))?.parse::<u64>().ok()
        };
        let source = parse_volid(&self.archive).map_or("", |(storage, _)| storage);
        let involved = [Some(source), self.options.storage.as_deref()].into_iter().flatten();
        let set = involved
            .filter_map(|id| restore(site.pve.storages.get(id)?.option("bwlimit")?))
            .chain(site.pve.datacenter.0.get("bwlimit").and_then(|text| restore(text)))
            .filter(|limit| *limit > 0)
            .min();
        let limit_kib = self.options.bwlimit_kib.or(set).filter(|limit| *limit > 0);
        limit_kib.map_or(0, |limit| {
            u64::try_from(u128::from(bytes) * u128::from(SECOND_US) / (u128::from(limit) * 1024)).unwrap_or(u64::MAX)
        })
    }
}

/// The path of a disk, as logs show it.
fn disk_path(site: &Site, volid: &str) -> String {
    let (storage, name) = parse_volid(volid).unwrap_or_default();
    let place = site.pve.storages.get(storage);
    match place.and_then(Storage::path) {
        Some(path) => format!("{path}/images/{name}"),
        None => format!("/dev/{}/{name}", place.and_then(|place| place.option("vgname")).unwrap_or("pve")),
    }
}

/// A disk to be made.
struct Wanted {
    storage: String,
    format: String,
    size_bytes: u64,
    is_cloudinit: bool,
}

fn allocate(site: &mut Site, around: Surroundings<'_>, vmid: u32, disk: &Wanted) -> Result<String, String> {
    let place = disks::activated(&site.pve, &site.node, &disk.storage)?;
    let format = if place.path().is_some() { disk.format.clone() } else { "raw".to_owned() };
    let name = if disk.is_cloudinit {
        place.volume_name(vmid, &format!("vm-{vmid}-cloudinit"), &format)
    } else {
        place.free_disk_name(vmid, &format)
    };
    let volume = Volume {
        content: "images".to_owned(),
        format,
        size_bytes: disk.size_bytes,
        used_bytes: 0,
        owner: Some(vmid),
        created: around.now,
        image: None,
        parent: None,
        notes: None,
        protected: false,
    };
    disks::allocate(&mut site.pve, &site.node, &disk.storage, &name, volume)
}
