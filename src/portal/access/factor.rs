//! The second proof of a contact who wants one.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use crate::store::SessionRecord;
use crate::util::limits;

use super::super::form::{Fields, inside, query};
use super::super::page::{Shell, html};
use super::super::session::{self, From};
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{audited, go_on, with_fields, words_of};

#[derive(Template)]
#[template(path = "portal/factor.html")]
struct Page {
    shell: Shell,
    vers: String,
    mistake: Option<&'static str>,
}

async fn page(portal: &Portal, words: Words, vers: &str, mistake: Option<&'static str>) -> Result<Response, Problem> {
    let accepted = portal.accepted().await?;
    let house = &accepted.inventory.cooperative;
    let shell = Shell::bare(words, words.factor_title(), with_fields("/entrer/preuve", &[("vers", vers)]), Some(house));
    html(&Page { shell, vers: vers.to_owned(), mistake })
}

/// The session that waits for a second proof.
async fn waiting(portal: &Portal, headers: &HeaderMap) -> Result<Option<SessionRecord>, Problem> {
    let now = portal.now().await?;
    Ok(session::current(portal, headers, now).await?.filter(|session| !session.is_open))
}

/// The page that asks for it.
pub async fn ask(State(portal): State<Arc<Portal>>, request: Request) -> Result<Response, Problem> {
    if waiting(&portal, request.headers()).await?.is_none() {
        return Ok(Redirect::to("/").into_response());
    }
    page(&portal, words_of(request.headers()), inside(query(request.uri()).get("vers")), None).await
}

/// Takes it: another session begins, with another cookie.
pub async fn take(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    let Some(session) = waiting(&portal, &headers).await? else { return Ok(Redirect::to("/").into_response()) };
    let now = portal.now().await?;
    let (words, vers) = (words_of(&headers), inside(fields.get("vers")));
    portal.allow(&format!("factor of {}", session.subject), limits::PORTAL_ATTEMPTS_PER_ACCOUNT_MAX, now).await?;
    if !portal.takes_factor(&session.subject, fields.get("code"), now).await? {
        portal.audit(audited(session.subject, "factor-refused", now, &from.address)).await?;
        let page = page(&portal, words, vers, Some(words.wrong_factor())).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    portal.store.end_session(&session.subject, &session.id, now.as_microsecond()).await?;
    portal.audit(audited(session.subject.clone(), "session-began", now, &from.address)).await?;
    let cookie = portal.begin_session(session.subject, true, &from, now).await?;
    Ok(go_on(vers, cookie))
}
