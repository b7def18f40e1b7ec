//! What can go wrong with mail, in words that say what to do next.

use std::path::PathBuf;

use super::smtp::SmtpError;
use crate::store::StoreError;
use crate::store::secrets::VaultError;
use crate::util::clock::ClockError;

/// A failure of the post as a whole; what concerns one mail is that mail's state.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The server wants an account whose password nobody set.
    #[error(
        "the password of the mail server is not set\n\nset it with `accolades secret set mail`; no mail was touched"
    )]
    NoPassword,
    /// The server could not be reached, or lets nobody in: no mail was claimed.
    #[error("the mail server does not take mails now\n\nnothing was sent; they wait, and the same command tries again")]
    Server(#[from] SmtpError),
    /// The folder of mails cannot be read or written.
    #[error("`{}` cannot be read or written\n\nis the disk full, and does the folder exist?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A message is larger than mail servers take.
    #[error(
        "the mail `{key}` has {size_bytes} bytes: mail servers refuse more than {max_bytes}\n\nsend fewer or smaller files"
    )]
    TooLarge {
        /// Which mail.
        key: String,
        /// How large it is.
        size_bytes: usize,
        /// The bound.
        max_bytes: usize,
    },
    /// An address that would change the meaning of the protocol.
    #[error("`{address}` is not an address that mail can be sent to\n\ncorrect it in the inventory")]
    Address {
        /// The address.
        address: String,
    },
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A lab's clock did not answer.
    #[error(transparent)]
    Clock(#[from] ClockError),
}
