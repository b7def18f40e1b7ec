//! `accolades support consent`: envelopes of hours beyond the allowance (R17).

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{JSON_VERSION, Opened};
use crate::billing::book::Book;
use crate::billing::hours::Hours;
use crate::billing::work::said;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::duration::{minutes, shown};
use crate::domain::billing::terms::Dated;
use crate::domain::billing::years;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::{Client, ContactRole, OveragePolicy};
use crate::store::{self, Decision, NewConsent, Scope};

/// Minutes of one envelope at most: a hundred hours.
const ENVELOPE_MINUTES_MAX: i64 = 6000;

/// What to do with consent.
#[derive(Debug, Subcommand)]
pub enum Consent {
    /// Ask for an envelope; the words to send to the client's approver are printed
    Request(Request),
    /// Record that the approver agreed: the hours are charged by the next run
    Approve(Answer),
    /// Record that the approver refused: the hours are charged nowhere
    Refuse(Answer),
    /// Requests, their answers, and what waits
    List(List),
}

/// An envelope to ask for.
#[derive(Debug, Args)]
pub struct Request {
    /// The client.
    client: ClientId,
    /// How much: `2h`, `90m`.
    time: String,
    /// What it is for.
    #[arg(long)]
    words: Option<String>,
    /// Hourly price excluding VAT; one that the contract names [default: the one in force].
    #[arg(long, value_name = "EUR")]
    price: Option<String>,
    /// A day of the contract year that it is for, as in 2026-11-10 [default: today].
    #[arg(long, value_name = "DATE")]
    year: Option<jiff::civil::Date>,
}

/// An answer.
#[derive(Debug, Args)]
pub struct Answer {
    /// Number of the request.
    request: i64,
    /// Who answered: name or address of a contact with the role `approver`.
    #[arg(long, value_name = "CONTACT")]
    approver: String,
    /// How: "e-mail of 9 November", "on the telephone".
    #[arg(long, value_name = "WORDS")]
    how: String,
}

/// Which requests.
#[derive(Debug, Args)]
pub struct List {
    /// The client; without one, all.
    client: Option<ClientId>,
}

/// Runs `support consent`.
///
/// # Errors
/// What is refused, or a store that cannot be read or written.
pub async fn run(session: &Session, what: Consent) -> Result<Exit, Failure> {
    let opened = Opened::of(session).await?;
    match what {
        Consent::Request(arguments) => request(session, &opened, arguments).await,
        Consent::Approve(answer) => decide(session, &opened, answer, true).await,
        Consent::Refuse(answer) => decide(session, &opened, answer, false).await,
        Consent::List(arguments) => list(session, &opened, arguments).await,
    }
}

async fn request(session: &Session, opened: &Opened, arguments: Request) -> Result<Exit, Failure> {
    let (client, account) = opened.client(&arguments.client).await?;
    if client.contract.overage == OveragePolicy::PreApproved {
        return Err(Failure::usage(
            format!("`{}` has agreed in advance: `overage` is `pre-approved`", client.id),
            "nothing waits for consent",
        ));
    }
    let time = minutes(&arguments.time)?;
    if !(1..=ENVELOPE_MINUTES_MAX).contains(&time) {
        return Err(Failure::usage(format!("an envelope of {} is none", shown(time)), "1 minute to 100 hours"));
    }
    let hours = Hours::of(client, &account, &opened.zone);
    let day = arguments.year.unwrap_or(opened.today);
    let year = years::contract_year(hours.terms.start, years::year_index(hours.terms.start, day));
    let price = agreed_price(client, &hours, year, day, arguments.price.as_deref())?;
    let words = arguments.words.as_deref().map(|words| said(words, "what it is for")).transpose()?;
    let new = NewConsent {
        client: client.id.clone(),
        year_from: year.from,
        minutes: time,
        price,
        words: words.unwrap_or_default(),
        by: session.who()?,
        at_us: opened.now.as_microsecond(),
    };
    let number = opened.store.request_consent(&new).await?;
    let approvers = approvers(client);
    if session.output.is_json() {
        let consent = store::Consent { request: number, asked: new, decision: None };
        session
            .output
            .json(&json!({ "version": JSON_VERSION, "consent": consent_json(&consent), "approvers": approvers }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&format!(
        "request {number}: {} at {price} an hour for {}, contract year from {} to {}\n",
        shown(time),
        client.id,
        year.from,
        year.until
    ))?;
    session.output.say(&format!(
        "ask {}\nNext: accolades support consent approve {number} --approver CONTACT --how WORDS",
        approvers.join(" or ")
    ));
    Ok(Exit::Ok)
}

/// A price that the contract names; there is no other one (R14).
fn agreed_price(
    client: &Client,
    hours: &Hours,
    year: crate::domain::billing::month::Period,
    day: jiff::civil::Date,
    asked: Option<&str>,
) -> Result<Cents, Failure> {
    let in_force = Dated::on(&hours.terms.hour_prices, day.max(year.from)).copied();
    let price = match asked {
        Some(text) => Some(Cents::price(text)?),
        None => in_force,
    };
    let is_named =
        |price: Cents| client.contract.overage_prices.iter().any(|one| one.price == price && one.from <= year.until);
    match price {
        Some(price) if is_named(price) => Ok(price),
        Some(price) => Err(Failure::usage(
            format!("{price} an hour is not a price of the contract of `{}`", client.id),
            "agree on it first and add it to `[[contract.overage_prices]]`",
        )),
        None => Err(Failure::usage(
            format!("the contract of `{}` names no hourly price", client.id),
            "agree on one first and add it to `[[contract.overage_prices]]`",
        )),
    }
}

fn approvers(client: &Client) -> Vec<String> {
    let approving = client.contacts.iter().filter(|contact| contact.roles.contains(&ContactRole::Approver));
    approving.map(|contact| format!("{} <{}>", contact.name, contact.email)).collect()
}

async fn decide(session: &Session, opened: &Opened, answer: Answer, is_approved: bool) -> Result<Exit, Failure> {
    let consents = opened.store.consents(&Scope::Staff).await?;
    let consent = consents.into_iter().find(|one| one.request == answer.request).ok_or_else(|| {
        Failure::usage(format!("there is no request {}", answer.request), "`accolades support consent list` shows them")
    })?;
    let (client, _) = opened.client(&consent.asked.client).await?;
    let wanted = answer.approver.trim().to_lowercase();
    let found = client.contacts.iter().find(|contact| {
        contact.roles.contains(&ContactRole::Approver)
            && (contact.name.to_lowercase() == wanted || contact.email.to_lowercase() == wanted)
    });
    let contact = found.ok_or_else(|| {
        Failure::usage(
            format!("`{}` is not an approver of `{}`", answer.approver, client.id),
            format!("who may answer: {}", approvers(client).join(", ")),
        )
    })?;
    let decision = Decision {
        is_approved,
        approver: format!("{} <{}>", contact.name, contact.email),
        words: said(&answer.how, "how it was answered")?,
        by: session.who()?,
        at_us: opened.now.as_microsecond(),
    };
    opened.store.decide_consent(&consent, &decision, None).await?;
    let (client, account) = opened.client(&consent.asked.client).await?;
    let hours = Hours::of(client, &account, &opened.zone);
    let waiting: i64 = hours.account.waiting.iter().map(|one| one.minutes).sum();
    if session.output.is_json() {
        let consent = store::Consent { decision: Some(decision), ..consent };
        session.output.json(&json!({
            "version": JSON_VERSION,
            "consent": consent_json(&consent),
            "waiting_minutes": waiting,
        }))?;
        return Ok(Exit::Ok);
    }
    let verb = if is_approved { "approved" } else { "refused" };
    session.output.data(&format!(
        "request {}: {} {verb} by {}\n{} still wait for consent\n",
        consent.request,
        shown(consent.asked.minutes),
        contact.name,
        shown(waiting)
    ))?;
    Ok(Exit::Ok)
}

async fn list(session: &Session, opened: &Opened, arguments: List) -> Result<Exit, Failure> {
    if let Some(id) = &arguments.client {
        crate::cli::selection::client(&opened.accepted.inventory, id.as_str())?;
    }
    let scope = arguments.client.clone().map_or(Scope::Staff, Scope::Client);
    let consents = opened.store.consents(&scope).await?;
    let book = Book::read(&opened.store, &scope).await?;
    let mut waiting = Vec::new();
    for client in opened.accepted.inventory.clients.values() {
        if arguments.client.as_ref().is_some_and(|id| *id != client.id) {
            continue;
        }
        let hours = Hours::of(client, &book.account(&client.id), &opened.zone);
        waiting.extend(hours.account.waiting.into_iter().map(|one| (client.id.clone(), one)));
    }
    if session.output.is_json() {
        let consents: Vec<Value> = consents.iter().map(consent_json).collect();
        let waiting: Vec<Value> = waiting
            .iter()
            .map(|(client, one)| {
                json!({
                    "client": client,
                    "year_from": one.year.to_string(),
                    "month": one.month,
                    "price_cents": one.price,
                    "minutes": one.minutes,
                    "entries": one.entries,
                })
            })
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "requests": consents, "waiting": waiting }))?;
        return Ok(Exit::Ok);
    }
    let row = |one: &store::Consent| {
        let answer = match &one.decision {
            None => "waits for an answer".to_owned(),
            Some(decision) if decision.is_approved => format!("approved by {}", decision.approver),
            Some(decision) => format!("refused by {}", decision.approver),
        };
        vec![
            one.request.to_string(),
            one.asked.client.to_string(),
            one.asked.year_from.to_string(),
            shown(one.asked.minutes),
            one.asked.price.to_string(),
            answer,
        ]
    };
    let rows: Vec<Vec<String>> = consents.iter().map(row).collect();
    session.output.data(&table(&["request", "client", "year from", "time", "an hour", "answer"], &rows))?;
    for (client, one) in &waiting {
        let reason = if one.price.is_some() { "consent" } else { "an hourly price" };
        let (time, month, year) = (shown(one.minutes), one.month, one.year);
        session.output.warn(&format!("{time} of {client} in {month}, contract year from {year}, wait for {reason}"));
    }
    Ok(Exit::Ok)
}

fn consent_json(consent: &store::Consent) -> Value {
    let (state, approver) = match &consent.decision {
        None => ("requested", None),
        Some(decision) if decision.is_approved => ("approved", Some(&decision.approver)),
        Some(decision) => ("refused", Some(&decision.approver)),
    };
    json!({
        "request": consent.request,
        "client": consent.asked.client,
        "year_from": consent.asked.year_from.to_string(),
        "minutes": consent.asked.minutes,
        "price_cents": consent.asked.price,
        "words": consent.asked.words,
        "state": state,
        "approver": approver,
    })
}
