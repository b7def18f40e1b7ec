//! `accolades billing credit`.

use clap::Args;
use serde_json::json;

use super::issue::{in_json, rows};
use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept};
use crate::billing::credit::{Wish, draft};
use crate::billing::issue::Issuer;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::money::Cents;

/// Longest reason that is printed.
const REASON_LENGTH_MAX: usize = 200;

/// What to credit.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Number of the invoice, as in F2026-00042.
    number: String,
    /// A line of it; give it again for another [default: all that is left].
    #[arg(long, value_name = "LINE")]
    line: Vec<u32>,
    /// An amount of the one line, excluding VAT, as in 50.00 [default: all that is left of it].
    #[arg(long, value_name = "EUR", requires = "line")]
    amount: Option<String>,
    /// Why, as the client reads it.
    #[arg(long, value_name = "WORDS")]
    reason: String,
    /// The next run charges it again; without this it is given up for good.
    #[arg(long)]
    charge_again: bool,
    #[command(flatten)]
    kept: Kept,
}

/// Runs `billing credit`.
///
/// # Errors
/// When more is asked for than is left, somebody else issues, it is not confirmed, or something cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    in_turn(session, &desk, async || with_turn(session, &desk, arguments).await).await
}

async fn with_turn(session: &Session, desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let reason = arguments.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_LENGTH_MAX || reason.chars().any(char::is_control) {
        return Err(Failure::usage(
            "a credit note says why it is written",
            format!("one line of at most {REASON_LENGTH_MAX} characters"),
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
    issuer.prepare().await?;
    let amount = arguments.amount.as_deref().map(Cents::price).transpose()?;
    let wish = Wish {
        number: &arguments.number,
        lines: &arguments.line,
        amount,
        reason,
        charge_again: arguments.charge_again,
    };
    let made = draft(&desk.store, &desk.accepted.inventory, &wish, desk.today).await?;
    let totals = made.document.issued.totals;
    session.output.say(&format!(
        "credit note for {} of {}: {} + {} VAT = {}",
        arguments.number, made.client, totals.net, totals.vat, totals.gross
    ));
    session.output.say(if arguments.charge_again {
        "the next run charges it again"
    } else {
        "it is given up for good; `--charge-again` lets the next run charge it again"
    });
    session.confirm("Issue it? A number that was given is never taken back.")?;
    let records = issuer.number(&made.client, made.ledger_charges, &[made.document], None).await?;
    issuer.send(&records).await?;
    if session.output.is_json() {
        let issued: Vec<_> = records.iter().map(in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "issued": issued }))?;
    } else {
        session.output.data(&rows(&records))?;
    }
    Ok(Exit::Ok)
}
