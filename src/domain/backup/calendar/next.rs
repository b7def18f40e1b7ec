//! The next run of an event, by walking the calendar of the machine's own zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::Event;

/// What does not happen within so many years never does: Proxmox gives up after about as long.
const HORIZON_YEARS: i16 = 100;

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
        self.weekdays.contains(weekday) && self.days.contains(unsigned(date.day())) && self.has_month(date)
    }

    fn has_month(&self, date: Date) -> bool {
        u32::try_from(date.year()).is_ok_and(|year| self.years.contains(year))
            && self.months.contains(unsigned(date.month()))
    }

    /// The first wall-clock time that matches, from one on.
    fn first_from(&self, start: DateTime) -> Option<DateTime> {
        let mut date = start.date();
        let last_year = date.year().checked_add(HORIZON_YEARS)?;
        let mut from = Some(start);
        while date.year() <= last_year {
            if !self.has_month(date) {
                date = date.last_of_month().tomorrow().ok()?;
                from = None;
                continue;
            }
            if self.has_day(date)
                && let Some(time) = self.first_time(from)
            {
                return Some(date.at(signed(time.0), signed(time.1), signed(time.2), 0));
            }
            date = date.tomorrow().ok()?;
            from = None;
        }
        None
    }

    /// The first hour, minute and second of a day that match, on that day's first from a moment on.
    fn first_time(&self, from: Option<DateTime>) -> Option<(u32, u32, u32)> {
        let least =
            from.map_or((0, 0, 0), |from| (unsigned(from.hour()), unsigned(from.minute()), unsigned(from.second())));
        for hour in (least.0..24).filter(|hour| self.hours.contains(*hour)) {
            for minute in
                (0..60).filter(|minute| (hour, *minute) >= (least.0, least.1) && self.minutes.contains(*minute))
            {
                let mut seconds = (0..60).filter(|second| self.seconds.contains(*second));
                if let Some(second) = seconds.find(|second| (hour, minute, *second) >= least) {
                    return Some((hour, minute, second));
                }
            }
        }
        None
    }
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

/// Numbers of a clock are below 60.
fn signed(number: u32) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}
