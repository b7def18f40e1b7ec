//! Datacenter options (`datacenter.cfg`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::property::Properties;

/// The lowest id that is ever proposed.
const LOWEST_VMID: u32 = 100;
/// The first id that is no longer proposed.
const HIGHEST_VMID: u32 = 1_000_000;

/// Options by name, in the form in which they stand in the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Datacenter(pub BTreeMap<String, String>);

impl Datacenter {
    /// Ids that `nextid` proposes: from the lower one up to, not including, the upper one.
    pub fn next_id_range(&self) -> std::ops::Range<u32> {
        let range = self.0.get("next-id").map(|text| Properties::parse(text, ""));
        let bound = |key: &str| range.as_ref()?.get(key)?.parse().ok();
        bound("lower").unwrap_or(LOWEST_VMID)..bound("upper").unwrap_or(HIGHEST_VMID)
    }

    /// The first three bytes of new network cards.
    pub fn mac_prefix(&self) -> &str {
        self.0.get("mac_prefix").map_or("BC:24:11", String::as_str)
    }
}
