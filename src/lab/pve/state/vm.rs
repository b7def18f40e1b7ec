//! Virtual machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use super::drive::{self, Drive};
use super::firewall::Firewall;
use super::property::{self, Properties};
use crate::os::{Machine, Output};
use crate::world::Moment;

/// Memory of a VM whose configuration does not name it, in MiB.
const MEMORY_DEFAULT_MIB: u32 = 512;

/// A virtual machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Vm {
    /// Its configuration, key to value as in the configuration file.
    pub config: BTreeMap<String, String>,
    /// Changes that wait for the next start: a new value, or `None` for a deletion.
    pub pending: BTreeMap<String, Option<String>>,
    /// What goes into the cloud-init drive and was changed since the running VM's drive was written, with the value that it
    /// still holds (`None`: none).
    #[serde(default)]
    pub on_cloudinit_drive: BTreeMap<String, Option<String>>,
    /// Snapshots by name.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Firewall options and rules.
    pub firewall: Firewall,
    /// The operating system on its disk, once it was started.
    pub guest: Option<Machine>,
    /// Whether it runs.
    pub power: Power,
    /// When its process was started.
    pub started: Option<Moment>,
    /// Whether the guest was switched on with it: false when nothing on its disk can be booted.
    pub up: bool,
    /// Since when it exists, for the lag of `cluster/resources`.
    pub created: Moment,
    /// When its state was last changed, for the same lag.
    pub changed: Moment,
    /// Commands that the agent ran, by process number, until their exit was reported.
    pub agent_commands: BTreeMap<u32, AgentCommand>,
    /// Fault: the guest ignores a request to shut down.
    pub ignores_shutdown: bool,
    /// Fault: options that cannot be plugged into the running VM, with QEMU's reason.
    pub hotplug_problems: BTreeMap<String, String>,
    /// Fault: the agent does not answer.
    pub agent_silent: bool,
    /// Fault: the guest cannot freeze its file systems, with the agent's reason.
    #[serde(default)]
    pub freeze_problem: Option<String>,
    /// What the running QEMU remembers of its last backup to a backup server: it dies with the process.
    #[serde(default)]
    pub bitmap: Option<Bitmap>,
}

/// Which blocks changed since a backup: kept inside the running QEMU, for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bitmap {
    /// Repository, namespace and key of the backup.
    pub target: String,
    /// When the backup was taken.
    pub taken: Moment,
    /// The disks that it had, each with its size and the hash of what stood on it.
    pub disks: BTreeMap<String, (u64, String)>,
}

/// The state of a VM's process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// No process.
    #[default]
    Stopped,
    /// Runs.
    Running,
    /// Process there, processors halted.
    Paused,
    /// Process there for a backup only: the machine was never switched on.
    Prelaunch,
}

/// A snapshot of a VM: its configuration and what was on its disks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// Configuration at that moment.
    pub config: BTreeMap<String, String>,
    /// Operating system at that moment.
    pub guest: Option<Machine>,
    /// Description.
    pub description: String,
    /// The snapshot before it.
    pub parent: Option<String>,
    /// When it was taken.
    pub taken: Moment,
    /// Whether the memory was saved as well.
    pub with_memory: bool,
}

/// A command that the guest agent runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentCommand {
    /// When it ends.
    pub ends: Moment,
    /// What it then gives.
    pub output: Output,
}

impl Vm {
    /// One value of the configuration.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.config.get(key).map(String::as_str)
    }

    /// Its name; a VM without one is called after its id.
    pub fn name(&self, vmid: u32) -> String {
        self.option("name").map_or_else(|| format!("VM {vmid}"), str::to_owned)
    }

    /// A boolean of the configuration.
    pub fn flag(&self, key: &str) -> bool {
        self.option(key).is_some_and(property::is_yes)
    }

    /// The lock, when one is set.
    pub fn lock(&self) -> Option<&str> {
        self.option("lock")
    }

    /// Whether it has a process.
    pub fn running(&self) -> bool {
        self.power != Power::Stopped
    }

    /// Whether it is a template.
    pub fn template(&self) -> bool {
        self.flag("template")
    }

    /// Memory in MiB.
    pub fn memory_mib(&self) -> u32 {
        memory_mib(&self.config)
    }

    /// Virtual processors that it has now.
    pub fn cpus(&self) -> u32 {
        self.option("vcpus").and_then(|text| text.parse().ok()).unwrap_or_else(|| self.cpus_max())
    }

    /// Virtual processors that it may have at most.
    pub fn cpus_max(&self) -> u32 {
        let number = |key| self.option(key).and_then(|text| text.parse().ok()).unwrap_or(1_u32);
        number("sockets") * number("cores")
    }

    /// Whether the configuration announces a guest agent.
    pub fn agent_configured(&self) -> bool {
        let agent = self.option("agent").map(|text| Properties::parse(text, "enabled"));
        agent.is_some_and(|agent| property::is_yes(&agent.first))
    }

    /// Its drives, sorted by bus and number.
    pub fn drives(&self) -> Vec<(String, Drive)> {
        drives(&self.config)
    }

    /// The key of the cloud-init drive.
    pub fn cloudinit_drive(&self) -> Option<String> {
        self.drives().into_iter().find(|(_, drive)| drive.is_cloudinit()).map(|(key, _)| key)
    }

    /// The disk that it boots from: the first of the boot order that is a disk, or else its first disk.
    pub fn boot_disk(&self) -> Option<(String, Drive)> {
        let order = self.option("boot").map(|text| Properties::parse(text, "legacy"));
        let order = order.and_then(|boot| boot.get("order").map(property::list)).unwrap_or_default();
        let disks: Vec<_> = self.drives().into_iter().filter(|(_, drive)| !drive.is_cdrom()).collect();
        let named = order.iter().find_map(|key| disks.iter().find(|(disk, _)| disk == key));
        match named {
            Some(disk) => Some(disk.clone()),
            None if self.config.contains_key("boot") => None,
            None => disks.into_iter().next(),
        }
    }

    /// SHA-1 of the configuration file, for optimistic locking.
    pub fn digest(&self) -> String {
        let mut text = section(&self.config);
        if !self.pending.is_empty() {
            text.push_str("\n[PENDING]\n");
            for (key, value) in &self.pending {
                text.push_str(&format!("{key}: {}\n", value.as_deref().unwrap_or("<delete>")));
            }
        }
        for (name, snapshot) in &self.snapshots {
            text.push_str(&format!(
                "\n[{name}]\n{}snaptime: {}\n",
                section(&snapshot.config),
                snapshot.taken.unix_seconds()
            ));
        }
        hex::encode(Sha1::digest(text.as_bytes()))
    }

    /// The configuration with what is pending merged in, as the next start will see it.
    pub fn merged(&self) -> BTreeMap<String, String> {
        let mut merged = self.config.clone();
        for (key, value) in &self.pending {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        merged
    }

    /// Stops the process: nothing runs any more.
    pub fn power_off(&mut self, now: Moment) {
        if self.running() {
            self.changed = now;
        }
        self.power = Power::Stopped;
        self.started = None;
        self.up = false;
        self.bitmap = None;
        self.agent_commands.clear();
        // The drive is written anew at the next start.
        self.on_cloudinit_drive.clear();
    }

    /// The first free key for a disk that left its bus.
    pub fn free_unused_key(&self) -> String {
        let mut number = 0_u32;
        while self.config.contains_key(&format!("unused{number}")) {
            number += 1;
        }
        format!("unused{number}")
    }
}

/// Memory that a configuration gives, in MiB.
pub fn memory_mib(config: &BTreeMap<String, String>) -> u32 {
    let current = config.get("memory").map(|text| Properties::parse(text, "current").first);
    current.and_then(|text| text.parse().ok()).unwrap_or(MEMORY_DEFAULT_MIB)
}

/// The drives of a configuration.
pub fn drives(config: &BTreeMap<String, String>) -> Vec<(String, Drive)> {
    let of = |(key, value): (&String, &String)| drive::is_drive(key).then(|| (key.clone(), Drive::parse(value)));
    config.iter().filter_map(of).collect()
}

fn section(config: &BTreeMap<String, String>) -> String {
    config.iter().map(|(key, value)| format!("{key}: {}\n", value.replace('\n', "%0A"))).collect()
}
