//! Local days and times of the co-operative (R3). Instants are UTC, days are local.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::domain::refusal::Refusal;

/// A local time as an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalMoment {
    /// The instant.
    pub at: Timestamp,
    /// Whether the clocks show this time twice; the first is meant.
    pub is_twice: bool,
}

/// The instant of a local time. One that exists twice is the first.
///
/// # Errors
/// A [`Refusal`] for a time that the clocks skip.
pub fn moment(zone: &TimeZone, local: DateTime) -> Result<LocalMoment, Refusal> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let is_twice = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => false,
        AmbiguousOffset::Fold { .. } => true,
        AmbiguousOffset::Gap { .. } => {
            let problem = format!("{} does not exist: the clocks are put forward over it", shown(local));
            return Err(Refusal::new(problem).hint("give the time that a clock on the wall showed"));
        }
    };
    match ambiguous.earlier() {
        Ok(at) => Ok(LocalMoment { at, is_twice }),
        Err(_) => Err(Refusal::new(format!("{} is beyond the calendar", shown(local)))),
    }
}

/// The local day of an instant.
pub fn day(zone: &TimeZone, at: Timestamp) -> Date {
    zone.to_datetime(at).date()
}

/// The instant at which a local day begins, also where midnight is skipped.
pub fn day_start(zone: &TimeZone, day: Date) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// A local time to the minute.
pub fn shown(local: DateTime) -> String {
    local.strftime("%Y-%m-%d %H:%M").to_string()
}
