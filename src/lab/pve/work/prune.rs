//! `prunebackups`: what a retention does not cover is removed from a storage.

use serde::{Deserialize, Serialize};

use super::Ending;
use crate::pve::backups::{self, Level, Which};
use crate::pve::retention::Keep;
use crate::world::{Site, Surroundings};

/// A storage to be pruned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PruneBackups {
    /// Which one.
    pub storage: String,
    /// How many backups stay.
    pub keep: Keep,
    /// Only those of this guest.
    pub vmid: Option<u32>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

impl PruneBackups {
    /// Removes them.
    ///
    /// # Errors
    /// The storage is out of reach, or something could not be removed.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let which = Which { vmid: self.vmid, kind: self.kind.as_deref() };
        let mut say = |_: Level, line: String| log.extend(line.lines().map(str::to_owned));
        backups::prune(site, around, &self.storage, &self.keep, which, false, &mut say)?;
        Ok(0)
    }
}
