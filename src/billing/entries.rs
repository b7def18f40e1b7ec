//! Support entries in force: corrections applied, each under the number of the entry that was first recorded.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::billing::support::Entry;
use crate::store::SupportEntry;

/// An entry as it stands today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Number of the first recording: what people call it.
    pub number: i64,
    /// What it says today.
    pub latest: SupportEntry,
    /// Every recording, the first one first.
    pub history: Vec<SupportEntry>,
}

impl InForce {
    /// Whether a correction has taken it away.
    pub fn is_gone(&self) -> bool {
        self.latest.entry.minutes == 0
    }

    /// As the rules read it.
    pub fn entry(&self) -> Entry {
        let recorded = &self.latest.entry;
        Entry {
            number: self.number,
            started: Timestamp::from_microsecond(recorded.started_at_us).unwrap_or_default(),
            minutes: recorded.minutes,
            kind: recorded.kind,
            is_accounted: recorded.not_accounted.is_none(),
        }
    }
}

/// The entries in force, in the order of their numbers. `recorded` is in the order of recording.
pub fn in_force(recorded: impl IntoIterator<Item = SupportEntry>) -> Vec<InForce> {
    let mut entries: BTreeMap<i64, InForce> = BTreeMap::new();
    let mut first_of: BTreeMap<i64, i64> = BTreeMap::new();
    for one in recorded {
        let first = one.entry.corrects.and_then(|corrected| first_of.get(&corrected).copied()).unwrap_or(one.position);
        first_of.insert(one.position, first);
        match entries.get_mut(&first) {
            Some(known) => {
                known.latest = one.clone();
                known.history.push(one);
            }
            None => {
                entries.insert(first, InForce { number: first, latest: one.clone(), history: vec![one] });
            }
        }
    }
    entries.into_values().collect()
}
