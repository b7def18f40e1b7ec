//! Refusals, as the descriptions write them.

use serde_json::{Value, json};

use crate::wire::RawAnswer;

/// A refusal: status code, the description's error code, words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    code: String,
    message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(status: u16, code: &str, message: &str) -> Refusal {
        Refusal { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// The request is not what the description demands.
    pub fn bad(message: &str) -> Refusal {
        Refusal::new(400, "MISSING_REQUIRED_FIELD", message)
    }

    /// There is nothing there.
    pub fn missing() -> Refusal {
        Refusal::new(404, "MISSING_RESOURCE", "Requested resource is Not Found")
    }

    /// The refusal that goes with a status code.
    pub fn of_status(status: u16) -> Refusal {
        let code = match status {
            400 => "MISSING_REQUIRED_FIELD",
            403 => "FORBIDDEN_ACCESS",
            413 => "FILE_SIZE_EXCEEDED",
            422 => "UNPROCESSABLE_ENTITY",
            429 => "TOO_MANY_REQUESTS",
            503 => "RESOURCE_ERROR",
            _ => "INTERNAL_ERROR",
        };
        Refusal::new(status, code, "as the test wants it")
    }

    /// As an answer.
    pub fn answer(&self) -> RawAnswer {
        json_answer(self.status, &json!({ "errorCode": self.code, "errorMessage": self.message }))
    }
}

/// JSON as an answer.
pub fn json_answer(status: u16, value: &Value) -> RawAnswer {
    let reason = match status {
        200 => "OK",
        202 => "Accepted",
        _ => "Refused",
    };
    RawAnswer {
        body: value.to_string().into_bytes(),
        content_type: Some("application/json"),
        close: false,
        delay_us: 0,
        ..RawAnswer::bare(status, reason)
    }
}
