//! Mail of the co-operative's own: what is announced is put into the store's outbox as a finished message, and delivered
//! from there, once (R20). A mail whose fate is not known is "may have been sent", and a person decides.
//!
//! | step | what is on record | what a crash right after it means |
//! | --- | --- | --- |
//! | put in | `waiting` | it is sent later |
//! | claimed | `sending` | the next sender puts it back: the server had nothing of it |
//! | the server is ready for the message | `sending`, handed over | the next sender says `may-have-been-sent` |
//! | the server answered | `sent`, `waiting` or `failed` | nothing: it is known |

mod decide;
mod deliver;
mod error;
mod folder;
mod message;
mod mime;
mod put;
mod smtp;

pub use decide::{Decision, decide};
pub use deliver::{Delivered, Post, deliver};
pub use error::PostError;
pub use folder::Folder;
pub use message::{Attachment, Message, Recipient, Sender};
pub use put::{Announcement, compose, put, secret_name};
pub use smtp::{Smtp, SmtpError};

use std::path::PathBuf;

use crate::inventory::mail::MailWay;
use crate::inventory::model::Cooperative;
use crate::store::secrets::Vault;

/// The secret that is the password of the mail server.
pub const PASSWORD: &str = "mail";

/// Where mails leave.
#[derive(Debug)]
pub enum Transport {
    /// Into a folder, one file each.
    Folder(Folder),
    /// To a mail server.
    Smtp(Smtp),
}

impl Transport {
    /// The one that the inventory describes. `folder` is where files go when mails leave into one.
    ///
    /// # Errors
    /// [`PostError::NoPassword`] when the server wants an account and its password is not set.
    pub async fn of(
        cooperative: &Cooperative,
        folder: impl Into<PathBuf>,
        vault: &Vault,
    ) -> Result<Transport, PostError> {
        Ok(match &cooperative.mail.by {
            MailWay::Folder => Transport::Folder(Folder::new(folder)),
            MailWay::Smtp(server) => {
                let password = match &server.username {
                    None => None,
                    Some(_) => Some(vault.get_secret(PASSWORD).await?.ok_or(PostError::NoPassword)?),
                };
                Transport::Smtp(Smtp::new(server.clone(), password)?)
            }
        })
    }
}
