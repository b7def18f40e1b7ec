//! Formats of texts that are more than a pattern.

use std::net::IpAddr;

use super::traffic::Timeframe;
use crate::calendar::CalendarEvent;

/// A closed list of values that the method itself reads: another refusal, and later.
pub const VARIANT: &str = "variant";

const NO_MATCH: &str = "value does not match the regex pattern";

/// Checks a text against a format.
///
/// # Errors
/// The server's words.
pub fn check(format: &str, text: &str) -> Result<(), String> {
    match format {
        "calendar-event" => CalendarEvent::parse_exact(text).map(|_| ()),
        "daily-duration" => Timeframe::parse(text).map(|_| ()),
        "byte-size" => byte_size(text).map(|_| ()),
        "absolute-path" => {
            let is_absolute = text.starts_with('/');
            if is_absolute { Ok(()) } else { Err(format!("expected an absolute path, '{text}' is not")) }
        }
        "group-filter" => group_filter(text),
        "host" => {
            if is_host(text) {
                Ok(())
            } else {
                Err(NO_MATCH.to_owned())
            }
        }
        "network" => {
            if is_network(text) {
                Ok(())
            } else {
                Err(NO_MATCH.to_owned())
            }
        }
        "maintenance-mode" => maintenance_mode(text),
        "notify" => properties(text, None, |key, value| match key {
            "gc" | "prune" | "sync" | "verify" => one_of(value, &["never", "always", "error"]),
            _ => Err(undeclared(key)),
        }),
        "tuning" => properties(text, None, |key, value| match key {
            "chunk-order" => one_of(value, &["none", "inode"]),
            "sync-level" => one_of(value, &["none", "file", "filesystem"]),
            "gc-atime-cutoff" => within(value, 1, 2880),
            "gc-cache-capacity" => within(value, 0, 8_388_608),
            "default-verification-readers" | "default-verification-workers" => within(value, 1, 32),
            "gc-atime-safety-check" => one_of(&value.to_ascii_lowercase(), &BOOLEANS),
            _ => Err(undeclared(key)),
        }),
        _ => Ok(()),
    }
}

const BOOLEANS: [&str; 8] = ["1", "on", "yes", "true", "0", "off", "no", "false"];

/// Bytes of a size such as `10 MB`, `1.5GiB` or `4096`.
///
/// # Errors
/// It is none.
pub fn byte_size(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let end = trimmed.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(end);
    let unit = unit.trim().trim_end_matches(['B', 'b']);
    let letters = "KMGTPE";
    let (power, base) = match unit.to_ascii_uppercase().as_str() {
        "" => (0, 1_000.0),
        unit => {
            let first = unit.chars().next().unwrap_or_default();
            let power = letters.find(first).ok_or_else(|| format!("unable to parse byte size '{text}'"))? + 1;
            let base = match unit.get(1..) {
                Some("") => 1_000.0,
                Some("I") => 1_024.0,
                _ => return Err(format!("unable to parse byte size '{text}'")),
            };
            (power, base)
        }
    };
    let number: f64 = digits.parse().map_err(|_| format!("unable to parse byte size '{text}'"))?;
    let scale: f64 = base;
    // Sizes are far below what would lose precision.
    Ok((number * scale.powi(i32::try_from(power).unwrap_or_default())) as u64)
}

fn group_filter(text: &str) -> Result<(), String> {
    let bare = text.strip_prefix("exclude:").or_else(|| text.strip_prefix("include:")).unwrap_or(text);
    let fits = match bare.split_once(':') {
        Some(("group", group)) => super::state::GroupId::parse(group).is_some(),
        Some(("type", kind)) => ["vm", "ct", "host"].contains(&kind),
        Some(("regex", expression)) => regex::Regex::new(expression).is_ok(),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err("input doesn't match expected format '<group:GROUP||type:<vm|ct|host>|regex:REGEX>'".to_owned())
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<IpAddr>().is_ok() || text.split('.').all(label)
}

fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    address.parse::<IpAddr>().is_ok() && !length.is_empty() && length.bytes().all(|one| one.is_ascii_digit())
}

fn maintenance_mode(text: &str) -> Result<(), String> {
    properties(text, Some("type"), |key, value| match key {
        "type" => one_of(value, &["read-only", "offline", "delete", "unmount", "s3-refresh"]),
        "message" => Ok(()),
        _ => Err(undeclared(key)),
    })
}

/// Checks `key=value` pairs separated by commas; a part without a key belongs to the default one.
fn properties(
    text: &str,
    default_key: Option<&str>,
    check: impl Fn(&str, &str) -> Result<(), String>,
) -> Result<(), String> {
    for part in text.split(',') {
        match (part.split_once('='), default_key) {
            (Some((key, value)), _) => check(key.trim(), value)?,
            (None, Some(key)) => check(key, part)?,
            (None, None) => return Err("value without key, but schema does not define a default key".to_owned()),
        }
    }
    Ok(())
}

fn undeclared(key: &str) -> String {
    format!("parameter verification failed - '{key}': schema does not allow additional properties.")
}

fn one_of(value: &str, allowed: &[&str]) -> Result<(), String> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(format!("value '{value}' is not defined in the enumeration."))
}

fn within(value: &str, min: i64, max: i64) -> Result<(), String> {
    let number: i64 = value.parse().map_err(|error: std::num::ParseIntError| error.to_string())?;
    if number < min {
        return Err(format!("value must have a minimum value of {min} (got {number})"));
    }
    if number > max {
        return Err(format!("value must have a maximum value of {max} (got {number})"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_pbs_formats_read_byte_sizes_in_both_systems() {
        for (text, bytes) in [("4096", 4096), ("10 MB", 10_000_000), ("1.5GiB", 1_610_612_736), ("2K", 2_000)] {
            assert_eq!(byte_size(text), Ok(bytes), "{text}");
        }
        assert!(byte_size("fast").is_err() && byte_size("10 Mx").is_err());
    }

    #[test]
    fn lab_pbs_formats_check_hosts_networks_and_filters() {
        assert!(is_host("pbs.example") && is_host("192.0.2.7") && is_host("2001:db8::1") && !is_host("bad host"));
        assert!(is_network("0.0.0.0/0") && is_network("::/0") && !is_network("10.0.0.1"));
        assert!(group_filter("exclude:group:vm/102").is_ok() && group_filter("vm/101").is_err());
    }
}
