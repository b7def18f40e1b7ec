//! `accolades billing issue`.

use clap::Args;
use serde_json::{Value, json};

use super::draft::{in_words, kind_word, tell_left_out, waiting};
use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept, Which, send};
use crate::billing::draft::{Draft, draft};
use crate::billing::issue::Issuer;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::document::DocumentKind;
use crate::domain::money::Cents;
use crate::store::InvoiceRecord;
use crate::util::count::counted;

/// What to issue.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Send what was issued, as `billing send` does.
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    kept: Kept,
}

/// Runs `billing issue`.
///
/// # Errors
/// When somebody else issues, store and journal disagree, it is not confirmed, or something cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let (exit, records) = in_turn(session, &desk, async || with_turn(session, &desk, arguments).await).await?;
    if !arguments.send || records.is_empty() {
        return Ok(exit);
    }
    // They were confirmed when they were issued.
    let ours = |record: &InvoiceRecord| records.iter().any(|one| one.number == record.number);
    let sent = send::send(session, &desk, &arguments.kept, ours, false).await?;
    Ok(if sent == Exit::Ok { exit } else { sent })
}

async fn with_turn(
    session: &Session,
    desk: &Desk,
    arguments: &Arguments,
) -> Result<(Exit, Vec<InvoiceRecord>), Failure> {
    let (run, only) = desk.which(&arguments.which)?;
    if desk.today <= run.month.last() {
        return Err(Failure::usage(
            format!("{} is not over: it is charged in arrears (R5)", run.month),
            format!(
                "issue from {} on; `accolades billing draft {}` shows it before",
                run.month.next().first(),
                run.month
            ),
        ));
    }
    let archive = arguments.kept.archive();
    let who = session.who()?;
    let issuer = Issuer {
        store: &desk.store,
        archive: &archive,
        inventory_number: desk.accepted.number,
        billing: &desk.accepted.inventory.cooperative.billing,
        by: &who,
        now: desk.now,
        observe: &|_| {},
    };
    let completed = issuer.prepare().await?;
    if !completed.is_empty() {
        session.output.say(&format!("completed what a run that was cut short had left: {}", completed.join(", ")));
    }
    let draft = draft(&desk.store, &desk.accepted.inventory, run, desk.today, only.as_ref()).await?;
    session.output.say(in_words(&draft).trim_end());
    tell_left_out(session, &draft);
    let records = if draft.clients.is_empty() {
        Vec::new()
    } else {
        let documents: usize = draft.clients.iter().map(|client| client.documents.len()).sum();
        let documents = counted(documents, "document", "documents");
        session.confirm(&format!("Issue {documents}? A number that was given is never taken back."))?;
        issuer.issue(&draft).await?
    };
    tell(session, &draft, &records)?;
    Ok((if draft.left_out.is_empty() { Exit::Ok } else { Exit::Partial }, records))
}

fn tell(session: &Session, draft: &Draft, records: &[InvoiceRecord]) -> Result<(), Failure> {
    if session.output.is_json() {
        let issued: Vec<Value> = records.iter().map(in_json).collect();
        return session.output.json(&json!({
            "version": JSON_VERSION,
            "month": draft.run.month,
            "issued_on": draft.issued_on.to_string(),
            "issued": issued,
            "left_out": draft.left_out,
            "waiting": waiting(draft),
        }));
    }
    if records.is_empty() {
        return session.output.data("0 new documents\n");
    }
    session.output.data(&rows(records))
}

/// Issued documents as a table.
pub fn rows(records: &[InvoiceRecord]) -> String {
    let row = |record: &InvoiceRecord| {
        let sign = if record.kind == DocumentKind::CreditNote { -1 } else { 1 };
        vec![
            record.number.clone(),
            record.issued_on.to_string(),
            record.client.to_string(),
            match &record.corrects {
                Some(of) => format!("credit of {of}"),
                None => kind_word(record.kind).to_owned(),
            },
            Cents(sign * record.net.0).to_string(),
            Cents(sign * record.vat.0).to_string(),
            Cents(sign * record.gross.0).to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = records.iter().map(row).collect();
    table(&["number", "date", "client", "document", "excl. VAT", "VAT", "incl. VAT"], &rows)
}

/// An issued document as JSON, without its content.
pub fn in_json(record: &InvoiceRecord) -> Value {
    json!({
        "number": record.number,
        "kind": record.kind,
        "client": record.client,
        "issued_on": record.issued_on.to_string(),
        "month": record.month,
        "corrects": record.corrects,
        "net_cents": record.net,
        "vat_cents": record.vat,
        "gross_cents": record.gross,
        "sha256": record.sha256,
    })
}
