//! The registered formats: what a text must look like, and the words with which Proxmox refuses it.

mod firewall;
mod ids;
mod network;
mod storage;
mod vm;

use serde_json::{Map, Value};

use crate::calendar::CalendarEvent;
pub use ids::user_id;

/// Splits a list as Proxmox does: at commas, semicolons, blanks and NUL.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(|one: char| matches!(one, ',' | ';' | '\0') || one.is_whitespace()).filter(|part| !part.is_empty())
}

/// Checks a text against a registered format that is not a property string. A name that ends in `-list` checks each
/// element, one that ends in `-opt` lets the empty text through.
///
/// # Errors
/// The text of the refusal, with the line breaks that Proxmox puts there.
pub fn check(format: &str, value: &str) -> Result<(), String> {
    if let Some(one) = format.strip_suffix("-list") {
        return split_list(value).try_for_each(|element| check_one(one, element));
    }
    if let Some(one) = format.strip_suffix("-opt") {
        return if value.is_empty() || value == "0" { Ok(()) } else { check_one(one, value) };
    }
    check_one(format, value)
}

/// What a registered property string must satisfy as a whole, once its keys are right.
///
/// # Errors
/// As [`check`].
pub fn whole_property_string(format: &str, parts: &Map<String, Value>) -> Result<(), String> {
    match format {
        // That it is refused is known (sheet, section 9a), the exact words are not.
        "backup-fleecing" if is_set(parts, "enabled") && !parts.contains_key("storage") => {
            Err("'storage' parameter is required when 'enabled' is set\n".to_owned())
        }
        "prune-backups" if is_set(parts, "keep-all") && keeps_something(parts) => {
            Err("keep-all cannot be set together with other options.\n".to_owned())
        }
        "pve-vm-cpu-conf" => vm::cpu(parts),
        _ => Ok(()),
    }
}

fn is_set(parts: &Map<String, Value>, key: &str) -> bool {
    parts.get(key).is_some_and(|value| value == "1")
}

/// Whether an option besides `keep-all` has a number above 0.
fn keeps_something(parts: &Map<String, Value>) -> bool {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    parts.iter().any(|(key, value)| key != "keep-all" && number(value).is_some_and(|count| count > 0.0))
}

fn check_one(format: &str, value: &str) -> Result<(), String> {
    // In Perl `$` also matches before a final line break.
    let line = value.strip_suffix('\n').unwrap_or(value);
    let found = ids::check(format, line)
        .or_else(|| network::check(format, line))
        .or_else(|| storage::check(format, line))
        .or_else(|| vm::check(format, line))
        .or_else(|| firewall::check(format, value))
        .or_else(|| others(format, value));
    match found {
        Some(Ok(())) => Ok(()),
        Some(Err(text)) => Err(format!("{text}\n")),
        // Proxmox dies with these words, too, when a schema names a format that nobody registered.
        None => Err(format!("undefined format '{format}'\n")),
    }
}

/// `None`: not one of ours. `Some(Err(text))`: refused.
type Verdict = Option<Result<(), String>>;

/// The verdict on a text that must satisfy a condition.
fn must(satisfied: bool, refusal: impl FnOnce() -> String) -> Verdict {
    Some(if satisfied { Ok(()) } else { Err(refusal()) })
}

fn others(format: &str, value: &str) -> Verdict {
    match format {
        "string" => Some(Ok(())),
        "urlencoded" => {
            must(value.chars().all(|one| one.is_ascii_alphanumeric() || "-%_.!~*'()".contains(one)), || {
                format!("invalid urlencoded string: {value}")
            })
        }
        "pve-calendar-event" => Some(
            CalendarEvent::parse(value)
                .map(|_| ())
                .map_err(|error| format!("invalid calendar event '{value}' - {error}\n")),
        ),
        "pve-day-of-week" => must(["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&value), || {
            format!("invalid day '{value}'")
        }),
        "pve-task-status-type" => {
            must(["ok", "error", "warning", "unknown"].contains(&value.to_ascii_lowercase().as_str()), || {
                format!("invalid status '{value}'")
            })
        }
        _ => None,
    }
}
