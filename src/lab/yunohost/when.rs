//! Moments as the simulated programs write them (UTC, as on the recorded servers).

use jiff::Timestamp;

use crate::world::Moment;

fn format(moment: Moment, pattern: &str) -> String {
    let timestamp = Timestamp::from_microsecond(moment.0).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.strftime(pattern).to_string()
}

/// `20261123-030405`, the name of logs and archives.
pub fn stamp(moment: Moment) -> String {
    format(moment, "%Y%m%d-%H%M%S")
}

/// `2026-11-23 03:04:05`.
pub fn date_and_time(moment: Moment) -> String {
    format(moment, "%Y-%m-%d %H:%M:%S")
}

/// `2026-11-23 03:04:05.000006`, as Python prints a date.
pub fn python(moment: Moment) -> String {
    format(moment, "%Y-%m-%d %H:%M:%S%.6f")
}

/// `2026-11-23T03:04:05`, as JSON holds a date.
pub fn iso(moment: Moment) -> String {
    format(moment, "%Y-%m-%dT%H:%M:%S")
}
