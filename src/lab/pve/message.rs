//! What methods answer.

use serde_json::{Value, json};

/// What a method returns when it lists a part of something: the answer has `total` beside `data`.
pub fn listed(part: Vec<Value>, total: usize) -> Value {
    json!({ "lab:part": part, "lab:total": total })
}
