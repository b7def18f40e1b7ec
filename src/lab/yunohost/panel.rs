//! Configuration panels: how settings and domain options are read, checked and changed by key.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::context::{Context, Refusal};
use super::grammar::quoted;
use super::passwords;

/// What a password shows as.
const MASK: &str = "**************";

/// An option of a panel.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Panel and section, `email.smtp`.
    pub place: &'static str,
    /// Its own name, `smtp_relay_host`.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its value when nothing was set; null for none.
    pub default: Value,
    /// Its label.
    pub ask: String,
    /// The boolean option that must be on for this one to be asked.
    pub needs: Option<&'static str>,
}

/// What an option holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no: 1 or 0.
    Boolean,
    /// One of these.
    Select(Vec<String>),
    /// A number.
    Number,
    /// A text.
    Text,
    /// A text that is masked.
    Password,
    /// Nothing: a text that is shown.
    Alert,
    /// One of a list that cannot be chosen here.
    ReadOnly,
}

/// A panel with its present values (without those at their default).
pub struct Panel<'a> {
    /// All options in order.
    pub entries: Vec<Entry>,
    /// Values that were set.
    pub values: &'a BTreeMap<String, Value>,
}

/// The part of a panel that a key such as `email`, `email.smtp` or `email.smtp.smtp_relay_host` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a>([Option<&'a str>; 3]);

impl<'a> Filter<'a> {
    /// Takes a key apart; no key names everything.
    pub fn new(key: Option<&'a str>) -> Filter<'a> {
        let mut parts = key.unwrap_or_default().splitn(3, '.').filter(|part| !part.is_empty());
        Filter([parts.next(), parts.next(), parts.next()])
    }

    /// The option's own name when the key goes that far.
    pub fn option(&self) -> Option<&'a str> {
        self.0[2]
    }

    /// Why a single value is not taken for what the key names, as the name of a sentence: it goes to one option, not to all
    /// of a section, and that is said whether or not there is such a section.
    pub fn refuses_value(&self, value: Option<&str>) -> Option<&'static str> {
        (value.is_some() && self.option().is_none()).then_some("config_cant_set_value_on_section")
    }

    /// Whether it names this panel and section, or an option of them.
    pub fn is_within(&self, place: &str) -> bool {
        matches!(self.0, [Some(panel), Some(section), _] if format!("{panel}.{section}") == place)
    }

    /// `('email', 'smtp', None)`.
    fn tuple(&self) -> String {
        let part = |part: &Option<&str>| part.map_or("None".to_owned(), quoted);
        format!("({}, {}, {})", part(&self.0[0]), part(&self.0[1]), part(&self.0[2]))
    }

    /// Whether it names an option or something around it.
    pub fn covers(&self, entry: &Entry) -> bool {
        let (panel, section) = entry.place.split_once('.').unwrap_or((entry.place, ""));
        let same = |wanted: Option<&str>, name: &str| wanted.is_none_or(|wanted| wanted == name);
        same(self.0[0], panel) && same(self.0[1], section) && same(self.0[2], entry.key)
    }

    /// The refusal of a key that names nothing.
    pub fn incorrect(&self, context: &Context<'_>) -> Refusal {
        context.refuse("config_unknown_filter_key", &[("key", &self.tuple())])
    }
}

impl Panel<'_> {
    /// The present value of an option.
    pub fn value(&self, entry: &Entry) -> Value {
        self.values.get(entry.key).cloned().unwrap_or_else(|| entry.default.clone())
    }

    /// The options that a filter names.
    ///
    /// # Errors
    /// When it names none.
    pub fn covered(&self, filter: Filter<'_>, context: &Context<'_>) -> Result<Vec<&Entry>, Refusal> {
        let covered: Vec<&Entry> = self.entries.iter().filter(|entry| filter.covers(entry)).collect();
        if covered.is_empty() { Err(filter.incorrect(context)) } else { Ok(covered) }
    }

    /// `{"email.smtp.smtp_relay_host": {"ask": ..., "value": ...}}`: values as people read them.
    pub fn classic(&self, entries: &[&Entry]) -> Value {
        let mut shown = Map::new();
        for entry in entries {
            let name = format!("{}.{}", entry.place, entry.key);
            let text = match (&entry.kind, self.value(entry)) {
                (Kind::Alert, _) => {
                    shown.insert(name, json!({ "ask": entry.ask }));
                    continue;
                }
                (Kind::Password, _) => MASK.to_owned(),
                (Kind::Boolean, value) => if is_on(&value) { "yes" } else { "no" }.to_owned(),
                (_, Value::Null) => String::new(),
                (_, Value::String(text)) => text,
                (_, other) => other.to_string(),
            };
            shown.insert(name, json!({ "ask": entry.ask, "value": text }));
        }
        Value::Object(shown)
    }

    /// `{"smtp_relay_host": ...}`: values as they are kept, passwords in clear.
    pub fn export(&self, entries: &[&Entry]) -> Value {
        let kept = entries.iter().filter(|entry| entry.kind != Kind::Alert);
        Value::Object(kept.map(|entry| (entry.key.to_owned(), self.value(entry))).collect())
    }

    /// One value: booleans as 1 or 0, passwords in clear.
    pub fn one(&self, entry: &Entry) -> Option<Value> {
        match (&entry.kind, self.value(entry)) {
            (Kind::Boolean, value) => Some(Value::from(i32::from(is_on(&value)))),
            (_, Value::Null) => None,
            (_, value) => Some(value),
        }
    }

    /// Reads a form: what was answered (`--value` for one option, `--args` for several), the rest as it is. Returns
    /// the values that differ from before, in the order of the options.
    ///
    /// # Errors
    /// An answer that its option does not take, or a single option that depends on another one.
    pub fn read_form(
        &self,
        filter: Filter<'_>,
        value: Option<&str>,
        args: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Vec<(String, Value)>, Refusal> {
        if let Some(problem) = filter.refuses_value(value) {
            return Err(context.refuse(problem, &[]));
        }
        let mut answers = args.map(decode_form).unwrap_or_default();
        if let (Some(value), Some(option)) = (value, filter.option()) {
            answers.insert(option.to_owned(), value.to_owned());
        }
        let mut form: BTreeMap<&str, Value> = BTreeMap::new();
        let mut changes = Vec::new();
        for entry in self.covered(filter, context)? {
            if matches!(entry.kind, Kind::Alert | Kind::ReadOnly) {
                continue;
            }
            if let Some(needed) = entry.needs {
                let Some(switch) = form.get(needed) else {
                    return Err(Refusal::crash(format!("KeyError: '{needed}'")));
                };
                if !is_on(switch) && switch.as_str().is_none_or(str::is_empty) {
                    continue;
                }
            }
            let before = self.value(entry);
            let after = match answers.get(entry.key) {
                Some(answer) => accept(entry, answer, context)?,
                // A text without a value becomes an empty one as soon as it is asked.
                None if before.is_null() && entry.kind == Kind::Text => Value::from(""),
                None => before.clone(),
            };
            if !same(&before, &after) {
                changes.push((entry.key.to_owned(), after.clone()));
            }
            form.insert(entry.key, after);
        }
        Ok(changes)
    }
}

/// Whether a boolean value is on.
pub fn is_on(value: &Value) -> bool {
    value == &Value::Bool(true) || value == &Value::from(1)
}

/// Python's equality: `True` is 1.
pub fn same(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Bool(yes) => Value::from(i32::from(*yes)),
        other => other.clone(),
    };
    plain(one) == plain(other)
}

fn accept(entry: &Entry, answer: &str, context: &Context<'_>) -> Result<Value, Refusal> {
    let invalid = |error: &str| context.refuse("app_argument_invalid", &[("name", entry.key), ("error", error)]);
    match &entry.kind {
        Kind::Boolean => match answer.to_lowercase().as_str() {
            "1" | "yes" | "y" | "true" | "t" | "on" => Ok(Value::from(1)),
            "0" | "no" | "n" | "false" | "f" | "off" => Ok(Value::from(0)),
            "" => Ok(entry.default.clone()),
            _ => Err(context.refuse("app_argument_choice_invalid", &[("name", entry.key), ("value", answer)])),
        },
        Kind::Select(choices) if choices.iter().any(|choice| choice == answer) => Ok(Value::from(answer)),
        Kind::Select(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| quoted(choice)).collect();
            Err(invalid(&format!("Unexpected value; choose between {}", choices.join(", "))))
        }
        Kind::Number => match answer.trim().parse::<i64>() {
            Ok(number) => Ok(Value::from(number)),
            Err(_) => Err(invalid("Must be a number")),
        },
        Kind::Password if answer.is_empty() => Ok(entry.default.clone()),
        Kind::Password => {
            passwords::check(answer, 1, context)?;
            Ok(Value::from(answer))
        }
        Kind::Text | Kind::Alert | Kind::ReadOnly => Ok(Value::from(answer)),
    }
}

/// `a=1&b=x%20y` taken apart; `+` is a space.
fn decode_form(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}
