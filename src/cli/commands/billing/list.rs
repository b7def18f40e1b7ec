//! `accolades billing list`.

use clap::Args;
use serde_json::json;

use super::issue::{in_json, rows};
use super::{Desk, JSON_VERSION};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::billing::month::Month;
use crate::domain::ids::ClientId;
use crate::store::Scope;

/// Which documents.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this client's.
    #[arg(long)]
    client: Option<ClientId>,
    /// Only those of this month's run, as in 2026-11.
    #[arg(long)]
    month: Option<Month>,
}

/// Runs `billing list`.
///
/// # Errors
/// When the store cannot be read.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    if let Some(client) = &arguments.client {
        selection::client(&desk.accepted.inventory, client.as_str())?;
    }
    let scope = arguments.client.clone().map_or(Scope::Staff, Scope::Client);
    let mut records = desk.store.invoices(&scope).await?;
    records.retain(|record| arguments.month.is_none_or(|month| record.month == Some(month)));
    if session.output.is_json() {
        let issued: Vec<_> = records.iter().map(in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "documents": issued }))?;
    } else if records.is_empty() {
        session.output.say("nothing was issued");
    } else {
        session.output.data(&rows(&records))?;
    }
    Ok(Exit::Ok)
}
