//! `accolades support correct`.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::{JSON_VERSION, Kind, Opened, alerts, invoiced_already, year_json, year_words};
use crate::billing::entries::in_force;
use crate::billing::hours::Hours;
use crate::billing::work::{self, said};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::duration::{Worked, shown, worked};
use crate::domain::billing::month::Month;
use crate::domain::billing::span::{demand_ended, span_on};
use crate::domain::billing::zone;
use crate::store::{NewSupportEntry, Scope};

/// A correction.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["time", "at", "kind", "words", "not_accounted", "accounted", "cancel"]))]
pub struct Arguments {
    /// Number of the entry.
    entry: i64,
    /// Time really worked.
    #[arg(long, value_name = "TIME", conflicts_with = "cancel")]
    time: Option<String>,
    /// When it really began: `2026-11-10 14:00`, or `14:00` on the same day.
    #[arg(long, value_name = "WHEN", conflicts_with = "cancel")]
    at: Option<String>,
    /// What kind of work it really was.
    #[arg(long, value_enum, conflicts_with = "cancel")]
    kind: Option<Kind>,
    /// What was really done.
    #[arg(long, conflicts_with = "cancel")]
    words: Option<String>,
    /// Not accounted for after all, with the reason.
    #[arg(long, value_name = "WHY", conflicts_with_all = ["cancel", "accounted"])]
    not_accounted: Option<String>,
    /// Accounted for after all.
    #[arg(long, conflicts_with = "cancel")]
    accounted: bool,
    /// It never happened.
    #[arg(long)]
    cancel: bool,
    /// Why it is corrected.
    #[arg(long, value_name = "WHY")]
    because: String,
}

/// Runs `support correct`.
///
/// # Errors
/// When the entry is unknown, what replaces it is refused, or the store cannot be written.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let opened = Opened::of(session).await?;
    let all = in_force(opened.store.support_entries(&Scope::Staff).await?);
    let entry = all.into_iter().find(|one| one.number == arguments.entry).ok_or_else(|| {
        Failure::usage(
            format!("there is no entry {}", arguments.entry),
            "`accolades support list CLIENT --all` shows the entries with their numbers",
        )
    })?;
    let before = &entry.latest.entry;
    let was_started = entry.entry().started;
    let mut remarks = Vec::new();
    let (started, minutes) = match (&arguments.time, &arguments.at) {
        _ if arguments.cancel => (was_started, 0),
        (None, None) => (was_started, before.minutes),
        (time, at) => {
            let time = match time {
                Some(time) => worked(time)?,
                None => Worked::Minutes(before.minutes),
            };
            match (time, at) {
                (Worked::Minutes(minutes), None) => {
                    demand_ended(was_started, minutes, opened.now, &opened.zone)?;
                    (was_started, minutes)
                }
                (time, at) => {
                    let day = zone::day(&opened.zone, was_started);
                    let when = span_on(time, at.as_deref(), day, opened.now, &opened.zone)?;
                    remarks = when.remarks;
                    (when.started, when.minutes)
                }
            }
        }
    };
    let (client, account) = opened.client(&before.client).await?;
    let days = [zone::day(&opened.zone, was_started), zone::day(&opened.zone, started)];
    let not_accounted = match (&arguments.not_accounted, arguments.accounted) {
        (Some(why), _) => Some(said(why, "why it is not accounted")?),
        (None, true) => None,
        (None, false) => before.not_accounted.clone(),
    };
    if started != was_started || arguments.accounted {
        work::demand_contract(client, days[1], not_accounted.is_none())?;
    }
    if started != was_started {
        let clock = |at| zone::shown(opened.zone.to_datetime(at));
        remarks.push(format!("begun at {}, before {}", clock(started), clock(was_started)));
    }
    let invoiced: BTreeSet<Month> = days.iter().filter_map(|day| work::invoiced_month(&account, *day)).collect();
    let new = NewSupportEntry {
        client: before.client.clone(),
        kind: arguments.kind.map_or(before.kind, Into::into),
        started_at_us: started.as_microsecond(),
        minutes,
        words: arguments.words.as_deref().map_or(Ok(before.words.clone()), |words| said(words, "what was done"))?,
        not_accounted,
        corrects: Some(entry.latest.position),
        reason: Some(said(&arguments.because, "why it is corrected")?),
        by: session.who()?,
        at_us: opened.now.as_microsecond(),
    };
    let counts_otherwise = (new.started_at_us, new.minutes, new.kind, new.not_accounted.is_some())
        != (before.started_at_us, before.minutes, before.kind, before.not_accounted.is_some());
    opened.store.record_support(&new).await?;
    let (client, account) = opened.client(&new.client).await?;
    let hours = Hours::of(client, &account, &opened.zone);
    let year = hours.year(zone::day(&opened.zone, started));
    let mut told = alerts(&client.id, &hours, &year, opened.today);
    told.extend(invoiced.into_iter().filter(|_| counts_otherwise).map(invoiced_already));
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "entry": entry.number,
            "minutes": minutes,
            "minutes_before": before.minutes,
            "remarks": remarks,
            "year": year_json(&year, opened.today),
            "alerts": told,
        }))?;
        return Ok(Exit::Ok);
    }
    let now = if minutes == 0 { "it never happened".to_owned() } else { shown(minutes) };
    session.output.data(&format!(
        "entry {} of {}: {now}, before {}\n",
        entry.number,
        client.id,
        shown(before.minutes)
    ))?;
    remarks.iter().for_each(|remark| session.output.say(remark));
    session.output.data(&format!("{}\n", year_words(&year, opened.today)))?;
    told.iter().for_each(|alert| session.output.warn(alert));
    Ok(Exit::Ok)
}
