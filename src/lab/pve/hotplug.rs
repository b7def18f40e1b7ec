//! Which options a running VM takes over at once; all others wait for its next start.

use super::state::{Vm, drive};
use super::{cloudinit, network};

/// Options that concern Proxmox itself, not the running machine.
const ALWAYS: [&str; 16] = [
    "name",
    "onboot",
    "shares",
    "startup",
    "description",
    "protection",
    "vmstatestorage",
    "hookscript",
    "tags",
    "lock",
    "hotplug",
    "balloon",
    "cpulimit",
    "cpuunits",
    "autostart",
    "affinity",
];

/// Whether a running VM takes over this option with the default `hotplug` features (network, disk, usb).
pub fn possible(vm: &Vm, option: &str) -> bool {
    let features = vm.option("hotplug").unwrap_or("network,disk,usb");
    let feature = |name: &str| features == "1" || features.split(',').any(|one| one == name);
    // What goes into the cloud-init drive changes nothing for the running machine; the drive itself is another matter.
    if ALWAYS.contains(&option) || drive::is_unused(option) || cloudinit::is_option(option) {
        return true;
    }
    if network::is_card(option) {
        return feature("network");
    }
    if option.starts_with("scsi") && drive::is_drive(option) || option.starts_with("virtio") && drive::is_drive(option)
    {
        return feature("disk");
    }
    if drive::is_drive(option) {
        // IDE and SATA cannot be plugged, but the medium of a CD-ROM can be changed.
        let there = vm.option(option).map(drive::Drive::parse);
        let wanted = vm.pending.get(option).cloned().flatten().map(|text| drive::Drive::parse(&text));
        return matches!((there, wanted), (Some(there), Some(wanted)) if there.is_cdrom() && wanted.is_cdrom());
    }
    option.starts_with("usb") && feature("usb")
}
