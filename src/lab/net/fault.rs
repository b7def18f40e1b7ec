//! Fault plans: what goes wrong, at which request, how often.

use serde::{Deserialize, Serialize};

/// Faults that wait for their request, in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FaultPlan(pub Vec<Fault>);

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Only at this site.
    #[serde(default)]
    pub site: Option<String>,
    /// Only when the request (`POST /nodes/pve1/qemu`) or the command line contains this.
    pub on: String,
    /// So many matching requests go well first.
    #[serde(default)]
    pub after: u32,
    /// So many matching requests go wrong.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub kind: FaultKind,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The connection is cut, and nothing was done.
    CutBefore,
    /// It is done, and the connection is cut before the answer.
    LostAnswer,
    /// The client crashes; nothing was done.
    CrashBefore,
    /// It is done, and the client crashes before it hears of it.
    CrashAfter,
    /// The API answers this status without doing anything (595 and the like: although the work goes on).
    Status {
        /// The status.
        code: u16,
        /// The reason phrase.
        reason: String,
        /// Whether the work is done all the same.
        done: bool,
    },
    /// The task that the request starts fails with this text.
    TaskFails {
        /// The type of the task, for example `qmcreate`.
        task_type: String,
        /// Proxmox's words.
        text: String,
    },
    /// Somebody holds YunoHost's lock for so long.
    YunohostLocked {
        /// In simulated seconds.
        seconds: u64,
    },
    /// The guest restarts right after the command has begun.
    Reboot,
    /// The guest restarts in the middle of what the command has begun.
    RebootAfter {
        /// In simulated seconds.
        seconds: u64,
    },
    /// A program inside the guest stops half-way.
    ProgramFails {
        /// `installer` or `apt-get`.
        program: String,
    },
    /// The site vanishes for so long.
    Offline {
        /// In simulated seconds.
        seconds: u64,
    },
}

fn once() -> u32 {
    1
}

impl FaultPlan {
    /// The fault of this request, if it has one; it is used up.
    pub fn take(&mut self, site: &str, request: &str) -> Option<FaultKind> {
        let index = self.0.iter().position(|fault| {
            fault.times > 0 && fault.site.as_deref().is_none_or(|only| only == site) && request.contains(&fault.on)
        })?;
        let fault = &mut self.0[index];
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times -= 1;
        let kind = fault.kind.clone();
        if fault.times == 0 {
            self.0.remove(index);
        }
        Some(kind)
    }
}
