//! A message as those who write it see it: words and files. What it becomes on the wire is `mime`'s.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::mime;
use crate::inventory::model::Cooperative;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Name that readers see.
    pub name: String,
    /// Address that the mail comes from and answers go to.
    pub address: String,
}

impl Sender {
    /// The co-operative.
    pub fn of(cooperative: &Cooperative) -> Sender {
        Sender {
            name: cooperative.identity.name.clone(),
            address: cooperative.mail.from.clone().unwrap_or_else(|| cooperative.support_email.clone()),
        }
    }
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Name; may be anything that somebody is called.
    pub name: Option<String>,
    /// Address.
    pub address: String,
}

/// A file that goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as the reader would save it.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub mime: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A message to one recipient: everybody has their own, so that the fate of each is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub to: Recipient,
    /// What it is about, on one line.
    pub subject: String,
    /// What it says, in plain text.
    pub text: String,
    /// The same as HTML, for those who want it.
    pub html: Option<String>,
    /// What goes along.
    pub attachments: Vec<Attachment>,
}

impl Message {
    /// Plain words, with the papers that go along: name and bytes of each PDF.
    pub fn with_pdfs(to: Recipient, subject: String, text: String, pdfs: Vec<(String, Vec<u8>)>) -> Message {
        let attachment = |(name, bytes)| Attachment { name, mime: "application/pdf", bytes };
        Message { to, subject, text, html: None, attachments: pdfs.into_iter().map(attachment).collect() }
    }

    /// The whole message, headers included: ASCII, lines ended by CR and LF, none longer than 76 characters but those that
    /// cannot be broken. It derives from what is given alone: the same key gives the same `Message-ID`, by which mail
    /// programs know a message that comes twice.
    pub fn write(&self, from: &Sender, key: &str, at: Timestamp) -> String {
        let id = hex::encode(Sha256::digest(key));
        let id = &id[..32];
        let domain = from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let date = jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default();
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "Date: {date}\r\n{}{}{}Message-ID: <{id}@{domain}>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n",
            mime::mailbox("From", Some(&from.name), &from.address),
            mime::mailbox("To", self.to.name.as_deref(), &self.to.address),
            mime::header("Subject", &self.subject),
        );
        let words = self.words(id);
        if self.attachments.is_empty() {
            return out + &words;
        }
        let parts = std::iter::once(words).chain(self.attachments.iter().map(mime::attachment));
        out + &mime::multipart("mixed", &format!("m{id}"), parts)
    }

    /// The words: plain, or both ways.
    fn words(&self, id: &str) -> String {
        let plain = mime::text("plain", &self.text);
        match &self.html {
            None => plain,
            Some(html) => mime::multipart("alternative", &format!("a{id}"), [plain, mime::text("html", html)]),
        }
    }
}
