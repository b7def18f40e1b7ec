//! How groups, snapshots and folders of a datastore are called.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A group of backups: what they are of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupId {
    /// `vm`, `ct` or `host`.
    pub kind: String,
    /// A VM's number or a host's name.
    pub id: String,
}

impl GroupId {
    /// A group.
    pub fn new(kind: &str, id: &str) -> GroupId {
        GroupId { kind: kind.to_owned(), id: id.to_owned() }
    }

    /// The group of a VM.
    pub fn vm(vmid: u32) -> GroupId {
        GroupId::new("vm", &vmid.to_string())
    }

    /// Reads `vm/101`.
    pub fn parse(text: &str) -> Option<GroupId> {
        let (kind, id) = text.split_once('/')?;
        let fits = ["vm", "ct", "host"].contains(&kind) && !id.is_empty() && !id.contains('/');
        fits.then(|| GroupId::new(kind, id))
    }

    /// Order of the type within `vm`, `ct`, `host`.
    fn rank(&self) -> usize {
        ["vm", "ct", "host"].iter().position(|kind| *kind == self.kind).unwrap_or(3)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.kind, self.id)
    }
}

impl Ord for GroupId {
    /// By type, then numbers by their value, before and among names by their letters.
    fn cmp(&self, other: &GroupId) -> Ordering {
        let by_id = || match (self.id.parse::<u64>(), other.id.parse::<u64>()) {
            (Ok(ours), Ok(theirs)) => ours.cmp(&theirs),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => Ordering::Equal,
        };
        self.rank().cmp(&other.rank()).then_with(by_id).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for GroupId {
    fn partial_cmp(&self, other: &GroupId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for GroupId {
    type Error = String;

    fn try_from(text: String) -> Result<GroupId, String> {
        GroupId::parse(&text).ok_or_else(|| format!("`{text}` is no group of backups"))
    }
}

impl From<GroupId> for String {
    fn from(group: GroupId) -> String {
        group.to_string()
    }
}

/// One snapshot: a datastore's name, a namespace, a group and a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Namespace, empty for the root.
    pub namespace: String,
    /// The group.
    pub group: GroupId,
    /// Seconds since 1970.
    pub time: i64,
}

impl Place {
    /// `vm/101/2026-11-18T11:06:40Z`.
    pub fn dir(&self) -> String {
        format!("{}/{}", self.group, time_text(self.time))
    }

    /// The same below its namespace, as logs name it: `ns/clients/vm/101/...`.
    pub fn full_dir(&self) -> String {
        format!("{}{}", namespace_prefix(&self.namespace), self.dir())
    }
}

/// The time of a snapshot as its folder is called.
pub fn time_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Reads the name of a snapshot's folder.
pub fn parse_time(text: &str) -> Option<i64> {
    let parsed: Timestamp = text.parse().ok()?;
    (time_text(parsed.as_second()) == text).then(|| parsed.as_second())
}

/// Where a namespace lies below its datastore: `ns/clients/ns/deep/`, empty for the root.
pub fn namespace_prefix(namespace: &str) -> String {
    parts(namespace).map(|part| format!("ns/{part}/")).collect()
}

/// The levels of a namespace.
pub fn parts(namespace: &str) -> impl Iterator<Item = &str> {
    namespace.split('/').filter(|part| !part.is_empty())
}

/// The namespace above, `None` for the root.
pub fn parent(namespace: &str) -> Option<&str> {
    if namespace.is_empty() {
        return None;
    }
    Some(namespace.rsplit_once('/').map_or("", |(parent, _)| parent))
}

/// A namespace below another one.
pub fn join(parent: &str, child: &str) -> String {
    match (parent, child) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{parent}/{child}"),
    }
}

/// How many levels down `namespace` is below `ancestor`; `None` when it is not.
pub fn depth_below(namespace: &str, ancestor: &str) -> Option<usize> {
    let below = match ancestor {
        "" => namespace,
        _ if namespace == ancestor => "",
        _ => namespace.strip_prefix(ancestor)?.strip_prefix('/')?,
    };
    Some(parts(below).count())
}

/// A text as it stands in a task's identifier: slashes become dashes, what is neither letter, digit nor underscore is
/// written out as `\x3a`; a dot stays unless it comes first.
pub fn escape_unit(text: &str) -> String {
    let mut escaped = String::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'/' => escaped.push('-'),
            b'.' if at > 0 => escaped.push('.'),
            b'_' => escaped.push('_'),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\x{byte:02x}")),
        }
    }
    escaped
}

/// The way back from [`escape_unit`]; `None` when the text is not one.
pub fn unescape_unit(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'-' => bytes.push(b'/'),
            b'\\' => {
                let digits = rest.strip_prefix(b"x").and_then(|rest| rest.get(..2))?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = &rest[3..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_pbs_names_of_groups_sort_by_number() {
        let mut groups = ["host/web", "vm/102", "vm/1029", "vm/101", "vm/abc", "ct/7"]
            .map(|text| GroupId::parse(text).expect("a group"));
        groups.sort();
        assert_eq!(
            groups.map(|group| group.to_string()),
            ["vm/101", "vm/102", "vm/1029", "vm/abc", "ct/7", "host/web"]
        );
    }

    #[test]
    fn lab_pbs_names_in_task_identifiers_are_escaped_and_read_back() {
        for (plain, escaped) in [
            ("coop:ns/clients", "coop\\x3ans-clients"),
            ("-:coop:mirror::loc-a", "\\x2d\\x3acoop\\x3amirror\\x3a\\x3aloc\\x2da"),
            ("coop:host/site-web", "coop\\x3ahost-site\\x2dweb"),
        ] {
            assert_eq!(escape_unit(plain), escaped);
            assert_eq!(unescape_unit(escaped).as_deref(), Some(plain));
        }
    }

    #[test]
    fn lab_pbs_names_of_snapshots_are_their_time() {
        assert_eq!(time_text(1_795_000_000), "2026-11-18T11:06:40Z");
        assert_eq!(parse_time("2026-11-18T11:06:40Z"), Some(1_795_000_000));
        assert_eq!(parse_time("2026-11-18T11:06:40+00:00"), None);
        assert_eq!(depth_below("a/b/c", "a"), Some(2));
        assert_eq!(depth_below("ab", "a"), None);
    }
}
