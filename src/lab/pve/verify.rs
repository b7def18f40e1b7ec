//! The verifier of parameters: all mistakes of a request at once, in Proxmox's own words.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use super::call::Refusal;
use super::formats;
use super::schema::{Format, Kind, Method, Param, declaration};
use super::table;

const UNDECLARED: &str = "property is not defined in schema and the schema does not allow additional properties";
/// What a mistake about a parameter without a name is filed under.
const NAMELESS: &str = "_root";
const MISSING: &str = "property is missing and it is not optional";

/// Mistakes in the order in which they were found: what they are about, and the text.
type Mistakes = Vec<(String, String)>;

/// The parameters as the method gets them: numbers as text, booleans as `1` and `0`, lists joined or wrapped.
///
/// # Errors
/// 400 with a text per parameter.
pub fn verify(method: &Method, params: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let params = normalize(method, params);
    let mut mistakes = Mistakes::new();
    check_keys(method.params, &params, "", method.open, &mut mistakes);
    if mistakes.is_empty() { Ok(params) } else { Err(Refusal::Params(joined(mistakes))) }
}

/// Several texts about the same thing are one, with a backslash and an `n` between them as in the original.
fn joined(mistakes: Mistakes) -> BTreeMap<String, String> {
    let mut errors: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in mistakes {
        let name = if name.is_empty() || name == "0" { NAMELESS.to_owned() } else { name };
        errors.entry(name).and_modify(|all| *all = format!("{all}\\n{text}")).or_insert(text);
    }
    errors
}

/// Joins arrays where a list in one text is expected, and wraps a single value where an array is.
fn normalize(method: &Method, params: Map<String, Value>) -> Map<String, Value> {
    let convert = |(name, value): (String, Value)| {
        let value = match (method.param(&name), value) {
            (Some(param), Value::Array(values)) if is_text_list(param) => Value::String(join(&values)),
            (Some(param), Value::String(text)) if param.kind == Kind::List && !text.is_empty() && text != "0" => {
                Value::Array(vec![Value::String(text)])
            }
            (Some(param), Value::Bool(yes)) if param.kind == Kind::Boolean => Value::String(u8::from(yes).to_string()),
            (_, value) => value,
        };
        (name, value)
    };
    params.into_iter().map(convert).collect()
}

fn is_text_list(param: &Param) -> bool {
    param.kind == Kind::Text && matches!(param.format, Format::Named(name) if name.ends_with("-list"))
}

fn join(values: &[Value]) -> String {
    let texts: Vec<String> = values
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            Value::Bool(yes) => u8::from(*yes).to_string(),
            Value::Null => String::new(),
            other => other.to_string(),
        })
        .collect();
    texts.join(",")
}

/// Checks a table of keys: a request, or the parts of a property string.
fn check_keys(
    declared: &'static [&'static [Param]],
    values: &Map<String, Value>,
    path: &str,
    open: bool,
    mistakes: &mut Mistakes,
) {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let given = |name: &str| values.get(name).filter(|value| !value.is_null());
    for param in declared.iter().flat_map(|group| group.iter()) {
        let missing = param.count == 0 && given(param.name).is_none();
        if missing && !param.optional {
            mistakes.push((at(param.name), MISSING.to_owned()));
        }
    }
    for (name, value) in values {
        let Some(param) = declaration(declared, name) else {
            if !open {
                mistakes.push((at(name), UNDECLARED.to_owned()));
            }
            continue;
        };
        if let Err(text) = check_value(param, value, &at(name)) {
            mistakes.push((at(name), text));
        } else if let Value::Array(elements) = value {
            check_elements(elements, &at(name), mistakes);
        }
        if let Some(other) = param.requires.filter(|other| given(other).is_none()) {
            mistakes.push((at(other), format!("missing property required by '{}'", at(name))));
        }
    }
}

fn check_value(param: &Param, value: &Value, path: &str) -> Result<(), String> {
    let wrong = |got: &str| Err(format!("type check ('{}') failed - got {got}", param.kind.name()));
    match value {
        Value::Null => Ok(()),
        Value::Array(_) if param.kind == Kind::List => Ok(()),
        _ if param.kind == Kind::List => Err("type check ('array') failed".to_owned()),
        Value::Array(_) => wrong("ARRAY"),
        Value::Object(_) => wrong("HASH"),
        Value::Bool(_) => wrong("JSON::PP::Boolean"),
        Value::Number(number) => check_text(param, &number.to_string(), path),
        Value::String(text) => check_text(param, text, path),
    }
}

/// The elements of an array are texts.
fn check_elements(elements: &[Value], path: &str, mistakes: &mut Mistakes) {
    for (index, element) in elements.iter().enumerate() {
        let got = match element {
            Value::String(_) | Value::Number(_) => continue,
            Value::Null => {
                mistakes.push((format!("{path}[{index}]"), MISSING.to_owned()));
                continue;
            }
            Value::Array(_) => "ARRAY",
            Value::Object(_) => "HASH",
            Value::Bool(_) => "JSON::PP::Boolean",
        };
        mistakes.push((format!("{path}[{index}]"), format!("type check ('string') failed - got {got}")));
    }
}

/// Type, format, pattern, length, range, list of values: the first mistake counts.
fn check_text(param: &Param, text: &str, path: &str) -> Result<(), String> {
    let typed = match param.kind {
        Kind::Text | Kind::List => true,
        Kind::Boolean => text == "1" || text == "0",
        Kind::Integer => is_integer(text),
        Kind::Number => number(text).is_some(),
    };
    if !typed {
        return Err(format!("type check ('{}') failed - got '{text}'", param.kind.name()));
    }
    check_format(param.format, text, path).map_err(|text| format!("invalid format - {text}"))?;
    if param.pattern.is_some_and(|pattern| !matches(pattern, text)) {
        return Err("value does not match the regex pattern".to_owned());
    }
    let length = text.chars().count();
    if let Some(max) = param.max_length.filter(|max| length > *max) {
        return Err(format!("value may only be {max} characters long"));
    }
    if let Some(min) = param.min_length.filter(|min| length < *min) {
        return Err(format!("value must be at least {min} characters long"));
    }
    if let Some(value) = number(text) {
        if let Some(max) = param.max.filter(|max| value > *max) {
            return Err(format!("value must have a maximum value of {max}"));
        }
        if let Some(min) = param.min.filter(|min| value < *min) {
            return Err(format!("value must have a minimum value of {min}"));
        }
    }
    let allowed = param.allowed_values();
    if allowed.is_empty() || allowed.iter().any(|value| value == text) {
        return Ok(());
    }
    Err(format!("value '{text}' does not have a value in the enumeration '{}'", allowed.join(", ")))
}

fn check_format(format: Format, text: &str, path: &str) -> Result<(), String> {
    match format {
        Format::Free => Ok(()),
        Format::Properties(keys) => property_string(keys, text, path).map(|_| ()),
        Format::Named(name) => match table::properties(name) {
            Some(keys) => formats::whole_property_string(name, &property_string(keys, text, path)?),
            None => formats::check(name, text),
        },
    }
}

/// Takes a property string apart.
fn property_string(keys: &'static [&'static [Param]], text: &str, path: &str) -> Result<Map<String, Value>, String> {
    let mut parts = Map::new();
    let mut default_used = false;
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        match part.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => add_part(keys, key, value, &mut parts)?,
            Some(_) => return Err("missing key in comma-separated list property\n".to_owned()),
            None => {
                let param = default_key(keys)?;
                if default_used || parts.contains_key(param.name) {
                    return Err(duplicate(param.name));
                }
                default_used = true;
                parts.insert(param.name.to_owned(), part_value(Some(param), part));
            }
        }
    }
    let mut mistakes = Mistakes::new();
    check_keys(keys, &parts, path, false, &mut mistakes);
    if mistakes.is_empty() {
        return Ok(parts);
    }
    let lines: String = joined(mistakes).into_iter().map(|(name, text)| format!("{name}: {text}\n")).collect();
    Err(format!("format error\n{lines}"))
}

/// The key of a part without one.
fn default_key(keys: &'static [&'static [Param]]) -> Result<&'static Param, String> {
    keys.iter()
        .flat_map(|group| group.iter())
        .find(|param| param.default_key)
        .ok_or_else(|| "value without key, but schema does not define a default key\n".to_owned())
}

fn duplicate(key: &str) -> String {
    format!("duplicate key in comma-separated list property: {key}\n")
}

fn add_part(
    keys: &'static [&'static [Param]],
    key: &str,
    value: &str,
    parts: &mut Map<String, Value>,
) -> Result<(), String> {
    if parts.contains_key(key) {
        return Err(duplicate(key));
    }
    let mut param = declaration(keys, key);
    let mut name = key;
    if let Some(target) = param.and_then(|param| param.alias) {
        if let Some(naming) = param.and_then(|param| param.key_alias) {
            if parts.contains_key(naming) {
                return Err(format!("key alias '{naming}' is already defined\n"));
            }
            parts.insert(naming.to_owned(), Value::String(key.to_owned()));
        }
        name = target;
        param = declaration(keys, target);
    }
    parts.insert(name.to_owned(), part_value(param, value));
    Ok(())
}

fn part_value(param: Option<&Param>, text: &str) -> Value {
    let is_boolean = param.is_some_and(|param| param.kind == Kind::Boolean);
    Value::String(if is_boolean { boolean_word(text) } else { text }.to_owned())
}

/// Inside property strings a boolean has many words.
fn boolean_word(text: &str) -> &str {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => "1",
        "0" | "off" | "no" | "false" => "0",
        _ => text,
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit())
}

/// The value of a text that looks like a number, as Perl counts such texts.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let looks_like_one = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|one: char| one.is_ascii_digit());
    if looks_like_one { text.parse().ok() } else { None }
}

fn matches(pattern: &str, text: &str) -> bool {
    // As in Perl, a line break at the end does not count.
    let line = text.strip_suffix('\n').unwrap_or(text);
    Regex::new(&format!("^(?:{pattern})$")).expect("the patterns of the table are tested").is_match(line)
}
