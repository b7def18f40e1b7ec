//! What a client asks for: recorded once for each form, told to the co-operative by mail, and listed with what became of it.

use serde_json::Value;

use crate::post::Recipient;
use crate::store::{NewAudit, NewRequest, Request, RequestKind, RequestState, RequestStep};
use crate::util::limits;

use super::super::letters::Letter;
use super::super::picture::Tone;
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::DETAIL_VERSION;

/// The longest name of a form: those that we make are 24 characters.
const FORM_LENGTH_MAX: usize = 64;

/// A request as lists show it.
pub(super) struct Row {
    pub(super) day: String,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) state: &'static str,
    pub(super) tone: Tone,
    pub(super) answers: Vec<String>,
}

/// Records a request; its number. The same form again is the same request.
pub(super) async fn record(
    portal: &Portal,
    session: &ClientSession,
    kind: RequestKind,
    form: &str,
    detail: Value,
) -> Result<i64, Problem> {
    let is_form = !form.is_empty() && form.len() <= FORM_LENGTH_MAX && form.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_form {
        return Err(Problem::Unreadable);
    }
    let client = session.client().id.clone();
    let now = session.contact.now;
    portal.allow(&format!("requests of {client}"), limits::PORTAL_REQUESTS_PER_CLIENT_MAX, now).await?;
    let at_us = now.as_microsecond();
    let new =
        NewRequest { client, kind, form: form.to_owned(), detail: detail.clone(), by: session.contact.actor(), at_us };
    let number = portal.store.ask(&new).await?;
    let audit = serde_json::json!({ "version": DETAIL_VERSION, "request": number, "kind": kind.word() });
    portal
        .audit(NewAudit {
            at_us,
            actor: session.contact.actor(),
            action: "request-asked",
            scope: session.scope(),
            detail: audit,
        })
        .await?;
    portal.send(&session.inventory().cooperative, letter(session, number, kind, &detail), now).await?;
    Ok(number)
}

/// The mail by which the co-operative hears of it.
fn letter(session: &ClientSession, number: i64, kind: RequestKind, detail: &Value) -> Letter {
    let house = &session.inventory().cooperative;
    let client = &session.client().identity.name;
    let person = session.person();
    let what = kind_name(kind, Words::FR);
    let text = format!(
        "{what} — {client}\n\nDe : {} <{}>{}\n\n{}\n\nDemande n° {number} du portail.\n",
        person.name,
        person.email,
        person.phone.as_ref().map(|phone| format!(", {phone}")).unwrap_or_default(),
        in_words(kind, detail, Words::FR),
    );
    Letter {
        key: format!("request/{number}"),
        scope: session.scope(),
        kind: "request",
        to: Recipient { name: Some(house.identity.name.clone()), address: house.support_email.clone() },
        subject: format!("{what} n° {number} : {client}"),
        text,
        is_confidential: false,
    }
}

fn kind_name(kind: RequestKind, words: Words) -> &'static str {
    match kind {
        RequestKind::Help => words.request_help(),
        RequestKind::SeatAdd => words.request_seat_add(),
        RequestKind::SeatEnd => words.request_seat_end(),
    }
}

/// What was asked for, in a sentence.
pub(in crate::portal) fn in_words(kind: RequestKind, detail: &Value, words: Words) -> String {
    let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
    let day = |name: &str| text(name).parse().map(|day| say::day(day, words)).unwrap_or_default();
    let mut out = match kind {
        RequestKind::Help => format!("{}\n{}", text("subject"), text("text")),
        RequestKind::SeatAdd => {
            format!(
                "{} {}, {} {}",
                text("first_name"),
                text("last_name"),
                words.seat_from().to_lowercase(),
                day("from")
            )
        }
        RequestKind::SeatEnd => {
            format!("{}, {} {}", text("name"), words.seat_last_day().to_lowercase(), day("until"))
        }
    };
    if !text("remark").is_empty() {
        out.push('\n');
        out.push_str(text("remark"));
    }
    out
}

/// How far a request is, in a word. A seat that became the inventory is on record: no machine was touched for it yet.
pub(in crate::portal) fn state_name(kind: RequestKind, state: RequestState, words: Words) -> &'static str {
    match state {
        RequestState::Asked => words.request_asked(),
        RequestState::Answered => words.request_answered(),
        RequestState::Done if kind == RequestKind::Help => words.request_done(),
        RequestState::Done => words.request_on_record(),
        RequestState::Refused => words.request_refused(),
        RequestState::Withdrawn => words.request_withdrawn(),
    }
}

/// What was answered with a step: the co-operative's words or, where a seat went into the inventory without any, what
/// follows from that.
pub(in crate::portal) fn answer_words(kind: RequestKind, step: &RequestStep, words: Words) -> Option<String> {
    let said = step.detail.get("words").and_then(Value::as_str).filter(|said| !said.is_empty());
    said.map(str::to_owned).or_else(|| match (kind, step.state) {
        (RequestKind::SeatAdd, RequestState::Done) => Some(words.seat_on_record().to_owned()),
        (RequestKind::SeatEnd, RequestState::Done) => Some(words.seat_end_on_record().to_owned()),
        _ => None,
    })
}

/// A request as a list shows it.
pub(super) fn row(session: &ClientSession, request: &Request, words: Words) -> Row {
    let tone = match request.state() {
        RequestState::Asked | RequestState::Answered => Tone::Warning,
        RequestState::Done => Tone::Good,
        RequestState::Refused | RequestState::Withdrawn => Tone::Unknown,
    };
    let zone = session.zone();
    let asked = request.asked();
    let answers = request.steps.iter().skip(1).filter_map(|step| {
        let said = answer_words(request.kind, step, words)?;
        Some(format!("{} — {said}", say::day_us(step.at_us, &zone, words)))
    });
    Row {
        day: asked.map(|step| say::day_us(step.at_us, &zone, words)).unwrap_or_default(),
        kind: kind_name(request.kind, words),
        text: asked.map(|step| in_words(request.kind, &step.detail, words)).unwrap_or_default(),
        state: state_name(request.kind, request.state(), words),
        tone,
        answers: answers.collect(),
    }
}
