//! `accolades billing explain`: every cent of a document, so that a manager understands it.

use std::fmt::Write as _;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::show::{find, line_words};
use super::{Desk, JSON_VERSION};
use crate::billing::BillingError;
use crate::billing::draft::read_document;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::charge::PersonDays;
use crate::domain::billing::document::Issued;
use crate::domain::billing::duration::shown;
use crate::domain::billing::zone;

/// Which document.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its number, as in F2026-00042.
    number: String,
}

#[derive(Deserialize)]
struct Explanation {
    lines: Vec<ExplainedLine>,
}

#[derive(Deserialize)]
struct ExplainedLine {
    line: u32,
    rule: String,
    people: Vec<PersonDays>,
    entries: Vec<ExplainedEntry>,
    credits_line: Option<u32>,
}

#[derive(Deserialize)]
struct ExplainedEntry {
    entry: i64,
    at: jiff::Timestamp,
    kind: String,
    minutes: i64,
    words: Option<String>,
}

/// Runs `billing explain`.
///
/// # Errors
/// When there is no such document.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let record = find(&desk, &arguments.number).await?;
    let issued = read_document(&record)?;
    let unreadable = || BillingError::Unreadable { number: record.number.clone() };
    let kept: Value = serde_json::from_str(&record.explanation).map_err(|_| unreadable())?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "number": record.number,
            "inventory": record.inventory_number,
            "explanation": kept,
            "lines": issued.lines,
        }))?;
        return Ok(Exit::Ok);
    }
    let explanation: Explanation = serde_json::from_value(kept).map_err(|_| unreadable())?;
    session.output.data(&in_words(&desk, &issued, &explanation, record.inventory_number))?;
    Ok(Exit::Ok)
}

fn in_words(desk: &Desk, issued: &Issued, explanation: &Explanation, inventory: i64) -> String {
    let mut out = format!(
        "{} of {}, {}\nmade from version {inventory} of the inventory and the entries of that day\n",
        issued.number, issued.issued_on, issued.buyer.name
    );
    for line in &issued.lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n{}", line_words(line));
        let Some(explained) = explanation.lines.iter().find(|one| one.line == line.position) else { continue };
        let _ = writeln!(out, "  {}: {}", explained.rule, rule(&explained.rule));
        for sentence in &line.explanation {
            let _ = writeln!(out, "  {sentence}");
        }
        if let Some(original) = explained.credits_line {
            let _ = writeln!(out, "  credits line {original} of the original");
        }
        for person in &explained.people {
            let periods: Vec<String> =
                person.periods.iter().map(|period| format!("{} to {}", period.from, period.until)).collect();
            let _ = writeln!(out, "  {}: {} days, {}", person.person, person.days, periods.join(" and "));
        }
        for entry in &explained.entries {
            let at = zone::shown(desk.zone.to_datetime(entry.at));
            let words = entry.words.as_deref().unwrap_or_default();
            let time = shown(entry.minutes);
            let _ = writeln!(out, "  entry {}: {time} of {} on {at}: {words}", entry.entry, entry.kind);
        }
    }
    for share in &issued.vat {
        let (whole, rest) = (share.rate_bp / 100, share.rate_bp % 100);
        let _ = writeln!(out, "\nR2: VAT of {whole}.{rest:02} % on {} is {}, rounded once", share.base, share.vat);
    }
    out
}

/// What a rule says, in one sentence.
fn rule(name: &str) -> &'static str {
    match name {
        "R6" => {
            "a seat counts for every day on which it is active, a person once a day; days x price / days of the month"
        }
        "R8" => {
            "the contract has a minimum of seats, counted for each day; this is what it adds to those that were there"
        }
        "R12" => "the commitment was ended early: its remaining days, at the seats on the day of notice or the minimum",
        "R14" => "hours beyond the year's allowance, in the order in which they were worked, by the minute",
        "R18" => "a later difference of a month that was invoiced: what is owed now, minus what was billed",
        "R22" => "credited by hand; never more than the original",
        "R31" => "a price that was quoted and agreed",
        _ => "see docs/billing.md",
    }
}
