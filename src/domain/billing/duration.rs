//! Time worked, as people write it: `1h30`, `90m`, `1.5h`, `14:00-15:30`.

use jiff::civil::Time;

use crate::domain::refusal::Refusal;

/// The longest entry: a day and a night. More is two entries.
pub const ENTRY_MINUTES_MAX: i64 = 24 * 60;

/// Time worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// So many minutes.
    Minutes(i64),
    /// From a time of the clock to another; an earlier end is on the next day.
    Between(Time, Time),
}

/// Reads time worked.
///
/// # Errors
/// A [`Refusal`] for anything that is not a whole number of minutes between 1 and a day.
pub fn worked(text: &str) -> Result<Worked, Refusal> {
    let text = text.trim();
    if let Some((from, until)) = text.split_once(['-', '\u{2013}']) {
        let (from, until) = (clock(from)?, clock(until)?);
        if from == until {
            return Err(Refusal::new(format!("`{text}` begins and ends at the same time")));
        }
        return Ok(Worked::Between(from, until));
    }
    let minutes = minutes(text)?;
    if (1..=ENTRY_MINUTES_MAX).contains(&minutes) {
        return Ok(Worked::Minutes(minutes));
    }
    Err(Refusal::new(format!("`{text}` is {minutes} minutes: one entry has 1 to {ENTRY_MINUTES_MAX}"))
        .hint("write longer work as an entry per day"))
}

/// Reads a number of minutes of any size: `2h` for an envelope, `0m` for nothing.
///
/// # Errors
/// A [`Refusal`] that shows the forms.
pub fn minutes(text: &str) -> Result<i64, Refusal> {
    let refused =
        || Refusal::new(format!("`{text}` is not a duration")).hint("as in `1h30`, `90m`, `1.5h` or `14:00-15:30`");
    let plain: String = text.trim().to_lowercase().replace(',', ".").chars().filter(|c| *c != ' ').collect();
    if plain.bytes().any(|byte| !byte.is_ascii_graphic()) || plain.len() > 12 {
        return Err(refused());
    }
    let number = |digits: &str| -> Result<i64, Refusal> {
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain { digits.parse().map_err(|_| refused()) } else { Err(refused()) }
    };
    if let Some((hours, rest)) = plain.split_once('h') {
        let rest = rest.strip_suffix("min").or_else(|| rest.strip_suffix('m')).unwrap_or(rest);
        if let Some((whole, part)) = hours.split_once('.') {
            if !rest.is_empty() {
                return Err(refused());
            }
            return fraction_of_hour(text, number(whole)?, part, refused);
        }
        let minutes = if rest.is_empty() { 0 } else { number(rest)? };
        if minutes >= 60 {
            return Err(Refusal::new(format!("`{text}` has {minutes} minutes beside its hours"))
                .hint("write minutes below 60, or minutes alone: `90m`"));
        }
        return Ok(number(hours)? * 60 + minutes);
    }
    if let Some(digits) = plain.strip_suffix("min").or_else(|| plain.strip_suffix('m')) {
        return number(digits);
    }
    if number(&plain).is_ok() {
        return Err(Refusal::new(format!("`{text}` has no unit")).hint(format!("write `{plain}m` or `{plain}h`")));
    }
    Err(refused())
}

fn fraction_of_hour(text: &str, whole: i64, part: &str, refused: impl Fn() -> Refusal) -> Result<i64, Refusal> {
    let is_plain = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain {
        return Err(refused());
    }
    let parts: i64 = part.parse().map_err(|_| refused())?;
    let power = 10_i64.pow(u32::try_from(part.len()).unwrap_or(0));
    if (parts * 60) % power != 0 {
        return Err(
            Refusal::new(format!("`{text}` is no whole number of minutes")).hint("write hours and minutes: `1h20`")
        );
    }
    Ok(whole * 60 + parts * 60 / power)
}

/// Reads a time of the clock: `14:00`, `14h00`, `9:30`, `14h`.
///
/// # Errors
/// A [`Refusal`] for anything else.
pub fn clock(text: &str) -> Result<Time, Refusal> {
    let text = text.trim();
    let refused = || Refusal::new(format!("`{text}` is not a time of the clock")).hint("as in `14:00`");
    let (hour, minute) = text.split_once([':', 'h']).ok_or_else(refused)?;
    let number = |digits: &str, empty: Option<i8>| -> Option<i8> {
        match digits {
            "" => empty,
            _ if digits.len() > 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) => None,
            _ => digits.parse().ok(),
        }
    };
    let (hour, minute) = (number(hour, None).ok_or_else(refused)?, number(minute, Some(0)).ok_or_else(refused)?);
    Time::new(hour, minute, 0, 0).map_err(|_| refused())
}

/// Minutes as people read them: `17 h 40`, `2 h`, `45 min`.
pub fn shown(minutes: i64) -> String {
    let sign = if minutes < 0 { "-" } else { "" };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    match (hours, rest) {
        (0, rest) => format!("{sign}{rest} min"),
        (hours, 0) => format!("{sign}{hours} h"),
        (hours, rest) => format!("{sign}{hours} h {rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_durations_are_read_in_every_form_that_people_write() {
        for (text, minutes) in [
            ("1h30", 90),
            ("1 h 30", 90),
            ("1h30m", 90),
            ("1h30min", 90),
            ("90m", 90),
            ("90 min", 90),
            ("1.5h", 90),
            ("1,5h", 90),
            ("2H", 120),
            ("0.25h", 15),
            ("1h05", 65),
        ] {
            assert_eq!(worked(text), Ok(Worked::Minutes(minutes)), "{text}");
        }
        let time = |hour, minute| Time::new(hour, minute, 0, 0).expect("a time");
        assert_eq!(worked("14:00-15:30"), Ok(Worked::Between(time(14, 0), time(15, 30))));
        assert_eq!(worked("22h30 - 0h15"), Ok(Worked::Between(time(22, 30), time(0, 15))));
    }

    #[test]
    fn billing_durations_that_mean_two_things_are_refused() {
        for wrong in [
            "90",
            "1h75",
            "1.33h",
            "0m",
            "25h",
            "-30m",
            "1h-30",
            "h",
            "",
            "1.5h30",
            "14:00",
            "24:00-25:00",
            "9:00-9:00",
        ] {
            assert!(worked(wrong).is_err(), "{wrong}");
        }
        let refusal = worked("90").expect_err("no unit");
        assert_eq!(refusal.hint.as_deref(), Some("write `90m` or `90h`"));
    }

    #[test]
    fn billing_minutes_are_shown_in_hours() {
        assert_eq!([shown(45), shown(120), shown(1060), shown(-65)], ["45 min", "2 h", "17 h 40", "-1 h 05"]);
    }
}
