//! What goes over the wire, by the names of XP Z12-013.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::platform::{Acknowledged, Deposit, Filed, Rule, Syntax};

/// The announcement of a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowInfo<'a> {
    tracking_id: &'a str,
    name: &'a str,
    processing_rule: Rule,
    flow_syntax: Syntax,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_profile: Option<&'static str>,
    sha256: &'a str,
}

impl<'a> FlowInfo<'a> {
    /// Of a file.
    pub fn of(deposit: &Deposit<'a>) -> FlowInfo<'a> {
        FlowInfo {
            tracking_id: deposit.tracking,
            name: deposit.name,
            processing_rule: deposit.rule,
            flow_syntax: deposit.syntax,
            // Our invoices follow EN 16931 with the French rules: the CIUS profile.
            flow_profile: (deposit.syntax == Syntax::FacturX).then_some("CIUS"),
            sha256: deposit.sha256,
        }
    }
}

/// A file that was taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowFiled {
    /// The platform's name of it.
    pub flow_id: String,
}

/// A search.
#[derive(Serialize)]
pub struct Search {
    /// Results of one page.
    pub limit: u32,
    /// Where the page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What is looked for.
    #[serde(rename = "where")]
    pub filters: Filters,
}

/// What is looked for: all of it at once.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filters {
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_type: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_direction: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_id: Option<String>,
}

impl Filters {
    /// A file of ours.
    pub fn tracking(tracking: &str) -> Filters {
        Filters { tracking_id: Some(tracking.to_owned()), ..Filters::default() }
    }

    /// Statuses of our invoices.
    pub fn statuses(since: Option<Timestamp>) -> Filters {
        Filters {
            updated_after: since.map(|since| since.to_string()),
            flow_type: Some(vec!["CustomerInvoiceLC"]),
            flow_direction: Some(vec!["In"]),
            ..Filters::default()
        }
    }
}

/// A page of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The flows.
    #[serde(default)]
    pub results: Vec<Flow>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// A flow.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// The platform's name of it.
    pub flow_id: String,
    /// Our own.
    pub tracking_id: Option<String>,
    /// What it is.
    pub flow_syntax: String,
    /// When something of it changed last.
    pub updated_at: Timestamp,
    acknowledgement: Acknowledgement,
}

#[derive(Deserialize)]
struct Acknowledgement {
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    level: String,
    item: String,
    reason_code: String,
    reason_message: String,
}

impl Flow {
    /// What the platform says of it. A word that the description does not know is not a yes.
    pub fn acknowledged(&self) -> Acknowledged {
        match self.acknowledgement.status.as_str() {
            "Ok" => Acknowledged::Ok,
            "Error" => {
                let errors = self.acknowledgement.details.iter().filter(|one| one.level == "Error");
                let words: Vec<String> =
                    errors.map(|one| format!("{} ({}): {}", one.reason_code, one.item, one.reason_message)).collect();
                Acknowledged::Refused(if words.is_empty() { "no reason given".to_owned() } else { words.join("; ") })
            }
            _ => Acknowledged::Pending,
        }
    }

    /// The same without the wire.
    pub fn filed(self) -> Filed {
        Filed { acknowledged: self.acknowledged(), flow: self.flow_id }
    }
}

/// A token.
#[derive(Deserialize)]
pub struct Token {
    /// It.
    pub access_token: String,
}

/// A search in the directory.
#[derive(Serialize)]
pub struct DirectorySearch {
    filters: DirectoryFilters,
    limit: u32,
}

#[derive(Serialize)]
struct DirectoryFilters {
    siren: Criterion,
}

#[derive(Serialize)]
struct Criterion {
    op: &'static str,
    value: String,
}

impl DirectorySearch {
    /// The lines of a company.
    pub fn of(siren: &str, limit: u32) -> DirectorySearch {
        DirectorySearch {
            filters: DirectoryFilters { siren: Criterion { op: "strict", value: siren.to_owned() } },
            limit,
        }
    }
}

/// Lines of the directory.
#[derive(Deserialize)]
pub struct DirectoryFound {
    /// They.
    #[serde(default)]
    pub results: Vec<DirectoryEntry>,
}

/// A line of the directory.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryEntry {
    /// The electronic address.
    pub addressing_identifier: String,
    /// The company.
    pub siren: String,
    /// The establishment.
    pub siret: Option<String>,
    /// Whether it is in use.
    pub directory_line_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    error_code: String,
    error_message: Option<String>,
    details: Option<String>,
}

/// The words of a refusal, on one line, not too long.
pub fn refusal(bytes: &[u8]) -> String {
    let said = match serde_json::from_slice::<Refusal>(bytes) {
        Ok(Refusal { error_code, error_message, details }) => {
            [Some(error_code), error_message, details].into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    said.chars().filter(|one| !one.is_control()).take(crate::util::limits::PLATFORM_WORDS_LENGTH_MAX).collect()
}
