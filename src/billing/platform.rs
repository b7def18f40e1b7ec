//! Documents through platforms (R26): handed over once, their fate read back, life-cycle statuses taken in, receipts told
//! per VAT rate (status 212).
//!
//! A file is known to the platform by a name of ours. Before it is handed over again the platform is asked whether it has
//! it, so that a lost answer makes no double.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::domain::billing::document::{Issued, Standing};
use crate::domain::billing::exact::Exact;
use crate::domain::money::Cents;
use crate::inventory::billing::Route;
use crate::inventory::model::Inventory;
use crate::platform::cdar::{self, Between, CASHED};
use crate::platform::{Acknowledged, Collected, Deposit, Filed, Platform, PlatformError, Rule, Status, Syntax};
use crate::store::{
    FileKind, FileState, InvoiceRecord, MailRecord, Movement, NewInvoiceStatus, NewPlatformFile, PaymentRecord,
    PlatformFile, Scope, Store,
};
use crate::util::limits;

use super::BillingError;
use super::archive::Archive;
use super::draft::read_document;
use super::send;

/// Who exchanges, for which clients.
pub struct Exchange<'a, P> {
    /// The store.
    pub store: &'a Store,
    /// The archive: what is handed over are the bytes of the day of issue.
    pub archive: &'a Archive,
    /// The inventory: routes of today.
    pub inventory: &'a Inventory,
    /// The way to the platform.
    pub platform: &'a P,
    /// The clients of this route.
    pub route: Route,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
}

/// What came of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exchanged {
    /// Files that were handed over, by our names of them.
    pub handed_over: Vec<String>,
    /// Files that the platform has integrated since the last time.
    pub accepted: Vec<String>,
    /// Files that it refuses, with its words.
    pub refused: Vec<(String, String)>,
    /// Statuses that came: number, code, reason.
    pub statuses: Vec<(String, u16, Option<String>)>,
    /// Files that are no status of ours, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// What stops an exchange.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The platform.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// Our side.
    #[error(transparent)]
    Billing(#[from] BillingError),
}

impl From<crate::store::StoreError> for ExchangeError {
    fn from(error: crate::store::StoreError) -> ExchangeError {
        ExchangeError::Billing(error.into())
    }
}

impl<P: Platform> Exchange<'_, P> {
    /// Puts in what is to be handed over, hands it over, asks what became of earlier files, and takes statuses in.
    ///
    /// # Errors
    /// The first failure; what was done before is on record, and the same call goes on.
    pub async fn run(&self) -> Result<Exchanged, ExchangeError> {
        let mut exchanged = Exchanged::default();
        let mails = self.store.mails(&Scope::Staff, None, None).await?;
        self.queue(&mails).await?;
        self.hand_over(&mails, &mut exchanged).await?;
        self.ask(&mut exchanged).await?;
        self.take_in(&mut exchanged).await?;
        Ok(exchanged)
    }

    /// Documents of this route that were not mailed before it was theirs, and the receipts of what the platform has.
    async fn queue(&self, mails: &[MailRecord]) -> Result<(), ExchangeError> {
        let ours = |record: &InvoiceRecord| {
            self.inventory.clients.get(&record.client).is_some_and(|client| client.route() == self.route)
        };
        let records = self.store.invoices(&Scope::Staff).await?;
        for record in records.iter().filter(|record| ours(record) && !send::was_mailed(mails, &record.number)) {
            self.put(record, record.number.clone(), FileKind::Document, String::new()).await?;
        }
        if self.route != Route::Platform {
            return Ok(());
        }
        // Whatever the client's road is by now: the platform follows the life of what it has.
        let documents = self.files().await?.into_iter().filter(|file| file.kind == FileKind::Document);
        let here: BTreeSet<String> = documents.map(|file| file.number).collect();
        let mut movements: BTreeMap<String, Vec<PaymentRecord>> = BTreeMap::new();
        for movement in self.store.payments(&Scope::Staff).await? {
            if let Some(number) = movement.payment.number.clone() {
                movements.entry(number).or_default().push(movement);
            }
        }
        for record in records.iter().filter(|record| here.contains(&record.number)) {
            let issued = read_document(record)?;
            for cashed in cashed(&issued, movements.get(&record.number).map_or(&[], Vec::as_slice)) {
                let tracking = format!("{}-{CASHED}-{}", record.number, cashed.position);
                if let Some(content) = self.status_file(&issued, &tracking, &cashed)? {
                    self.put(record, tracking, FileKind::Status, content).await?;
                }
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        record: &InvoiceRecord,
        tracking: String,
        kind: FileKind,
        content: String,
    ) -> Result<(), ExchangeError> {
        let file = NewPlatformFile {
            tracking,
            client: record.client.clone(),
            number: record.number.clone(),
            kind,
            route: self.route.word(),
            content,
            by: self.by.to_owned(),
            at_us: self.now.as_microsecond(),
        };
        self.store.put_platform_file(&file).await?;
        Ok(())
    }

    /// The file of a receipt; none when one of both has no SIREN: it is not told by this road.
    fn status_file(&self, issued: &Issued, tracking: &str, cashed: &Cashed) -> Result<Option<String>, ExchangeError> {
        let (Some(seller), Some(buyer)) = (&issued.seller.siren, &issued.buyer.siren) else { return Ok(None) };
        let status = Status {
            number: issued.number.clone(),
            code: CASHED,
            at: cashed.at,
            reason: None,
            collected: cashed.collected.clone(),
        };
        let between = Between {
            seller: (&issued.seller.name, seller),
            buyer: (&issued.buyer.name, buyer),
            address: issued.buyer.electronic_address.as_ref().map(|address| address.value.as_str()),
            issued_on: issued.issued_on,
            type_code: issued.kind.code(),
            id: tracking,
        };
        let bytes = cdar::write(&status, &between)
            .map_err(|source| BillingError::Printing { number: issued.number.clone(), source: Box::new(source) })?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    async fn files(&self) -> Result<Vec<PlatformFile>, ExchangeError> {
        let files = self.store.platform_files(&Scope::Staff, None).await?;
        Ok(files.into_iter().filter(|file| file.route == self.route.word()).collect())
    }

    async fn hand_over(&self, mails: &[MailRecord], exchanged: &mut Exchanged) -> Result<(), ExchangeError> {
        let files = self.files().await?;
        let is_there = |number: &str| {
            files.iter().any(|file| {
                file.kind == FileKind::Document
                    && file.number == number
                    && (matches!(file.state, FileState::Filed | FileState::Accepted))
            })
        };
        for file in files.iter().filter(|file| file.state == FileState::Waiting) {
            // A status follows its document, at the next exchange at the latest.
            if file.kind == FileKind::Status && !is_there(&file.number) {
                continue;
            }
            // It was put in, the platform could not be reached, and the client got it by e-mail meanwhile.
            if file.kind == FileKind::Document && file.attempts == 0 && send::was_mailed(mails, &file.number) {
                continue;
            }
            if file.attempts >= limits::PLATFORM_ATTEMPTS_MAX {
                self.change(file, FileState::Refused, None, "it was tried too often").await?;
                exchanged.refused.push((file.tracking.clone(), "it was tried too often".to_owned()));
                continue;
            }
            // It may be there from an attempt whose answer was lost.
            if file.attempts > 0
                && let Some(filed) = self.platform.find(&file.tracking).await?
            {
                self.filed(file, filed, exchanged).await?;
                continue;
            }
            let bytes = self.bytes(file).await?;
            let sha256 = hex::encode(Sha256::digest(&bytes));
            let (about, rule) = self.about(file).await?;
            let deposit = Deposit {
                tracking: &file.tracking,
                name: &name(file),
                syntax: match file.kind {
                    FileKind::Document => Syntax::FacturX,
                    FileKind::Status => Syntax::Cdar,
                },
                rule,
                bytes: &bytes,
                sha256: &sha256,
                about: &about,
            };
            self.store.begin_platform_file(&file.tracking, self.now.as_microsecond()).await?;
            match self.platform.file(&deposit).await {
                Ok(filed) => {
                    exchanged.handed_over.push(file.tracking.clone());
                    self.filed(file, filed, exchanged).await?;
                }
                Err(PlatformError::Refused { words }) => {
                    self.change(file, FileState::Refused, None, &words).await?;
                    exchanged.refused.push((file.tracking.clone(), words));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What became of files that the platform was still looking at.
    async fn ask(&self, exchanged: &mut Exchanged) -> Result<(), ExchangeError> {
        for file in self.files().await?.iter().filter(|file| file.state == FileState::Filed) {
            if let Some(filed) = self.platform.find(&file.tracking).await? {
                self.filed(file, filed, exchanged).await?;
            }
        }
        Ok(())
    }

    /// The platform has a file.
    async fn filed(&self, file: &PlatformFile, filed: Filed, exchanged: &mut Exchanged) -> Result<(), ExchangeError> {
        let flow = Some(filed.flow.as_str());
        match &filed.acknowledged {
            Acknowledged::Pending => self.change(file, FileState::Filed, flow, "").await?,
            Acknowledged::Refused(words) => {
                self.change(file, FileState::Refused, flow, words).await?;
                exchanged.refused.push((file.tracking.clone(), words.clone()));
            }
            Acknowledged::Ok => {
                self.change(file, FileState::Accepted, flow, "").await?;
                exchanged.accepted.push(file.tracking.clone());
                if file.kind == FileKind::Status {
                    self.told(file).await?;
                }
            }
        }
        Ok(())
    }

    /// A status of ours that the platform has integrated is part of the document's life.
    async fn told(&self, file: &PlatformFile) -> Result<(), ExchangeError> {
        let read = cdar::read(file.content.as_bytes()).unwrap_or_default();
        for status in read {
            self.record(&status, &file.tracking, false, self.now).await?;
        }
        Ok(())
    }

    async fn take_in(&self, exchanged: &mut Exchanged) -> Result<(), ExchangeError> {
        let known = self.store.invoice_statuses(&Scope::Staff, None).await?;
        let last = known.iter().filter(|one| one.status.is_incoming).map(|one| one.status.seen_at_us).max();
        let since = last.and_then(|at| Timestamp::from_microsecond(at).ok());
        let inbox = self.platform.incoming(since).await?;
        exchanged.unreadable = inbox.unreadable;
        let mut done = Vec::new();
        for incoming in &inbox.statuses {
            let Status { number, code, reason, .. } = &incoming.status;
            if self.store.invoice(&Scope::Staff, number).await?.is_none() {
                exchanged.unreadable.push((incoming.reference.clone(), format!("no document is called `{number}`")));
                continue;
            }
            if self.record(&incoming.status, &incoming.reference, true, incoming.seen_at).await? {
                exchanged.statuses.push((number.clone(), *code, reason.clone()));
            }
            done.push(&incoming.reference);
        }
        // When all are recorded: one file may hold several.
        for reference in done {
            self.platform.taken_in(reference).await?;
        }
        Ok(())
    }

    async fn record(
        &self,
        status: &Status,
        reference: &str,
        is_incoming: bool,
        seen_at: Timestamp,
    ) -> Result<bool, ExchangeError> {
        let new = NewInvoiceStatus {
            number: status.number.clone(),
            code: status.code,
            is_incoming,
            at_us: status.at.as_microsecond(),
            reason: status.reason.clone(),
            collected: json!({ "version": 1, "collected": status.collected }).to_string(),
            reference: reference.to_owned(),
            seen_at_us: seen_at.as_microsecond(),
            recorded_at_us: self.now.as_microsecond(),
        };
        Ok(self.store.record_invoice_status(&new).await?)
    }

    async fn change(
        &self,
        file: &PlatformFile,
        state: FileState,
        flow: Option<&str>,
        answer: &str,
    ) -> Result<(), ExchangeError> {
        let at_us = self.now.as_microsecond();
        Ok(self.store.change_platform_file(&file.tracking, state, flow, answer, at_us).await?)
    }

    async fn bytes(&self, file: &PlatformFile) -> Result<Vec<u8>, ExchangeError> {
        if file.kind == FileKind::Status {
            return Ok(file.content.clone().into_bytes());
        }
        let desk = send::Desk {
            store: self.store,
            archive: self.archive,
            inventory: self.inventory,
            by: self.by,
            now: self.now,
        };
        Ok(desk.pdf(&self.record_of(file).await?).await?)
    }

    async fn record_of(&self, file: &PlatformFile) -> Result<InvoiceRecord, ExchangeError> {
        let record = self.store.invoice(&Scope::Client(file.client.clone()), &file.number).await?;
        Ok(record.ok_or_else(|| BillingError::Unreadable { number: file.number.clone() })?)
    }

    /// What a person has to fill in who deposits the file by hand, and by which rule it is treated.
    async fn about(&self, file: &PlatformFile) -> Result<(Value, Rule), ExchangeError> {
        let issued = read_document(&self.record_of(file).await?)?;
        let rule = match issued.buyer.standing {
            Standing::Public => Rule::B2G,
            Standing::NonTaxable => Rule::B2C,
            Standing::Taxable | Standing::Exempt => Rule::B2B,
        };
        let about = json!({
            "document": issued.number,
            "kind": issued.kind,
            "issued_on": issued.issued_on.to_string(),
            "corrects": issued.corrects.as_ref().map(|corrects| corrects.number.clone()),
            "seller_siret": issued.seller.siret,
            "buyer": issued.buyer.name,
            "buyer_siren": issued.buyer.siren,
            "buyer_siret": issued.buyer.siret,
            "buyer_electronic_address": issued.buyer.electronic_address.as_ref().map(|one| one.value.clone()),
            "service_code": issued.service_code,
            "commitment_number": issued.commitment_number,
            "purchase_order": issued.purchase_order,
            "net_cents": issued.totals.net,
            "vat_cents": issued.totals.vat,
            "gross_cents": issued.totals.gross,
        });
        Ok((about, rule))
    }
}

/// Name of a file.
fn name(file: &PlatformFile) -> String {
    match file.kind {
        FileKind::Document => format!("{}.pdf", file.tracking),
        FileKind::Status => format!("{}.xml", file.tracking),
    }
}

/// A movement of money on a document, per VAT rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cashed {
    /// Number of the movement.
    pub position: i64,
    /// When: noon of its day, so that it is that day in every French zone.
    pub at: Timestamp,
    /// What it comes to per rate; negative when money went back.
    pub collected: Vec<Collected>,
}

/// What each movement on a document comes to per VAT rate: the share of everything received up to it, minus what was told
/// before, so that the parts of each movement are its amount and the parts of the whole are the rates' own totals.
pub fn cashed(issued: &Issued, movements: &[PaymentRecord]) -> Vec<Cashed> {
    let total = issued.totals.gross;
    if total.0 == 0 {
        return Vec::new();
    }
    let shares: Vec<(u32, Cents)> =
        issued.vat.iter().map(|share| (share.rate_bp, Cents(share.base.0 + share.vat.0))).collect();
    let mut received = Cents(0);
    let mut told = vec![Cents(0); shares.len()];
    let mut cashed = Vec::with_capacity(movements.len());
    for movement in movements {
        let sign = if movement.payment.movement == Movement::Payment { 1 } else { -1 };
        received.0 += sign * movement.payment.cents.0;
        let (mut up_to, mut before) = (Cents(0), Cents(0));
        let mut collected = Vec::new();
        for ((rate_bp, gross), told) in shares.iter().zip(&mut told) {
            up_to.0 += gross.0;
            let cumulated = Exact::cents(received).times(Exact::cents(up_to)).per(Exact::cents(total)).round();
            let share = Cents(cumulated.0 - before.0);
            before = cumulated;
            let part = Cents(share.0 - told.0);
            *told = share;
            if part.0 != 0 {
                collected.push(Collected { rate_bp: *rate_bp, gross: part });
            }
        }
        let noon = movement.payment.moved_on.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
        let at = noon.map_or(Timestamp::UNIX_EPOCH, |noon| noon.timestamp());
        cashed.push(Cashed { position: movement.position, at, collected });
    }
    cashed
}
