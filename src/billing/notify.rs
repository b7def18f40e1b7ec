//! What is said to a client becomes one mail for each address. The caller puts them into the outbox in the transaction that
//! records why: a crash between the two would lose the mail, or send it twice.

use jiff::Timestamp;

use crate::inventory::model::{Client, Cooperative};
use crate::post::{Announcement, Message, Recipient, Sender, compose};
use crate::store::{NewMail, Scope};

use super::BillingError;

/// Something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Notice {
    /// Its mails, one for each address. Put in again they stay the same mails.
    ///
    /// # Errors
    /// When an address is none, or the PDF is larger than mail servers take.
    pub fn mails(
        &self,
        cooperative: &Cooperative,
        client: &Client,
        to: &[String],
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<NewMail>, BillingError> {
        let sender = Sender::of(cooperative);
        let mail = |address: &String| {
            let announcement = Announcement {
                key: format!("{}/{}", self.kind, self.about),
                scope: Scope::Client(client.id.clone()),
                kind: self.kind,
                about: Some(self.about.clone()),
                message: Message::with_pdfs(
                    Recipient { name: None, address: address.clone() },
                    self.subject.clone(),
                    self.text.clone(),
                    self.pdf.iter().cloned().collect(),
                ),
            };
            compose(&sender, &announcement, by, now).map_err(|error| BillingError::of_mail(&announcement.key, error))
        };
        to.iter().map(mail).collect()
    }
}
