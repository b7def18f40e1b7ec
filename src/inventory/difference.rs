//! What changed between two inventories: in the words of the field first, then line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};
use similar::TextDiff;

use super::check::check;
use super::model::{Inventory, Seat};
use crate::domain::money::Cents;

/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// The difference between two sets of files; empty when there is none. The summary is left away when one of the two does
/// not pass the check: then only lines can be compared.
pub fn difference(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    if let (Ok(old), Ok(new)) = (check(old), check(new)) {
        for line in summary(&old, &new) {
            let _ = writeln!(out, "{line}");
        }
    }
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let (before, after) = (old.get(path), new.get(path));
        if before != after {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&lines(path, before, after));
        }
    }
    out
}

fn lines(path: &str, before: Option<&String>, after: Option<&String>) -> String {
    let name = |side: &str, text: Option<&String>| text.map_or("/dev/null".to_owned(), |_| format!("{side}/{path}"));
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    TextDiff::from_lines(&text(before), &text(after))
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&name("before", before), &name("after", after))
        .to_string()
}

/// One line per change of meaning: `+` for what is new, `-` for what is gone, `~` for what is different.
pub fn summary(old: &Inventory, new: &Inventory) -> Vec<String> {
    let mut out = Vec::new();
    let values = |inventory: &Inventory| {
        let mut value = serde_json::to_value(inventory).expect("the model has texts, numbers and lists only");
        // Seats have lines of their own.
        for client in value["clients"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            client.as_object_mut().and_then(|client| client.remove("seats"));
        }
        value
    };
    compare("", &values(old), &values(new), &mut out);
    let none: &[Seat] = &[];
    let ids: BTreeSet<_> = old.clients.keys().chain(new.clients.keys()).collect();
    for id in ids {
        let seats = |inventory: &'_ Inventory| inventory.clients.get(id).map(|client| client.seats.clone());
        let (before, after) = (seats(old), seats(new));
        compare_seats(id.as_str(), before.as_deref().unwrap_or(none), after.as_deref().unwrap_or(none), &mut out);
    }
    out
}

fn compare_seats(client: &str, old: &[Seat], new: &[Seat], out: &mut Vec<String>) {
    let same = |one: &Seat, other: &Seat| one.person == other.person && one.from == other.from;
    for seat in new {
        match old.iter().find(|before| same(before, seat)) {
            None => out.push(format!("+ seat at {client}: {}", seat_words(seat))),
            Some(before) if before != seat => {
                out.push(format!("~ seat at {client}: {}; before: {}", seat_words(seat), end_words(before)));
            }
            Some(_) => {}
        }
    }
    for seat in old.iter().filter(|seat| !new.iter().any(|after| same(after, seat))) {
        out.push(format!("- seat at {client}: {}", seat_words(seat)));
    }
}

fn seat_words(seat: &Seat) -> String {
    format!("{} from {}, {}", seat.person, seat.from, end_words(seat))
}

fn end_words(seat: &Seat) -> String {
    let mut words = match seat.until {
        Some(until) => format!("until {until}"),
        None => "open".to_owned(),
    };
    if let Some(address) = &seat.leaving.forward_to {
        let _ = write!(words, ", mail to {address}");
    }
    if let Some(heir) = &seat.leaving.files_to {
        let _ = write!(words, ", files to {heir}");
    }
    words
}

/// Compares two values of the model's JSON form and names what differs by its path.
fn compare(path: &str, old: &Value, new: &Value, out: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => compare(&path, old, new, out),
                    (Some(gone), None) => out.push(format!("- {path}{}", short(gone))),
                    (None, Some(added)) => out.push(format!("+ {path}{}", short(added))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            out.extend(
                old.iter().filter(|item| !new.contains(item)).map(|item| format!("- {path}: {}", words(path, item))),
            );
            out.extend(
                new.iter().filter(|item| !old.contains(item)).map(|item| format!("+ {path}: {}", words(path, item))),
            );
        }
        (old, new) if old != new => out.push(format!("~ {path}: {} -> {}", words(path, old), words(path, new))),
        _ => {}
    }
}

/// The name of a whole file or person that came or went, where it has one.
fn short(value: &Value) -> String {
    let name = value.get("name").or_else(|| value.pointer("/identity/name"));
    name.and_then(Value::as_str).map(|name| format!(" ({name})")).unwrap_or_default()
}

fn words(path: &str, value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(cents) if path.ends_with("price") => Cents(cents.as_i64().unwrap_or_default()).to_string(),
        Value::Object(fields) => {
            let present = fields.iter().filter(|(_, value)| !value.is_null());
            present.map(|(key, value)| format!("{key} {}", words(key, value))).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(|item| words(path, item)).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
