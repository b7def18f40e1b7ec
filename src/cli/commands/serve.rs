//! `accolades serve`: the portal, and the jobs beside it.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::billing::archive::Archive;
use crate::cli::commands::jobs::{Options, jobs, serve_metrics};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::signals::stop_on_signal_or_word;
use crate::jobs::{Jobs, Nudge};
use crate::metrics::Metrics;
use crate::portal::serve::serve;
use crate::portal::staff::Desk;
use crate::portal::{Portal, Settings};

/// How the portal is served.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What stands before every path in a browser, as in https://portail.example; needed unless only this machine asks.
    #[arg(long, value_name = "URL", env = "ACCOLADES_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    /// The portal alone: another process does what is due, and sends the mails with which people log in.
    #[arg(long)]
    no_jobs: bool,
    #[command(flatten)]
    options: Options,
}

impl Arguments {
    /// On a free port of this machine, with its jobs.
    pub fn on_a_free_port(options: Options) -> Arguments {
        let listen = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        Arguments { listen, public_url: None, no_jobs: false, options }
    }
}

/// Runs `serve`.
///
/// # Errors
/// When the address is taken, the store cannot be opened, or the portal would be served in clear to others.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let open = Open::listen(session, arguments).await?;
    session.output.data(&format!("portal {}\n", open.here))?;
    open.until_stopped().await
}

/// A portal that listens already and answers as soon as it is waited for.
pub struct Open {
    /// The portal.
    pub portal: Arc<Portal>,
    /// Where it listens, as in `http://127.0.0.1:8080`.
    pub here: String,
    listener: TcpListener,
    jobs: Option<Jobs>,
    counting: Option<JoinHandle<()>>,
    word: watch::Sender<bool>,
    stop: watch::Receiver<bool>,
}

impl Open {
    /// Opens the store and listens.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn listen(session: &Session, arguments: Arguments) -> Result<Open, Failure> {
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
        let (word, stop) = stop_on_signal_or_word();
        let metrics = Metrics::shared();
        let counting = serve_metrics(session, &store, &arguments.options, &metrics, &stop).await?;
        let nudge = Nudge::default();
        let jobs = if arguments.no_jobs {
            None
        } else {
            Some(Jobs { nudge: nudge.clone(), ..jobs(session, &store, &arguments.options, metrics.clone()).await? })
        };
        let portal = Portal::new(store, vault, session.clock.clone(), session.randomness.clone(), settings);
        portal.count_in(metrics);
        portal.set_desk(Desk::new(session.globals.inventory.clone(), nudge));
        Ok(Open { portal, here, listener, jobs, counting, word, stop })
    }

    /// Answers, and does what is due, until the program is asked to stop.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn until_stopped(self) -> Result<Exit, Failure> {
        let working = self.jobs.map(|jobs| tokio::spawn(jobs.run(self.stop.clone())));
        let served = serve(self.listener, self.portal, self.stop).await;
        // Also when the socket failed: jobs and metrics do not go on without the portal. Nobody listening is the end already.
        let _ = self.word.send(true);
        for task in working.into_iter().chain(self.counting) {
            // What is under way is brought to its end; a task that panicked was told already.
            let _ = task.await;
        }
        served.map_err(|error| {
            Failure::new(Exit::Stopped, format!("the portal's socket failed: {error}"), "start it again")
        })?;
        Ok(Exit::Ok)
    }
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
