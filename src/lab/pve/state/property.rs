//! Property strings: `local-lvm:vm-101-disk-0,discard=on,size=3G`.

use std::collections::BTreeMap;

/// A property string taken apart. The one value that may stand without a key is kept under the default key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// The value under the default key (`file` of a drive, `model` of a card).
    pub first: String,
    /// All others, sorted as Proxmox prints them.
    pub rest: BTreeMap<String, String>,
}

impl Properties {
    /// Takes a property string apart; `default_key` is the key that its first part may leave out.
    pub fn parse(text: &str, default_key: &str) -> Properties {
        let mut properties = Properties::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((key, value)) if key == default_key => properties.first = value.to_owned(),
                Some((key, value)) => {
                    properties.rest.insert(key.to_owned(), value.to_owned());
                }
                None => properties.first = part.to_owned(),
            }
        }
        properties
    }

    /// One value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.rest.get(key).map(String::as_str)
    }

    /// A boolean inside a property string: `1`, `on`, `yes` and `true` all mean yes (sheet Proxmox, section 1).
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).map(is_yes)
    }

    /// The string again: the default value first, the others sorted.
    pub fn print(&self) -> String {
        let rest = self.rest.iter().map(|(key, value)| format!("{key}={value}"));
        std::iter::once(self.first.clone()).filter(|first| !first.is_empty()).chain(rest).collect::<Vec<_>>().join(",")
    }
}

/// Whether a boolean of a property string means yes.
pub fn is_yes(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "1" | "on" | "yes" | "true")
}

/// The parts of a list parameter: commas, semicolons, blanks and NUL separate.
pub fn list(text: &str) -> Vec<String> {
    text.split([',', ';', ' ', '\0', '\n', '\t']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
