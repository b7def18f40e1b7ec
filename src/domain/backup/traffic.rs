//! Times of day in which a backup server takes and gives less, as its traffic control writes them.

use super::calendar::{Reads, parse};
use crate::domain::refusal::Refusal;

/// Reads a window: days of the week if any, then `HOUR[:MINUTE]-HOUR[:MINUTE]`. It never goes over midnight: Proxmox
/// refuses an end before the start.
///
/// # Errors
/// A [`Refusal`] that says what is wrong.
pub fn window(text: &str) -> Result<String, Refusal> {
    let refused = |problem: &str| {
        Err(Refusal::new(format!("`{text}` is not a window of the day: {problem}"))
            .hint("for example `8:00-18:30` or `mon..fri 8:00-18:30`"))
    };
    let (days, hours) = text.rsplit_once(' ').map_or(("", text), |(days, hours)| (days.trim_end(), hours));
    if !days.is_empty() && (parse(days, Reads::Server).is_err() || days.bytes().any(|byte| byte.is_ascii_digit())) {
        return refused("what stands before the hours is no list of weekdays");
    }
    let Some((start, end)) = hours.split_once('-') else { return refused("it has no `-` between start and end") };
    let (Some(start), Some(end)) = (clock(start), clock(end)) else {
        return refused("start and end are times of day");
    };
    if start >= end {
        return Err(Refusal::new(format!("`{text}` ends before it begins"))
            .hint("a night is two windows: one until `23:59`, one from `0:00`"));
    }
    Ok(text.to_owned())
}

/// `8`, `8:00` or `08:00` as minutes of the day.
fn clock(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    let number = |text: &str, above: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number < above)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_days_and_hours_of_one_day() {
        for sound in ["8:00-18:30", "08-18", "mon..fri 8:00-18:30", "sat,sun 9:00-23:59"] {
            assert_eq!(window(sound).unwrap(), sound);
        }
        for wrong in [
            "",
            "8:00",
            "18:00-8:00",
            "8:00-8:00",
            "8h-18h",
            "24:00-25:00",
            "weekdays 8:00-18:00",
            "mon 02:00 8:00-18:00",
            "8:00 - 18:00",
            "22:00-06:00",
        ] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}
