//! `accolades backup-server`: servers made ready for backups.

use clap::Subcommand;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::domain::ids::BackupServerId;
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::{BackupServer as Server, Inventory};

/// Version of the last line that `backup-server prepare --json` prints.
const JSON_VERSION: u32 = 1;

/// What to do with backup servers.
#[derive(Debug, Subcommand)]
pub enum BackupServer {
    /// Make a server of ours ready: tokens that may only add, pruning, verification; only look at a partner's
    Prepare {
        /// The backup server.
        server: String,
    },
}

/// Runs `backup-server`.
///
/// # Errors
/// An unknown server, or whatever stops the preparation.
pub async fn run(session: &Session, what: BackupServer) -> Result<Exit, Failure> {
    let BackupServer::Prepare { server } = what;
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let server = find(inventory, &server)?;
    if server.ours {
        session.confirm(&format!("Prepare backup server `{}` ({}) as `{}`?", server.id, server.host, server.admin))?;
    }
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let prepared = engine.prepare_server(inventory, server).await;
    drop(engine);
    progress.end().await;
    let done = prepared?;
    if session.output.is_json() {
        let last = json!({ "version": JSON_VERSION, "event": "ended", "backup_server": server.id, "done": done });
        session.output.json(&last)?;
    } else if !server.ours {
        session.output.say(&format!(
            "`{}` is a partner's: our token may add what it has to. Nothing was changed there.",
            server.id
        ));
    } else if done == 0 {
        session.output.say(&format!("No changes. `{}` is ready.", server.id));
    } else {
        session.output.say(&format!(
            "`{}` is ready, {done} steps were done\nNext: accolades site prepare SITE, for each site that writes to it",
            server.id
        ));
    }
    Ok(Exit::Ok)
}

fn find<'a>(inventory: &'a Inventory, name: &str) -> Result<&'a Server, Failure> {
    BackupServerId::new(name).ok().and_then(|id| inventory.backup_servers.get(&id)).ok_or_else(|| {
        let known = inventory.backup_servers.keys().map(BackupServerId::as_str);
        let hint = match did_you_mean(name, known.clone()) {
            Some(likely) => format!("did you mean `{likely}`?"),
            None => format!("known are {}", known.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("no backup server is called `{name}`"), hint)
    })
}
