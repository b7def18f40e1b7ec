//! `accolades watch`: looks at all sites, once or again and again, and keeps what was seen.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

use super::site;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::signals::stop_on_signal;
use crate::cli::when;
use crate::domain::ids::SiteId;
use crate::engine::Engine;
use crate::engine::backup::sweep::{SiteOutcome, SiteReport, SweepReport, SweepRequest};
use crate::engine::run::Accepted;
use crate::health::backups::backups;
use crate::store::{Scope, Store};

/// Version of each line that `watch --json` prints.
const JSON_VERSION: u32 = 1;

/// Sites are not looked at more often than this.
const EVERY_MIN: Duration = Duration::from_secs(60);

/// What to look at, and how often.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only these sites, those too that are left alone because they did not answer.
    #[arg(value_name = "SITE")]
    sites: Vec<String>,
    /// Look once and end.
    #[arg(long)]
    once: bool,
    /// Time between two rounds: `15m`, `1h`.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = interval)]
    every: Duration,
}

fn interval(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text.parse().map_err(|_| format!("`{text}` is no time: write `15m` or `1h`"))?;
    match Duration::try_from(span) {
        Ok(every) if every >= EVERY_MIN => Ok(every),
        _ => Err("one minute is the least".to_owned()),
    }
}

/// Looks until it is interrupted, or once.
///
/// # Errors
/// An unknown site, or a failure of our own store.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let (events, _nobody) = unbounded_channel();
    let engine = session.engine(&store, events).await?;
    let stop = stop_on_signal();
    loop {
        // Read anew each time: what was accepted meanwhile counts from the next round on.
        let accepted = session.accepted(&store).await?;
        let only = named(&accepted, &arguments.sites)?;
        let began = session.now().await?;
        let request = SweepRequest { only, interval: arguments.every, ..SweepRequest::default() };
        let report = round(session, &engine, &accepted, &request, &stop).await?;
        tell_end(session, &store, &accepted, &report).await?;
        if arguments.once {
            return Ok(exit(&report));
        }
        if report.stopped || rest(session, began, arguments.every, stop.clone()).await? {
            return Ok(Exit::Ok);
        }
    }
}

fn named(accepted: &Accepted, names: &[String]) -> Result<Vec<SiteId>, Failure> {
    names.iter().map(|name| site::find(&accepted.inventory, name).map(|site| site.id.clone())).collect()
}

/// One sweep; a line per site as soon as it is there.
async fn round(
    session: &Session,
    engine: &Engine,
    accepted: &Accepted,
    request: &SweepRequest,
    stop: &watch::Receiver<bool>,
) -> Result<SweepReport, Failure> {
    let (sender, reports) = unbounded_channel();
    let day = session.today(&accepted.inventory).await?;
    let zone = when::zone(&accepted.inventory.cooperative);
    let told = tokio::spawn(tell_sites(session.output, reports, zone));
    let report = engine.sweep(accepted, day, request, stop, &sender).await;
    drop(sender);
    // Showing has no result; that it panicked was told already.
    let _ = told.await;
    Ok(report?)
}

#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    event: &'static str,
    #[serde(flatten)]
    report: &'a SiteReport,
}

async fn tell_sites(output: Output, mut reports: UnboundedReceiver<SiteReport>, zone: jiff::tz::TimeZone) {
    while let Some(report) = reports.recv().await {
        // A line that cannot be written must not stop the looking; the end fails for the same reason.
        let _ = if output.is_json() {
            output.json(&Line { version: JSON_VERSION, event: "site", report: &report })
        } else {
            output.data(&format!("{}\n", line(&report, &zone)))
        };
    }
}

fn line(report: &SiteReport, zone: &jiff::tz::TimeZone) -> String {
    let minute = |at: &Timestamp| when::minute(at.as_microsecond(), zone);
    let words = match &report.outcome {
        SiteOutcome::Seen { instances: 1 } => "seen, 1 instance".to_owned(),
        SiteOutcome::Seen { instances } => format!("seen, {instances} instances"),
        SiteOutcome::Silent { words } => format!("no answer: {words}"),
        SiteOutcome::Refused { words } => format!("refused: {words}"),
        SiteOutcome::NotPrepared => "not prepared".to_owned(),
        SiteOutcome::Resting { until, since } => {
            format!("no answer since {}, asked again after {}", minute(since), minute(until))
        }
        SiteOutcome::NotAsked => "not asked".to_owned(),
    };
    format!("{}: {words}", report.site)
}

/// What the round brought, and how the backups stand now.
async fn tell_end(session: &Session, store: &Store, accepted: &Accepted, report: &SweepReport) -> Result<(), Failure> {
    let now = session.now().await?;
    let verdicts = backups(store, &Scope::Staff, &accepted.inventory, &[], now).await?;
    let bad = verdicts.iter().filter(|one| !one.health.is_ok()).count();
    let seen = count(report, |outcome| matches!(outcome, SiteOutcome::Seen { .. }));
    let sites = report.sites.len();
    for server in &report.servers {
        match &server.problem {
            _ if session.output.is_json() => {}
            None => session.output.data(&format!("{}: seen\n", server.server))?,
            Some(problem) => session.output.data(&format!("{}: not seen: {problem}\n", server.server))?,
        }
    }
    if session.output.is_json() {
        return session.output.json(&json!({
            "version": JSON_VERSION, "event": "ended", "at": now, "sites": sites, "seen": seen,
            "servers": report.servers, "own_network": report.own_network, "stopped": report.stopped,
            "instances": verdicts.len(), "not_ok": bad,
        }));
    }
    if report.own_network {
        session.output.warn(
            "no site answers: the likely cause is our own network, so nothing was recorded\n\nlook at this machine's network, then look again",
        );
    }
    session.output.say(&format!(
        "{seen} of {sites} sites seen; the backups of {bad} of {} instances are not all ok",
        verdicts.len()
    ));
    if bad > 0 {
        session.output.say("Next: accolades backup check");
    }
    Ok(())
}

fn count(report: &SweepReport, is: impl Fn(&SiteOutcome) -> bool) -> usize {
    report.sites.iter().filter(|site| is(&site.outcome)).count()
}

/// Waits for the next round; true when it was interrupted.
async fn rest(
    session: &Session,
    began: Timestamp,
    every: Duration,
    mut stop: watch::Receiver<bool>,
) -> Result<bool, Failure> {
    let passed = Duration::try_from(session.now().await?.duration_since(began)).unwrap_or_default();
    tokio::select! {
        slept = session.clock.sleep(every.saturating_sub(passed)) => slept.map(|()| false).map_err(Failure::from),
        stopped = stop.wait_for(|stopped| *stopped) => Ok(stopped.is_ok()),
    }
}

fn exit(report: &SweepReport) -> Exit {
    let is_fine = |outcome: &SiteOutcome| matches!(outcome, SiteOutcome::Seen { .. });
    let is_silent = |outcome: &SiteOutcome| matches!(outcome, SiteOutcome::Silent { .. } | SiteOutcome::Resting { .. });
    match report.sites.len() {
        all if count(report, is_fine) == all => Exit::Ok,
        all if count(report, is_silent) == all => Exit::Unreachable,
        _ => Exit::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::limits;

    #[test]
    fn intervals_are_times_of_a_minute_at_least() {
        assert_eq!(interval("15m"), Ok(limits::SWEEP_INTERVAL));
        assert_eq!(interval("1h"), Ok(Duration::from_secs(3600)));
        assert!(interval("59s").is_err() && interval("-1h").is_err() && interval("often").is_err());
    }

    #[test]
    fn the_exit_code_tells_who_answered() {
        let report = |outcomes: &[SiteOutcome]| SweepReport {
            sites: outcomes
                .iter()
                .map(|outcome| SiteReport { site: SiteId::new("a").expect("an id"), outcome: outcome.clone() })
                .collect(),
            servers: Vec::new(),
            own_network: false,
            stopped: false,
        };
        let (seen, silent) = (SiteOutcome::Seen { instances: 1 }, SiteOutcome::Silent { words: String::new() });
        assert_eq!(exit(&report(&[])), Exit::Ok);
        assert_eq!(exit(&report(&[seen.clone(), seen.clone()])), Exit::Ok);
        assert_eq!(exit(&report(&[silent.clone(), silent.clone()])), Exit::Unreachable);
        assert_eq!(exit(&report(&[seen, silent])), Exit::Partial);
        assert_eq!(exit(&report(&[SiteOutcome::NotPrepared])), Exit::Partial);
    }
}
