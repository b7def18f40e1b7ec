//! Debian packages: which are there, what installing one brings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Machine;
use super::units::{Enablement, State};

/// Packages of a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Packages {
    versions: BTreeMap<String, String>,
    /// Whether dpkg was cut short: it then refuses to work until `dpkg --configure -a`.
    pub interrupted: bool,
    /// Whether the lists were downloaded since the image was made.
    pub lists: bool,
    /// How many packages have a newer version.
    pub upgradable: u32,
}

/// A package that can be installed here.
struct Offer {
    name: &'static str,
    version_12: &'static str,
    version_13: &'static str,
    /// Its unit, if it has one: name, description, enablement, state right after installation.
    unit: Option<(&'static str, &'static str, Enablement, State)>,
}

const fn plain(name: &'static str, version_12: &'static str, version_13: &'static str) -> Offer {
    Offer { name, version_12, version_13, unit: None }
}

/// What `apt-get install` knows here.
const OFFERS: &[Offer] = &[
    plain("ca-certificates", "20230311+deb12u1", "20250419"),
    plain("curl", "7.88.1-10+deb12u14", "8.14.1-2+deb13u2"),
    plain("gnupg", "2.2.40-1.1+deb12u1", "2.4.7-21+deb13u1"),
    plain("jq", "1.6-2.1+deb12u1", "1.7.1-6+deb13u1"),
    plain("rsync", "3.2.7-1+deb12u4", "3.4.1+ds1-5"),
    plain("sudo", "1.9.13p3-1+deb12u2", "1.9.16p2-3"),
    plain("wget", "1.21.3-1+deb12u1", "1.25.0-2"),
    plain("apache2", "2.4.66-1~deb12u1", "2.4.66-1~deb13u1"),
    plain("bind9", "1:9.18.41-1~deb12u1", "1:9.20.15-1~deb13u1"),
    plain("gdisk", "1.0.9-2.1", "1.0.10-2"),
    plain("parted", "3.5-3", "3.6-5"),
    Offer {
        name: "qemu-guest-agent",
        version_12: "1:7.2+dfsg-7+deb12u16",
        version_13: "1:10.0.6+ds-0+deb13u2",
        // Started by udev when the virtio port appears, that is at boot: a fresh installation waits for a start.
        unit: Some(("qemu-guest-agent.service", "QEMU Guest Agent", Enablement::Static, State::Inactive)),
    },
    Offer {
        name: "unattended-upgrades",
        version_12: "2.9.1+nmu3",
        version_13: "2.12",
        unit: Some(("unattended-upgrades.service", "Unattended Upgrades Shutdown", Enablement::Enabled, State::Active)),
    },
];

/// What every Debian here has.
const ESSENTIAL: &[&str] = &["ca-certificates", "curl", "sudo", "wget"];

impl Default for Packages {
    fn default() -> Packages {
        let mut packages = Packages { versions: BTreeMap::new(), interrupted: false, lists: false, upgradable: 0 };
        packages.set("dpkg", "1.21.22");
        packages.set("openssh-server", "1:9.2p1-2+deb12u7");
        packages.set("systemd", "252.39-1~deb12u1");
        packages
    }
}

impl Packages {
    /// The packages that a Debian of this major version starts with.
    pub fn of_debian(debian: u8) -> Packages {
        let mut packages = Packages::default();
        if debian >= 13 {
            packages.set("dpkg", "1.22.21");
            packages.set("openssh-server", "1:10.0p1-7");
            packages.set("systemd", "257.9-1~deb13u1");
        }
        for offer in OFFERS.iter().filter(|offer| ESSENTIAL.contains(&offer.name)) {
            packages.set(offer.name, if debian >= 13 { offer.version_13 } else { offer.version_12 });
        }
        packages
    }

    /// Whether a package is there.
    pub fn installed(&self, name: &str) -> bool {
        self.versions.contains_key(name)
    }

    /// Its version.
    pub fn version(&self, name: &str) -> Option<&str> {
        self.versions.get(name).map(String::as_str)
    }

    /// Marks a package as there in this version.
    pub fn set(&mut self, name: &str, version: &str) {
        self.versions.insert(name.to_owned(), version.to_owned());
    }

    /// Takes a package away; false when it was not there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.versions.remove(name).is_some()
    }

    /// All packages with their versions, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.versions.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }
}

/// The version that would be installed; `None` for what is not offered here.
pub fn candidate(machine: &Machine, name: &str) -> Option<&'static str> {
    let offer = OFFERS.iter().find(|offer| offer.name == name)?;
    Some(if machine.debian >= 13 { offer.version_13 } else { offer.version_12 })
}

/// Installs a package with its unit; false when it is not offered here.
pub fn install(machine: &mut Machine, name: &str) -> bool {
    let Some(version) = candidate(machine, name) else { return false };
    machine.packages.set(name, version);
    let offer = OFFERS.iter().find(|offer| offer.name == name);
    if let Some((unit, description, enablement, state)) = offer.and_then(|offer| offer.unit) {
        machine.units.add(unit, description, enablement, state);
    }
    true
}
