//! What clients asked for: seats are turned into the inventory, the rest is closed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::change::{object, propose, show};
use super::{audit, shell};
use crate::domain::ids::PersonId;
use crate::inventory::edit::{Edit, EditError, NewPerson, NewSeat, SeatEnd, seat_add, seat_end};
use crate::inventory::model::{Client, DolibarrRights};
use crate::jobs::Order;
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

/// The fields that turn a request into a seat.
const FIELDS: [&str; 4] = ["person", "username", "mail_domain", "dolibarr"];

/// Rights in Dolibarr, as the inventory's files name them.
const RIGHTS: [(&str, DolibarrRights); 4] = [
    ("none", DolibarrRights::None),
    ("read", DolibarrRights::Read),
    ("write", DolibarrRights::Write),
    ("admin", DolibarrRights::Admin),
];

struct Row {
    number: i64,
    client: Link,
    kind: &'static str,
    at: String,
    text: String,
    is_seat: bool,
    /// What a new person needs, filled in with what the name suggests.
    new: Option<New>,
}

struct New {
    person: String,
    domains: Vec<String>,
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
    html(&shown(&portal, &session, notice, None).await?)
}

async fn shown(
    portal: &Portal,
    session: &StaffSession,
    notice: Option<String>,
    typed: Option<Typed>,
) -> Result<Page, Problem> {
    let words = session.words;
    let requests = portal.store.requests(&Scope::Staff).await?;
    let waiting = requests.iter().filter(|request| !request.state().is_final());
    let rows = waiting.filter_map(|request| row(session, request, words)).collect();
    let shell = shell(session, words.staff_requests(), HERE).saying(notice);
    let rights = [
        ("none", words.rights_none()),
        ("read", words.rights_read()),
        ("write", words.rights_write()),
        ("admin", words.rights_admin()),
    ];
    Ok(Page { shell, typed, rows, rights })
}

fn row(session: &StaffSession, request: &Request, words: Words) -> Option<Row> {
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
        new: (request.kind == RequestKind::SeatAdd).then(|| New {
            person: suggestion(client, text(&asked.detail, "first_name")),
            domains: client.domains.iter().map(|domain| domain.name.clone()).collect(),
        }),
    })
}

fn text<'a>(detail: &'a Value, name: &str) -> &'a str {
    detail.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The first name in letters that an id may have, with a number when somebody has it already.
fn suggestion(client: &Client, first_name: &str) -> String {
    let plain: String =
        first_name.nfd().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
    let is_free = |id: &String| !client.persons.keys().any(|person| person.as_str() == id);
    let numbered = (2..).map(|number| format!("{plain}{number}"));
    let found = std::iter::once(plain.clone()).chain(numbered).find(is_free);
    found.unwrap_or_default()
}

/// Shows what a request changes in the inventory.
pub async fn look(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, Problem> {
    let Some(request) = waiting(&portal, number).await? else { return Ok(closed_already()) };
    match propose(&portal, |files| edit(files, &request, &fields)).await? {
        Ok(proposal) => show(&portal, &session, &proposal, accept_path(number), carried(&fields), None).await,
        Err(objection) => object(&session, objection, HERE),
    }
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
    let proposal = match propose(&portal, |files| edit(files, &request, &fields)).await? {
        Ok(proposal) => proposal,
        Err(objection) => return object(&session, objection, HERE),
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
    let page = html(&shown(&portal, &session, None, Some(typed)).await?)?;
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
    match portal.store.answer_request(request, &step).await {
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

fn carried(fields: &Fields) -> Vec<(String, String)> {
    FIELDS.iter().map(|name| ((*name).to_owned(), fields.get(name).to_owned())).collect()
}

/// The edit that a request asks for.
fn edit(
    files: &std::collections::BTreeMap<String, String>,
    request: &Request,
    fields: &Fields,
) -> Result<Edit, EditError> {
    let nothing = Value::Null;
    let detail = request.asked().map_or(&nothing, |step| &step.detail);
    let unknown = |person: &str| EditError::UnknownPerson {
        client: request.client.clone(),
        person: person.to_owned(),
        likely: None,
    };
    let no_seat = || EditError::NoOpenSeat { client: request.client.clone(), person: String::new() };
    match request.kind {
        RequestKind::Help => Err(no_seat()),
        RequestKind::SeatAdd => {
            let typed = fields.get("person");
            let seat = NewSeat {
                person: PersonId::new(typed).map_err(|_| unknown(typed))?,
                from: text(detail, "from").parse().map_err(|_| no_seat())?,
                add: Some(NewPerson {
                    first_name: text(detail, "first_name").to_owned(),
                    last_name: text(detail, "last_name").to_owned(),
                    username: fields.get("username").to_owned(),
                    mail_domain: fields.get("mail_domain").to_owned(),
                    mailbox_quota: None,
                    dolibarr: rights(fields.get("dolibarr")),
                }),
            };
            seat_add(files, &request.client, &seat)
        }
        RequestKind::SeatEnd => {
            let person = text(detail, "person");
            let end = SeatEnd {
                person: PersonId::new(person).map_err(|_| unknown(person))?,
                until: text(detail, "until").parse().map_err(|_| no_seat())?,
                forward_to: None,
                files_to: None,
            };
            seat_end(files, &request.client, &end)
        }
    }
}

fn rights(word: &str) -> DolibarrRights {
    RIGHTS.into_iter().find(|(one, _)| *one == word).map_or(DolibarrRights::None, |(_, rights)| rights)
}
