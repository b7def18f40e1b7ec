//! What a transfer pays: numbers of invoices in the words that came with it, and how an amount is shared among them (R30).

use jiff::civil::Date;

use crate::domain::money::Cents;

/// What people write between the parts of a number.
const SEPARATORS: [char; 7] = ['-', ' ', '/', '.', '_', ':', '\u{2011}'];

/// Whether the words name an invoice: its letters and digits in their order, whatever stands between them, and neither a
/// letter or digit before nor a digit behind.
pub fn names(words: &str, number: &str) -> bool {
    let words: Vec<char> = words.chars().flat_map(char::to_uppercase).collect();
    let wanted: Vec<char> = number.chars().flat_map(char::to_uppercase).filter(|one| one.is_alphanumeric()).collect();
    if wanted.is_empty() {
        return false;
    }
    (0..words.len()).any(|start| {
        let is_free = start == 0 || !words[start - 1].is_alphanumeric();
        is_free
            && ends(&words[start..], &wanted)
                .is_some_and(|end| !words[start..].get(end).is_some_and(char::is_ascii_digit))
    })
}

/// Where the wanted characters end when they stand at the beginning.
fn ends(words: &[char], wanted: &[char]) -> Option<usize> {
    let mut at = 0;
    for (place, one) in wanted.iter().enumerate() {
        while place > 0 && words.get(at).is_some_and(|here| SEPARATORS.contains(here)) {
            at += 1;
        }
        if words.get(at) != Some(one) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// An invoice that money may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payable {
    /// Its number.
    pub number: String,
    /// Day of issue: the oldest is paid first.
    pub issued_on: Date,
    /// What is open of it.
    pub open: Cents,
}

/// An amount shared among invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// How much goes to which, the oldest first; never more than is open.
    pub parts: Vec<(String, Cents)>,
    /// What is left over: it stays on the client's account.
    pub rest: Cents,
}

/// Shares an amount among invoices, the oldest first. Nothing is rounded away: a cent short leaves a cent open (R30).
pub fn share(amount: Cents, invoices: &[Payable]) -> Shared {
    let mut invoices: Vec<&Payable> = invoices.iter().filter(|one| one.open.0 > 0).collect();
    invoices.sort_by_key(|one| (one.issued_on, one.number.clone()));
    let mut rest = amount.0.max(0);
    let mut parts = Vec::new();
    for invoice in invoices {
        let part = rest.min(invoice.open.0);
        if part > 0 {
            parts.push((invoice.number.clone(), Cents(part)));
            rest -= part;
        }
    }
    Shared { parts, rest: Cents(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_r30_numbers_are_found_as_people_write_them() {
        for words in [
            "F2026-00042",
            "facture F2026-00042 merci",
            "VIR f2026 00042",
            "F202600042",
            "F2026/00042+F2026/00043",
            "REF:F2026-00042 546.00",
            "/INV/F2026 - 00042",
        ] {
            assert!(names(words, "F2026-00042"), "{words}");
        }
        for words in ["F2026-000421", "XF2026-00042", "F2026-0042", "2026-00042", "F2026-00024", ""] {
            assert!(!names(words, "F2026-00042"), "{words}");
        }
    }

    #[test]
    fn billing_r30_an_amount_is_shared_oldest_first_and_nothing_is_lost() {
        let of = |number: &str, day: &str, open: i64| Payable {
            number: number.to_owned(),
            issued_on: day.parse().expect("a day"),
            open: Cents(open),
        };
        let two = [of("F2026-00002", "2026-12-01", 30_000), of("F2026-00001", "2026-11-01", 54_600)];
        let part = |number: &str, cents| (number.to_owned(), Cents(cents));
        let table = [
            (84_600, vec![part("F2026-00001", 54_600), part("F2026-00002", 30_000)], 0),
            (84_599, vec![part("F2026-00001", 54_600), part("F2026-00002", 29_999)], 0),
            (20_000, vec![part("F2026-00001", 20_000)], 0),
            (84_700, vec![part("F2026-00001", 54_600), part("F2026-00002", 30_000)], 100),
        ];
        for (amount, parts, rest) in table {
            assert_eq!(share(Cents(amount), &two), Shared { parts, rest: Cents(rest) }, "{amount}");
        }
    }
}
