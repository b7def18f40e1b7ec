//! Which options a running VM takes over at once; all others wait for its next start.

use super::state::vm::memory_mib;
use super::state::{Vm, drive, property};
use super::{cloudinit, network};

/// Features that are on unless `hotplug` says otherwise; `1` means the same.
const DEFAULT: &str = "network,disk,usb";

/// Options that concern Proxmox itself, not the running machine.
const ALWAYS: [&str; 15] = [
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
    "balloon",
    "cpulimit",
    "cpuunits",
    "autostart",
    "affinity",
];

/// Whether a VM may plug this: `network`, `disk`, `usb`, `cpu`, `memory`, `cloudinit`.
pub fn has_feature(vm: &Vm, name: &str) -> bool {
    let features = match vm.option("hotplug") {
        None | Some("1") => DEFAULT,
        Some(features) => features,
    };
    property::list(features).iter().any(|feature| feature == name)
}

/// Whether a running VM takes over this option (sheet Proxmox, section 5c).
pub fn possible(vm: &Vm, option: &str) -> bool {
    let feature = |name: &str| has_feature(vm, name);
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
        let wanted = wanted(vm, option).map(drive::Drive::parse);
        return matches!((there, wanted), (Some(there), Some(wanted)) if there.is_cdrom() && wanted.is_cdrom());
    }
    match option {
        "hotplug" => !concerns_hardware(vm),
        "vcpus" => feature("cpu"),
        "memory" => feature("memory") && grows(vm),
        _ => option.starts_with("usb") && feature("usb"),
    }
}

/// The value that waits for an option.
fn wanted<'a>(vm: &'a Vm, option: &str) -> Option<&'a str> {
    vm.pending.get(option)?.as_deref()
}

/// QEMU is started in another way when processors or memory are to be plugged.
fn concerns_hardware(vm: &Vm) -> bool {
    let wanted = wanted(vm, "hotplug").unwrap_or_default();
    let now = vm.option("hotplug").unwrap_or_default();
    property::list(wanted).iter().chain(&property::list(now)).any(|feature| feature == "cpu" || feature == "memory")
}

/// Whether the memory that waits is more than there is: giving memory back is not simulated, it waits for the next start.
fn grows(vm: &Vm) -> bool {
    memory_mib(&vm.merged()) > vm.memory_mib()
}

/// Why QEMU does not plug an option that could be plugged, in its words.
pub fn problem(vm: &Vm, option: &str) -> Option<String> {
    let has_too_many = option == "vcpus"
        && wanted(vm, option).and_then(|text| text.parse::<u32>().ok()).is_some_and(|wanted| wanted > vm.cpus_max());
    let own = has_too_many.then(|| "you can't add more vcpus than maxcpus".to_owned());
    vm.hotplug_problems.get(option).cloned().or(own)
}

/// What a running VM has once so much memory is plugged: it comes in modules above the first GiB, 32 of 512 MiB, 32 of
/// twice that, and so on.
pub fn in_modules_mib(wanted_mib: u32) -> u32 {
    const MODULES_OF_A_SIZE: u32 = 32;
    let (mut total_mib, mut module_mib, mut modules) = (1024_u32, 512, 0_u32);
    while total_mib < wanted_mib {
        total_mib = total_mib.saturating_add(module_mib);
        modules += 1;
        if modules.is_multiple_of(MODULES_OF_A_SIZE) {
            module_mib *= 2;
        }
    }
    total_mib
}
