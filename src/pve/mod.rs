//! The HTTP adapter for Proxmox VE.
//!
//! [`Client`] speaks to one node over pinned TLS, [`PveError`] says what a refusal means and whether the node may have
//! acted. The calls are methods of the client, one file per subject; those that start a task give its [`Upid`], and
//! [`wait_task`] follows it to its [`TaskVerdict`]. What the node really sends (numbers as text, 1 for true) stays in
//! `wire`.

mod access;
mod agent;
mod backup_jobs;
mod client;
mod cluster;
mod content;
mod error;
mod firewall;
mod nodes;
mod pools;
mod power;
mod qemu;
mod restore;
mod snapshots;
mod storage;
mod tasks;
mod vzdump;
mod wait;
mod wire;

pub use access::{AclEntry, Grantee, NewToken, Permissions, Role, Token, User};
pub use agent::{AgentExec, AgentInterface, OsInfo};
pub use backup_jobs::BackupJob;
pub use client::{Client, Credentials, CredentialsError, Endpoint};
pub use cluster::{NextIdRange, Resource, ResourceKind, Version};
pub use content::{Download, Volume, VolumeVerification};
pub use error::PveError;
pub use firewall::{FirewallOptions, FirewallRule};
pub use nodes::{NodeCpu, NodeSpace, NodeStatus, NodeSummary, NodeTime};
pub use pools::{Pool, PoolMember};
pub use power::{Shutdown, VmState};
pub use qemu::{CloneVm, Pending, VmConfig, VmSummary};
pub use restore::{RestoreVm, SavedConfig, is_disk};
pub use snapshots::Snapshot;
pub use storage::{StorageDefinition, StorageStatus};
pub use tasks::{LogLine, TaskFilter, TaskSource, TaskStatus, TaskSummary};
pub use vzdump::{BackupRequest, BackupStart};
pub use wait::{TaskEnd, WaitError, wait_task};

pub use crate::transport::form::encode_ssh_keys;
pub use crate::transport::{Fingerprint, FingerprintError, NotAUpid, TaskVerdict};

/// The name of a node's task (sheet Proxmox, section 4).
pub type Upid = crate::transport::TaskName<3>;
