//! Takes a file of the bank in.

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::read::{Content, Rejected, Status, read};
use super::settle::{Told, settle};
use crate::billing::BillingError;
use crate::billing::debit::Debits;
use crate::domain::billing::returns;
use crate::store::{BankFile, News, NewsKind, Scope, Store};

/// Who imports, and when.
#[derive(Debug, Clone, Copy)]
pub struct Importing<'a> {
    /// The co-operative's account.
    pub account: &'a str,
    /// Name of the file.
    pub name: &'a str,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// The same as a local day.
    pub today: Date,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// `camt.053`, `camt.054` or `pain.002`.
    pub kind: &'static str,
    /// The id that the bank gave the file.
    pub message: String,
    /// Movements, or rejections, that no earlier file had told.
    pub new: usize,
    /// All of them.
    pub all: usize,
    /// What was decided by it, in words.
    pub told: Vec<Told>,
}

/// Imports a file; a second time it changes nothing.
///
/// # Errors
/// [`BillingError::Refused`] when the file cannot be read, is of another account, or speaks of a file that is not ours.
pub async fn import(store: &Store, bytes: &[u8], importing: &Importing<'_>) -> Result<Imported, BillingError> {
    let report = read(bytes, importing.account)?;
    let file = BankFile {
        sha256: hex::encode(Sha256::digest(bytes)),
        kind: report.kind.to_owned(),
        message: report.message.clone(),
        name: importing.name.to_owned(),
        by: importing.by.to_owned(),
        at_us: importing.now.as_microsecond(),
    };
    let (kind, message) = (report.kind, report.message);
    match report.content {
        Content::Movements(movements) => {
            let new = store.record_bank_file(&file, &movements).await?;
            let told = settle(store, importing.by, importing.now).await?;
            Ok(Imported { kind, message, new, all: movements.len(), told })
        }
        Content::Status(status) => {
            let told = rejections(store, &status, &file, importing).await?;
            let (new, all) = (told.len(), status.rejected.len());
            Ok(Imported { kind, message, new, all, told })
        }
    }
}

/// A rejected collection never brought money: it is void, and its invoice stays open.
async fn rejections(
    store: &Store,
    status: &Status,
    file: &BankFile,
    importing: &Importing<'_>,
) -> Result<Vec<Told>, BillingError> {
    let debits = Debits::read(store, &Scope::Staff).await?;
    if !debits.collections.iter().any(|one| one.file == status.of) {
        return Err(BillingError::refused(
            format!("this report is about file `{}`, which was not made here", status.of),
            "nothing was recorded; is it of another program, or of another store?",
        ));
    }
    store.record_bank_file(file, &[]).await?;
    let mut told = Vec::new();
    for rejected in &status.rejected {
        for one in debits.collections.iter().filter(|one| one.file == status.of) {
            let code = match rejected {
                Rejected::File(code) => code,
                Rejected::Block(block, code) if *block == one.block => code,
                Rejected::One(id, code) if *id == one.end_to_end_id => code,
                _ => continue,
            };
            let news = News {
                end_to_end_id: one.end_to_end_id.clone(),
                kind: NewsKind::Rejected,
                on: importing.today,
                code: code.clone(),
                payment: None,
                at_us: importing.now.as_microsecond(),
            };
            if store.record_news(&news).await? {
                let reason = returns::of_code(code);
                told.push(Told {
                    movement: None,
                    client: Some(one.client.clone()),
                    words: format!(
                        "{} rejected: {code}, {}; {} stays open, a retry is {}",
                        one.end_to_end_id,
                        reason.words,
                        one.number,
                        reason.again.word()
                    ),
                });
            }
        }
    }
    Ok(told)
}
