//! `accolades status`: what was last seen of each instance, with its age. No site is asked.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Style;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::ids::{ClientId, InstanceId, SiteId};
use crate::domain::services::{Finding, Word};
use crate::health::services::{ClientServices, services};
use crate::inventory::model::{Instance, Inventory};
use crate::store::{Observation, Scope, Store, StoreError};

/// Version of what `status --json` prints.
const JSON_VERSION: u32 = 1;

/// What the engine keeps of each look at an instance.
#[derive(Debug, Deserialize)]
struct Look {
    settled: bool,
    unknown: Option<String>,
    conflict: Option<String>,
    actions: usize,
    drift: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    instance: InstanceId,
    site: Option<SiteId>,
    clients: Vec<ClientId>,
    state: State,
    /// When it was last looked at.
    looked_at_us: Option<i64>,
    /// What runs in it, for each of its clients.
    services: Vec<ClientServices>,
}

/// What is known of an instance.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
enum State {
    /// Nobody ever looked.
    NeverSeen,
    /// As the inventory says.
    Settled,
    /// Something differs.
    Pending { actions: usize, drift: usize },
    /// A person has to decide.
    Conflict { why: String },
    /// It does not answer; when it last did, if it ever did.
    Unknown { why: String, last_known_us: Option<i64> },
}

/// Prints a line per instance.
///
/// # Errors
/// When no inventory is accepted, or the store cannot be read.
pub async fn run(session: &Session) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let now = session.now().await?;
    let zone = when::zone(&inventory.cooperative);
    let day = when::day(now, &zone);
    let running = services(&store, &Scope::Staff, inventory, now).await?;
    let mut lines = Vec::with_capacity(inventory.instances.len());
    for instance in inventory.instances.values() {
        let looks = store.observations(&Scope::Staff, "instance", instance.id.as_str(), "plan").await?;
        let services = running.iter().filter(|one| one.instance == instance.id).cloned().collect();
        lines.push(line(inventory, instance, day, &looks, services)?);
    }
    let now_us = now.as_microsecond();
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "now_us": now_us, "instances": lines }))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = lines.iter().map(|line| row(session, line, now_us, &zone)).collect();
    session.output.data(&table(&["INSTANCE", "SITE", "CLIENTS", "SEEN", "STATE", "RUNS"], &rows))?;
    mention_unfinished(session, &store, &zone).await?;
    Ok(Exit::Ok)
}

fn line(
    inventory: &Inventory,
    instance: &Instance,
    day: Date,
    looks: &[Observation],
    services: Vec<ClientServices>,
) -> Result<Line, StoreError> {
    Ok(Line {
        instance: instance.id.clone(),
        site: instance.placement_on(day).map(|placement| placement.site.clone()),
        clients: inventory.clients_on(&instance.id, day).map(|client| client.id.clone()).collect(),
        state: state(looks)?,
        looked_at_us: looks.first().map(|look| look.seen.at_us),
        services,
    })
}

/// The newest look says what is known; the older ones, since when nothing is.
fn state(looks: &[Observation]) -> Result<State, StoreError> {
    let read = |look: &Observation| {
        serde_json::from_value::<Look>(look.seen.value.clone())
            .map_err(|_| StoreError::Unreadable { what: "observation of an instance" })
    };
    let Some(newest) = looks.first() else { return Ok(State::NeverSeen) };
    let newest = read(newest)?;
    if let Some(why) = newest.unknown {
        let mut last_known_us = None;
        for older in looks {
            if read(older)?.unknown.is_none() {
                last_known_us = Some(older.seen.at_us);
                break;
            }
        }
        return Ok(State::Unknown { why, last_known_us });
    }
    Ok(match newest.conflict {
        Some(why) => State::Conflict { why },
        None if newest.settled && newest.drift.is_empty() => State::Settled,
        None => State::Pending { actions: newest.actions, drift: newest.drift.len() },
    })
}

fn row(session: &Session, line: &Line, now_us: i64, zone: &TimeZone) -> Vec<String> {
    let headline = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let (style, words) = match &line.state {
        State::NeverSeen => (Style::Plain, "never looked at".to_owned()),
        State::Settled => (Style::Good, "as it should be".to_owned()),
        State::Pending { actions, drift: 0 } => (Style::Attention, format!("{actions} steps to do")),
        State::Pending { actions, drift } => {
            (Style::Attention, format!("{actions} steps to do, {drift} changed outside accolades"))
        }
        State::Conflict { why } => (Style::Bad, format!("conflict: {}", headline(why))),
        State::Unknown { why, last_known_us: Some(at) } => {
            (Style::Bad, format!("unknown since {}: {}", when::minute(*at, zone), headline(why)))
        }
        State::Unknown { why, last_known_us: None } => (Style::Bad, format!("unknown: {}", headline(why))),
    };
    let seen = line.looked_at_us.map_or_else(|| "-".to_owned(), |at| when::ago(at, now_us));
    let site = line.site.as_ref().map_or("-", SiteId::as_str).to_owned();
    let clients = line.clients.iter().map(ClientId::as_str).collect::<Vec<_>>().join(", ");
    let (style_of_runs, runs) = runs(&line.services, now_us, zone);
    let runs = session.output.styled(style_of_runs, &runs);
    vec![line.instance.to_string(), site, clients, seen, session.output.styled(style, &words), runs]
}

/// Whether everything runs, with the age of that; on an island what does not run for any of its clients.
fn runs(services: &[ClientServices], now_us: i64, zone: &TimeZone) -> (Style, String) {
    let mut found: Vec<String> = Vec::new();
    for one in services.iter().flat_map(|one| &one.health.findings).map(Finding::sentence) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    let found = found.join("; ");
    let seen = services.iter().filter_map(|one| one.health.seen_at).max();
    let age = seen.map(|at| when::ago(at.as_microsecond(), now_us)).unwrap_or_default();
    let is = |word: fn(&Word) -> bool| services.iter().any(|one| word(&one.health.word));
    if services.is_empty() {
        return (Style::Plain, "nobody lives here".to_owned());
    }
    if is(|word| *word == Word::Fails) {
        return (Style::Bad, format!("no, {age}: {found}"));
    }
    let unknown = services.iter().find_map(|one| match one.health.word {
        Word::Unknown { since } => Some(since),
        _ => None,
    });
    match unknown {
        Some(Some(since)) => {
            (Style::Bad, format!("unknown since {}: {found}", when::minute(since.as_microsecond(), zone)))
        }
        Some(None) if found.is_empty() => (Style::Plain, "never looked at".to_owned()),
        Some(None) => (Style::Bad, format!("unknown: {found}")),
        None => (Style::Good, format!("everything, {age}")),
    }
}

/// A run without an end is under way, or was cut short.
async fn mention_unfinished(session: &Session, store: &Store, zone: &TimeZone) -> Result<(), Failure> {
    for run in store.unfinished_runs(&Scope::Staff).await? {
        session.output.say(&format!(
            "a run of {} that began on {} has no end: it is under way, or was cut short and `accolades apply` goes on with it",
            run.by,
            when::minute(run.started_at_us, zone)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewObservation;

    fn look(at_us: i64, unknown: Option<&str>) -> Observation {
        let value = json!({
            "version": 1, "settled": unknown.is_none(), "unknown": unknown, "conflict": null,
            "actions": 0, "unchanged": 3, "drift": [],
        });
        let seen = NewObservation {
            scope: Scope::Staff,
            subject_kind: "instance".to_owned(),
            subject_id: "lilas".to_owned(),
            what: "plan".to_owned(),
            value,
            at_us,
        };
        Observation { sequence: at_us, seen }
    }

    #[test]
    fn unknown_counts_from_the_last_time_it_was_known() {
        let looks = [look(30, Some("away")), look(20, Some("away")), look(10, None)];
        let state = state(&looks).expect("readable");
        assert!(matches!(state, State::Unknown { last_known_us: Some(10), .. }));
    }

    #[test]
    fn what_was_never_known_has_no_date() {
        assert!(matches!(state(&[look(1, Some("away"))]), Ok(State::Unknown { last_known_us: None, .. })));
        assert!(matches!(state(&[]), Ok(State::NeverSeen)));
        assert!(matches!(state(&[look(1, None)]), Ok(State::Settled)));
    }
}
