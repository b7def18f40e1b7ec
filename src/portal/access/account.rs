//! What everybody sees and does about their own access: sessions, and a second proof.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::SessionRecord;
use crate::util::limits;

use super::super::factor;
use super::super::form::Fields;
use super::super::page::{Link, Shell, html};
use super::super::say;
use super::super::session::{ContactSession, From, StaffSession};
use super::super::staff::shell;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::audited;
use super::invitation::Codes;

/// A session in words.
struct Row {
    id: String,
    agent: String,
    since: String,
    used: String,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "portal/account.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    close: &'static str,
    /// Contacts choose whether they have a second proof; nothing is said of staff's.
    factor: Option<bool>,
    /// How many recovery codes are left.
    codes_left: String,
    /// What is wrong with the code that was to take the second proof away.
    mistake: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/add-factor.html")]
struct AddFactor {
    shell: Shell,
    secret: String,
    square: String,
    side: i32,
    mistake: Option<&'static str>,
}

fn rows(sessions: Vec<SessionRecord>, here: &str, words: Words, zone: &TimeZone) -> Vec<Row> {
    let open = sessions.into_iter().filter(|session| session.is_open);
    open.map(|session| Row {
        agent: agent(&session.agent, words),
        since: say::moment_us(session.began_at_us, zone, words),
        used: say::moment_us(session.seen_at_us, zone, words),
        is_here: session.id == here,
        id: session.id,
    })
    .collect()
}

/// A browser in two words, as far as it says so.
fn agent(text: &str, words: Words) -> String {
    let first = |names: &[&'static str]| names.iter().find(|name| text.contains(*name)).copied();
    let browser = first(&["Firefox", "Edg", "OPR", "Chrome", "Safari"]);
    let browser = browser.map(|name| match name {
        "Edg" => "Edge",
        "OPR" => "Opera",
        name => name,
    });
    let system = first(&["Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux"]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => words.unknown_agent().to_owned(),
    }
}

/// `3 recovery codes not used`.
async fn codes_left(portal: &Portal, subject: &str, words: Words) -> Result<String, Problem> {
    let count = portal.store.recovery_codes_left(subject).await?;
    Ok(say::count(count, (words.code_left(), words.codes_left()), words))
}

/// A contact's own page.
pub async fn contact(State(portal): State<Arc<Portal>>, contact: ContactSession) -> Result<Response, Problem> {
    contact_page(&portal, &contact, None).await
}

async fn contact_page(
    portal: &Portal,
    contact: &ContactSession,
    mistake: Option<&'static str>,
) -> Result<Response, Problem> {
    let (words, subject) = (contact.words, contact.actor());
    let sessions = portal.store.sessions(&subject, contact.now.as_microsecond()).await?;
    let zone = contact.inventory().cooperative_zone();
    let menu = vec![Link { href: "/".to_owned(), label: words.back().to_owned(), is_here: false }];
    html(&Page {
        shell: Shell { menu, ..Shell::contact(contact, words.account_title(), "/moi") },
        rows: rows(sessions, &contact.record.id, words, &zone),
        close: "/moi/fermer",
        factor: Some(portal.has_factor(&subject).await?),
        codes_left: codes_left(portal, &subject, words).await?,
        mistake,
    })
}

/// The same of the co-operative's people.
pub async fn staff(State(portal): State<Arc<Portal>>, staff: StaffSession) -> Result<Response, Problem> {
    let (words, subject) = (staff.words, staff.actor());
    let sessions = portal.store.sessions(&subject, staff.now.as_microsecond()).await?;
    let zone = staff.inventory().cooperative_zone();
    html(&Page {
        shell: shell(&staff, words.account_title(), "/equipe/moi"),
        rows: rows(sessions, &staff.record.id, words, &zone),
        close: "/equipe/moi/fermer",
        factor: None,
        codes_left: codes_left(&portal, &subject, words).await?,
        mistake: None,
    })
}

async fn close_sessions(
    portal: &Portal,
    subject: String,
    here: &str,
    wanted: &str,
    now: Timestamp,
    from: &From,
) -> Result<(), Problem> {
    let at_us = now.as_microsecond();
    let sessions = portal.store.sessions(&subject, at_us).await?;
    let others = sessions.iter().filter(|session| session.id != here);
    for session in others.filter(|session| wanted == "others" || session.id == wanted) {
        portal.store.end_session(&subject, &session.id, at_us).await?;
    }
    portal.audit(audited(subject, "sessions-closed", now, &from.address)).await
}

/// Closes a session of one's own, or all others.
pub async fn close(
    State(portal): State<Arc<Portal>>,
    contact: ContactSession,
    from: From,
    fields: Fields,
) -> Result<Response, Problem> {
    let here = contact.record.id.clone();
    close_sessions(&portal, contact.actor(), &here, fields.get("session"), contact.now, &from).await?;
    Ok(Redirect::to("/moi").into_response())
}

/// The same for the co-operative's people.
pub async fn close_staff(
    State(portal): State<Arc<Portal>>,
    staff: StaffSession,
    from: From,
    fields: Fields,
) -> Result<Response, Problem> {
    let here = staff.record.id.clone();
    close_sessions(&portal, staff.actor(), &here, fields.get("session"), staff.now, &from).await?;
    Ok(Redirect::to("/equipe/moi").into_response())
}

async fn add_page(
    portal: &Portal,
    contact: &ContactSession,
    mistake: Option<&'static str>,
) -> Result<Response, Problem> {
    let secret = portal.factor_to_add(&contact.actor(), contact.now).await?;
    let house = &contact.inventory().cooperative.identity.name;
    let (square, side) = factor::square(&factor::address(house, &contact.email, &secret))?;
    let shell = Shell::contact(contact, contact.words.factor_add(), "/moi/preuve");
    html(&AddFactor { shell, secret: factor::base32(&secret), square, side, mistake })
}

/// The page that adds a second proof.
pub async fn add_factor(State(portal): State<Arc<Portal>>, contact: ContactSession) -> Result<Response, Problem> {
    if portal.has_factor(&contact.actor()).await? {
        return Ok(Redirect::to("/moi").into_response());
    }
    add_page(&portal, &contact, None).await
}

/// Adds it when its code fits; shows the recovery codes.
pub async fn save_factor(
    State(portal): State<Arc<Portal>>,
    contact: ContactSession,
    from: From,
    fields: Fields,
) -> Result<Response, Problem> {
    let subject = contact.actor();
    if portal.has_factor(&subject).await? {
        return Ok(Redirect::to("/moi").into_response());
    }
    portal.allow(&format!("factor of {subject}"), limits::PORTAL_ATTEMPTS_PER_ACCOUNT_MAX, contact.now).await?;
    let Some(codes) = portal.add_factor(&subject, fields.get("code"), contact.now).await? else {
        let page = add_page(&portal, &contact, Some(contact.words.wrong_factor())).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    portal.audit(audited(subject, "factor-added", contact.now, &from.address)).await?;
    let shell = Shell::contact(&contact, contact.words.codes_title(), "/moi");
    html(&Codes { shell, codes, next: "/moi" })
}

/// Takes it away, for whoever has it at hand.
pub async fn remove_factor(
    State(portal): State<Arc<Portal>>,
    contact: ContactSession,
    from: From,
    fields: Fields,
) -> Result<Response, Problem> {
    let subject = contact.actor();
    // Sent twice: it is gone already.
    if !portal.has_factor(&subject).await? {
        return Ok(Redirect::to("/moi").into_response());
    }
    portal.allow(&format!("factor of {subject}"), limits::PORTAL_ATTEMPTS_PER_ACCOUNT_MAX, contact.now).await?;
    if !portal.takes_factor(&subject, fields.get("code"), contact.now).await? {
        portal.audit(audited(subject, "factor-refused", contact.now, &from.address)).await?;
        let page = contact_page(&portal, &contact, Some(contact.words.wrong_factor())).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    portal.store.drop_factor(&subject).await?;
    factor::forget_secrets(&portal.vault, &subject).await?;
    portal.audit(audited(subject, "factor-removed", contact.now, &from.address)).await?;
    Ok(Redirect::to("/moi").into_response())
}
