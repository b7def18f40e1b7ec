//! What the inventory says about the co-operative's own mail: invoices, notices, links to log in. (What clients send goes
//! through the relay.) Every field has a default, so that older models are read.

use serde::{Deserialize, Serialize};

/// How the co-operative sends mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSettings {
    /// Address that mails come from, and answers go to; the support address when absent.
    pub from: Option<String>,
    /// Where mails leave.
    pub by: MailWay,
}

/// Where mails leave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "way")]
pub enum MailWay {
    /// Into a folder, one file each: nothing leaves this machine.
    #[default]
    Folder,
    /// To a mail server. The password is the secret `mail`.
    Smtp(SmtpServer),
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted; it always is.
    pub tls: SmtpTls,
    /// Account there; none: it takes mail from this machine without one.
    pub username: Option<String>,
    /// SHA-256 of its certificate; absent: a public authority vouches for it.
    pub tls_fingerprint: Option<String>,
}

/// When encryption begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmtpTls {
    /// After a greeting in clear (port 587). A server that does not offer it gets nothing.
    Starttls,
    /// At once (port 465).
    Implicit,
}
