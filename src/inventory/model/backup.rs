//! What the inventory says about backups: when a site makes them, and how a backup server looks after them.
//!
//! Everything here has a default, so that files written before there were backups stay valid; a model that was accepted
//! then is read with the same defaults.

use serde::{Deserialize, Serialize};

use crate::domain::backup::retention::Retention;
use crate::domain::ids::BackupServerId;

/// When the local backup runs, unless a site says otherwise. Written as Proxmox reads it.
pub const LOCAL_SCHEDULE: &str = "01:15";
/// When the remote backup runs, unless a site says otherwise: neither in the hour that clocks skip nor in the one that they
/// show twice.
pub const REMOTE_SCHEDULE: &str = "03:15";
/// What a site's own disk keeps.
pub const LOCAL_KEEP: &str = "keep-daily=7,keep-weekly=4";
/// What a backup server keeps.
pub const REMOTE_KEEP: &str = "keep-daily=14,keep-weekly=8,keep-monthly=12";
/// When a backup server prunes: after the backups of the night.
pub const PRUNE_SCHEDULE: &str = "06:15";
/// When a backup server frees what nothing refers to any more.
pub const GC_SCHEDULE: &str = "07:15";
/// When a backup server reads again what it has.
pub const VERIFY_SCHEDULE: &str = "sat 08:15";
/// After how many days a verification counts no more.
pub const OUTDATED_AFTER_DAYS: u16 = 30;
/// When a server pulls from another one.
pub const PULL_SCHEDULE: &str = "10:15";

/// How the instances of a site are backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteBackup {
    /// When the node writes to its own backup disk: a calendar event of Proxmox, in the node's zone.
    pub local_schedule: String,
    /// What the backup disk keeps of each instance.
    pub local_keep: Retention,
    /// When the node writes to the backup server.
    pub remote_schedule: String,
    /// Whether the guest's writes during a remote backup go to fast local storage first, so that a slow line does not
    /// slow the guest.
    pub fleecing: bool,
    /// Bound of what the remote job reads and sends, in KiB per second.
    pub upload_kib_per_second: Option<u32>,
    /// Bound of what a restore reads, in KiB per second.
    pub restore_kib_per_second: Option<u32>,
}

impl Default for SiteBackup {
    fn default() -> SiteBackup {
        SiteBackup {
            local_schedule: LOCAL_SCHEDULE.to_owned(),
            local_keep: default_keep(LOCAL_KEEP),
            remote_schedule: REMOTE_SCHEDULE.to_owned(),
            fleecing: true,
            upload_kib_per_second: None,
            restore_kib_per_second: None,
        }
    }
}

/// How a backup server of ours looks after what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintenance {
    /// What is kept of each instance. Only the server prunes: no node may.
    pub keep: Retention,
    /// When it prunes, in the server's zone.
    pub prune_schedule: String,
    /// When it reads snapshots again.
    pub verify_schedule: String,
    /// After how many days a verification counts no more: without this an old snapshot is never read again.
    pub outdated_after_days: u16,
    /// When it frees what pruning left.
    pub gc_schedule: String,
}

impl Default for Maintenance {
    fn default() -> Maintenance {
        Maintenance {
            keep: default_keep(REMOTE_KEEP),
            prune_schedule: PRUNE_SCHEDULE.to_owned(),
            verify_schedule: VERIFY_SCHEDULE.to_owned(),
            outdated_after_days: OUTDATED_AFTER_DAYS,
            gc_schedule: GC_SCHEDULE.to_owned(),
        }
    }
}

fn default_keep(text: &str) -> Retention {
    text.parse().expect("the defaults are rules")
}

/// A time of day at which a backup server takes and gives less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficWindow {
    /// When, as the server writes it: `mon..fri 8:00-18:30`.
    pub when: String,
    /// Bound of what it takes in, in KiB per second.
    pub in_kib_per_second: Option<u32>,
    /// Bound of what it gives out, in KiB per second.
    pub out_kib_per_second: Option<u32>,
}

/// A copy of another server's snapshots, fetched by this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// The other server: one of ours.
    pub from: BackupServerId,
    /// When, in this server's zone.
    pub schedule: String,
}
