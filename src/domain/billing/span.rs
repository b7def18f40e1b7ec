//! When the work was done: a moment, or a span of the clock (R3, R4).

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::duration::{ENTRY_MINUTES_MAX, Worked, clock};
use super::zone;
use crate::domain::refusal::Refusal;

/// Work with its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub started: Timestamp,
    /// Whole minutes of elapsed time.
    pub minutes: i64,
    /// What has to be said about it.
    pub remarks: Vec<String>,
}

/// A day, a time of the clock, or both, as typed after `--at`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct At {
    day: Option<Date>,
    time: Option<Time>,
}

fn at(text: &str) -> Result<At, Refusal> {
    let refused = || {
        Refusal::new(format!("`{text}` is neither a day nor a time"))
            .hint("as in `2026-11-10 14:00`, `14:00` (today) or `2026-11-10` (with a span such as `14:00-15:30`)")
    };
    let (day, time) = match text.trim().split_once(['T', ' ']) {
        Some((day, time)) => (Some(day), Some(time)),
        None if text.contains([':', 'h']) => (None, Some(text)),
        None => (Some(text), None),
    };
    let day = day.map(|day| day.trim().parse::<Date>().map_err(|_| refused())).transpose()?;
    let time = time.map(|time| clock(time).map_err(|_| refused())).transpose()?;
    Ok(At { day, time })
}

/// Puts together what was typed. Without a moment the work ended now: its beginning is now minus the duration. A time without
/// a day is of today.
///
/// # Errors
/// A [`Refusal`] for a local time that does not exist, for work that has not ended, or for what contradicts itself.
pub fn span(worked: Worked, when: Option<&str>, now: Timestamp, tz: &TimeZone) -> Result<Span, Refusal> {
    span_on(worked, when, zone::day(tz, now), now, tz)
}

/// The same where a time without a day is of another day than today: of the entry that is corrected.
///
/// # Errors
/// As [`span`].
pub fn span_on(
    worked: Worked,
    when: Option<&str>,
    usual: Date,
    now: Timestamp,
    tz: &TimeZone,
) -> Result<Span, Refusal> {
    let at = when.map(at).transpose()?.unwrap_or_default();
    let mut remarks = Vec::new();
    let mut moment = |local: DateTime| -> Result<Timestamp, Refusal> {
        let moment = zone::moment(tz, local)?;
        if moment.is_twice {
            remarks.push(format!("{} exists twice on that night: the first one is meant", zone::shown(local)));
        }
        Ok(moment.at)
    };
    let (started, minutes) = match worked {
        Worked::Between(from, until) => {
            if at.time.is_some() {
                return Err(Refusal::new("a span of the clock says when it began: `--at` names its day only"));
            }
            let day = at.day.unwrap_or(usual);
            let last = if until > from { Ok(day) } else { day.tomorrow() };
            let last = last.map_err(|_| Refusal::new("that day is beyond the calendar"))?;
            let (started, ended) = (moment(day.to_datetime(from))?, moment(last.to_datetime(until))?);
            let minutes = ended.duration_since(started).as_secs() / 60;
            if !(1..=ENTRY_MINUTES_MAX).contains(&minutes) {
                return Err(Refusal::new(format!("from {from} to {until} no time passes on that night"))
                    .hint("the clocks are put back or forward: give the duration and `--at`"));
            }
            (started, minutes)
        }
        Worked::Minutes(minutes) => match (at.day, at.time) {
            (None, None) => {
                let started = now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
                let started = whole_minute(started);
                let local = zone::shown(tz.to_datetime(started));
                remarks.push(format!("begun at {local}: now minus the duration"));
                (started, minutes)
            }
            (day, Some(time)) => (moment(day.unwrap_or(usual).to_datetime(time))?, minutes),
            (Some(day), None) => {
                return Err(Refusal::new(format!("at what time on {day} did the work begin?"))
                    .hint(format!("`--at \"{day} 14:00\"`, or a span such as `14:00-15:30` with `--at {day}`")));
            }
        },
    };
    demand_ended(started, minutes, now, tz)?;
    Ok(Span { started, minutes, remarks })
}

/// Work is recorded when it is done.
///
/// # Errors
/// A [`Refusal`] for work that has not ended.
pub fn demand_ended(started: Timestamp, minutes: i64, now: Timestamp, tz: &TimeZone) -> Result<(), Refusal> {
    if started.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX) <= now {
        return Ok(());
    }
    let local = zone::shown(tz.to_datetime(started));
    Err(Refusal::new(format!("work that begins at {local} has not ended yet"))
        .hint("log it when it is done; is the day right?"))
}

fn whole_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::duration::worked;

    fn paris() -> TimeZone {
        jiff::tz::TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled")
    }

    fn spanned(time: &str, when: Option<&str>, now: &str) -> Result<Span, Refusal> {
        span(worked(time).expect("a duration"), when, now.parse().expect("an instant"), &paris())
    }

    #[test]
    fn billing_r3_a_time_that_does_not_exist_is_refused() {
        let refusal = spanned("30m", Some("2026-03-29 02:30"), "2026-04-01T12:00:00Z").expect_err("skipped");
        assert!(refusal.problem.contains("does not exist"), "{refusal}");
    }

    #[test]
    fn billing_r3_a_time_that_exists_twice_is_the_first_and_is_said_so() {
        let span = spanned("30m", Some("2026-10-25 02:30"), "2026-11-01T12:00:00Z").expect("a span");
        assert_eq!(span.started.to_string(), "2026-10-25T00:30:00Z", "02:30 CEST comes before 02:30 CET");
        assert!(span.remarks[0].contains("the first one is meant"), "{:?}", span.remarks);
    }

    /// S10.
    #[test]
    fn billing_r3_durations_are_elapsed_time_across_the_clock_change() {
        let autumn = spanned("0:30-4:30", Some("2026-10-25"), "2026-11-01T12:00:00Z").expect("a span");
        assert_eq!(autumn.minutes, 300, "four hours on the clock, five in life");
        let spring = spanned("0:30-4:30", Some("2026-03-29"), "2026-11-01T12:00:00Z").expect("a span");
        assert_eq!(spring.minutes, 180);
    }

    #[test]
    fn billing_r4_a_duration_alone_ends_now() {
        let span = spanned("1h30", None, "2026-11-23T08:00:42Z").expect("a span");
        assert_eq!((span.started.to_string().as_str(), span.minutes), ("2026-11-23T06:30:00Z", 90));
        assert_eq!(span.remarks, ["begun at 2026-11-23 07:30: now minus the duration"]);
    }

    #[test]
    fn billing_a_time_without_a_day_is_of_the_entry_that_is_corrected() {
        let now = "2026-11-23T08:00:00Z".parse().expect("an instant");
        let usual = "2026-11-10".parse().expect("a day");
        let corrected = |time: &str, when: Option<&str>| {
            span_on(worked(time).expect("a duration"), when, usual, now, &paris()).expect("a span").started.to_string()
        };
        assert_eq!(corrected("30m", Some("14:00")), "2026-11-10T13:00:00Z");
        assert_eq!(corrected("14:00-14:30", None), "2026-11-10T13:00:00Z");
        assert_eq!(corrected("30m", Some("2026-11-11 14:00")), "2026-11-11T13:00:00Z");
    }

    #[test]
    fn billing_work_that_has_not_ended_is_refused() {
        assert!(spanned("14:00-15:30", None, "2026-11-23T08:00:00Z").is_err());
        assert!(spanned("30m", Some("2027-01-01 10:00"), "2026-11-23T08:00:00Z").is_err());
        assert!(spanned("30m", Some("2026-11-10"), "2026-11-23T08:00:00Z").is_err(), "no time of the day");
        assert!(spanned("14:00-15:30", Some("2026-11-10 14:00"), "2026-11-23T08:00:00Z").is_err(), "said twice");
        let night = spanned("22:30-0:15", Some("2026-11-10"), "2026-11-23T08:00:00Z").expect("over midnight");
        assert_eq!(night.minutes, 105);
    }
}
