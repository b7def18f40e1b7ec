//! Garbage collection: first every chunk that an index names is marked, then what was not marked for long enough is removed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Ending, Run, human};
use crate::pbs::state::{Chunk, Datastore, Place};
use crate::world::Moment;

/// Chunks that were used within so many minutes stay: 24 hours and 5 minutes.
const CUTOFF_MINUTES: u64 = 24 * 60 + 5;

/// A minute in microseconds.
const MINUTE_US: u64 = 60_000_000;

/// Folders of a chunk store: by the first four letters of digests.
const FOLDERS: u64 = 65_536;

/// `garbage_collection`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Collect {
    /// Datastore.
    pub store: String,
    /// The schedule that started it.
    pub schedule: Option<String>,
}

#[derive(Default)]
struct Counts {
    hits: u64,
    misses: u64,
    index_files: u64,
    index_bytes: u64,
    disk_bytes: u64,
    disk_chunks: u64,
    removed_bytes: u64,
    removed_chunks: u64,
    removed_bad: u64,
    still_bad: u64,
    pending_bytes: u64,
    pending_chunks: u64,
}

impl Collect {
    /// Marks and sweeps.
    ///
    /// # Errors
    /// An index cannot be read: nothing is removed then.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        let now = run.now;
        run.store(&self.store, true)?;
        run.say(format!("starting garbage collection on store {}", self.store));
        if let Some(schedule) = &self.schedule {
            run.say(format!("task triggered by schedule '{schedule}'"));
        }
        let done = self.collect(run, now);
        run.notify();
        let started = run.upid.clone();
        if let Ok(store) = run.store(&self.store, true) {
            let mut status = match &done {
                Ok(counts) => counts.view(),
                Err(_) => store.gc_status.clone().unwrap_or_else(|| Counts::default().view()),
            };
            status.insert("upid".to_owned(), json!(started));
            store.gc_status = Some(status);
        }
        done.map(|_| run.warnings)
    }

    fn collect(&self, run: &mut Run<'_>, now: Moment) -> Result<Counts, String> {
        let store = run.store(&self.store, true)?;
        let cutoff = cutoff_minutes(store);
        store.touch_zero_chunk(now);
        let oldest = Moment(now.0.saturating_sub_unsigned(cutoff * MINUTE_US));
        run.say("Access time update check successful, proceeding with GC.");
        run.say(format!(
            "Using access time cutoff {}, minimum access time is {}",
            span(cutoff),
            crate::pbs::state::names::time_text(oldest.unix_seconds())
        ));
        run.say("Start GC phase1 (mark used chunks)");
        let mut counts = Counts::default();
        self.mark(run, now, &mut counts)?;
        run.say("Start GC phase2 (sweep unused chunks)");
        self.sweep(run, now, oldest, &mut counts)?;
        counts.say(run);
        Ok(counts)
    }

    fn mark(&self, run: &mut Run<'_>, now: Moment, counts: &mut Counts) -> Result<(), String> {
        let store = run.store(&self.store, true)?;
        let indexes = indexes(store);
        counts.index_files = indexes.len() as u64;
        let mut seen = BTreeSet::new();
        let mut told = 0;
        for (at, (path, index)) in indexes.iter().enumerate() {
            let Some(index) = index else {
                return Err(format!(
                    "can't open index {path:?} - unable to read fixed index {path:?} - got unknown magic number"
                ));
            };
            for piece in index {
                counts.index_bytes += piece.bytes * piece.count;
                if !seen.insert(piece.digest.clone()) {
                    counts.hits += piece.count;
                    continue;
                }
                counts.misses += 1;
                counts.hits += piece.count - 1;
                let store = run.store(&self.store, true)?;
                let bad = store.chunks.bad.iter_mut().filter(|(name, _)| name.starts_with(&piece.digest));
                match store.chunks.chunks.get_mut(&piece.digest) {
                    Some(chunk) => chunk.used_at = now,
                    None => {
                        bad.for_each(|(_, chunk)| chunk.used_at = now);
                        run.warn(format!(
                            "warning: unable to access non-existent chunk {}, required by {path:?}",
                            piece.digest
                        ));
                    }
                }
            }
            let percent = (at + 1) * 100 / indexes.len();
            if percent > told {
                run.say(format!("marked {percent}% ({} of {} index files)", at + 1, indexes.len()));
                told = percent;
            }
        }
        Ok(())
    }

    fn sweep(&self, run: &mut Run<'_>, now: Moment, oldest: Moment, counts: &mut Counts) -> Result<(), String> {
        let store = run.store(&self.store, true)?;
        let good = store.chunks.chunks.iter().map(|(name, chunk)| (name.clone(), false, chunk.clone()));
        let bad = store.chunks.bad.iter().map(|(name, chunk)| (name.clone(), true, chunk.clone()));
        let mut all: Vec<(String, bool, Chunk)> = good.chain(bad).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        let mut told = None;
        let mut lines = Vec::new();
        for (at, (name, is_bad, chunk)) in all.into_iter().enumerate() {
            let folder = u64::from_str_radix(name.get(..4).unwrap_or("0"), 16).unwrap_or_default();
            let percent = folder * 100 / FOLDERS;
            if told != Some(percent) {
                lines.push(format!("processed {percent}% ({at} chunks)"));
                told = Some(percent);
            }
            let bytes = chunk.disk_bytes();
            if chunk.used_at < oldest {
                counts.removed_bytes += bytes;
                if is_bad {
                    counts.removed_bad += 1;
                    store.chunks.bad.remove(&name);
                } else {
                    counts.removed_chunks += 1;
                    store.chunks.chunks.remove(&name);
                }
            } else if chunk.used_at < now {
                counts.pending_bytes += bytes;
                if is_bad {
                    counts.still_bad += 1;
                } else {
                    counts.pending_chunks += 1;
                }
            } else {
                counts.disk_bytes += bytes;
                counts.disk_chunks += u64::from(!is_bad);
            }
        }
        run.lines.extend(lines);
        Ok(())
    }
}

impl Counts {
    fn say(&self, run: &mut Run<'_>) {
        let lookups = self.hits + self.misses;
        if lookups > 0 {
            run.say(format!(
                "Chunk cache: hits {}, misses {} (hit ratio {:.2}%)",
                self.hits,
                self.misses,
                self.hits as f64 * 100.0 / lookups as f64
            ));
        }
        run.say(format!("Removed garbage: {}", human(self.removed_bytes)));
        run.say(format!("Removed chunks: {}", self.removed_chunks));
        if self.pending_bytes > 0 {
            run.say(format!("Pending removals: {} (in {} chunks)", human(self.pending_bytes), self.pending_chunks));
        }
        if self.removed_bad > 0 {
            run.say(format!("Removed bad chunks: {}", self.removed_bad));
        }
        if self.still_bad > 0 {
            run.say(format!("Leftover bad chunks: {}", self.still_bad));
        }
        run.say(format!("Original data usage: {}", human(self.index_bytes)));
        if self.index_bytes > 0 {
            run.say(format!(
                "On-Disk usage: {} ({:.2}%)",
                human(self.disk_bytes),
                self.disk_bytes as f64 * 100.0 / self.index_bytes as f64
            ));
        }
        run.say(format!("On-Disk chunks: {}", self.disk_chunks));
        let factor = if self.disk_bytes > 0 { self.index_bytes as f64 / self.disk_bytes as f64 } else { 1.0 };
        run.say(format!("Deduplication factor: {factor:.2}"));
        if let Some(average) = self.disk_bytes.checked_div(self.disk_chunks) {
            run.say(format!("Average chunk size: {}", human(average)));
        }
    }

    fn view(&self) -> Map<String, Value> {
        let view = json!({
            "cache-stats": { "hits": self.hits, "misses": self.misses },
            "disk-bytes": self.disk_bytes,
            "disk-chunks": self.disk_chunks,
            "index-data-bytes": self.index_bytes,
            "index-file-count": self.index_files,
            "pending-bytes": self.pending_bytes,
            "pending-chunks": self.pending_chunks,
            "removed-bad": self.removed_bad,
            "removed-bytes": self.removed_bytes,
            "removed-chunks": self.removed_chunks,
            "still-bad": self.still_bad,
        });
        view.as_object().cloned().unwrap_or_default()
    }
}

/// What garbage collection reports of a datastore on which it never ran.
pub fn never_run() -> Map<String, Value> {
    let mut view = Counts::default().view();
    view.remove("cache-stats");
    view.insert("upid".to_owned(), Value::Null);
    view
}

type Index = Vec<crate::pbs::state::Piece>;

/// Every index file of a datastore with its content; `None` for one that cannot be read. What was made last comes first.
fn indexes(store: &Datastore) -> Vec<(String, Option<Index>)> {
    let mut all = Vec::new();
    for (namespace, place) in &store.namespaces {
        for (id, group) in &place.groups {
            for time in group.newest_made_first() {
                let place = Place { namespace: namespace.clone(), group: id.clone(), time };
                let path = store.snapshot_path(&place);
                let files = group.snapshots[&time].files.iter().filter(|file| !file.name.ends_with(".blob"));
                all.extend(
                    files.map(|file| (format!("{path}/{}", file.name), (!file.broken).then(|| file.index().to_vec()))),
                );
            }
        }
    }
    all
}

/// The datastore's own cutoff, when its tuning has one.
fn cutoff_minutes(store: &Datastore) -> u64 {
    let tuned = store
        .option("tuning")
        .and_then(|text| text.split(',').find_map(|part| part.strip_prefix("gc-atime-cutoff="))?.parse().ok());
    tuned.unwrap_or(CUTOFF_MINUTES)
}

/// Minutes as `1d 5m`.
fn span(minutes: u64) -> String {
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "m")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn lab_pbs_garbage_cutoff_is_written_as_the_server_does() {
        assert_eq!(span(1445), "1d 5m");
        assert_eq!(span(90), "1h 30m");
    }
}
