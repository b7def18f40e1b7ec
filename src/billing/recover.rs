//! Brings store, issue journal and archive together again (R25): after a store was restored from an older copy, or a run was
//! cut short.

use crate::store::Store;

use super::BillingError;
use super::archive::Archive;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Documents that only the journal had.
    pub taken_into_store: Vec<String>,
    /// Documents that only the store had.
    pub written_into_journal: Vec<String>,
    /// Documents whose files were missing.
    pub files_completed: Vec<String>,
}

/// Takes into the store what only the journal has, into the journal what only the store has, and writes missing files.
/// Running it again finds nothing to do.
///
/// # Errors
/// [`BillingError::Diverged`] when one number has two contents, [`BillingError::JournalMissing`] when the journal is not
/// there and `new_journal` does not say that it is lost.
pub async fn recover(
    store: &Store,
    archive: &Archive,
    at_us: i64,
    new_journal: bool,
) -> Result<Recovered, BillingError> {
    let journal = archive.journal();
    if !journal.exists() {
        if !new_journal && !store.invoice_numbers().await?.is_empty() {
            return Err(BillingError::JournalMissing { path: journal.path().to_owned() });
        }
        journal.create()?;
    }
    let comparison = journal.compare(store).await?;
    let mut taken_into_store = Vec::new();
    if !comparison.missing_in_store.is_empty() {
        for record in journal.read()? {
            if store.restore_document(&record).await? {
                taken_into_store.push(record.number);
            }
        }
    }
    journal.catch_up(store, &comparison).await?;
    let files_completed = archive.complete(store, at_us, true).await?;
    Ok(Recovered { taken_into_store, written_into_journal: comparison.missing_in_journal, files_completed })
}
