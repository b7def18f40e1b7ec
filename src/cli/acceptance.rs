//! Accepting an inventory: what the files say becomes what is carried out, with who, when and what changed.

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
pub use crate::acceptance::Standing;
use crate::billing::impact::{self, impacts};
use crate::engine::run::Accepted;
use crate::inventory;
use crate::inventory::model::UnreadableModel;
use crate::inventory::moved::moved;
use crate::inventory::vanished::{Vanished, vanished};
use crate::store::{InventoryVersion, Store, StoreError};

impl Session {
    /// The version in force.
    ///
    /// # Errors
    /// When none was ever accepted.
    pub async fn accepted(&self, store: &Store) -> Result<Accepted, Failure> {
        let latest = store.latest_inventory().await?.ok_or_else(nothing_accepted)?;
        read(&latest)
    }

    /// Reads the files and compares them with the version in force. Where there is no folder, only the version counts:
    /// on a shared store not every technician keeps the files.
    ///
    /// # Errors
    /// The mistakes of the files.
    pub async fn standing(&self, store: &Store) -> Result<Standing, Failure> {
        Ok(Standing::read(store, &self.globals.inventory).await?)
    }

    /// Says when the files are not what was accepted, without stopping for their mistakes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mention_edit(&self, store: &Store) -> Result<(), Failure> {
        let folder = self.globals.inventory.display();
        let Some(latest) = store.latest_inventory().await? else { return Ok(()) };
        if !self.globals.inventory.exists() {
            return Ok(());
        }
        match inventory::read_files(&self.globals.inventory) {
            Ok(files) if inventory::content_hash(&files) == latest.content_hash => {}
            _ => self.output.warn(&format!(
                "`{folder}` is not what was accepted as version {}, which is used here; `accolades inventory accept` shows the difference",
                latest.number
            )),
        }
        Ok(())
    }

    /// Shows an edit and records it once it is confirmed; gives the version in force.
    ///
    /// # Errors
    /// When it is not confirmed, or somebody else accepted another one meanwhile.
    pub async fn accept(&self, store: &Store, standing: &Standing) -> Result<InventoryVersion, Failure> {
        let (Some(edit), Some(difference)) = (&standing.edit, standing.difference()) else {
            return standing.latest.clone().ok_or_else(nothing_accepted);
        };
        self.output.say(&difference);
        if let Some(latest) = &standing.latest {
            let before = read(latest)?.inventory;
            let impacts = impacts(store, &before, &edit.inventory).await?;
            self.output.say_unless_empty(impact::in_words(&impacts).trim_end());
            for sentence in moved(&before, &edit.inventory) {
                self.output.warn(&sentence);
            }
            for Vanished { client, person } in vanished(&before, &edit.inventory, self.today(&edit.inventory).await?) {
                self.output.warn(&format!(
                    "`{person}` of `{client}` is struck out: the account stays open and is billed no more; to close it keep \
                     the seat and end it with `accolades seat end {client} {person}`"
                ));
            }
        }
        self.confirm(&format!("Accept this as version {} of the inventory?", standing.number() + 1))?;
        self.accept_agreed(store, standing).await
    }

    /// Records an edit that a person agreed to in other words just now.
    ///
    /// # Errors
    /// When somebody else accepted another one meanwhile.
    pub async fn accept_agreed(&self, store: &Store, standing: &Standing) -> Result<InventoryVersion, Failure> {
        let (who, at_us) = (self.who()?, self.now().await?.as_microsecond());
        let Some(version) = standing.accept(store, &who, at_us).await? else {
            return standing.latest.clone().ok_or_else(nothing_accepted);
        };
        self.output.say(&format!("accepted as version {} by {}", version.number, version.accepted_by));
        Ok(version)
    }
}

/// An accepted version as the engine takes it.
///
/// # Errors
/// When the store holds a model that this program cannot read.
pub fn read(version: &InventoryVersion) -> Result<Accepted, Failure> {
    Accepted::read(version).map_err(|error| match error {
        UnreadableModel::Newer(_) => Failure::new(Exit::Configuration, error.to_string(), "update this program"),
        UnreadableModel::Damaged(_) => StoreError::Unreadable { what: "inventory's model" }.into(),
    })
}

fn nothing_accepted() -> Failure {
    Failure::new(
        Exit::Configuration,
        "no inventory has been accepted yet",
        "look at the files with `accolades check`, then record them with `accolades inventory accept`",
    )
}
