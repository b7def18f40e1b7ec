//! Changes to the files as a technician would make them: comments and order stay, and nothing is written unless the
//! whole inventory passes its check afterwards.

mod client;
mod restored;
mod seat;
mod settings;

pub use client::{NewClient, NewContact, NewInstance, Whereabouts, client_add};
pub use restored::{NewPlace, restored, restored_elsewhere};
pub use seat::{NewPerson, NewSeat, SeatEnd, seat_add, seat_end};
pub use settings::{Setting, settings_change};

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use toml_edit::{DocumentMut, Item, Table, TomlError, Value};

use super::check::check;
use super::folder::write_file;
use super::mistake::{Mistakes, did_you_mean};
use super::model::Inventory;
use crate::domain::ids::ClientId;

/// A change that passes the check and is not written yet.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The files that change or are new, with their texts.
    pub changed: BTreeMap<String, String>,
    /// All files after the change.
    pub files: BTreeMap<String, String>,
    /// The model after the change.
    pub inventory: Inventory,
}

impl Edit {
    /// Checks the files with some of them changed.
    fn of(files: &BTreeMap<String, String>, changed: BTreeMap<String, String>) -> Result<Edit, EditError> {
        let mut files = files.clone();
        files.extend(changed.clone());
        let inventory = check(&files)?;
        Ok(Edit { changed, files, inventory })
    }

    /// Writes the changed files, each whole or not at all.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        self.changed.iter().try_for_each(|(path, text)| write_file(folder, path, text))
    }
}

/// Why an edit was not made. Nothing has been written.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The result, or the inventory before it, does not pass the check.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    /// There is no such client.
    #[error("client `{client}` is unknown{}", hint(likely))]
    UnknownClient {
        /// As typed.
        client: String,
        /// The id it most likely means.
        likely: Option<String>,
    },
    /// A file of that name is there already.
    #[error("`{0}` exists already\n\nedit it, or choose another id")]
    Exists(String),
    /// The person is not in the file, and no name was given to add them.
    #[error("person `{person}` is unknown at `{client}`{}", hint(likely))]
    UnknownPerson {
        /// The client.
        client: ClientId,
        /// As typed.
        person: String,
        /// The id it most likely means.
        likely: Option<String>,
    },
    /// The id is that of somebody with another name.
    #[error(
        "`{person}` at `{client}` is {name}\n\nchoose another id for somebody else; for {name} leave the name away, or correct it in the file first"
    )]
    OtherPerson {
        /// The client.
        client: ClientId,
        /// As typed.
        person: String,
        /// Whose id it is.
        name: String,
    },
    /// Every seat of the person has an end.
    #[error("`{person}` has no open seat at `{client}`\n\nan end that is written already is changed in the file")]
    NoOpenSeat {
        /// The client.
        client: ClientId,
        /// The person.
        person: String,
    },
    /// The file is not TOML.
    #[error("`{path}` is not TOML")]
    NotToml {
        /// The file.
        path: String,
        /// What the parser says.
        #[source]
        source: TomlError,
    },
    /// Persons or seats are written as inline values, which this edit would have to reformat.
    #[error(
        "`{key}` in `{path}` is written on one line\n\nwrite it as tables, as in docs/inventory.md, or edit it by hand"
    )]
    Inline {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
    },
    /// There is no such file.
    #[error("`{0}` is not in the inventory")]
    NoFile(String),
    /// The table that a key names is not there.
    #[error("`{path}` has no place for `{key}`")]
    NoTable {
        /// The file.
        path: String,
        /// The dotted key.
        key: String,
    },
    /// The reserved range of VM ids is used up.
    #[error("no VM id is left in the reserved range\n\nwiden `[vm_ids]` in `cooperative.toml`")]
    NoVmIdLeft,
}

fn hint(likely: &Option<String>) -> String {
    likely.as_ref().map(|likely| format!("\n\ndid you mean `{likely}`?")).unwrap_or_default()
}

fn client_path(client: &ClientId) -> String {
    format!("clients/{client}.toml")
}

/// The word that the inventory writes for a value of a closed type.
fn word<T: Serialize>(value: &T) -> String {
    let word = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    word.expect("closed types are serialised as words")
}

/// The parsed file of a client, ready to be changed.
fn client_document(files: &BTreeMap<String, String>, client: &ClientId) -> Result<DocumentMut, EditError> {
    let path = client_path(client);
    if !files.contains_key(&path) {
        let known = files.keys().filter_map(|path| path.strip_prefix("clients/")?.strip_suffix(".toml"));
        let likely = did_you_mean(client.as_str(), known).map(str::to_owned);
        return Err(EditError::UnknownClient { client: client.to_string(), likely });
    }
    document(files, &path)
}

fn document(files: &BTreeMap<String, String>, path: &str) -> Result<DocumentMut, EditError> {
    let text = files.get(path).ok_or_else(|| EditError::NoFile(path.to_owned()))?;
    text.parse().map_err(|source| EditError::NotToml { path: path.to_owned(), source })
}

/// A table with an empty line before its heading.
fn separate_table() -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table
}

/// A day as TOML writes it.
fn day(day: Date) -> Item {
    let text = day.to_string();
    Item::Value(Value::Datetime(toml_edit::Formatted::new(text.parse().expect("a day is written as TOML writes days"))))
}
