//! What clients see of their own: every query here takes the client's scope.

mod backup_pages;
pub(super) mod backups;
mod consent;
mod documents;
mod drill_words;
mod files;
mod help;
mod here;
mod home;
mod hours;
pub(super) mod invoices;
pub(super) mod kept;
mod log;
mod money;
mod paging;
mod people;
pub(super) mod requests;
mod seats;
mod services;
mod sheets;
mod support_pages;
mod who;

use askama::Template;

use super::area::{Area, Need, Who};
use super::picture::Tone;

/// Version of the details that these pages leave in requests and in the audit log.
const DETAIL_VERSION: u32 = 1;

/// Routes of this area.
pub fn routes() -> Area {
    let (member, billing) = (Who::Client(Need::Member), Who::Client(Need::Billing));
    let (consent, approver) = (Who::Client(Need::Consent), Who::Client(Need::Approver));
    let manager = Who::Client(Need::Manager);
    Area::new()
        .get("/c/{client}", member, home::home)
        .get("/c/{client}/sauvegardes", member, backup_pages::list)
        .get("/c/{client}/sauvegardes/essai/{instance}/{number}", member, backup_pages::drill)
        .get("/c/{client}/sauvegardes/essai/{instance}/{number}/certificat.pdf", member, backup_pages::certificate)
        .get("/c/{client}/assistance", member, support_pages::list)
        .get("/c/{client}/assistance/accord/{request}", consent, consent::show)
        .get("/c/{client}/assistance/accord/{request}/relire", approver, consent::read_again)
        .post("/c/{client}/assistance/accord/{request}", approver, consent::decide)
        .get("/c/{client}/factures", billing, invoices::list)
        .get("/c/{client}/factures/{number}", billing, invoices::show)
        .get("/c/{client}/factures/{number}/{file}", billing, invoices::download)
        .get("/c/{client}/postes", member, seats::show)
        .post("/c/{client}/postes", manager, seats::ask)
        .get("/c/{client}/aide", member, help::show)
        .post("/c/{client}/aide", member, help::ask)
        .get("/c/{client}/documents", member, documents::show)
        .get("/c/{client}/documents/releve-assistance.pdf", member, documents::statement)
        .get("/c/{client}/acces", member, people::show)
        .post("/c/{client}/acces/fermer", manager, people::close)
        .get("/c/{client}/journal", member, log::show)
}

/// An answer: one sentence and one picture, the picture's data as a table, and when it was seen.
struct Answer {
    /// What was asked.
    question: &'static str,
    /// How it is; not said where there is nothing to judge.
    tone: Option<Tone>,
    /// The sentence.
    sentence: String,
    /// What follows it: facts, each with its date.
    facts: Vec<Fact>,
    /// The picture's SVG.
    picture: Option<String>,
    /// How to read it.
    caption: Option<&'static str>,
    /// Its data: headings, then rows.
    table: Table,
    /// Where more is.
    more: Option<(String, &'static str)>,
}

/// A fact with its label.
struct Fact {
    label: String,
    value: String,
    tone: Option<Tone>,
}

/// A table.
#[derive(Default)]
struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(headings: &[&str]) -> Table {
        Table { headings: headings.iter().map(|heading| (*heading).to_owned()).collect(), rows: Vec::new() }
    }
}

/// The SVG of a picture.
fn drawn(picture: &impl Template) -> Result<String, super::Problem> {
    Ok(picture.render()?)
}
