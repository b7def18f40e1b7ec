//! Days and amounts as they are written in French.

use jiff::civil::Date;

use super::money::Cents;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// `1er décembre 2026`.
pub fn day(day: Date) -> String {
    let number = if day.day() == 1 { "1er".to_owned() } else { day.day().to_string() };
    let month = MONTHS[usize::try_from(day.month() - 1).expect("months begin at 1")];
    format!("{number} {month} {}", day.year())
}

/// `65,00 €`, its parts held together on a line.
pub fn amount(amount: Cents) -> String {
    format!("{},{:02}\u{a0}€", amount.0 / 100, (amount.0 % 100).abs())
}

/// `20 heures`, `1 heure 30`.
pub fn hours(minutes: u32) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    let word = if hours < 2 { "heure" } else { "heures" };
    match rest {
        0 => format!("{hours}\u{a0}{word}"),
        _ => format!("{hours}\u{a0}{word}\u{a0}{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn french_reads_as_french() {
        assert_eq!(day(date(2026, 12, 1)), "1er décembre 2026");
        assert_eq!(day(date(2027, 2, 28)), "28 février 2027");
        assert_eq!(amount(Cents(6500)), "65,00\u{a0}€");
        assert_eq!(hours(1200), "20\u{a0}heures");
        assert_eq!(hours(90), "1\u{a0}heure\u{a0}30");
    }
}
