//! Money: integer cents, no floating point anywhere (R1).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// An amount in euro cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// This amount so many times; `None` when it does not fit.
    pub fn times(self, count: i64) -> Option<Cents> {
        self.0.checked_mul(count).map(Cents)
    }

    /// Reads a price: euros, a point, two digits, as in `39.00`; at most nine digits of euros.
    ///
    /// # Errors
    /// A [`Refusal`] when the text is anything else.
    pub fn price(text: &str) -> Result<Cents, Refusal> {
        let refused = || {
            Refusal::new(format!("`{text}` is not a price"))
                .hint("write euros, a point and two digits of cents, excluding VAT: \"39.00\"")
        };
        let (euros, cents) = text.split_once('.').ok_or_else(refused)?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(euros) || !digits(cents) || euros.len() > 9 || cents.len() != 2 {
            return Err(refused());
        }
        let number = |part: &str| part.parse::<i64>().map_err(|_| refused());
        Ok(Cents(number(euros)? * 100 + number(cents)?))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(out, "{sign}{}.{:02} EUR", cents / 100, cents % 100)
    }
}

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Cents>>(amounts: I) -> Cents {
        Cents(amounts.map(|amount| amount.0).sum())
    }
}
