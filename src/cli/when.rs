//! Days, moments and ages: in the co-operative's time zone, in words.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::failure::Failure;
use crate::inventory::model::Cooperative;

/// The co-operative's time zone. The check of the inventory admits only names of the bundled list.
pub fn zone(cooperative: &Cooperative) -> TimeZone {
    TimeZoneDatabase::bundled().get(&cooperative.time_zone).unwrap_or(TimeZone::UTC)
}

/// The day that it is there.
pub fn day(now: Timestamp, zone: &TimeZone) -> Date {
    now.to_zoned(zone.clone()).date()
}

/// An instant to the minute, for people.
pub fn minute(at_us: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// How long ago something was, in its greatest unit.
pub fn ago(at_us: i64, now_us: i64) -> String {
    let minutes = now_us.saturating_sub(at_us).max(0) / 60_000_000;
    match minutes {
        0 => "just now".to_owned(),
        1..=119 => format!("{minutes} min ago"),
        120..=2879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// Reads a moment, in microseconds: `now`, a day (its end), or a time where the co-operative is.
///
/// # Errors
/// What is none of these.
pub fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<i64, Failure> {
    let wrong = || {
        Failure::usage(
            format!("`{text}` is no moment"),
            "write `2026-11-20T14:00`, `2026-11-20` (its end), or `now`; times are those of the co-operative",
        )
    };
    if text == "now" {
        return Ok(now.as_microsecond());
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_microsecond());
    }
    let local = match text.parse::<Date>() {
        Ok(day) if text.len() <= 10 => day.at(23, 59, 59, 999_999_000),
        _ => text.replace(' ', "T").parse::<DateTime>().map_err(|_| wrong())?,
    };
    Ok(local.to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let minutes = |count: i64| ago(0, count * 60_000_000);
        assert_eq!(
            [minutes(0), minutes(3), minutes(180), minutes(4320)],
            ["just now", "3 min ago", "3 h ago", "3 days ago"]
        );
        assert_eq!(ago(5, 0), "just now", "clocks of two machines may differ");
    }

    #[test]
    fn the_day_begins_where_the_cooperative_is() {
        let paris = TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled");
        let late: Timestamp = "2026-11-23T23:30:00Z".parse().expect("an instant");
        assert_eq!(day(late, &paris).to_string(), "2026-11-24");
    }

    #[test]
    fn a_moment_is_one_where_the_cooperative_is() {
        let paris = TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled");
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().expect("an instant");
        let read = |text: &str| {
            moment(text, now, &paris)
                .ok()
                .map(|at_us| Timestamp::from_microsecond(at_us).expect("in range").to_string())
        };
        assert_eq!(read("now").as_deref(), Some("2026-11-20T08:00:00Z"));
        assert_eq!(read("2026-11-19T14:00").as_deref(), Some("2026-11-19T13:00:00Z"));
        assert_eq!(read("2026-11-19 14:00").as_deref(), Some("2026-11-19T13:00:00Z"));
        assert_eq!(read("2026-11-19").as_deref(), Some("2026-11-19T22:59:59.999999Z"));
        assert_eq!(read("2026-11-19T14:00:00Z").as_deref(), Some("2026-11-19T14:00:00Z"));
        assert_eq!(read("yesterday"), None);
    }
}
