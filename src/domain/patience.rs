//! How long somebody who does not answer is left alone: a pure function of how often and when we asked last.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When to ask again after an unbroken row of looks that saw nothing: after the usual interval the first time, twice as
/// long each time, never longer than `rest_max`.
pub fn ask_again_at(failed_looks: u32, last: Timestamp, interval: Duration, rest_max: Duration) -> Timestamp {
    let doublings = failed_looks.saturating_sub(1).min(31);
    let rest = interval.saturating_mul(1 << doublings).min(rest_max.max(interval));
    let rest = SignedDuration::try_from(rest).unwrap_or(SignedDuration::MAX);
    last.checked_add(rest).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: Duration = Duration::from_secs(900);
    const SIX_HOURS: Duration = Duration::from_secs(6 * 3600);

    #[test]
    fn rests_double_until_six_hours() {
        let rest = |looks| ask_again_at(looks, Timestamp::UNIX_EPOCH, QUARTER, SIX_HOURS).as_second();
        let minutes: Vec<i64> = [0, 1, 2, 3, 4, 5, 6, 1000, u32::MAX].map(|looks| rest(looks) / 60).to_vec();
        assert_eq!(minutes, [15, 15, 30, 60, 120, 240, 360, 360, 360]);
    }

    #[test]
    fn a_long_interval_is_kept_and_nothing_overflows() {
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(ask_again_at(9, Timestamp::UNIX_EPOCH, day, SIX_HOURS).as_second(), 24 * 3600);
        assert_eq!(ask_again_at(9, Timestamp::MAX, Duration::MAX, Duration::MAX), Timestamp::MAX);
    }
}
