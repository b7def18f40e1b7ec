//! What happened on machines and sites, the newest first: work, what comparisons with the inventory found, deeds of people.

use jiff::tz::TimeZone;

use super::journal;
use super::record::compared;
use super::state::sentence;
use crate::domain::ids::InstanceId;
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, say};
use crate::store::{AuditEntry, Scope};

/// Events that a page shows.
const SHOWN: usize = 20;

/// Who is named where nobody did it.
const NOBODY: &str = "—";

/// Something that happened: when, who did it, and what.
pub(super) struct Event {
    at_us: i64,
    by: String,
    what: String,
}

/// The newest events as a table shows them.
pub(super) fn rows(mut events: Vec<Event>, zone: &TimeZone, words: Words) -> Vec<[String; 3]> {
    events.sort_by_key(|event| std::cmp::Reverse(event.at_us));
    let shown = events.into_iter().take(SHOWN);
    shown.map(|event| [say::moment_us(event.at_us, zone, words), event.by, event.what]).collect()
}

/// The latest runs that acted on a subject of the journal, such as `site/friche`.
pub(super) async fn work(portal: &Portal, subject: &str, words: Words) -> Result<Vec<Event>, Problem> {
    let limit = u32::try_from(SHOWN).unwrap_or(u32::MAX);
    let runs = portal.store.work_on(&Scope::Staff, subject, limit).await?;
    let event = |run: crate::store::WorkDone| {
        let actions = say::count(run.actions, (words.log_action(), words.log_actions()), words);
        let outcome = say::run_outcome(run.outcome.as_ref(), words);
        let what = format!("{} — {actions}, {outcome}", words.staff_event_work());
        Event { at_us: run.started_at_us, by: run.by, what }
    };
    Ok(runs.into_iter().map(event).collect())
}

/// Work on an instance, and how it was found to stand against the inventory each time that this was something else.
pub(super) async fn of_instance(
    portal: &Portal,
    instance: &InstanceId,
    zone: &TimeZone,
    words: Words,
) -> Result<Vec<Event>, Problem> {
    let mut events = work(portal, &format!("instance/{instance}"), words).await?;
    let mut last = String::new();
    for found in compared(&portal.store, instance).await?.iter().rev() {
        let said = sentence(&found.state, zone, words).1;
        if said != last {
            let what = format!("{} — {said}", words.staff_compared());
            events.push(Event { at_us: found.looked_at_us.unwrap_or_default(), by: NOBODY.to_owned(), what });
            last = said;
        }
    }
    Ok(events)
}

/// What people did, as the audit log has it.
pub(super) fn deeds(entries: &[AuditEntry], words: Words) -> Vec<Event> {
    let event = |entry: &AuditEntry| Event {
        at_us: entry.at_us,
        by: journal::actor(&entry.actor).to_owned(),
        what: journal::deed(&entry.action, words).to_owned(),
    };
    entries.iter().map(event).collect()
}

/// The same events, each with the name of the machine that they are about.
pub(super) fn named(events: Vec<Event>, instance: &InstanceId) -> impl Iterator<Item = Event> {
    events.into_iter().map(move |event| Event { what: format!("{instance} — {}", event.what), ..event })
}
