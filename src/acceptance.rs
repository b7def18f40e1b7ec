//! Accepting an inventory: what the files say becomes what is carried out, with who, when and what changed. Everything but
//! asking and telling, which the command line and the portal do in their own ways.

use std::path::Path;

use crate::inventory::{self, Loaded, Mistakes};
use crate::store::{InventoryVersion, NewInventoryVersion, Store, StoreError};

/// The version in force, and the files where they say something else.
pub struct Standing {
    /// The last accepted version.
    pub latest: Option<InventoryVersion>,
    /// The files, when they differ from it.
    pub edit: Option<Loaded>,
}

/// Why the files and the version in force cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The mistakes of the files.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    /// Our own store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Standing {
    /// Reads the files and compares them with the version in force. Where there is no folder, only the version counts: on a
    /// shared store not every technician keeps the files.
    ///
    /// # Errors
    /// The mistakes of the files, or a store that cannot be read.
    pub async fn read(store: &Store, folder: &Path) -> Result<Standing, StandingError> {
        let latest = store.latest_inventory().await?;
        if latest.is_some() && !folder.exists() {
            return Ok(Standing { latest, edit: None });
        }
        let loaded = inventory::load(folder)?;
        let is_edit = latest.as_ref().is_none_or(|latest| latest.content_hash != loaded.content_hash);
        Ok(Standing { latest, edit: is_edit.then_some(loaded) })
    }

    /// What changed, as the person who accepts it sees it. Of a first version there is nothing to compare: its files are
    /// named.
    pub fn difference(&self) -> Option<String> {
        let edit = self.edit.as_ref()?;
        Some(match &self.latest {
            Some(latest) => inventory::difference(&latest.files, &edit.files),
            None => {
                let files = edit.files.iter().map(|(path, text)| format!("+ {path}, {} lines\n", text.lines().count()));
                format!("The first version, {} files:\n{}", edit.files.len(), files.collect::<String>())
            }
        })
    }

    /// Number of the version in force, 0 for none.
    pub fn number(&self) -> i64 {
        self.latest.as_ref().map_or(0, |latest| latest.number)
    }

    /// Records the edit as the version in force. None when there is no edit.
    ///
    /// # Errors
    /// When somebody else accepted another one meanwhile, or the store cannot be written.
    ///
    /// # Panics
    /// Never: a model has texts, numbers and lists only.
    pub async fn accept(&self, store: &Store, by: &str, at_us: i64) -> Result<Option<InventoryVersion>, StoreError> {
        let (Some(edit), Some(difference)) = (&self.edit, self.difference()) else { return Ok(None) };
        let model = serde_json::to_value(&edit.inventory).expect("the model has texts, numbers and lists only");
        let new = NewInventoryVersion {
            follows: self.number(),
            content_hash: edit.content_hash.clone(),
            model,
            files: edit.files.clone(),
            accepted_by: by.to_owned(),
            accepted_at_us: at_us,
            difference,
        };
        Ok(Some(store.accept_inventory(&new).await?))
    }
}
