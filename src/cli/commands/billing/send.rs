//! `accolades billing send`.

use clap::Args;
use serde_json::{Value, json};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept};
use crate::billing::send::{self, Pending, Unsent};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::month::Month;
use crate::domain::ids::ClientId;
use crate::post::Delivered;
use crate::store::InvoiceRecord;
use crate::util::count::counted;
use crate::util::limits;

/// What to send.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Numbers of documents, as in F2026-00042 [default: everything that was not sent yet].
    number: Vec<String>,
    /// Only what the run of this month issued, as in 2026-11.
    #[arg(long, value_name = "MONTH")]
    month: Option<Month>,
    /// Only this client's; give it again for another.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<ClientId>,
    #[command(flatten)]
    kept: Kept,
}

/// Runs `billing send`.
///
/// # Errors
/// When store and journal disagree, it is not confirmed, or the mail server lets nobody in: then mails wait in the outbox.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    for client in &arguments.client {
        selection::client(&desk.accepted.inventory, client.as_str())?;
    }
    for number in &arguments.number {
        super::show::find(&desk, number).await?;
    }
    let wanted = |record: &InvoiceRecord| {
        (arguments.number.is_empty() || arguments.number.contains(&record.number))
            && (arguments.client.is_empty() || arguments.client.contains(&record.client))
            && (arguments.month.is_none() || record.month == arguments.month)
    };
    send(session, &desk, &arguments.kept, wanted, true).await
}

/// Sends what `wanted` names of what was not sent yet, after showing it.
///
/// # Errors
/// As [`run`].
pub async fn send(
    session: &Session,
    desk: &Desk,
    kept: &Kept,
    wanted: impl Fn(&InvoiceRecord) -> bool,
    asks: bool,
) -> Result<Exit, Failure> {
    let who = session.who()?;
    let archive = kept.archive();
    let sending = send::Desk {
        store: &desk.store,
        archive: &archive,
        inventory: &desk.accepted.inventory,
        by: &who,
        now: desk.now,
    };
    // In turn, because a run that is under way has numbered what is not in the journal yet (R25).
    let (pending, put) = in_turn(session, desk, async || {
        archive.journal().reconcile(&desk.store).await?;
        let pending = sending.pending(wanted).await?;
        if pending.by_mail.is_empty() {
            return Ok((pending, 0));
        }
        session.output.say(rows(&pending.by_mail).trim_end());
        if asks {
            let mails: usize = pending.by_mail.iter().map(|one| one.to.len()).sum();
            session.confirm(&format!("Send {}?", counted(mails, "mail", "mails")))?;
        }
        let mut put = 0;
        for unsent in &pending.by_mail {
            put += sending.put_in(unsent).await?.len();
        }
        Ok((pending, put))
    })
    .await?;
    for left in &pending.left_out {
        session.output.warn(&format!("{} of {} is not sent: {}; {}", left.number, left.client, left.reason, left.mend));
    }
    let delivered = if put == 0 {
        Delivered::default()
    } else {
        session.deliver(&desk.store, &desk.accepted.inventory.cooperative, limits::MAIL_BATCH_MAX).await?
    };
    tell(session, &pending, &delivered)
}

fn tell(session: &Session, pending: &Pending, delivered: &Delivered) -> Result<Exit, Failure> {
    let is_whole = pending.left_out.is_empty() && delivered.failed.is_empty() && delivered.unknown.is_empty();
    let exit = if is_whole { Exit::Ok } else { Exit::Partial };
    if session.output.is_json() {
        let documents = |list: &[Unsent]| -> Vec<Value> {
            let of = |one: &Unsent| json!({ "number": one.record.number, "route": one.route, "to": one.to });
            list.iter().map(of).collect()
        };
        session.output.json(&json!({
            "version": JSON_VERSION,
            "by_mail": documents(&pending.by_mail),
            "by_platform": documents(&pending.by_platform),
            "left_out": pending.left_out,
            "mails_sent": delivered.sent,
            "mails_later": delivered.later,
            "mails_failed": delivered.failed,
            "mails_that_may_have_been_sent": delivered.unknown,
        }))?;
        return Ok(exit);
    }
    if !pending.by_platform.is_empty() {
        let numbers: Vec<&str> = pending.by_platform.iter().map(|one| one.record.number.as_str()).collect();
        session.output.say(&format!(
            "not by e-mail, but through a platform: {}; `accolades billing platform exchange` hands them over",
            numbers.join(", ")
        ));
    }
    if pending.by_mail.is_empty() && pending.left_out.is_empty() {
        session.output.data("nothing to send by e-mail\n")?;
        return Ok(exit);
    }
    crate::cli::commands::mail::tell_delivered(session, delivered)?;
    Ok(exit)
}

fn rows(unsent: &[Unsent]) -> String {
    let row = |one: &Unsent| {
        let record = &one.record;
        vec![record.number.clone(), record.client.to_string(), record.gross.to_string(), one.to.join(", ")]
    };
    table(&["number", "client", "incl. VAT", "to"], &unsent.iter().map(row).collect::<Vec<_>>())
}
