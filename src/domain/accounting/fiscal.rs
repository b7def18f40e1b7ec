//! Fiscal years, and in which month something is written that is recorded late.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::billing::month::{Month, Period};

/// The fiscal year of a day, when years end with a month (1 to 12).
pub fn year_of(day: Date, end_month: i8) -> Period {
    let end_month = end_month.clamp(1, 12);
    let year = if day.month() <= end_month { day.year() } else { day.year().saturating_add(1) };
    let last = Date::new(year, end_month, 1).map_or(day, Date::last_of_month);
    Period { from: last.first_of_month().saturating_sub(11.months()), until: last }
}

/// A month that was closed. Everything up to its last day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// The month.
    pub month: Month,
    /// When.
    pub at_us: i64,
    /// The same as a local day.
    pub on: Date,
}

/// The day under which something is written that happened on `on` and was recorded at `recorded_at_us`: its own, unless its
/// month had been closed by then; in that case the first day of the first month that was open. What is closed stays.
pub fn posting_day(on: Date, recorded_at_us: i64, closings: &[Closing]) -> Date {
    let closed = closings.iter().filter(|one| one.at_us < recorded_at_us).map(|one| one.month).max();
    match closed {
        Some(closed) if Month::of(on) <= closed => closed.next().first(),
        _ => on,
    }
}

/// The day on which entries of a day became final, if its month is closed.
pub fn final_since(day: Date, closings: &[Closing]) -> Option<Date> {
    closings.iter().filter(|one| Month::of(day) <= one.month).min_by_key(|one| one.month).map(|one| one.on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn billing_fiscal_years_tile_whatever_month_ends_them() {
        let table = [
            ("2026-11-30", 12, "2026-01-01", "2026-12-31"),
            ("2026-09-01", 8, "2026-09-01", "2027-08-31"),
            ("2026-08-31", 8, "2025-09-01", "2026-08-31"),
            ("2028-02-29", 2, "2027-03-01", "2028-02-29"),
        ];
        for (of, end, from, until) in table {
            assert_eq!(year_of(day(of), end), Period { from: day(from), until: day(until) }, "{of} {end}");
        }
    }

    #[test]
    fn billing_what_is_recorded_late_goes_to_the_first_open_month() {
        let november = Closing { month: Month::of(day("2026-11-01")), at_us: 100, on: day("2026-12-05") };
        assert_eq!(posting_day(day("2026-11-28"), 99, &[november]), day("2026-11-28"));
        assert_eq!(posting_day(day("2026-11-28"), 101, &[november]), day("2026-12-01"));
        assert_eq!(posting_day(day("2026-10-03"), 101, &[november]), day("2026-12-01"));
        assert_eq!(posting_day(day("2026-12-03"), 101, &[november]), day("2026-12-03"));
        assert_eq!(final_since(day("2026-10-03"), &[november]), Some(day("2026-12-05")));
        assert_eq!(final_since(day("2026-12-03"), &[november]), None);
    }
}
