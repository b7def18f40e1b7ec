//! Booting a machine from a cloud image: what cloud-init makes of its data.

use super::{Disk, Machine};
use crate::lab::world::Surroundings;

/// From power-on to the first answer.
pub const BOOT_US: u64 = 14_000_000;

/// What a guest finds when it boots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudInit {
    /// SHA-1 of the generated user and network data; empty without a cloud-init drive.
    pub instance_id: String,
    /// Host name.
    pub hostname: String,
    /// Account for the keys; empty for the image's own.
    pub user: String,
    /// Authorized keys.
    pub ssh_keys: Vec<String>,
    /// Password as it stands in the user data.
    pub password: Option<String>,
    /// Addresses with prefix length, for example `192.0.2.10/24`.
    pub addresses: Vec<String>,
    /// IPv4 router.
    pub gateway: Option<String>,
    /// Name servers.
    pub nameservers: Vec<String>,
    /// Whether packages are upgraded at first boot.
    pub upgrade: bool,
    /// Text of the vendor snippet.
    pub vendor_data: Option<String>,
    /// Size of the boot disk in bytes.
    pub disk_bytes: u64,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// What stands on the disk, for example `debian-12`.
    pub image_kind: String,
    /// What random values of the machine are keyed by.
    pub seed_key: String,
}

/// The machine as it is when its power is switched on; `previous` is what was on its disk before.
pub fn boot(view: &CloudInit, previous: Option<Machine>, around: Surroundings<'_>) -> Machine {
    let mut machine = previous.unwrap_or_default();
    machine.booted_at = around.now;
    machine.answers = false;
    if machine.instance_id.as_deref() == Some(view.instance_id.as_str()) {
        return machine;
    }
    machine.debian = if view.image_kind == "debian-13" { 13 } else { 12 };
    machine.hostname.clone_from(&view.hostname);
    machine.instance_id = Some(view.instance_id.clone());
    machine.addresses.clone_from(&view.addresses);
    machine.root_bytes = view.disk_bytes;
    machine.agent |= view.vendor_data.as_ref().is_some_and(|text| text.contains("qemu-guest-agent"));
    machine.files.make_folder("/root", 0o700, "root");
    machine.files.write("/etc/hostname", format!("{}\n", view.hostname));
    machine
}

/// Boots again with the same drive and hardware.
pub fn reboot(machine: &mut Machine, around: Surroundings<'_>) {
    machine.booted_at = around.now;
    machine.answers = false;
}

/// What happens while a machine goes down.
pub fn power_off(machine: &mut Machine, _around: Surroundings<'_>) {
    machine.answers = false;
}

/// A Proxmox VE node: Debian 13 with its disks.
pub fn proxmox_node(hostname: &str, addresses: &[String], disks: Vec<Disk>, _seed: u64) -> Machine {
    let mut machine = Machine {
        hostname: hostname.to_owned(),
        debian: 13,
        disks,
        addresses: addresses.to_vec(),
        ..Machine::default()
    };
    machine.files.write("/etc/hostname", format!("{hostname}\n"));
    machine.files.make_folder("/var/lib/vz", 0o755, "root");
    machine
}
