//! Following a task to its end, whoever runs it.

use std::time::Duration;

use jiff::Timestamp;

use super::TaskVerdict;
use crate::util::clock::{Clock, ClockError};
use crate::util::limits;
use crate::util::remote::Retry;

/// Why the end of a task was not seen. The task itself goes on.
#[derive(Debug)]
pub enum NotSeen<E> {
    /// It could not be asked for; the last failure.
    Asking(E),
    /// It takes longer than it may; how long it was followed.
    Deadline(Duration),
    /// The clock failed.
    Clock(ClockError),
}

/// Asks for the verdict on a task until there is one or the deadline has passed, on the given clock. `retry` says whether
/// asking again can help after a failure.
///
/// # Errors
/// [`NotSeen`]; the task goes on in every case.
pub async fn until_ended<E, F>(
    ask: impl Fn() -> F,
    retry: impl Fn(&E) -> Retry,
    clock: &Clock,
    deadline: Duration,
) -> Result<TaskVerdict, NotSeen<E>>
where
    F: Future<Output = Result<Option<TaskVerdict>, E>>,
{
    let began = clock.now().await.map_err(NotSeen::Clock)?;
    let mut failures = 0;
    loop {
        match ask().await {
            Ok(Some(verdict)) => return Ok(verdict),
            Ok(None) => failures = 0,
            Err(error) => {
                failures += 1;
                if retry(&error) == Retry::Never || failures >= limits::PVE_TASK_LOOKS_FAILED_MAX {
                    return Err(NotSeen::Asking(error));
                }
            }
        }
        let waited = elapsed(began, clock.now().await.map_err(NotSeen::Clock)?);
        if waited >= deadline {
            return Err(NotSeen::Deadline(waited));
        }
        let pause = limits::poll_interval(waited).min(deadline - waited);
        clock.sleep(pause).await.map_err(NotSeen::Clock)?;
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    // A clock that was set back counts as no time passed.
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
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
