//! Following a task to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::client::Client;
use super::error::PveError;
use super::upid::Upid;
use crate::transport::TaskVerdict;
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
    let began = clock.now().await?;
    let mut failures = 0;
    loop {
        match client.task_status(upid).await {
            Ok(status) => match status.verdict() {
                Some(verdict) => return Ok(end(client, upid, verdict).await),
                None => failures = 0,
            },
            Err(source) => {
                failures += 1;
                if source.retry() == Retry::Never || failures >= limits::PVE_TASK_LOOKS_FAILED_MAX {
                    return Err(WaitError::Node { upid: upid.clone(), source });
                }
            }
        }
        let waited = elapsed(began, clock.now().await?);
        if waited >= deadline {
            return Err(WaitError::Deadline { upid: upid.clone(), after: waited });
        }
        clock.sleep(limits::poll_interval(waited).min(deadline - waited)).await?;
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    // A clock that was set back counts as no time passed.
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

async fn end(client: &Client, upid: &Upid, verdict: TaskVerdict) -> TaskEnd {
    let log_tail = match verdict {
        TaskVerdict::Ok => Vec::new(),
        // The verdict stands without its log.
        _ => client.task_log_tail(upid, limits::PVE_TASK_LOG_LINES_SHOWN).await.unwrap_or_default(),
    };
    TaskEnd { verdict, log_tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_time_that_has_passed() {
        for (waited_s, pause_ms) in [(0, 500), (50, 500), (100, 1000), (300, 3000), (500, 5000), (7200, 60_000)] {
            assert_eq!(
                limits::poll_interval(Duration::from_secs(waited_s)),
                Duration::from_millis(pause_ms),
                "{waited_s} s"
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_is_no_time() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(5).unwrap());
        assert_eq!(elapsed(early, late), Duration::from_secs(5));
        assert_eq!(elapsed(late, early), Duration::ZERO);
    }
}
