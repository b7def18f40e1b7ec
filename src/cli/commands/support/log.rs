//! `accolades support log`.

use clap::Args;
use serde_json::json;

use super::{JSON_VERSION, Kind, Opened, alerts, when, year_json, year_words};
use crate::billing::entries::in_force;
use crate::billing::hours::Hours;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::billing::duration::{shown, worked};
use crate::domain::billing::month::Month;
use crate::domain::billing::{support, zone};
use crate::domain::ids::ClientId;
use crate::store::{NewSupportEntry, SupportEntry};

/// Longest description of an entry.
pub const WORDS_LENGTH_MAX: usize = 500;

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
    let (client, mut account) = opened.client(&arguments.client).await?;
    let words = said(&arguments.words, "what was done")?;
    let not_accounted =
        arguments.not_accounted.as_deref().map(|why| said(why, "why it is not accounted")).transpose()?;
    let span = when::span(worked(&arguments.time)?, arguments.at.as_deref(), opened.now, &opened.zone)?;
    let day = zone::day(&opened.zone, span.started);
    if day < client.contract.start {
        return Err(Failure::usage(
            format!("the contract of `{}` begins on {}, after {day}", client.id, client.contract.start),
            "work before a contract belongs to none: is the day right?",
        ));
    }
    let new = NewSupportEntry {
        client: client.id.clone(),
        kind: arguments.kind.into(),
        started_at_us: span.started.as_microsecond(),
        minutes: span.minutes,
        words,
        not_accounted,
        corrects: None,
        reason: None,
        by: session.who()?,
        at_us: opened.now.as_microsecond(),
    };
    let position = opened.store.record_support(&new).await?;
    let entry = in_force([SupportEntry { position, entry: new }]).remove(0);
    let before = account.entries.len();
    account.entries.push(entry.clone());
    debug_assert_eq!(account.entries.len(), before + 1);
    let hours = Hours::of(client, &account, &opened.zone);
    let year = hours.year(day);
    let accounted = support::accounted_minutes(&hours.terms, &opened.zone, &entry.entry());
    let mut told = alerts(&client.id, &hours, &year);
    if account.ledger.invoiced_through.is_some_and(|through| Month::of(day) <= through) {
        told.push(format!("{} was invoiced already: what this changes comes with the next run", Month::of(day)));
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

/// Words that say something: one line, not too long.
///
/// # Errors
/// When they do not.
pub fn said(words: &str, what: &str) -> Result<String, Failure> {
    let words = words.trim();
    if words.is_empty() || words.chars().any(char::is_control) || words.chars().count() > WORDS_LENGTH_MAX {
        return Err(Failure::usage(
            format!("say {what} in one line"),
            format!("1 to {WORDS_LENGTH_MAX} characters, no line break"),
        ));
    }
    Ok(words.to_owned())
}
