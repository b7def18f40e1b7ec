//! Sending issued documents: by e-mail to the client's billing contacts; what goes through a platform is left to it. Each
//! mail is put into the outbox once, and delivered from there (R20).
//!
//! Nothing is sent before it stands in the issue journal (R25): whoever calls reconciles first.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::billing::document::DocumentKind;
use crate::domain::ids::ClientId;
use crate::inventory::billing::Route;
use crate::inventory::model::{Contact, Inventory};
use crate::post::{self, Announcement, Message, Recipient, Sender};
use crate::store::{FileKind, FileState, InvoiceRecord, MailRecord, MailState, PlatformFile, Scope, Store};

use super::archive::Archive;
use super::draft::read_document;
use super::{BillingError, mails};

/// Who sends, from what.
pub struct Desk<'a> {
    /// The store.
    pub store: &'a Store,
    /// The archive: what is sent are the bytes of the day of issue.
    pub archive: &'a Archive,
    /// The inventory: contacts and routes of today.
    pub inventory: &'a Inventory,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
}

/// A document that nobody was sent yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsent {
    /// The document.
    pub record: InvoiceRecord,
    /// By which road it goes.
    pub route: Route,
    /// Addresses, when it goes by e-mail.
    pub to: Vec<String>,
}

/// A document that cannot be sent, with the reason and the mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsendable {
    /// Its number.
    pub number: String,
    /// Whose.
    pub client: ClientId,
    /// What is missing.
    pub reason: String,
    /// What to do.
    pub mend: String,
}

/// What is to be sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pending {
    /// Documents to send by e-mail.
    pub by_mail: Vec<Unsent>,
    /// Documents that go through a platform or Chorus Pro.
    pub by_platform: Vec<Unsent>,
    /// Documents that cannot be sent.
    pub left_out: Vec<Unsendable>,
}

/// The kind under which a document's mail is listed.
pub const fn mail_kind(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit-note",
    }
}

impl Desk<'_> {
    /// Documents that were not put into the outbox yet; of those, the ones that `wanted` names. What has reached its client by
    /// another road than today's is left alone: a new road is for new documents.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pending(&self, wanted: impl Fn(&InvoiceRecord) -> bool) -> Result<Pending, BillingError> {
        let mails = self.store.mails(&Scope::Staff, None, None).await?;
        let files = self.store.platform_files(&Scope::Staff, None).await?;
        let mut pending = Pending::default();
        for record in self.store.invoices(&Scope::Staff).await?.into_iter().filter(wanted) {
            let Some(client) = self.inventory.clients.get(&record.client) else {
                pending.left_out.push(Unsendable {
                    number: record.number,
                    client: record.client,
                    reason: "the client is no longer in the inventory".to_owned(),
                    mend: "send the archived file by hand".to_owned(),
                });
                continue;
            };
            let route = client.route();
            if route != Route::Email {
                if !was_mailed(&mails, &record.number) {
                    pending.by_platform.push(Unsent { record, route, to: Vec::new() });
                }
                continue;
            }
            if was_handed_over(&files, &record.number) {
                continue;
            }
            let was_put = |contact: &&Contact| is_announced(&mails, &record, &contact.email);
            let contacts = client.billing_contacts();
            if contacts.is_empty() {
                pending.left_out.push(Unsendable {
                    number: record.number,
                    client: record.client,
                    reason: "it has no contact for billing".to_owned(),
                    mend: format!("add a contact with the role `billing` to clients/{}.toml", client.id),
                });
                continue;
            }
            let to: Vec<String> =
                contacts.into_iter().filter(|one| !was_put(one)).map(|one| one.email.clone()).collect();
            if !to.is_empty() {
                pending.by_mail.push(Unsent { record, route, to });
            }
        }
        Ok(pending)
    }

    /// Puts the mails of a document into the outbox: their numbers. Put in again they stay the same mails.
    ///
    /// # Errors
    /// When the archived file is not what was issued, or the store cannot be written.
    pub async fn put_in(&self, unsent: &Unsent) -> Result<Vec<i64>, BillingError> {
        let record = &unsent.record;
        let Some(client) = self.inventory.clients.get(&record.client) else { return Ok(Vec::new()) };
        let issued = read_document(record)?;
        let pdf = self.pdf(record).await?;
        let sender = Sender::of(&self.inventory.cooperative);
        let mut positions = Vec::new();
        for contact in client.billing_contacts().into_iter().filter(|one| unsent.to.contains(&one.email)) {
            let words = mails::invoice(&issued, Some(&contact.name));
            let announcement = Announcement {
                key: key(record),
                scope: Scope::Client(record.client.clone()),
                kind: mail_kind(record.kind),
                about: Some(record.number.clone()),
                message: Message::with_pdfs(
                    Recipient { name: Some(contact.name.clone()), address: contact.email.clone() },
                    words.subject,
                    words.text,
                    vec![(format!("{}.pdf", record.number), pdf.clone())],
                ),
            };
            let (position, _) = post::put(self.store, None, &sender, &announcement, self.by, self.now)
                .await
                .map_err(|error| BillingError::of_mail(&record.number, error))?;
            positions.push(position);
        }
        Ok(positions)
    }

    /// The archived PDF of a document.
    ///
    /// # Errors
    /// When it is gone or changed.
    pub async fn pdf(&self, record: &InvoiceRecord) -> Result<Vec<u8>, BillingError> {
        let name = format!("{}.pdf", record.number);
        let files = self.store.invoice_files(&Scope::Client(record.client.clone())).await?;
        let file = files.iter().find(|file| file.number == record.number && file.name == name);
        let file = file.ok_or_else(|| {
            BillingError::refused(
                format!("`{}` was issued, but its file is not in the archive yet", record.number),
                "`accolades billing recover` prints what is missing",
            )
        })?;
        self.archive.read(file)
    }
}

fn key(record: &InvoiceRecord) -> String {
    format!("{}/{}", mail_kind(record.kind), record.number)
}

/// Whether a document's mail to an address was put in.
fn is_announced(mails: &[MailRecord], record: &InvoiceRecord, address: &str) -> bool {
    let key = format!("{}/{address}", key(record));
    mails.iter().any(|mail| mail.key == key)
}

/// Whether a document went to its client by e-mail, or is about to: then no other road takes it. A mail that failed or was
/// given up counts for nothing.
pub(super) fn was_mailed(mails: &[MailRecord], number: &str) -> bool {
    let kinds = [DocumentKind::Invoice, DocumentKind::CreditNote].map(mail_kind);
    mails.iter().any(|mail| {
        mail.about.as_deref() == Some(number)
            && kinds.contains(&mail.kind.as_str())
            && !matches!(mail.state, MailState::Failed | MailState::GivenUp)
    })
}

/// Whether a platform has a document, or may have it. One that it refuses has reached nobody.
fn was_handed_over(files: &[PlatformFile], number: &str) -> bool {
    files.iter().any(|file| {
        let may_be_there = file.state != FileState::Waiting || file.attempts > 0;
        file.kind == FileKind::Document && file.number == number && file.state != FileState::Refused && may_be_there
    })
}
