//! The audit log: who did what, the latest first. It is only ever added to.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::shell;
use crate::portal::form::query;
use crate::portal::page::{Shell, html};
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::{AuditEntry, Scope};
use crate::util::limits;

/// Page of the log.
const HERE: &str = "/equipe/journal";

struct Row {
    position: i64,
    at: String,
    by: String,
    what: String,
    about: String,
}

#[derive(Template)]
#[template(path = "portal/staff/journal.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
}

/// The page.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession, uri: Uri) -> Result<Response, Problem> {
    let words = session.words;
    let zone = session.inventory().cooperative_zone();
    let before = query(&uri).get("avant").parse().unwrap_or(i64::MAX);
    let limit = u32::try_from(limits::PORTAL_PAGE_ROWS).unwrap_or(u32::MAX);
    let entries = portal.store.audit_entries(&Scope::Staff, before, limit).await?;
    let older = entries.last().map(|last| last.position).filter(|position| *position > 1);
    let rows = entries.iter().map(|entry| Row {
        position: entry.position,
        at: say::moment_us(entry.at_us, &zone, words),
        by: actor(&entry.actor).to_owned(),
        what: deed(&entry.action, words).to_owned(),
        about: about(entry, &session),
    });
    html(&Page {
        rows: rows.collect(),
        previous: (before != i64::MAX).then(|| HERE.to_owned()),
        next: older.map(|position| format!("{HERE}?avant={position}")),
        shell: shell(&session, words.staff_journal(), HERE),
    })
}

/// The client whose data it touches, by name.
fn about(entry: &AuditEntry, session: &StaffSession) -> String {
    match &entry.scope {
        Scope::Client(id) => {
            let client = session.inventory().clients.get(id);
            client.map_or_else(|| id.to_string(), |client| client.identity.name.clone())
        }
        Scope::Staff => String::new(),
    }
}

/// Who did it, without what kind of person it is: an account's name, or an address.
pub(super) fn actor(subject: &str) -> &str {
    subject.split_once(':').map_or(subject, |(_, name)| name)
}

/// What was done, in words. What is new here is shown by its name.
pub(super) fn deed(action: &str, words: Words) -> &str {
    match action {
        "account-added" => words.deed_account_added(),
        "account-closed" => words.deed_account_closed(),
        "account-opened" => words.deed_account_opened(),
        "account-reset" => words.deed_account_reset(),
        "apply-ordered" => words.deed_apply_ordered(),
        "client-added" => words.deed_client_added(),
        "entry-proven-by-mail" => words.deed_entry_proven(),
        "entry-refused" => words.deed_entry_refused(),
        "factor-added" => words.deed_factor_added(),
        "factor-refused" => words.deed_factor_refused(),
        "factor-removed" => words.deed_factor_removed(),
        "inventory-accepted" => words.deed_inventory_accepted(),
        "invitation-used" => words.deed_invitation_used(),
        "issue-ordered" => words.deed_issue_ordered(),
        "overage-approved" => words.deed_overage_approved(),
        "overage-refused" => words.deed_overage_refused(),
        "plan-ordered" => words.deed_plan_ordered(),
        "request-asked" => words.deed_request_asked(),
        "request-closed" => words.deed_request_closed(),
        "session-began" => words.deed_session_began(),
        "session-left" => words.deed_session_left(),
        "sessions-closed" => words.deed_sessions_closed(),
        "support-logged" => words.deed_support_logged(),
        other => other,
    }
}
