//! Tasks of a node: status, log, list (sheet Proxmox, sections 3 and 4).

use serde::Deserialize;
use serde_json::Value;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::TaskVerdict;
use crate::transport::form::{Form, encode};

/// What a task is doing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskStatus {
    /// `running` or `stopped`.
    pub status: String,
    /// How it ended, in the node's words; none while it runs.
    pub exitstatus: Option<String>,
}

impl TaskStatus {
    /// The verdict, once it has ended.
    pub fn verdict(&self) -> Option<TaskVerdict> {
        let ended = self.status == "stopped";
        ended.then(|| TaskVerdict::from_exit_status(self.exitstatus.as_deref().unwrap_or_default()))
    }
}

/// A line of a task's log: text for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogLine {
    /// Its number, from 1.
    #[serde(rename = "n", deserialize_with = "wire::number")]
    pub number: u64,
    /// Its text.
    #[serde(rename = "t", deserialize_with = "wire::text")]
    pub text: String,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskSummary {
    /// Its name.
    pub upid: String,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it works on, often a VM id.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub id: Option<String>,
    /// Who started it.
    pub user: String,
    /// When it began, in seconds since 1970.
    #[serde(deserialize_with = "wire::number")]
    pub starttime: u64,
    /// When it ended.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub endtime: Option<u64>,
    /// Its exit status; `RUNNING` while it runs, absent on some versions.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub status: Option<String>,
}

/// Which tasks to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskSource {
    /// Those that have ended (what Proxmox lists when nothing is said).
    Archive,
    /// Those that run.
    Active,
    /// Both.
    #[default]
    All,
}

/// Restrictions on a list of tasks.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Ended, running or both.
    pub source: TaskSource,
    /// What they do: `qmcreate`, `vzdump`, ...
    pub kind: Option<String>,
    /// The VM that they name. A clone names its source.
    pub vmid: Option<VmId>,
    /// Begun since, in seconds since 1970.
    pub since: Option<i64>,
    /// At most so many, the latest first; Proxmox gives 50 when nothing is said.
    pub limit: Option<u32>,
}

impl Client {
    /// What a task is doing. Asked of the node that the task's name gives.
    ///
    /// # Errors
    /// [`PveError::is_absent_task`] when the node has forgotten it.
    pub async fn task_status(&self, upid: &Upid) -> Result<TaskStatus, PveError> {
        self.get(&format!("{}/status", task_path(upid)), Form::new()).await
    }

    /// A part of a task's log from line `start` (counted from 0), and the number of lines of the whole.
    ///
    /// # Errors
    /// As every call.
    pub async fn task_log(&self, upid: &Upid, start: u64, limit: u64) -> Result<(Vec<LogLine>, u64), PveError> {
        let form = Form::new().with("start", start).with("limit", limit);
        self.get_part(&format!("{}/log", task_path(upid)), form).await
    }

    /// The last lines of a task's log.
    ///
    /// # Errors
    /// As every call.
    pub async fn task_log_tail(&self, upid: &Upid, lines: u64) -> Result<Vec<String>, PveError> {
        let (mut part, total) = self.task_log(upid, 0, lines).await?;
        if total > lines {
            (part, _) = self.task_log(upid, total - lines, lines).await?;
        }
        Ok(part.into_iter().map(|line| line.text).collect())
    }

    /// Tasks of this node, the latest first. A token sees its own, and all with `Sys.Audit` on the node.
    ///
    /// # Errors
    /// As every call.
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskSummary>, PveError> {
        let source = match filter.source {
            TaskSource::Archive => "archive",
            TaskSource::Active => "active",
            TaskSource::All => "all",
        };
        let form = Form::new()
            .with("source", source)
            .with_some("typefilter", filter.kind.as_ref())
            .with_some("vmid", filter.vmid)
            .with_some("since", filter.since)
            .with_some("limit", filter.limit);
        self.get(&self.node_path("/tasks"), form).await
    }

    /// Kills a task. Answers at once, whether or not it has ended.
    ///
    /// # Errors
    /// As every call.
    pub async fn stop_task(&self, upid: &Upid) -> Result<(), PveError> {
        self.delete::<Value>(&task_path(upid), Form::new()).await.map(drop)
    }
}

fn task_path(upid: &Upid) -> String {
    format!("/nodes/{}/tasks/{}", encode(&upid.node), encode(upid.as_str()))
}
