//! What tasks do when their time has come, each as it happens inside a worker process of Proxmox.

pub mod clone;
pub mod configure;
pub mod create;
pub mod destroy;
pub mod disks;
pub mod download;
pub mod power;
pub mod prune;
pub mod resize;
pub mod restore;
pub mod snapshot;
pub mod template;
pub mod volume;
pub mod vzdump;

use serde::{Deserialize, Serialize};

use super::call::Refusal;
use super::state::Vm;
use crate::world::{Moment, Site, Surroundings};

pub use clone::Clone as CloneVm;
pub use configure::Configure;
pub use create::Create;
pub use destroy::Destroy;
pub use download::Download;
pub use power::{Power, PowerAction};
pub use prune::PruneBackups;
pub use resize::Resize;
pub use restore::Restore;
pub use snapshot::{Rollback, SnapshotDelete, SnapshotTake};
pub use template::Template;
pub use volume::RemoveVolume;
pub use vzdump::Vzdump;

/// How a task ends: the number of warnings it logged, or its error.
pub type Ending = Result<u32, String>;

/// A second in microseconds.
pub const SECOND_US: u64 = 1_000_000;

/// What remains to be done by a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// `qmcreate`.
    Create(Create),
    /// `qmclone`.
    Clone(CloneVm),
    /// `qmconfig`.
    Configure(Configure),
    /// `qmdestroy`.
    Destroy(Destroy),
    /// `resize`.
    Resize(Resize),
    /// `qmtemplate`.
    Template(Template),
    /// `qmstart`, `qmstop`, `qmshutdown`, `qmreboot`, `qmreset`, `qmsuspend`, `qmresume`.
    Power(Power),
    /// `qmsnapshot`.
    SnapshotTake(SnapshotTake),
    /// `qmdelsnapshot`.
    SnapshotDelete(SnapshotDelete),
    /// `qmrollback`.
    Rollback(Rollback),
    /// `download`.
    Download(Download),
    /// `imgdel`.
    RemoveVolume(RemoveVolume),
    /// `vzdump`.
    Vzdump(Vzdump),
    /// `qmrestore`.
    Restore(Restore),
    /// `prunebackups`.
    Prune(PruneBackups),
}

/// How far a task has come.
pub enum Step {
    /// It is over.
    Ended(Ending),
    /// Its process is gone without having said how it ended.
    Vanished,
    /// There is more to be done, at that moment.
    Again(Box<Work>, Moment),
}

impl Work {
    /// How long it takes in simulated time, in microseconds.
    pub fn duration_us(&self, site: &Site, around: Surroundings<'_>) -> u64 {
        match self {
            Work::Create(work) => work.duration_us(site),
            Work::Clone(work) => work.duration_us(site),
            Work::Configure(work) => work.duration_us(),
            Work::Destroy(_) | Work::Resize(_) | Work::RemoveVolume(_) => 2 * SECOND_US,
            Work::Template(_) => SECOND_US,
            Work::Power(work) => work.duration_us(site),
            Work::SnapshotTake(work) => work.duration_us(),
            Work::SnapshotDelete(_) | Work::Rollback(_) => 3 * SECOND_US,
            Work::Download(work) => work.duration_us(around),
            // These go from step to step.
            Work::Vzdump(_) | Work::Restore(_) => 0,
            Work::Prune(_) => 2 * SECOND_US,
        }
    }

    /// Does it, or what comes next of it.
    ///
    /// An error is the task's in Proxmox's words; what had been made for it is gone again where Proxmox cleans up.
    pub fn step(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        match self {
            Work::Vzdump(work) => work.step(site, around, log),
            Work::Restore(work) => work.step(site, around, log),
            other => Step::Ended(other.run(site, around, log)),
        }
    }

    /// Whether a planned fault may strike now: not before the work has begun.
    pub fn has_begun(&self) -> bool {
        match self {
            Work::Vzdump(work) => work.has_begun(),
            Work::Restore(work) => work.has_begun(),
            _ => true,
        }
    }

    fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        match self {
            Work::Create(work) => work.run(site, around, log),
            Work::Clone(work) => work.run(site, around, log),
            Work::Configure(work) => work.run(site, around, log),
            Work::Destroy(work) => work.run(site, log),
            Work::Resize(work) => work.run(site),
            Work::Template(work) => work.run(site),
            Work::Power(work) => work.run(site, around, log),
            Work::SnapshotTake(work) => work.run(site, around),
            Work::SnapshotDelete(work) => work.run(site),
            Work::Rollback(work) => work.run(site, around, log),
            Work::Download(work) => work.run(site, around, log),
            Work::RemoveVolume(work) => work.run(site, around, log),
            Work::Prune(work) => work.run(site, around, log),
            Work::Vzdump(_) | Work::Restore(_) => Ok(0),
        }
    }
}

/// Gives a task up half-way: what it had begun is cleaned up as far as Proxmox does. The answer is the task's error.
pub fn abandon(work: Work, site: &mut Site, around: Surroundings<'_>, why: &str, log: &mut Vec<String>) -> String {
    match work {
        Work::Create(work) => work.abandon(site, why),
        Work::Clone(work) => work.abandon(site, why),
        Work::SnapshotTake(work) => work.abandon(site, why),
        Work::Configure(_)
        | Work::Destroy(_)
        | Work::Resize(_)
        | Work::Template(_)
        | Work::SnapshotDelete(_)
        | Work::Download(_)
        | Work::Prune(_)
        | Work::RemoveVolume(_) => why.to_owned(),
        Work::Vzdump(work) => work.abandon(site, around, why, log),
        Work::Restore(work) => work.abandon(site, why, log),
        Work::Rollback(work) => work.abandon(site, why),
        Work::Power(work) => work.abandon(site, around, why),
    }
}

/// The text of a missing VM.
pub fn no_such_vm(node: &str, vmid: u32) -> String {
    format!("Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
}

/// A VM, or Proxmox's words for a missing one.
pub(super) fn vm_mut(site: &mut Site, vmid: u32) -> Result<&mut Vm, String> {
    let node = &site.pve.node;
    site.pve.vms.get_mut(&vmid).ok_or_else(|| no_such_vm(node, vmid))
}

/// Refuses what is locked.
pub fn check_lock(vm: &Vm) -> Result<(), String> {
    vm.lock().map_or(Ok(()), |lock| Err(format!("VM is locked ({lock})")))
}

/// The one line that a refusal leaves in a task's log.
pub(super) fn refusal_text(refusal: Refusal) -> String {
    match refusal {
        Refusal::Status(_, text) => text,
        Refusal::Params(errors) => {
            let lines: Vec<_> = errors.iter().map(|(key, text)| format!("{key}: {text}")).collect();
            format!("Parameter verification failed. {}", lines.join(" "))
        }
    }
}
