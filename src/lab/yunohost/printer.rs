//! How answers are printed: lines of talk, and the result for people, as JSON or plain (sheet, section 3).

use serde_json::Value;

use super::grammar::{Globals, OutputAs};
use super::reply::{Line, Reply};
use crate::os::Output;

/// Prints a reply.
pub fn print(reply: &Reply, globals: &Globals) -> Output {
    let mut output = Output { exit: reply.exit, duration_us: reply.duration_us, ..Output::default() };
    for line in &reply.lines {
        say(line, globals, &mut output);
    }
    if let Some(value) = &reply.value {
        output.stdout.push_str(&result(value, reply.keeps_order, globals.output_as));
    }
    output
}

fn say(line: &Line, globals: &Globals, output: &mut Output) {
    // Lines of talk come while the command works: with `--debug` they show when.
    let time = if globals.debug { format!("{:<4} ", output.duration_us / 1000) } else { String::new() };
    match line {
        Line::Out(text) => output.stdout.push_str(&format!("{text}\n")),
        Line::Err(text) => output.stderr.push_str(&format!("{text}\n")),
        Line::Debug { after_ms, text } if globals.debug => {
            output.stdout.push_str(&format!("{after_ms:<4} DEBUG {text}\n"));
        }
        Line::Debug { .. } => {}
        _ if globals.quiet => {}
        Line::Info(text) => output.stdout.push_str(&format!("{time}INFO {text}\n")),
        Line::Success(text) => output.stdout.push_str(&format!("{time}SUCCESS {text}\n")),
        Line::Warning(text) => output.stderr.push_str(&format!("{time}WARNING {text}\n")),
        Line::Error(text) => output.stderr.push_str(&format!("{time}ERROR {text}\n")),
    }
}

fn result(value: &Value, keeps_order: bool, output_as: OutputAs) -> String {
    match output_as {
        OutputAs::None => String::new(),
        OutputAs::Json => format!("{}\n", json(value)),
        OutputAs::Plain => {
            let mut text = String::new();
            let value = match value {
                Value::Object(fields) if fields.len() == 1 => fields.values().next().unwrap_or(value),
                _ => value,
            };
            plain(value, 0, &mut text);
            text
        }
        OutputAs::Human => match value {
            Value::Object(_) => {
                let mut text = String::new();
                human(value, 0, keeps_order, &mut text);
                text
            }
            other => format!("{}\n", python(other)),
        },
    }
}

/// JSON as Python writes it: a space after commas and colons, only ASCII.
pub fn json(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", json_text(name), json(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::String(text) => json_text(text),
        other => other.to_string(),
    }
}

fn json_text(text: &str) -> String {
    let mut out = String::new();
    for letter in Value::from(text).to_string().chars() {
        if letter.is_ascii() && letter != '\u{7f}' {
            out.push(letter);
        } else {
            let mut units = [0_u16; 2];
            out.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    // Python leaves DEL as it is.
    out.replace("\\u007f", "\u{7f}")
}

/// `--output-as plain`: keys after as many `#` as they are deep, values on their own line.
fn plain(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| plain(item, depth + 1, text)),
        Value::Object(fields) => {
            for (name, value) in fields {
                text.push_str(&format!("{}{name}\n", "#".repeat(depth + 1)));
                plain(value, depth + 1, text);
            }
        }
        other => text.push_str(&format!("{}\n", python(other))),
    }
}

/// The form for people: keys sorted unless the command keeps their order, lists of one without a dash.
fn human(value: &Value, depth: usize, keeps_order: bool, text: &mut String) {
    let Value::Object(fields) = value else { return };
    let margin = "  ".repeat(depth);
    let mut names: Vec<&String> = fields.keys().collect();
    if !keeps_order {
        names.sort();
    }
    for name in names {
        let value = match &fields[name] {
            Value::Array(items) if items.len() == 1 => &items[0],
            value => value,
        };
        match value {
            Value::Object(_) => {
                text.push_str(&format!("{margin}{name}: \n"));
                // What stands alone at the top is only a heading: the order is that of what it holds.
                human(value, depth + 1, keeps_order && fields.len() == 1, text);
            }
            Value::Array(items) => {
                text.push_str(&format!("{margin}{name}: \n"));
                for (position, item) in items.iter().enumerate() {
                    if item.is_object() {
                        let numbered = Value::Object([(position.to_string(), item.clone())].into_iter().collect());
                        human(&numbered, depth + 1, false, text);
                    } else {
                        text.push_str(&format!("{margin}  - {}\n", python(item)));
                    }
                }
            }
            scalar => text.push_str(&format!("{margin}{name}: {}\n", python(scalar))),
        }
    }
}

/// A value as Python's `print` shows it.
pub fn python(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => representation(other),
    }
}

fn representation(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => super::grammar::quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(representation).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", super::grammar::quoted(name), representation(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
