//! Requests and answers as they cross the wire, and the answers that Proxmox gives in its own form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::Refusal;

/// The content type of every JSON answer.
const JSON_TYPE: &str = "application/json;charset=UTF-8";

/// How long an answer that refuses authentication is held back, in simulated time.
const UNAUTHORIZED_DELAY_US: u64 = 3_000_000;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct RawRequest {
    /// The first word of the request line, whatever it is.
    pub method: String,
    /// The second word of the request line: path and query, not decoded.
    pub target: String,
    /// Header names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The body, as long as `Content-Length` says; empty when it was not read because it is refused.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The first value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The announced length of the body in bytes; 0 when there is none or the number is none.
    pub fn content_length(&self) -> u64 {
        self.header("Content-Length").and_then(|text| text.trim().parse().ok()).unwrap_or_default()
    }

    /// The path as written, without the query.
    pub fn raw_path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The path, percent-decoded.
    pub fn path(&self) -> String {
        percent_encoding::percent_decode_str(self.raw_path()).decode_utf8_lossy().into_owned()
    }

    /// What stands behind the question mark.
    pub fn query(&self) -> &str {
        let target = self.target.split('#').next().unwrap_or_default();
        target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The media type of the body without its parameters.
    pub fn media_type(&self) -> Option<&str> {
        self.header("Content-Type")?.split([';', ',']).next().map(str::trim)
    }
}

/// An answer as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// Status code.
    pub status: u16,
    /// Reason phrase: one line.
    pub reason: String,
    /// Content type; none for answers of the HTTP layer itself.
    pub content_type: Option<&'static str>,
    /// Body.
    pub body: Vec<u8>,
    /// Whether the connection ends with this answer.
    pub close: bool,
    /// Simulated time that passes before the answer.
    pub delay_us: u64,
}

impl RawAnswer {
    /// A refusal of the HTTP layer: no content type, the text also as body.
    pub fn plain(status: u16, text: &str) -> RawAnswer {
        RawAnswer { body: text.as_bytes().to_vec(), ..RawAnswer::bare(status, text) }
    }

    /// A refusal without a body.
    pub fn bare(status: u16, text: &str) -> RawAnswer {
        RawAnswer {
            status,
            reason: first_line(text),
            content_type: None,
            body: Vec::new(),
            close: status >= 400,
            delay_us: if status == 401 { UNAUTHORIZED_DELAY_US } else { 0 },
        }
    }
}

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

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
