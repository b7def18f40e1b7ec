//! Following a task of a backup server to its end.

use std::time::Duration;

use super::client::Client;
use super::error::PbsError;
use super::upid::Upid;
use crate::transport::TaskVerdict;
use crate::util::clock::{Clock, ClockError};
use crate::util::limits;
use crate::util::remote::Retry;

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
    let began = clock.now().await?;
    let mut failures = 0;
    loop {
        match client.task_status(upid).await {
            Ok(status) => match status.verdict() {
                Some(verdict) => {
                    let log = match verdict {
                        TaskVerdict::Ok => Vec::new(),
                        _ => client.task_log(upid, limits::PVE_TASK_LOG_LINES_SHOWN).await.unwrap_or_default(),
                    };
                    return Ok(TaskEnd { verdict, log });
                }
                None => failures = 0,
            },
            Err(source) => {
                failures += 1;
                if source.retry() == Retry::Never || failures >= limits::PVE_TASK_LOOKS_FAILED_MAX {
                    return Err(WaitError::Server { upid: upid.clone(), source });
                }
            }
        }
        // A clock that was set back counts as no time passed.
        let waited = Duration::try_from(clock.now().await?.duration_since(began)).unwrap_or_default();
        if waited >= deadline {
            return Err(WaitError::Deadline { upid: upid.clone(), after: waited });
        }
        clock.sleep(limits::poll_interval(waited).min(deadline - waited)).await?;
    }
}
