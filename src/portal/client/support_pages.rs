//! Support in detail: what was done, by whom, and whether it was accounted.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::billing::book::Book;
use crate::billing::entries::InForce;
use crate::domain::billing::support::accounted_minutes;
use crate::domain::billing::terms::{SupportKind, Terms};
use crate::domain::billing::{years, zone};
use crate::store::Consent;

use super::super::area::Need;
use super::super::form::query;
use super::super::page::{Shell, html};
use super::super::picture::Tone;
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::paging::Paging;
use super::who::People;
use super::{Table, drawn, hours};

#[derive(Template)]
#[template(path = "portal/support.html")]
struct Support {
    shell: Shell,
    tone: Tone,
    sentence: String,
    picture: String,
    figures: Table,
    year: String,
    previous_year: Option<String>,
    next_year: Option<String>,
    rows: Vec<Row>,
    pages: Paging,
    requests: Vec<Asked>,
}

struct Row {
    date: String,
    kind: &'static str,
    words: String,
    by: String,
    worked: String,
    accounted: String,
    notes: Vec<String>,
}

struct Asked {
    href: String,
    label: String,
    state: &'static str,
    tone: Tone,
}

/// A kind of work in a word.
pub(super) fn kind(kind: SupportKind, words: Words) -> &'static str {
    match kind {
        SupportKind::Help => words.kind_help(),
        SupportKind::Training => words.kind_training(),
        SupportKind::GroupTraining => words.kind_group(),
        SupportKind::Incident => words.kind_incident(),
        SupportKind::Maintenance => words.kind_maintenance(),
    }
}

/// A page of the entries of a contract year, the latest first.
pub async fn list(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let fields = query(request.uri());
    let book = Book::read(&portal.store, &session.scope()).await?;
    let account = book.account(&session.client().id);
    let (hours, present) = hours::year(&session, &account);
    let (terms, zone_here) = (&hours.terms, session.zone());
    let now_index = years::year_index(terms.start, session.today());
    // Years are counted from the first; one that has not begun has no page.
    let index = fields.get("annee").parse::<i64>().unwrap_or(now_index).clamp(0.min(now_index), now_index);
    let shown = hours.account.years.get(&index).copied();
    let year = if index == now_index {
        present
    } else {
        shown.unwrap_or_else(|| crate::domain::billing::support::year_account(terms, index))
    };
    let of_year =
        |entry: &&InForce| years::year_index(terms.start, zone::day(&zone_here, entry.entry().started)) == index;
    let mut entries: Vec<&InForce> = account.entries.iter().filter(of_year).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.entry().started, entry.number)));
    let link = |index: i64, page: usize| session.path(&format!("/assistance?annee={index}&page={page}"));
    let people = People::read(&portal).await?;
    let by = |entry: &InForce| people.name(&session, &entry.latest.entry.by);
    let pages = Paging::of(fields.get("page"), entries.len(), |page| link(index, page));
    let rows = pages.rows(entries).map(|entry| row(entry, terms, &zone_here, by(entry), words)).collect();
    let sentence = hours::sentence(&session, &year, words);
    let picture = drawn(&hours::gauge(&session, &year, &sentence, words))?;
    let requests = account.consents.iter().rev().filter(|_| session.may(Need::Consent));
    html(&Support {
        shell: Shell::client(&session, words.support_title(), "/assistance"),
        tone: hours::tone(&session, &year),
        sentence,
        picture,
        figures: hours::table(&year, words),
        year: format!(
            "{} {} {} {}",
            words.support_year(),
            say::day(year.from, words),
            words.to_day(),
            say::day(year.until, words)
        ),
        previous_year: (index > 0.min(now_index)).then(|| link(index - 1, 1)),
        next_year: (index < now_index).then(|| link(index + 1, 1)),
        rows,
        pages,
        requests: requests.map(|consent| asked(&session, consent, words)).collect(),
    })
}

fn row(entry: &InForce, terms: &Terms, zone: &TimeZone, by: String, words: Words) -> Row {
    let recorded = &entry.latest.entry;
    let accounted = accounted_minutes(terms, zone, &entry.entry());
    let mut notes = Vec::new();
    if let Some(why) = &recorded.not_accounted {
        notes.push(format!("{}{} {why}", words.not_accounted(), words.colon()));
    } else if accounted == 0 && recorded.minutes > 0 {
        notes.push(format!("{} — {}", words.not_accounted(), words.kind_by_rule()));
    }
    if let Some(first) = entry.history.first().filter(|_| entry.history.len() > 1) {
        let why = recorded.reason.as_deref().unwrap_or_default();
        notes.push(format!(
            "{} ({} → {}) {why}",
            words.corrected(),
            say::minutes(first.entry.minutes),
            say::minutes(recorded.minutes)
        ));
    }
    Row {
        date: say::moment(entry.entry().started, zone, words),
        kind: kind(recorded.kind, words),
        words: recorded.words.clone(),
        by,
        worked: say::minutes(recorded.minutes),
        accounted: say::minutes(accounted),
        notes,
    }
}

fn asked(session: &ClientSession, consent: &Consent, words: Words) -> Asked {
    let (state, tone) = match &consent.decision {
        None => (words.consent_open(), Tone::Warning),
        Some(decision) if decision.is_approved => (words.consent_yes(), Tone::Good),
        Some(_) => (words.consent_no(), Tone::Unknown),
    };
    let day = say::day_us(consent.asked.at_us, &session.zone(), words);
    Asked {
        href: session.path(&format!("/assistance/accord/{}", consent.request)),
        label: format!("{day} — {} × {}", say::minutes(consent.asked.minutes), say::amount(consent.asked.price, words)),
        state,
        tone,
    }
}
