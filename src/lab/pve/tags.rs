//! Tags of VMs.

use std::collections::BTreeSet;

use super::state::property;

/// A tag list as Proxmox stores it: lower case, each once, sorted, separated by semicolons.
pub fn unique(text: &str) -> String {
    let tags: BTreeSet<String> = property::list(text).into_iter().map(|tag| tag.to_lowercase()).collect();
    tags.into_iter().collect::<Vec<_>>().join(";")
}
