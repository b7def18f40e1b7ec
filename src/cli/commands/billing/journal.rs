//! `accolades billing journal` and `billing vat`: what the accountant takes over.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Desk, JSON_VERSION};
use crate::billing::books::facts;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::accounting::fec;
use crate::domain::accounting::fiscal::year_of;
use crate::domain::accounting::replay::{Books, books};
use crate::domain::accounting::vat::VatStatement;
use crate::domain::billing::month::Month;

/// Which journals.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A day of the fiscal year, as in 2026-12-31 [default: today].
    #[arg(long, value_name = "DATE")]
    year_of: Option<Date>,
    /// Encoding of the file.
    #[arg(long, value_enum, default_value_t = Encoding::Utf8)]
    encoding: Encoding,
    /// Folder of the file.
    #[arg(long, value_name = "DIR", default_value = "journals")]
    out: PathBuf,
}

/// How the file is encoded.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Encoding {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "iso-8859-15")]
    Iso885915,
}

/// Which month's VAT.
#[derive(Debug, Args)]
pub struct VatArguments {
    /// The month, as in 2026-11 [default: the one before the present].
    month: Option<Month>,
}

async fn books_until(desk: &Desk, until: Date) -> Result<Books, Failure> {
    let billing = &desk.accepted.inventory.cooperative.billing;
    let facts = facts(&desk.store, &desk.zone).await?;
    Ok(books(&facts, &billing.accounts, billing.fiscal_year_end_month, until))
}

/// Runs `billing journal`.
///
/// # Errors
/// When the store cannot be read or the file cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let cooperative = &desk.accepted.inventory.cooperative;
    let end_month = cooperative.billing.fiscal_year_end_month;
    let year = year_of(arguments.year_of.unwrap_or(desk.today), end_month);
    let siren = cooperative.identity.siren.as_deref().ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            "the co-operative has no SIREN",
            "write `siren` into `[identity]`, then accept it",
        )
    })?;
    let books = books_until(&desk, year.until).await?;
    let encoding = match arguments.encoding {
        Encoding::Utf8 => fec::Encoding::Utf8,
        Encoding::Iso885915 => fec::Encoding::Iso8859_15,
    };
    let text = fec::write(&books, year, year);
    let path = arguments.out.join(fec::file_name(siren, year));
    files::write_private(&path, &fec::encode(&text, encoding))?;
    let entries = books.entries.iter().filter(|one| year.from <= one.on && one.on <= year.until);
    let (count, open) =
        entries.fold((0_u64, 0_u64), |(count, open), one| (count + 1, open + u64::from(one.final_since.is_none())));
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "file": path.display().to_string(),
            "from": year.from.to_string(),
            "until": year.until.to_string(),
            "entries": count,
            "not_final": open,
        }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&format!("{}: {count} entries of {} to {}\n", path.display(), year.from, year.until))?;
    if open > 0 {
        session.output.warn(&format!("{open} of them are in months that are not closed: they may still change"));
    }
    Ok(Exit::Ok)
}

/// Runs `billing vat`.
///
/// # Errors
/// When the store cannot be read.
pub async fn vat(session: &Session, arguments: &VatArguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let month = arguments.month.unwrap_or_else(|| Month::of(desk.today).previous());
    let books = books_until(&desk, month.last()).await?;
    let statement = VatStatement::of(&books, month);
    if session.output.is_json() {
        let rows: Vec<Value> = statement
            .rows
            .iter()
            .map(|row| {
                json!({
                    "written_on": row.on.to_string(),
                    "document": row.number,
                    "client": row.client,
                    "because_of": row.piece,
                    "rate_bp": row.rate.1,
                    "base_cents": row.amounts.base,
                    "vat_cents": row.amounts.vat,
                })
            })
            .collect();
        let totals: Vec<Value> = statement
            .totals
            .iter()
            .map(|(rate, of)| json!({ "rate_bp": rate.1, "base_cents": of.base, "vat_cents": of.vat }))
            .collect();
        session.output.json(&json!({
            "version": JSON_VERSION,
            "month": month,
            "rows": rows,
            "totals": totals,
            "unattributed_cents": books.unattributed,
        }))?;
        return Ok(Exit::Ok);
    }
    let rate = |bp: u32| format!("{}.{:02} %", bp / 100, bp % 100);
    let rows: Vec<Vec<String>> = statement
        .rows
        .iter()
        .map(|row| {
            vec![
                row.on.to_string(),
                row.number.clone(),
                row.client.clone(),
                row.piece.clone(),
                rate(row.rate.1),
                row.amounts.base.to_string(),
                row.amounts.vat.to_string(),
            ]
        })
        .collect();
    session.output.data(&table(&["day", "document", "client", "because of", "rate", "base", "VAT"], &rows))?;
    for (of, total) in &statement.totals {
        session.output.data(&format!("{month}, {}: base {}, VAT {}\n", rate(of.1), total.base, total.vat))?;
    }
    if books.unattributed.0 != 0 {
        session.output.warn(&format!(
            "{} came in for no invoice in particular: no VAT is in this statement for it until `accolades billing payment set-off` lets it pay one",
            books.unattributed
        ));
    }
    Ok(Exit::Ok)
}
