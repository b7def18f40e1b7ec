//! The month run: the draft, who waits for another run, the confirmation, and what was issued.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::{audit, shell};
use crate::billing::draft::{Draft, draft};
use crate::billing::terms;
use crate::domain::billing::difference::Run;
use crate::domain::billing::month::Month;
use crate::domain::billing::words::month as in_words;
use crate::domain::billing::zone;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::Inventory;
use crate::jobs::Order;
use crate::portal::form::{Fields, query};
use crate::portal::page::{Shell, html};
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::Scope;

/// Fields that leave a client for another run begin with this.
const WITHOUT: &str = "sans-";

/// A client of the draft.
struct Line {
    field: String,
    is_out: bool,
    name: String,
    documents: usize,
    amounts: [String; 3],
}

/// A document that was issued.
struct Issued {
    number: String,
    client: String,
    gross: String,
    files: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/staff/month.html")]
struct Page {
    shell: Shell,
    mistake: Option<&'static str>,
    month: String,
    month_name: String,
    is_over: bool,
    lines: Vec<Line>,
    totals: [String; 3],
    gross_cents: i64,
    documents: usize,
    left_out: Vec<[String; 3]>,
    waiting: Vec<String>,
    issued: Vec<Issued>,
    form: String,
}

/// The draft of a month; the one before the present unless another is named.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession, uri: Uri) -> Result<Response, Problem> {
    let fields = query(&uri);
    let (month, mistake) = match fields.get("mois") {
        "" => (last_month(&session), None),
        typed => match typed.parse() {
            Ok(month) => (month, None),
            Err(_) => (last_month(&session), Some(session.words.staff_month_bad())),
        },
    };
    let leave_out = left_for_later(&session, &fields);
    html(&shown_page(&portal, &session, month, &leave_out, mistake).await?)
}

/// Orders that exactly this be issued.
pub async fn issue(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    fields: Fields,
) -> Result<Response, Problem> {
    if let Some(page) = portal.ordered(fields.get("form")).await? {
        return Ok(Redirect::to(&page).into_response());
    }
    let month: Month = fields.get("mois").parse().map_err(|_| Problem::Unreadable)?;
    let leave_out = left_for_later(&session, &fields);
    let page = shown_page(&portal, &session, month, &leave_out, None).await?;
    if !page.is_over || fields.get("total") != page.gross_cents.to_string() {
        let mistake =
            if page.is_over { session.words.staff_month_moved() } else { session.words.staff_month_not_over() };
        let page = html(&Page { mistake: Some(mistake), ..page })?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let left: Vec<ClientId> = leave_out.into_iter().collect();
    let order = Order::Issue { month, leave_out: left.clone(), gross: Cents(page.gross_cents) };
    let ordered = portal.order(&session, fields.get("form"), &order).await?;
    let detail = json!({ "month": month, "gross_cents": page.gross_cents, "left_out": left });
    if ordered.is_new {
        audit(&portal, &session, "issue-ordered", Scope::Staff, detail).await?;
    }
    Ok(Redirect::to(&ordered.path).into_response())
}

fn last_month(session: &StaffSession) -> Month {
    let tz = terms::zone(&session.inventory().cooperative);
    Month::of(zone::day(&tz, session.now)).previous()
}

fn left_for_later(session: &StaffSession, fields: &Fields) -> BTreeSet<ClientId> {
    let is_out = |client: &&ClientId| fields.get(&format!("{WITHOUT}{client}")) == "oui";
    session.inventory().clients.keys().filter(is_out).cloned().collect()
}

async fn shown_page(
    portal: &Portal,
    session: &StaffSession,
    month: Month,
    leave_out: &BTreeSet<ClientId>,
    mistake: Option<&'static str>,
) -> Result<Page, Problem> {
    let (words, inventory) = (session.words, session.inventory());
    let tz = terms::zone(&inventory.cooperative);
    let today = zone::day(&tz, session.now);
    let run = Run { month, is_final: false };
    let draft = draft(&portal.store, inventory, run, today, None).await?;
    let (lines, sums, documents) = lines(&draft, leave_out, words);
    let left_out = draft.left_out.iter().map(|one| [one.name.clone(), one.reason.clone(), one.mend.clone()]).collect();
    let name = |id: &ClientId| name(inventory, id);
    let waiting = draft.waiting.iter();
    let waiting =
        waiting.map(|(id, minutes)| format!("{}{} {}", name(id), words.colon(), say::minutes(*minutes))).collect();
    Ok(Page {
        shell: shell(session, words.staff_month(), "/equipe/mois"),
        mistake,
        month: month.to_string(),
        month_name: in_words(month, words.document()),
        is_over: today > month.last(),
        lines,
        totals: sums.map(|sum| say::amount(sum, words)),
        gross_cents: sums[2].0,
        documents,
        left_out,
        waiting,
        issued: issued(portal, session, month).await?,
        form: portal.new_id(),
    })
}

/// The clients of a draft; sums and documents of those who are not left for later.
fn lines(draft: &Draft, leave_out: &BTreeSet<ClientId>, words: Words) -> (Vec<Line>, [Cents; 3], usize) {
    let (mut sums, mut documents) = ([Cents(0); 3], 0);
    let lines = draft.clients.iter().map(|one| {
        let (net, vat, gross) = one.totals();
        let is_out = leave_out.contains(&one.client);
        if !is_out {
            documents += one.documents.len();
            for (sum, amount) in sums.iter_mut().zip([net, vat, gross]) {
                sum.0 += amount.0;
            }
        }
        Line {
            field: format!("{WITHOUT}{}", one.client),
            is_out,
            name: one.name.clone(),
            documents: one.documents.len(),
            amounts: [net, vat, gross].map(|amount| say::amount(amount, words)),
        }
    });
    let lines = lines.collect();
    (lines, sums, documents)
}

fn name(inventory: &Inventory, id: &ClientId) -> String {
    inventory.clients.get(id).map_or_else(|| id.to_string(), |client| client.identity.name.clone())
}

async fn issued(portal: &Portal, session: &StaffSession, month: Month) -> Result<Vec<Issued>, Problem> {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in portal.store.invoice_files(&Scope::Staff).await? {
        files.entry(file.number).or_default().push(file.name);
    }
    let name = |id: &ClientId| name(session.inventory(), id);
    let records = portal.store.invoices(&Scope::Staff).await?;
    let of_month = records.into_iter().filter(|record| record.month == Some(month)).map(|record| Issued {
        client: name(&record.client),
        gross: say::amount(record.gross, session.words),
        files: files.remove(&record.number).unwrap_or_default(),
        number: record.number,
    });
    Ok(of_month.collect())
}
