//! Everybody whom the co-operative serves, by name: with or without a machine.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{is_technician, shell};
use crate::billing::book::Book;
use crate::billing::hours::Hours;
use crate::billing::terms;
use crate::portal::page::{Link, Shell, html};
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::Scope;

struct Row {
    client: Link,
    machine: String,
    seats: i64,
    left: String,
    until: String,
}

#[derive(Template)]
#[template(path = "portal/staff/clients.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    may_add: bool,
}

/// The page.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession) -> Result<Response, Problem> {
    let (inventory, words) = (session.inventory(), session.words);
    let day = session.now.to_zoned(inventory.cooperative_zone()).date();
    let zone = terms::zone(&inventory.cooperative);
    let book = Book::read(&portal.store, &Scope::Staff).await?;
    let row = |client: &crate::inventory::model::Client| {
        let year = Hours::of(client, &book.account(&client.id), &zone).year(day);
        Row {
            client: Link {
                href: format!("/equipe/clients/{}", client.id),
                label: client.identity.name.clone(),
                is_here: false,
            },
            machine: client.instance_on(day).map_or_else(|| words.staff_none().to_owned(), ToString::to_string),
            seats: i64::try_from(client.seats_on(day).count()).unwrap_or(i64::MAX),
            left: say::minutes(year.left()),
            until: say::short_day(year.until, words),
        }
    };
    let mut rows: Vec<Row> = inventory.clients.values().map(row).collect();
    rows.sort_by_key(|row| row.client.label.to_lowercase());
    let shell = shell(&session, words.staff_clients(), "/equipe/clients");
    html(&Page { shell, rows, may_add: is_technician(&session) })
}
