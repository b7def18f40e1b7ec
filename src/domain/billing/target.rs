//! Days on which money moves between banks: the TARGET calendar. Closed on Saturdays and Sundays, 1 January, Good Friday,
//! Easter Monday, 1 May, 25 and 26 December; nothing else, also not where a public holiday is kept (R29).

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// The longest row of days on which TARGET is closed: Good Friday to Easter Monday, or Christmas before a week-end.
const CLOSED_DAYS_MAX: usize = 5;

/// Easter Sunday of a year, by the Gregorian rule (Meeus, Jones and Butcher).
pub fn easter(year: i16) -> Date {
    let year32 = i32::from(year);
    let (a, b, c) = (year32.rem_euclid(19), year32.div_euclid(100), year32.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month = (h + l - 7 * m + 114) / 31;
    let day = (h + l - 7 * m + 114) % 31 + 1;
    let (month, day) = (i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1));
    Date::new(year, month, day).unwrap_or(Date::MIN)
}

/// Whether TARGET is open on a day.
pub fn is_open(day: Date) -> bool {
    if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return false;
    }
    if matches!((day.month(), day.day()), (1 | 5, 1) | (12, 25 | 26)) {
        return false;
    }
    let easter = easter(day.year());
    day != easter.saturating_sub(2.days()) && day != easter.saturating_add(1.day())
}

/// This day, or the next one on which TARGET is open: a collection moves forward, never back.
pub fn on_or_after(day: Date) -> Date {
    let mut at = day;
    for _ in 0..CLOSED_DAYS_MAX {
        if is_open(at) {
            break;
        }
        at = at.saturating_add(1.day());
    }
    at
}

/// The next day after this one on which TARGET is open.
pub fn after(day: Date) -> Date {
    on_or_after(day.saturating_add(1.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn billing_r29_easter_is_where_the_calendar_has_it() {
        let known = [
            "2000-04-23",
            "2008-03-23",
            "2011-04-24",
            "2019-04-21",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2028-04-16",
            "2029-04-01",
            "2030-04-21",
            "2038-04-25",
            "2049-04-18",
            "2285-03-22",
        ];
        for text in known {
            assert_eq!(easter(day(text).year()), day(text));
        }
    }

    #[test]
    fn billing_r29_target_is_closed_on_its_own_days_only() {
        for closed in [
            "2026-01-01",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-12-25",
            "2026-12-26",
            "2026-11-28",
            "2026-11-29",
            "2027-03-26",
            "2027-03-29",
        ] {
            assert!(!is_open(day(closed)), "{closed}");
        }
        // Holidays in France, not of TARGET: 8 May, Ascension, 14 July, 15 August is a Saturday, 11 November.
        for open in ["2026-05-08", "2026-05-14", "2026-07-14", "2026-11-11", "2026-12-24", "2026-12-31", "2026-04-02"] {
            assert!(is_open(day(open)), "{open}");
        }
    }

    #[test]
    fn billing_r29_a_collection_moves_forward_to_the_next_open_day() {
        let table = [
            ("2026-12-31", "2026-12-31"),
            ("2027-01-01", "2027-01-04"),
            ("2026-04-03", "2026-04-07"),
            ("2026-12-25", "2026-12-28"),
            ("2026-05-01", "2026-05-04"),
            ("2024-12-25", "2024-12-27"),
            ("2026-11-28", "2026-11-30"),
        ];
        for (wanted, got) in table {
            assert_eq!(on_or_after(day(wanted)), day(got), "{wanted}");
        }
        assert_eq!(after(day("2026-12-24")), day("2026-12-28"));
    }
}
