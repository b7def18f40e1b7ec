//! `accolades billing explain`: every cent of a document, so that a manager understands it.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::show::{find, line_words};
use super::{Desk, JSON_VERSION};
use crate::billing::BillingError;
use crate::billing::explain::{Explained, explain, rule};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::document::DocumentLanguage;
use crate::domain::billing::duration::shown;
use crate::domain::billing::zone;
use crate::util::count::counted;

/// Which document.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its number, as in F2026-00042.
    number: String,
}

/// Runs `billing explain`.
///
/// # Errors
/// When there is no such document.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let record = find(&desk, &arguments.number).await?;
    let explained = explain(&record)?;
    if session.output.is_json() {
        let kept: Value = serde_json::from_str(&record.explanation)
            .map_err(|_| BillingError::Unreadable { number: record.number.clone() })?;
        session.output.json(&json!({
            "version": JSON_VERSION,
            "number": record.number,
            "inventory": record.inventory_number,
            "explanation": kept,
            "lines": explained.issued.lines,
        }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&in_words(&desk, &explained, record.inventory_number))?;
    Ok(Exit::Ok)
}

fn in_words(desk: &Desk, explained: &Explained, inventory: i64) -> String {
    let issued = &explained.issued;
    let mut out = format!(
        "{} of {}, {}\nmade from version {inventory} of the inventory and the entries of that day\n",
        issued.number, issued.issued_on, issued.buyer.name
    );
    for (line, explained) in explained.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n{}", line_words(line));
        let Some(explained) = explained else { continue };
        let _ = writeln!(out, "  {}: {}", explained.rule, rule(&explained.rule, DocumentLanguage::En));
        for sentence in &line.explanation {
            let _ = writeln!(out, "  {sentence}");
        }
        if let Some(original) = explained.credits_line {
            let _ = writeln!(out, "  credits line {original} of the original");
        }
        for person in &explained.people {
            let periods: Vec<String> =
                person.periods.iter().map(|period| format!("{} to {}", period.from, period.until)).collect();
            let days = counted(usize::try_from(person.days).unwrap_or(0), "day", "days");
            let _ = writeln!(out, "  {}: {days}, {}", person.person, periods.join(" and "));
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
