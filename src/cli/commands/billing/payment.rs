//! `accolades billing payment`: money that moved, recorded by hand.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::json;

use super::set_off::{self, SetOff};
use super::{Desk, JSON_VERSION};
use crate::billing::statement::statement;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{Movement, NewPayment, Scope};

/// What to record.
#[derive(Debug, Subcommand)]
pub enum Payment {
    /// A client paid
    Record(Record),
    /// The co-operative gave money back
    Refund(Record),
    /// The bank took a payment back: the invoice is open again, nothing is deleted
    Return(Return),
    /// What no invoice of a client needs pays one of its invoices: nothing moves at the bank
    SetOff(SetOff),
}

/// A movement.
#[derive(Debug, Args)]
pub struct Record {
    /// The client.
    client: ClientId,
    /// How much, as in 546.00.
    #[arg(value_name = "EUR")]
    amount: String,
    /// Day of the movement at the bank, as in 2026-12-15.
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// The invoice that it is for.
    #[arg(long, value_name = "NUMBER")]
    r#for: Option<String>,
    /// How.
    #[arg(long, value_enum, default_value_t = Means::Transfer)]
    means: Means,
    /// The bank's reference.
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
}

/// A payment that came back.
#[derive(Debug, Args)]
pub struct Return {
    /// Number of the payment, as `accolades billing account` shows it.
    payment: i64,
    /// Day on which the bank took it back.
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// The bank's reason code or words.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// How money moved.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Means {
    Transfer,
    DirectDebit,
    Cheque,
    Cash,
}

impl Means {
    const fn word(self) -> &'static str {
        match self {
            Means::Transfer => "transfer",
            Means::DirectDebit => "direct-debit",
            Means::Cheque => "cheque",
            Means::Cash => "cash",
        }
    }
}

/// Runs `billing payment`.
///
/// # Errors
/// When what is named does not exist, or the store cannot be written.
pub async fn run(session: &Session, what: Payment) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let new = match what {
        Payment::SetOff(wanted) => return set_off::run(session, &desk, wanted).await,
        Payment::Record(record) => moved(session, &desk, record, Movement::Payment).await?,
        Payment::Refund(record) => moved(session, &desk, record, Movement::Refund).await?,
        Payment::Return(taken) => returned(session, &desk, taken).await?,
    };
    let position = desk.store.record_payment(&new).await?;
    let cooperative = &desk.accepted.inventory.cooperative;
    let account = statement(&desk.store, &new.client, cooperative, desk.today).await?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "payment": position,
            "movement": new.movement.word(),
            "client": new.client,
            "cents": new.cents,
            "number": new.number,
            "balance_cents": account.balance,
        }))?;
    } else {
        let word = new.movement.word();
        session.output.data(&format!(
            "{word} {position}: {} of {}; the balance is {}\n",
            new.cents, new.client, account.balance
        ))?;
    }
    Ok(Exit::Ok)
}

async fn moved(session: &Session, desk: &Desk, record: Record, movement: Movement) -> Result<NewPayment, Failure> {
    selection::client(&desk.accepted.inventory, record.client.as_str())?;
    let cents = Cents::price(&record.amount)?;
    if cents.0 <= 0 {
        return Err(Failure::usage("no money moved", "write what moved: 546.00"));
    }
    demand_past(desk, record.on)?;
    if let Some(number) = &record.r#for {
        let found = desk.store.invoice(&Scope::Client(record.client.clone()), number).await?;
        if found.is_none_or(|found| found.corrects.is_some()) {
            return Err(Failure::usage(
                format!("`{number}` is not an invoice of `{}`", record.client),
                format!("`accolades billing list --client {}` shows them", record.client),
            ));
        }
    }
    Ok(NewPayment {
        client: record.client,
        number: record.r#for,
        movement,
        cents,
        moved_on: record.on,
        means: record.means.word().to_owned(),
        reference: record.reference.unwrap_or_default(),
        reverses: None,
        by: session.who()?,
        at_us: desk.now.as_microsecond(),
    })
}

async fn returned(session: &Session, desk: &Desk, taken: Return) -> Result<NewPayment, Failure> {
    let payments = desk.store.payments(&Scope::Staff).await?;
    let paid = payments
        .into_iter()
        .find(|one| one.position == taken.payment && one.payment.movement == Movement::Payment)
        // What was set off never came from a bank.
        .filter(|one| !one.payment.is_set_off())
        .ok_or_else(|| {
            Failure::usage(
                format!("there is no payment {}", taken.payment),
                "`accolades billing account CLIENT` shows payments with their numbers",
            )
        })?;
    demand_past(desk, taken.on)?;
    if taken.on < paid.payment.moved_on {
        return Err(Failure::usage(
            format!(
                "payment {} came on {}: it cannot have gone back on {}",
                paid.position, paid.payment.moved_on, taken.on
            ),
            "`--on` is the day on which the bank took it back; nothing was recorded",
        ));
    }
    Ok(NewPayment {
        movement: Movement::Return,
        moved_on: taken.on,
        reference: taken.reason,
        reverses: Some(paid.position),
        by: session.who()?,
        at_us: desk.now.as_microsecond(),
        ..paid.payment
    })
}

pub(super) fn demand_past(desk: &Desk, on: Date) -> Result<(), Failure> {
    if on <= desk.today {
        return Ok(());
    }
    Err(Failure::usage(format!("{on} is in the future"), "record money once it has moved"))
}
