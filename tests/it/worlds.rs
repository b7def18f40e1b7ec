//! Comparing a world with another one, and what a crash of ours leaves in the store.

use accolades::store::{Acquired, Store};
use serde_json::Value;

use crate::rehearsal::Rehearsal;

/// A process id that no Linux gives.
const DEAD_PID: &str = "4194305";

/// The world once what goes on by itself has come to rest.
pub fn world_after(rehearsal: &Rehearsal) -> (String, Value) {
    const REST_US: u64 = 3_600_000_000;
    let mut state = rehearsal.served.lab.lock();
    state.pass(REST_US);
    (state.world.digest(), state.world.digest_view())
}

/// A world without the ids of restores: each restore draws its own, and writes it into the description of what it replaced.
pub fn without_ids(view: &Value) -> String {
    const BEFORE: &str = "accolades replaced ";
    let text = view.to_string();
    let mut parts = text.split(BEFORE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + BEFORE + part.trim_start_matches(|one: char| one.is_ascii_hexdigit()))
}

/// The lines in which two worlds differ.
pub fn difference(expected: &Value, found: &Value) -> String {
    let (expected, found) = (format!("{expected:#}"), format!("{found:#}"));
    similar::TextDiff::from_lines(&expected, &found).unified_diff().context_radius(4).to_string()
}

/// The process that crashed is this one, which lives on: its lease goes to one that does not.
pub async fn bury(store: &Store, lease: &str) {
    let asked = store.acquire_lease(lease, "nobody", i64::MIN, 0).await.expect("the store is readable");
    if let Acquired::HeldBy(held) = asked {
        let words: Vec<&str> = held.holder.split(':').collect();
        let dead = words.iter().enumerate().map(|(at, word)| if at == 1 { DEAD_PID } else { word });
        let dead = dead.collect::<Vec<_>>().join(":");
        store.take_over_lease(&held, &dead, held.until_us).await.expect("nobody else is there");
    }
}
