//! What Proxmox accepts and nobody means. A backup that runs at another time than its owner thinks is found out when it is
//! needed, so such a text is refused when it is written.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Event, Part, Reads, parse};
use crate::domain::refusal::Refusal;

/// From when on runs are looked at: no clock is read here, and rules of zones repeat year after year.
const LOOKED_AT_FROM: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// For how long: every clock change of a year is inside.
const LOOKED_AT_DAYS: i64 = 400;

/// Runs that are looked at for their distance.
const LOOKED_AT_RUNS: usize = 30;

/// Runs closer than this are a typing mistake: the sweep of one disk takes longer.
const DISTANCE_MIN: SignedDuration = SignedDuration::from_mins(10);

/// A schedule that surely means something else than what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// `02:00,14:00`: the comma was read as one between minutes.
    Comma,
    /// `25:00`: what is no hour was read as a minute.
    NoSuchHour,
    /// `02`: a number without a colon was read as a minute of every hour.
    EveryHour,
    /// `02:30:15`: jobs are looked at once a minute.
    Seconds,
    /// `2027-01-01 03:00`: it ends.
    Ends,
    /// `*-2-30`: it never runs.
    Never,
    /// It runs again within minutes.
    TooOften,
    /// The clock skips that time once a year, and with it that run.
    Skipped {
        /// A day on which that happens.
        day: Date,
        /// The time that does not exist.
        time: DateTime,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Comma => {
                out.write_str("Proxmox reads the comma as one between minutes, and what follows as seconds")
            }
            Doubt::NoSuchHour => {
                out.write_str("hours end at 23: Proxmox reads this as minute and second of every hour")
            }
            Doubt::EveryHour => out.write_str("Proxmox reads a number without a colon as a minute of every hour"),
            Doubt::Seconds => out.write_str("Proxmox looks at its jobs once a minute: seconds mean nothing"),
            Doubt::Ends => out.write_str("it names a year, so one day the backups would end in silence"),
            Doubt::Never => out.write_str("no such day exists: it never runs"),
            Doubt::TooOften => {
                write!(out, "two runs are less than {} minutes apart", DISTANCE_MIN.as_mins())
            }
            Doubt::Skipped { day, time } => {
                write!(out, "on {day} the clock skips {}, and with it the run", time.time().strftime("%H:%M"))
            }
        }
    }
}

impl Doubt {
    /// What to write instead.
    pub fn hint(&self) -> &'static str {
        match self {
            Doubt::Comma => "twice a day is `02,14:00`: hours, then a colon, then minutes",
            Doubt::NoSuchHour | Doubt::EveryHour => "every night at 3:15 is `03:15`",
            Doubt::Seconds => "leave the seconds away",
            Doubt::Ends => "leave the year away",
            Doubt::Never => "the last day of a month cannot be written; `*-*-28 03:15` exists in every month",
            Doubt::TooOften => "once a night is `03:15`, every six hours `0/6:15`",
            Doubt::Skipped { .. } => "take an hour that exists every day, for example `01:15` or `03:15`",
        }
    }
}

impl Event {
    /// The first thing about it that is surely not meant, on a machine in this zone.
    pub fn doubt(&self, zone: &TimeZone) -> Option<Doubt> {
        let written = self.written;
        if written.seconds && !written.hours {
            return Some(Doubt::NoSuchHour);
        }
        if written.seconds && written.many_minutes {
            return Some(Doubt::Comma);
        }
        if written.seconds && self.seconds != Part::only(0) {
            return Some(Doubt::Seconds);
        }
        if written.plain_minutes && !written.hours {
            return Some(Doubt::EveryHour);
        }
        if self.years != Part::Any {
            return Some(Doubt::Ends);
        }
        let runs = self.runs(LOOKED_AT_FROM, zone, LOOKED_AT_RUNS);
        if runs.is_empty() {
            return Some(Doubt::Never);
        }
        if runs.windows(2).any(|pair| pair[1].at.duration_since(pair[0].at) < DISTANCE_MIN) {
            return Some(Doubt::TooOften);
        }
        self.skipped(zone)
    }

    /// A run that falls into an hour that the clock skips. Who runs every hour misses nothing by that.
    fn skipped(&self, zone: &TimeZone) -> Option<Doubt> {
        if self.utc || self.hours == Part::Any {
            return None;
        }
        let until = LOOKED_AT_FROM.checked_add(SignedDuration::from_hours(24 * LOOKED_AT_DAYS)).ok()?;
        for change in zone.following(LOOKED_AT_FROM).take_while(|change| change.timestamp() < until) {
            let just_before = change.timestamp().checked_sub(1.second()).ok()?;
            // The clock would have shown `time` next; it shows `end` instead.
            let (mut time, end) =
                (zone.to_datetime(just_before).checked_add(1.second()).ok()?, zone.to_datetime(change.timestamp()));
            while time < end {
                if self.matches(time) {
                    return Some(Doubt::Skipped { day: time.date(), time });
                }
                time = time.checked_add(1.minute()).ok()?;
            }
        }
        None
    }
}

/// Reads a schedule that a person wrote for a machine in a zone.
///
/// # Errors
/// A refusal of what Proxmox would refuse, and of what it would accept and nobody means.
pub fn schedule(text: &str, reads: Reads, zone: &TimeZone) -> Result<Event, Refusal> {
    let event = parse(text, reads).map_err(|error| {
        let refusal = Refusal::new(error.to_string());
        match error.hint {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    })?;
    match event.doubt(zone) {
        None => Ok(event),
        Some(doubt) => Err(Refusal::new(format!("`{text}` is surely not meant: {doubt}")).hint(doubt.hint())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        jiff::tz::TimeZoneDatabase::bundled().get("Europe/Paris").unwrap()
    }

    fn doubt(text: &str) -> Option<Doubt> {
        parse(text, Reads::Node).unwrap().doubt(&paris())
    }

    #[test]
    fn what_proxmox_accepts_and_nobody_means_is_refused() {
        for (text, expected) in [
            ("02:00,14:00", Doubt::Comma),
            ("25:00", Doubt::NoSuchHour),
            ("24:00", Doubt::NoSuchHour),
            ("mon 25:00", Doubt::NoSuchHour),
            ("02", Doubt::EveryHour),
            ("mon 2", Doubt::EveryHour),
            ("08..17", Doubt::EveryHour),
            ("03:30:15", Doubt::Seconds),
            ("2027-01-01 03:15", Doubt::Ends),
            ("*-2-30", Doubt::Never),
            ("*-4,6,9,11-31 03:15", Doubt::Never),
            ("*:*", Doubt::TooOften),
            ("*/5", Doubt::TooOften),
            ("minutely", Doubt::TooOften),
        ] {
            assert_eq!(doubt(text), Some(expected), "{text}");
        }
        for sound in [
            "03:15",
            "mon..fri 22:00",
            "sat 04:30",
            "01,13:15",
            "*/15",
            "0/6:15",
            "*:45",
            "daily",
            "hourly",
            "*-*-1 4:00",
            "sun *-1..7 05:00",
            "03:15:00",
            "01:15 UTC",
        ] {
            assert_eq!(doubt(sound), None, "{sound}");
        }
    }

    #[test]
    fn a_run_in_the_hour_that_does_not_exist_is_refused() {
        let Some(Doubt::Skipped { day, time }) = doubt("02:30") else { panic!("02:30 does not exist on one day") };
        assert_eq!((day, time.time()), (jiff::civil::date(2026, 3, 29), jiff::civil::time(2, 30, 0, 0)));
        assert!(matches!(doubt("02,14:00"), Some(Doubt::Skipped { .. })));
        // Clocks change on Sundays; in UTC never.
        assert_eq!(doubt("mon..sat 02:30"), None);
        assert_eq!(doubt("02:30 UTC"), None);
        assert_eq!(parse("02:30", Reads::Node).unwrap().doubt(&TimeZone::UTC), None);
        // The hour that comes twice runs once.
        assert_eq!(doubt("sun *-10-25..31 02:30"), None);
    }

    #[test]
    fn a_schedule_is_refused_with_what_to_write_instead() {
        let refusal = schedule("mon-fri 03:15", Reads::Node, &paris()).unwrap_err();
        assert!(refusal.hint.unwrap().contains("mon..fri"), "{}", refusal.problem);
        let refusal = schedule("15 3 * * *", Reads::Node, &paris()).unwrap_err();
        assert!(refusal.hint.unwrap().contains("cron"), "{}", refusal.problem);
        assert!(schedule(" 03:15", Reads::Node, &paris()).is_ok());
        assert!(schedule(" 03:15", Reads::Server, &paris()).is_err());
    }
}
