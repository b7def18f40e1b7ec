//! The directory service: lines by SIREN.

use serde_json::{Value, json};

use super::State;
use super::refusal::{Refusal, json_answer};
use crate::wire::RawAnswer;

/// A line of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The electronic address.
    pub addressing_identifier: String,
    /// The company.
    pub siren: String,
    /// The establishment, when it is for one.
    pub siret: Option<String>,
    /// `Enabled`, `Disabled` or `Upcoming`.
    pub status: &'static str,
}

impl State {
    pub(super) fn look_up(&self, body: &[u8]) -> Result<RawAnswer, Refusal> {
        let asked: Value = serde_json::from_slice(body).map_err(|_| Refusal::bad("the body is not JSON"))?;
        let criterion = &asked["filters"]["siren"];
        let value = criterion["value"].as_str().unwrap_or_default();
        let fits = |line: &&Line| match criterion["op"].as_str() {
            Some("strict") => line.siren == value,
            Some("startWith") => line.siren.starts_with(value),
            _ => false,
        };
        if !matches!(criterion["op"].as_str(), Some("strict" | "startWith"))
            || value.len() > 9
            || !value.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(Refusal::bad("`filters.siren` has an `op` and up to nine digits"));
        }
        let limit = asked["limit"].as_u64().unwrap_or(50);
        let found: Vec<Value> = self
            .lines
            .iter()
            .filter(fits)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|line| {
                let mut value = json!({
                    "addressingIdentifier": line.addressing_identifier,
                    "platformType": "WK",
                    "directoryLineStatus": line.status,
                    "siren": line.siren,
                });
                if let Some(siret) = &line.siret {
                    value["siret"] = json!(siret);
                }
                value
            })
            .collect();
        Ok(json_answer(200, &json!({ "search": asked, "totalNumberOfResults": found.len(), "results": found })))
    }
}
