//! `accolades billing letters`: what leaves by itself each morning, now.

use serde_json::json;

use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::letters::{Letters, Morning};
use crate::cli::commands::mail;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::ids::ClientId;
use crate::util::limits;

/// Runs `billing letters`.
///
/// # Errors
/// When it is not confirmed, somebody else bills, or the store cannot be written.
pub async fn run(session: &Session) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    session.confirm("Send the alerts of hours, notices of renewal and automatic reminders that are due?")?;
    let by = session.who()?;
    let inventory = &desk.accepted.inventory;
    let morning = Morning { store: &desk.store, inventory, by: &by, now: desk.now, today: desk.today };
    let letters = in_turn(session, &desk, async || Ok(morning.letters().await?)).await?;
    // Said first: it is in the outbox whether or not it can be delivered now.
    if !session.output.is_json() {
        session.output.data(&words(&letters))?;
    }
    let delivered = session.deliver(&desk.store, &inventory.cooperative, limits::MAIL_BATCH_MAX).await?;
    if session.output.is_json() {
        let mails = mail::delivered_in_json(&delivered);
        session.output.json(&json!({ "version": JSON_VERSION, "letters": letters, "mails": mails }))?;
    }
    for one in &letters.by_hand {
        session.output.warn(one);
    }
    Ok(match (letters.by_hand.is_empty(), mail::warn_of_delivered(session, &delivered)) {
        (true, exit) => exit,
        (false, _) => Exit::Partial,
    })
}

fn words(letters: &Letters) -> String {
    let mut out = String::new();
    for (what, clients) in [
        ("told of their hours", &letters.hours),
        ("told of their renewal", &letters.renewals),
        ("reminded", &letters.reminders),
    ] {
        if !clients.is_empty() {
            let names: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
            out.push_str(&format!("{what}: {}\n", names.join(", ")));
        }
    }
    if out.is_empty() {
        "no letter is due\n".clone_into(&mut out);
    }
    out
}
