//! What the co-operative did on a client's instance: runs, restore tests, support. The latest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;

use crate::billing::book::Book;
use crate::domain::backup::drill::Origin;

use super::super::form::query;
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::paging::Paging;
use super::who::People;

/// Runs that are looked at: years of them.
const RUNS_MAX: u32 = 2000;

#[derive(Template)]
#[template(path = "portal/log.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    pages: Paging,
}

struct Row {
    date: String,
    by: String,
    what: String,
}

/// Something that was done, with its moment.
struct Event {
    at_us: i64,
    by: String,
    what: String,
}

/// Where a backup that was tried lay.
pub(super) fn origin_name(origin: Origin, words: Words) -> &'static str {
    match origin {
        Origin::Local => words.place_local(),
        Origin::Remote => words.place_remote(),
    }
}

/// The page.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let mut events = Vec::new();
    if let Some(instance) = session.client().instance_on(session.today()) {
        let subject = format!("instance/{instance}");
        for run in portal.store.work_on(&session.scope(), &subject, RUNS_MAX).await? {
            let state = say::run_outcome(run.outcome.as_ref(), words);
            let actions = say::count(run.actions, (words.log_action(), words.log_actions()), words);
            let what = format!("{} — {actions}, {state}", words.log_run());
            events.push(Event { at_us: run.started_at_us, by: run.by, what });
        }
        for drill in portal.store.drills(&session.scope(), instance).await? {
            let record = drill.record;
            let what = format!("{} ({})", words.log_drill(), origin_name(record.from, words).to_lowercase());
            events.push(Event { at_us: record.ended_at_us, by: record.by, what });
        }
    }
    let book = Book::read(&portal.store, &session.scope()).await?;
    for entry in book.account(&session.client().id).entries.iter().filter(|entry| !entry.is_gone()) {
        let recorded = &entry.latest.entry;
        let what = format!("{} ({}) — {}", words.log_support(), say::minutes(recorded.minutes), recorded.words);
        events.push(Event { at_us: recorded.started_at_us, by: recorded.by.clone(), what });
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at_us));
    let link = |page: usize| session.path(&format!("/journal?page={page}"));
    let pages = Paging::of(query(request.uri()).get("page"), events.len(), link);
    let zone = session.zone();
    let people = People::read(&portal).await?;
    let row = |event: Event| Row {
        date: say::moment_us(event.at_us, &zone, words),
        by: people.name(&session, &event.by),
        what: event.what,
    };
    html(&Page {
        rows: pages.rows(events).map(row).collect(),
        pages,
        shell: Shell::client(&session, words.log_title(), "/journal"),
    })
}
