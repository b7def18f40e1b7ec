//! One finding: a key and its values, and the sentence for people.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::object;

/// A finding of a diagnosis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is about: what filters look at.
    pub meta: Map<String, Value>,
    /// Figures.
    pub data: Map<String, Value>,
    /// `SUCCESS`, `INFO`, `WARNING` or `ERROR`.
    pub status: String,
    /// Key of the sentence.
    pub summary: String,
    /// The sentence.
    pub text: String,
    /// Keys with their values, as `diagnosis get` shows them.
    pub detail_keys: Vec<Value>,
    /// The sentences of the details.
    pub details: Vec<String>,
}

impl Item {
    /// A finding about something.
    pub fn new(meta: Value, status: &str, summary: &str, text: impl Into<String>) -> Item {
        Item {
            meta: object(meta),
            status: status.to_owned(),
            summary: summary.to_owned(),
            text: text.into(),
            ..Item::default()
        }
    }

    /// With figures.
    pub fn with_data(mut self, data: Value) -> Item {
        self.data = object(data);
        self
    }

    /// With one more detail.
    pub fn with_detail(mut self, key: &str, values: Option<Value>, text: impl Into<String>) -> Item {
        self.detail_keys.push(match values {
            Some(values) => Value::from(vec![Value::from(key), values]),
            None => Value::from(key),
        });
        self.details.push(text.into());
        self
    }

    /// Whether it is something to look at.
    pub fn is_issue(&self) -> bool {
        matches!(self.status.as_str(), "WARNING" | "ERROR")
    }
}
