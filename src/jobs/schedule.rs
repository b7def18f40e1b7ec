//! What is due at a moment: a pure function of that moment and of the last attempts.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Kind;
use crate::domain::jobs::{Last, May, Outcome, may_begin};
use crate::store::{JobAttempt, JobKey};
use crate::util::limits;

/// When recurring work comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Again and again, at multiples of this time since 1970: every process finds the same moments.
    Every(Duration),
    /// Once a day.
    Daily {
        /// At this hour, where the co-operative is.
        hour: i8,
        /// What could not begin so long after its hour waits for the next day.
        late_max: Duration,
    },
}

impl Rhythm {
    /// However late, until the next one is due.
    pub const A_DAY: Duration = Duration::from_secs(24 * 3600);

    /// The latest moment, now included, at which it was due; none when that is too long ago.
    pub fn moment(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Rhythm::Every(every) => {
                let every_us = i64::try_from(every.as_micros()).ok().filter(|every| *every > 0)?;
                let at_us = now.as_microsecond().div_euclid(every_us) * every_us;
                Timestamp::from_microsecond(at_us).ok()
            }
            Rhythm::Daily { hour, late_max } => {
                let today = now.to_zoned(zone.clone()).date();
                let at = |day: jiff::civil::Date| {
                    // An hour that a change of the clocks leaves out is the one after it.
                    day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok().map(|at| at.timestamp())
                };
                let this = at(today)?;
                let last = if this <= now { this } else { at(today.checked_sub(1.day()).ok()?)? };
                let late = now.duration_since(last);
                (late <= SignedDuration::try_from(late_max).unwrap_or(SignedDuration::MAX)).then_some(last)
            }
        }
    }
}

/// A job that is to be tried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What kind of work.
    pub kind: Kind,
    /// Which job.
    pub job: JobKey,
}

/// Recurring work of a kind, when it is due now: for the latest moment of its rhythm, unless that was done already or has
/// to wait after a failure. Moments that passed unseen are not made up for: one look at everything is worth as much as
/// several.
pub fn recurring(kind: Kind, last: Option<&JobAttempt>, now: Timestamp, zone: &TimeZone) -> Option<Due> {
    let due_at_us = kind.rhythm()?.moment(now, zone)?.as_microsecond();
    if last.is_some_and(|last| last.job.due_at_us > due_at_us) {
        return None; // our clock is behind that of another process
    }
    let last = last.filter(|last| last.job.due_at_us == due_at_us);
    ready(kind, JobKey { kind: kind.name().to_owned(), subject: String::new(), due_at_us }, last, now)
}

/// Whether work of a short rhythm has to rest: its last attempt did not end well, and a moment later nothing is better.
pub fn rests(last: Option<&JobAttempt>, now: Timestamp) -> bool {
    let Some(end) = last.and_then(|last| last.end.as_ref()) else { return false };
    let rest_us = i64::try_from(limits::JOB_RETRY_FIRST.as_micros()).unwrap_or(i64::MAX);
    end.outcome != Outcome::Done && now.as_microsecond() < end.at_us.saturating_add(rest_us)
}

/// Ordered work, when it is to be tried now.
pub fn ordered(kind: Kind, id: &str, ordered_at_us: i64, last: Option<&JobAttempt>, now: Timestamp) -> Option<Due> {
    let job = JobKey { kind: kind.name().to_owned(), subject: id.to_owned(), due_at_us: ordered_at_us };
    ready(kind, job, last, now)
}

/// An attempt without an end may be one that is under way: whether its process lives is told by the lease.
fn ready(kind: Kind, job: JobKey, last: Option<&JobAttempt>, now: Timestamp) -> Option<Due> {
    let last = last.map(|last| Last {
        attempt: last.attempt,
        outcome: last.end.as_ref().map(|end| end.outcome),
        retry_at_us: last.end.as_ref().and_then(|end| end.retry_at_us),
    });
    // One that ran out of attempts without an end is asked about once more, so that its end is written down.
    let is_open = last.is_some_and(|last| last.outcome.is_none());
    let may = may_begin(last, now.as_microsecond(), limits::JOB_ATTEMPTS_MAX);
    (is_open || matches!(may, May::Begin { .. })).then_some(Due { kind, job })
}
