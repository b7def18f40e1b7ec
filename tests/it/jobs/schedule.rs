//! What is due when: tables.

use std::time::Duration;

use accolades::domain::jobs::{Last, May, Outcome, may_begin, retry_at_us};
use accolades::jobs::Kind;
use accolades::jobs::schedule::{Rhythm, ordered, recurring, rests};
use accolades::store::{JobAttempt, JobEnd, JobKey};
use accolades::util::limits;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn paris() -> TimeZone {
    TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled")
}

#[test]
fn jobs_every_quarter_of_an_hour_have_the_same_moments_everywhere() {
    let quarter = Rhythm::Every(Duration::from_secs(900));
    let moment = |now: &str| quarter.moment(at(now), &paris()).expect("there is always one");
    for (now, due) in [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T09:14:59.999Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T09:15:00Z", "2026-11-23T09:15:00Z"),
        ("1969-12-31T23:59:00Z", "1969-12-31T23:45:00Z"),
    ] {
        assert_eq!(moment(now), at(due), "{now}");
    }
}

#[test]
fn jobs_of_a_day_follow_the_clock_of_the_cooperative() {
    let late_max = Duration::from_secs(6 * 3600);
    let evening = Rhythm::Daily { hour: 22, late_max };
    let night = Rhythm::Daily { hour: 2, late_max };
    for (rhythm, now, due) in [
        (evening, "2026-11-23T21:00:00Z", Some("2026-11-23T21:00:00Z")),
        (evening, "2026-11-23T20:59:59Z", None),
        (evening, "2026-11-24T03:00:00Z", Some("2026-11-23T21:00:00Z")),
        (evening, "2026-11-24T03:00:01Z", None),
        // In summer it is an hour earlier for everybody else.
        (evening, "2026-07-01T20:00:00Z", Some("2026-07-01T20:00:00Z")),
        // Two o'clock does not exist on this day: three o'clock is meant.
        (night, "2026-03-29T00:59:59Z", None),
        (night, "2026-03-29T01:00:00Z", Some("2026-03-29T01:00:00Z")),
        // Two o'clock exists twice on this day: the first one is meant, and only that one.
        (night, "2026-10-25T00:00:00Z", Some("2026-10-25T00:00:00Z")),
        (night, "2026-10-25T01:30:00Z", Some("2026-10-25T00:00:00Z")),
    ] {
        assert_eq!(rhythm.moment(at(now), &paris()), due.map(at), "{rhythm:?} {now}");
    }
}

#[test]
fn jobs_that_ended_are_followed_as_their_end_says() {
    let last = |attempt, outcome, retry_at_us| Some(Last { attempt, outcome, retry_at_us });
    for (last, now_us, may) in [
        (None, 0, May::Begin { attempt: 1 }),
        (last(1, Some(Outcome::Done), None), 99, May::Not),
        (last(1, Some(Outcome::Refused), None), 99, May::Not),
        (last(1, Some(Outcome::Failed), None), 99, May::Not),
        (last(1, Some(Outcome::Failed), Some(50)), 49, May::Wait { until_us: 50 }),
        (last(1, Some(Outcome::Failed), Some(50)), 50, May::Begin { attempt: 2 }),
        (last(3, Some(Outcome::Failed), Some(50)), 50, May::Not),
        (last(1, Some(Outcome::CutShort), None), 0, May::Begin { attempt: 2 }),
        (last(2, None, None), 0, May::Begin { attempt: 3 }),
        (last(3, None, None), 0, May::Not),
    ] {
        assert_eq!(may_begin(last, now_us, 3), may, "{last:?} at {now_us}");
    }
}

#[test]
fn jobs_rest_longer_after_each_failure() {
    let minute = Duration::from_secs(60);
    let rest = |attempt| retry_at_us(attempt, 0, minute, 5 * minute, 6).map(|at_us| at_us / 60_000_000);
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(rest), [Some(1), Some(2), Some(4), Some(5), Some(5), None, None]);
    assert_eq!(retry_at_us(1, i64::MAX, minute, minute, 6), Some(i64::MAX), "nothing overflows");
}

fn attempt(due: &str, outcome: Option<Outcome>, retry: Option<&str>) -> JobAttempt {
    let due_at_us = at(due).as_microsecond();
    JobAttempt {
        job: JobKey { kind: "sweep".to_owned(), subject: String::new(), due_at_us },
        attempt: 1,
        holder: "one".to_owned(),
        fence: 1,
        began_at_us: due_at_us,
        end: outcome.map(|outcome| JobEnd {
            outcome,
            at_us: due_at_us,
            words: String::new(),
            retry_at_us: retry.map(|text| at(text).as_microsecond()),
        }),
    }
}

#[test]
fn jobs_are_due_for_the_latest_moment_only() {
    let (nine, past) = ("2026-11-23T09:00:00Z", "2026-11-23T07:00:00Z");
    let now = at("2026-11-23T09:07:00Z");
    for (what, last, is_due) in [
        ("never done", None, true),
        ("done", Some(attempt(nine, Some(Outcome::Done), None)), false),
        ("done long ago", Some(attempt(past, Some(Outcome::Done), None)), true),
        ("refused long ago", Some(attempt(past, Some(Outcome::Refused), None)), true),
        ("it rests", Some(attempt(nine, Some(Outcome::Failed), Some("2026-11-23T09:07:01Z"))), false),
        ("it has rested", Some(attempt(nine, Some(Outcome::Failed), Some("2026-11-23T09:07:00Z"))), true),
        ("under way, or dead: the lease tells", Some(attempt(nine, None, None)), true),
        ("another process's clock is ahead", Some(attempt("2026-11-23T09:15:00Z", None, None)), false),
    ] {
        let due = recurring(Kind::Sweep, last.as_ref(), now, &paris());
        assert_eq!(due.is_some(), is_due, "{what}");
        assert!(due.is_none_or(|due| due.job.due_at_us == at(nine).as_microsecond()), "{what}");
    }
    assert_eq!(recurring(Kind::Apply, None, now, &paris()), None, "what is ordered never comes by itself");
}

/// Mails leave every few seconds: a mail server that is down is not asked at each of them.
#[test]
fn jobs_of_a_short_rhythm_rest_after_trouble_and_only_then() {
    let nine = "2026-11-23T09:00:00Z";
    for (what, last, now, is_resting) in [
        ("never tried", None, nine, false),
        ("it went well", Some(attempt(nine, Some(Outcome::Done), None)), nine, false),
        ("under way, or dead: the lease tells", Some(attempt(nine, None, None)), nine, false),
        ("it failed", Some(attempt(nine, Some(Outcome::Failed), None)), "2026-11-23T09:00:59Z", true),
        ("it failed a minute ago", Some(attempt(nine, Some(Outcome::Failed), None)), "2026-11-23T09:01:00Z", false),
        ("it needs a person", Some(attempt(nine, Some(Outcome::Refused), None)), "2026-11-23T09:00:05Z", true),
        ("it was cut short", Some(attempt(nine, Some(Outcome::CutShort), None)), "2026-11-23T09:00:05Z", true),
    ] {
        assert_eq!(rests(last.as_ref(), at(now)), is_resting, "{what}");
    }
}

#[test]
fn jobs_that_were_ordered_are_due_until_they_end() {
    let now = at("2026-11-23T09:07:00Z");
    let ordered_at_us = now.as_microsecond() - 1;
    let due = |last: Option<&JobAttempt>| ordered(Kind::Apply, "o1", ordered_at_us, last, now);
    let first = due(None).expect("at once");
    assert_eq!(first.job, JobKey { kind: "apply".to_owned(), subject: "o1".to_owned(), due_at_us: ordered_at_us });
    assert_eq!(due(Some(&attempt("2026-11-23T09:06:59Z", Some(Outcome::Done), None))), None);
    let mut worn_out = attempt("2026-11-23T09:06:59Z", None, None);
    worn_out.attempt = limits::JOB_ATTEMPTS_MAX;
    assert!(due(Some(&worn_out)).is_some(), "its end is still to be written down");
}

#[test]
fn jobs_have_names_that_read_back() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_word(outcome.word()), Some(outcome));
    }
}
