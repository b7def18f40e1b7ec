//! `accolades store`: copying what the program remembers, and checking it.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::acceptance;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::inventory;
use crate::store::{self, Scope};

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Copy everything into an empty store, of the same kind or the other, and compare
    Copy {
        /// The store to copy, as for `--store`.
        from: String,
        /// An empty one.
        to: String,
    },
    /// Read everything that can be checked by itself: accepted versions against their hashes, secrets against the key
    Check,
}

/// Runs `store`.
///
/// # Errors
/// What is wrong with a store.
pub async fn run(session: &Session, what: Store) -> Result<Exit, Failure> {
    match what {
        Store::Copy { from, to } => copy(session, &from, &to).await,
        Store::Check => check(session).await,
    }
}

async fn copy(session: &Session, from: &str, to: &str) -> Result<Exit, Failure> {
    must_exist(from)?;
    let (from, to) = (store::Store::open(from).await?, store::Store::open(to).await?);
    let report = store::copy(&from, &to).await?;
    if session.output.is_json() {
        let tables: Vec<Value> = report
            .tables
            .iter()
            .map(|one| json!({ "table": one.table, "rows": one.rows, "sha256": one.sha256 }))
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "tables": tables }))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> =
        report.tables.into_iter().map(|one| vec![one.table.to_owned(), one.rows.to_string(), one.sha256]).collect();
    session.output.data(&table(&["TABLE", "ROWS", "SHA-256"], &rows))?;
    session.output.say(
        "read back and equal\nNext: take the key file of the secrets along, and name the new store with `--store` or `ACCOLADES_STORE`",
    );
    Ok(Exit::Ok)
}

/// Opening a file makes it: a mistyped name would be copied as an empty store.
fn must_exist(url: &str) -> Result<(), Failure> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.contains("://") || Path::new(path).exists() {
        return Ok(());
    }
    Err(Failure::usage(
        format!("`{path}` does not exist"),
        "name the store that is to be copied first, then the new one",
    ))
}

async fn check(session: &Session) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let versions = store.inventory_history().await?;
    for version in &versions {
        acceptance::read(version)?;
        if inventory::content_hash(&version.files) != version.content_hash {
            return Err(Failure::new(
                Exit::Conflict,
                format!("version {} of the inventory is not what was accepted", version.number),
                "the store was changed by hand or is damaged: restore it from its backup",
            ));
        }
    }
    let vault = session.vault(&store).await?;
    let names = vault.secret_names().await?;
    for secret in &names {
        vault.get_secret(&secret.name).await?;
    }
    let unfinished = store.unfinished_runs(&Scope::Staff).await?.len();
    if session.output.is_json() {
        let counts =
            json!({ "inventory_versions": versions.len(), "secrets": names.len(), "unfinished_runs": unfinished });
        session.output.json(&json!({ "version": JSON_VERSION, "right": true, "counts": counts }))?;
    } else {
        session.output.say(&format!(
            "the store is right: {} inventory versions, {} secrets that the key opens, {unfinished} runs without an end",
            versions.len(),
            names.len()
        ));
    }
    Ok(Exit::Ok)
}
