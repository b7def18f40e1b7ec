//! Putting mails in.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Message, PostError, Sender};
use crate::domain::hosts;
use crate::store::secrets::Vault;
use crate::store::{NewMail, Scope, Store};
use crate::util::limits;

/// What is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Of what, such as `invoice/F2026-00042`. The recipient's address is added: put in again, it stays one mail for each.
    pub key: String,
    /// Whose.
    pub scope: Scope,
    /// `invoice`, `login`, ...: what lists show.
    pub kind: &'static str,
    /// What it is about: the number of a document, the last day of a term.
    pub about: Option<String>,
    /// The message.
    pub message: Message,
}

/// Under which name a confidential message is among the secrets.
pub fn secret_name(key: &str) -> String {
    format!("mail/{key}")
}

/// A mail as the outbox takes it, for those who put it in within a transaction of their own.
///
/// # Errors
/// [`PostError::Address`] and [`PostError::TooLarge`]: such a mail could never be sent.
pub fn compose(sender: &Sender, announcement: &Announcement, by: &str, now: Timestamp) -> Result<NewMail, PostError> {
    let Announcement { key, scope, kind, about, message } = announcement;
    let recipient = message.to.address.clone();
    if hosts::email(&recipient).is_err() {
        return Err(PostError::Address { address: recipient });
    }
    let key = format!("{key}/{recipient}");
    let text = message.write(sender, &key, now);
    if text.len() > limits::MAIL_BYTES_MAX {
        return Err(PostError::TooLarge { key, size_bytes: text.len(), max_bytes: limits::MAIL_BYTES_MAX });
    }
    Ok(NewMail {
        key,
        scope: scope.clone(),
        kind: (*kind).to_owned(),
        about: about.clone(),
        recipient,
        subject: message.subject.chars().filter(|one| !one.is_control()).collect(),
        message: text,
        is_confidential: false,
        by: by.to_owned(),
        at_us: now.as_microsecond(),
    })
}

/// Puts a mail in: its number, and whether it is new. With a `vault` it is confidential: whoever reads it could log in, so
/// its message is among the secrets, and gone once it is sent.
///
/// # Errors
/// As [`compose`], or when store or secrets cannot be written.
pub async fn put(
    store: &Store,
    vault: Option<&Vault>,
    sender: &Sender,
    announcement: &Announcement,
    by: &str,
    now: Timestamp,
) -> Result<(i64, bool), PostError> {
    let mut mail = compose(sender, announcement, by, now)?;
    if let Some(vault) = vault {
        // First: a mail whose message is nowhere could not be sent.
        let message = SecretString::from(std::mem::take(&mut mail.message));
        vault.put_secret(&secret_name(&mail.key), &message, mail.at_us).await?;
        mail.is_confidential = true;
    }
    Ok(store.put_mail(&mail).await?)
}
