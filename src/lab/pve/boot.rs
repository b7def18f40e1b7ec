//! From a started VM to a guest that answers: what it boots with, and when it is up.

use crate::lab::os::boot::{CloudInit, boot};
use crate::lab::pve::cloudinit;
use crate::lab::pve::state::vm::Power;
use crate::lab::pve::state::{Pve, bytes};
use crate::lab::pve::work::{SECOND_US, disks};
use crate::lab::world::keyed::Key;
use crate::lab::world::{Moment, Site, Surroundings};

/// Seconds until a guest that has booted before is up.
const BOOT_S: std::ops::RangeInclusive<u64> = 15..=25;
/// Seconds until cloud-init is through on a first boot.
const FIRST_BOOT_S: std::ops::RangeInclusive<u64> = 35..=60;
/// Seconds that a package upgrade adds.
const UPGRADE_S: u64 = 90;

/// Plans the moment at which a VM's guest will be up; none when there is nothing to boot on its disk.
pub fn schedule(site: &mut Site, vmid: u32, around: Surroundings<'_>) {
    let view = view(site, vmid, around);
    let Some(vm) = site.pve.vms.get_mut(&vmid) else { return };
    vm.up = false;
    vm.boot_due = None;
    let Some(view) = view else { return };
    // Without a cloud-init drive nothing is done again on a disk that has booted before.
    let same_instance = vm
        .guest
        .as_ref()
        .is_some_and(|guest| view.instance_id.is_empty() || guest.instance_id.as_ref() == Some(&view.instance_id));
    let id = vmid.to_string();
    let key = Key::new(around.seed, &[&site.id, "vm", &id, "boot", if same_instance { "again" } else { "first" }]);
    let seconds = if same_instance {
        key.number(BOOT_S)
    } else {
        key.number(FIRST_BOOT_S) + if view.upgrade { UPGRADE_S } else { 0 }
    };
    vm.boot_due = Some(around.now.plus_us(seconds * SECOND_US));
}

/// The guest that is up first, with its moment.
pub fn next_due(pve: &Pve) -> Option<(Moment, u32)> {
    // A paused VM boots on when it is resumed.
    let due = |(vmid, vm): (&u32, &crate::lab::pve::state::Vm)| {
        (vm.power == Power::Running).then_some(vm.boot_due).flatten().map(|due| (due, *vmid))
    };
    pve.vms.iter().filter_map(due).min()
}

/// The guest's operating system is up now.
pub fn finish(site: &mut Site, vmid: u32, around: Surroundings<'_>) {
    let view = view(site, vmid, around);
    let Some(vm) = site.pve.vms.get_mut(&vmid) else { return };
    vm.boot_due = None;
    if let Some(view) = view {
        vm.guest = Some(boot(&view, vm.guest.take(), around));
        vm.up = true;
    }
}

/// Boots the guests again that asked for it themselves (`reboot` inside).
pub fn follow_guests(site: &mut Site, around: Surroundings<'_>) {
    let asked: Vec<u32> = site
        .pve
        .vms
        .iter_mut()
        .filter_map(|(vmid, vm)| {
            let guest = vm.guest.as_mut().filter(|guest| vm.up && guest.reboot_at.is_some_and(|at| at <= around.now))?;
            guest.reboot_at = None;
            Some(*vmid)
        })
        .collect();
    for vmid in asked {
        schedule(site, vmid, around);
    }
}

/// What a VM's guest sees of it when it boots; `None` when nothing on its disk can be booted.
fn view(site: &Site, vmid: u32, around: Surroundings<'_>) -> Option<CloudInit> {
    let vm = site.pve.vms.get(&vmid)?;
    let (_, disk) = vm.boot_disk()?;
    let volume = disks::volume(&site.pve, disk.file())?;
    let image_kind = volume.image.clone()?;
    let data =
        if vm.cloudinit_drive().is_some() { cloudinit::generate(site, vmid).ok()? } else { cloudinit::Data::default() };
    let network = cloudinit::addresses(site, vmid, around);
    Some(CloudInit {
        instance_id: data.instance_id,
        hostname: data.hostname,
        user: data.user,
        ssh_keys: data.ssh_keys,
        password: data.password,
        addresses: network.addresses,
        gateway: network.gateway,
        nameservers: data.nameservers,
        upgrade: data.upgrade,
        vendor_data: data.vendor_data,
        disk_bytes: volume.size_bytes,
        memory_mib: u32::try_from(u64::from(vm.memory_mib()).min(site.pve.hardware.memory_bytes / bytes::MIB))
            .unwrap_or(u32::MAX),
        image_kind,
        seed_key: format!("{}/{vmid}", site.id),
    })
}
