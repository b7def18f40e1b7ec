//! `accolades billing statement`: a client's account on paper.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Desk, JSON_VERSION};
use crate::billing::account::{account, print};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::ids::ClientId;
use crate::util::count::counted;

/// Whose account.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client.
    client: ClientId,
    /// The PDF to write [default: releve-CLIENT-DAY.pdf].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs `billing statement`.
///
/// # Errors
/// When the store cannot be read or the file cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let client = selection::client(&desk.accepted.inventory, arguments.client.as_str())?;
    let cooperative = &desk.accepted.inventory.cooperative;
    let account = account(&desk.store, client, cooperative, desk.today).await?;
    let path = arguments.out.clone().unwrap_or_else(|| format!("releve-{}-{}.pdf", client.id, desk.today).into());
    files::write_private(&path, &print(&account, client, cooperative)?)?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "client": client.id,
            "file": path.display().to_string(),
            "statement": account,
        }))?;
    } else {
        session.output.data(&format!(
            "{}: {}, the balance is {} on {}\n",
            path.display(),
            counted(account.lines.len(), "line", "lines"),
            account.balance,
            desk.today
        ))?;
    }
    Ok(Exit::Ok)
}
