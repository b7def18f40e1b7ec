//! Following a task to its end.

use std::time::Duration;

use super::Upid;
use super::client::Client;
use super::error::PveError;
use crate::transport::{NotSeen, TaskVerdict, until_ended};
use crate::util::clock::{Clock, ClockError};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEnd {
    /// Its verdict.
    pub verdict: TaskVerdict,
    /// The last lines of its log, unless it went well; empty too when the log could not be read.
    pub log_tail: Vec<String>,
}

/// The end of a task was not seen. The task itself goes on: follow it again by its [`Upid`], never start it again.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The node could not be asked.
    #[error("the task `{upid}` could not be followed\n\nit goes on by itself: the next run picks it up")]
    Node {
        /// The task.
        upid: Upid,
        /// The last failure.
        #[source]
        source: PveError,
    },
    /// It takes longer than it may.
    #[error("the task `{upid}` is still running after {} s\n\nit goes on by itself: the next run picks it up", .after.as_secs())]
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

impl WaitError {
    /// Always "maybe": the task is under way.
    pub fn sent(&self) -> Sent {
        Sent::Maybe
    }

    /// Whether following the same task again can help.
    pub fn retry(&self) -> Retry {
        match self {
            WaitError::Node { source, .. } => source.retry(),
            WaitError::Deadline { .. } => Retry::After,
            WaitError::Clock(_) => Retry::Never,
        }
    }
}

/// Follows a task until it ends or the deadline passes, on the given clock.
///
/// # Errors
/// [`WaitError`]; the task goes on in every case.
pub async fn wait_task(client: &Client, upid: &Upid, clock: &Clock, deadline: Duration) -> Result<TaskEnd, WaitError> {
    let ask = || async { client.task_status(upid).await.map(|status| status.verdict()) };
    match until_ended(ask, PveError::retry, clock, deadline).await {
        Ok(verdict) => Ok(end(client, upid, verdict).await),
        Err(NotSeen::Asking(source)) => Err(WaitError::Node { upid: upid.clone(), source }),
        Err(NotSeen::Deadline(after)) => Err(WaitError::Deadline { upid: upid.clone(), after }),
        Err(NotSeen::Clock(error)) => Err(error.into()),
    }
}

async fn end(client: &Client, upid: &Upid, verdict: TaskVerdict) -> TaskEnd {
    let log_tail = match verdict {
        TaskVerdict::Ok => Vec::new(),
        // The verdict stands without its log.
        _ => client.task_log_tail(upid, limits::PVE_TASK_LOG_LINES_SHOWN).await.unwrap_or_default(),
    };
    TaskEnd { verdict, log_tail }
}
