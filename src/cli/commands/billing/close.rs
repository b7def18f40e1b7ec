//! `accolades billing close`: a month as the accountant takes it over, for ever.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION, Kept};
use crate::billing::close::{Making, Pack, Record, SUMS, Totals, pack};
use crate::billing::draft::draft;
use crate::billing::{BillingError, books};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::session::Session;
use crate::domain::accounting::fiscal::Closing;
use crate::domain::billing::difference::Run;
use crate::domain::billing::month::Month;
use crate::store::ClosedMonth;
use crate::util::count::counted;

/// Which month.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The month, as in 2026-11.
    month: Month,
    #[command(flatten)]
    kept: Kept,
    /// Folder of the packs; each month has one of its own in it.
    #[arg(long, value_name = "DIR", env = "ACCOLADES_CLOSINGS", hide_env_values = true, default_value = "closings")]
    out: PathBuf,
}

/// Runs `billing close`.
///
/// # Errors
/// When the month is not over, an earlier one is open, or what comes out is not what was closed.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    in_turn(session, &desk, async || close(session, &desk, arguments).await).await
}

async fn close(session: &Session, desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let month = arguments.month;
    let closed = desk.store.closed_months().await?;
    if let Some(before) = closed.iter().find(|one| one.month == month) {
        return again(session, desk, arguments, before).await;
    }
    if desk.today <= month.last() {
        return Err(Failure::usage(
            format!("{month} is not over"),
            format!("close it from {} on", month.next().first()),
        ));
    }
    if let Some(last) = closed.last() {
        if month < last.month {
            return Err(Failure::usage(
                format!("{} is closed, and with it every month before", last.month),
                "what is recorded late is written under the first open month",
            ));
        }
        if month > last.month.next() {
            let next = last.month.next();
            return Err(Failure::usage(
                format!("{next} is not closed yet"),
                format!("`accolades billing close {next}` first"),
            ));
        }
    }
    let billing = &desk.accepted.inventory.cooperative.billing;
    let making = Making {
        month,
        closing: Closing { month, at_us: desk.now.as_microsecond(), on: desk.today },
        accounts: &billing.accounts,
        fiscal_year_end_month: billing.fiscal_year_end_month,
        zone: &desk.zone,
    };
    let archive = arguments.kept.archive();
    archive.journal().reconcile(&desk.store).await?;
    let pack = pack(&desk.store, &archive, &desk.accepted.inventory.cooperative, &making).await?;
    tell_what_waits(session, desk, month).await?;
    session.output.say(words(&pack.record.totals).trim_end());
    session.confirm(&format!("Close {month}? What comes later is written under later months."))?;
    let record = ClosedMonth {
        month,
        record: serde_json::to_value(&pack.record).map_err(|error| mistake(&error))?,
        sha256: hex::encode(Sha256::digest(pack.sums())),
        by: session.who()?,
        at_us: desk.now.as_microsecond(),
    };
    desk.store.close_month(&record).await?;
    let folder = arguments.out.join(month.to_string());
    write(&folder, &pack, &record)?;
    tell(session, &folder, &pack.record, &record, &[])
}

/// Exports a closed month again: the same bytes, or what differs.
async fn again(session: &Session, desk: &Desk, arguments: &Arguments, before: &ClosedMonth) -> Result<Exit, Failure> {
    let record: Record = serde_json::from_value(before.record.clone()).map_err(|error| mistake(&error))?;
    let making = Making {
        month: before.month,
        closing: books::closing(before, &desk.zone),
        accounts: &record.accounts,
        fiscal_year_end_month: record.fiscal_year_end_month,
        zone: &desk.zone,
    };
    let archive = arguments.kept.archive();
    let pack = pack(&desk.store, &archive, &desk.accepted.inventory.cooperative, &making).await?;
    let folder = arguments.out.join(before.month.to_string());
    let mut changes = pack.differences(&record);
    for (name, bytes) in &pack.files {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|there| there != *bytes) {
            changes.push(format!("`{}` on the disk was changed since it was written", path.display()));
        }
    }
    if changes.is_empty() {
        write(&folder, &pack, before)?;
    }
    tell(session, &folder, &record, before, &changes)
}

fn write(folder: &Path, pack: &Pack, closed: &ClosedMonth) -> Result<(), Failure> {
    for (name, bytes) in &pack.files {
        let path = folder.join(name);
        if !path.exists() {
            files::write_private(&path, bytes)?;
        }
    }
    files::write_private(&folder.join(SUMS), pack.sums().as_bytes())?;
    let at = Timestamp::from_microsecond(closed.at_us).map(|at| at.to_string()).unwrap_or_default();
    let about = json!({
        "version": JSON_VERSION,
        "month": closed.month,
        "closed_by": closed.by,
        "closed_at": at,
        "sha256_of_sums": closed.sha256,
        "record": closed.record,
    });
    let about = serde_json::to_vec_pretty(&about).map_err(|error| mistake(&error))?;
    files::write_private(&folder.join("closing.json"), &about)
}

fn tell(
    session: &Session,
    folder: &Path,
    record: &Record,
    closed: &ClosedMonth,
    changes: &[String],
) -> Result<Exit, Failure> {
    let at = Timestamp::from_microsecond(closed.at_us).map(|at| at.to_string()).unwrap_or_default();
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "month": closed.month,
            "folder": folder.display().to_string(),
            "closed_by": closed.by,
            "closed_at": at,
            "sha256_of_sums": closed.sha256,
            "files": record.files,
            "totals": record.totals,
            "identical": changes.is_empty(),
            "changes": changes,
        }))?;
    } else if changes.is_empty() {
        session.output.data(&format!(
            "{}: {} files, closed by {} at {at}, identical to what was recorded (SHA-256 of {SUMS}: {})\n",
            folder.display(),
            record.files.len(),
            closed.by,
            closed.sha256
        ))?;
    } else {
        for change in changes {
            session.output.data(&format!("{change}\n"))?;
        }
        session.output.warn(&format!("{} is not what {} closed at {at}: nothing was written", closed.month, closed.by));
    }
    Ok(if changes.is_empty() { Exit::Ok } else { Exit::Conflict })
}

/// What a bookkeeper looks at before closing.
async fn tell_what_waits(session: &Session, desk: &Desk, month: Month) -> Result<(), Failure> {
    let waiting = desk.store.bank_movements().await?;
    let waiting = waiting.iter().filter(|one| one.decision.is_none() && one.movement.booked_on <= month.last()).count();
    if waiting > 0 {
        let waiting = counted(waiting, "movement at the bank waits", "movements at the bank wait");
        session.output.warn(&format!("{waiting} for a person: `accolades billing bank list`"));
    }
    let run = Run { month, is_final: false };
    let unbilled = draft(&desk.store, &desk.accepted.inventory, run, desk.today, None).await?.clients.len();
    if unbilled > 0 {
        let unbilled = counted(unbilled, "client", "clients");
        session.output.warn(&format!(
            "{unbilled} can still be billed for {month}: `accolades billing draft {month}`; after closing, their documents belong to a later month"
        ));
    }
    Ok(())
}

fn words(totals: &Totals) -> String {
    format!(
        "invoices      {:>4}  {}\ncredit notes  {:>4}  {}\nreceived            {}\ngiven back          {}\nfees of the bank    {}\nVAT fallen due      {}\nentries       {:>4}  {} on each side\nowed by clients     {}\n",
        totals.invoices,
        totals.invoiced_cents,
        totals.credit_notes,
        totals.credited_cents,
        totals.received_cents,
        totals.given_back_cents,
        totals.fees_cents,
        totals.vat_due_cents,
        totals.entries,
        totals.debit_cents,
        totals.owed_cents,
    )
}

fn mistake(error: &serde_json::Error) -> Failure {
    BillingError::refused(
        format!("the record of the closing cannot be read: {error}"),
        "install the newer program, or restore the store from its backup",
    )
    .into()
}
