//! Tasks of a backup server. The node is always called `localhost` there.

use serde::Deserialize;

use super::Upid;
use super::client::Client;
use super::error::PbsError;
use crate::transport::TaskVerdict;
use crate::transport::form::{Form, encode};

/// What a task is doing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskStatus {
    /// `running` or `stopped`.
    pub status: String,
    /// How it ended, in the server's words; none while it runs.
    pub exitstatus: Option<String>,
    /// When it ended, in seconds since 1970.
    pub endtime: Option<i64>,
}

impl TaskStatus {
    /// The verdict, once it has ended. A task that never existed is `unknown`, too, with a good status.
    pub fn verdict(&self) -> Option<TaskVerdict> {
        if self.status != "stopped" {
            return None;
        }
        Some(match self.exitstatus.as_deref().unwrap_or_default() {
            "unknown" => TaskVerdict::Unknown("unknown".to_owned()),
            status => TaskVerdict::from_exit_status(status),
        })
    }
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskSummary {
    /// Its name.
    pub upid: String,
    /// What it does.
    pub worker_type: String,
    /// What it works on, for example `coop:ns/ilot/vm/1002`.
    pub worker_id: Option<String>,
    /// Who started it.
    pub user: String,
    /// When it began, in seconds since 1970.
    pub starttime: i64,
    /// When it ended.
    pub endtime: Option<i64>,
    /// How it ended; none while it runs.
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct LogLine {
    t: String,
}

impl Client {
    /// What a task is doing.
    ///
    /// # Errors
    /// As every call.
    pub async fn task_status(&self, upid: &Upid) -> Result<TaskStatus, PbsError> {
        self.get(&format!("{}/status", task_path(upid)), Form::new()).await
    }

    /// The first lines of a task's log.
    ///
    /// # Errors
    /// As every call.
    pub async fn task_log(&self, upid: &Upid, lines: u64) -> Result<Vec<String>, PbsError> {
        let listed: Vec<LogLine> =
            self.get(&format!("{}/log", task_path(upid)), Form::new().with("limit", lines)).await?;
        Ok(listed.into_iter().map(|line| line.t).collect())
    }

    /// Tasks of one kind, the latest first. Without `Sys.Audit` an account sees its own only, and no error.
    ///
    /// # Errors
    /// As every call.
    pub async fn tasks(
        &self,
        kind: Option<&str>,
        since: Option<i64>,
        limit: u32,
    ) -> Result<Vec<TaskSummary>, PbsError> {
        let form = Form::new().with_some("typefilter", kind).with_some("since", since).with("limit", limit);
        self.get("/nodes/localhost/tasks", form).await
    }
}

fn task_path(upid: &Upid) -> String {
    format!("/nodes/localhost/tasks/{}", encode(upid.as_str()))
}
