//! The parameters of a request, read and verified in the server's own words.
//!
//! Forms give texts that are turned into what is declared; JSON must have the declared types. All mistakes come at once;
//! what is missing is reported in a form only when nothing else is wrong.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::formats;
use super::refusal::Refusal;
use super::schema::{Format, Kind, Method, Param};
use crate::wire::RawRequest;

const UNDECLARED: &str = "schema does not allow additional properties.";
const MISSING_IN_FORM: &str = "parameter is missing and it is not optional.";
const MISSING_IN_JSON: &str = "property is missing and it is not optional";
const NO_MATCH: &str = "value does not match the regex pattern";

/// Mistakes in the order in which they were found: what they are about, and the text.
#[derive(Default)]
struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    fn add(&mut self, name: &str, text: impl Into<String>) {
        self.0.push((name.to_owned(), text.into()));
    }

    fn into_refusal(self) -> Option<Refusal> {
        match self.0.as_slice() {
            [] => None,
            [(name, text)] => Some(Refusal::param(name, text)),
            several => {
                let lines: Vec<String> = several.iter().map(|(name, text)| format!("- '{name}': {text}")).collect();
                Some(Refusal::bad(format!("parameter verification failed:\n{}", lines.join("\n"))))
            }
        }
    }
}

/// Everything that a request says, with what stood in the places of its path.
///
/// # Errors
/// 400 with the server's words.
pub fn read(
    method: &Method,
    uri: Vec<(&'static str, String)>,
    request: &RawRequest,
) -> Result<Map<String, Value>, Refusal> {
    let params = match body_form(request)? {
        BodyForm::Json => from_json(method, uri, &request.body)?,
        BodyForm::Form => {
            let mut pairs = pairs(request.query().as_bytes());
            pairs.extend(self::pairs(&request.body));
            pairs.extend(uri.into_iter().map(|(name, value)| (name.to_owned(), value)));
            from_form(method, pairs)?
        }
    };
    check_variants(method, &params)?;
    Ok(params)
}

/// All parameters of a request for the transcript, whatever they are worth.
pub fn said(request: &RawRequest) -> Map<String, Value> {
    let mut said: Map<String, Value> =
        pairs(request.query().as_bytes()).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    match body_form(request) {
        Ok(BodyForm::Json) => {
            if let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) {
                said.extend(body);
            }
        }
        Ok(BodyForm::Form) => {
            said.extend(pairs(&request.body).into_iter().map(|(name, value)| (name, Value::String(value))));
        }
        Err(_) => {}
    }
    said
}

enum BodyForm {
    Json,
    Form,
}

fn body_form(request: &RawRequest) -> Result<BodyForm, Refusal> {
    let Some(given) = request.header("Content-Type") else { return Ok(BodyForm::Form) };
    match request.media_type() {
        Some("application/json") => Ok(BodyForm::Json),
        Some("application/x-www-form-urlencoded") => Ok(BodyForm::Form),
        _ => Err(Refusal::bad(format!("unsupported content type Ok({given:?})"))),
    }
}

/// `a=1&b=2`, decoded.
fn pairs(text: &[u8]) -> Vec<(String, String)> {
    text.split(|one| *one == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |one| *one == b'=');
            let name = decode(halves.next().unwrap_or_default());
            (name, decode(halves.next().unwrap_or_default()))
        })
        .collect()
}

/// `+` is a blank, `%41` an `A`.
fn decode(text: &[u8]) -> String {
    let blanks: Vec<u8> = text.iter().map(|one| if *one == b'+' { b' ' } else { *one }).collect();
    percent_encoding::percent_decode(&blanks).decode_utf8_lossy().into_owned()
}

fn from_form(method: &Method, pairs: Vec<(String, String)>) -> Result<Map<String, Value>, Refusal> {
    let mut params = Map::new();
    let mut mistakes = Mistakes::default();
    for (name, text) in pairs {
        let Some(param) = method.param(&name) else {
            if !method.open {
                mistakes.add(&name, UNDECLARED);
            }
            continue;
        };
        if param.kind == Kind::List {
            let item = Param { kind: Kind::Text, ..*param };
            match value_of(&item, &text) {
                Ok(value) => {
                    if let Value::Array(list) = params.entry(name).or_insert_with(|| json!([])) {
                        list.push(value);
                    }
                }
                Err(text) => mistakes.add(&name, text),
            }
            continue;
        }
        match value_of(param, &text) {
            Ok(_) if params.contains_key(&name) => mistakes.add(&name, "duplicate parameter."),
            Ok(value) => {
                params.insert(name, value);
            }
            Err(text) => mistakes.add(&name, text),
        }
    }
    if mistakes.0.is_empty() {
        for param in required(method).filter(|param| !params.contains_key(param.name)) {
            mistakes.add(param.name, MISSING_IN_FORM);
        }
    }
    mistakes.into_refusal().map_or(Ok(params), Err)
}

fn required(method: &Method) -> impl Iterator<Item = &'static Param> {
    method.params.iter().flat_map(|group| group.iter()).filter(|param| !param.optional)
}

fn from_json(method: &Method, uri: Vec<(&'static str, String)>, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))?
    };
    let mut params = match value {
        Value::Object(params) => params,
        Value::Array(_) => return Err(Refusal::bad("Expected object - got array.")),
        _ => return Err(Refusal::bad("Expected object - got scalar value.")),
    };
    for (name, text) in uri {
        if let Some(param) = method.param(name) {
            let value = value_of(param, &text).map_err(|text| Refusal::param(name, &text))?;
            params.insert(name.to_owned(), value);
        }
    }
    let mut mistakes = Mistakes::default();
    let mut names: Vec<&String> = params.keys().collect();
    names.sort();
    for name in names {
        match method.param(name) {
            Some(param) => check_json(param, name, &params[name], &mut mistakes),
            None if method.open => {}
            None => mistakes.add(name, UNDECLARED),
        }
    }
    for param in required(method).filter(|param| params.get(param.name).is_none_or(Value::is_null)) {
        mistakes.add(param.name, MISSING_IN_JSON);
    }
    mistakes.into_refusal().map_or(Ok(params), Err)
}

fn check_json(param: &Param, name: &str, value: &Value, mistakes: &mut Mistakes) {
    if param.kind == Kind::List {
        let item = Param { kind: Kind::Text, ..*param };
        match value {
            Value::Array(list) => {
                for (at, one) in list.iter().enumerate() {
                    check_json(&item, &format!("{name}/[{at}]"), one, mistakes);
                }
            }
            Value::Object(_) => mistakes.add(name, "Expected array - got object."),
            _ => mistakes.add(name, "Expected array - got scalar value."),
        }
        return;
    }
    let checked = match (param.kind, value) {
        (Kind::Text | Kind::List, Value::String(text)) => check_text(param, text),
        (Kind::Integer, Value::Number(number)) if number.is_i64() => {
            check_bounds(param, number.as_i64().unwrap_or_default())
        }
        (Kind::Number, Value::Number(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(()),
        (kind, _) => Err(format!("Expected {} value.", kind.name())),
    };
    if let Err(text) = checked {
        mistakes.add(name, text);
    }
}

/// A text of a form as what is declared.
fn value_of(param: &Param, text: &str) -> Result<Value, String> {
    match param.kind {
        Kind::Text | Kind::List => check_text(param, text).map(|()| json!(text)),
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "1" | "on" | "yes" | "true" => Ok(json!(true)),
            "0" | "off" | "no" | "false" => Ok(json!(false)),
            _ => Err("Unable to parse boolean option.".to_owned()),
        },
        Kind::Integer => {
            let number: i64 = text.parse().map_err(|error: std::num::ParseIntError| error.to_string())?;
            check_bounds(param, number).map(|()| json!(number))
        }
        Kind::Number => text.parse::<f64>().map(|number| json!(number)).map_err(|error| error.to_string()),
    }
}

fn check_bounds(param: &Param, number: i64) -> Result<(), String> {
    // The bounds of the table are small whole numbers.
    let value = number as f64;
    if let Some(min) = param.min.filter(|min| value < *min) {
        return Err(format!("value must have a minimum value of {min} (got {number})"));
    }
    if let Some(max) = param.max.filter(|max| value > *max) {
        return Err(format!("value must have a maximum value of {max} (got {number})"));
    }
    Ok(())
}

/// Length, then pattern, list of values or format.
fn check_text(param: &Param, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if let Some(min) = param.min_length.filter(|min| length < *min) {
        return Err(format!("value must be at least {min} characters long"));
    }
    if let Some(max) = param.max_length.filter(|max| length > *max) {
        return Err(format!("value may only be {max} characters long"));
    }
    if param.pattern.is_some_and(|pattern| !matches(pattern, text)) {
        return Err(NO_MATCH.to_owned());
    }
    match param.format {
        Format::Named(name) => formats::check(name, text),
        Format::Free | Format::Properties(_) => {
            if param.one_of.is_empty() || param.one_of.contains(&text) {
                Ok(())
            } else {
                Err(format!("value '{text}' is not defined in the enumeration."))
            }
        }
    }
}

/// Values of a closed list that the method itself reads, after everything else was verified.
fn check_variants(method: &Method, params: &Map<String, Value>) -> Result<(), Refusal> {
    let is_variant = |param: &&Param| matches!(param.format, Format::Named(formats::VARIANT));
    for param in method.params.iter().flat_map(|group| group.iter()).filter(is_variant) {
        let given = match params.get(param.name) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text.as_str()],
            _ => Vec::new(),
        };
        if let Some(unknown) = given.into_iter().find(|text| !param.one_of.contains(text)) {
            let known: Vec<String> = param.one_of.iter().map(|value| format!("`{value}`")).collect();
            return Err(Refusal::bad(format!("unknown variant `{unknown}`, expected one of {}", known.join(", "))));
        }
    }
    Ok(())
}

/// Whether the whole text matches. Expressions are read once per thread.
pub fn matches(pattern: &'static str, text: &str) -> bool {
    thread_local! {
        static READ: RefCell<HashMap<&'static str, Regex>> = RefCell::default();
    }
    READ.with_borrow_mut(|read| {
        let expression = read
            .entry(pattern)
            .or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).expect("the patterns of the table are tested"));
        expression.is_match(text)
    })
}
