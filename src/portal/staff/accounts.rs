//! The co-operative's own accounts: who may enter as what. They are changed on the server's command line only.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::shell;
use crate::portal::page::{Shell, html};
use crate::portal::picture::Tone;
use crate::portal::session::staff_subject;
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession};
use crate::store::{StaffAccount, StaffRole};

struct Row {
    name: String,
    account: String,
    email: String,
    role: &'static str,
    state: &'static str,
    tone: Tone,
    sessions: usize,
}

#[derive(Template)]
#[template(path = "portal/staff/accounts.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
}

/// The page.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession) -> Result<Response, Problem> {
    let words = session.words;
    let now_us = session.now.as_microsecond();
    let mut rows = Vec::new();
    for account in portal.store.accounts().await? {
        let sessions = portal.store.sessions(&staff_subject(&account.name), now_us).await?;
        let (tone, state) = state(&account, words);
        rows.push(Row {
            name: account.full_name,
            account: account.name,
            email: account.email,
            role: role(account.role, words),
            state,
            tone,
            sessions: sessions.iter().filter(|one| one.is_open).count(),
        });
    }
    html(&Page { shell: shell(&session, words.staff_accounts(), "/equipe/comptes"), rows })
}

fn state(account: &StaffAccount, words: Words) -> (Tone, &'static str) {
    match (account.disabled_at_us, &account.password) {
        (Some(_), _) => (Tone::Unknown, words.account_closed()),
        (None, None) => (Tone::Warning, words.account_invited()),
        (None, Some(_)) => (Tone::Good, words.account_open()),
    }
}

fn role(role: StaffRole, words: Words) -> &'static str {
    match role {
        StaffRole::Technician => words.role_technician(),
        StaffRole::Bookkeeper => words.role_bookkeeper(),
        StaffRole::Admin => words.role_admin(),
    }
}
