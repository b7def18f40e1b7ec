//! Documents: what the contract says, the statement of hours, where sheets and keys are, how one leaves.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;

use crate::billing::book::Book;
use crate::billing::paperwork::Paperwork;
use crate::domain::billing::terms::Dated;
use crate::domain::billing::years;
use crate::domain::money::Cents;
use crate::inventory::model::DatedPrice;

use super::super::area::Need;
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::Fact;
use super::files::{Kind, file};
use super::sheets::{self, Sheets};

#[derive(Template)]
#[template(path = "portal/documents.html")]
struct Page {
    shell: Shell,
    contract: Vec<Fact>,
    statement: String,
    invoices: Option<String>,
    sheets: Sheets,
    backups: String,
    help: String,
}

/// The page.
pub async fn show(State(portal): State<Arc<Portal>>, session: ClientSession) -> Result<Response, Problem> {
    let words = session.contact.words;
    let book = Book::read(&portal.store, &session.scope()).await?;
    let notices = book.account(&session.client().id).notices;
    html(&Page {
        shell: Shell::client(&session, words.documents_title(), "/documents"),
        contract: contract(&session, notices, words),
        statement: session.path("/documents/releve-assistance.pdf"),
        invoices: session.may(Need::Billing).then(|| session.path("/factures")),
        sheets: sheets::read(&portal, &session).await?,
        backups: session.path("/sauvegardes"),
        help: session.path("/aide"),
    })
}

fn price_on(prices: &[DatedPrice], day: jiff::civil::Date) -> Option<Cents> {
    let prices: Vec<Dated<Cents>> = prices.iter().map(|one| Dated { from: one.from, value: one.price }).collect();
    Dated::on_or_first(&prices, day).copied()
}

fn contract(
    session: &ClientSession,
    notices: Vec<crate::domain::billing::terms::RenewalNotice>,
    words: Words,
) -> Vec<Fact> {
    let (client, today) = (session.client(), session.today());
    let contract = &client.contract;
    let terms = crate::billing::terms::terms(client, notices);
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value, tone: None };
    let mut facts = vec![fact(words.contract_start(), say::day(contract.start, words))];
    match contract.end {
        Some(end) => facts.push(fact(words.contract_ended(), say::day(end, words))),
        None => {
            let year = years::contract_year(terms.start, years::year_index(terms.start, today.max(terms.start)));
            facts.push(fact(words.contract_term(), say::day(year.until, words)));
            let refusal = year.until.saturating_sub(i64::from(contract.refusal_deadline_days).days());
            facts.push(fact(words.contract_refusal(), say::day(refusal, words)));
        }
    }
    if contract.minimum_seats > 0 {
        facts.push(fact(words.contract_seats(), contract.minimum_seats.to_string()));
    }
    facts.push(fact(words.contract_hours(), say::minutes(i64::from(contract.support_minutes_per_year))));
    if session.may(Need::Billing) {
        let seat = price_on(&contract.seat_prices, today).unwrap_or(session.inventory().cooperative.seat_price);
        facts.push(fact(words.contract_seat_price(), format!("{} {}", say::amount(seat, words), words.without_vat())));
        let hour = price_on(&contract.overage_prices, today).map_or_else(
            || words.contract_no_price().to_owned(),
            |price| format!("{} {}", say::amount(price, words), words.without_vat()),
        );
        facts.push(fact(words.contract_hour_price(), hour));
    }
    facts
}

/// The statement of hours of the present contract year, printed now: the same that the co-operative prints.
pub async fn statement(State(portal): State<Arc<Portal>>, session: ClientSession) -> Result<Response, Problem> {
    let book = Book::read(&portal.store, &session.scope()).await?;
    let account = book.account(&session.client().id);
    let today = session.today();
    let print = move || {
        let (cooperative, client, zone) = (&session.inventory().cooperative, session.client(), &session.zone());
        Paperwork { cooperative, client, account: &account, zone, today }.statement()
    };
    let bytes = tokio::task::spawn_blocking(print).await.map_err(|_| Problem::Bug)?.map_err(Problem::from)?;
    file(Kind::Pdf, &format!("releve-assistance-{today}.pdf"), bytes)
}
