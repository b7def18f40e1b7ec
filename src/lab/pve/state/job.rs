//! Backup job definitions (`jobs.cfg`), and what the scheduler remembers of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::property;
use crate::world::Moment;

/// A backup job: its options as text, as in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupJob {
    /// Options without the id.
    pub options: BTreeMap<String, String>,
    /// When it runs next by its schedule; `None` when it never does.
    #[serde(default)]
    pub next: Option<Moment>,
    /// The task of its last run.
    #[serde(default)]
    pub last: Option<String>,
}

impl BackupJob {
    /// Whether it runs at all.
    pub fn is_enabled(&self) -> bool {
        self.options.get("enabled").is_none_or(|enabled| property::is_yes(enabled))
    }

    /// The ids that a job lists itself.
    pub fn vmids(&self) -> Vec<u32> {
        self.ids("vmid")
    }

    /// Whether a guest, member of this pool, is one of the job's.
    pub fn includes(&self, vmid: u32, pool: Option<&str>) -> bool {
        // Excluding somebody means everybody else.
        let all = self.options.get("all").is_some_and(|all| all == "1")
            || self.options.contains_key("exclude") && !self.options.contains_key("pool");
        if all {
            return !self.ids("exclude").contains(&vmid);
        }
        match self.options.get("pool") {
            Some(wanted) => pool == Some(wanted.as_str()),
            None => self.vmids().contains(&vmid),
        }
    }

    /// Takes a destroyed guest out of the job; false when nothing is left of the job's list.
    pub fn forget(&mut self, vmid: u32) -> bool {
        for key in ["vmid", "exclude"] {
            if self.options.contains_key(key) {
                let left: Vec<_> =
                    self.ids(key).into_iter().filter(|one| *one != vmid).map(|one| one.to_string()).collect();
                if left.is_empty() {
                    self.options.remove(key);
                } else {
                    self.options.insert(key.to_owned(), left.join(","));
                }
            }
        }
        ["vmid", "all", "pool"].iter().any(|key| self.options.contains_key(*key))
    }

    fn ids(&self, key: &str) -> Vec<u32> {
        let text = self.options.get(key).map(String::as_str).unwrap_or_default();
        property::list(text).iter().filter_map(|id| id.parse().ok()).collect()
    }
}
