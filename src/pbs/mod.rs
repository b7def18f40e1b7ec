//! The HTTP adapter for Proxmox Backup Server (sheet Proxmox, section 15).
//!
//! [`Client`] speaks to one server over pinned TLS, [`PbsError`] says what a refusal means and whether the server may have
//! acted. The calls are methods of the client, one file per subject. Errors are plain text here, and a lack of rights often
//! looks like emptiness: who finds nothing must know that it would have seen something.

mod access;
mod client;
mod datastore;
mod error;
mod jobs;
mod snapshots;
mod tasks;
mod wait;

pub use access::{AclEntry, Token, User};
pub use client::{Account, AccountError, Client, Server};
pub use datastore::{Datastore, DatastoreOptions, DatastoreSpace, GarbageState};
pub use error::PbsError;
pub use jobs::{JobKind, JobState, Remote, TrafficRule};
pub use snapshots::{Group, GroupName, Snapshot, SnapshotFile, Verification};
pub use tasks::{TaskStatus, TaskSummary};
pub use wait::{TaskEnd, WaitError, wait_task};

pub use crate::transport::{Fingerprint, NotAUpid, TaskVerdict};

use serde::Deserialize;

use crate::transport::form::Form;

/// The name of a backup server's task: it has one number more than a node's (sheet Proxmox, section 15).
pub type Upid = crate::transport::TaskName<4>;

/// The version of Proxmox Backup Server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// Major and minor, for example `4.2`.
    pub version: String,
    /// What follows, for example `3`.
    pub release: String,
}

impl Version {
    /// The major number.
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

impl Client {
    /// The version; any valid account may ask.
    ///
    /// # Errors
    /// As every call.
    pub async fn version(&self) -> Result<Version, PbsError> {
        self.get("/version", Form::new()).await
    }
}
