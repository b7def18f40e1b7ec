//! Our own arithmetic, checked on every document before it is issued: the official rules let a wrong total pass.

use std::collections::BTreeMap;

use crate::domain::money::Cents;

use super::decimal::Decimal;
use super::document::{DocumentKind, Issued, VatCategory};
use super::exact::Exact;
use super::vat::vat_on;

/// The greatest amount of a document: nine digits of euros.
const CENTS_MAX: i64 = 99_999_999_999;

/// The longest number that every receiver takes.
const NUMBER_LENGTH_MAX: usize = 20;

/// Codes that stand exactly once on every document.
const CODES_ONCE: [&str; 4] = ["PMT", "PMD", "AAB", "BAR"];

/// What contradicts itself in a document; empty when it may be issued.
pub fn contradictions(document: &Issued) -> Vec<String> {
    let mut found = Vec::new();
    lines(document, &mut found);
    vat(document, &mut found);
    totals(document, &mut found);
    header(document, &mut found);
    found
}

fn lines(document: &Issued, found: &mut Vec<String>) {
    if document.lines.is_empty() {
        found.push("it has no line".to_owned());
    }
    for (position, line) in (1..).zip(&document.lines) {
        let mut add = |what: &str| found.push(format!("line {}: {what}", line.position));
        if line.position != position {
            add("its position is not the next one");
        }
        if line.total != line.computed() {
            add(&format!("the total is {}, quantity x price is {}", line.total, line.computed()));
        }
        if line.total.0 <= 0 || line.price.0 <= 0 {
            add("total and price are positive");
        }
        if line.basis.exact() == Exact::ZERO || line.basis == Decimal::whole(0) {
            add("the price is for nothing");
        }
        if line.description.trim().is_empty() {
            add("it does not say what is sold");
        }
        if line.period.is_some_and(|period| period.until < period.from) {
            add("its period ends before it begins");
        }
        let is_exempt = line.category == VatCategory::Exempt;
        if is_exempt != (line.rate_bp == 0) {
            add("category and rate of VAT contradict each other");
        }
    }
}

fn vat(document: &Issued, found: &mut Vec<String>) {
    let mut bases: BTreeMap<(VatCategory, u32), i64> = BTreeMap::new();
    for line in &document.lines {
        let base = bases.entry((line.category, line.rate_bp)).or_default();
        *base = base.saturating_add(line.total.0);
    }
    if bases.len() != document.vat.len() {
        found.push("the breakdown of VAT has not one entry per rate".to_owned());
    }
    for share in &document.vat {
        if bases.get(&(share.category, share.rate_bp)) != Some(&share.base.0) {
            found.push(format!("the base {} of VAT is not the sum of its lines", share.base));
        }
        let computed = vat_on(share.base, share.rate_bp);
        // A credit note that exhausts a rate takes what is left of the original's VAT: a sum of roundings may differ.
        let is_exact = share.vat == computed;
        let is_rest = document.kind == DocumentKind::CreditNote && share.vat.0 >= 0;
        if !is_exact && !is_rest {
            found.push(format!("VAT on {} is {computed}, not {}", share.base, share.vat));
        }
        let explains = share.exemption_text.is_some() && share.exemption_code.is_some();
        if (share.category == VatCategory::Exempt) != explains {
            found.push("an exemption has a text and a code, nothing else has".to_owned());
        }
    }
}

fn totals(document: &Issued, found: &mut Vec<String>) {
    let sum = |amounts: &mut dyn Iterator<Item = Cents>| amounts.fold(0_i64, |sum, one| sum.saturating_add(one.0));
    let totals = &document.totals;
    if totals.net.0 != sum(&mut document.lines.iter().map(|line| line.total)) {
        found.push("the total excluding VAT is not the sum of the lines".to_owned());
    }
    if totals.vat.0 != sum(&mut document.vat.iter().map(|share| share.vat)) {
        found.push("the total of VAT is not the sum of its rates".to_owned());
    }
    if totals.gross.0 != totals.net.0.saturating_add(totals.vat.0) || totals.due != totals.gross {
        found.push("the totals do not add up".to_owned());
    }
    if !(1..=CENTS_MAX).contains(&totals.gross.0) {
        found.push(format!("{} is no amount of an invoice", totals.gross));
    }
}

fn header(document: &Issued, found: &mut Vec<String>) {
    let number = &document.number;
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"+-_/".contains(&byte);
    if number.is_empty() || number.len() > NUMBER_LENGTH_MAX || !number.bytes().all(sound) {
        found.push(format!("`{number}` is not a number of a document"));
    }
    for code in CODES_ONCE {
        let count = document.notes.iter().filter(|note| note.code.as_deref() == Some(code)).count();
        if count != 1 {
            found.push(format!("the note {code} stands there {count} times"));
        }
    }
    if document.due_words.trim().is_empty() {
        found.push("it does not say how it is paid or given back".to_owned());
    }
    match document.kind {
        DocumentKind::Invoice => {
            if document.due_on.is_none_or(|due| due < document.issued_on) {
                found.push("it is not due on or after the day of issue".to_owned());
            }
            if document.corrects.is_some() || document.payment.is_none() {
                found.push("an invoice says how it is paid, and corrects nothing".to_owned());
            }
        }
        DocumentKind::CreditNote => {
            if document.corrects.is_none() || document.payment.is_some() || document.due_on.is_some() {
                found.push("a credit note names its original, and is not paid".to_owned());
            }
        }
    }
}
