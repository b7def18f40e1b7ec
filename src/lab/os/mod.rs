//! A simulated Debian machine: files, programs, units. The same for a node and for a guest.

pub mod boot;
pub mod disks;
pub mod files;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use boot::CloudInit;
pub use disks::Disk;
pub use files::Files;

use crate::lab::world::{Moment, Surroundings};
use crate::lab::yunohost::Yunohost;

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
    /// Block devices.
    pub disks: Vec<Disk>,
    /// Size of the file system at `/` in bytes.
    pub root_bytes: u64,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// When it was last booted.
    pub booted_at: Moment,
    /// Instance id that cloud-init last ran for.
    pub instance_id: Option<String>,
    /// Whether the boot is through.
    pub answers: bool,
    /// Accounts of the system.
    pub accounts: Accounts,
    /// Whether the guest agent is installed.
    pub agent: bool,
}

impl Machine {
    /// Whether the QEMU guest agent answers.
    pub fn agent_running(&self) -> bool {
        self.agent && self.answers
    }

    /// Whether sshd listens.
    pub fn ssh_running(&self) -> bool {
        self.answers
    }

    /// What matters of this machine when two worlds are compared.
    pub fn digest_view(&self) -> serde_json::Value {
        let files: BTreeMap<_, _> = self.files.all().map(|(path, entry)| (path, &entry.content)).collect();
        serde_json::json!({ "hostname": self.hostname, "debian": self.debian, "files": files })
    }
}

/// Runs a program on a machine.
pub fn run(machine: &mut Machine, exec: &Exec, _around: Surroundings<'_>) -> Output {
    match exec.argv.first().map(String::as_str) {
        Some("/bin/hostname") => Output { stdout: format!("{}\n", machine.hostname), ..Output::default() },
        _ => Output { exit: 127, stderr: "lab: not simulated\n".to_owned(), ..Output::default() },
    }
}

/// Lets everything in the background take effect whose time has come.
pub fn advance(machine: &mut Machine, around: Surroundings<'_>) {
    machine.answers |= machine.booted_at.plus_us(boot::BOOT_US) <= around.now;
}

/// Accounts of a machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Accounts(BTreeMap<String, Option<String>>);

impl Accounts {
    /// Sets a password; `None` locks it.
    pub fn set_password(&mut self, name: &str, password: Option<&str>) -> bool {
        self.0.insert(name.to_owned(), password.map(str::to_owned));
        true
    }
}

/// A command as a program is given it: already split, no shell.
#[derive(Debug, Clone, Default)]
pub struct Exec {
    /// Account that runs it.
    pub user: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment beyond the usual one.
    pub env: BTreeMap<String, String>,
    /// Standard input.
    pub stdin: String,
}

/// What a command did, as seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Exit status.
    pub exit: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took in simulated time.
    pub duration_us: u64,
}
