//! JSON payloads as text. Each says which version of its form it has, so that a later program can still read it.

use serde_json::Value;

use super::StoreError;

/// The text of a payload.
///
/// # Errors
/// [`StoreError::NoVersion`] unless the payload is an object with a whole number `version`.
pub(super) fn to_text(payload: &Value, what: &'static str) -> Result<String, StoreError> {
    match payload.get("version") {
        Some(version) if version.is_u64() => Ok(payload.to_string()),
        _ => Err(StoreError::NoVersion { what }),
    }
}

/// A payload from its text.
///
/// # Errors
/// [`StoreError::Unreadable`] when the text is not JSON.
pub(super) fn from_text(text: &str, what: &'static str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { what })
}
