//! Every cent of a document: which people, days and entries made its lines, and by which rule. What the command line and
//! the portal show comes from here.

use serde::Deserialize;

use crate::domain::billing::charge::PersonDays;
use crate::domain::billing::document::{DocumentLanguage, Issued, Line};
use crate::store::InvoiceRecord;

use super::BillingError;
use super::draft::read_document;

/// A document with what made it.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The document.
    pub issued: Issued,
    /// Why, line by line.
    pub lines: Vec<ExplainedLine>,
}

/// What made a line.
#[derive(Debug, Clone, Deserialize)]
pub struct ExplainedLine {
    /// Its position.
    pub line: u32,
    /// The rule, as in `R6`.
    pub rule: String,
    /// Whose seats.
    pub people: Vec<PersonDays>,
    /// Which entries.
    pub entries: Vec<ExplainedEntry>,
    /// The line of the original that it credits.
    pub credits_line: Option<u32>,
}

/// A share of an entry.
#[derive(Debug, Clone, Deserialize)]
pub struct ExplainedEntry {
    /// Its number.
    pub entry: i64,
    /// When this share began.
    pub at: jiff::Timestamp,
    /// Kind of work.
    pub kind: String,
    /// Minutes.
    pub minutes: i64,
    /// What was done.
    pub words: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    lines: Vec<ExplainedLine>,
}

/// Explains a document from what was kept with it on the day of issue.
///
/// # Errors
/// When this program cannot read it.
pub fn explain(record: &InvoiceRecord) -> Result<Explained, BillingError> {
    let issued = read_document(record)?;
    let kept: Kept = serde_json::from_str(&record.explanation)
        .map_err(|_| BillingError::Unreadable { number: record.number.clone() })?;
    Ok(Explained { issued, lines: kept.lines })
}

impl Explained {
    /// Each line with what made it.
    pub fn lines(&self) -> impl Iterator<Item = (&Line, Option<&ExplainedLine>)> {
        self.issued.lines.iter().map(|line| (line, self.lines.iter().find(|one| one.line == line.position)))
    }
}

/// What a rule says, in one sentence.
pub fn rule(name: &str, language: DocumentLanguage) -> &'static str {
    let (fr, en) = match name {
        "R6" => (
            "un poste compte pour chaque jour où il est ouvert, une personne une fois par jour ; jours × prix ÷ jours du mois",
            "a seat counts for every day on which it is active, a person once a day; days x price / days of the month",
        ),
        "R8" => (
            "le contrat prévoit un nombre minimum de postes, compté chaque jour ; voici ce qu’il ajoute",
            "the contract has a minimum of seats, counted for each day; this is what it adds to those that were there",
        ),
        "R12" => (
            "l’engagement a été arrêté avant son terme : les jours restants, au nombre de postes du jour de préavis ou au minimum",
            "the commitment was ended early: its remaining days, at the seats on the day of notice or the minimum",
        ),
        "R14" => (
            "les heures au-delà du forfait de l’année, dans l’ordre où elles ont été faites, à la minute",
            "hours beyond the year's allowance, in the order in which they were worked, by the minute",
        ),
        "R18" => (
            "une différence apparue après coup sur un mois déjà facturé : ce qui est dû, moins ce qui a été facturé",
            "a later difference of a month that was invoiced: what is owed now, minus what was billed",
        ),
        "R22" => {
            ("un avoir fait à la main, jamais plus que l’original", "credited by hand; never more than the original")
        }
        "R31" => ("un prix convenu par devis", "a price that was quoted and agreed"),
        _ => ("voir docs/facturation.md", "see docs/billing.md"),
    };
    match language {
        DocumentLanguage::Fr => fr,
        DocumentLanguage::En => en,
    }
}
