//! Quantities: exact decimals, at most four places, as invoices write them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;

use super::exact::Exact;

/// Places after the point that an invoice's quantity may have.
const PLACES_MAX: u32 = 4;

/// An exact decimal, written `190` or `3.5`: never a binary fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal {
    digits: i64,
    places: u32,
}

impl Decimal {
    /// A whole number.
    pub const fn whole(count: i64) -> Decimal {
        Decimal { digits: count, places: 0 }
    }

    /// The quotient of two whole numbers, when four places write it exactly.
    pub fn ratio(numerator: i64, denominator: i64) -> Option<Decimal> {
        let scaled = numerator.checked_mul(10_i64.pow(PLACES_MAX))?;
        (denominator != 0 && scaled % denominator == 0)
            .then(|| Decimal { digits: scaled / denominator, places: PLACES_MAX }.shortest())
    }

    /// As an exact fraction.
    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.digits), 10_i128.pow(self.places))
    }

    fn shortest(mut self) -> Decimal {
        while self.places > 0 && self.digits % 10 == 0 {
            self = Decimal { digits: self.digits / 10, places: self.places - 1 };
        }
        self
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = 10_u64.pow(self.places);
        let (whole, rest) = (self.digits.unsigned_abs() / power, self.digits.unsigned_abs() % power);
        let sign = if self.digits < 0 { "-" } else { "" };
        match self.places {
            0 => write!(out, "{sign}{whole}"),
            places => write!(out, "{sign}{whole}.{rest:0width$}", width = places as usize),
        }
    }
}

impl TryFrom<String> for Decimal {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Decimal, Refusal> {
        text.parse()
    }
}

impl std::str::FromStr for Decimal {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Decimal, Refusal> {
        let refused =
            || Refusal::new(format!("`{text}` is not a quantity")).hint("as in `3` or `3.5`, four places at most");
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        if unsigned.is_empty() || !plain(unsigned) || !plain(rest) || (text.contains('.') && rest.is_empty()) {
            return Err(refused());
        }
        let places = u32::try_from(rest.len()).ok().filter(|places| *places <= PLACES_MAX).ok_or_else(refused)?;
        let digits = format!("{whole}{rest}").parse().map_err(|_| refused())?;
        Ok(Decimal { digits, places }.shortest())
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> String {
        decimal.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_quantities_are_written_exactly_or_not_at_all() {
        assert_eq!(Decimal::ratio(210, 60).expect("exact").to_string(), "3.5");
        assert_eq!(Decimal::ratio(3, 60).expect("exact").to_string(), "0.05");
        assert!(Decimal::ratio(10, 60).is_none(), "a sixth of an hour has no end");
        for text in ["190", "-2", "0.1666", "3.5"] {
            assert_eq!(text.parse::<Decimal>().expect(text).to_string(), text);
        }
        for wrong in ["", "1.", ".5", "1,5", "1.23456", "1e3", "--1"] {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong}");
        }
    }
}
