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
use super::paging::Paging;
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
    add: Typed,
    end: Typed,
    requests: Vec<requests::Row>,
    pages: Paging,
}

/// What somebody typed into one of the two forms, to be corrected: nothing has to be typed twice.
#[derive(Default)]
struct Typed {
    first_name: String,
    last_name: String,
    person: String,
    day: String,
    remark: String,
    mistakes: Vec<Mistake>,
}

/// The name of a field, and what is wrong with it.
type Mistake = (&'static str, &'static str);

impl Typed {
    fn of(fields: &Fields, mistakes: Vec<Mistake>) -> Typed {
        let field = |name: &str, length_max: usize| fields.get(name).chars().take(length_max).collect();
        Typed {
            first_name: field("first_name", NAME_LENGTH_MAX),
            last_name: field("last_name", NAME_LENGTH_MAX),
            person: field("person", NAME_LENGTH_MAX),
            day: field("day", NAME_LENGTH_MAX),
            remark: field("remark", REMARK_LENGTH_MAX),
            mistakes,
        }
    }

    /// What is wrong with a field.
    fn mistake(&self, field: &str) -> Option<&'static str> {
        self.mistakes.iter().find(|(name, _)| *name == field).map(|(_, text)| *text)
    }
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
        let minimum = i64::from(session.client().contract.minimum_seats);
        let minimum = say::count(minimum, (words.seat_word(), words.seats_word()), words);
        return words.pick(
            format!("Un poste de plus ne coûte rien aujourd’hui\u{a0}: votre contrat compte au moins {minimum}, et vous en avez moins."),
            format!("One more seat costs nothing today: your contract counts at least {minimum}, and you have fewer."),
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
    (add, end): (Typed, Typed),
    asked_page: &str,
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
    let asked: Vec<_> = asked.iter().rev().filter(|one| one.kind != RequestKind::Help).collect();
    let pages = Paging::of(asked_page, asked.len(), |page| session.path(&format!("/postes?page={page}")));
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
        add,
        end,
        requests: pages.rows(asked).map(|one| requests::row(session, one, words)).collect(),
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
    page(&portal, &session, notice, (Typed::default(), Typed::default()), fields.get("page")).await
}

/// A text that must be there.
fn needed(fields: &Fields, name: &'static str, missing: &'static str, words: Words) -> Result<String, Mistake> {
    match fields.text(name, NAME_LENGTH_MAX) {
        None => Err((name, words.too_large_title())),
        Some(text) if text.is_empty() => Err((name, missing)),
        Some(text) => Ok(text),
    }
}

/// What a form asks for, or every mistake in it.
fn wanted(
    session: &ClientSession,
    fields: &Fields,
    words: Words,
) -> Result<(RequestKind, serde_json::Value), Vec<Mistake>> {
    let remark = fields.text("remark", REMARK_LENGTH_MAX).ok_or(("remark", words.too_large_title()));
    let day = match fields.get("day").parse::<Date>() {
        Err(_) => Err(("day", words.needs_date())),
        Ok(day) if day < session.today() => Err(("day", words.date_too_early())),
        Ok(day) => Ok(day),
    };
    if fields.get("what") == "end" {
        let person = session.client().persons.values().find(|one| one.id.as_str() == fields.get("person"));
        let person = person.ok_or(("person", words.needs_person()));
        return match (person, day, remark) {
            (Ok(person), Ok(day), Ok(remark)) => {
                let name = format!("{} {}", person.first_name, person.last_name);
                let detail = json!({
                    "version": DETAIL_VERSION, "person": person.id, "name": name, "until": day.to_string(), "remark": remark,
                });
                Ok((RequestKind::SeatEnd, detail))
            }
            (person, day, remark) => Err([person.err(), day.err(), remark.err()].into_iter().flatten().collect()),
        };
    }
    let first = needed(fields, "first_name", words.needs_first_name(), words);
    let last = needed(fields, "last_name", words.needs_last_name(), words);
    match (first, last, day, remark) {
        (Ok(first), Ok(last), Ok(day), Ok(remark)) => {
            let (price, _) = cost_of_one_more(session, day);
            let detail = json!({
                "version": DETAIL_VERSION, "first_name": first, "last_name": last, "from": day.to_string(),
                "remark": remark, "price_cents": price,
            });
            Ok((RequestKind::SeatAdd, detail))
        }
        (first, last, day, remark) => {
            Err([first.err(), last.err(), day.err(), remark.err()].into_iter().flatten().collect())
        }
    }
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
        Err(mistakes) => {
            let (typed, other) = (Typed::of(&fields, mistakes), Typed::default());
            let forms = if fields.get("what") == "end" { (other, typed) } else { (typed, other) };
            let page = page(&portal, &session, None, forms, "").await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    requests::record(&portal, &session, kind, fields.get("form"), detail).await?;
    Ok(Redirect::to(&session.path("/postes?merci=1")).into_response())
}
