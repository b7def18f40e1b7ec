//! The answers that Proxmox gives in its own form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::Refusal;
pub use crate::wire::{RawAnswer, RawRequest};

/// The content type of every JSON answer.
const JSON_TYPE: &str = "application/json;charset=UTF-8";

/// The form that the path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `/api2/json`: the status tells.
    Json,
    /// `/api2/extjs`: always 200, the status is in the body.
    Extjs,
}

impl Form {
    /// The answer with what a method returned.
    pub fn success(self, data: Value) -> RawAnswer {
        let (data, total) = split_total(data);
        let mut body = Map::new();
        if self == Form::Extjs {
            body.insert("success".to_owned(), json!(1));
        }
        body.insert("data".to_owned(), data);
        body.extend(total.map(|total| ("total".to_owned(), total)));
        json_answer(200, "OK", &Value::Object(body))
    }

    /// The answer to a refused request.
    pub fn refused(self, refusal: &Refusal) -> RawAnswer {
        let (status, message, errors) = match refusal {
            Refusal::Params(errors) => (400, "Parameter verification failed.\n".to_owned(), Some(errors)),
            // A text that the router says has no line break, one that a method dies with has.
            Refusal::Status(501, text) => (501, text.clone(), None),
            Refusal::Status(status, text) => (*status, format!("{text}\n"), None),
        };
        self.error(status, &message, errors)
    }

    fn error(self, status: u16, message: &str, errors: Option<&BTreeMap<String, String>>) -> RawAnswer {
        let mut body = Map::new();
        body.insert("data".to_owned(), Value::Null);
        body.insert("message".to_owned(), json!(message));
        if let Some(errors) = errors {
            body.insert("errors".to_owned(), json!(errors));
        }
        if self == Form::Json {
            return json_answer(status, message, &Value::Object(body));
        }
        body.insert("success".to_owned(), json!(0));
        body.insert("status".to_owned(), json!(status));
        json_answer(200, "OK", &Value::Object(body))
    }
}

/// Key of the list in what [`listed`] makes.
const PART: &str = "lab:part";

/// Key of the total in what [`listed`] makes.
const BESIDE_TOTAL: &str = "lab:total";

/// What a method returns when it lists a part of something: the answer has `total` beside `data`.
pub fn listed(part: Vec<Value>, total: usize) -> Value {
    json!({ PART: part, BESIDE_TOTAL: total })
}

/// Takes apart what [`listed`] made; anything else stays whole.
fn split_total(data: Value) -> (Value, Option<Value>) {
    match data {
        Value::Object(mut object) if object.contains_key(BESIDE_TOTAL) => {
            (object.remove(PART).unwrap_or_default(), object.remove(BESIDE_TOTAL))
        }
        whole => (whole, None),
    }
}

fn json_answer(status: u16, reason: &str, body: &Value) -> RawAnswer {
    RawAnswer { content_type: Some(JSON_TYPE), body: body.to_string().into_bytes(), ..RawAnswer::bare(status, reason) }
}
