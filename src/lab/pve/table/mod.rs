//! The methods that the lab knows with their parameters and rights, and the way from a path to one of them.
//!
//! The figures are those of Proxmox VE 9.2's own schema; a test compares every entry with it.

mod access;
mod agent;
mod backup;
mod cluster;
mod common;
mod firewall;
mod nodes;
mod qemu;
mod storage;
mod vm_options;
mod vm_properties;

use super::schema::{Method, Param, Verb, get};
use crate::declared::fit;

/// The index of the API, the only method with an empty path.
const INDEX: &[Method] = &[get("/", "index").for_users()];

const ALL: &[&[Method]] = &[
    INDEX,
    access::METHODS,
    agent::METHODS,
    backup::METHODS,
    cluster::METHODS,
    firewall::METHODS,
    nodes::METHODS,
    qemu::METHODS,
    storage::METHODS,
];

/// Every method that the lab knows.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    ALL.iter().flat_map(|group| group.iter())
}

/// The keys of a registered property string such as `pve-qm-ipconfig`.
pub fn properties(format: &str) -> Option<&'static [&'static [Param]]> {
    Some(match format {
        "backup-fleecing" => &[backup::FLEECING],
        "backup-performance" => &[backup::PERFORMANCE],
        "prune-backups" => &[backup::PRUNE],
        "pve-qemu-sev-fmt" => &[vm_properties::SEV],
        "pve-qemu-tdx-fmt" => &[vm_properties::TDX],
        "pve-qm-boot" => &[vm_properties::BOOT],
        "pve-qm-cicustom" => &[vm_properties::CICUSTOM],
        "pve-qm-hostpci" => &[vm_properties::HOSTPCI],
        "pve-qm-ide" => &[vm_properties::DRIVE, vm_properties::IDE_EXTRA],
        "pve-qm-ipconfig" => &[vm_properties::IPCONFIG],
        "pve-qm-rng" => &[vm_properties::RNG],
        "pve-qm-smbios1" => &[vm_properties::SMBIOS1],
        "pve-qm-watchdog" => &[vm_properties::WATCHDOG],
        "pve-vm-cpu-conf" => &[vm_properties::CPU],
        _ => return None,
    })
}

/// A method found for a path, with what stood in the path's places.
#[derive(Debug, Clone)]
pub struct Found {
    /// The method.
    pub method: &'static Method,
    /// Parameters from the path.
    pub uri: Vec<(&'static str, String)>,
}

/// The method for a decoded path below `/api2/json`. Empty segments do not count, fixed names win over places, and
/// a last place `{volume}` takes the rest of the path, slashes and all.
pub fn find(verb: Verb, path: &str) -> Option<Found> {
    let segments: Vec<&str> = path.split('/').filter(|one| !one.is_empty()).collect();
    methods()
        .filter(|method| method.verb == verb)
        .filter_map(|method| Some(Found { method, uri: fit_places(method.path, &segments)? }))
        .min_by_key(|found| found.uri.len())
}

/// Proxmox's own pattern for a place is "no blanks".
fn fit_places(template: &'static str, segments: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let uri = fit(template, segments, template.ends_with("{volume}"))?;
    uri.iter().all(|(_, value)| !value.contains(char::is_whitespace)).then_some(uri)
}
