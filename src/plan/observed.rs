//! What was seen of an instance, in the words of a plan: no wire type comes this far.

use std::collections::BTreeMap;

use super::backups::{RemoteAccess, SeenBackups};
use crate::yunohost::playbook::Facts;

/// What was seen of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its virtual machine.
    pub machine: MachineState,
    /// The system inside.
    pub guest: GuestState,
    /// Whether the guest's host key is pinned.
    pub host_key_pinned: bool,
    /// What its node has of its backups; none where the node told nothing.
    pub backups: Option<SeenBackups>,
    /// What we have for its remote backup.
    pub remote: RemoteAccess,
}

/// A virtual machine as its node tells.
#[derive(Debug, Clone, PartialEq)]
pub enum MachineState {
    /// The node did not answer, or refused us: nothing is known.
    Unknown(String),
    /// No machine has this id.
    Absent,
    /// A machine has this id.
    Present(Machine),
}

/// A virtual machine that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its configuration, pending values merged.
    pub config: BTreeMap<String, String>,
    /// Whether it runs.
    pub running: bool,
}

/// The system inside a machine.
#[derive(Debug, Clone, PartialEq)]
pub enum GuestState {
    /// The machine is absent or stopped: nothing can be read.
    NotRunning,
    /// It runs but does not let us in (yet).
    Closed(String),
    /// What was read.
    Read(Facts),
}
