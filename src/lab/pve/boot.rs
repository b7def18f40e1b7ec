//! From a started VM to a guest: what it boots with. How long that takes is the operating system's business.

use crate::os::boot::{CloudInit, boot, power_off};
use crate::pve::state::bytes;
use crate::pve::work::disks;
use crate::pve::{cloudinit, network};
use crate::world::{Site, Surroundings};

/// Switches a VM's guest on, when there is something on its disk that can be booted.
pub fn power_on(site: &mut Site, vmid: u32, around: Surroundings<'_>) {
    let view = view(site, vmid, around);
    let Some(vm) = site.pve.vms.get_mut(&vmid) else { return };
    vm.up = view.is_some();
    if let Some(view) = view {
        vm.guest = Some(boot(&view, vm.guest.take(), around));
    }
    plug_in(site, vmid);
}

/// Lets a running guest notice whether a cable leads anywhere.
pub fn plug_in(site: &mut Site, vmid: u32) {
    let Some(vm) = site.pve.vms.get(&vmid) else { return };
    let unplugged = !network::is_connected(&site.pve, vm);
    if let Some(guest) = site.pve.vms.get_mut(&vmid).and_then(|vm| vm.guest.as_mut()) {
        guest.unplugged = unplugged;
    }
}

/// Writes the cloud-init drive of a VM anew. A guest that is up reads it when it boots again, by itself or after a reset.
///
/// # Errors
/// When a snippet cannot be read, in Proxmox's words; the drive is left as it was.
pub fn write_cloudinit_drive(site: &mut Site, vmid: u32, around: Surroundings<'_>) -> Result<(), String> {
    cloudinit::generate(site, vmid)?;
    if let Some(vm) = site.pve.vms.get_mut(&vmid) {
        vm.on_cloudinit_drive.clear();
    }
    if let Some(view) = view(site, vmid, around)
        && let Some(guest) = site.guest_mut(vmid)
    {
        guest.cloud_init = Some(Box::new(view));
    }
    Ok(())
}

/// Takes a VM's power away: what its guest was doing is cut short.
pub fn cut_power(site: &mut Site, vmid: u32, around: Surroundings<'_>) {
    let Some(vm) = site.pve.vms.get_mut(&vmid) else { return };
    if vm.up
        && let Some(guest) = &mut vm.guest
    {
        power_off(guest, around);
    }
    vm.power_off(around.now);
}

/// What a VM's guest sees of it when it boots; `None` when nothing on its disk can be booted.
fn view(site: &Site, vmid: u32, around: Surroundings<'_>) -> Option<CloudInit> {
    let vm = site.pve.vms.get(&vmid)?;
    let (_, disk) = vm.boot_disk()?;
    let volume = disks::volume(&site.pve, disk.file())?;
    let image_kind = volume.image.clone()?;
    let data = match vm.cloudinit_drive() {
        Some(_) => cloudinit::written(site, vmid).ok()?,
        None => without_drive(site, vmid),
    };
    let network = cloudinit::addresses(site, vmid, around);
    let memory_mib = u64::from(vm.memory_mib()).min(site.pve.hardware.memory_bytes / bytes::MIB);
    Some(CloudInit {
        instance_id: data.instance_id,
        hostname: data.hostname,
        user: data.user,
        ssh_keys: data.ssh_keys,
        password: data.password,
        addresses: network.addresses,
        leased: network.leased,
        gateway: network.gateway,
        nameservers: data.nameservers,
        upgrade: data.upgrade,
        vendor_data: data.vendor_data,
        disk_bytes: volume.size_bytes,
        memory_mib: u32::try_from(memory_mib).unwrap_or(u32::MAX),
        image_kind,
        seed_key: format!("{}/{vmid}", site.id),
    })
}

/// Without a cloud-init drive a disk that has booted before keeps its instance, and nothing is done again.
fn without_drive(site: &Site, vmid: u32) -> cloudinit::Data {
    let guest = site.pve.vms.get(&vmid).and_then(|vm| vm.guest.as_ref());
    let instance_id = guest.and_then(|guest| guest.instance_id.clone()).unwrap_or_default();
    cloudinit::Data { instance_id, hostname: "localhost".to_owned(), ..cloudinit::Data::default() }
}
