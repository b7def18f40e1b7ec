//! Inviting somebody of the co-operative: a link for one use, by which they set password and second factor themselves. And
//! putting a contact out, whose telephone or mailbox is in other hands.

use jiff::Timestamp;

use crate::store::secrets::VaultError;
use crate::store::{EntryLink, LinkPurpose};
use crate::util::limits;

use super::Portal;
use super::factor::forget_secrets;
use super::session::{contact_subject, micros, staff_subject};

impl Portal {
    /// Makes a link for an account. Earlier links, its password, its second factor and its sessions are over.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn invite(&self, account: &str, now: Timestamp) -> Result<String, VaultError> {
        let (at_us, subject) = (now.as_microsecond(), staff_subject(account));
        self.store.end_links(LinkPurpose::Invitation, account, at_us).await?;
        self.store.set_password(account, None, at_us).await?;
        self.store.drop_factor(&subject).await?;
        forget_secrets(&self.vault, &subject).await?;
        self.store.end_sessions(&subject, at_us).await?;
        let token = self.new_token();
        let link = EntryLink {
            id: self.new_id(),
            subject: account.to_owned(),
            token_hash: self.token_hash(&token),
            code_hash: None,
            made_at_us: at_us,
            ends_at_us: at_us + micros(limits::PORTAL_INVITATION_TIME),
            used_at_us: None,
        };
        self.store.add_link(LinkPurpose::Invitation, &link).await?;
        Ok(format!("{}/equipe/invitation/{token}", self.settings.public_url))
    }

    /// Ends every session of a contact, and what was sent to let them in; with their second factor, too, when they lost it.
    /// How many sessions that were.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put_out(&self, email: &str, with_factor: bool, now: Timestamp) -> Result<u64, VaultError> {
        let (at_us, email) = (now.as_microsecond(), email.to_lowercase());
        let subject = contact_subject(&email);
        self.store.end_links(LinkPurpose::Entry, &email, at_us).await?;
        if with_factor {
            self.store.drop_factor(&subject).await?;
            forget_secrets(&self.vault, &subject).await?;
        }
        Ok(self.store.end_sessions(&subject, at_us).await?)
    }

    /// Makes a link for one entry of a contact, as the mail would carry it: for rehearsals.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn entry_link(&self, email: &str, now: Timestamp) -> Result<String, VaultError> {
        let (at_us, token) = (now.as_microsecond(), self.new_token());
        let link = EntryLink {
            id: self.new_id(),
            subject: email.to_lowercase(),
            token_hash: self.token_hash(&token),
            code_hash: None,
            made_at_us: at_us,
            ends_at_us: at_us + micros(limits::PORTAL_LINK_TIME),
            used_at_us: None,
        };
        self.store.add_link(LinkPurpose::Entry, &link).await?;
        Ok(format!("{}/entrer/lien/{token}", self.settings.public_url))
    }
}
