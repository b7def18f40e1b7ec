//! The next run of an event, by walking the calendar of the machine's own zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::Event;
use super::parse::YEARS;

/// Seconds of a day on a wall clock.
const DAY_SECONDS: i64 = 86_400;

/// A run that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When; where the clock shows that time twice, the first of the two.
    pub at: Timestamp,
    /// The second of the two: which one it is cannot be known from outside.
    pub or: Option<Timestamp>,
}

impl Event {
    /// The first run after a moment; none when there never is one.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Run> {
        let zone = if self.utc { TimeZone::UTC } else { zone.clone() };
        // Events have no fractions of seconds: the first moment that counts is the next full one.
        let from = Timestamp::from_second(after.as_second().checked_add(1)?).ok()?;
        let mut start = zone.to_datetime(from);
        loop {
            let civil = self.first_from(start)?;
            if let Some(run) = run_at(civil, after, &zone) {
                return Some(run);
            }
            start = civil.checked_add(1.second()).ok()?;
        }
    }

    /// The next runs, each after the one before.
    pub fn runs(&self, after: Timestamp, zone: &TimeZone, count: usize) -> Vec<Run> {
        let mut after = after;
        let mut runs = Vec::with_capacity(count);
        while runs.len() < count
            && let Some(run) = self.next(after, zone)
        {
            after = run.at;
            runs.push(run);
        }
        runs
    }

    /// Whether the wall clock showing this is a run.
    pub(super) fn matches(&self, civil: DateTime) -> bool {
        self.has_day(civil.date())
            && self.hours.contains(unsigned(civil.hour()))
            && self.minutes.contains(unsigned(civil.minute()))
            && self.seconds.contains(unsigned(civil.second()))
    }

    fn has_day(&self, date: Date) -> bool {
        let weekday = unsigned(date.weekday().to_monday_zero_offset());
        self.weekdays.contains(weekday)
            && self.days.contains(unsigned(date.day()))
            && self.months.contains(unsigned(date.month()))
            && u32::try_from(date.year()).is_ok_and(|year| self.years.contains(year))
    }

    /// The first wall-clock time that matches, from one on.
    fn first_from(&self, start: DateTime) -> Option<DateTime> {
        let mut at = start;
        while u32::try_from(at.year()).is_ok_and(|year| year < YEARS) {
            if self.matches(at) {
                return Some(at);
            }
            at = if self.has_day(at.date()) { self.later_time(at)? } else { self.later_day(at.date())?.at(0, 0, 0, 0) };
        }
        None
    }

    /// Where to look next for a day: the largest part that does not match moves on, the smaller ones begin anew. What goes
    /// beyond the part ("36 October") is counted into the next larger one, as the C library does it.
    fn later_day(&self, date: Date) -> Option<Date> {
        let year = u32::try_from(date.year()).ok()?;
        if !self.years.contains(year) {
            let year = self.years.after(year)?;
            return Date::new(i16::try_from(year).ok()?, 1, 1).ok();
        }
        let month = unsigned(date.month());
        if !self.months.contains(month) {
            let months = self.months.after(month).unwrap_or(13) - 1;
            return date.first_of_year().checked_add(i64::from(months).months()).ok();
        }
        let day = unsigned(date.day());
        if !self.days.contains(day) {
            return match self.days.after(day) {
                Some(next) => date.first_of_month().checked_add(i64::from(next - 1).days()).ok(),
                None => date.last_of_month().tomorrow().ok(),
            };
        }
        date.tomorrow().ok()
    }

    /// Where to look next within a day that matches, or on the one after it.
    fn later_time(&self, at: DateTime) -> Option<DateTime> {
        let (hour, minute, second) = (unsigned(at.hour()), unsigned(at.minute()), unsigned(at.second()));
        if !self.hours.contains(hour) {
            return carried(at.date(), self.hours.after(hour).unwrap_or(24), 0, 0);
        }
        if !self.minutes.contains(minute) {
            return carried(at.date(), hour, self.minutes.after(minute).unwrap_or(60), 0);
        }
        carried(at.date(), hour, minute, self.seconds.after(second).unwrap_or(60))
    }
}

/// A time of a day; what is beyond a minute, an hour or the day is counted into the next larger part.
fn carried(date: Date, hour: u32, minute: u32, second: u32) -> Option<DateTime> {
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let (days, of_day) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    let date = if days == 0 { date } else { date.checked_add(days.days()).ok()? };
    let part = |number: i64| i8::try_from(number).ok();
    Some(date.at(part(of_day / 3600)?, part(of_day / 60 % 60)?, part(of_day % 60)?, 0))
}

/// The moments at which the clock of a zone shows a time; none when it skips it.
fn run_at(civil: DateTime, after: Timestamp, zone: &TimeZone) -> Option<Run> {
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { offset } => Some(Run { at: offset.to_timestamp(civil).ok()?, or: None }),
        AmbiguousOffset::Fold { before, after: later } => {
            let (first, second) = (before.to_timestamp(civil).ok()?, later.to_timestamp(civil).ok()?);
            // Asked from between the two, the first is past.
            Some(if first > after { Run { at: first, or: Some(second) } } else { Run { at: second, or: None } })
        }
    }
}

fn unsigned(number: i8) -> u32 {
    u32::from(number.unsigned_abs())
}
