//! What clients asked for: seats are turned into the inventory, the rest is closed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::change::{Objection, Proposal, object, propose, show};
use super::seats::{New, SeatChange, carried};
use super::{audit, shell};
use crate::jobs::Order;
use crate::portal::answers;
use crate::portal::client::requests::in_words;
use crate::portal::form::{Fields, query};
use crate::portal::page::{Link, Shell, html};
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::{Request, RequestKind, RequestState, RequestStep, Scope, StoreError};
use crate::util::limits;

/// Page of the requests.
const HERE: &str = "/equipe/demandes";

/// Version of what is said to a client.
const ANSWER_VERSION: u32 = 1;

struct Row {
    number: i64,
    client: Link,
    kind: &'static str,
    at: String,
    text: String,
    is_seat: bool,
    /// What a new person needs.
    new: Option<New>,
    /// Why what was typed makes no seat, with the language of that.
    mistake: Option<(String, &'static str)>,
}

/// A seat that was refused: of which request, what was typed, and why.
struct Refused<'a> {
    number: i64,
    fields: &'a Fields,
    mistake: (String, &'static str),
}

/// An answer that was refused, to be mended.
struct Typed {
    number: i64,
    words: String,
    mistake: &'static str,
}

#[derive(Template)]
#[template(path = "portal/staff/requests.html")]
struct Page {
    shell: Shell,
    typed: Option<Typed>,
    rows: Vec<Row>,
    rights: [(&'static str, &'static str); 4],
}

impl Page {
    /// What was typed as the answer to a request, when it has to be mended.
    fn mended(&self, number: &i64) -> Option<&Typed> {
        self.typed.as_ref().filter(|typed| typed.number == *number)
    }
}

/// The requests that wait.
pub async fn page(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    uri: axum::http::Uri,
) -> Result<Response, Problem> {
    let notice = (query(&uri).get("note") == "oui").then(|| session.words.staff_request_answered().to_owned());
    html(&shown(&portal, &session, notice, None, None).await?)
}

async fn shown(
    portal: &Portal,
    session: &StaffSession,
    notice: Option<String>,
    typed: Option<Typed>,
    refused: Option<Refused<'_>>,
) -> Result<Page, Problem> {
    let words = session.words;
    let requests = portal.store.requests(&Scope::Staff).await?;
    let waiting = requests.iter().filter(|request| !request.state().is_final());
    let refused = |request: &Request| refused.as_ref().filter(|refused| refused.number == request.number);
    let rows = waiting.filter_map(|request| row(session, request, refused(request), words)).collect();
    let shell = shell(session, words.staff_requests(), HERE).saying(notice);
    let rights = [
        ("none", words.rights_none()),
        ("read", words.rights_read()),
        ("write", words.rights_write()),
        ("admin", words.rights_admin()),
    ];
    Ok(Page { shell, typed, rows, rights })
}

fn row(session: &StaffSession, request: &Request, refused: Option<&Refused<'_>>, words: Words) -> Option<Row> {
    let client = session.inventory().clients.get(&request.client)?;
    let asked = request.asked()?;
    let zone = session.inventory().cooperative_zone();
    let kind = match request.kind {
        RequestKind::Help => words.staff_request_help(),
        RequestKind::SeatAdd => words.staff_request_seat_add(),
        RequestKind::SeatEnd => words.staff_request_seat_end(),
    };
    Some(Row {
        number: request.number,
        client: Link {
            href: format!("/equipe/clients/{}", client.id),
            label: client.identity.name.clone(),
            is_here: false,
        },
        kind,
        at: say::moment_us(asked.at_us, &zone, words),
        text: in_words(request.kind, &asked.detail, words),
        is_seat: request.kind != RequestKind::Help,
        new: (request.kind == RequestKind::SeatAdd)
            .then(|| New::of(client, &asked.detail, refused.map(|refused| refused.fields))),
        mistake: refused.map(|refused| refused.mistake.clone()),
    })
}

/// Shows what a request changes in the inventory.
pub async fn look(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, Problem> {
    let Some(request) = waiting(&portal, number).await? else { return Ok(closed_already()) };
    match seat(&portal, &session, &request, &fields).await? {
        Ok(proposal) => show(&portal, &session, &proposal, accept_path(number), carried(&fields), None).await,
        Err(refusal) => Ok(refusal),
    }
}

/// The change that a request makes with what was typed, or the page that says why there is none: what can be mended there
/// stays typed.
async fn seat(
    portal: &Portal,
    session: &StaffSession,
    request: &Request,
    fields: &Fields,
) -> Result<Result<Proposal, Response>, Problem> {
    if request.kind == RequestKind::Help {
        return Err(Problem::NotFound);
    }
    let client = session.inventory().clients.get(&request.client);
    let mistake = match SeatChange::read(request, fields, client, session.words) {
        Err(mistake) => (mistake, session.words.code()),
        Ok(change) => match propose(portal, |files| change.make(files)).await? {
            Ok(proposal) => return Ok(Ok(proposal)),
            // The check of the inventory speaks English.
            Err(Objection::Mistakes(mistakes)) => (mistakes, "en"),
            Err(objection) => return Ok(Err(object(session, objection, HERE)?)),
        },
    };
    let refused = Refused { number: request.number, fields, mistake };
    let page = html(&shown(portal, session, None, None, Some(refused)).await?)?;
    Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, page).into_response()))
}

/// Writes and accepts it, closes the request, and orders a plan.
pub async fn accept(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, Problem> {
    let _turn = portal.desk().turn().await;
    if let Some(page) = portal.ordered(fields.get("form")).await? {
        return Ok(Redirect::to(&page).into_response());
    }
    let Some(request) = waiting(&portal, number).await? else { return Ok(closed_already()) };
    let proposal = match seat(&portal, &session, &request, &fields).await? {
        Ok(proposal) => proposal,
        Err(refusal) => return Ok(refusal),
    };
    let Some(version) = proposal.carry_out(&portal, &session, &request.client, fields.get("mark")).await? else {
        let moved = Some(session.words.staff_change_moved());
        return show(&portal, &session, &proposal, accept_path(number), carried(&fields), moved).await;
    };
    answer(&portal, &session, &request, RequestState::Done, json!({ "inventory": version })).await?;
    let day = session.now.to_zoned(session.inventory().cooperative_zone()).date();
    let client = session.inventory().clients.get(&request.client);
    let Some(instance) = client.and_then(|client| client.instance_on(day)) else {
        return Ok(closed_already());
    };
    let order = Order::Plan { instances: vec![instance.clone()] };
    Ok(Redirect::to(&portal.order(&session, fields.get("form"), &order).await?.path).into_response())
}

/// Closes a request that needs nothing of the inventory, or refuses one: the client reads the answer.
pub async fn close(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, Problem> {
    let Some(request) = waiting(&portal, number).await? else { return Ok(closed_already()) };
    let state = match fields.get("state") {
        "done" => RequestState::Done,
        "refused" => RequestState::Refused,
        _ => return Err(Problem::Unreadable),
    };
    let mistake = match fields.text("words", limits::PORTAL_TEXT_LENGTH_MAX) {
        None => session.words.staff_request_too_long(),
        Some(said) if said.is_empty() && state == RequestState::Refused => session.words.staff_request_why(),
        Some(said) => {
            let detail = if said.is_empty() { json!({}) } else { json!({ "words": said }) };
            answer(&portal, &session, &request, state, detail).await?;
            return Ok(closed_already());
        }
    };
    let typed = Typed { number, words: fields.get("words").to_owned(), mistake };
    let page = html(&shown(&portal, &session, None, Some(typed), None).await?)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// A request that waits for an answer; none when it has one already, as after a form that was sent twice.
async fn waiting(portal: &Portal, number: i64) -> Result<Option<Request>, Problem> {
    let request = portal.store.request(&Scope::Staff, number).await?.ok_or(Problem::NotFound)?;
    Ok((!request.state().is_final()).then_some(request))
}

/// Says that a request is closed.
fn closed_already() -> Response {
    Redirect::to(&format!("{HERE}?note=oui")).into_response()
}

async fn answer(
    portal: &Portal,
    session: &StaffSession,
    request: &Request,
    state: RequestState,
    mut detail: Value,
) -> Result<(), Problem> {
    detail["version"] = json!(ANSWER_VERSION);
    let step = RequestStep { state, detail, by: session.actor(), at_us: session.now.as_microsecond() };
    let mail = answers::owed(session.inventory(), request, &step, session.now)?;
    match portal.store.answer_request_by_mail(request, &step, mail.as_ref()).await {
        Ok(()) => {}
        // Somebody else was first, or the form came twice at once: what they said counts.
        Err(StoreError::Conflict { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let scope = Scope::Client(request.client.clone());
    audit(portal, session, "request-closed", scope, json!({ "request": request.number, "state": state.word() })).await
}

fn accept_path(number: i64) -> String {
    format!("{HERE}/{number}/accepter")
}
