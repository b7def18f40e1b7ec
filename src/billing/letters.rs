//! The letters of a morning, which nobody has to think of: alerts of hours, notices of renewal within their window (R11),
//! and reminders where the co-operative lets them leave by themselves (R28). All of them go into the outbox once.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::domain::billing::years::next_renewal;
use crate::domain::ids::ClientId;
use crate::inventory::model::{Client, Inventory};
use crate::store::{MailRecord, Scope, Store};
use crate::util::count::counted;
use crate::util::limits;

use super::book::{Account, Book};
use super::hours::Hours;
use super::paperwork::Paperwork;
use super::remind::{Reminding, due};
use super::terms::terms;
use super::{BillingError, alerts, notices};

/// Whose morning it is.
#[derive(Debug, Clone, Copy)]
pub struct Morning<'a> {
    /// The store.
    pub store: &'a Store,
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Who sends.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// The day that it is then where the co-operative works.
    pub today: Date,
}

/// What was put into the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Letters {
    /// Clients that are told of their hours.
    pub hours: Vec<ClientId>,
    /// Clients that are told of their renewal.
    pub renewals: Vec<ClientId>,
    /// Clients that are reminded of what is late.
    pub reminders: Vec<ClientId>,
    /// What a person has to do, in words.
    pub by_hand: Vec<String>,
}

impl Morning<'_> {
    /// Puts into the outbox what is due. Given again on the same day it adds nothing. One client's trouble stops no other.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn letters(&self) -> Result<Letters, BillingError> {
        let zone = super::terms::zone(&self.inventory.cooperative);
        let book = Book::read(self.store, &Scope::Staff).await?;
        let mails = self.store.mails(&Scope::Staff, None, None).await?;
        let mut letters = Letters::default();
        for client in self.inventory.clients.values() {
            let account = book.account(&client.id);
            let told = self.hours(client, &account, &zone).await;
            letters.note(client, told, |letters| &mut letters.hours)?;
            let told = self.renewal(client, &account, &zone, &mails).await;
            letters.note(client, told, |letters| &mut letters.renewals)?;
        }
        self.reminders(&mut letters).await?;
        Ok(letters)
    }

    /// Whether a mail about its hours is new.
    async fn hours(&self, client: &Client, account: &Account, zone: &TimeZone) -> Result<bool, BillingError> {
        let hours = Hours::of(client, account, zone);
        let mut is_new = false;
        for mail in alerts::mails(&self.inventory.cooperative, client, &hours, self.today, self.by, self.now)? {
            is_new |= self.store.put_mail(&mail).await?.1;
        }
        Ok(is_new)
    }

    /// Whether its renewal was announced now.
    async fn renewal(
        &self,
        client: &Client,
        account: &Account,
        zone: &TimeZone,
        mails: &[MailRecord],
    ) -> Result<bool, BillingError> {
        let today = self.today;
        let Some(renewal) = next_renewal(&terms(client, account.notices.clone()), today) else { return Ok(false) };
        let cooperative = &self.inventory.cooperative;
        let paperwork = Paperwork { cooperative, client, account, zone, today };
        if !notices::is_due(&paperwork, &renewal) {
            return Ok(false);
        }
        let in_outbox = notices::in_outbox(mails, client, &renewal);
        if let Some(trouble) = notices::left_lying(&in_outbox, client) {
            return Err(trouble);
        }
        if !in_outbox.is_empty() {
            return Ok(false);
        }
        notices::put_in(self.store, &paperwork, &renewal, self.by, self.now).await?;
        Ok(true)
    }

    /// Reminders leave by themselves only while the bank's files are fresh: whoever paid yesterday is not reminded.
    async fn reminders(&self, letters: &mut Letters) -> Result<(), BillingError> {
        let today = self.today;
        let due = due(self.store, self.inventory, None, today).await?;
        if due.is_empty() {
            return Ok(());
        }
        let late = counted(due.len(), "client is late", "clients are late");
        if !self.inventory.cooperative.billing.automatic_reminders {
            letters.by_hand.push(format!("{late}: `accolades billing remind`"));
            return Ok(());
        }
        if !self.bank_is_fresh().await? {
            let days = limits::BANK_FRESH.as_secs() / 86_400;
            letters.by_hand.push(format!(
                "{late}, and no file of the bank was taken in for {days} days: `accolades billing bank import FILE` first"
            ));
            return Ok(());
        }
        let reminding = Reminding {
            store: self.store,
            inventory: self.inventory,
            today,
            by: self.by,
            now: self.now,
            by_post: false,
        };
        for reminder in &due {
            let Some(client) = self.inventory.clients.get(&reminder.client) else { continue };
            let told = async {
                let letter = reminding.letter(reminder).await?;
                reminding.send(reminder, &letter).await?;
                Ok(true)
            };
            letters.note(client, told.await, |letters| &mut letters.reminders)?;
        }
        Ok(())
    }

    async fn bank_is_fresh(&self) -> Result<bool, BillingError> {
        let Some(at_us) = self.store.last_bank_file_us().await? else { return Ok(false) };
        let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MIN);
        let fresh = SignedDuration::try_from(limits::BANK_FRESH).unwrap_or(SignedDuration::ZERO);
        Ok(self.now.duration_since(at) <= fresh)
    }
}

impl Letters {
    /// Notes what became of one client's letter. Only a store that fails ends the morning.
    fn note(
        &mut self,
        client: &Client,
        told: Result<bool, BillingError>,
        list: impl Fn(&mut Letters) -> &mut Vec<ClientId>,
    ) -> Result<(), BillingError> {
        match told {
            Ok(true) => list(self).push(client.id.clone()),
            Ok(false) => {}
            Err(error @ BillingError::Store(_)) => return Err(error),
            Err(error) => self.by_hand.push(format!("{}: {}", client.id, error.to_string().replace("\n\n", "; "))),
        }
        Ok(())
    }
}
