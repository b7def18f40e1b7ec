//! What is said to a client about its bills goes into the outbox, to each contact for bills.

use super::Desk;
use crate::billing::remind::addresses;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::inventory::model::Client;
use crate::post::{Announcement, Attachment, Message, Recipient, Sender, put};
use crate::store::Scope;

/// Something to say.
pub struct Notice {
    /// What kind it is, the first part of its key.
    pub kind: &'static str,
    /// What it is about, the second part.
    pub about: String,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// A PDF that comes with it: name and bytes.
    pub pdf: Option<(String, Vec<u8>)>,
}

/// Puts it in, once for each address; returns to whom.
///
/// # Errors
/// When the store cannot be written.
pub async fn notify(session: &Session, desk: &Desk, client: &Client, notice: &Notice) -> Result<Vec<String>, Failure> {
    let sender = Sender::of(&desk.accepted.inventory.cooperative);
    let who = session.who()?;
    let to = addresses(client);
    for address in &to {
        let attachments = notice.pdf.iter().map(|(name, bytes)| Attachment {
            name: name.clone(),
            mime: "application/pdf",
            bytes: bytes.clone(),
        });
        let message = Message {
            to: Recipient { name: None, address: address.clone() },
            subject: notice.subject.clone(),
            text: notice.text.clone(),
            html: None,
            attachments: attachments.collect(),
        };
        let announcement = Announcement {
            key: format!("{}/{}", notice.kind, notice.about),
            scope: Scope::Client(client.id.clone()),
            kind: notice.kind,
            about: Some(notice.about.clone()),
            message,
        };
        put(&desk.store, None, &sender, &announcement, &who, desk.now).await?;
    }
    Ok(to)
}
