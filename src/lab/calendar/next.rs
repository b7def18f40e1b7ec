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
            // A repetition that leaves the year ends up in the next one.
            let next = after(&self.months, month).unwrap_or(13);
            let years = i16::try_from((next - 1) / 12).ok()?;
            return start_of(at.year() + years, i8::try_from((next - 1) % 12 + 1).ok()?);
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

    /// A repetition may leave its hour or day, and then goes on from where it ended up: `0/24` comes at :24 and :48
    /// of an hour, then at minute 72, from where the next match is :24 again.
    fn closer_today(&self, at: DateTime) -> Option<Step> {
        let hour = at.date().at(at.hour(), 0, 0, 0);
        let minute = at.date().at(at.hour(), at.minute(), 0, 0);
        let later = |from: DateTime, span: Span| Some(Step::To(from.checked_add(span).ok()?));
        if !contains(&self.hours, positive(at.hour())) {
            let next = after(&self.hours, positive(at.hour())).unwrap_or(24);
            return later(at.date().to_datetime(Time::midnight()), Span::new().hours(next));
        }
        if !contains(&self.minutes, positive(at.minute())) {
            let next = after(&self.minutes, positive(at.minute())).unwrap_or(60);
            return later(hour, Span::new().minutes(next));
        }
        if !contains(&self.seconds, positive(at.second())) {
            let next = after(&self.seconds, positive(at.second())).unwrap_or(60);
            return later(minute, Span::new().seconds(next));
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
