//! `accolades billing show`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::issue::in_json;
use super::{Desk, JSON_VERSION, platform};
use crate::billing::draft::read_document;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::when;
use crate::domain::billing::decimal::Decimal;
use crate::domain::billing::document::{DocumentKind, Issued, Line, Unit};
use crate::platform::cdar::word;
use crate::store::{FileKind, InvoiceRecord, InvoiceStatus, MailRecord, Scope};

/// Which document.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its number, as in F2026-00042.
    number: String,
}

/// Runs `billing show`.
///
/// # Errors
/// When there is no such document.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let record = find(&desk, &arguments.number).await?;
    let issued = read_document(&record)?;
    let all = desk.store.invoices(&Scope::Client(record.client.clone())).await?;
    let credits: Vec<&InvoiceRecord> =
        all.iter().filter(|one| one.corrects.as_deref() == Some(record.number.as_str())).collect();
    let files = desk.store.invoice_files(&Scope::Client(record.client.clone())).await?;
    let files: Vec<_> = files.into_iter().filter(|file| file.number == record.number).collect();
    let scope = Scope::Client(record.client.clone());
    let mails = desk.store.mails(&scope, None, Some(&record.number)).await?;
    let handed_over = desk.store.platform_files(&scope, Some(&record.number)).await?;
    let statuses = desk.store.invoice_statuses(&scope, Some(&record.number)).await?;
    if session.output.is_json() {
        let kept =
            files.iter().map(|file| json!({ "name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes }));
        session.output.json(&json!({
            "version": JSON_VERSION,
            "record": in_json(&record),
            "document": issued,
            "credit_notes": credits.iter().map(|one| in_json(one)).collect::<Vec<_>>(),
            "files": kept.collect::<Vec<_>>(),
            "mails": mails.iter().map(mail_json).collect::<Vec<_>>(),
            "platform": handed_over.iter().map(platform::in_json).collect::<Vec<_>>(),
            "statuses": statuses.iter().map(status_json).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Ok);
    }
    let mut out = in_words(&issued);
    for credit in credits {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "credited by {} on {}: {}", credit.number, credit.issued_on, credit.gross);
    }
    for file in files {
        let _ = writeln!(out, "archived as {}, SHA-256 {}", file.name, file.sha256);
    }
    for mail in &mails {
        let _ = writeln!(out, "mail {} to {}: {}", mail.position, mail.recipient, mail.state.word());
    }
    for file in handed_over.iter().filter(|file| file.kind == FileKind::Document) {
        let _ = writeln!(out, "through {}: {} {}", file.route, platform::state(file.state), file.answer);
    }
    for status in &statuses {
        let _ = writeln!(out, "{}", status_words(status, &desk));
    }
    session.output.data(&out)?;
    Ok(Exit::Ok)
}

fn mail_json(mail: &MailRecord) -> Value {
    json!({ "number": mail.position, "to": mail.recipient, "state": mail.state, "changed_at_us": mail.changed_at_us })
}

fn status_json(status: &InvoiceStatus) -> Value {
    let one = &status.status;
    let collected: Value = serde_json::from_str(&one.collected).unwrap_or_default();
    json!({
        "code": one.code,
        "word": word(one.code),
        "direction": if one.is_incoming { "in" } else { "out" },
        "at_us": one.at_us,
        "reason": one.reason,
        "collected": collected["collected"],
    })
}

/// `2026-12-02: 200 Déposée`.
fn status_words(status: &InvoiceStatus, desk: &Desk) -> String {
    let one = &status.status;
    let day = when::minute(one.at_us, &desk.zone);
    let reason = one.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{day}  {} {}{reason}", one.code, word(one.code))
}

/// The document of a number.
///
/// # Errors
/// When there is none.
pub async fn find(desk: &Desk, number: &str) -> Result<InvoiceRecord, Failure> {
    let found = desk.store.invoice(&Scope::Staff, number).await?;
    found.ok_or_else(|| {
        Failure::usage(format!("no document is called `{number}`"), "`accolades billing list` shows their numbers")
    })
}

fn in_words(issued: &Issued) -> String {
    let kind = match issued.kind {
        DocumentKind::Invoice => "Invoice",
        DocumentKind::CreditNote => "Credit note",
    };
    let mut out = format!(
        "{kind} {} of {}\nto {} ({})\n",
        issued.number, issued.issued_on, issued.buyer.name, issued.contract.id
    );
    // Writing to a String cannot fail.
    if let Some(corrects) = &issued.corrects {
        let _ = writeln!(out, "corrects {} of {}: {}", corrects.number, corrects.issued_on, corrects.reason);
    }
    for line in &issued.lines {
        let _ = writeln!(out, "\n{}", line_words(line));
        for sentence in &line.explanation {
            let _ = writeln!(out, "   {sentence}");
        }
    }
    let _ = writeln!(out, "\nexcluding VAT  {}", issued.totals.net);
    for share in &issued.vat {
        let (whole, rest) = (share.rate_bp / 100, share.rate_bp % 100);
        let _ = writeln!(out, "VAT {whole}.{rest:02} % on {}  {}", share.base, share.vat);
        if let Some(text) = &share.exemption_text {
            let _ = writeln!(out, "  {text}");
        }
    }
    let _ = writeln!(out, "including VAT  {}", issued.totals.gross);
    if let Some(due) = issued.due_on {
        let _ = writeln!(out, "due on {due}. {}", issued.due_words);
    }
    out
}

/// A line as a sum: `1  Postes, juin 2026: 190 days x 39.00 EUR per 30 days = 247.00 EUR`. Units are in words: their codes are
/// for machines.
pub fn line_words(line: &Line) -> String {
    let counted = |count: Decimal| match (line.unit, count == Decimal::whole(1)) {
        (Unit::One, _) => count.to_string(),
        (Unit::Day, true) => format!("{count} day"),
        (Unit::Day, false) => format!("{count} days"),
        (Unit::Hour, _) => format!("{count} h"),
        (Unit::Minute, _) => format!("{count} min"),
    };
    let per = match (line.unit, line.basis == Decimal::whole(1)) {
        (Unit::One, true) => String::new(),
        _ => format!(" per {}", counted(line.basis)),
    };
    let (quantity, price, total) = (counted(line.quantity), line.price, line.total);
    format!("{}  {}: {quantity} x {price}{per} = {total}", line.position, line.description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::document::{ChargeKey, ChargeKind, VatCategory};
    use crate::domain::billing::month::Month;
    use crate::domain::money::Cents;

    /// `6 C62 x 39.00 EUR` is understood by no manager.
    #[test]
    fn billing_units_of_a_line_are_words_not_codes() {
        let month = Month::parse("2026-06").expect("a month");
        let said = |quantity: i64, unit, basis: i64| {
            let line = Line {
                position: 1,
                kind: ChargeKind::Seat,
                key: ChargeKey { month, kind: ChargeKind::Seat, price: Cents(3900), reference: String::new() },
                description: "Postes".to_owned(),
                explanation: Vec::new(),
                period: None,
                quantity: Decimal::whole(quantity),
                unit,
                price: Cents(3900),
                basis: Decimal::whole(basis),
                total: Cents(100),
                category: VatCategory::Standard,
                rate_bp: 2000,
            };
            line_words(&line)
        };
        assert_eq!(said(6, Unit::One, 1), "1  Postes: 6 x 39.00 EUR = 1.00 EUR");
        assert_eq!(said(190, Unit::Day, 30), "1  Postes: 190 days x 39.00 EUR per 30 days = 1.00 EUR");
        assert_eq!(said(1, Unit::Day, 30), "1  Postes: 1 day x 39.00 EUR per 30 days = 1.00 EUR");
        assert_eq!(said(100, Unit::Minute, 60), "1  Postes: 100 min x 39.00 EUR per 60 min = 1.00 EUR");
        assert_eq!(said(2, Unit::Hour, 1), "1  Postes: 2 h x 39.00 EUR per 1 h = 1.00 EUR");
    }
}
