//! Days, moments, amounts and times in the words of a language.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::billing::{duration, words as billing};
use crate::domain::money::Cents;
use crate::domain::runs::RunOutcome;

use super::words::Words;

/// Holds a number and what follows it together.
const FIXED: char = '\u{a0}';

/// `20 novembre 2026`, `20 November 2026`.
pub fn day(day: Date, words: Words) -> String {
    // A day holds to its month.
    billing::day(day, words.document()).replacen(' ', &FIXED.to_string(), 1)
}

/// `20/11/2026`, `2026-11-20`: for tables.
pub fn short_day(day: Date, words: Words) -> String {
    words.pick(format!("{:02}/{:02}/{}", day.day(), day.month(), day.year()), day.to_string())
}

/// `20 novembre 2026 à 02 h 30`, `20 November 2026 at 02:30`.
pub fn moment(at: Timestamp, zone: &TimeZone, words: Words) -> String {
    let at = at.to_zoned(zone.clone());
    let (hour, minute) = (at.hour(), at.minute());
    let day = day(at.date(), words);
    words.pick(format!("{day} à {hour:02}{FIXED}h{FIXED}{minute:02}"), format!("{day} at {hour:02}:{minute:02}"))
}

/// The same of an instant of the store.
pub fn moment_us(at_us: i64, zone: &TimeZone, words: Words) -> String {
    moment(Timestamp::from_microsecond(at_us).unwrap_or_default(), zone, words)
}

/// The day of an instant of the store.
pub fn day_us(at_us: i64, zone: &TimeZone, words: Words) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
    day(at.to_zoned(zone.clone()).date(), words)
}

/// `1 234,50 €`, `EUR 1,234.50`.
pub fn amount(cents: Cents, words: Words) -> String {
    billing::amount(cents, words.document())
}

/// `17 h 40`.
pub fn minutes(minutes: i64) -> String {
    duration::shown(minutes).replace(' ', &FIXED.to_string())
}

/// `il y a 3 heures`, `3 hours ago`: how old something is, in its greatest unit.
pub fn ago(at: Timestamp, now: Timestamp, words: Words) -> String {
    let minutes = now.duration_since(at).max(SignedDuration::ZERO).as_mins();
    let (count, (fr, en)) = match minutes {
        0..=1 => return words.pick("à l’instant", "just now").to_owned(),
        2..=119 => (minutes, ("minutes", "minutes")),
        120..=2879 => (minutes / 60, ("heures", "hours")),
        _ => (minutes / 1440, ("jours", "days")),
    };
    words.pick(format!("il{FIXED}y{FIXED}a{FIXED}{count}{FIXED}{fr}"), format!("{count}{FIXED}{en} ago"))
}

/// `12 minutes`, `1 h 05`.
pub fn seconds(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds}{FIXED}s"),
        60..=3599 => format!("{}{FIXED}min{FIXED}{:02}", seconds / 60, seconds % 60),
        _ => format!("{}{FIXED}h{FIXED}{:02}", seconds / 3600, seconds % 3600 / 60),
    }
}

/// In decimal units: `3,2 Go`, `3.2 GB`.
pub fn size(bytes: u64, words: Words) -> String {
    let (unit, (fr, en)) = match bytes {
        0..1_000_000 => (1_000, ("ko", "kB")),
        1_000_000..1_000_000_000 => (1_000_000, ("Mo", "MB")),
        _ => (1_000_000_000, ("Go", "GB")),
    };
    let tenths = bytes / (unit / 10);
    let (whole, rest) = (tenths / 10, tenths % 10);
    words.pick(format!("{whole},{rest}{FIXED}{fr}"), format!("{whole}.{rest}{FIXED}{en}"))
}

/// `3 postes`, `1 poste`, `0 poste`, `0 seats`.
pub fn count(number: i64, (one, many): (&str, &str), words: Words) -> String {
    let is_one = number.abs() == 1 || (number == 0 && words == Words::FR);
    format!("{number}{FIXED}{}", if is_one { one } else { many })
}

/// Units that French holds to their numbers, as issued documents write them.
const UNITS: [&str; 5] = ["h", "min", "jour", "jours", "mois"];

/// A sentence of an issued document, whose spaces break: with those held that French holds.
pub fn held(text: &str, words: Words) -> String {
    let mut held = text.to_owned();
    if words == Words::FR {
        for sign in [":", ";", "?", "!", "»", "€", "%"] {
            held = held.replace(&format!(" {sign}"), &format!("{FIXED}{sign}"));
        }
        held = held.replace("« ", &format!("«{FIXED}"));
        held = with_units(&held);
    }
    held
}

/// A text whose units stay on the lines of their numbers.
fn with_units(text: &str) -> String {
    let mut held = String::with_capacity(text.len());
    for word in text.split(' ') {
        if !held.is_empty() {
            let unit = word.trim_end_matches(|last: char| !last.is_alphanumeric());
            let is_held = held.ends_with(|last: char| last.is_ascii_digit()) && UNITS.contains(&unit);
            held.push(if is_held { FIXED } else { ' ' });
        }
        held.push_str(word);
    }
    held
}

/// How a run of the engine ended; none when it has not.
pub fn run_outcome(outcome: Option<&RunOutcome>, words: Words) -> &'static str {
    match outcome {
        Some(RunOutcome::Settled | RunOutcome::Saved) => words.log_ended(),
        Some(RunOutcome::Partial) => words.log_partial(),
        Some(RunOutcome::Failed) => words.log_failed(),
        Some(RunOutcome::Stopped | RunOutcome::CutShort) => words.log_stopped(),
        Some(RunOutcome::Other(_)) => words.log_ended_somehow(),
        None => words.log_under_way(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, Words, ago, held};

    #[test]
    fn sentences_of_issued_documents_hold_units_to_their_numbers() {
        let issued = "2 h au-delà : 31 jours, 3 h.";
        assert_eq!(held(issued, Words::FR), "2\u{a0}h au-delà\u{a0}: 31\u{a0}jours, 3\u{a0}h.");
        assert_eq!(held(issued, Words::EN), issued);
        assert_eq!(held("6 hommes", Words::FR), "6 hommes");
    }

    #[test]
    fn how_old_something_is_stays_on_one_line() {
        let now: Timestamp = "2026-12-14T09:00:00Z".parse().unwrap();
        let at = "2026-12-14T06:00:00Z".parse().unwrap();
        assert!(!ago(at, now, Words::FR).contains(' '));
    }
}
