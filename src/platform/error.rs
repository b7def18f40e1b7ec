//! What can go wrong with a platform, in words that say what to do next.

use std::path::PathBuf;

use crate::util::remote::Sent;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// Nobody answers, or the answer was lost.
    #[error(
        "the platform at `{url}` does not answer\n\nnothing is lost: the same command looks what is there, then goes on"
    )]
    Unreachable {
        /// Its address.
        url: String,
        /// Whether it may have acted.
        sent: Sent,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It is busy, or broken.
    #[error("the platform answers {status} ({words})\n\ntry again later; nothing is handed over twice")]
    Busy {
        /// Its status code.
        status: u16,
        /// Its words.
        words: String,
        /// Whether it may have acted.
        sent: Sent,
    },
    /// It does not let us in.
    #[error(
        "the platform does not let us in ({status} {words})\n\nset its token again with `accolades secret set platform`"
    )]
    Denied {
        /// Its status code.
        status: u16,
        /// Its words.
        words: String,
    },
    /// It does not want this file.
    #[error("the platform refuses the file: {words}")]
    Refused {
        /// Its words.
        words: String,
    },
    /// What it says is not what XP Z12-013 describes.
    #[error(
        "what the platform at `{url}` says cannot be understood: {what}\n\nis it the address of a flow service 1.3?"
    )]
    Foreign {
        /// Its address.
        url: String,
        /// What is wrong.
        what: String,
    },
    /// The inventory's address of it is none.
    #[error(
        "`{url}` is not the address of a platform\n\nwrite `https://HOST/PATH` in `[platform]` of cooperative.toml"
    )]
    Address {
        /// The address.
        url: String,
    },
    /// A file of the drop folder cannot be read or written.
    #[error("`{}` cannot be read or written\n\nis the disk full, and does the folder exist?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl PlatformError {
    /// Whether the platform may have acted.
    pub fn sent(&self) -> Sent {
        match self {
            PlatformError::Unreachable { sent, .. } | PlatformError::Busy { sent, .. } => *sent,
            PlatformError::Foreign { .. } | PlatformError::File { .. } => Sent::Maybe,
            PlatformError::Denied { .. } | PlatformError::Refused { .. } | PlatformError::Address { .. } => Sent::No,
        }
    }
}
