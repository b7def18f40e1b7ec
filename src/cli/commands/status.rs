//! `accolades status`: what was last seen of each instance, with its age. No site is asked.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
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
use crate::health::standing::{COMPARED_LONG_AGO, Standing, State, standing};
use crate::inventory::model::{Instance, Inventory};
use crate::store::{Scope, Store};

/// Version of what `status --json` prints.
const JSON_VERSION: u32 = 1;

#[derive(Serialize)]
struct Line {
    instance: InstanceId,
    site: Option<SiteId>,
    clients: Vec<ClientId>,
    state: State,
    /// What some of the steps to do wait for.
    waits_for: Vec<String>,
    /// When it was last looked at.
    looked_at_us: Option<i64>,
    /// What runs in it, for each of its clients.
    services: Vec<ClientServices>,
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
        let services = running.iter().filter(|one| one.instance == instance.id).cloned().collect();
        lines.push(line(inventory, instance, day, standing(&store, &instance.id, now).await?, services));
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
    standing: Standing,
    services: Vec<ClientServices>,
) -> Line {
    Line {
        instance: instance.id.clone(),
        site: instance.placement_on(day).map(|placement| placement.site.clone()),
        clients: inventory.clients_on(&instance.id, day).map(|client| client.id.clone()).collect(),
        state: standing.state,
        waits_for: standing.waits_for,
        looked_at_us: standing.looked_at_us,
        services,
    }
}

fn row(session: &Session, line: &Line, now_us: i64, zone: &TimeZone) -> Vec<String> {
    let headline = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let (style, words) = match &line.state {
        State::NeverSeen => (Style::Plain, "never looked at".to_owned()),
        State::Settled => (Style::Good, "as it should be".to_owned()),
        State::Outdated { compared_at_us } => {
            let since = when::minute(*compared_at_us, zone);
            (Style::Attention, format!("unknown since {since}: {COMPARED_LONG_AGO}"))
        }
        State::Pending { actions, drift } if drift.is_empty() => (Style::Attention, to_do(*actions, &line.waits_for)),
        State::Pending { actions, drift } => {
            let to_do = to_do(*actions, &line.waits_for);
            (Style::Attention, format!("{to_do}; {} changed outside accolades", drift.len()))
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

/// What is to be done. What only waits is nobody's work here: it is said for what.
fn to_do(actions: usize, waits_for: &[String]) -> String {
    let steps = |count: usize| if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
    match (actions.saturating_sub(waits_for.len()), waits_for) {
        (0, [first]) => format!("waits: {first}"),
        (0, [first, rest @ ..]) => format!("waits: {first} (and {} more)", rest.len()),
        (ready, []) => format!("{} to do", steps(ready)),
        (ready, waiting) => format!("{} to do, {} waiting", steps(ready), waiting.len()),
    }
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

    #[test]
    fn what_only_waits_is_no_step_to_do() {
        let why = ["a does not lead to b".to_owned(), "c does not lead to d".to_owned()];
        assert_eq!(to_do(1, &why[..1]), "waits: a does not lead to b");
        assert_eq!(to_do(2, &why), "waits: a does not lead to b (and 1 more)");
        assert_eq!(to_do(3, &why), "1 step to do, 2 waiting");
        assert_eq!((to_do(1, &[]), to_do(7, &[])), ("1 step to do".to_owned(), "7 steps to do".to_owned()));
    }
}
