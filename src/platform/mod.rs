//! Handing invoices to a platform, and what it says of them: the co-operative's approved platform (plateforme agréée), and
//! Chorus Pro for public bodies.
//!
//! Two real ways: a drop folder (files out, statuses back in), which a person or any program carries on, and HTTP as
//! XP Z12-013 describes it (flow service 1.3.0). This room decides nothing and remembers nothing: `billing::platform` does.

mod address;
pub mod cdar;
mod error;
mod folder;
mod http;

use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;

pub use address::{DirectoryLine, LineState};
pub use cdar::{Collected, Status};
pub use error::PlatformError;
pub use folder::DropFolder;
pub use http::{Access, HttpPlatform};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Syntax {
    /// An invoice or credit note: a PDF with its XML.
    #[serde(rename = "Factur-X")]
    FacturX,
    /// A life-cycle status.
    #[serde(rename = "CDAR")]
    Cdar,
}

/// By which rule the file is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Rule {
    /// E-invoicing between businesses.
    B2B,
    /// A public body: Chorus Pro.
    B2G,
    /// Outside: reported as sold to a consumer.
    B2C,
}

/// A file to hand over.
#[derive(Debug, Clone)]
pub struct Deposit<'a> {
    /// Our own name of it, for ever: at most 64 characters.
    pub tracking: &'a str,
    /// Name of the file.
    pub name: &'a str,
    /// What it is.
    pub syntax: Syntax,
    /// By which rule it is treated.
    pub rule: Rule,
    /// Its content.
    pub bytes: &'a [u8],
    /// SHA-256 of that.
    pub sha256: &'a str,
    /// What a person who deposits it by hand has to fill in; a drop folder writes it beside.
    pub about: &'a serde_json::Value,
}

/// What the platform says of a file that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is still being looked at.
    Pending,
    /// It is integrated.
    Ok,
    /// It is refused, for these reasons.
    Refused(String),
}

/// A file that the platform has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The platform's name of it.
    pub flow: String,
    /// What it says of it.
    pub acknowledged: Acknowledged,
}

/// A life-cycle status that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Tells it apart from every other one, for ever: the same status read again has the same.
    pub reference: String,
    /// When the platform had it: the next look begins there.
    pub seen_at: Timestamp,
    /// The status.
    pub status: Status,
}

/// A way to a platform.
pub trait Platform: Sync {
    /// Whether a file of ours is there, by our own name of it. Asked before a file is handed over again.
    ///
    /// # Errors
    /// When the platform does not answer.
    fn find(&self, tracking: &str) -> impl Future<Output = Result<Option<Filed>, PlatformError>> + Send;

    /// Hands a file over.
    ///
    /// # Errors
    /// [`PlatformError::Refused`] when the platform does not want it; with anything that may have been sent, ask
    /// [`Platform::find`] before handing it over again.
    fn file(&self, deposit: &Deposit<'_>) -> impl Future<Output = Result<Filed, PlatformError>> + Send;

    /// Statuses that came since a moment, or all. One may come again: its reference tells. What cannot be read is told
    /// beside, by its reference.
    ///
    /// # Errors
    /// When the platform does not answer.
    fn incoming(&self, since: Option<Timestamp>) -> impl Future<Output = Result<Inbox, PlatformError>> + Send;

    /// A status was recorded and need not come again.
    ///
    /// # Errors
    /// When that cannot be noted.
    fn taken_in(&self, reference: &str) -> impl Future<Output = Result<(), PlatformError>> + Send;
}

/// What came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inbox {
    /// Statuses, oldest first.
    pub statuses: Vec<Incoming>,
    /// Files that are no statuses, with the reason.
    pub unreadable: Vec<(String, String)>,
}
