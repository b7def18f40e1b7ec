//! Apps and everything that hangs on them (filled by the apps slice).

use serde::{Deserialize, Serialize};

use super::reply::{Args, Reply};
use crate::lab::os::Machine;
use crate::lab::world::Surroundings;

/// Installed apps and the catalogue as last downloaded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Apps {}

/// Answers a command of this room; `None` for those of others.
pub fn dispatch(_machine: &mut Machine, _command: &str, _args: &Args, _around: Surroundings<'_>) -> Option<Reply> {
    None
}
