//! A line of the directory: where a company receives its invoices.

use serde::Serialize;

/// Whether a line is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// Invoices reach a platform there.
    Enabled,
    /// No platform receives there.
    Disabled,
    /// A platform will.
    Upcoming,
}

/// A line of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DirectoryLine {
    /// The electronic address, of scheme 0225.
    pub address: String,
    /// The company.
    pub siren: String,
    /// The establishment, when the line is for one.
    pub siret: Option<String>,
    /// Whether it is in use.
    pub state: LineState,
}
