//! `accolades billing platform`: documents that go through the approved platform or Chorus Pro.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept};
use crate::billing::platform::{Exchange, ExchangeError, Exchanged};
use crate::billing::turn::Turn;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::ids::ClientId;
use crate::inventory::billing::Route;
use crate::inventory::platform::{PlatformServer, PlatformWay};
use crate::platform::{Access, DropFolder, HttpPlatform, LineState, PlatformError};
use crate::store::{FileKind, FileState, PlatformFile, Scope};
use crate::transport::client_config;

/// The secret: the platform's token, or the secret of our account there.
pub const SECRET: &str = "platform";

/// What to do with platforms.
#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Hand over what was not handed over yet, and take in what came back
    Exchange(ExchangeArguments),
    /// Files that were handed over, or wait
    List,
    /// Where a client receives its invoices, by the directory
    LookUp(LookUp),
}

/// Where files go.
#[derive(Debug, Args)]
pub struct ExchangeArguments {
    #[command(flatten)]
    drop: Drop,
    #[command(flatten)]
    kept: Kept,
}

/// The drop folder.
#[derive(Debug, Clone, Args)]
pub struct Drop {
    /// Folder with `platform` and `chorus` in it; in each, files go `out` and statuses come `in`.
    #[arg(long, value_name = "DIR", env = "ACCOLADES_DROP", hide_env_values = true, default_value = "drop")]
    drop: PathBuf,
}

/// Whose address.
#[derive(Debug, Args)]
pub struct LookUp {
    /// The client.
    client: ClientId,
}

/// Runs `billing platform`.
///
/// # Errors
/// When the platform does not answer, somebody else exchanges, or store or archive cannot be read.
pub async fn run(session: &Session, what: Platform) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    match what {
        Platform::Exchange(arguments) => exchange(session, &desk, &arguments.kept, &arguments.drop).await,
        Platform::List => list(session, &desk).await,
        Platform::LookUp(arguments) => look_up(session, &desk, &arguments).await,
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Failure {
        match error {
            ExchangeError::Platform(error) => error.into(),
            ExchangeError::Billing(error) => error.into(),
        }
    }
}

/// Exchanges with the platform, then with Chorus Pro.
///
/// # Errors
/// As [`run`].
pub async fn exchange(session: &Session, desk: &Desk, kept: &Kept, drop: &Drop) -> Result<Exit, Failure> {
    let archive = kept.archive();
    let by = session.who()?;
    // Nothing is handed over that is not in the issue journal (R25); in turn, because a run may be writing it.
    in_turn(session, desk, async || Ok(archive.journal().reconcile(&desk.store).await?)).await?;
    let turn = Turn::take_for("platform", &desk.store, desk.now, &session.randomness.hex(4)).await?;
    let work = async {
        let inventory = &desk.accepted.inventory;
        let (store, archive, by, now) = (&desk.store, &archive, by.as_str(), desk.now);
        let folder = |name: &str| DropFolder::new(drop.drop.join(name));
        let platform = match &inventory.cooperative.platform {
            PlatformWay::Folder => {
                let platform = &folder("platform");
                Exchange { store, archive, inventory, platform, route: Route::Platform, by, now }.run().await?
            }
            // Nobody goes by it: nothing to ask, and perhaps no account there yet.
            PlatformWay::Http(_) if inventory.clients.values().all(|client| client.route() != Route::Platform) => {
                Exchanged::default()
            }
            PlatformWay::Http(server) => {
                let platform = &connect(session, desk, server).await?;
                Exchange { store, archive, inventory, platform, route: Route::Platform, by, now }.run().await?
            }
        };
        let chorus_folder = &folder("chorus");
        let chorus = Exchange { store, archive, inventory, platform: chorus_folder, route: Route::Chorus, by, now }
            .run()
            .await?;
        Ok::<_, Failure>((platform, chorus))
    };
    let result = work.await;
    let given_back = turn.give_back(&desk.store).await;
    let (platform, chorus) = result?;
    given_back?;
    tell(session, &[("platform", &platform), ("chorus", &chorus)])
}

async fn connect(session: &Session, desk: &Desk, server: &PlatformServer) -> Result<HttpPlatform, Failure> {
    let secret = session.vault(&desk.store).await?.get_secret(SECRET).await?.ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            "the secret of the platform is not set",
            "set it with `accolades secret set platform`; nothing was handed over",
        )
    })?;
    let access = match (&server.token_url, &server.client_id) {
        (Some(token_url), Some(id)) => Access::Client { token_url: token_url.clone(), id: id.clone(), secret },
        _ => Access::Token(secret),
    };
    let host = server.url.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    let tls = client_config(server.tls_fingerprint.as_deref(), host)
        .map_err(|_| PlatformError::Address { url: server.tls_fingerprint.clone().unwrap_or_default() })?;
    Ok(HttpPlatform::new(&server.url, server.directory_url.as_deref(), access, (*tls).clone())?)
}

fn tell(session: &Session, exchanged: &[(&str, &Exchanged)]) -> Result<Exit, Failure> {
    let is_whole = exchanged.iter().all(|(_, one)| one.refused.is_empty() && one.unreadable.is_empty());
    if session.output.is_json() {
        let mut value = json!({ "version": JSON_VERSION });
        for (name, one) in exchanged {
            value[*name] = json!(one);
        }
        session.output.json(&value)?;
    } else {
        let mut out = String::new();
        for (name, one) in exchanged {
            out.push_str(&format!(
                "{name}: {} handed over, {} accepted, {} refused, {} statuses\n",
                one.handed_over.len(),
                one.accepted.len(),
                one.refused.len(),
                one.statuses.len()
            ));
            for (number, code, reason) in &one.statuses {
                let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                out.push_str(&format!("  {number}: {code} {}{reason}\n", crate::platform::cdar::word(*code)));
            }
        }
        session.output.data(&out)?;
    }
    for (name, one) in exchanged {
        for (tracking, words) in &one.refused {
            session.output.warn(&format!("{name} refuses {tracking}: {words}"));
        }
        for (file, why) in &one.unreadable {
            session.output.warn(&format!("{name}: `{file}` is no status of ours: {why}"));
        }
    }
    Ok(if is_whole { Exit::Ok } else { Exit::Partial })
}

async fn list(session: &Session, desk: &Desk) -> Result<Exit, Failure> {
    let files = desk.store.platform_files(&Scope::Staff, None).await?;
    if session.output.is_json() {
        let files: Vec<Value> = files.iter().map(in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "files": files }))?;
        return Ok(Exit::Ok);
    }
    let row = |file: &PlatformFile| {
        vec![
            file.tracking.clone(),
            file.client.to_string(),
            file.route.clone(),
            state(file.state).to_owned(),
            file.answer.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = files.iter().map(row).collect();
    session.output.data(&table(&["file", "client", "route", "state", "said"], &rows))?;
    Ok(Exit::Ok)
}

/// The word of a state.
pub const fn state(state: FileState) -> &'static str {
    match state {
        FileState::Waiting => "waiting",
        FileState::Filed => "filed",
        FileState::Accepted => "accepted",
        FileState::Refused => "refused",
    }
}

/// A file as JSON, without its content.
pub fn in_json(file: &PlatformFile) -> Value {
    json!({
        "tracking": file.tracking,
        "client": file.client,
        "number": file.number,
        "is_document": file.kind == FileKind::Document,
        "route": file.route,
        "state": file.state,
        "flow": file.flow,
        "attempts": file.attempts,
        "said": file.answer,
        "changed_at_us": file.changed_at_us,
    })
}

async fn look_up(session: &Session, desk: &Desk, arguments: &LookUp) -> Result<Exit, Failure> {
    let client = selection::client(&desk.accepted.inventory, arguments.client.as_str())?;
    let siren = client.identity.siren.as_deref().ok_or_else(|| {
        Failure::usage(format!("`{}` has no SIREN", client.id), "the directory knows companies by it")
    })?;
    let PlatformWay::Http(server) = &desk.accepted.inventory.cooperative.platform else {
        return Err(Failure::new(
            Exit::Configuration,
            "no directory service is known",
            "set `[platform]` with `by = \"http\"` and `directory_url` in cooperative.toml",
        ));
    };
    let lines = connect(session, desk, server).await?.look_up(siren).await?;
    if session.output.is_json() {
        session
            .output
            .json(&json!({ "version": JSON_VERSION, "client": client.id, "siren": siren, "lines": lines }))?;
        return Ok(Exit::Ok);
    }
    if lines.is_empty() {
        session.output.data(&format!("{} ({siren}) receives no e-invoices yet\n", client.id))?;
        return Ok(Exit::Ok);
    }
    let row = |line: &crate::platform::DirectoryLine| {
        let state = match line.state {
            LineState::Enabled => "enabled",
            LineState::Disabled => "disabled",
            LineState::Upcoming => "upcoming",
        };
        vec![line.address.clone(), line.siret.clone().unwrap_or_else(|| "-".to_owned()), state.to_owned()]
    };
    session.output.data(&table(&["address", "siret", "state"], &lines.iter().map(row).collect::<Vec<_>>()))?;
    let ours = client.billing.electronic_address.as_deref().unwrap_or(siren);
    if !lines.iter().any(|line| line.address == ours && line.state == LineState::Enabled) {
        session.output.warn(&format!(
            "its invoices carry `{ours}`, which is no enabled address: set `electronic_address` in clients/{}.toml",
            client.id
        ));
    }
    Ok(Exit::Ok)
}
