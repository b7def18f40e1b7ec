//! A VM's firewall file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Options and rules. Nothing filters traffic in the lab: they are kept and shown as Proxmox would.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// Options as text.
    pub options: BTreeMap<String, String>,
    /// Rules, the first one first.
    pub rules: Vec<BTreeMap<String, String>>,
}

impl Firewall {
    /// The file's digest, for optimistic locking.
    pub fn digest(&self) -> String {
        let mut text = String::from("[OPTIONS]\n\n");
        for (key, value) in &self.options {
            text.push_str(&format!("{key}: {value}\n"));
        }
        text.push_str("\n[RULES]\n\n");
        for rule in &self.rules {
            let fields: Vec<_> = rule.iter().map(|(key, value)| format!("{key}={value}")).collect();
            text.push_str(&format!("{}\n", fields.join(" ")));
        }
        hex::encode(Sha1::digest(text.as_bytes()))
    }
}
