//! People and access of one's own organisation.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::inventory::model::ContactRole;
use crate::store::NewAudit;

use super::super::area::Need;
use super::super::form::Fields;
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::{ClientSession, contact_of, contact_subject};
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::DETAIL_VERSION;

#[derive(Template)]
#[template(path = "portal/people.html")]
struct Page {
    shell: Shell,
    contacts: Vec<Row>,
    accounts: Vec<(String, String)>,
    action: String,
    help: String,
}

struct Row {
    name: String,
    email: String,
    roles: String,
    sessions: Option<String>,
    can_close: bool,
    /// Only the co-operative closes theirs.
    is_shared: bool,
}

/// Whether somebody enters for other clients, too, such as an accountant: their sessions are not this client's to see or
/// to close.
fn is_shared(session: &ClientSession, email: &str) -> bool {
    contact_of(session.inventory(), email).len() > 1
}

fn role(role: ContactRole, words: Words) -> &'static str {
    match role {
        ContactRole::Manager => words.role_manager(),
        ContactRole::Billing => words.role_billing(),
        ContactRole::Approver => words.role_approver(),
        ContactRole::Technical => words.role_technical(),
    }
}

/// The page. Who is in is shown to managers only.
pub async fn show(State(portal): State<Arc<Portal>>, session: ClientSession) -> Result<Response, Problem> {
    let words = session.contact.words;
    let now_us = session.contact.now.as_microsecond();
    let mut contacts = Vec::new();
    for contact in &session.client().contacts {
        let email = contact.email.to_lowercase();
        let is_shared = is_shared(&session, &email);
        let open = match session.may(Need::Manager) && !is_shared {
            true => portal.store.sessions(&contact_subject(&email), now_us).await?.len(),
            false => 0,
        };
        let roles: Vec<&str> = contact.roles.iter().map(|one| role(*one, words)).collect();
        contacts.push(Row {
            name: contact.name.clone(),
            roles: roles.join(", "),
            sessions: (open > 0).then(|| {
                let open = i64::try_from(open).unwrap_or(i64::MAX);
                say::count(open, (words.open_session(), words.open_sessions()), words)
            }),
            can_close: open > 0 && email != session.contact.email,
            is_shared: is_shared && session.may(Need::Manager) && email != session.contact.email,
            email: contact.email.clone(),
        });
    }
    let client = session.client();
    let today = session.today();
    let accounts = client.seats_on(today).filter_map(|seat| {
        let person = client.persons.get(&seat.person)?;
        let since = format!("{} {}", words.seat_since(), say::day(seat.from, words));
        Some((format!("{} {}", person.first_name, person.last_name), since))
    });
    html(&Page {
        shell: Shell::client(&session, words.people_title(), "/acces"),
        contacts,
        accounts: accounts.collect(),
        action: session.path("/acces/fermer"),
        help: session.path("/aide"),
    })
}

/// Closes a colleague's sessions.
pub async fn close(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    fields: Fields,
) -> Result<Response, Problem> {
    let wanted = fields.get("email").to_lowercase();
    let is_colleague = session.client().contacts.iter().any(|one| one.email.to_lowercase() == wanted);
    if !is_colleague || is_shared(&session, &wanted) {
        return Err(Problem::Unreadable);
    }
    let at_us = session.contact.now.as_microsecond();
    let ended = portal.store.end_sessions(&contact_subject(&wanted), at_us).await?;
    portal
        .audit(NewAudit {
            at_us,
            actor: session.contact.actor(),
            action: "sessions-closed",
            scope: session.scope(),
            detail: json!({ "version": DETAIL_VERSION, "of": wanted, "sessions": ended }),
        })
        .await?;
    Ok(Redirect::to(&session.path("/acces")).into_response())
}
