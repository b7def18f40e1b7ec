//! What a plan is made of: data, not closures, so that it can be stored, compared and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::{InstanceId, SiteId, VmId};

/// The version of a serialised plan.
pub const PLAN_VERSION: u32 = 1;

/// The difference between what should be and what is, as steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// The accepted inventory that it carries out.
    pub inventory_number: i64,
    /// The day for which it was made (seats begin and end on days).
    pub day: jiff::civil::Date,
    /// One part for each instance, in order of id.
    pub instances: Vec<InstancePlan>,
}

/// What is to be done for one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstancePlan {
    /// The instance.
    pub instance: InstanceId,
    /// Where it stands.
    pub site: SiteId,
    /// Its virtual machine.
    pub vmid: VmId,
    /// Differences that nobody planned.
    pub drift: Vec<String>,
    /// What stands in the way, for a person to decide: nothing is done for this instance.
    pub conflict: Option<String>,
    /// The site or the guest did not answer, or refused us, so nothing is known.
    pub unknown: Option<String>,
    /// The actions, in order.
    pub actions: Vec<PlannedAction>,
    /// How many steps are already as they should be.
    pub unchanged: usize,
}

/// An action with what a technician reads of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedAction {
    /// Stable across plans, runs and journals.
    pub key: String,
    /// What a technician reads.
    pub title: String,
    /// Whether it adds something or changes what is there.
    pub change: Change,
    /// How long it takes as a rule.
    pub seconds: u32,
    /// What is done.
    pub action: Action,
    /// What it waits for: it is not tried before.
    pub waiting: Option<String>,
}

/// The kind of a change, as the symbol in a plan shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// `+`
    Add,
    /// `~`
    Change,
    /// `-`
    Remove,
}

impl Action {
    /// Whether it is about the backups of an instance and not about its machine.
    pub fn is_backup(&self) -> bool {
        matches!(self, Action::JoinPool { .. } | Action::DeclareStorage { .. } | Action::DeclareJob { .. })
    }
}

/// Everything that the engine can do to an instance. Nothing in it destroys a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Creates the virtual machine from the imported image.
    CreateMachine {
        /// Every parameter of the request.
        parameters: BTreeMap<String, String>,
    },
    /// Creates the virtual machine as a full clone of a template, then sets its options.
    CloneMachine {
        /// The template.
        template: VmId,
        /// Where its disks go.
        storage: String,
        /// Options set on the new machine.
        options: BTreeMap<String, String>,
    },
    /// Grows the disk to an absolute size: a relative one would grow twice (sheet Proxmox, 5d).
    GrowDisk {
        /// Configuration key of the disk.
        disk: String,
        /// New size.
        gib: u32,
    },
    /// Sets options of an existing machine.
    SetOptions {
        /// Key to value.
        options: BTreeMap<String, String>,
    },
    /// Starts the machine.
    Start,
    /// Puts the machine into its pool; only root on the node may.
    JoinPool {
        /// The pool.
        pool: String,
    },
    /// Defines the storage on the backup server, or corrects it. Token and key are put in when it is done.
    DeclareStorage {
        /// Every option that is no secret, `type` included.
        options: BTreeMap<String, String>,
    },
    /// Defines a backup job, or corrects it.
    DeclareJob {
        /// Its id.
        id: String,
        /// Every option.
        options: BTreeMap<String, String>,
    },
    /// Waits for the guest agent, checks the address and pins the guest's host key.
    MeetGuest,
    /// A playbook's step inside the guest.
    Step,
}

impl Plan {
    /// A name for the plan: the same decisions give the same name. Eight hexadecimal digits.
    ///
    /// # Panics
    /// Never: a plan always serialises.
    pub fn id(&self) -> String {
        let content = serde_json::to_vec(self).expect("a plan is plain data");
        hex::encode(&Sha256::digest(content)[..4])
    }

    /// Whether there is nothing to do, nothing in the way and nothing unknown.
    pub fn is_settled(&self) -> bool {
        self.instances.iter().all(InstancePlan::is_settled)
    }
}

impl InstancePlan {
    /// Whether there is nothing to do, nothing in the way and nothing unknown.
    pub fn is_settled(&self) -> bool {
        self.actions.is_empty() && self.conflict.is_none() && self.unknown.is_none()
    }

    /// Actions that can be tried now.
    pub fn ready(&self) -> impl Iterator<Item = &PlannedAction> {
        self.actions.iter().filter(|action| action.waiting.is_none())
    }

    /// How long the ready actions take together, as a rule.
    pub fn seconds(&self) -> u32 {
        self.ready().map(|action| action.seconds).sum()
    }
}
