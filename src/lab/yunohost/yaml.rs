//! The YAML that YunoHost writes: block style, keys in the order they are given.

use serde_json::Value;

/// A document for a value (a mapping at the top).
pub fn document(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text
}

fn write(text: &mut String, value: &Value, indent: usize) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                text.push_str(&format!("{pad}{}:", scalar(&Value::from(key.clone()))));
                below(text, value, indent + 1);
            }
        }
        Value::Array(list) => {
            // YunoHost's lists stand at the level of their key.
            let pad = "  ".repeat(indent.saturating_sub(1));
            for item in list {
                text.push_str(&format!("{pad}-"));
                match item {
                    Value::Array(_) | Value::Object(_) => text.push_str(&format!(" {item}\n")),
                    other => text.push_str(&format!(" {}\n", scalar(other))),
                }
            }
        }
        other => text.push_str(&format!("{pad}{}\n", scalar(other))),
    }
}

fn below(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Array(list) if list.is_empty() => text.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            write(text, value, indent);
        }
        other => text.push_str(&format!(" {}\n", scalar(other))),
    }
}

fn scalar(value: &Value) -> String {
    let Value::String(text) = value else {
        return match value {
            Value::Null => "null".to_owned(),
            other => other.to_string(),
        };
    };
    let other_type =
        matches!(text.to_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "~");
    let special = text.is_empty()
        || other_type
        || text.parse::<f64>().is_ok()
        || text.starts_with(|first: char| "-?:,[]{}#&*!|>'\"%@` ".contains(first))
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with([' ', ':']);
    if text.contains('\n') {
        value.to_string()
    } else if special {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        text.clone()
    }
}
