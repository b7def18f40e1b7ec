//! What the program does by itself, as decisions: whether a job may be tried now, and when again after a failure. Pure.

use std::time::Duration;

use serde::Serialize;

/// How an attempt at a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did what it is for.
    Done,
    /// It did not; trying again may help.
    Failed,
    /// It did not, and a person has to decide before anything is tried again.
    Refused,
    /// Its process was killed, or was ended before the work was.
    CutShort,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 4] = [Outcome::Done, Outcome::Failed, Outcome::Refused, Outcome::CutShort];

    /// The word that people, the store and scripts see.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
            Outcome::CutShort => "cut-short",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// What is known of the last attempt at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// Its number, from 1.
    pub attempt: u32,
    /// How it ended; none while it is under way, or when its process was killed.
    pub outcome: Option<Outcome>,
    /// When a failed one may be tried again, in microseconds since 1970; none when it is given up.
    pub retry_at_us: Option<i64>,
}

/// Whether a job may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Now, as this attempt.
    Begin {
        /// Its number.
        attempt: u32,
    },
    /// Not before this moment.
    Wait {
        /// In microseconds since 1970.
        until_us: i64,
    },
    /// Never again: it is done, it was refused, or it was tried often enough.
    Not,
}

/// Whether a job may be tried now by somebody who alone may act on it: an attempt without an end is one whose process died.
pub fn may_begin(last: Option<Last>, now_us: i64, attempts_max: u32) -> May {
    let Some(last) = last else { return May::Begin { attempt: 1 } };
    let again = |at_us: i64| match last.attempt >= attempts_max {
        true => May::Not,
        false if at_us > now_us => May::Wait { until_us: at_us },
        false => May::Begin { attempt: last.attempt + 1 },
    };
    match (last.outcome, last.retry_at_us) {
        (Some(Outcome::Done | Outcome::Refused), _) | (Some(Outcome::Failed), None) => May::Not,
        (Some(Outcome::Failed), Some(at_us)) => again(at_us),
        // Whoever died or was ended is followed at once.
        (None | Some(Outcome::CutShort), _) => again(i64::MIN),
    }
}

/// When a failed attempt may be repeated, in microseconds since 1970: after `first`, then after twice as long each time, never
/// after longer than `longest`. None after the last attempt.
pub fn retry_at_us(
    attempt: u32,
    failed_at_us: i64,
    first: Duration,
    longest: Duration,
    attempts_max: u32,
) -> Option<i64> {
    if attempt >= attempts_max {
        return None;
    }
    let doublings = attempt.saturating_sub(1).min(31);
    let wait = first.saturating_mul(1 << doublings).min(longest);
    Some(failed_at_us.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}
