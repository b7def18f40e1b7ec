//! `accolades jobs`: what the program does by itself, and what became of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;

use crate::billing::archive::Archive;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Style;
use crate::cli::session::Session;
use crate::cli::signals::stop_on_signal;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::jobs::Outcome;
use crate::engine::run::Accepted;
use crate::jobs::{Jobs, Nudge};
use crate::metrics::{Listener, Metrics};
use crate::store::{JobAttempt, Scope, Store};

/// Version of what `jobs list --json` prints.
const JSON_VERSION: u32 = 1;

/// Attempts that are shown unless more are asked for.
const SHOWN: u32 = 30;

/// What the program does by itself.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// The latest attempts, the newest first: what, when, how it ended; and ordered work that has not ended
    List {
        /// How many.
        #[arg(long, value_name = "NUMBER", default_value_t = SHOWN)]
        last: u32,
    },
    /// Do what is due until interrupted; several processes on one database share the work
    Run(Options),
}

/// How jobs are done.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Folder for records and certificates of restore tests.
    #[arg(long, value_name = "DIR", default_value = "drills")]
    pub drills: PathBuf,
    /// Folder of issued documents, with the issue journal beside them.
    #[arg(long, value_name = "DIR", env = "ACCOLADES_ARCHIVE", hide_env_values = true, default_value = "invoices")]
    pub archive: PathBuf,
    /// Answer Prometheus at this address, as in 127.0.0.1:9464 (docs/metrics.md); not at all when absent.
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
}

/// Runs `jobs`.
///
/// # Errors
/// When the store cannot be opened or read, or the address for metrics is taken.
pub async fn run(session: &Session, what: JobsCommand) -> Result<Exit, Failure> {
    match what {
        JobsCommand::List { last } => list(session, last).await,
        JobsCommand::Run(options) => {
            let store = session.store().await?;
            let stop = stop_on_signal();
            let metrics = Metrics::shared();
            let counting = serve_metrics(session, &store, &options, &metrics, &stop).await?;
            let jobs = jobs(session, &store, &options, metrics).await?;
            session.output.say("doing what is due; Ctrl-C brings what is under way to its end");
            jobs.run(stop).await;
            if let Some(counting) = counting {
                // It only ever ends with us.
                let _ = counting.await;
            }
            Ok(Exit::Ok)
        }
    }
}

/// The scheduler over a store.
///
/// # Errors
/// When secrets or playbooks cannot be read.
pub async fn jobs(session: &Session, store: &Store, options: &Options, metrics: Arc<Metrics>) -> Result<Jobs, Failure> {
    // Nobody watches: what matters is in the journal.
    let (events, _nobody) = unbounded_channel();
    let engine = session.engine(store, events).await?;
    let archive = Archive::in_folder(&options.archive);
    let mails = session.globals.mail_folder.clone();
    Ok(Jobs { engine, drills: options.drills.clone(), archive, mails, metrics, nudge: Nudge::default() })
}

/// Answers Prometheus, when an address was given.
///
/// # Errors
/// When the address is taken.
pub async fn serve_metrics(
    session: &Session,
    store: &Store,
    options: &Options,
    metrics: &Arc<Metrics>,
    stop: &watch::Receiver<bool>,
) -> Result<Option<tokio::task::JoinHandle<()>>, Failure> {
    let Some(address) = options.metrics else { return Ok(None) };
    let listener = Listener::bind(address).await?;
    session.output.say(&format!("metrics http://{}/metrics", listener.address()));
    let serving = listener.serve(metrics.clone(), store.clone(), session.clock.clone(), stop.clone());
    Ok(Some(tokio::spawn(serving)))
}

async fn list(session: &Session, last: u32) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let attempts = store.job_attempts(last).await?;
    let orders = store.open_job_orders(&Scope::Staff).await?;
    if session.output.is_json() {
        let attempts: Vec<_> = attempts
            .iter()
            .map(|one| {
                json!({
                    "kind": one.job.kind,
                    "subject": one.job.subject,
                    "due_at_us": one.job.due_at_us,
                    "attempt": one.attempt,
                    "holder": one.holder,
                    "began_at_us": one.began_at_us,
                    "ended_at_us": one.end.as_ref().map(|end| end.at_us),
                    "outcome": one.end.as_ref().map(|end| end.outcome),
                    "words": one.end.as_ref().map(|end| &end.words),
                    "retry_at_us": one.end.as_ref().and_then(|end| end.retry_at_us),
                })
            })
            .collect();
        let orders: Vec<_> = orders
            .iter()
            .map(|order| {
                let new = &order.new;
                json!({ "id": new.id, "kind": new.kind, "by": new.by, "ordered_at_us": new.at_us })
            })
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "attempts": attempts, "open_orders": orders }))?;
        return Ok(Exit::Ok);
    }
    let accepted = Accepted::latest(&store).await?;
    let zone = accepted.map_or(TimeZone::UTC, |accepted| accepted.inventory.cooperative_zone());
    let rows: Vec<Vec<String>> = attempts.iter().map(|one| row(session, one, &zone)).collect();
    session.output.data(&table(&["BEGAN", "JOB", "ATTEMPT", "TOOK", "OUTCOME", "WORDS"], &rows))?;
    for order in orders {
        let at = when::minute(order.new.at_us, &zone);
        session.output.say(&format!("open: {} {} ordered by {} at {at}", order.new.kind, order.new.id, order.new.by));
    }
    Ok(Exit::Ok)
}

fn row(session: &Session, attempt: &JobAttempt, zone: &TimeZone) -> Vec<String> {
    let (took, style, outcome, words) = match &attempt.end {
        None => ("-".to_owned(), Style::Plain, "under way", attempt.holder.clone()),
        Some(end) => {
            let style = match end.outcome {
                Outcome::Done => Style::Good,
                Outcome::Failed | Outcome::Refused => Style::Bad,
                Outcome::CutShort => Style::Attention,
            };
            let seconds = end.at_us.saturating_sub(attempt.began_at_us).max(0) / 1_000_000;
            (format!("{seconds} s"), style, end.outcome.word(), end.words.clone())
        }
    };
    let job = match attempt.job.subject.as_str() {
        "" => attempt.job.kind.clone(),
        subject => format!("{} {subject}", attempt.job.kind),
    };
    vec![
        when::minute(attempt.began_at_us, zone),
        job,
        attempt.attempt.to_string(),
        took,
        session.output.styled(style, outcome),
        words,
    ]
}
