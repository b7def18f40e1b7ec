//! The sentences of invoices, in French and in English: plain words, one thought each. In French what stands before a colon or
//! a semicolon is never parted from it: the space is a no-break one.

use jiff::civil::Date;

use crate::domain::money::Cents;

use super::document::{ChargeKind, DocumentLanguage, Unit};
use super::duration;
use super::month::{Month, Period};

use DocumentLanguage::{En, Fr};

const MONTHS: [(&str, &str); 12] = [
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
];

fn month_name(month: i8, language: DocumentLanguage) -> &'static str {
    let index = usize::try_from(month - 1).unwrap_or(0).min(11);
    let (french, english) = MONTHS[index];
    match language {
        Fr => french,
        En => english,
    }
}

/// A month: `octobre 2026`.
pub fn month(month: Month, language: DocumentLanguage) -> String {
    format!("{} {}", month_name(month.first().month(), language), month.first().year())
}

/// A month after `de`: `d'octobre 2026`, `de juillet 2026`.
fn of_month(which: Month, language: DocumentLanguage) -> String {
    let name = month(which, language);
    match language {
        Fr if name.starts_with(['a', 'o']) => format!("d'{name}"),
        Fr => format!("de {name}"),
        En => name,
    }
}

/// A day: `1er juin 2026`, `1 June 2026`.
pub fn day(date: Date, language: DocumentLanguage) -> String {
    let number = match (date.day(), language) {
        (1, Fr) => "1er".to_owned(),
        (number, _) => number.to_string(),
    };
    format!("{number} {} {}", month_name(date.month(), language), date.year())
}

fn day_of_month(date: Date, language: DocumentLanguage) -> String {
    match (date.day(), language) {
        (1, Fr) => "1er".to_owned(),
        (number, _) => number.to_string(),
    }
}

/// An amount: `1 234,50 €`, `EUR 1,234.50`.
pub fn amount(amount: Cents, language: DocumentLanguage) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    let (euros, cents) = (amount.0.unsigned_abs() / 100, amount.0.unsigned_abs() % 100);
    let digits = euros.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(if language == Fr { '\u{202f}' } else { ',' });
        }
        grouped.push(digit);
    }
    match language {
        Fr => format!("{sign}{grouped},{cents:02}\u{a0}€"),
        En => format!("{sign}EUR {grouped}.{cents:02}"),
    }
}

fn seats_counted(count: i64, language: DocumentLanguage) -> String {
    match (language, count.abs()) {
        (Fr, 0 | 1) => format!("{count} poste"),
        (Fr, _) => format!("{count} postes"),
        (En, 1) => format!("{count} seat"),
        (En, _) => format!("{count} seats"),
    }
}

fn seat_days(count: i64, language: DocumentLanguage) -> String {
    match (language, count.abs()) {
        (Fr, 0 | 1) => format!("{count} jour de poste"),
        (Fr, _) => format!("{count} jours de poste"),
        (En, 1) => format!("{count} seat-day"),
        (En, _) => format!("{count} seat-days"),
    }
}

/// What a line of this kind sells, without its month.
fn kind(kind: ChargeKind, language: DocumentLanguage) -> &'static str {
    match (kind, language) {
        (ChargeKind::Seat, Fr) => "Postes",
        (ChargeKind::Seat, En) => "Seats",
        (ChargeKind::Floor, Fr) => "Complément au minimum de postes",
        (ChargeKind::Floor, En) => "Complement to the minimum of seats",
        (ChargeKind::Overage, Fr) => "Assistance au-delà du forfait",
        (ChargeKind::Overage, En) => "Support beyond the allowance",
        (ChargeKind::EarlyEnd, Fr) => "Engagement restant après la fin anticipée",
        (ChargeKind::EarlyEnd, En) => "Remaining commitment after an early end",
        (ChargeKind::OneOff, Fr) => "Prestation au devis",
        (ChargeKind::OneOff, En) => "Quoted service",
        (ChargeKind::Regularisation, Fr) => "Régularisation",
        (ChargeKind::Regularisation, En) => "Adjustment",
    }
}

/// What a line sells: `Postes, juin 2026`.
pub fn description(which: ChargeKind, unit: Unit, of: Month, language: DocumentLanguage) -> String {
    let by_days = match (unit, language) {
        (Unit::Day, Fr) => ", au prorata des jours",
        (Unit::Day, En) => ", by the day",
        _ => "",
    };
    format!("{}{by_days}, {}", kind(which, language), month(of, language))
}

/// The floor of a contract (R8).
pub fn floor(minimum: u32, language: DocumentLanguage) -> String {
    let seats = seats_counted(i64::from(minimum), language);
    match language {
        Fr => format!("Le contrat prévoit au moins {seats} chaque jour."),
        En => format!("The contract has at least {seats} each day."),
    }
}

/// Who was there when, counted: one clause per stretch of days (R7). Days without a seat are not charged: nothing is said of
/// them.
pub fn seats(stretches: &[(Period, i64)], language: DocumentLanguage) -> String {
    let clause = |(stretch, count): &(Period, i64)| {
        let (from, until) = (day_of_month(stretch.from, language), day_of_month(stretch.until, language));
        let seats = seats_counted(*count, language);
        match (language, stretch.from == stretch.until) {
            (Fr, true) => format!("le {from}\u{a0}: {seats}"),
            (Fr, false) => format!("du {from} au {until}\u{a0}: {seats}"),
            (En, true) => format!("on the {from}: {seats}"),
            (En, false) => format!("from {from} to {until}: {seats}"),
        }
    };
    let clauses: Vec<String> = stretches.iter().filter(|(_, count)| *count > 0).map(clause).collect();
    let mut days = clauses.join(if language == Fr { "\u{a0}; " } else { "; " });
    if let Some(first) = days.get(..1) {
        days = format!("{}{}.", first.to_uppercase(), &days[1..]);
    }
    days
}

/// What they come to in all (R7).
pub fn seats_in_all(days: i64, of: Month, language: DocumentLanguage) -> String {
    let total = seat_days(days, language);
    match language {
        Fr => format!("{total}\u{a0}; le prix vaut pour un mois de {} jours.", of.days()),
        En => format!("{total}; the price is for a month of {} days.", of.days()),
    }
}

/// Overage in words (R16).
pub fn overage(minutes: i64, language: DocumentLanguage) -> String {
    let time = duration::shown(minutes);
    match language {
        Fr => format!("{time} au-delà du temps d'assistance compris dans l'année de contrat."),
        En => format!("{time} beyond the support included in the contract year."),
    }
}

/// What a difference of an earlier month is called (R18).
pub fn regularisation(of: Month, which: ChargeKind, language: DocumentLanguage) -> String {
    let what = kind(which, language);
    let what = match (language, what.chars().next()) {
        (_, Some(first)) => format!("{}{}", first.to_lowercase(), &what[first.len_utf8()..]),
        (_, None) => String::new(),
    };
    match language {
        Fr => format!("Régularisation {}\u{a0}: {what}", of_month(of, language)),
        En => format!("Adjustment for {}: {what}", month(of, language)),
    }
}

fn measured(which: ChargeKind, amount: i64, language: DocumentLanguage) -> String {
    match which {
        ChargeKind::Overage => duration::shown(amount),
        ChargeKind::OneOff | ChargeKind::Regularisation => amount.to_string(),
        ChargeKind::Seat | ChargeKind::Floor | ChargeKind::EarlyEnd => seat_days(amount, language),
    }
}

/// How a difference came about: `4 h au lieu de 2 h : 2 h de plus` (R18). When it counts as much as before, the amounts alone.
pub fn instead(
    which: ChargeKind,
    (now, billed): (i64, i64),
    (total_now, total_billed): (Cents, Cents),
    language: DocumentLanguage,
) -> Vec<String> {
    let words = |count: i64| measured(which, count, language);
    let difference = words((now - billed).abs());
    let (more, less) = if language == Fr { ("de plus", "de moins") } else { ("more", "less") };
    let direction = if now >= billed { more } else { less };
    let (total_now, total_billed) = (amount(total_now, language), amount(total_billed, language));
    let (counted, owed) = match language {
        Fr => (
            format!("{} au lieu de {}\u{a0}: {difference} {direction}.", words(now), words(billed)),
            format!("Dû pour ce mois\u{a0}: {total_now}\u{a0}; déjà facturé\u{a0}: {total_billed}."),
        ),
        En => (
            format!("{} instead of {}: {difference} {direction}.", words(now), words(billed)),
            format!("Owed for that month: {total_now}; already invoiced: {total_billed}."),
        ),
    };
    if now == billed { vec![owed] } else { vec![counted, owed] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_months_are_elided_in_french() {
        let month = |text| Month::parse(text).expect("a month");
        let said = |text| regularisation(month(text), ChargeKind::Overage, Fr);
        assert_eq!(said("2026-10"), "Régularisation d'octobre 2026\u{a0}: assistance au-delà du forfait");
        assert_eq!(said("2026-07"), "Régularisation de juillet 2026\u{a0}: assistance au-delà du forfait");
        assert_eq!(said("2026-08"), "Régularisation d'août 2026\u{a0}: assistance au-delà du forfait");
    }

    #[test]
    fn billing_amounts_are_grouped_by_thousands() {
        assert_eq!(amount(Cents(39_000_000), Fr), "390\u{202f}000,00\u{a0}€");
        assert_eq!(amount(Cents(-123_450), En), "-EUR 1,234.50");
        assert_eq!(amount(Cents(5), Fr), "0,05\u{a0}€");
    }

    /// A colon at the beginning of a line of an invoice.
    #[test]
    fn billing_french_words_have_no_breaking_space_before_a_colon() {
        let of = Month::parse("2026-06").expect("a month");
        let period = |from: i8, until: i8| Period {
            from: Date::new(2026, 6, from).expect("a day"),
            until: Date::new(2026, 6, until).expect("a day"),
        };
        let stretches = [(period(1, 10), 5), (period(11, 11), 8), (period(12, 30), 6)];
        let mut said = vec![seats(&stretches, Fr), seats_in_all(172, of, Fr)];
        said.extend(instead(ChargeKind::Overage, (240, 120), (Cents(26_000), Cents(13_000)), Fr));
        said.push(regularisation(of, ChargeKind::Seat, Fr));
        for sentence in said {
            assert!(sentence.contains('\u{a0}'), "{sentence}");
            assert!([" :", " ;", " €"].iter().all(|broken| !sentence.contains(broken)), "{sentence}");
        }
    }
}
