//! `accolades billing push`: the co-operative's own Dolibarr is told of what was issued and paid.

use serde_json::json;

use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::draft::read_document;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::dolibarr::{Dolibarr, KEY, Pushed, Pushing, push};
use crate::store::Scope;
use crate::util::count::counted;

/// Runs `billing push`.
///
/// # Errors
/// When no Dolibarr is configured, its key is not set, it does not answer, or something there differs.
pub async fn run(session: &Session) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let own = desk.accepted.inventory.cooperative.billing.dolibarr.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            "the co-operative has no Dolibarr of its own",
            "write `[billing.dolibarr]` into `cooperative.toml`, then accept it",
        )
    })?;
    let key = session.vault(&desk.store).await?.get_secret(KEY).await?.ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            format!("the secret `{KEY}` is not set"),
            format!("`accolades secret set {KEY}`"),
        )
    })?;
    let dolibarr = Dolibarr::new(&own.url, key)?;
    let pushed = in_turn(session, &desk, async || pushed(&desk, &dolibarr, own.bank_account).await).await?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "clients": pushed.clients,
            "documents": pushed.documents,
            "payments": pushed.payments,
            "by_hand": pushed.by_hand,
        }))?;
    } else {
        session.output.data(&format!(
            "{}, {} and {} pushed\n",
            counted(pushed.clients, "third party", "third parties"),
            counted(pushed.documents.len(), "document", "documents"),
            counted(pushed.payments, "payment", "payments")
        ))?;
        if !pushed.by_hand.is_empty() {
            session.output.warn(&format!(
                "{} to be booked there by hand: refunds, returned debits, what was set off, what is for no invoice",
                counted(pushed.by_hand.len(), "movement has", "movements have")
            ));
        }
    }
    Ok(Exit::Ok)
}

async fn pushed(desk: &Desk, dolibarr: &Dolibarr, bank_account: u32) -> Result<Pushed, Failure> {
    let mut documents = Vec::new();
    for record in desk.store.invoices(&Scope::Staff).await? {
        let issued = read_document(&record)?;
        documents.push((record, issued));
    }
    let at_us = desk.now.as_microsecond();
    let pushing = Pushing { store: &desk.store, dolibarr, bank_account, zone: &desk.zone, at_us };
    Ok(push(&pushing, &documents).await?)
}
