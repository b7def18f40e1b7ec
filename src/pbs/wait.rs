//! Following a task of a backup server to its end.

use std::time::Duration;

use super::Upid;
use super::client::Client;
use super::error::PbsError;
use crate::transport::{NotSeen, TaskVerdict, until_ended};
use crate::util::clock::{Clock, ClockError};
use crate::util::limits;

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEnd {
    /// Its verdict.
    pub verdict: TaskVerdict,
    /// Lines of its log, unless it went well; empty too when the log could not be read.
    pub log: Vec<String>,
}

/// The end of a task was not seen. The task itself goes on.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The server could not be asked.
    #[error("the task `{upid}` could not be followed\n\nit goes on by itself")]
    Server {
        /// The task.
        upid: Upid,
        /// The last failure.
        #[source]
        source: PbsError,
    },
    /// It takes longer than it may.
    #[error("the task `{upid}` is still running after {} s\n\nit goes on by itself", .after.as_secs())]
    Deadline {
        /// The task.
        upid: Upid,
        /// How long it was followed.
        after: Duration,
    },
    /// The clock failed.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

/// Follows a task until it has ended or the deadline has passed.
///
/// # Errors
/// [`WaitError`]; the task goes on.
pub async fn wait_task(client: &Client, upid: &Upid, clock: &Clock, deadline: Duration) -> Result<TaskEnd, WaitError> {
    let ask = || async { client.task_status(upid).await.map(|status| status.verdict()) };
    match until_ended(ask, PbsError::retry, clock, deadline).await {
        Ok(TaskVerdict::Ok) => Ok(TaskEnd { verdict: TaskVerdict::Ok, log: Vec::new() }),
        Ok(verdict) => {
            let log = client.task_log(upid, limits::PVE_TASK_LOG_LINES_SHOWN).await.unwrap_or_default();
            Ok(TaskEnd { verdict, log })
        }
        Err(NotSeen::Asking(source)) => Err(WaitError::Server { upid: upid.clone(), source }),
        Err(NotSeen::Deadline(after)) => Err(WaitError::Deadline { upid: upid.clone(), after }),
        Err(NotSeen::Clock(error)) => Err(error.into()),
    }
}
