//! What each movement on the account means: a collection of ours that came or went back, a transfer that names what it pays,
//! or something that a person has to look at. Nothing is written off and nothing is guessed (R29, R30).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::billing::BillingError;
use crate::billing::debit::{Debits, State};
use crate::billing::statement::open_of;
use crate::domain::billing::document::DocumentKind;
use crate::domain::billing::remittance::{Payable, names, share};
use crate::domain::billing::returns;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{
    BankMovement, Collection, Decided, How, InvoiceRecord, Made, Movement, NewMovement, NewPayment, News, NewsKind,
    Scope, Store,
};

/// The means of a payment by direct debit, as it is recorded.
const DIRECT_DEBIT: &str = "direct-debit";

/// The means of a payment by transfer.
const TRANSFER: &str = "transfer";

/// What is known when a movement is looked at.
pub struct Situation {
    invoices: Vec<InvoiceRecord>,
    open: BTreeMap<String, Cents>,
    debits: Debits,
    /// Collections of which a movement has told already that they went back: the bank's fee is of the first one.
    told_back: BTreeSet<String>,
    by: String,
    at_us: i64,
}

/// A decision with what it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The decision.
    pub decided: Decided,
    /// The payments.
    pub made: Vec<Made>,
}

impl Situation {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(store: &Store, by: &str, now: Timestamp) -> Result<Situation, BillingError> {
        let records = store.invoices(&Scope::Staff).await?;
        let open = open_of(&records, &store.payments(&Scope::Staff).await?);
        let decided = store.bank_movements().await?.into_iter().filter(|one| one.decision.is_some());
        let back = decided.map(|one| one.movement).filter(|one| one.cents.0 < 0);
        Ok(Situation {
            invoices: records.into_iter().filter(|one| one.kind == DocumentKind::Invoice).collect(),
            open,
            debits: Debits::read(store, &Scope::Staff).await?,
            told_back: back.map(|one| one.end_to_end_id).collect(),
            by: by.to_owned(),
            at_us: now.as_microsecond(),
        })
    }

    /// What a movement means by itself.
    ///
    /// # Errors
    /// Why a person has to look at it.
    pub fn decide(&self, movement: &NewMovement) -> Result<Decision, String> {
        if movement.cents.0 > 0 {
            if !movement.block.is_empty() {
                return self.block_came(movement);
            }
            if let Some(collection) = self.debits.find(&movement.end_to_end_id) {
                return self.came(movement, &[collection]);
            }
            return self.transfer(movement);
        }
        match self.debits.find(&movement.end_to_end_id) {
            Some(collection) => self.went_back(movement, collection),
            None if movement.code.is_empty() => Err("money that went out: whose is it?".to_owned()),
            None => Err(format!("something came back with {}, but it is no direct debit of ours", movement.code)),
        }
    }

    fn block_came(&self, movement: &NewMovement) -> Result<Decision, String> {
        let of_block = self.debits.collections.iter().filter(|one| one.block == movement.block);
        let of_block: Vec<&Collection> =
            of_block.filter(|one| !self.was_rejected_before_it_came(&one.end_to_end_id)).collect();
        if of_block.is_empty() {
            return Err(format!("block `{}` is not of a file that was made here", movement.block));
        }
        self.came(movement, &of_block)
    }

    /// Rejected collections are not in what the bank books; returned ones are, as they came first.
    fn was_rejected_before_it_came(&self, end_to_end_id: &str) -> bool {
        matches!(self.debits.state(end_to_end_id), State::Void(_)) && self.debits.payment(end_to_end_id).is_none()
    }

    fn came(&self, movement: &NewMovement, collections: &[&Collection]) -> Result<Decision, String> {
        let total: i64 = collections.iter().map(|one| one.cents.0).sum();
        if total != movement.cents.0 {
            return Err(format!("{} came, {} were collected", movement.cents, Cents(total)));
        }
        let news: Vec<&&Collection> =
            collections.iter().filter(|one| self.debits.payment(&one.end_to_end_id).is_none()).collect();
        if news.is_empty() {
            return Ok(self.decision(How::Known, None, "another movement has told it".to_owned(), Vec::new()));
        }
        let made = news.iter().map(|one| self.made(movement, one, Movement::Payment, None)).collect();
        let numbers: Vec<&str> = news.iter().map(|one| one.number.as_str()).collect();
        let client = Some(&news[0].client).filter(|first| news.iter().all(|one| one.client == **first));
        let words = format!("collected: {}", numbers.join(", "));
        Ok(self.decision(How::Collected, client, words, made))
    }

    fn went_back(&self, movement: &NewMovement, collection: &Collection) -> Result<Decision, String> {
        let id = &collection.end_to_end_id;
        let fee = -movement.cents.0 - collection.cents.0;
        let had_come = self.debits.payment(id).is_some();
        match self.debits.state(id) {
            State::Void(_) if had_come && self.told_back.contains(id) => {
                return Ok(self.decision(How::Known, None, "another movement has told it".to_owned(), Vec::new()));
            }
            State::Void(_) if had_come && fee >= 0 => {
                let words = format!("{id} came back, as was recorded by hand");
                let mut decision = self.decision(How::Known, Some(&collection.client), words, Vec::new());
                decision.decided.fee = Cents(fee);
                return Ok(decision);
            }
            State::Settled(Some(payment)) if fee >= 0 => {
                let made = self.made(movement, collection, Movement::Return, Some(payment));
                let reason = returns::of_code(&movement.code);
                let words = format!(
                    "{id} came back: {}, {}; {} is open again, a retry is {}",
                    movement.code,
                    reason.words,
                    collection.number,
                    reason.again.word()
                );
                let mut decision = self.decision(How::Returned, Some(&collection.client), words, vec![made]);
                decision.decided.fee = Cents(fee);
                return Ok(decision);
            }
            _ => {}
        }
        if fee < 0 {
            return Err(format!(
                "{} went back of {}: less than was collected",
                Cents(-movement.cents.0),
                collection.cents
            ));
        }
        Err(format!("{id} went back before it came: import the statement in which it came"))
    }

    fn transfer(&self, movement: &NewMovement) -> Result<Decision, String> {
        let words = format!("{} {}", movement.end_to_end_id, movement.words);
        let named: Vec<&InvoiceRecord> = self.invoices.iter().filter(|one| names(&words, &one.number)).collect();
        let Some(first) = named.first() else { return Err("it names no invoice".to_owned()) };
        if named.iter().any(|one| one.client != first.client) {
            return Err("it names invoices of several clients".to_owned());
        }
        let payable: Vec<Payable> = named.iter().map(|one| self.payable(one)).collect();
        if payable.iter().all(|one| one.open.0 <= 0) {
            let numbers: Vec<&str> = named.iter().map(|one| one.number.as_str()).collect();
            return Err(format!("nothing is open of {}", numbers.join(", ")));
        }
        Ok(self.paid(movement, &first.client, &payable, How::Transfer))
    }

    fn payable(&self, record: &InvoiceRecord) -> Payable {
        let open = self.open.get(&record.number).copied().unwrap_or_default();
        Payable { number: record.number.clone(), issued_on: record.issued_on, open }
    }

    /// Money shared among invoices; what is left over stays on the client's account, for no invoice in particular.
    fn paid(&self, movement: &NewMovement, client: &ClientId, payable: &[Payable], how: How) -> Decision {
        let shared = share(movement.cents, payable);
        let mut made = Vec::new();
        let mut words = Vec::new();
        for (number, cents) in &shared.parts {
            let open = payable.iter().find(|one| one.number == *number).map_or(0, |one| one.open.0 - cents.0);
            words.push(match open {
                0 => format!("{number} is paid"),
                open => format!("{cents} of {number}, {} stay open", Cents(open)),
            });
            made.push(self.payment(movement, client, Some(number.clone()), Movement::Payment, *cents));
        }
        if shared.rest.0 > 0 {
            words.push(format!("{} for no invoice in particular", shared.rest));
            made.push(self.payment(movement, client, None, Movement::Payment, shared.rest));
        }
        self.decision(how, Some(client), words.join("; "), made)
    }

    /// What a person says: it is this client's, for these invoices; none named: for every open one, the oldest first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn by_hand(
        &self,
        movement: &NewMovement,
        client: &ClientId,
        numbers: &[String],
    ) -> Result<Decision, BillingError> {
        let of_client: Vec<&InvoiceRecord> = self.invoices.iter().filter(|one| one.client == *client).collect();
        for number in numbers {
            if !of_client.iter().any(|one| one.number == *number) {
                return Err(BillingError::refused(
                    format!("`{number}` is not an invoice of `{client}`"),
                    format!("`accolades billing list --client {client}` shows them"),
                ));
            }
        }
        if movement.cents.0 > 0 {
            let chosen = of_client.iter().filter(|one| numbers.is_empty() || numbers.contains(&one.number));
            let payable: Vec<Payable> = chosen.map(|one| self.payable(one)).collect();
            return Ok(self.paid(movement, client, &payable, How::ByHand));
        }
        let number = match numbers {
            [] => None,
            [only] => Some(only.clone()),
            _ => {
                return Err(BillingError::refused(
                    "money that went back is for one invoice, or for none in particular",
                    "name one invoice at most",
                ));
            }
        };
        let made = self.payment(movement, client, number, Movement::Refund, Cents(-movement.cents.0));
        Ok(self.decision(How::ByHand, Some(client), format!("refunded to {client}"), vec![made]))
    }

    /// What a person says: it is no client's.
    pub fn set_aside(&self, words: &str) -> Decision {
        self.decision(How::SetAside, None, words.to_owned(), Vec::new())
    }

    fn made(&self, movement: &NewMovement, of: &Collection, way: Movement, reverses: Option<i64>) -> Made {
        let kind = if way == Movement::Return { NewsKind::Returned } else { NewsKind::Settled };
        let news = News {
            end_to_end_id: of.end_to_end_id.clone(),
            kind,
            on: movement.booked_on,
            code: movement.code.clone(),
            payment: None,
            at_us: self.at_us,
        };
        let reference = format!("{} {}", of.end_to_end_id, movement.code).trim().to_owned();
        let payment = NewPayment {
            client: of.client.clone(),
            number: Some(of.number.clone()),
            movement: way,
            cents: of.cents,
            moved_on: movement.booked_on,
            means: DIRECT_DEBIT.to_owned(),
            reference,
            reverses,
            by: self.by.clone(),
            at_us: self.at_us,
        };
        Made { payment, news: Some(news) }
    }

    fn payment(
        &self,
        movement: &NewMovement,
        client: &ClientId,
        number: Option<String>,
        way: Movement,
        cents: Cents,
    ) -> Made {
        let payment = NewPayment {
            client: client.clone(),
            number,
            movement: way,
            cents,
            moved_on: movement.booked_on,
            means: TRANSFER.to_owned(),
            reference: movement.words.clone(),
            reverses: None,
            by: self.by.clone(),
            at_us: self.at_us,
        };
        Made { payment, news: None }
    }

    fn decision(&self, how: How, client: Option<&ClientId>, words: String, made: Vec<Made>) -> Decision {
        let (by, at_us) = (self.by.clone(), self.at_us);
        Decision { decided: Decided { how, client: client.cloned(), fee: Cents(0), words, by, at_us }, made }
    }

    /// Whose it may be: the account that paid for this client before.
    pub fn likely(&self, movement: &NewMovement, all: &[BankMovement]) -> Option<ClientId> {
        let iban = &movement.counterparty_iban;
        let same = |one: &&BankMovement| !iban.is_empty() && one.movement.counterparty_iban == *iban;
        all.iter().filter(same).find_map(|one| one.decision.as_ref()?.client.clone())
    }

    /// What a decision changes for the movements after it. `positions` are the numbers of its payments.
    pub(super) fn learn(&mut self, movement: &NewMovement, decision: &Decision, positions: &[i64]) {
        if movement.cents.0 < 0 {
            self.told_back.insert(movement.end_to_end_id.clone());
        }
        for (one, position) in decision.made.iter().zip(positions) {
            let payment = &one.payment;
            if let Some(open) = payment.number.as_ref().and_then(|number| self.open.get_mut(number)) {
                open.0 += if payment.movement == Movement::Payment { -payment.cents.0 } else { payment.cents.0 };
            }
            if let Some(news) = &one.news {
                self.debits.learn(News { payment: Some(*position), ..news.clone() });
            }
        }
    }
}
