//! Exact fractions of cents, rounded once, half away from zero (R1).

use crate::domain::money::Cents;

/// A fraction in lowest terms. Amounts of ours stay far below what overflows it: nine digits of euros, four places of a
/// quantity, a denominator below a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    numerator: i128,
    /// Always positive.
    denominator: i128,
}

impl Exact {
    /// Zero.
    pub const ZERO: Exact = Exact { numerator: 0, denominator: 1 };

    /// The quotient of two whole numbers. A denominator of zero stands for nothing and gives zero.
    pub fn new(numerator: i128, denominator: i128) -> Exact {
        if denominator == 0 {
            return Exact::ZERO;
        }
        let divisor = common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).unwrap_or(1).max(1);
        let sign = denominator.signum();
        Exact { numerator: sign * numerator / divisor, denominator: sign * denominator / divisor }
    }

    /// An amount.
    pub fn cents(amount: Cents) -> Exact {
        Exact { numerator: i128::from(amount.0), denominator: 1 }
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Exact) -> Exact {
        Exact::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    /// The quotient; by zero it is zero.
    #[must_use]
    pub fn per(self, other: Exact) -> Exact {
        Exact::new(self.numerator * other.denominator, self.denominator * other.numerator)
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Exact) -> Exact {
        Exact::new(
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )
    }

    /// The nearest cent; what lies in the middle goes away from zero. An amount that no invoice can carry is held at the
    /// greatest one, which the checks before issue refuse.
    pub fn round(self) -> Cents {
        let doubled = 2 * self.numerator.abs() + self.denominator;
        let nearest = self.numerator.signum() * (doubled / (2 * self.denominator));
        Cents(i64::try_from(nearest).unwrap_or(if nearest < 0 { i64::MIN } else { i64::MAX }))
    }
}

fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_r1_fractions_are_rounded_once_half_away_from_zero() {
        for (numerator, denominator, cents) in
            [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (49, 100, 0), (-49, 100, 0), (3900, 31, 126), (0, 7, 0)]
        {
            assert_eq!(Exact::new(numerator, denominator).round(), Cents(cents), "{numerator}/{denominator}");
        }
        let third = Exact::new(1, 3);
        assert_eq!(third.plus(third).plus(third), Exact::new(1, 1), "no third of a cent is lost on the way");
        assert_eq!(Exact::new(4, -6), Exact::new(-2, 3));
    }
}
