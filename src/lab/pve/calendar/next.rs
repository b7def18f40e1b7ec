//! Event to moment.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use super::{CalendarEvent, Value};

/// After so many steps without a match the event is taken never to come (`*-2-30`).
const STEPS_MAX: usize = 1000;

impl CalendarEvent {
    /// The first moment after `last`, both in seconds since 1970, with the clock of a node in this zone.
    /// `None` when it never comes.
    pub fn next_after(&self, last: i64, zone: &TimeZone) -> Option<i64> {
        let zone = if self.utc { &TimeZone::UTC } else { zone };
        let mut at = zone.to_datetime(Timestamp::from_second(last.checked_add(1)?).ok()?);
        for _ in 0..STEPS_MAX {
            match self.closer(at)? {
                Step::To(later) => at = later,
                Step::Here => match seconds(at, last, zone) {
                    Some(moment) => return Some(moment),
                    // The clock jumps over this time in spring: as if the hour had passed.
                    None => at = hour_after(at)?,
                },
            }
        }
        None
    }

    /// Whether this local time matches, or else the next one that may: the coarsest field that differs decides.
    fn closer(&self, at: DateTime) -> Option<Step> {
        let (year, month, day) = (positive(at.year()), positive(at.month()), positive(at.day()));
        if !contains(&self.years, year) {
            return start_of(i16::try_from(after(&self.years, year)?).ok()?, 1);
        }
        if !contains(&self.months, month) {
            return match after(&self.months, month) {
                Some(next) => start_of(at.year(), i8::try_from(next).ok()?),
                None => start_of(at.year() + 1, 1),
            };
        }
        if !contains(&self.days, day) {
            return match after(&self.days, day) {
                Some(next) => forward(at, i64::from(next - day)),
                None if at.month() == 12 => start_of(at.year() + 1, 1),
                None => start_of(at.year(), at.month() + 1),
            };
        }
        let weekday = positive(at.weekday().to_monday_zero_offset());
        if !self.weekdays.is_empty() && !self.weekdays.contains(&weekday) {
            return forward(at, 1);
        }
        self.closer_today(at)
    }

    fn closer_today(&self, at: DateTime) -> Option<Step> {
        if !contains(&self.hours, positive(at.hour())) {
            return match after(&self.hours, positive(at.hour())) {
                Some(next) if next < 24 => Some(Step::To(at.date().at(i8::try_from(next).ok()?, 0, 0, 0))),
                _ => forward(at, 1),
            };
        }
        if !contains(&self.minutes, positive(at.minute())) {
            return match after(&self.minutes, positive(at.minute())) {
                Some(next) if next < 60 => Some(Step::To(at.date().at(at.hour(), i8::try_from(next).ok()?, 0, 0))),
                _ => Some(Step::To(hour_after(at)?)),
            };
        }
        if !contains(&self.seconds, positive(at.second())) {
            let next = match after(&self.seconds, positive(at.second())) {
                Some(next) if next < 60 => at.date().at(at.hour(), at.minute(), i8::try_from(next).ok()?, 0),
                _ => at.date().at(at.hour(), at.minute(), 0, 0).checked_add(Span::new().minutes(1)).ok()?,
            };
            return Some(Step::To(next));
        }
        Some(Step::Here)
    }
}

enum Step {
    Here,
    To(DateTime),
}

fn contains(list: &[Value], value: u32) -> bool {
    list.is_empty() || list.iter().any(|one| one.contains(value))
}

fn after(list: &[Value], value: u32) -> Option<u32> {
    list.iter().filter_map(|one| one.after(value)).min()
}

/// Calendar fields are never negative after 1970.
fn positive(field: impl Into<i32>) -> u32 {
    field.into().unsigned_abs()
}

fn start_of(year: i16, month: i8) -> Option<Step> {
    Some(Step::To(Date::new(year, month, 1).ok()?.to_datetime(Time::midnight())))
}

fn forward(at: DateTime, days: i64) -> Option<Step> {
    let date = at.date().checked_add(Span::new().days(days)).ok()?;
    Some(Step::To(date.to_datetime(Time::midnight())))
}

/// When the next hour begins on the wall.
fn hour_after(at: DateTime) -> Option<DateTime> {
    at.date().at(at.hour(), 0, 0, 0).checked_add(Span::new().hours(1)).ok()
}

/// The moment of a local time; `None` when the clock never shows it. Of two, the first that is after `last`.
fn seconds(at: DateTime, last: i64, zone: &TimeZone) -> Option<i64> {
    let moment = |offset: jiff::tz::Offset| offset.to_timestamp(at).ok().map(Timestamp::as_second);
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => moment(offset),
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Fold { before, after } => {
            [before, after].into_iter().filter_map(moment).find(|moment| *moment > last)
        }
    }
}
