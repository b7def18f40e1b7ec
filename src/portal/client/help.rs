//! Asking for help.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::store::RequestKind;
use crate::util::limits;

use super::super::form::{Fields, query};
use super::super::page::{Shell, html};
use super::super::session::ClientSession;
use super::super::{Portal, Problem};
use super::paging::Paging;
use super::{DETAIL_VERSION, requests};

/// The longest heading.
const SUBJECT_LENGTH_MAX: usize = 120;

#[derive(Template)]
#[template(path = "portal/help.html")]
struct Page {
    shell: Shell,
    action: String,
    form: String,
    subject: String,
    text: String,
    mistake: Option<&'static str>,
    requests: Vec<requests::Row>,
    pages: Paging,
}

async fn page(
    portal: &Portal,
    session: &ClientSession,
    notice: Option<String>,
    (subject, text): (String, String),
    mistake: Option<&'static str>,
    asked_page: &str,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let asked = portal.store.requests(&session.scope()).await?;
    let pages = Paging::of(asked_page, asked.len(), |page| session.path(&format!("/aide?page={page}")));
    html(&Page {
        shell: Shell::client(session, words.help_title(), "/aide").saying(notice),
        action: session.path("/aide"),
        form: portal.new_id(),
        subject,
        text,
        mistake,
        requests: pages.rows(asked.iter().rev()).map(|one| requests::row(session, one, words)).collect(),
        pages,
    })
}

/// The page.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let fields = query(request.uri());
    let is_thanked = fields.get("merci") == "1";
    let notice = is_thanked.then(|| session.contact.words.request_thanks().to_owned());
    page(&portal, &session, notice, (String::new(), String::new()), None, fields.get("page")).await
}

/// Takes what is asked.
pub async fn ask(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let subject = fields.text("subject", SUBJECT_LENGTH_MAX).unwrap_or_default().replace('\n', " ");
    let Some(text) = fields.text("text", limits::PORTAL_TEXT_LENGTH_MAX) else { return Err(Problem::TooLarge) };
    if subject.is_empty() || text.is_empty() {
        let page = page(&portal, &session, None, (subject, text), Some(words.help_empty()), "").await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let detail = json!({ "version": DETAIL_VERSION, "subject": subject, "text": text });
    requests::record(&portal, &session, RequestKind::Help, fields.get("form"), detail).await?;
    Ok(Redirect::to(&session.path("/aide?merci=1")).into_response())
}
