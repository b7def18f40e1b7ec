//! What a node really sends: numbers as text, booleans as 1 or `"1"` or nothing. Read with tolerance, given on typed.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use crate::domain::ids::VmId;

/// Reads a boolean: absent, null, `0`, `"0"` and `""` are false.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(value),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.as_str() {
            "1" | "yes" | "on" | "true" => Ok(true),
            "" | "0" | "no" | "off" | "false" => Ok(false),
            _ => Err(D::Error::custom(format!("`{text}` is no boolean"))),
        },
        other => Err(D::Error::custom(format!("{other} is no boolean"))),
    }
}

/// Reads a whole number, written as a number or as text.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(from)?;
    as_number(&value).ok_or_else(|| D::Error::custom(format!("{value} is no whole number")))
}

/// As [`number`], where absent and null are none.
pub(super) fn maybe_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        value => as_number(&value).map(Some).ok_or_else(|| D::Error::custom(format!("{value} is no whole number"))),
    }
}

/// Reads a VM id.
pub(super) fn vmid<'de, D: Deserializer<'de>>(from: D) -> Result<VmId, D::Error> {
    let id = number(from)?;
    u32::try_from(id).map(VmId).map_err(|_| D::Error::custom(format!("{id} is no VM id")))
}

/// As [`vmid`], where absent and null are none.
pub(super) fn maybe_vmid<'de, D: Deserializer<'de>>(from: D) -> Result<Option<VmId>, D::Error> {
    match maybe_number(from)? {
        None => Ok(None),
        Some(id) => {
            u32::try_from(id).map(|id| Some(VmId(id))).map_err(|_| D::Error::custom(format!("{id} is no VM id")))
        }
    }
}

fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Perl writes a large integer as a float now and then; up to 2^53 that loses nothing.
fn whole(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT_MAX).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// Reads a text that may be written as a number.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let value = Value::deserialize(from)?;
    as_text(&value).ok_or_else(|| D::Error::custom(format!("{value} is no text")))
}

/// As [`text`], where absent and null are none.
pub(super) fn maybe_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        value => as_text(&value).map(Some).ok_or_else(|| D::Error::custom(format!("{value} is no text"))),
    }
}

/// Reads a list of words that is one text: separators are `;`, `,` and blanks.
pub(super) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let list = maybe_text(from)?.unwrap_or_default();
    Ok(list.split([';', ',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// A scalar as the text that the command line would show; booleans are 1 and 0.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(u8::from(*value).to_string()),
        _ => None,
    }
}

/// Options by name as texts; an object (some definitions give property strings so) becomes `key=value,...`.
pub(super) fn options(object: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), property_text(value)?));
    object.iter().filter_map(pair).collect()
}

fn property_text(value: &Value) -> Option<String> {
    match value {
        Value::Object(object) => {
            let parts = object.iter().filter_map(|(name, value)| Some(format!("{name}={}", as_text(value)?)));
            Some(parts.collect::<Vec<_>>().join(","))
        }
        scalar => as_text(scalar),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "flag")]
        on: bool,
        #[serde(deserialize_with = "number")]
        vmid: u64,
        #[serde(default, deserialize_with = "maybe_text")]
        name: Option<String>,
        #[serde(default, deserialize_with = "words")]
        tags: Vec<String>,
    }

    fn read(value: Value) -> Result<Sample, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        let expected =
            Sample { on: true, vmid: 101, name: Some("7".to_owned()), tags: vec!["a".to_owned(), "b".to_owned()] };
        for (on, vmid, name) in [
            (json!(1), json!(101), json!(7)),
            (json!("1"), json!("101"), json!("7")),
            (json!(true), json!(101.0), json!("7")),
        ] {
            assert_eq!(read(json!({ "on": on, "vmid": vmid, "name": name, "tags": "a;b" })).unwrap(), expected);
        }
        let bare = read(json!({ "vmid": 1, "name": null })).unwrap();
        assert_eq!(bare, Sample { on: false, vmid: 1, name: None, tags: vec![] });
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in [json!({}), json!({ "vmid": "x" }), json!({ "vmid": -1 }), json!({ "vmid": 1, "on": "perhaps" })] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn property_objects_become_property_strings() {
        let object = json!({ "next-id": { "lower": 1000, "upper": "1999" }, "keyboard": "fr" });
        let options = options(object.as_object().unwrap());
        assert_eq!(options["next-id"], "lower=1000,upper=1999");
        assert_eq!(options["keyboard"], "fr");
    }
}
