//! Everything that is recorded about clients and matters for billing, read at once.

use std::collections::BTreeMap;

use crate::domain::billing::difference::{Billed, Ledger};
use crate::domain::billing::support::{Entry, Envelope};
use crate::domain::billing::terms::RenewalNotice;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{ChargeRecord, Consent, Scope, Store, StoreError};

use super::entries::{InForce, in_force};

/// What is recorded about one client.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Entries in force.
    pub entries: Vec<InForce>,
    /// Requests for consent.
    pub consents: Vec<Consent>,
    /// Notices of renewal that were sent.
    pub notices: Vec<RenewalNotice>,
    /// What was invoiced.
    pub ledger: Ledger,
    /// How many charges the ledger is made of.
    pub ledger_charges: i64,
}

impl Account {
    /// The entries as the rules read them.
    pub fn worked(&self) -> Vec<Entry> {
        self.entries.iter().filter(|entry| !entry.is_gone()).map(InForce::entry).collect()
    }

    /// The envelopes that were approved.
    pub fn envelopes(&self) -> Vec<Envelope> {
        let approved =
            self.consents.iter().filter(|one| one.decision.as_ref().is_some_and(|decision| decision.is_approved));
        approved
            .map(|one| Envelope { year: one.asked.year_from, price: one.asked.price, minutes: one.asked.minutes })
            .collect()
    }

    fn add_charge(&mut self, charge: &ChargeRecord) {
        self.ledger_charges += 1;
        let billed: &mut Billed = self.ledger.billed.entry(charge.key.clone()).or_default();
        billed.total.0 += charge.cents.0;
        billed.amount += charge.amount;
        if charge.is_waived {
            billed.waived = Cents(billed.waived.0 - charge.cents.0);
        }
    }
}

/// What is recorded about the clients of a scope.
#[derive(Debug, Clone, Default)]
pub struct Book {
    accounts: BTreeMap<ClientId, Account>,
}

impl Book {
    /// Reads everything.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(store: &Store, scope: &Scope) -> Result<Book, StoreError> {
        let mut book = Book::default();
        let mut recorded: BTreeMap<ClientId, Vec<_>> = BTreeMap::new();
        for entry in store.support_entries(scope).await? {
            recorded.entry(entry.entry.client.clone()).or_default().push(entry);
        }
        for (client, entries) in recorded {
            book.account_mut(&client).entries = in_force(entries);
        }
        for consent in store.consents(scope).await? {
            let client = consent.asked.client.clone();
            book.account_mut(&client).consents.push(consent);
        }
        for notice in store.notices(scope).await? {
            let sent = RenewalNotice { term: notice.term, sent_on: notice.sent_on };
            book.account_mut(&notice.client).notices.push(sent);
        }
        for row in store.charges(scope).await? {
            book.account_mut(&row.client).add_charge(&row.charge);
        }
        for (client, month) in store.invoiced_through(scope).await? {
            book.account_mut(&client).ledger.invoiced_through = Some(month);
        }
        Ok(book)
    }

    fn account_mut(&mut self, client: &ClientId) -> &mut Account {
        self.accounts.entry(client.clone()).or_default()
    }

    /// What is recorded about a client; of one who is not known, nothing.
    pub fn account(&self, client: &ClientId) -> Account {
        self.accounts.get(client).cloned().unwrap_or_default()
    }

    /// The same without a copy.
    pub fn account_ref(&self, client: &ClientId) -> Option<&Account> {
        self.accounts.get(client)
    }
}
