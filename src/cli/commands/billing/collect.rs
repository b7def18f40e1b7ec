//! `accolades billing collect`: the file of direct debits for the bank.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::debit::draft::{CollectionDraft, Ready, Which, draft, notice};
use crate::billing::debit::file::{Making, make};
use crate::billing::notify::Notice;
use crate::billing::remind::addresses;
use crate::billing::terms::language;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{CollectionFile, NewMail};
use crate::util::count::counted;

/// What to collect.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only from this client; give it again for another.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<ClientId>,
    /// Collect this invoice once more after it came back; give it again for another.
    #[arg(long, value_name = "NUMBER")]
    again: Vec<String>,
    /// Days of collection up to this one [default: 14 days ahead].
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Only show what would be collected.
    #[arg(long)]
    draft: bool,
    /// Folder of the files for the bank.
    #[arg(
        long,
        value_name = "DIR",
        env = "ACCOLADES_COLLECTIONS",
        hide_env_values = true,
        default_value = "collections"
    )]
    out: PathBuf,
}

/// Runs `billing collect`.
///
/// # Errors
/// When it is not confirmed, somebody else bills, or a file cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    for client in &arguments.client {
        selection::client(&desk.accepted.inventory, client.as_str())?;
    }
    let which = Which {
        only: (!arguments.client.is_empty()).then(|| arguments.client.iter().cloned().collect()),
        again: arguments.again.iter().cloned().collect(),
        until: arguments.until,
    };
    if arguments.draft {
        let draft = draft(&desk.store, &desk.accepted.inventory, &which, desk.today).await?;
        return shown(session, &draft);
    }
    in_turn(session, &desk, async || collect(session, &desk, &which, &arguments.out).await).await
}

async fn collect(session: &Session, desk: &Desk, which: &Which, out: &Path) -> Result<Exit, Failure> {
    for file in desk.store.collection_files().await? {
        if write(out, &file)? {
            session.output.say(&format!("wrote `{}` again, which was not there", path(out, &file).display()));
        }
    }
    let inventory = &desk.accepted.inventory;
    let draft = draft(&desk.store, inventory, which, desk.today).await?;
    if draft.ready.is_empty() {
        return shown(session, &draft);
    }
    session.output.say(words(&draft).trim_end());
    let total: Cents = draft.ready.iter().map(|one| one.cents).sum();
    let debits = counted(draft.ready.len(), "debit", "debits");
    session.confirm(&format!("Collect {total} with {debits}? The bank moves money on this file."))?;
    let who = session.who()?;
    let id = format!("ACC-{}-{}", desk.today.strftime("%Y%m%d"), session.randomness.hex(4));
    let made = make(inventory, &draft.ready, &Making { id, by: &who, now: desk.now, zone: &desk.zone })?;
    let told = announced(desk, &draft, &who)?;
    let mails: Vec<NewMail> = told.iter().flat_map(|(_, mails)| mails.iter().cloned()).collect();
    desk.store.record_collections(&made.file, &made.collections, &mails).await?;
    write(out, &made.file)?;
    let path = path(out, &made.file);
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "file": path.display().to_string(),
            "id": made.file.id,
            "sha256": made.file.sha256,
            "total_cents": total,
            "collections": draft.ready.iter().map(in_json).collect::<Vec<_>>(),
            "left_out": draft.left_out,
        }))?;
    } else {
        session.output.data(&format!("{}: {total}, {debits}\n", path.display()))?;
    }
    for (one, mails) in told {
        let to: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
        session.output.say(&format!("{} is told of its debit on {}: {}", one.client, one.on, to.join(", ")));
    }
    Ok(if draft.left_out.is_empty() { Exit::Ok } else { Exit::Partial })
}

/// The mails of collections that no invoice announced: they are announced today.
fn announced<'a>(
    desk: &Desk,
    draft: &'a CollectionDraft,
    who: &str,
) -> Result<Vec<(&'a Ready, Vec<NewMail>)>, Failure> {
    let inventory = &desk.accepted.inventory;
    let cooperative = &inventory.cooperative;
    let creditor_id = cooperative.billing.creditor_id.as_deref().unwrap_or_default();
    let mut told = Vec::new();
    for one in draft.ready.iter().filter(|one| !one.is_announced) {
        let client = selection::client(inventory, one.client.as_str())?;
        let (subject, text) = notice(one, language(client.language), creditor_id, &cooperative.identity.name);
        let notice = Notice { kind: "debit-notice", about: one.end_to_end_id(), subject, text, pdf: None };
        told.push((one, notice.mails(cooperative, client, &addresses(client), who, desk.now)?));
    }
    Ok(told)
}

fn path(out: &Path, file: &CollectionFile) -> PathBuf {
    out.join(format!("{}.xml", file.id))
}

/// Writes a file unless it is there; whether it was written.
fn write(out: &Path, file: &CollectionFile) -> Result<bool, Failure> {
    let path = path(out, file);
    if path.exists() {
        return Ok(false);
    }
    files::write_private(&path, file.content.as_bytes())?;
    Ok(true)
}

fn shown(session: &Session, draft: &CollectionDraft) -> Result<Exit, Failure> {
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "ready": draft.ready.iter().map(in_json).collect::<Vec<_>>(),
            "later": draft.later.iter().map(in_json).collect::<Vec<_>>(),
            "left_out": draft.left_out,
        }))?;
    } else {
        session.output.data(&words(draft))?;
    }
    Ok(if draft.left_out.is_empty() { Exit::Ok } else { Exit::Partial })
}

fn words(draft: &CollectionDraft) -> String {
    let row = |one: &Ready| {
        vec![
            one.number.clone(),
            one.client.to_string(),
            one.cents.to_string(),
            one.on.to_string(),
            one.mandate.reference.clone(),
            one.sequence.word().to_owned(),
            if one.is_announced { "on the invoice".to_owned() } else { "today".to_owned() },
        ]
    };
    let headings = ["invoice", "client", "amount", "collected on", "mandate", "sequence", "told"];
    let mut out = if draft.ready.is_empty() {
        "nothing is to be collected now\n".to_owned()
    } else {
        table(&headings, &draft.ready.iter().map(row).collect::<Vec<_>>())
    };
    for one in &draft.later {
        out.push_str(&format!("later: {} of {}, {} on {}\n", one.number, one.client, one.cents, one.on));
    }
    for one in &draft.left_out {
        out.push_str(&format!("left out: {} of {}: {}; {}\n", one.number, one.client, one.reason, one.mend));
    }
    out
}

fn in_json(one: &Ready) -> Value {
    json!({
        "client": one.client,
        "number": one.number,
        "end_to_end_id": one.end_to_end_id(),
        "cents": one.cents,
        "collected_on": one.on.to_string(),
        "mandate": one.mandate.reference,
        "scheme": one.mandate.scheme,
        "sequence": one.sequence,
        "attempt": one.attempt,
        "announced": one.is_announced,
    })
}
