//! `accolades support balance`.

use clap::Args;
use serde_json::json;

use super::{JSON_VERSION, Opened, alerts, waits_elsewhere, year_json, year_words};
use crate::billing::book::Book;
use crate::billing::hours::Hours;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::duration::shown;
use crate::domain::billing::support::exhausted_on;
use crate::domain::ids::ClientId;
use crate::store::Scope;

/// Whose account.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client; without one, all clients with an allowance, the fullest first.
    client: Option<ClientId>,
}

/// Runs `support balance`.
///
/// # Errors
/// When the store cannot be read.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let opened = Opened::of(session).await?;
    let scope = arguments.client.clone().map_or(Scope::Staff, Scope::Client);
    let clients = match &arguments.client {
        Some(id) => vec![selection::client(&opened.accepted.inventory, id.as_str())?],
        None => opened.accepted.inventory.clients.values().collect(),
    };
    let book = Book::read(&opened.store, &scope).await?;
    let mut accounts: Vec<_> = clients
        .into_iter()
        .filter(|client| arguments.client.is_some() || client.contract.start <= opened.today)
        .map(|client| {
            let hours = Hours::of(client, &book.account(&client.id), &opened.zone);
            let year = hours.year(opened.today);
            (client, hours, year)
        })
        .collect();
    accounts.sort_by_key(|(client, _, year)| (-(year.used * 100 / year.allowance.max(1)), client.id.clone()));
    if session.output.is_json() {
        let rows = accounts.iter().map(|(client, hours, year)| {
            let mut told = alerts(&client.id, hours, year, opened.today);
            told.extend(waits_elsewhere(&client.id, hours, year, opened.today));
            let waiting = hours.account.waiting.iter().map(|one| {
                json!({
                    "year_from": one.year.to_string(),
                    "month": one.month,
                    "price_cents": one.price,
                    "minutes": one.minutes,
                    "entries": one.entries,
                })
            });
            json!({
                "client": client.id,
                "year": year_json(year, opened.today),
                "waiting": waiting.collect::<Vec<_>>(),
                "alerts": told,
            })
        });
        let rows: Vec<_> = rows.collect();
        session.output.json(&json!({ "version": JSON_VERSION, "clients": rows }))?;
        return Ok(Exit::Ok);
    }
    if arguments.client.is_some() {
        for (_, _, year) in &accounts {
            session.output.data(&format!("{}\n", year_words(year, opened.today)))?;
        }
    } else {
        let rows = accounts.iter().map(|(client, _, year)| {
            vec![
                client.id.to_string(),
                shown(year.used),
                shown(year.left()),
                year.until.to_string(),
                if year.waiting() > 0 { shown(year.waiting()) } else { String::new() },
                exhausted_on(year, opened.today).map(|day| day.to_string()).unwrap_or_default(),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        session.output.data(&table(&["client", "used", "left", "until", "waiting", "used up on"], &rows))?;
    }
    for (client, hours, year) in &accounts {
        let elsewhere = waits_elsewhere(&client.id, hours, year, opened.today);
        let told = alerts(&client.id, hours, year, opened.today).into_iter().chain(elsewhere);
        told.for_each(|alert| session.output.warn(&alert));
    }
    Ok(Exit::Ok)
}
