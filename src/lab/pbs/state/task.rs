//! Tasks: what a worker of a backup server leaves behind.

use serde::{Deserialize, Serialize};

use super::names;
use crate::pbs::work::Work;
use crate::world::Moment;

pub use crate::pve::state::task::{FailNext, Outcome};

/// A task, running or finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// `UPID:node:pid:pstart:number:starttime:type:id:user:`.
    pub upid: String,
    /// Process number: that of the server, all its tasks are threads.
    pub pid: u32,
    /// When that process started, in clock ticks since boot.
    pub pstart: u32,
    /// `backup`, `verify`, `garbage_collection`, ...
    pub kind: String,
    /// What it is about, not escaped.
    pub id: Option<String>,
    /// User or token.
    pub owner: String,
    /// When it started.
    pub started: Moment,
    /// When its work is done; `None` for one that lasts until somebody ends it.
    pub due: Option<Moment>,
    /// What remains to be done when it is due; `None` once it is, and for what somebody else ends.
    pub work: Option<Work>,
    /// What it fails with instead of doing its work (a fault).
    pub doom: Option<String>,
    /// Its log, with the moment of each line.
    pub log: Vec<(Moment, String)>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// `OK`, `WARNINGS: n` or the error; `None` while it runs.
    pub exit: Option<String>,
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

    /// `ok`, `warning`, `error` or `unknown`, as `statusfilter` classifies an exit status.
    pub fn class(&self) -> Option<&'static str> {
        Some(match self.exit.as_deref()? {
            "OK" => "ok",
            "unknown" => "unknown",
            text if text.starts_with("WARNINGS: ") => "warning",
            _ => "error",
        })
    }
}

/// What a task's identifier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upid {
    /// Host name of the server.
    pub node: String,
    /// Process number.
    pub pid: u32,
    /// Start of the process, in clock ticks since boot.
    pub pstart: u64,
    /// Number among the tasks of the process.
    pub number: u64,
    /// When it started, seconds since 1970.
    pub started_s: i64,
    /// Its type.
    pub kind: String,
    /// What it is about, not escaped.
    pub id: Option<String>,
    /// User or token.
    pub owner: String,
}

impl Upid {
    /// Reads an identifier; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Upid> {
        let parts: Vec<&str> = text.split(':').collect();
        let [head, node, pid, pstart, number, started, kind, id, owner, ""] = parts.as_slice() else { return None };
        let hex = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&text.len()).then(|| u64::from_str_radix(text, 16).ok()).flatten()
        };
        let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        if *head != "UPID" || !is_word(node) || !is_word(kind) || !owner.contains('@') {
            return None;
        }
        Some(Upid {
            node: (*node).to_owned(),
            pid: u32::try_from(hex(pid, 8..=8)?).ok()?,
            pstart: hex(pstart, 8..=9)?,
            number: hex(number, 8..=16)?,
            started_s: i64::try_from(hex(started, 8..=8)?).ok()?,
            kind: (*kind).to_owned(),
            id: if id.is_empty() { None } else { Some(names::unescape_unit(id)?) },
            owner: (*owner).to_owned(),
        })
    }

    /// Writes an identifier.
    pub fn print(&self) -> String {
        format!(
            "UPID:{}:{:08X}:{:08X}:{:08X}:{:08X}:{}:{}:{}:",
            self.node,
            self.pid,
            self.pstart,
            self.number,
            self.started_s,
            self.kind,
            names::escape_unit(self.id.as_deref().unwrap_or_default()),
            self.owner
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_pbs_task_identifiers_have_nine_fields_and_read_back() {
        let upid = Upid {
            node: "pbs1".to_owned(),
            pid: 1200,
            pstart: 4711,
            number: 3,
            started_s: 1_795_000_000,
            kind: "verify".to_owned(),
            id: Some("coop:ns/clients".to_owned()),
            owner: "admin@pbs".to_owned(),
        };
        let text = upid.print();
        assert_eq!(text, "UPID:pbs1:000004B0:00001267:00000003:6AFD86C0:verify:coop\\x3ans-clients:admin@pbs:");
        assert_eq!(Upid::parse(&text), Some(upid));
        assert_eq!(Upid::parse("UPID:pve1:000004B0:00001267:6AFD86C0:qmstart:101:root@pam:"), None);
    }
}
