//! A simulated Debian machine: files, accounts, a shell, programs, units, disks. The same for a node and for a guest.
//!
//! - [`shell`] is what sshd does with an exec request, [`run`] what `execve` does with an argument vector.
//! - Effects are at once, durations are told: whoever called moves the world's clock by [`Output::duration_us`].
//! - Work in the background ([`units`]) takes effect when its time has come, or half-way when it is interrupted.
//! - What is not simulated refuses loudly: exit 127 (programs) or 2 (shell grammar) with a line that begins with `lab:`.

pub mod accounts;
pub mod boot;
pub mod digest;
mod directory;
pub mod disks;
pub mod files;
pub mod login;
pub mod packages;
pub mod paths;
pub mod process;
pub mod programs;
pub mod shell;
pub mod sshd;
pub mod timers;
pub mod units;
pub mod vendor_data;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

pub use accounts::Accounts;
pub use boot::{CloudInit, boot, proxmox_node};
pub use disks::Disk;
pub use files::Files;
pub use login::{Credential, may_log_in};
pub use packages::Packages;
pub use process::{Host, Login, Pvesh, run, run_on, shell, shell_on};
pub use units::{Units, advance};

use crate::world::Moment;
use crate::yunohost::Yunohost;

/// A machine with an operating system.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Host name.
    pub hostname: String,
    /// Debian's major version, 12 or 13.
    pub debian: u8,
    /// Its file system.
    pub files: Files,
    /// YunoHost, once its packages are installed.
    pub yunohost: Option<Box<Yunohost>>,
    /// Accounts of the system itself (YunoHost's are in its directory).
    pub accounts: Accounts,
    /// Debian packages.
    pub packages: Packages,
    /// systemd's units and the processes in the background.
    pub units: Units,
    /// Block devices with what is on them.
    pub disks: Vec<Disk>,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Size of the file system at `/` in bytes.
    pub root_bytes: u64,
    /// Addresses with prefix length, for example `192.0.2.10/24`.
    pub addresses: Vec<String>,
    /// Whether the machine reaches the internet (a gateway and a name server).
    pub has_uplink: bool,
    /// Whether no cable leads from it to any network, whatever is configured inside.
    #[serde(default)]
    pub unplugged: bool,
    /// When it was last booted.
    pub booted_at: Moment,
    /// Instance id that cloud-init last ran for.
    pub instance_id: Option<String>,
    /// Private seed of the SSH host key (ed25519), for the SSH server.
    pub host_key_seed: [u8; 32],
    /// What the hypervisor gave at the last boot; `None` for a node.
    pub cloud_init: Option<Box<CloudInit>>,
    /// Set by `reboot`: the machine boots again at the first request after it.
    pub reboot_at: Option<Moment>,
    /// Programs whose next run stops half-way (faults): `installer`, `apt-get`.
    pub fail_next: Vec<String>,
    /// YunoHost commands that ran since somebody asked last (for the transcript; no part of the machine itself).
    #[serde(skip)]
    pub yunohost_runs: Vec<ProgramRun>,
    /// Public addresses whose port 80 leads here, as the routers are set at the moment (no part of the machine itself).
    #[serde(skip)]
    pub public_web: Vec<Ipv4Addr>,
}

/// A program that ran.
#[derive(Debug, Clone, Default)]
pub struct ProgramRun {
    /// When it was started.
    pub at: Moment,
    /// Program and arguments, secrets included.
    pub argv: Vec<String>,
}

/// A command as a program is given it: already split, no shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// Account that runs it.
    pub user: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment beyond the usual one. `PWD` is the working directory.
    pub env: BTreeMap<String, String>,
    /// Standard input.
    pub stdin: String,
}

/// What a command did, as seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Exit status; of what a signal ended, 128 and its number, as shells report it.
    pub exit: i32,
    /// The number of the signal that ended it, when it did not exit.
    #[serde(default)]
    pub signal: Option<u8>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took in simulated time.
    pub duration_us: u64,
}

impl Output {
    /// Success with this on standard output.
    pub fn out(stdout: impl Into<String>) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }

    /// A failure with this on standard error; a final newline is added.
    pub fn fail(exit: i32, message: impl std::fmt::Display) -> Output {
        Output { exit, stderr: format!("{message}\n"), ..Output::default() }
    }

    /// Only an exit status.
    pub fn status(exit: i32) -> Output {
        Output { exit, ..Output::default() }
    }

    /// The same output after so many seconds.
    pub fn after_seconds(mut self, seconds: u64) -> Output {
        self.duration_us = seconds * 1_000_000;
        self
    }
}

/// Bytes that a fresh system occupies, about what Debian's cloud image takes.
const SYSTEM_BYTES: u64 = 1_300_000_000;
/// The same of YunoHost.
const YUNOHOST_BYTES: u64 = 2_600_000_000;

impl Machine {
    /// Bytes that the system and what is installed take on its disk.
    pub fn system_bytes(&self) -> u64 {
        SYSTEM_BYTES + if self.yunohost.is_some() { YUNOHOST_BYTES } else { 0 }
    }

    /// Whether it reaches the internet at this moment.
    pub fn online(&self) -> bool {
        self.has_uplink && !self.unplugged
    }

    /// Whether the QEMU guest agent answers: installed and running.
    pub fn agent_running(&self) -> bool {
        self.packages.installed("qemu-guest-agent") && self.units.active("qemu-guest-agent.service")
    }

    /// Whether sshd listens.
    pub fn ssh_running(&self) -> bool {
        self.units.active("ssh.service")
    }

    /// Takes a planned failure of this program, once.
    pub fn take_failure(&mut self, program: &str) -> bool {
        let found = self.fail_next.iter().position(|one| one == program);
        found.map(|index| self.fail_next.remove(index)).is_some()
    }
}
