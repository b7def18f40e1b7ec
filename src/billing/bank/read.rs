//! Reads a file of the bank into movements of one account. What does not add up is kept as one movement that a person looks
//! at; what is of another account is refused.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sepa::camt::{CashEntry, EntryDetail, EntryStatus};
use sepa::pain002::PaymentStatus;
use sepa::{parse_camt053, parse_camt054, parse_pain002};
use sha2::{Digest, Sha256};

use super::super::BillingError;
use crate::domain::money::Cents;
use crate::store::NewMovement;

/// What ISO 20022 writes where there is no id.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// The most characters of words that are kept of a movement.
const WORDS_LENGTH_MAX: usize = 500;

/// A file of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `camt.053`, `camt.054` or `pain.002`.
    pub kind: &'static str,
    /// The id that the bank gave it.
    pub message: String,
    /// What it says.
    pub content: Content,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Movements on our account.
    Movements(Vec<NewMovement>),
    /// What became of a file of ours.
    Status(Status),
}

/// What became of a file of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its message id.
    pub of: String,
    /// What was rejected.
    pub rejected: Vec<Rejected>,
}

/// What was rejected, with the bank's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// The whole file.
    File(String),
    /// A block of it.
    Block(String, String),
    /// One collection, by its id.
    One(String, String),
}

/// Reads a file. `account` is the co-operative's IBAN.
///
/// # Errors
/// [`BillingError::Refused`] when it is no such file, is damaged, or is of another account.
pub fn read(bytes: &[u8], account: &str) -> Result<Report, BillingError> {
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not in UTF-8"))?.trim_start_matches('\u{feff}');
    let is = |kind: &str| text.contains(&format!("urn:iso:std:iso:20022:tech:xsd:{kind}."));
    let sha256 = hex::encode(Sha256::digest(bytes));
    if is("camt.053") {
        let document = parse_camt053(text).map_err(|error| damaged(&error.to_string()))?;
        let mut reader = Reader::new(account, &sha256);
        for statement in &document.statements {
            reader.account(&statement.account)?;
            reader.entries(&statement.entries, document.created_at_raw.get(..10))?;
        }
        let content = Content::Movements(reader.movements);
        return Ok(Report { kind: "camt.053", message: document.msg_id, content });
    }
    if is("camt.054") {
        let document = parse_camt054(text).map_err(|error| damaged(&error.to_string()))?;
        let mut reader = Reader::new(account, &sha256);
        for notification in &document.notifications {
            reader.account(&notification.account)?;
            reader.entries(&notification.entries, document.created_at_raw.get(..10))?;
        }
        let content = Content::Movements(reader.movements);
        return Ok(Report { kind: "camt.054", message: document.msg_id, content });
    }
    if is("pain.002") {
        return status(text);
    }
    Err(BillingError::refused(
        "this is no file of a bank that this program reads",
        "it reads camt.053 (statements), camt.054 (notifications) and pain.002 (status reports); nothing was recorded",
    ))
}

struct Reader<'a> {
    account: &'a str,
    file: &'a str,
    movements: Vec<NewMovement>,
    /// How often a movement was met in this file: two equal ones of one day are two.
    met: BTreeMap<String, u32>,
}

impl<'a> Reader<'a> {
    fn new(account: &'a str, file: &'a str) -> Reader<'a> {
        Reader { account, file, movements: Vec::new(), met: BTreeMap::new() }
    }

    fn account(&self, account: &sepa::camt::AccountRef) -> Result<(), BillingError> {
        let iban: String = account.any_id().unwrap_or_default().chars().filter(|one| !one.is_whitespace()).collect();
        if iban.eq_ignore_ascii_case(self.account) {
            return Ok(());
        }
        let whose = if iban.is_empty() { "no account in particular".to_owned() } else { format!("account `{iban}`") };
        Err(BillingError::refused(
            format!("this file is of {whose}, not of `{}`", self.account),
            "import the statements of the account that `[billing] iban` names; nothing was recorded",
        ))
    }

    fn entries(&mut self, entries: &[CashEntry], created: Option<&str>) -> Result<(), BillingError> {
        for entry in entries.iter().filter(|entry| entry.status == EntryStatus::Booked) {
            let day = entry.booking_date().or_else(|| entry.value_date()).map(|day| day.to_string());
            let day = day.as_deref().or(created).and_then(|day| day.parse::<Date>().ok());
            let booked_on = day.ok_or_else(|| damaged("a booking has no day"))?;
            let total = entry.signed_ct().ok_or_else(|| damaged("a booking has no amount"))?;
            if entry.amount.currency.as_deref() != Some("EUR") {
                return Err(damaged("a booking is not in euros"));
            }
            match parts(entry, total) {
                Some(parts) => {
                    for (detail, cents) in parts {
                        self.add(entry, Some(detail), booked_on, cents);
                    }
                }
                None => self.add(entry, None, booked_on, total),
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: &CashEntry, detail: Option<&EntryDetail>, booked_on: Date, cents: i64) {
        if cents == 0 {
            return;
        }
        let of = |text: Option<&String>| text.map(|text| plain(text)).unwrap_or_default();
        let end_to_end_id = of(detail.and_then(|one| one.end_to_end_id.as_ref()));
        let is_id = !end_to_end_id.is_empty() && end_to_end_id != NOT_PROVIDED;
        let words = [
            detail.and_then(|one| one.reference.as_ref()),
            detail.and_then(|one| one.additional_info.as_ref()),
            detail.and_then(|one| one.return_additional_info.as_ref()),
        ];
        let mut words: Vec<String> = words.into_iter().flatten().map(|text| plain(text)).collect();
        if words.iter().all(String::is_empty) {
            words.push(of(entry.additional_info.as_ref()));
        }
        let block = if detail.is_none() {
            of(entry.batch.as_ref().and_then(|batch| batch.payment_info_id.as_ref()))
        } else {
            String::new()
        };
        let mut movement = NewMovement {
            identity: String::new(),
            file: self.file.to_owned(),
            booked_on,
            cents: Cents(cents),
            end_to_end_id: if is_id { end_to_end_id } else { String::new() },
            block,
            words: words.join(" ").trim().to_owned(),
            counterparty: of(detail.and_then(|one| one.counterparty_name.as_ref())),
            counterparty_iban: of(detail.and_then(|one| one.counterparty_iban.as_ref())),
            code: of(detail.and_then(|one| one.return_reason_code.as_ref())),
        };
        let count = {
            let count = self.met.entry(content(&movement)).or_default();
            *count += 1;
            *count
        };
        movement.identity = hex::encode(Sha256::digest(format!("{}\n{count}", content(&movement))));
        self.movements.push(movement);
    }
}

/// What makes two reports speak of the same movement. The bank's own reference is not part of it: it differs between a
/// statement and a notification at some banks.
fn content(one: &NewMovement) -> String {
    let NewMovement { booked_on, cents, end_to_end_id, block, words, counterparty_iban, code, .. } = one;
    let letters: String = words.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    format!("{booked_on}\n{}\n{end_to_end_id}\n{block}\n{letters}\n{counterparty_iban}\n{code}", cents.0)
}

/// The transactions of a booking with what each moved on the account, when they add up to it: directly, or with the charges
/// that the bank took off. `None`: the booking is one movement.
fn parts(entry: &CashEntry, total: i64) -> Option<Vec<(&EntryDetail, i64)>> {
    if let [only] = entry.details.as_slice() {
        return Some(vec![(only, total)]);
    }
    if entry.details.is_empty() {
        return None;
    }
    let amounts: Option<Vec<i64>> = entry.details.iter().map(EntryDetail::signed_ct).collect();
    let amounts = amounts?;
    if amounts.iter().sum::<i64>() == total {
        return Some(entry.details.iter().zip(amounts).collect());
    }
    let charged = |detail: &EntryDetail| detail.charges.as_ref().map_or(Some(0), sepa::camt::Charges::total_signed_ct);
    let charges: Option<Vec<i64>> = entry.details.iter().map(charged).collect();
    let with: Vec<i64> = amounts.iter().zip(charges?).map(|(amount, charge)| amount + charge).collect();
    (with.iter().sum::<i64>() == total).then(|| entry.details.iter().zip(with).collect())
}

fn status(text: &str) -> Result<Report, BillingError> {
    let document = parse_pain002(text).map_err(|error| damaged(&error.to_string()))?;
    let code =
        |codes: &[sepa::pain002::ReasonCode]| codes.first().map(|one| one.as_code().to_owned()).unwrap_or_default();
    let is_rejected = |status: Option<&PaymentStatus>| status.is_some_and(PaymentStatus::is_rejected);
    let mut rejected = Vec::new();
    if is_rejected(document.group_status.as_ref()) {
        rejected.push(Rejected::File(code(&document.group_reason_codes)));
    }
    for block in &document.payment_info_statuses {
        if is_rejected(block.status.as_ref())
            && let Some(id) = &block.original_payment_info_id
        {
            rejected.push(Rejected::Block(id.clone(), code(&block.reason_codes)));
        }
        for one in block.transactions.iter().filter(|one| is_rejected(one.status.as_ref())) {
            if let Some(id) = &one.original_end_to_end_id {
                rejected.push(Rejected::One(id.clone(), code(&one.reason_codes)));
            }
        }
    }
    let status = Status { of: document.original_msg_id, rejected };
    Ok(Report { kind: "pain.002", message: document.msg_id, content: Content::Status(status) })
}

fn plain(text: &str) -> String {
    let text: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_LENGTH_MAX).collect()
}

fn damaged(why: &str) -> BillingError {
    BillingError::refused(
        format!("the bank's file cannot be read: {why}"),
        "download it again from the bank; nothing was recorded",
    )
}
