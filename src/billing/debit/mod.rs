//! SEPA direct debit: what is collected from whom on which day, and the file for the bank (R29).

pub mod draft;
pub mod file;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::billing::document::{Payment, Standing};
use crate::domain::billing::mandate::{self, Mandate, Use};
use crate::domain::billing::returns;
use crate::inventory::billing::CooperativeBilling;
use crate::inventory::model::Client;
use crate::store::{Collection, Movement, News, NewsKind, PaymentRecord, Scope, Store, StoreError};

/// Every collection of a scope, and what the bank said of it.
#[derive(Debug, Clone, Default)]
pub struct Debits {
    /// The collections, by day.
    pub collections: Vec<Collection>,
    news: BTreeMap<String, Vec<News>>,
}

/// Where a collection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The bank has said nothing yet.
    Pending,
    /// Money came; the number of the payment.
    Settled(Option<i64>),
    /// It was rejected or returned, with the bank's code.
    Void(String),
}

impl Debits {
    /// Reads them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(store: &Store, scope: &Scope) -> Result<Debits, StoreError> {
        let mut news: BTreeMap<String, Vec<News>> = BTreeMap::new();
        for one in store.collection_news(scope).await? {
            news.entry(one.end_to_end_id.clone()).or_default().push(one);
        }
        let payments = store.payments(scope).await?;
        for of_one in news.values_mut() {
            let back = returned_by_hand(of_one, &payments);
            of_one.extend(back);
        }
        Ok(Debits { collections: store.collections(scope).await?, news })
    }

    /// The collection of an id.
    pub fn find(&self, end_to_end_id: &str) -> Option<&Collection> {
        self.collections.iter().find(|one| one.end_to_end_id == end_to_end_id)
    }

    /// Where one stands.
    pub fn state(&self, end_to_end_id: &str) -> State {
        let of = |kind: NewsKind| self.news.get(end_to_end_id)?.iter().find(|one| one.kind == kind);
        match (of(NewsKind::Returned).or_else(|| of(NewsKind::Rejected)), of(NewsKind::Settled)) {
            (Some(void), _) => State::Void(void.code.clone()),
            (None, Some(settled)) => State::Settled(settled.payment),
            (None, None) => State::Pending,
        }
    }

    /// The payment that a collection made when it was settled, also when it was returned since.
    pub fn payment(&self, end_to_end_id: &str) -> Option<i64> {
        self.news.get(end_to_end_id)?.iter().find(|one| one.kind == NewsKind::Settled)?.payment
    }

    /// What was learnt since.
    pub fn learn(&mut self, news: News) {
        self.news.entry(news.end_to_end_id.clone()).or_default().push(news);
    }

    /// How a mandate was used.
    pub fn uses(&self, reference: &str) -> Vec<Use> {
        let of = |one: &&Collection| one.mandate == reference;
        let used = |one: &Collection| Use {
            on: one.collected_on,
            is_void: matches!(self.state(&one.end_to_end_id), State::Void(_)),
        };
        self.collections.iter().filter(of).map(used).collect()
    }

    /// The attempts to collect an invoice, the first one first.
    pub fn attempts(&self, number: &str) -> Vec<&Collection> {
        let mut attempts: Vec<&Collection> = self.collections.iter().filter(|one| one.number == number).collect();
        attempts.sort_by_key(|one| one.attempt);
        attempts
    }
}

/// What a person recorded of a collection that came and went back: it is the same return as one that the bank reports, and
/// is not taken back a second time when the bank's file comes.
fn returned_by_hand(news: &[News], payments: &[PaymentRecord]) -> Option<News> {
    if news.iter().any(|one| one.kind == NewsKind::Returned) {
        return None;
    }
    let settled = news.iter().find(|one| one.kind == NewsKind::Settled)?;
    let came = settled.payment?;
    let takes_it_back =
        |one: &&PaymentRecord| one.payment.movement == Movement::Return && one.payment.reverses == Some(came);
    let back = payments.iter().find(takes_it_back)?;
    Some(News {
        end_to_end_id: settled.end_to_end_id.clone(),
        kind: NewsKind::Returned,
        on: back.payment.moved_on,
        code: returns::code_in(&back.payment.reference).to_owned(),
        payment: Some(back.position),
        at_us: back.payment.at_us,
    })
}

/// The mandate of a client as the rules read it.
pub fn mandate_of(client: &Client) -> Option<Mandate> {
    client.billing.mandate.as_ref().map(|one| Mandate {
        reference: one.reference.clone(),
        signed: one.signed,
        scheme: one.scheme,
        iban: one.iban.clone(),
        notice_days: one.notice_days,
    })
}

/// How an invoice is paid by a client who signed a mandate that may be used: the invoice itself is the notice of the
/// collection, with its day, its mandate and our identifier.
pub fn on_invoice(
    client: &Client,
    standing: Standing,
    billing: &CooperativeBilling,
    debits: &Debits,
    (issued_on, due_on): (Date, Date),
) -> Option<Payment> {
    let (mandate, creditor_id) = (mandate_of(client)?, billing.creditor_id.clone()?);
    let collected_on = mandate::announce(&mandate, due_on, issued_on);
    mandate::sequence(&mandate, standing, &debits.uses(&mandate.reference), collected_on).ok()?;
    Some(Payment::DirectDebit { mandate: mandate.reference, creditor_id, iban: mandate.iban, collected_on })
}
