//! A simulated Debian machine: files, programs, units. The same for a node and for a guest.

pub mod files;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use files::Files;

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
    /// Size of the file system at `/` in bytes.
    pub root_bytes: u64,
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
