//! Syncs: one datastore's snapshots copied to another one, on the same server or between two.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::source::{NotReached, Source};
use super::{Ending, Run, human};
use crate::pbs::access::ROOT;
use crate::pbs::state::{CryptMode, GroupId, Snapshot};

/// `sync` (once) and `syncjob`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sync {
    /// Our datastore.
    pub store: String,
    /// Our namespace.
    pub namespace: String,
    /// Name of the other server among the remotes; none for one on the same server.
    pub remote: Option<String>,
    /// The other datastore.
    pub remote_store: String,
    /// The other namespace.
    pub remote_namespace: String,
    /// Whether we send instead of fetching.
    pub push: bool,
    /// How many levels of namespaces; all when it is not given.
    pub max_depth: Option<usize>,
    /// Which groups, `type:vm`, `exclude:group:vm/102`.
    pub group_filter: Vec<String>,
    /// Whether what vanished at the source goes.
    pub remove_vanished: bool,
    /// Only so many of the newest snapshots.
    pub transfer_last: Option<usize>,
    /// Whether snapshots that failed a verification here come again.
    pub resync_corrupt: bool,
    /// Only snapshots that were verified at the source.
    pub verified_only: bool,
    /// Only encrypted snapshots.
    pub encrypted_only: bool,
    /// Whose the groups become.
    pub owner: String,
    /// The job that it belongs to, with the schedule that started it.
    pub job: Option<(String, Option<String>)>,
}

/// What a sync did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Bytes that came or went.
    pub bytes: u64,
    /// Chunks.
    pub chunks: u64,
    /// Vanished snapshots that were removed.
    pub removed_snapshots: u64,
    /// Vanished groups.
    pub removed_groups: u64,
    /// Vanished namespaces.
    pub removed_namespaces: u64,
}

impl Sync {
    /// A sync from the options of a job or a request.
    pub fn from_options(options: &Map<String, Value>) -> Sync {
        let text = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| options.get(name).and_then(Value::as_bool).unwrap_or(false);
        let number = |name: &str| options.get(name).and_then(Value::as_u64).and_then(|one| usize::try_from(one).ok());
        let filters = options.get("group-filter").and_then(Value::as_array).into_iter().flatten();
        Sync {
            store: text("store").unwrap_or_default(),
            namespace: text("ns").unwrap_or_default(),
            remote: text("remote"),
            remote_store: text("remote-store").unwrap_or_default(),
            remote_namespace: text("remote-ns").unwrap_or_default(),
            push: options.get("sync-direction").and_then(Value::as_str) == Some("push"),
            max_depth: number("max-depth"),
            group_filter: filters.filter_map(Value::as_str).map(str::to_owned).collect(),
            remove_vanished: flag("remove-vanished"),
            transfer_last: number("transfer-last"),
            resync_corrupt: flag("resync-corrupt"),
            verified_only: flag("verified-only"),
            encrypted_only: flag("encrypted-only"),
            owner: text("owner").unwrap_or_else(|| ROOT.to_owned()),
            job: None,
        }
    }

    /// Its id in task identifiers: `site-a:coop:mirror:clients:pull-a`, a dash for no remote.
    pub fn worker_id(&self, job: &str) -> String {
        let remote = self.remote.as_deref().unwrap_or("-");
        format!("{remote}:{}:{}:{}:{job}", self.remote_store, self.store, self.namespace)
    }

    /// Copies.
    ///
    /// # Errors
    /// The other side is not reached; something could not be copied.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        let source = match &self.remote {
            Some(name) => Source::Remote { name: name.clone(), store: self.remote_store.clone() },
            None => Source::Local { store: self.remote_store.clone(), owner: self.owner.clone() },
        };
        let (verb, way) = if self.push { ("push", "to") } else { ("pull", "from") };
        let title = match &self.job {
            Some((id, schedule)) => {
                run.say(format!("Starting datastore sync job '{}'", self.worker_id(id)));
                if let Some(schedule) = schedule {
                    run.say(format!("task triggered by schedule '{schedule}'"));
                }
                run.say(format!("sync datastore '{}' {way} '{}'", self.store, source.name()));
                format!("sync job '{}'", self.worker_id(id))
            }
            None => {
                run.say(format!("{verb} datastore '{}' {way} '{}'", self.store, source.name()));
                format!("{verb} datastore '{}'", self.store)
            }
        };
        let mut stats = Stats::default();
        let done = self.copy(run, &source, &mut stats);
        if done.is_ok() {
            self.say_summary(run, stats);
            run.say(format!("{title} end"));
        }
        if self.job.is_some() {
            run.notify();
        }
        done.map(|()| run.warnings)
    }

    fn copy(&self, run: &mut Run<'_>, source: &Source, stats: &mut Stats) -> Result<(), String> {
        run.store(&self.store, !self.push)?;
        let reached = source.reach(run);
        match reached {
            Ok(reached) if self.push => self.push(run, &reached, stats),
            Ok(reached) => self.pull(run, &reached, stats),
            Err(NotReached { text, warnings, .. }) => {
                run.lines.extend(warnings);
                if self.push {
                    return Err(format!("Fetching remote namespaces failed, remote returned error: {text}"));
                }
                let words = if text == "authentication failed" {
                    "HTTP error 401 Unauthorized - authentication failed".to_owned()
                } else {
                    text
                };
                Err(format!("Querying namespaces failed - {words}"))
            }
        }
    }

    fn say_summary(&self, run: &mut Run<'_>, stats: Stats) {
        let (verb, done) = if self.push { ("push", "pushed") } else { ("pull", "pulled") };
        if stats.chunks > 0 {
            run.say(format!(
                "Summary: sync job {done} {} in {} chunks (average rate: {}/s)",
                human(stats.bytes),
                stats.chunks,
                human(stats.bytes * 4)
            ));
        } else {
            run.say(format!("Summary: sync job found no new data to {verb}"));
        }
        if self.remove_vanished {
            run.say(format!(
                "Summary: removed vanished: snapshots: {}, groups: {}, namespaces: {}",
                stats.removed_snapshots, stats.removed_groups, stats.removed_namespaces
            ));
        }
    }

    /// Whether a group is meant: by any including filter (or when there is none), and by no excluding one.
    pub(super) fn takes(&self, group: &GroupId) -> bool {
        let (excluding, including): (Vec<&String>, Vec<&String>) =
            self.group_filter.iter().partition(|filter| filter.starts_with("exclude:"));
        let fits = |filter: &&String| {
            let bare = filter.trim_start_matches("exclude:").trim_start_matches("include:");
            match bare.split_once(':') {
                Some(("group", name)) => group.to_string() == name,
                Some(("type", kind)) => group.kind == kind,
                Some(("regex", text)) => {
                    regex::Regex::new(text).is_ok_and(|expression| expression.is_match(&group.to_string()))
                }
                _ => false,
            }
        };
        (including.is_empty() || including.iter().any(fits)) && !excluding.iter().any(fits)
    }

    /// Whether a snapshot is meant.
    pub(super) fn wants(&self, snapshot: &Snapshot) -> bool {
        let Some(manifest) = &snapshot.manifest else { return false };
        let verified = manifest.verification.as_ref().is_some_and(|verification| verification.ok);
        let encrypted = !snapshot.files.is_empty()
            && snapshot
                .files
                .iter()
                .filter(|file| manifest.files.iter().any(|(name, _)| *name == file.name))
                .all(|file| file.crypt_mode == CryptMode::Encrypt);
        (verified || !self.verified_only) && (encrypted || !self.encrypted_only)
    }
}
