//! Who did something, as clients know them: a person, not an account.

use std::collections::BTreeMap;

use super::super::session::ClientSession;
use super::super::{Portal, Problem};

/// The people of the co-operative, by the names of their accounts. Those that are closed did what they did, too.
pub(super) struct People(BTreeMap<String, String>);

impl People {
    /// Reads them.
    pub(super) async fn read(portal: &Portal) -> Result<People, Problem> {
        let accounts = portal.store.accounts().await?;
        Ok(People(accounts.into_iter().map(|account| (account.name, account.full_name)).collect()))
    }

    /// Somebody by what a record has of them: `nadia` and `staff:nadia` as commands and pages write it, `contact:` and an
    /// address for a contact. Whoever is not known by name stays what is on record.
    pub(super) fn name(&self, session: &ClientSession, by: &str) -> String {
        if let Some(email) = by.strip_prefix("contact:") {
            let contact = session.client().contacts.iter().find(|one| one.email.eq_ignore_ascii_case(email));
            return contact.map_or_else(|| email.to_owned(), |one| one.name.clone());
        }
        let account = by.strip_prefix("staff:").unwrap_or(by);
        self.0.get(account).cloned().unwrap_or_else(|| account.to_owned())
    }
}
