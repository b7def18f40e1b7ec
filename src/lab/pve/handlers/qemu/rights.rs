//! Which privilege each option of a VM needs.

use crate::pve::call::{Call, Refusal};
use crate::pve::network::{self, Card};
use crate::pve::state::drive;
use crate::pve::{cloudinit, state};
use crate::world::Site;

const CPU: [&str; 9] = ["cores", "cpu", "runningcpu", "cpulimit", "cpuunits", "numa", "smp", "sockets", "vcpus"];
const MEMORY: [&str; 4] = ["memory", "balloon", "shares", "allow-ksm"];
const HARDWARE: [&str; 12] = [
    "acpi",
    "hotplug",
    "kvm",
    "machine",
    "runningmachine",
    "scsihw",
    "smbios1",
    "tablet",
    "vga",
    "watchdog",
    "audio0",
    "rng0",
];
const OPTIONS: [&str; 18] = [
    "agent",
    "autostart",
    "bios",
    "description",
    "keyboard",
    "localtime",
    "migrate_downtime",
    "migrate_speed",
    "name",
    "onboot",
    "ostype",
    "protection",
    "reboot",
    "startdate",
    "startup",
    "tdf",
    "template",
    "tags",
];
const DISK: [&str; 3] = ["boot", "bootdisk", "vmstatestorage"];

/// For whom a right is asked: a VM, and the pool that a new one is to join (a VM that is not a member yet is only
/// covered by the pool's entries when the pool is named).
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The VM.
    pub vmid: u32,
    /// The pool of a new VM.
    pub pool: Option<&'a str>,
}

impl Subject<'_> {
    /// Refuses a caller who lacks one of these privileges.
    ///
    /// # Errors
    /// 403 with path and privilege.
    pub fn require(self, site: &Site, call: &Call, privileges: &[&str]) -> Result<(), Refusal> {
        let access = &site.pve.access;
        if let Some(pool) = self.pool
            && access.allowed(&call.caller, &format!("/pool/{pool}"), privileges)
        {
            return Ok(());
        }
        access.require(&call.caller, &format!("/vms/{}", self.vmid), privileges)
    }

    /// Refuses a caller who lacks all of these privileges.
    ///
    /// # Errors
    /// 403 with path and privileges.
    pub fn require_any(self, site: &Site, call: &Call, privileges: &[&str]) -> Result<(), Refusal> {
        let access = &site.pve.access;
        if let Some(pool) = self.pool
            && access.allowed_any(&call.caller, &format!("/pool/{pool}"), privileges)
        {
            return Ok(());
        }
        access.require_any(&call.caller, &format!("/vms/{}", self.vmid), privileges)
    }
}

/// Refuses options that the caller may not set or remove. `value` is `None` for a removal.
///
/// # Errors
/// 403, or 500 for options that only root may set.
pub fn check_option(
    site: &Site,
    call: &Call,
    subject: Subject<'_>,
    option: &str,
    value: Option<&str>,
) -> Result<(), Refusal> {
    if call.caller.is_root() {
        return Ok(());
    }
    let only_root = |what: &str| Err(Refusal::died(format!("only root can set '{option}' config{what}")));
    if drive::is_drive(option) || option == "cdrom" {
        let drive = state::Drive::parse(value.unwrap_or_default());
        return match value {
            Some(_) if drive.is_cloudinit() => subject.require(site, call, &["VM.Config.Cloudinit", "VM.Config.CDROM"]),
            Some(_) if drive.is_cdrom() => subject.require(site, call, &["VM.Config.CDROM"]),
            _ => subject.require(site, call, &["VM.Config.Disk"]),
        };
    }
    if drive::is_unused(option) {
        return subject.require(site, call, &["VM.Config.Disk"]);
    }
    if is_numbered(option, "serial") {
        return match value {
            Some("socket") | None => subject.require(site, call, &["VM.Config.HWType"]),
            Some(_) => only_root(" for real devices"),
        };
    }
    if is_numbered(option, "usb") || is_numbered(option, "hostpci") {
        subject.require(site, call, &["VM.Config.HWType"])?;
        let real = value.is_some_and(|value| value.contains("host=") || !value.contains('='));
        return if real && value != Some("spice") { only_root(" for real devices") } else { Ok(()) };
    }
    if CPU.contains(&option) || is_numbered(option, "numa") {
        return subject.require(site, call, &["VM.Config.CPU"]);
    }
    if MEMORY.contains(&option) {
        return subject.require(site, call, &["VM.Config.Memory"]);
    }
    if HARDWARE.contains(&option) {
        return subject.require(site, call, &["VM.Config.HWType"]);
    }
    if OPTIONS.contains(&option) {
        subject.require(site, call, &["VM.Config.Options"])?;
        // The start order changes how the host behaves.
        return if option == "startup" { site.pve.access.require(&call.caller, "/", &["Sys.Modify"]) } else { Ok(()) };
    }
    if option == "freeze" {
        return subject.require(site, call, &["VM.PowerMgmt"]);
    }
    if DISK.contains(&option) {
        return subject.require(site, call, &["VM.Config.Disk"]);
    }
    if network::is_card(option) {
        return subject.require(site, call, &["VM.Config.Network"]);
    }
    if cloudinit::is_option(option) {
        return subject.require_any(site, call, &["VM.Config.Cloudinit", "VM.Config.Network"]);
    }
    only_root("")
}

/// Refuses bridges and VLANs that the caller may not use.
///
/// # Errors
/// 403 with the bridge's path.
pub fn check_bridges<'a>(
    site: &Site,
    call: &Call,
    options: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<(), Refusal> {
    for (_, value) in options.into_iter().filter(|(key, _)| network::is_card(key)) {
        let card = Card::parse(value);
        let Some(bridge) = card.bridge() else { continue };
        let vlan = card.vlan().map(|vlan| format!("/{vlan}")).unwrap_or_default();
        site.pve.access.require(&call.caller, &format!("/sdn/zones/localnetwork/{bridge}{vlan}"), &["SDN.Use"])?;
    }
    Ok(())
}

fn is_numbered(option: &str, stem: &str) -> bool {
    option
        .strip_prefix(stem)
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
