//! Invoices: what is open, the archived files, and where each line comes from.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::billing::explain::{Explained, ExplainedLine, explain, rule};
use crate::billing::statement::OpenInvoice;
use crate::domain::billing::document::{DocumentKind, Line};
use crate::store::{InvoiceFile, InvoiceRecord, Movement, PaymentRecord};

use super::super::form::query;
use super::super::page::{Shell, html};
use super::super::picture::Tone;
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::files::{Kind, file};
use super::paging::Paging;
use super::{Fact, money};

#[derive(Template)]
#[template(path = "portal/invoices.html")]
struct Invoices {
    shell: Shell,
    tone: Tone,
    sentence: String,
    next: String,
    rows: Vec<Row>,
    pages: Paging,
    payments: Vec<Paid>,
    payment_pages: Paging,
}

struct Row {
    href: String,
    number: String,
    date: String,
    total: String,
    open: String,
    due: String,
    note: &'static str,
    tone: Option<Tone>,
}

struct Paid {
    day: String,
    what: &'static str,
    amount: String,
    invoice: String,
}

#[derive(Template)]
#[template(path = "portal/invoice.html")]
struct Invoice {
    shell: Shell,
    facts: Vec<Fact>,
    lines: Vec<LineRow>,
    totals: Vec<(String, String)>,
    files: Vec<(String, &'static str)>,
    payments: Vec<Paid>,
    back: String,
}

struct LineRow {
    description: String,
    sum: String,
    total: String,
    why: Vec<String>,
}

/// The page of all invoices, the latest first.
pub async fn list(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let account = money::account(&portal, &session).await?;
    let book = crate::billing::book::Book::read(&portal.store, &session.scope()).await?;
    let (tone, sentence) = money::sentence(&session, &account, words);
    let (month, next) = money::next_bill(&session, &book.account(&session.client().id));
    let month = crate::domain::billing::words::month(month, words.document());
    let next = words.pick(
        format!(
            "Prochaine facture\u{a0}: {month}, environ {} HT d’après ce qui est enregistré aujourd’hui.",
            say::amount(next, words)
        ),
        format!("Next invoice: {month}, about {} excluding VAT as recorded today.", say::amount(next, words)),
    );
    let mut rows: Vec<(jiff::civil::Date, Row)> = Vec::new();
    rows.extend(account.invoices.iter().map(|one| (one.record.issued_on, invoice_row(&session, one, words))));
    rows.extend(account.credit_notes.iter().map(|one| (one.issued_on, credit_row(&session, one, words))));
    rows.sort_by(|(left_day, left), (right_day, right)| (right_day, &right.number).cmp(&(left_day, &left.number)));
    let fields = query(request.uri());
    let link = |list: &str, page: usize| session.path(&format!("/factures?{list}={page}"));
    let pages = Paging::of(fields.get("page"), rows.len(), |page| link("page", page));
    let payments = &account.payments;
    let payment_pages = Paging::of(fields.get("paiements"), payments.len(), |page| link("paiements", page));
    html(&Invoices {
        shell: Shell::client(&session, words.invoices_title(), "/factures"),
        tone,
        sentence,
        next,
        rows: pages.rows(rows).map(|(_, row)| row).collect(),
        pages,
        payments: payment_pages.rows(payments.iter().rev()).map(|one| paid(one, words)).collect(),
        payment_pages,
    })
}

fn invoice_row(session: &ClientSession, one: &OpenInvoice, words: Words) -> Row {
    let is_late = money::is_late(one, session);
    let (note, tone) = match (one.open.0 > 0, is_late) {
        (true, true) => (words.late(), Some(Tone::Bad)),
        (true, false) => (words.open(), Some(Tone::Warning)),
        (false, _) => (words.paid(), Some(Tone::Good)),
    };
    Row {
        href: session.path(&format!("/factures/{}", one.record.number)),
        number: one.record.number.clone(),
        date: say::short_day(one.record.issued_on, words),
        total: say::amount(one.record.gross, words),
        open: say::amount(one.open, words),
        due: say::short_day(one.due_on, words),
        note,
        tone,
    }
}

fn credit_row(session: &ClientSession, one: &InvoiceRecord, words: Words) -> Row {
    Row {
        href: session.path(&format!("/factures/{}", one.number)),
        number: one.number.clone(),
        date: say::short_day(one.issued_on, words),
        total: say::amount(crate::domain::money::Cents(-one.gross.0), words),
        open: String::new(),
        due: String::new(),
        note: words.credit_note(),
        tone: None,
    }
}

fn paid(one: &PaymentRecord, words: Words) -> Paid {
    let payment = &one.payment;
    let what = match payment.movement {
        _ if payment.is_set_off() => words.set_off(),
        Movement::Payment => words.payment(),
        Movement::Refund => words.refund(),
        Movement::Return => words.returned(),
    };
    Paid {
        day: say::short_day(payment.moved_on, words),
        what,
        amount: say::amount(payment.cents, words),
        invoice: payment.number.clone().unwrap_or_else(|| words.no_invoice_named().to_owned()),
    }
}

async fn find(portal: &Portal, session: &ClientSession, number: &str) -> Result<InvoiceRecord, Problem> {
    if number.is_empty() {
        return Err(Problem::NotFound);
    }
    portal.store.invoice(&session.scope(), number).await?.ok_or(Problem::NotFound)
}

/// A document, line by line.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let record = find(&portal, &session, &number).await?;
    let explained = explain(&record)?;
    let issued = &explained.issued;
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value, tone: None };
    let mut facts = vec![fact(words.date(), say::day(issued.issued_on, words))];
    if let Some(corrects) = &issued.corrects {
        facts.push(fact(words.corrects(), corrects.number.clone()));
    }
    let account = money::account(&portal, &session).await?;
    if let Some(open) = account.invoices.iter().find(|one| one.record.number == number) {
        facts.push(fact(words.due_on(), say::day(open.due_on, words)));
        facts.push(fact(words.open(), say::amount(open.open, words)));
    }
    let mut totals = vec![(words.without_vat().to_owned(), say::amount(issued.totals.net, words))];
    for share in &issued.vat {
        let rate = words.pick(
            format!("{} {},{:02}\u{a0}%", words.vat(), share.rate_bp / 100, share.rate_bp % 100),
            format!("{} {}.{:02}%", words.vat(), share.rate_bp / 100, share.rate_bp % 100),
        );
        totals.push((rate, say::amount(share.vat, words)));
    }
    totals.push((words.with_vat().to_owned(), say::amount(issued.totals.gross, words)));
    let files = files_of(&portal, &session, &number).await?;
    let files = files.iter().map(|one| {
        let label = if one.name.ends_with(".pdf") { words.download_pdf() } else { words.download_xml() };
        (session.path(&format!("/factures/{number}/{}", one.name)), label)
    });
    let kind = match issued.kind {
        DocumentKind::Invoice => words.invoice(),
        DocumentKind::CreditNote => words.credit_note(),
    };
    let payments = account.payments.iter().filter(|one| one.payment.number.as_deref() == Some(&number));
    html(&Invoice {
        facts,
        lines: lines(&session, &explained, words),
        totals,
        files: files.collect(),
        payments: payments.map(|one| paid(one, words)).collect(),
        back: session.path("/factures"),
        shell: Shell::client(&session, format!("{kind} {number}"), &format!("/factures/{number}")),
    })
}

fn lines(session: &ClientSession, explained: &Explained, words: Words) -> Vec<LineRow> {
    explained
        .lines()
        .map(|(line, because)| LineRow {
            description: line.description.clone(),
            sum: sum(line, words),
            total: say::amount(line.total, words),
            why: why(session, line, because, words),
        })
        .collect()
}

/// `190 × 39,00 € / 30`.
fn sum(line: &Line, words: Words) -> String {
    let basis = line.basis.to_string();
    let per = if basis == "1" { String::new() } else { format!(" ÷ {basis}") };
    let quantity = line.quantity.to_string();
    let quantity = words.pick(quantity.replace('.', ","), quantity);
    format!("{quantity} × {}{per}", say::amount(line.price, words))
}

/// Which people, days and entries made a line, and by which rule.
fn why(session: &ClientSession, line: &Line, because: Option<&ExplainedLine>, words: Words) -> Vec<String> {
    let mut why: Vec<String> = line.explanation.iter().map(|text| say::held(text, words)).collect();
    let Some(because) = because else { return why };
    let colon = words.colon();
    let rule = say::held(rule(&because.rule, words.document()), words);
    why.push(format!("{} — {rule}", because.rule));
    for person in &because.people {
        let name = session
            .client()
            .persons
            .values()
            .find(|one| one.id.as_str() == person.person)
            .map_or_else(|| person.person.clone(), |one| format!("{} {}", one.first_name, one.last_name));
        let periods: Vec<String> = person
            .periods
            .iter()
            .map(|period| format!("{} → {}", say::short_day(period.from, words), say::short_day(period.until, words)))
            .collect();
        let days = say::count(person.days, (words.day_word(), words.days_word()), words);
        why.push(format!("{name}{colon} {days} ({})", periods.join(", ")));
    }
    for entry in &because.entries {
        let at = say::moment(entry.at, &session.zone(), words);
        let done = entry.words.as_deref().unwrap_or_default();
        let (entry_word, minutes) = (words.entry_word(), say::minutes(entry.minutes));
        why.push(format!("{entry_word}\u{a0}{}{colon} {minutes} — {at} — {done}", entry.entry));
    }
    why
}

async fn files_of(portal: &Portal, session: &ClientSession, number: &str) -> Result<Vec<InvoiceFile>, Problem> {
    let files = portal.store.invoice_files(&session.scope()).await?;
    Ok(files.into_iter().filter(|one| one.number == number).collect())
}

/// An archived file, as it was issued: bytes that are not those of that day are not given out.
pub async fn download(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, number, name)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    find(&portal, &session, &number).await?;
    let files = files_of(&portal, &session, &number).await?;
    let kept = files.into_iter().find(|one| one.name == name).ok_or(Problem::NotFound)?;
    archived(&portal, &kept).await
}

/// A file of the archive, when its bytes are those of the day of issue.
pub(in crate::portal) async fn archived(portal: &Portal, kept: &InvoiceFile) -> Result<Response, Problem> {
    // The name is the store's own, not the visitor's.
    let path = portal.settings.archive.folder().join(&kept.name);
    let bytes = tokio::fs::read(&path).await.map_err(|error| {
        tracing::error!(error = %error, file = kept.name, "an archived document cannot be read");
        Problem::Unavailable
    })?;
    if hex::encode(Sha256::digest(&bytes)) != kept.sha256 {
        tracing::error!(file = kept.name, "an archived document is not the one that was issued");
        return Err(Problem::Unavailable);
    }
    let kind = if kept.name.ends_with(".pdf") { Kind::Pdf } else { Kind::Xml };
    file(kind, &kept.name, bytes)
}
