//! What the co-operative did on a client's instance: runs, restore tests, support. The latest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use jiff::civil::Date;

use crate::billing::book::Book;
use crate::domain::backup::drill::Origin;
use crate::domain::ids::InstanceId;
use crate::inventory::model::ClientPlacement;

use super::super::form::query;
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::backup_pages::verdict;
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

/// A machine that the client lives or lived on, and from when until when.
struct Stay<'a> {
    instance: &'a InstanceId,
    from_us: i64,
    until_us: i64,
}

/// Whoever moves keeps their history, and sees nothing of what is done to others on the machine that they left or before they
/// came. What was prepared before their first day was done for them.
fn stays(session: &ClientSession) -> Vec<Stay<'_>> {
    let (today, zone) = (session.today(), session.zone());
    let lived: Vec<&ClientPlacement> = session.client().placements.iter().filter(|one| one.from <= today).collect();
    let midnight_us =
        |day: Date| day.to_zoned(zone.clone()).map_or(i64::MIN, |midnight| midnight.timestamp().as_microsecond());
    let stay = |place: usize| Stay {
        instance: &lived[place].instance,
        from_us: if place == 0 { i64::MIN } else { midnight_us(lived[place].from) },
        until_us: lived.get(place + 1).map_or(i64::MAX, |next| midnight_us(next.from)),
    };
    (0..lived.len()).map(stay).collect()
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
    for Stay { instance, from_us, until_us } in stays(&session) {
        let is_theirs = |at_us: i64| (from_us..until_us).contains(&at_us);
        let runs = portal.store.work_on(&session.scope(), &format!("instance/{instance}"), RUNS_MAX).await?;
        for run in runs.into_iter().filter(|run| is_theirs(run.started_at_us)) {
            let state = say::run_outcome(run.outcome.as_ref(), words);
            let actions = say::count(run.actions, (words.log_action(), words.log_actions()), words);
            let what = format!("{} — {actions}, {state}", words.log_run());
            events.push(Event { at_us: run.started_at_us, by: run.by, what });
        }
        let drills = portal.store.drills(&session.scope(), instance).await?;
        for drill in drills.into_iter().filter(|drill| is_theirs(drill.record.ended_at_us)) {
            let record = drill.record;
            let from = origin_name(record.from, words).to_lowercase();
            let what = format!("{} ({from}) — {}", words.log_drill(), verdict(&record, words).1);
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
