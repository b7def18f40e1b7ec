//! Seats: who has one, what one more costs per month and from when, and asking for it. A technician turns the request into
//! the inventory; nothing changes by itself.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use serde_json::json;

use crate::domain::billing::terms::Dated;
use crate::domain::money::Cents;
use crate::store::RequestKind;

use super::super::area::Need;
use super::super::form::{Fields, query};
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{DETAIL_VERSION, requests};

/// The longest name that is taken.
const NAME_LENGTH_MAX: usize = 80;
/// The longest remark.
const REMARK_LENGTH_MAX: usize = 500;

#[derive(Template)]
#[template(path = "portal/seats.html")]
struct Page {
    shell: Shell,
    lead: String,
    cost: String,
    seats: Vec<Seat>,
    may_ask: bool,
    action: String,
    form: String,
    other_form: String,
    today: String,
    mistake: Option<&'static str>,
    requests: Vec<requests::Row>,
}

struct Seat {
    id: String,
    name: String,
    span: String,
    is_open: bool,
}

/// What one more seat adds to a month's bill on a day: nothing while the contract's minimum is not reached.
fn cost_of_one_more(session: &ClientSession, day: Date) -> (Cents, usize) {
    let contract = &session.client().contract;
    let prices: Vec<Dated<Cents>> =
        contract.seat_prices.iter().map(|one| Dated { from: one.from, value: one.price }).collect();
    let price = Dated::on_or_first(&prices, day).copied().unwrap_or(session.inventory().cooperative.seat_price);
    let active = session.client().seats_on(day).count();
    let is_below = active < usize::try_from(contract.minimum_seats).unwrap_or(usize::MAX);
    (if is_below { Cents(0) } else { price }, active)
}

fn cost_words(session: &ClientSession, words: Words) -> String {
    let (price, _) = cost_of_one_more(session, session.today());
    let amount = say::amount(price, words);
    if price.0 == 0 {
        let minimum = session.client().contract.minimum_seats;
        return words.pick(
            format!("Un poste de plus ne coûte rien aujourd’hui\u{a0}: votre contrat compte au moins {minimum}\u{a0}postes, et vous en avez moins."),
            format!("One more seat costs nothing today: your contract counts at least {minimum} seats, and you have fewer."),
        );
    }
    words.pick(
        format!("Un poste de plus coûte {amount} HT par mois, à partir de son premier jour\u{a0}: le premier mois est compté au jour."),
        format!("One more seat costs {amount} a month excluding VAT, from its first day on: the first month is counted by the day."),
    )
}

async fn page(
    portal: &Portal,
    session: &ClientSession,
    notice: Option<String>,
    mistake: Option<&'static str>,
) -> Result<Response, Problem> {
    let (words, today) = (session.contact.words, session.today());
    let client = session.client();
    let mut seats: Vec<(bool, Seat)> = client
        .seats
        .iter()
        .filter(|seat| seat.until.is_none_or(|until| until >= today))
        .map(|seat| {
            let name = client.persons.get(&seat.person).map(|one| format!("{} {}", one.first_name, one.last_name));
            let mut span = format!("{} {}", words.seat_since(), say::day(seat.from, words));
            if let Some(until) = seat.until {
                span.push_str(&format!(", {} {}", words.seat_until(), say::day(until, words)));
            }
            let is_open = seat.until.is_none();
            let id = seat.person.to_string();
            (!is_open, Seat { name: name.unwrap_or_else(|| id.clone()), id, span, is_open })
        })
        .collect();
    seats.sort_by(|(left_ends, left), (right_ends, right)| (left_ends, &left.name).cmp(&(right_ends, &right.name)));
    let (_, active) = cost_of_one_more(session, today);
    let count = i64::try_from(active).unwrap_or(0);
    let lead =
        format!("{} — {}", say::count(count, (words.seat_open(), words.seats_open()), words), say::day(today, words));
    let asked = portal.store.requests(&session.scope()).await?;
    let asked = asked.iter().rev().filter(|one| one.kind != RequestKind::Help);
    html(&Page {
        shell: Shell::client(session, words.seats_title(), "/postes").saying(notice),
        lead,
        cost: cost_words(session, words),
        seats: seats.into_iter().map(|(_, seat)| seat).collect(),
        may_ask: session.may(Need::Manager),
        action: session.path("/postes"),
        form: portal.new_id(),
        other_form: portal.new_id(),
        today: today.to_string(),
        mistake,
        requests: asked.map(|one| requests::row(session, one, words)).collect(),
    })
}

/// The page.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let is_thanked = query(request.uri()).get("merci") == "1";
    let notice = is_thanked.then(|| session.contact.words.request_thanks().to_owned());
    page(&portal, &session, notice, None).await
}

/// What a form asks for, or the mistake in it.
fn wanted(
    session: &ClientSession,
    fields: &Fields,
    words: Words,
) -> Result<(RequestKind, serde_json::Value), &'static str> {
    let remark = fields.text("remark", REMARK_LENGTH_MAX).unwrap_or_default();
    let day = fields.get("day").parse::<Date>().ok();
    if fields.get("what") == "end" {
        let person = session.client().persons.values().find(|one| one.id.as_str() == fields.get("person"));
        let (Some(person), Some(day)) = (person, day) else { return Err(words.needs_person()) };
        if day < session.today() {
            return Err(words.date_too_early());
        }
        let name = format!("{} {}", person.first_name, person.last_name);
        let detail = json!({
            "version": DETAIL_VERSION, "person": person.id, "name": name, "until": day.to_string(), "remark": remark,
        });
        return Ok((RequestKind::SeatEnd, detail));
    }
    let name = |field: &str| fields.text(field, NAME_LENGTH_MAX).filter(|name| !name.is_empty());
    let (Some(first), Some(last), Some(day)) = (name("first_name"), name("last_name"), day) else {
        return Err(words.needs_names());
    };
    if day < session.today() {
        return Err(words.date_too_early());
    }
    let (price, _) = cost_of_one_more(session, day);
    let detail = json!({
        "version": DETAIL_VERSION, "first_name": first, "last_name": last, "from": day.to_string(), "remark": remark,
        "price_cents": price,
    });
    Ok((RequestKind::SeatAdd, detail))
}

/// Asks for a seat, or for the end of one.
pub async fn ask(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let (kind, detail) = match wanted(&session, &fields, words) {
        Ok(wanted) => wanted,
        Err(mistake) => {
            let page = page(&portal, &session, None, Some(mistake)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    requests::record(&portal, &session, kind, fields.get("form"), detail).await?;
    Ok(Redirect::to(&session.path("/postes?merci=1")).into_response())
}
