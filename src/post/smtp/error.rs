//! What a mail server does instead of taking a mail.

use crate::util::redact::Redactor;

/// A failure at the mail server.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// Nobody answers there.
    #[error("`{host}` does not answer at port {port}")]
    Unreachable {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It does not answer in time.
    #[error("the mail server does not answer ({step})")]
    Silent {
        /// What it was asked.
        step: &'static str,
    },
    /// The connection ended.
    #[error("the mail server ended the connection ({step})")]
    Gone {
        /// What it was asked.
        step: &'static str,
        /// Why, when the system says so.
        #[source]
        source: Option<std::io::Error>,
    },
    /// It says no.
    #[error("the mail server refuses ({step}): {code} {words}")]
    Refused {
        /// What it was asked.
        step: &'static str,
        /// 400 to 499: not now; 500 to 599: never.
        code: u16,
        /// Its words.
        words: String,
    },
    /// It does not speak SMTP.
    #[error("what answers is not a mail server ({step})")]
    Foreign {
        /// What it was asked.
        step: &'static str,
    },
    /// It offers no encryption.
    #[error("the mail server offers no encryption: nothing is sent in clear")]
    NoEncryption,
    /// Encryption failed, or its certificate is not to be trusted.
    #[error("no encrypted connection to the mail server: its certificate is not trusted, or the port is wrong")]
    Encryption {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It offers no way to log in that we know.
    #[error("the mail server offers neither of the log-ins `PLAIN` and `LOGIN`")]
    NoLogin,
    /// The inventory's name of it is none.
    #[error("`{host}` is not the name of a server")]
    Name {
        /// The name.
        host: String,
    },
    /// The inventory's fingerprint of it is none.
    #[error("`{text}` is not a SHA-256 fingerprint")]
    Fingerprint {
        /// The text.
        text: String,
    },
}

impl SmtpError {
    /// Whether the server said no for good.
    pub fn is_final(&self) -> bool {
        matches!(self, SmtpError::Refused { code: 500..=599, .. })
    }

    /// Whether the server said no, for now or for good: it does not have the mail.
    pub fn is_refusal(&self) -> bool {
        matches!(self, SmtpError::Refused { code: 400..=599, .. })
    }

    /// The same without our secrets, should the server repeat them.
    pub(super) fn redacted(self, redactor: &Redactor) -> SmtpError {
        match self {
            SmtpError::Refused { step, code, words } => {
                SmtpError::Refused { step, code, words: redactor.clean(&words) }
            }
            other => other,
        }
    }
}
