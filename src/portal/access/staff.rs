//! The co-operative's people enter with account, password and second factor, all at once: what was wrong is not said.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::util::limits;

use super::super::form::Fields;
use super::super::page::{Shell, html};
use super::super::session::{From, staff_subject};
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{audited, go_on, words_of};

/// Where they go from there.
const HOME: &str = "/equipe";

/// The longest name of an account.
const NAME_LENGTH_MAX: usize = 64;

#[derive(Template)]
#[template(path = "portal/staff-enter.html")]
struct Page {
    shell: Shell,
    name: String,
    mistake: Option<&'static str>,
}

fn page(words: Words, name: &str, mistake: Option<&'static str>) -> Result<Response, Problem> {
    let shell = Shell::bare(words, words.staff_title(), "/equipe/entrer", None);
    html(&Page { shell, name: name.to_owned(), mistake })
}

/// The page that asks.
pub async fn ask(request: Request) -> Result<Response, Problem> {
    page(words_of(request.headers()), "", None)
}

/// Takes all three.
pub async fn enter(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = words_of(&headers);
    let now = portal.now().await?;
    let name: String = fields.get("name").to_lowercase().chars().take(NAME_LENGTH_MAX).collect();
    portal.allow(&format!("staff from {}", from.address), limits::PORTAL_ATTEMPTS_PER_ADDRESS_MAX, now).await?;
    portal.allow(&format!("staff {name}"), limits::PORTAL_ATTEMPTS_PER_ACCOUNT_MAX, now).await?;
    let account = portal.store.account(&name).await?.filter(|account| account.disabled_at_us.is_none());
    let subject = staff_subject(&name);
    let password: String = fields.raw("password").chars().take(*limits::PORTAL_PASSWORD_LENGTH.end()).collect();
    let known = account.as_ref().and_then(|account| account.password.clone());
    let is_password = portal.is_password(password, known).await?;
    // A code is used up only together with the right password.
    let is_in = is_password && portal.takes_factor(&subject, fields.get("code"), now).await?;
    if !is_in {
        let actor = if account.is_some() { subject } else { "nobody".to_owned() };
        portal.audit(audited(actor, "entry-refused", now, &from.address)).await?;
        let page = page(words, &name, Some(words.staff_wrong()))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    portal.audit(audited(subject.clone(), "session-began", now, &from.address)).await?;
    let cookie = portal.begin_session(subject, true, &from, now).await?;
    Ok(go_on(HOME, cookie))
}
