//! Tasks: what a worker process of Proxmox leaves behind.

use serde::{Deserialize, Serialize};

use crate::pve::work::Work;
use crate::world::Moment;

/// A task, running or finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// `UPID:node:pid:pstart:starttime:type:id:user:`.
    pub upid: String,
    /// Process number.
    pub pid: u32,
    /// When the process started, in clock ticks since the node booted.
    pub pstart: u32,
    /// `qmcreate`, `qmclone`, ...
    pub kind: String,
    /// What it is about, often a VM's id; may be empty.
    pub id: String,
    /// `user@realm`, with `!token` when one was used.
    pub owner: String,
    /// When it started.
    pub started: Moment,
    /// When its work is done; `None` for one that hangs until it is stopped.
    pub due: Option<Moment>,
    /// What remains to be done when it is due; `None` once it is.
    pub work: Option<Work>,
    /// What it fails with instead of doing its work (a fault).
    pub doom: Option<String>,
    /// Its log, line by line.
    pub log: Vec<String>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// `OK`, `WARNINGS: n` or the error; `None` while it runs.
    pub exit: Option<String>,
}

/// A planned fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailNext {
    /// Which type of task it waits for (`qmclone`).
    pub task_type: String,
    /// What happens to the next one.
    pub outcome: Outcome,
}

/// What a planned fault does to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It fails with this text and cleans up as the real one would.
    Error(String),
    /// It runs until somebody stops it.
    Hang,
}

impl Task {
    /// Whether it still runs.
    pub fn running(&self) -> bool {
        self.exit.is_none()
    }

    /// The user without the token.
    pub fn user(&self) -> &str {
        self.owner.split_once('!').map_or(self.owner.as_str(), |(user, _)| user)
    }

    /// The token's name, when one was used.
    pub fn token(&self) -> Option<&str> {
        self.owner.split_once('!').map(|(_, token)| token)
    }

    /// `ok`, `warning`, `error` or `unknown`, as `statusfilter` classifies an exit status.
    pub fn class(&self) -> Option<&'static str> {
        Some(match self.exit.as_deref()? {
            "OK" => "ok",
            "unexpected status" => "unknown",
            text if text.starts_with("WARNINGS: ") => "warning",
            _ => "error",
        })
    }
}

/// What a task's identifier says, when it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpidParts {
    /// Node that runs it.
    pub node: String,
}

/// Reads the grammar of a task identifier.
pub fn parse_upid(upid: &str) -> Option<UpidParts> {
    let parts: Vec<&str> = upid.split(':').collect();
    let [head, node, pid, pstart, start, kind, _id, user, ""] = parts.as_slice() else { return None };
    let hex = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let well_formed = *head == "UPID"
        && !node.is_empty()
        && hex(pid, 8..=8)
        && hex(pstart, 8..=9)
        && hex(start, 8..=8)
        && !kind.is_empty()
        && !user.is_empty();
    well_formed.then(|| UpidParts { node: (*node).to_owned() })
}
