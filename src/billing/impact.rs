//! What an edit of the inventory costs: euros on days that were invoiced already, shown before it is accepted.

use crate::domain::billing::document::ChargeKey;
use crate::domain::billing::month::Month;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::Inventory;
use crate::store::{Scope, Store};
use crate::util::count::counted;

use super::BillingError;
use super::book::Book;
use super::draft::owed_by;
use super::terms::zone;

/// A change of what is owed for months that were invoiced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Whose.
    pub client: ClientId,
    /// For which key.
    pub key: ChargeKey,
    /// Excluding VAT, before the edit.
    pub before: Cents,
    /// After it.
    pub after: Cents,
}

/// What changes between two inventories for months that were invoiced.
///
/// # Errors
/// When the store cannot be read.
pub async fn impacts(store: &Store, old: &Inventory, new: &Inventory) -> Result<Vec<Impact>, BillingError> {
    let book = Book::read(store, &Scope::Staff).await?;
    let mut impacts = Vec::new();
    for (id, before) in &old.clients {
        let Some(account) = book.account_ref(id) else { continue };
        let Some(through) = account.ledger.invoiced_through else { continue };
        let owed = |inventory: &Inventory| {
            let client = inventory.clients.get(id)?;
            Some(owed_by(client, account, through, &zone(&inventory.cooperative)).charges)
        };
        let old_charges = owed_by(before, account, through, &zone(&old.cooperative)).charges;
        let new_charges = owed(new).unwrap_or_default();
        let keys: std::collections::BTreeSet<&ChargeKey> = old_charges.keys().chain(new_charges.keys()).collect();
        for key in keys.into_iter().filter(|key| key.month <= through) {
            let total = |charges: &std::collections::BTreeMap<ChargeKey, _>| {
                charges.get(key).map_or(Cents(0), crate::domain::billing::charge::Charge::total)
            };
            let (before, after) = (total(&old_charges), total(&new_charges));
            if before != after {
                impacts.push(Impact { client: id.clone(), key: key.clone(), before, after });
            }
        }
    }
    Ok(impacts)
}

/// The impacts as the person who accepts the edit reads them; empty when there are none.
pub fn in_words(impacts: &[Impact]) -> String {
    use std::fmt::Write as _;
    if impacts.is_empty() {
        return String::new();
    }
    let mut out = "This changes days that were invoiced already (excluding VAT):\n".to_owned();
    for one in impacts {
        let difference = one.after.0 - one.before.0;
        let sign = if difference > 0 { "+" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  {} {} {}: {} instead of {} ({sign}{})",
            one.client,
            one.key.month,
            one.key.kind.word(),
            one.after,
            one.before,
            Cents(difference)
        );
    }
    let months: std::collections::BTreeSet<Month> = impacts.iter().map(|one| one.key.month).collect();
    let _ = writeln!(
        out,
        "Invoices stay as they are; the next run writes the difference of {} as adjustments or credit notes.",
        counted(months.len(), "month", "months")
    );
    out
}
