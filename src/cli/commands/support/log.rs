//! `accolades support log`.

use clap::Args;
use serde_json::json;

use super::{JSON_VERSION, Kind, Opened, alerts, invoiced_already, year_json, year_words};
use crate::billing::work::{self, Logged, Work};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::duration::shown;
use crate::domain::billing::zone;
use crate::domain::ids::ClientId;

/// Work to record.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client.
    client: ClientId,
    /// Time worked: `1h30`, `90m`, `1.5h`, or a span of the clock, `14:00-15:30`.
    #[arg(value_name = "TIME")]
    time: String,
    /// What was done, in words that the client reads.
    #[arg(value_name = "WORDS")]
    words: String,
    /// Kind of work.
    #[arg(long, value_enum, default_value_t = Kind::Help)]
    kind: Kind,
    /// When it began: `2026-11-10 14:00`, `14:00` (today), or the day of a span [default: it ended now].
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Not accounted for, with the reason; the client sees it.
    #[arg(long, value_name = "WHY")]
    not_accounted: Option<String>,
}

/// Runs `support log`.
///
/// # Errors
/// When time or moment are refused, or the store cannot be written.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let opened = Opened::of(session).await?;
    let (client, account) = opened.client(&arguments.client).await?;
    let work = Work {
        time: &arguments.time,
        words: &arguments.words,
        kind: arguments.kind.into(),
        at: arguments.at.as_deref(),
        not_accounted: arguments.not_accounted.as_deref(),
    };
    let who = session.who()?;
    let logged = work::log(&opened.store, client, account, work, &who, opened.now, &opened.zone).await?;
    let Logged { position, entry, span, accounted, hours, year, invoiced } = logged;
    let mut told = alerts(&client.id, &hours, &year, opened.today);
    if let Some(month) = invoiced {
        told.push(invoiced_already(month));
    }
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "entry": position,
            "client": client.id,
            "started_at": span.started.to_string(),
            "minutes": span.minutes,
            "accounted_minutes": accounted,
            "remarks": span.remarks,
            "year": year_json(&year, opened.today),
            "alerts": told,
        }))?;
        return Ok(Exit::Ok);
    }
    let end = span.started.checked_add(jiff::SignedDuration::from_mins(span.minutes)).unwrap_or(span.started);
    let (from, until) = (opened.zone.to_datetime(span.started), opened.zone.to_datetime(end));
    session.output.data(&format!(
        "entry {position}: {} of {} for {}, {} to {}{}\n",
        shown(span.minutes),
        entry.latest.entry.kind.word(),
        client.id,
        zone::shown(from),
        until.strftime("%H:%M"),
        match accounted {
            0 => ", not accounted".to_owned(),
            minutes if minutes == span.minutes => String::new(),
            minutes => format!(", accounted as {}", shown(minutes)),
        }
    ))?;
    span.remarks.iter().for_each(|remark| session.output.say(remark));
    session.output.data(&format!("{}\n", year_words(&year, opened.today)))?;
    told.iter().for_each(|alert| session.output.warn(alert));
    Ok(Exit::Ok)
}
