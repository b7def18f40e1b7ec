//! SEPA direct debit: whether a mandate may be used, as first or as recurrent, and on which day (R29).

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;

use super::document::Standing;
use super::target;

/// A mandate that was not used for so long has lapsed.
const LAPSES_AFTER_MONTHS: i32 = 36;

/// Calendar days between the notice and the collection, unless the mandate says less.
pub const NOTICE_DAYS: u16 = 14;

/// Scheme of a mandate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// For everybody; the debtor may ask its bank for the money back within eight weeks.
    #[default]
    Core,
    /// Between businesses; the debtor's bank knows the mandate, and nothing is refunded.
    B2b,
}

/// A signed mandate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Unique reference (RUM).
    pub reference: String,
    /// Day of signature.
    pub signed: Date,
    /// Scheme.
    pub scheme: Scheme,
    /// Account of the client, without spaces.
    pub iban: String,
    /// Calendar days of notice.
    pub notice_days: u16,
}

/// One use of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Day of collection.
    pub on: Date,
    /// Whether the bank rejected or returned it: the mandate has then not had its first collection by it.
    pub is_void: bool,
}

/// Whether a collection is the first of its mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sequence {
    /// The first one.
    First,
    /// A later one.
    Recurrent,
}

impl Sequence {
    /// Its word, as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Sequence::First => "first",
            Sequence::Recurrent => "recurrent",
        }
    }
}

/// Whether money may be collected from a client on a day, and in which sequence.
///
/// # Errors
/// A [`Refusal`] with what to do: a public client, a mandate signed after that day, or one that has lapsed.
pub fn sequence(mandate: &Mandate, standing: Standing, uses: &[Use], on: Date) -> Result<Sequence, Refusal> {
    if standing == Standing::Public {
        return Err(Refusal::new("a public body pays by itself: nothing is collected from it")
            .hint("take the mandate out of the client's file"));
    }
    if mandate.signed > on {
        return Err(Refusal::new(format!("mandate `{}` is signed on {} only", mandate.reference, mandate.signed))
            .hint("collect after that day"));
    }
    let last = uses.iter().map(|one| one.on).max().unwrap_or(mandate.signed);
    if last.saturating_add(LAPSES_AFTER_MONTHS.months()) < on {
        return Err(Refusal::new(format!(
            "mandate `{}` has lapsed: it was last used on {last}, more than {LAPSES_AFTER_MONTHS} months before",
            mandate.reference
        ))
        .hint("have a new one signed, with another reference"));
    }
    Ok(if uses.iter().any(|one| !one.is_void) { Sequence::Recurrent } else { Sequence::First })
}

/// The day of a collection that was announced for a day already, or that is announced today.
///
/// An announced day that can still be kept is kept; one that has gone by becomes the next possible day. The bank gets the
/// file a TARGET day ahead at least.
pub fn collection_day(mandate: &Mandate, announced: Option<Date>, today: Date) -> Date {
    let possible = target::after(today);
    match announced {
        Some(day) => target::on_or_after(day.max(possible)),
        None => announce(mandate, today, today).max(possible),
    }
}

/// The day for which a collection is announced today: not before the due date, not before the notice has run.
pub fn announce(mandate: &Mandate, due_on: Date, today: Date) -> Date {
    let noticed = today.saturating_add(i64::from(mandate.notice_days).days());
    target::on_or_after(due_on.max(noticed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn mandate(notice_days: u16) -> Mandate {
        Mandate {
            reference: "ACC-1".to_owned(),
            signed: day("2023-01-10"),
            scheme: Scheme::Core,
            iban: "FR7630006000011234567890189".to_owned(),
            notice_days,
        }
    }

    #[test]
    fn billing_r29_a_mandate_is_first_until_a_collection_came_through() {
        let of = |uses: &[Use]| sequence(&mandate(14), Standing::Taxable, uses, day("2024-06-03"));
        assert_eq!(of(&[]), Ok(Sequence::First));
        assert_eq!(of(&[Use { on: day("2024-05-02"), is_void: true }]), Ok(Sequence::First));
        assert_eq!(of(&[Use { on: day("2024-05-02"), is_void: false }]), Ok(Sequence::Recurrent));
    }

    #[test]
    fn billing_r29_a_mandate_lapses_after_36_months_without_use() {
        let on = |text: &str, uses: &[Use]| sequence(&mandate(14), Standing::Taxable, uses, day(text)).is_ok();
        assert!(on("2026-01-10", &[]));
        assert!(!on("2026-01-11", &[]));
        let used = [Use { on: day("2025-03-03"), is_void: true }];
        assert!(on("2028-03-03", &used) && !on("2028-03-06", &used));
        assert!(!on("2023-01-09", &[]), "before it is signed");
    }

    #[test]
    fn billing_r29_nothing_is_ever_collected_from_a_public_body() {
        assert!(sequence(&mandate(14), Standing::Public, &[], day("2024-06-03")).is_err());
    }

    #[test]
    fn billing_r29_notice_runs_14_days_unless_the_mandate_says_less_and_the_day_moves_forward() {
        let table = [
            (14, "2026-12-01", "2026-12-31", "2026-12-31"),
            (14, "2026-12-02", "2027-01-01", "2027-01-04"),
            (14, "2026-12-11", "2026-12-11", "2026-12-28"),
            (5, "2026-12-11", "2026-12-11", "2026-12-16"),
            (2, "2026-04-01", "2026-04-01", "2026-04-07"),
        ];
        for (notice, today, due, expected) in table {
            assert_eq!(announce(&mandate(notice), day(due), day(today)), day(expected), "{notice} {today} {due}");
        }
        let kept = collection_day(&mandate(14), Some(day("2026-12-31")), day("2026-12-20"));
        assert_eq!(kept, day("2026-12-31"));
        let late = collection_day(&mandate(14), Some(day("2026-12-15")), day("2026-12-24"));
        assert_eq!(late, day("2026-12-28"));
        assert_eq!(collection_day(&mandate(0), None, day("2026-12-24")), day("2026-12-28"));
    }
}
