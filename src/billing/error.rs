//! What can go wrong with billing, in words that say what to do next.

use std::path::PathBuf;

use crate::post::PostError;
use crate::store::StoreError;

/// A failure of billing.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// Somebody else bills.
    #[error(
        "billing is already running ({holder})\n\nwait for its end, then run the command again: nothing is charged twice"
    )]
    AlreadyRunning {
        /// Host, process and nonce of the other one.
        holder: String,
    },
    /// The store does not know documents that were issued.
    #[error(
        "the store is behind the issue journal: {count} documents are missing in it, the first is `{first}`\n\nit was restored from an older copy: run `accolades billing recover`, then issue again; no number is used twice"
    )]
    Behind {
        /// How many are missing.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// Store and journal have different documents of one number.
    #[error(
        "`{number}` in the store is not the `{number}` of the issue journal\n\nsomebody issued from another copy of the store: a person has to compare both documents before anything is issued"
    )]
    Diverged {
        /// The number.
        number: String,
    },
    /// The journal is not where documents were issued into before.
    #[error(
        "there is no issue journal at `{}`, but the store has issued documents\n\nname the folder of the issued documents with `--archive DIR`; if it is lost, `accolades billing recover --new-journal` writes it again from the store",
        path.display()
    )]
    JournalMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A line of the journal cannot be read.
    #[error("line {line} of the issue journal `{}` cannot be read\n\nit was changed by hand or is damaged: restore the file from its backup", path.display())]
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A file could not be read or written.
    #[error("`{}` cannot be read or written\n\nis the disk full, and does the folder exist?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What was rendered again differs from what was archived.
    #[error("`{}` is not what was archived when it was issued\n\nrestore it from its backup; the right one has SHA-256 {sha256}", path.display())]
    ArchiveDiffers {
        /// The file.
        path: PathBuf,
        /// Checksum of the right one.
        sha256: String,
    },
    /// A document on record cannot be read.
    #[error(
        "document `{number}` in the store cannot be read by this program\n\ninstall the newer program, or restore the store from its backup"
    )]
    Unreadable {
        /// Its number.
        number: String,
    },
    /// The seller cannot write a lawful invoice.
    #[error("{reason}\n\n{mend}")]
    Seller {
        /// What is missing.
        reason: String,
        /// What to do.
        mend: String,
    },
    /// A document could not be printed.
    #[error(
        "`{number}` was issued, but could not be printed\n\nit keeps its number; look at the cause, then run `accolades billing recover`: it prints what is missing"
    )]
    Printing {
        /// Its number.
        number: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A paper could not be printed.
    #[error(transparent)]
    Paper(#[from] crate::print::PrintError),
    /// What is asked for cannot be.
    #[error("{what}\n\n{next}")]
    Refused {
        /// What is wrong.
        what: String,
        /// What to do.
        next: String,
    },
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BillingError {
    /// A refusal in our own words.
    pub fn refused(what: impl Into<String>, next: impl Into<String>) -> BillingError {
        BillingError::Refused { what: what.into(), next: next.into() }
    }

    /// A mail that cannot be put into the outbox.
    pub fn of_mail(about: &str, error: PostError) -> BillingError {
        match error {
            PostError::Store(error) => error.into(),
            other => {
                let what = format!("the mail of `{about}` cannot be made: {other}");
                BillingError::refused(what, "mend it, then send again")
            }
        }
    }
}

impl From<crate::domain::refusal::Refusal> for BillingError {
    fn from(refusal: crate::domain::refusal::Refusal) -> BillingError {
        BillingError::refused(refusal.problem, refusal.hint.unwrap_or_else(|| "nothing was done".to_owned()))
    }
}
