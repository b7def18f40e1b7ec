//! Entries in the layout of the FEC, the file that French tax law describes (article A47 A-1 of the LPF): 18 columns,
//! tabs between them, one file per fiscal year.

use std::fmt::Write as _;

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

use crate::domain::billing::month::Period;
use crate::domain::money::Cents;

use super::replay::Books;

/// The columns, in their order and spelling.
pub const COLUMNS: [&str; 18] = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
];

/// How the file is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-15; a letter that it has not is written without its accent, or as `?`.
    Iso8859_15,
}

/// The name of a year's file.
pub fn file_name(siren: &str, year: Period) -> String {
    format!("{siren}FEC{}.txt", plain_day(year.until))
}

/// The entries of a period. Numbers are continuous within the fiscal year, from 1 on its first day.
pub fn write(books: &Books, year: Period, of: Period) -> String {
    let mut out = COLUMNS.join("\t");
    out.push_str("\r\n");
    let within = |day: Date, period: Period| period.from <= day && day <= period.until;
    let entries = books.entries.iter().filter(|entry| within(entry.on, year));
    for (number, entry) in (1..).zip(entries).filter(|(_, entry)| within(entry.on, of)) {
        let number: u64 = number;
        for posting in &entry.postings {
            let auxiliary = posting.auxiliary.as_ref();
            let settled =
                auxiliary.and_then(|one| one.invoice.as_ref()).and_then(|one| Some((one, books.settled.get(one)?)));
            let cells = [
                entry.journal.code().to_owned(),
                entry.journal.label().to_owned(),
                number.to_string(),
                plain_day(entry.on),
                posting.account.clone(),
                posting.label.to_owned(),
                auxiliary.map(|one| one.id.clone()).unwrap_or_default(),
                auxiliary.map(|one| one.name.clone()).unwrap_or_default(),
                entry.piece.clone(),
                plain_day(entry.piece_on),
                entry.label.clone(),
                amount(posting.debit),
                amount(posting.credit),
                settled.map(|(number, _)| number.clone()).unwrap_or_default(),
                settled.map(|(_, day)| plain_day(*day)).unwrap_or_default(),
                entry.final_since.map(plain_day).unwrap_or_default(),
                String::new(),
                String::new(),
            ];
            let cells: Vec<String> = cells.iter().map(|cell| label(cell)).collect();
            // Writing to a String cannot fail.
            let _ = write!(out, "{}\r\n", cells.join("\t"));
        }
    }
    out
}

/// The text in an encoding.
pub fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Iso8859_15 => text.chars().flat_map(latin9).collect(),
    }
}

/// `20261130`.
fn plain_day(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

/// `546,00`.
fn amount(cents: Cents) -> String {
    let sign = if cents.0 < 0 { "-" } else { "" };
    let absolute = cents.0.unsigned_abs();
    format!("{sign}{},{:02}", absolute / 100, absolute % 100)
}

/// No tab, bar or line end in a cell.
fn label(text: &str) -> String {
    let cell: String = text.chars().map(|one| if one == '|' || one.is_control() { ' ' } else { one }).collect();
    cell.trim().to_owned()
}

/// The eight characters that ISO 8859-15 has instead of those of ISO 8859-1.
const EXCHANGED: [(char, u8); 8] =
    [('€', 0xA4), ('Š', 0xA6), ('š', 0xA8), ('Ž', 0xB4), ('ž', 0xB8), ('Œ', 0xBC), ('œ', 0xBD), ('Ÿ', 0xBE)];

fn latin9(one: char) -> Vec<u8> {
    if let Some((_, byte)) = EXCHANGED.iter().find(|(exchanged, _)| *exchanged == one) {
        return vec![*byte];
    }
    let direct =
        |one: char| u8::try_from(u32::from(one)).ok().filter(|byte| EXCHANGED.iter().all(|(_, gone)| gone != byte));
    if let Some(byte) = direct(one) {
        return vec![byte];
    }
    let plain: Vec<u8> = one.nfkd().filter_map(direct).collect();
    if plain.is_empty() { vec![b'?'] } else { plain }
}
