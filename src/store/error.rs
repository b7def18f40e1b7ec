//! What can go wrong with the store, in words that say what to do next.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the store is not one of ours.
    #[error(
        "`{url}` is not the address of a store\n\ngive a file (`sqlite:PATH` or a plain path) or a database (`postgres://USER@HOST/NAME`)"
    )]
    Address {
        /// The address without its password.
        url: String,
    },
    /// The file or the server could not be opened.
    #[error(
        "the store at `{url}` could not be opened\n\ncheck that the folder exists and is writable, or that the database server runs and lets you in"
    )]
    Open {
        /// The address without its password.
        url: String,
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// The store was written by a later version of the program.
    #[error(
        "the store has version {found}, this program knows versions up to {known}\n\ninstall the newer program; nothing was changed"
    )]
    Newer {
        /// Version of the store's tables.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// A step of the store's history differs from what this program would have done.
    #[error(
        "step {version} of the store's tables is not the one that this program knows\n\nuse the program that created the store, or restore the store from its backup"
    )]
    History {
        /// The step that differs.
        version: i64,
    },
    /// Somebody else was first, or what is asked contradicts what is recorded.
    #[error("{what}\n\n{next}")]
    Conflict {
        /// What contradicts what.
        what: String,
        /// What to do.
        next: &'static str,
    },
    /// The database refused or did not answer.
    #[error(
        "the store could not be read or written\n\nnothing was recorded by this operation; look at the cause, then run the command again"
    )]
    Database {
        /// The driver's words.
        #[from]
        source: sqlx::Error,
    },
    /// A payload is not an object with a numeric `version`.
    #[error(
        "the {what} carries no `version`, so that no later program could read it\n\nthis is a mistake of the program"
    )]
    NoVersion {
        /// Which payload.
        what: &'static str,
    },
    /// A stored value cannot be read back.
    #[error(
        "the {what} in the store cannot be read\n\nthe store was changed by hand or is damaged: restore it from its backup"
    )]
    Unreadable {
        /// Which value.
        what: &'static str,
    },
    /// A store that should be empty is not.
    #[error(
        "the target store is not empty: `{table}` has rows\n\nname a new file or an empty database; nothing was copied"
    )]
    NotEmpty {
        /// The first table with rows.
        table: &'static str,
    },
    /// What was read back after a copy differs from what was copied.
    #[error("the copy of `{table}` differs from its original\n\nnothing was kept in the target; run the copy again")]
    CopyDiffers {
        /// The table.
        table: &'static str,
    },
}

impl StoreError {
    /// A conflict.
    pub(super) fn conflict(what: impl Into<String>, next: &'static str) -> StoreError {
        StoreError::Conflict { what: what.into(), next }
    }
}
