//! The truth about backups: from what was seen of an instance, what was to be expected of it and the moment now, one word
//! per place, and findings that say what is wrong and how to mend it. Pure.
//!
//! A task's word counts for nothing here: what counts is what lies there, how old it is, whether it was read back there,
//! and whether it was ever restored (sheet Proxmox, 9, 15 and 16).

mod finding;
mod node;
mod place;
mod runs;
mod seen;
mod server;
mod snapshots;
#[cfg(test)]
mod tests;
mod verdict;

pub use finding::{Finding, Kind, Weight};
pub use seen::{
    JobEnd, JobSeen, ListingSeen, MachineSeen, NodePlace, NodeSeen, Obstacle, ObstacleKind, Place, PruneSeen,
    SEEN_VERSION, Sealing, Seen, ServerJob, ServerSeen, Sight, Snapshot, Space, TaskEnd, TaskSeen, Verification,
};
pub use verdict::{
    Bounds, GoodBackup, InstanceHealth, InstanceView, OtherSchedule, PlaceHealth, PlaceView, Runs, Word,
};

use jiff::Timestamp;

/// What is true of an instance's backups, as far as is known.
pub fn judge(view: &InstanceView, now: Timestamp, bounds: &Bounds) -> InstanceHealth {
    InstanceHealth {
        places: view.places.iter().map(|place| place::judge(view, place, now, bounds)).collect(),
        findings: node::findings(view, bounds),
    }
}
