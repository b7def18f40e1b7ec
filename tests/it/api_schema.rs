//! Proxmox's own description of its API (`pve-api.json`), and whether a request conforms to it. Written apart from the
//! lab's tables: a mistake in those must show here.

use regex::Regex;
use serde_json::{Map, Value};

/// What stands where the transcript masks a secret.
const MASK: &str = "***";

/// Parameters that stand in the path.
type Given = Vec<(String, Value)>;

/// Checks a request below `/api2/json`: path, method, names and values of its parameters.
///
/// # Errors
/// All mistakes; the template of the path otherwise.
pub fn check(schema: &[Value], method: &str, path: &str, sent: &Map<String, Value>) -> Result<String, Vec<String>> {
    let place = format!("{method} {path}");
    let below = path.strip_prefix("/api2/json").ok_or_else(|| vec![format!("{place}: not below /api2/json")])?;
    let segments: Vec<&str> = below.split('/').skip(1).collect();
    let (node, given) = find(schema, &segments).ok_or_else(|| vec![format!("{place}: no such path")])?;
    let description = &node["info"][method]["parameters"];
    if node["info"].get(method).is_none() {
        return Err(vec![format!("{place}: no such method")]);
    }
    let empty = Map::new();
    let known = description["properties"].as_object().unwrap_or(&empty);
    let mut all: Vec<(&str, &Value)> = sent.iter().map(|(name, value)| (name.as_str(), value)).collect();
    all.extend(given.iter().map(|(name, value)| (name.as_str(), value)));
    let mut mistakes = Vec::new();
    for (name, value) in &all {
        match lookup(known, name) {
            Some(property) => mistakes.extend(mistake(property, value).map(|text| format!("{place}: {name}: {text}"))),
            None if description["additionalProperties"] == 0 => mistakes.push(format!("{place}: {name} is unknown")),
            None => {}
        }
    }
    for (name, property) in known {
        if !is_optional(property) && !all.iter().any(|(sent, _)| sent == name) {
            mistakes.push(format!("{place}: {name} is missing"));
        }
    }
    if mistakes.is_empty() { Ok(node["path"].as_str().unwrap_or_default().to_owned()) } else { Err(mistakes) }
}

/// Whether a description has a method of a path below `/api2/json`. For a server whose parameters are checked elsewhere.
pub fn is_known(schema: &[Value], method: &str, path: &str) -> bool {
    let Some(below) = path.strip_prefix("/api2/json") else { return false };
    let segments: Vec<&str> = below.split('/').skip(1).collect();
    find(schema, &segments).is_some_and(|(node, _)| node["info"].get(method).is_some())
}

/// The entry of a path, with the parameters that the path gives. Literal words come before placeholders; a last
/// `{volume}` takes the rest.
fn find<'a>(nodes: &'a [Value], segments: &[&str]) -> Option<(&'a Value, Given)> {
    let mut fitting: Vec<(&Value, Given)> = Vec::new();
    for node in nodes {
        let template: Vec<&str> = node["path"].as_str()?.split('/').skip(1).collect();
        if let Some(given) = fit(&template, segments) {
            fitting.push((node, given));
        }
        if let Some(found) = node["children"].as_array().and_then(|children| find(children, segments)) {
            fitting.push(found);
        }
    }
    fitting.into_iter().min_by_key(|(_, given)| given.len())
}

fn fit(template: &[&str], segments: &[&str]) -> Option<Given> {
    let takes_rest = template.last() == Some(&"{volume}") && segments.len() > template.len();
    if template.len() != segments.len() && !takes_rest {
        return None;
    }
    let mut given = Vec::new();
    for (at, part) in template.iter().enumerate() {
        let is_last = at + 1 == template.len();
        let value = if is_last { segments[at..].join("/") } else { segments[at].to_owned() };
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => given.push((name.to_owned(), Value::String(value))),
            None if *part == value => {}
            None => return None,
        }
    }
    Some(given)
}

/// A parameter by its name; `scsi0` stands in the schema as `scsi[n]`.
fn lookup<'a>(known: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let numbered = || format!("{}[n]", name.trim_end_matches(|letter: char| letter.is_ascii_digit()));
    known.get(name).or_else(|| known.get(&numbered()))
}

fn is_optional(property: &Value) -> bool {
    property["optional"] == 1 || property["optional"] == "1"
}

/// What is wrong with a value; `None` when nothing is.
fn mistake(property: &Value, value: &Value) -> Option<String> {
    if property["type"] == "array" {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        return items.iter().find_map(|item| mistake(&property["items"], item));
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Number(number) => number.to_string(),
        other => return Some(format!("{other} is no plain value")),
    };
    if text == MASK { None } else { wrong_type(property, &text).or_else(|| wrong_form(property, &text)) }
}

fn wrong_type(property: &Value, text: &str) -> Option<String> {
    let number = match property["type"].as_str().unwrap_or("string") {
        "boolean" => return (!["0", "1"].contains(&text)).then(|| format!("`{text}` is neither 0 nor 1")),
        "integer" => text.parse::<i64>().ok().map(|whole| whole as f64),
        "number" => text.parse::<f64>().ok(),
        _ => return None,
    };
    let Some(number) = number else { return Some(format!("`{text}` is no number")) };
    let below = property["minimum"].as_f64().filter(|least| number < *least);
    let above = property["maximum"].as_f64().filter(|most| number > *most);
    below.or(above).map(|bound| format!("{text} is beyond {bound}"))
}

fn wrong_form(property: &Value, text: &str) -> Option<String> {
    let choices = property["enum"].as_array();
    if choices.is_some_and(|choices| !choices.iter().any(|choice| choice == text)) {
        return Some(format!("`{text}` is not among the choices"));
    }
    let length = text.chars().count() as u64;
    let short = property["minLength"].as_u64().is_some_and(|least| length < least);
    if short || property["maxLength"].as_u64().is_some_and(|most| length > most) {
        return Some(format!("`{text}` is too short or too long"));
    }
    // Perl's expressions that this engine cannot read (look-around) are left to the real program.
    let pattern = property["pattern"].as_str().and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
    if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
        return Some(format!("`{text}` does not match {}", property["pattern"]));
    }
    property["format"].as_object().and_then(|format| wrong_property_string(format, text))
}

/// `local-lvm:0,import-from=…,discard=on`: keys, and the values of those that have no other name.
fn wrong_property_string(format: &Map<String, Value>, text: &str) -> Option<String> {
    let default = format.iter().find(|(_, property)| property["default_key"] == 1).map(|(name, _)| name.as_str());
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((default.unwrap_or_default(), part));
        let Some(property) = format.get(name) else { return Some(format!("`{name}` in `{text}` is unknown")) };
        // Within property strings a boolean has more spellings.
        let is_boolean = property["type"] == "boolean";
        let wrong = match value {
            "on" | "off" | "yes" | "no" | "true" | "false" if is_boolean => None,
            _ if property.get("alias").is_some() => None,
            _ => mistake(property, &Value::String(value.to_owned())),
        };
        if let Some(wrong) = wrong {
            return Some(format!("{name}: {wrong}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn schema() -> Vec<Value> {
        let scsi = json!({ "type": "string", "optional": 1, "format": {
            "file": { "type": "string", "default_key": 1 },
            "discard": { "type": "string", "enum": ["ignore", "on"], "optional": 1 },
        } });
        vec![json!({ "path": "/vm", "children": [
            { "path": "/vm/{vmid}", "info": { "PUT": { "parameters": { "additionalProperties": 0, "properties": {
                "vmid": { "type": "integer", "minimum": 100 },
                "onboot": { "type": "boolean" },
                "scsi[n]": scsi,
            } } } } },
        ] })]
    }

    fn mistakes(path: &str, sent: Value) -> Vec<String> {
        check(&schema(), "PUT", path, sent.as_object().expect("an object")).err().unwrap_or_default()
    }

    #[test]
    fn api_schema_sees_every_kind_of_mistake() {
        let none: Vec<String> = Vec::new();
        assert_eq!(mistakes("/api2/json/vm/100", json!({ "onboot": 1, "scsi3": "lvm:0,discard=on" })), none);
        for (path, sent, word) in [
            ("/api2/json/vm/99", json!({ "onboot": 1 }), "beyond 100"),
            ("/api2/json/vm/abc", json!({ "onboot": 1 }), "no number"),
            ("/api2/json/vm/100", json!({}), "onboot is missing"),
            ("/api2/json/vm/100", json!({ "onboot": "yes" }), "neither 0 nor 1"),
            ("/api2/json/vm/100", json!({ "onboot": 1, "speed": 2 }), "speed is unknown"),
            ("/api2/json/vm/100", json!({ "onboot": 1, "scsi0": "lvm:0,discard=off" }), "not among the choices"),
            ("/api2/json/vm/100", json!({ "onboot": 1, "scsi0": "lvm:0,fast=1" }), "`fast`"),
            ("/api2/json/vm/100/x", json!({}), "no such path"),
            ("/api2/json/vm", json!({}), "no such method"),
        ] {
            let found = mistakes(path, sent);
            assert!(found.len() == 1 && found[0].contains(word), "{word}: {found:?}");
        }
    }
}
