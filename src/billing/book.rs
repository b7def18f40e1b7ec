//! Everything that is recorded about clients and matters for billing, read at once.

use std::collections::BTreeMap;

use crate::domain::billing::difference::{Billed, Ledger};
use crate::domain::billing::document::{ChargeKey, ChargeKind};
use crate::domain::billing::support::{Entry, Envelope};
use crate::domain::billing::terms::RenewalNotice;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{Consent, LedgerRow, NewConsent, Scope, Store, StoreError};

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
    /// Those of overage, in the order of issue.
    overage: Vec<LedgerRow>,
}

impl Account {
    /// The entries as the rules read them.
    pub fn worked(&self) -> Vec<Entry> {
        self.entries.iter().filter(|entry| !entry.is_gone()).map(InForce::entry).collect()
    }

    /// The envelopes that were approved, in that order.
    pub fn envelopes(&self) -> Vec<Envelope> {
        let approved = self.consents.iter().filter_map(|one| {
            let decision = one.decision.as_ref().filter(|decision| decision.is_approved)?;
            Some((decision.at_us, &one.asked))
        });
        let mut approved: Vec<(i64, &NewConsent)> = approved.collect();
        approved.sort_by_key(|(at_us, _)| *at_us);
        let envelope = |(at_us, asked): (i64, &NewConsent)| Envelope {
            year: asked.year_from,
            price: asked.price,
            minutes: asked.minutes,
            billed_before: self.billed_before(at_us, asked.price),
        };
        approved.into_iter().map(envelope).collect()
    }

    /// Minutes at a price that were invoiced before a moment.
    fn billed_before(&self, at_us: i64, price: Cents) -> BTreeMap<ChargeKey, i64> {
        let mut billed: BTreeMap<ChargeKey, i64> = BTreeMap::new();
        let before = self.overage.iter().filter(|row| row.issued_at_us < at_us && row.charge.key.price == price);
        for row in before {
            *billed.entry(row.charge.key.clone()).or_default() += row.charge.amount;
        }
        billed
    }

    fn add_charge(&mut self, row: LedgerRow) {
        let charge = &row.charge;
        self.ledger_charges += 1;
        let billed: &mut Billed = self.ledger.billed.entry(charge.key.clone()).or_default();
        billed.total.0 += charge.cents.0;
        billed.amount += charge.amount;
        if charge.is_waived {
            billed.waived = Cents(billed.waived.0 - charge.cents.0);
        }
        if charge.key.kind == ChargeKind::Overage {
            self.overage.push(row);
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
            book.account_mut(&row.client).add_charge(row);
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
