//! `accolades serve`: the portal, and the jobs beside it.

use std::convert::Infallible;
use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

use crate::billing::archive::Archive;
use crate::cli::commands::jobs::{Options, jobs, serve_metrics};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::signals::stop_on_signal;
use crate::jobs::{Jobs, Nudge};
use crate::metrics::Metrics;
use crate::portal::serve::serve;
use crate::portal::staff::Desk;
use crate::portal::{Portal, Settings};
use crate::store::Store;
use crate::util::limits;

/// How the portal is served.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What stands before every path in a browser, as in https://portail.example; needed unless only this machine asks.
    #[arg(long, value_name = "URL", env = "ACCOLADES_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    /// The portal alone: another process does what is due.
    #[arg(long)]
    no_jobs: bool,
    #[command(flatten)]
    options: Options,
}

/// Runs `serve`.
///
/// # Errors
/// When the address is taken, the store cannot be opened, or the portal would be served in clear to others.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let vault = session.vault(&store).await?;
    let given = arguments.public_url.as_deref().map(public_url).transpose()?;
    if given.is_none() && !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(
            format!("`{}` can be reached by others, and the portal itself speaks no TLS", arguments.listen),
            "listen on 127.0.0.1 behind nginx or Caddy, and say `--public-url https://...` (docs/portal.md)",
        ));
    }
    let taken = |error: std::io::Error| {
        Failure::usage(
            format!("`{}` cannot be listened on: {error}", arguments.listen),
            "another program may have it: `--listen 127.0.0.1:0` takes a free port",
        )
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(taken)?;
    let here = format!("http://{}", listener.local_addr().map_err(taken)?);
    let settings = Settings {
        public_url: given.unwrap_or_else(|| here.clone()),
        archive: Archive::in_folder(&arguments.options.archive),
    };
    let stop = stop_on_signal();
    let metrics = Metrics::shared();
    let counting = serve_metrics(session, &store, &arguments.options, &metrics, &stop).await?;
    let nudge = Nudge::default();
    let jobs = if arguments.no_jobs {
        None
    } else {
        Some(Jobs { nudge: nudge.clone(), ..jobs(session, &store, &arguments.options, metrics.clone()).await? })
    };
    let portal = Portal::new(store.clone(), vault, session.clock.clone(), session.randomness.clone(), settings);
    portal.count_in(metrics);
    portal.set_desk(Desk::new(session.globals.inventory.clone(), nudge));
    session.output.data(&format!("portal {here}\n"))?;
    let working = jobs.map(|jobs| tokio::spawn(jobs.run(stop.clone())));
    let served = tokio::select! {
        served = serve(listener, portal, stop) => served,
        never = post_mails(session, &store) => match never {},
    };
    for task in working.into_iter().chain(counting) {
        // What is under way is brought to its end; a task that panicked was told already.
        let _ = task.await;
    }
    served.map_err(|error| {
        Failure::new(Exit::Stopped, format!("the portal's socket failed: {error}"), "start it again")
    })?;
    Ok(Exit::Ok)
}

/// The public address, without a slash at its end. In clear only on this machine.
pub fn public_url(text: &str) -> Result<String, Failure> {
    let refused = || {
        Failure::usage(
            format!("`{text}` is not a public address of the portal"),
            "write it as in `https://portail.example`, without a path; `http://` only for 127.0.0.1",
        )
    };
    let text = text.trim_end_matches('/');
    let (scheme, host) = text.split_once("://").ok_or_else(refused)?;
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    let is_host = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c));
    let is_local = ["127.0.0.1", "[::1]", "localhost"].contains(&name);
    if is_host && (scheme == "https" || (scheme == "http" && is_local)) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(refused())
}

/// Empties the outbox again and again: who asks for a link to log in waits for it. What keeps mails from leaving is told
/// once, until they leave again.
async fn post_mails(session: &Session, store: &Store) -> Infallible {
    let mut tick = tokio::time::interval(limits::MAIL_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_told = false;
    loop {
        tick.tick().await;
        match deliver(session, store).await {
            Ok(()) => is_told = false,
            Err(failure) if !is_told => {
                failure.tell(&session.output);
                is_told = true;
            }
            Err(_) => {}
        }
    }
}

async fn deliver(session: &Session, store: &Store) -> Result<(), Failure> {
    let accepted = session.accepted(store).await?;
    session.deliver(store, &accepted.inventory.cooperative, limits::MAIL_BATCH_MAX).await?;
    Ok(())
}
