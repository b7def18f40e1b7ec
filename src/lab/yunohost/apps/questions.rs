//! The form of an installation: questions, answers from `--args`, defaults, refusals.

use serde_json::{Map, Value, json};

use super::package::Package;
use crate::yunohost::Yunohost;
use crate::yunohost::job::Failure;
use crate::yunohost::view;

/// `k=v&k=v` as a query string: the last of a repeated key counts, pieces without `=` are passed over.
pub fn parse_args(text: &str) -> Map<String, Value> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), Value::from(decode(value))))
        .collect()
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn refuse(id: &str, why: &str) -> Failure {
    Failure::error(format!("Pick a valid value for the argument '{id}': {why}"))
}

/// The answers to a package's questions, in order. Keys that are no question are ignored, missing ones take their
/// default in silence (sheet YunoHost, section 4, "apps").
///
/// # Errors
/// The first question whose answer is refused.
pub fn answers(ynh: &Yunohost, package: &Package, given: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let mut answers = Map::new();
    for (id, question) in package.questions() {
        if !is_visible(question, &answers) {
            continue;
        }
        let given = given.get(id).and_then(Value::as_str);
        if let Some(answer) = answer(ynh, id, question, given)? {
            answers.insert(id.to_owned(), answer);
        }
    }
    Ok(answers)
}

/// `visible` names another question that must have been answered with yes.
fn is_visible(question: &Map<String, Value>, answers: &Map<String, Value>) -> bool {
    match question.get("visible") {
        Some(Value::Bool(visible)) => *visible,
        Some(Value::String(other)) => {
            answers.get(other).is_some_and(|answer| *answer != json!(0) && *answer != json!("") && !answer.is_null())
        }
        _ => true,
    }
}

fn kind(question: &Map<String, Value>) -> &str {
    question.get("type").and_then(Value::as_str).unwrap_or("string")
}

fn answer(
    ynh: &Yunohost,
    id: &str,
    question: &Map<String, Value>,
    given: Option<&str>,
) -> Result<Option<Value>, Failure> {
    let kind = kind(question);
    let optional = question.get("optional").and_then(Value::as_bool).unwrap_or(false);
    let text = match given.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => match default(ynh, question) {
            Value::Null if optional => return Ok(Some(Value::from(""))),
            Value::Null => return Err(refuse(id, "Value is required.")),
            Value::String(text) => text,
            other => other.to_string(),
        },
    };
    match kind {
        "domain" | "user" | "group" | "select" => {
            let choices = choices(ynh, question);
            if !choices.contains(&text) {
                let list = choices.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
                return Err(refuse(id, &format!("Unexpected value; choose between {list}")));
            }
            Ok(Some(Value::from(text)))
        }
        "boolean" => boolean(id, &text).map(|yes| Some(json!(i32::from(yes)))),
        "number" => number(id, question, &text).map(Some),
        "email" => {
            if !is_mail_address(&text) {
                return Err(refuse(id, "Value is not a valid email address"));
            }
            Ok(Some(Value::from(text)))
        }
        "password" => {
            view::check_password(&text)?;
            Ok(Some(Value::from(text)))
        }
        "path" => Ok(Some(Value::from(normal_path(&text)))),
        _ => {
            check_pattern(id, question, &text)?;
            Ok(Some(Value::from(text)))
        }
    }
}

/// A path begins with a slash and does not end with one.
pub fn normal_path(text: &str) -> String {
    format!("/{}", text.trim().trim_matches('/'))
}

/// Yes or no in the words that YunoHost takes.
///
/// # Errors
/// The sentence that names the word.
pub fn boolean(id: &str, text: &str) -> Result<bool, Failure> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Ok(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Ok(false),
        _ => Err(Failure::error(format!(
            "Pick a valid value for argument '{id}': '{text}' is not among the available choices (yes/no)"
        ))),
    }
}

fn number(id: &str, question: &Map<String, Value>, text: &str) -> Result<Value, Failure> {
    let number: i64 = text.parse().map_err(|_| refuse(id, "Must be a number"))?;
    let bound = |name: &str| question.get(name).and_then(Value::as_i64);
    if let Some(min) = bound("min").filter(|min| number < *min) {
        return Err(refuse(id, &format!("Value must be greater than or equal to {min}.")));
    }
    if let Some(max) = bound("max").filter(|max| number > *max) {
        return Err(refuse(id, &format!("Value must be lower than or equal to {max}.")));
    }
    Ok(json!(number))
}

/// An address whose domain could exist: special names such as `.test` are refused.
fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let special = ["arpa", "invalid", "local", "localhost", "onion", "test"];
    let top = domain.rsplit('.').next().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|one| one.is_alphanumeric() || one == '-')
    };
    let local_ok = !local.is_empty()
        && local.split('.').all(|part| !part.is_empty())
        && local.chars().all(|one| one.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(one));
    local_ok && domain.contains('.') && domain.split('.').all(label) && !special.contains(&top)
}

/// The question's own pattern, searched from the beginning as Python's `re.match` does.
fn check_pattern(id: &str, question: &Map<String, Value>, text: &str) -> Result<(), Failure> {
    let Some(pattern) = question.get("pattern").filter(|pattern| !pattern.is_null()) else { return Ok(()) };
    let expression = format!("^(?:{})", pattern["regexp"].as_str().unwrap_or_default());
    if regex::Regex::new(&expression).is_ok_and(|regexp| regexp.is_match(text)) {
        return Ok(());
    }
    Err(refuse(id, pattern["error"].as_str().unwrap_or("Value does not match the pattern")))
}

fn default(ynh: &Yunohost, question: &Map<String, Value>) -> Value {
    if let Some(default) = question.get("default").filter(|value| !value.is_null()) {
        return default.clone();
    }
    match kind(question) {
        "domain" => Value::from(view::main_domain(ynh)),
        "user" => view::first_admin(ynh).map_or(Value::Null, Value::from),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

fn choices(ynh: &Yunohost, question: &Map<String, Value>) -> Vec<String> {
    match kind(question) {
        "domain" => view::domains(ynh),
        "user" => view::people(ynh).into_iter().map(|person| person.uid).collect(),
        "group" => group_choices(ynh).into_iter().map(|(id, _)| id).collect(),
        _ => {
            let listed = question.get("choices").and_then(Value::as_array);
            listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        }
    }
}

fn group_choices(ynh: &Yunohost) -> Vec<(String, String)> {
    view::groups(ynh)
        .into_iter()
        .map(|id| {
            let name = match id.as_str() {
                "admins" => "Admins".to_owned(),
                "all_users" => "All YunoHost users".to_owned(),
                "visitors" => "Visitors".to_owned(),
                other => other.to_owned(),
            };
            (id, name)
        })
        .collect()
}

/// The sentence of a question: its own (in English), or the usual one of its name.
pub fn ask(id: &str, question: &Map<String, Value>) -> Option<String> {
    let usual = match id {
        "domain" => "Choose the domain where this app should be installed",
        "path" => "Choose the URL path (after the domain) where this app should be installed",
        "password" => "Choose an administration password for this app",
        "is_public" => "Should this app be exposed to anonymous visitors?",
        "admin" => "Choose an administrator user for this app",
        "init_main_permission" => "Who should have access to this app? (This can later be changed)",
        _ => "",
    };
    let own = question.get("ask").and_then(|ask| ask["en"].as_str().or(ask.as_str()));
    own.or((!usual.is_empty()).then_some(usual)).map(str::to_owned)
}

/// A question with everything that a form needs, as `app manifest` shows it.
pub fn described(ynh: &Yunohost, id: &str, question: &Map<String, Value>) -> Value {
    let kind = kind(question);
    let text = |name: &str| question.get(name).and_then(|value| value["en"].as_str().or(value.as_str()));
    let mut shown = json!({
        "type": kind,
        "id": id,
        "mode": "bash",
        "ask": ask(id, question),
        "readonly": false,
        "visible": question.get("visible").cloned().unwrap_or(json!(true)),
        "bind": null,
        "name": null,
        "help": text("help"),
        "example": text("example"),
        "placeholder": text("placeholder"),
        "redact": kind == "password",
        "optional": question.get("optional").cloned().unwrap_or(json!(false)),
        "default": default(ynh, question),
    });
    match kind {
        "domain" => {
            shown["filter"] = Value::Null;
            let main = view::main_domain(ynh);
            let label = |one: String| (one.clone(), json!(if one == main { format!("{one} ★") } else { one }));
            shown["choices"] = view::domains(ynh).into_iter().map(label).collect();
        }
        "user" => {
            shown["filter"] = Value::Null;
            let label = |one: crate::yunohost::nextcloud::Person| {
                let name = format!("{} ({})", one.name, one.mail);
                (one.uid, json!(name))
            };
            shown["choices"] = view::people(ynh).into_iter().map(label).collect();
        }
        "group" => {
            shown["filter"] = Value::Null;
            shown["choices"] = group_choices(ynh).into_iter().map(|(id, name)| (id, json!(name))).collect();
        }
        "select" => {
            shown["filter"] = Value::Null;
            shown["choices"] = question.get("choices").cloned().unwrap_or_default();
        }
        "boolean" => {
            shown["yes"] = json!(1);
            shown["no"] = json!(0);
        }
        "number" => {
            for name in ["min", "max", "step"] {
                shown[name] = question.get(name).cloned().unwrap_or_default();
            }
        }
        "path" | "string" => shown["pattern"] = question.get("pattern").cloned().unwrap_or_default(),
        _ => {}
    }
    shown
}
