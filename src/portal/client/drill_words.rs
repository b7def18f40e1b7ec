//! A restore test in words for clients. The record has the program's own, in English and for technicians: none of them is
//! shown here.

use crate::domain::backup::drill::{Check, CheckKind, NotProven, Record, Verdict};
use crate::proof;

use super::super::words::Words;
use super::{Table, services};

/// What was checked, expected and found. The many settings of the copy are one row.
pub(super) fn checks(record: &Record, words: Words) -> Table {
    let mut table = Table::new(&[words.what(), words.drill_expected(), words.drill_found(), words.state()]);
    let mut row = |label: String, expected: String, found: String, is_ok: bool| {
        let state = if is_ok { words.good() } else { words.bad() };
        table.rows.push(vec![label, expected, found, state.to_owned()]);
    };
    let is_setting = |check: &&Check| matches!(check.kind, CheckKind::Machine { .. });
    let worst = record.checks.iter().filter(is_setting).min_by_key(|check| check.ok);
    for check in worst.into_iter().chain(record.checks.iter().filter(|check| !is_setting(check))) {
        row(label(check, words), expected(check, words), found(check, words), check.ok);
    }
    let mark = words.check_mark().to_owned();
    if record.nonce.is_found() {
        row(mark, words.mark_found().to_owned(), words.mark_found().to_owned(), true);
    } else if is_mark_missing(record) {
        row(mark, words.mark_found().to_owned(), words.mark_missing().to_owned(), false);
    }
    table
}

/// Why a test proved nothing.
pub(super) fn why(record: &Record, words: Words) -> Option<String> {
    match &record.verdict {
        Verdict::Proven => None,
        Verdict::NotTested { .. } => Some(words.why_not_tested().to_owned()),
        Verdict::Failed { .. } => Some(match record.first_failure() {
            Some(check) => format!("{}{} {}.", label(check, words), words.colon(), found(check, words)),
            None if is_mark_missing(record) => words.why_mark_missing().to_owned(),
            None => words.why_failed().to_owned(),
        }),
    }
}

/// The mark that was to be found again was not, and that is held against the backup.
fn is_mark_missing(record: &Record) -> bool {
    let is_failed = matches!(record.verdict, Verdict::Failed { .. });
    is_failed && record.nonce.wanted.is_some() && !record.nonce.is_found()
}

fn label(check: &Check, words: Words) -> String {
    match &check.kind {
        CheckKind::Machine { .. } => words.check_machine().to_owned(),
        CheckKind::CloudInitAsleep => words.check_asleep().to_owned(),
        CheckKind::HostKey => words.check_identity().to_owned(),
        CheckKind::Service { name } => {
            format!("{}{} {}", words.check_service(), words.colon(), services::unit_name(name, words).to_lowercase())
        }
        CheckKind::Nextcloud { address } => format!("Nextcloud ({address})"),
        CheckKind::Dolibarr { address } => format!("Dolibarr ({address})"),
        CheckKind::Files { app } => format!("{} {}", words.check_files(), proof::app_name(app)),
        CheckKind::Rows { app } => format!("{} {}", words.check_rows(), proof::app_name(app)),
    }
}

fn expected(check: &Check, words: Words) -> String {
    match &check.kind {
        CheckKind::Machine { .. } => words.check_as_planned().to_owned(),
        CheckKind::CloudInitAsleep => words.check_nothing().to_owned(),
        CheckKind::HostKey => words.check_same().to_owned(),
        CheckKind::Service { .. } => words.runs().to_owned(),
        CheckKind::Nextcloud { .. } | CheckKind::Dolibarr { .. } => words.check_answers().to_owned(),
        CheckKind::Files { .. } | CheckKind::Rows { .. } => number(&check.expected, words),
    }
}

fn found(check: &Check, words: Words) -> String {
    match &check.kind {
        CheckKind::Files { .. } | CheckKind::Rows { .. } => number(&check.found, words),
        _ if check.ok => expected(check, words),
        CheckKind::Machine { .. } => words.check_otherwise().to_owned(),
        CheckKind::CloudInitAsleep => words.check_something().to_owned(),
        CheckKind::HostKey => words.check_other().to_owned(),
        CheckKind::Service { .. } => words.fails().to_owned(),
        CheckKind::Nextcloud { .. } | CheckKind::Dolibarr { .. } => words.check_silent().to_owned(),
    }
}

/// A count; what is none was not counted.
fn number(text: &str, words: Words) -> String {
    if text.parse::<u64>().is_err() {
        return words.check_not_counted().to_owned();
    }
    let grouped = proof::grouped(text);
    words.pick(grouped.clone(), grouped.replace('\u{202f}', ","))
}

/// What a test does not prove.
pub(super) fn limit(limit: NotProven, words: Words) -> &'static str {
    match limit {
        NotProven::OtherBackups => words.limit_other(),
        NotProven::EveryFile => words.limit_files(),
        NotProven::WorkSince => words.limit_since(),
        NotProven::Network => words.limit_network(),
        NotProven::Passwords => words.limit_passwords(),
        NotProven::Speed => words.limit_speed(),
        NotProven::LossOfTheSite => words.limit_site(),
        NotProven::PrintedKey => words.limit_key(),
    }
}
