//! YunoHost 12.1 as its command line answers: grammar, state, words and quirks.

pub mod apps;
pub mod reply;

use serde::{Deserialize, Serialize};

/// What YunoHost keeps on a machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Yunohost {
    /// Apps, catalogue, backups and tools.
    pub apps: apps::Apps,
}
