//! `accolades inventory`: accepted versions.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::acceptance;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::store::InventoryVersion;

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with accepted versions.
#[derive(Debug, Subcommand)]
pub enum Inventory {
    /// Show what changed in the files, and record them as the version in force once confirmed
    Accept,
    /// List the accepted versions: number, when, who
    History,
    /// Show one accepted version: what it changed, or all its files
    Show {
        /// Number of the version.
        number: i64,
        /// Its files as they were, instead of what it changed.
        #[arg(long)]
        files: bool,
    },
}

/// Runs `inventory`.
///
/// # Errors
/// The files' mistakes, an unknown version, or a failure of the store.
pub async fn run(session: &Session, what: Inventory) -> Result<Exit, Failure> {
    let store = session.store().await?;
    match what {
        Inventory::Accept => {
            let standing = session.standing(&store).await?;
            let changed = standing.edit.is_some();
            let version = session.accept(&store, &standing).await?;
            if session.output.is_json() {
                session
                    .output
                    .json(&json!({ "version": JSON_VERSION, "number": version.number, "changed": changed }))?;
            } else if !changed {
                session.output.say(&format!("No changes. The files are version {}.", version.number));
            }
        }
        Inventory::History => history(session, &store.inventory_history().await?)?,
        Inventory::Show { number, files } => {
            let version = store.inventory(number).await?.ok_or_else(|| {
                Failure::usage(format!("there is no version {number}"), "see `accolades inventory history`")
            })?;
            show(session, &version, files)?;
        }
    }
    Ok(Exit::Ok)
}

fn history(session: &Session, versions: &[InventoryVersion]) -> Result<(), Failure> {
    if session.output.is_json() {
        let versions: Vec<Value> = versions.iter().map(head).collect();
        return session.output.json(&json!({ "version": JSON_VERSION, "versions": versions }));
    }
    let mut rows = Vec::with_capacity(versions.len());
    for version in versions {
        let zone = when::zone(&acceptance::read(version)?.inventory.cooperative);
        let first_line = version.difference.lines().next().unwrap_or_default().to_owned();
        let at = when::minute(version.accepted_at_us, &zone);
        rows.push(vec![version.number.to_string(), at, version.accepted_by.clone(), first_line]);
    }
    if rows.is_empty() {
        session.output.say("no version has been accepted yet");
        return Ok(());
    }
    session.output.data(&table(&["VERSION", "ACCEPTED", "BY", "FIRST CHANGE"], &rows))
}

fn show(session: &Session, version: &InventoryVersion, files: bool) -> Result<(), Failure> {
    if session.output.is_json() {
        let mut value = head(version);
        value["version"] = json!(JSON_VERSION);
        value["difference"] = json!(version.difference);
        if files {
            value["files"] = json!(version.files);
        }
        return session.output.json(&value);
    }
    if files {
        let texts: String = version.files.iter().map(|(path, text)| format!("==> {path}\n{text}\n")).collect();
        return session.output.data(&texts);
    }
    let zone = when::zone(&acceptance::read(version)?.inventory.cooperative);
    let at = when::minute(version.accepted_at_us, &zone);
    session.output.data(&format!(
        "version {}, accepted {at} by {}\n\n{}",
        version.number, version.accepted_by, version.difference
    ))
}

fn head(version: &InventoryVersion) -> Value {
    json!({
        "number": version.number,
        "accepted_at_us": version.accepted_at_us,
        "accepted_by": version.accepted_by,
        "content_hash": version.content_hash,
    })
}
