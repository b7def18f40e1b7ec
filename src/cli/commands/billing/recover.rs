//! `accolades billing recover`.

use clap::Args;
use serde_json::json;

use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// What to bring together.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The issue journal is lost: write it again from the store.
    #[arg(long)]
    new_journal: bool,
    #[command(flatten)]
    kept: Kept,
}

/// Runs `billing recover`.
///
/// # Errors
/// When somebody else issues, store and journal contradict each other, or something cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    in_turn(session, &desk, async || with_turn(session, &desk, arguments).await).await
}

async fn with_turn(session: &Session, desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let archive = arguments.kept.archive();
    let at_us = desk.now.as_microsecond();
    let done = crate::billing::recover::recover(&desk.store, &archive, at_us, arguments.new_journal).await?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "taken_into_store": done.taken_into_store,
            "written_into_journal": done.written_into_journal,
            "files_completed": done.files_completed,
        }))?;
        return Ok(Exit::Ok);
    }
    let told = |what: &str, numbers: &[String]| match numbers {
        [] => format!("{what}: none\n"),
        numbers => format!("{what}: {}\n", numbers.join(", ")),
    };
    session.output.data(&format!(
        "{}{}{}",
        told("taken from the journal into the store", &done.taken_into_store),
        told("written from the store into the journal", &done.written_into_journal),
        told("files completed", &done.files_completed),
    ))?;
    if !done.taken_into_store.is_empty() {
        session.output.warn(
            "support entries, consents, notices and payments that were recorded after that copy are not in the journal: enter them again",
        );
    }
    Ok(Exit::Ok)
}
