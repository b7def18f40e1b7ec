//! `accolades billing account`.

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::issue::in_json;
use super::{Desk, JSON_VERSION};
use crate::billing::statement::{OpenInvoice, statement};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

/// Whose account.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client.
    client: ClientId,
}

/// Runs `billing account`.
///
/// # Errors
/// When the store cannot be read.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    selection::client(&desk.accepted.inventory, arguments.client.as_str())?;
    let cooperative = &desk.accepted.inventory.cooperative;
    let account = statement(&desk.store, &arguments.client, cooperative, desk.today).await?;
    if session.output.is_json() {
        let invoices = account.invoices.iter().map(|one| {
            json!({
                "invoice": in_json(&one.record),
                "due_on": one.due_on.to_string(),
                "open_cents": one.open,
                "days_late": one.interest.map(|interest| interest.days),
                "interest_cents": one.interest.map(|interest| interest.interest),
                "compensation_cents": one.interest.map(|interest| interest.compensation),
            })
        });
        let invoices: Vec<_> = invoices.collect();
        session.output.json(&json!({
            "version": JSON_VERSION,
            "client": arguments.client,
            "on": desk.today.to_string(),
            "invoices": invoices,
            "credit_notes": account.credit_notes.iter().map(in_json).collect::<Vec<_>>(),
            "balance_cents": account.balance,
        }))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = account.invoices.iter().map(|one| row(one, desk.today)).collect();
    let headings = ["invoice", "date", "incl. VAT", "open", "due on", "late"];
    session.output.data(&table(&headings, &rows))?;
    for note in &account.credit_notes {
        let of = note.corrects.as_deref().unwrap_or_default();
        session.output.data(&format!("{} of {} credits {of}: {}\n", note.number, note.issued_on, note.gross))?;
    }
    for one in &account.payments {
        let payment = &one.payment;
        session.output.data(&format!(
            "{} {} of {}: {}, {}\n",
            payment.word(),
            one.position,
            payment.moved_on,
            payment.cents,
            payment.number.as_deref().unwrap_or("for no invoice in particular"),
        ))?;
    }
    let words = match account.balance.0 {
        0 => "nothing is owed".to_owned(),
        owed if owed > 0 => format!("owed by the client: {}", account.balance),
        _ => format!("owed to the client: {}", Cents(-account.balance.0)),
    };
    session.output.data(&format!("on {}: {words}\n", desk.today))?;
    Ok(Exit::Ok)
}

fn row(one: &OpenInvoice, today: Date) -> Vec<String> {
    let late = match one.interest {
        _ if one.open.0 <= 0 || today <= one.due_on => String::new(),
        None => "interest unknown: no rate of this half-year".to_owned(),
        Some(interest) => {
            format!("{} days: {} + {}", interest.days, interest.interest, interest.compensation)
        }
    };
    vec![
        one.record.number.clone(),
        one.record.issued_on.to_string(),
        one.record.gross.to_string(),
        one.open.to_string(),
        one.due_on.to_string(),
        late,
    ]
}
