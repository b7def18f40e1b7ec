//! `accolades billing payment set-off`: money that is on a client's account already pays an invoice.

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::payment::demand_past;
use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::statement::{Statement, signed, statement};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{Movement, NewPayment, SET_OFF};

/// What pays what.
#[derive(Debug, Args)]
pub struct SetOff {
    /// The client.
    client: ClientId,
    /// How much, as in 546.00.
    #[arg(value_name = "EUR")]
    amount: String,
    /// The invoice that it pays.
    #[arg(long, value_name = "NUMBER")]
    r#for: String,
    /// The invoice of which too much was paid; when absent, what was paid for no invoice in particular.
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// Day on which it counts, as in 2026-12-15; today when absent.
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
}

/// Runs `billing payment set-off`. In turn with other runs, so that no money is set off twice.
///
/// # Errors
/// When there is not so much, or not so much is open, or the store cannot be written.
pub async fn run(session: &Session, desk: &Desk, wanted: SetOff) -> Result<Exit, Failure> {
    selection::client(&desk.accepted.inventory, wanted.client.as_str())?;
    let cents = Cents::price(&wanted.amount)?;
    if cents.0 <= 0 {
        return Err(Failure::usage("no money moved", "write what is set off: 546.00"));
    }
    let on = wanted.on.unwrap_or(desk.today);
    demand_past(desk, on)?;
    let by = session.who()?;
    let cooperative = &desk.accepted.inventory.cooperative;
    let (taken, put) = in_turn(session, desk, async || {
        let account = statement(&desk.store, &wanted.client, cooperative, desk.today).await?;
        demand(&account, &wanted, cents)?;
        let half = |movement, number| NewPayment {
            client: wanted.client.clone(),
            number,
            movement,
            cents,
            moved_on: on,
            means: SET_OFF.to_owned(),
            reference: String::new(),
            reverses: None,
            by: by.clone(),
            at_us: desk.now.as_microsecond(),
        };
        let from = half(Movement::Refund, wanted.from.clone());
        let to = half(Movement::Payment, Some(wanted.r#for.clone()));
        Ok(desk.store.record_set_off(&from, &to).await?)
    })
    .await?;
    let account = statement(&desk.store, &wanted.client, cooperative, desk.today).await?;
    let left = open(&account, &wanted.r#for).unwrap_or_default();
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "client": wanted.client,
            "taken": taken,
            "put": put,
            "cents": cents,
            "from": wanted.from,
            "number": wanted.r#for,
            "open_cents": left,
            "balance_cents": account.balance,
        }))?;
    } else {
        let number = &wanted.r#for;
        session.output.data(&format!("{cents} of {} pay {number}; {left} of it stay open\n", wanted.client))?;
    }
    Ok(Exit::Ok)
}

/// Only what is there is set off, and only against what is open.
fn demand(account: &Statement, wanted: &SetOff, cents: Cents) -> Result<(), Failure> {
    let of_client = |number: &str| {
        open(account, number).ok_or_else(|| {
            Failure::usage(
                format!("`{number}` is not an invoice of `{}`", wanted.client),
                format!("`accolades billing account {}` shows them", wanted.client),
            )
        })
    };
    let to_pay = of_client(&wanted.r#for)?;
    let there = match &wanted.from {
        Some(number) => Cents(-of_client(number)?.0),
        None => account.payments.iter().filter(|one| one.payment.number.is_none()).map(signed).sum(),
    };
    let what = wanted.from.as_ref().map_or_else(
        || "was paid for no invoice in particular".to_owned(),
        |number| format!("was paid too much for `{number}`"),
    );
    if cents > there {
        return Err(Failure::usage(
            format!("{} {what}, not {cents}", Cents(there.0.max(0))),
            format!("`accolades billing account {}` shows what is there; nothing was recorded", wanted.client),
        ));
    }
    if cents > to_pay {
        return Err(Failure::usage(
            format!("{} of `{}` are open, not {cents}", Cents(to_pay.0.max(0)), wanted.r#for),
            "set off no more than that; nothing was recorded",
        ));
    }
    Ok(())
}

fn open(account: &Statement, number: &str) -> Option<Cents> {
    account.invoices.iter().find(|one| one.record.number == number).map(|one| one.open)
}
