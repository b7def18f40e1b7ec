//! `accolades support list`.

use clap::Args;
use serde_json::json;

use super::{JSON_VERSION, Opened};
use crate::billing::entries::InForce;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::duration::shown;
use crate::domain::billing::support::accounted_minutes;
use crate::domain::billing::{years, zone};
use crate::domain::ids::ClientId;

/// Which entries.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client.
    client: ClientId,
    /// Every contract year, not only the present one.
    #[arg(long)]
    all: bool,
}

/// Runs `support list`.
///
/// # Errors
/// When the store cannot be read.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let opened = Opened::of(session).await?;
    let (client, account) = opened.client(&arguments.client).await?;
    let terms = crate::billing::terms::terms(client, account.notices.clone());
    let present = years::year_index(terms.start, opened.today);
    let year = |entry: &InForce| years::year_index(terms.start, zone::day(&opened.zone, entry.entry().started));
    let mut entries: Vec<&InForce> =
        account.entries.iter().filter(|entry| arguments.all || year(entry) == present).collect();
    entries.sort_by_key(|entry| (entry.entry().started, entry.number));
    let accounted = |entry: &InForce| accounted_minutes(&terms, &opened.zone, &entry.entry());
    if session.output.is_json() {
        let rows = entries.iter().map(|entry| {
            let recorded = &entry.latest.entry;
            json!({
                "entry": entry.number,
                "started_at": entry.entry().started.to_string(),
                "minutes": recorded.minutes,
                "accounted_minutes": accounted(entry),
                "kind": recorded.kind,
                "words": recorded.words,
                "not_accounted": recorded.not_accounted,
                "by": recorded.by,
                "corrections": entry.history.iter().skip(1).map(|one| json!({
                    "recording": one.position,
                    "minutes": one.entry.minutes,
                    "reason": one.entry.reason,
                    "by": one.entry.by,
                    "at_us": one.entry.at_us,
                })).collect::<Vec<_>>(),
                "first_minutes": entry.history.first().map(|one| one.entry.minutes),
            })
        });
        let rows: Vec<_> = rows.collect();
        session.output.json(&json!({ "version": JSON_VERSION, "client": client.id, "entries": rows }))?;
        return Ok(Exit::Ok);
    }
    if entries.is_empty() {
        session.output.say("no entry in this contract year; `--all` shows the years before");
        return Ok(Exit::Ok);
    }
    let row = |entry: &&InForce| {
        let recorded = &entry.latest.entry;
        let mut words = recorded.words.clone();
        if let Some(why) = &recorded.not_accounted {
            words.push_str(&format!(" (not accounted: {why})"));
        }
        if let Some(first) = entry.history.first().filter(|_| entry.history.len() > 1) {
            let why = recorded.reason.as_deref().unwrap_or("no reason");
            words.push_str(&format!(" (corrected, first {}: {why})", shown(first.entry.minutes)));
        }
        vec![
            entry.number.to_string(),
            zone::shown(opened.zone.to_datetime(entry.entry().started)),
            shown(recorded.minutes),
            shown(accounted(entry)),
            recorded.kind.word().to_owned(),
            recorded.by.clone(),
            words,
        ]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    session.output.data(&table(&["entry", "begun", "worked", "accounted", "kind", "by", "what"], &rows))?;
    Ok(Exit::Ok)
}
