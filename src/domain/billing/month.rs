//! A calendar month, and periods of whole days.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;

/// A calendar month where the co-operative works (R3), written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month in which a day lies.
    pub fn of(day: Date) -> Month {
        Month { first: day.first_of_month() }
    }

    /// Reads `2026-11`.
    ///
    /// # Errors
    /// A [`Refusal`] for anything else.
    pub fn parse(text: &str) -> Result<Month, Refusal> {
        let refused = || Refusal::new(format!("`{text}` is not a month")).hint("write year and month: `2026-11`");
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        if year.len() != 4 || month.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(refused());
        }
        let (year, month) = (year.parse().map_err(|_| refused())?, month.parse().map_err(|_| refused())?);
        Date::new(year, month, 1).map(Month::of).map_err(|_| refused())
    }

    /// Its first day.
    pub fn first(self) -> Date {
        self.first
    }

    /// Its last day.
    pub fn last(self) -> Date {
        self.first.last_of_month()
    }

    /// Its number of days, 28 to 31.
    pub fn days(self) -> i64 {
        i64::from(self.first.days_in_month())
    }

    /// The month after; stays at the end of time.
    #[must_use]
    pub fn next(self) -> Month {
        Month::of(self.first.saturating_add(1.month()))
    }

    /// The month before; stays at the beginning of time.
    #[must_use]
    pub fn previous(self) -> Month {
        Month::of(self.first.saturating_sub(1.month()))
    }

    /// This month and those after it, up to and including `last`.
    pub fn through(self, last: Month) -> impl Iterator<Item = Month> {
        let mut at = self;
        std::iter::from_fn(move || {
            let here = (at <= last).then_some(at)?;
            at = at.next();
            Some(here)
        })
    }

    /// All of its days.
    pub fn period(self) -> Period {
        Period { from: self.first(), until: self.last() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl std::str::FromStr for Month {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Month, Refusal> {
        Month::parse(text)
    }
}

impl TryFrom<String> for Month {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Month, Refusal> {
        Month::parse(&text)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

/// Days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

impl Period {
    /// The days that both have; `None` when there is none.
    pub fn and(self, other: Period) -> Option<Period> {
        let both = Period { from: self.from.max(other.from), until: self.until.min(other.until) };
        (both.from <= both.until).then_some(both)
    }

    /// How many days.
    pub fn days(self) -> i64 {
        day_number(self.until) - day_number(self.from) + 1
    }
}

/// Days since a fixed day: differences of days without spans.
pub(crate) fn day_number(day: Date) -> i64 {
    // Howard Hinnant's count of days in the proleptic Gregorian calendar.
    let (year, month, day) = (i64::from(day.year()), i64::from(day.month()), i64::from(day.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_months_are_read_and_counted() {
        let month = Month::parse("2026-02").expect("a month");
        assert_eq!((month.days(), month.last().to_string()), (28, "2026-02-28".to_owned()));
        assert_eq!(month.previous().to_string(), "2026-01");
        for wrong in ["2026-2", "2026-13", "02-2026", "2026-02-01", "+026-02", ""] {
            assert!(Month::parse(wrong).is_err(), "{wrong}");
        }
        let months: Vec<String> = month.through(month.next().next()).map(|one| one.to_string()).collect();
        assert_eq!(months, ["2026-02", "2026-03", "2026-04"]);
    }

    #[test]
    fn billing_days_are_counted_across_leap_years() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(Period { from: day("2027-12-31"), until: day("2028-03-01") }.days(), 62);
        assert_eq!(Period { from: day("2026-01-31"), until: day("2027-01-30") }.days(), 365);
        assert_eq!(day_number(day("2000-03-01")) - day_number(day("1970-01-01")), 11_017);
    }
}
