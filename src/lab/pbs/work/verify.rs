//! Verification: reading what is stored, as far as it is not taken to be well already.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::progress::Progress;
use super::{Ending, Run, SECOND_US, Work, store_and_namespace};
use crate::pbs::access::is_owner;
use crate::pbs::content::{namespaces_below, snapshot_lock_path};
use crate::pbs::refusal::NO_SUCH_ENTRY;
use crate::pbs::rules;
use crate::pbs::state::chunks::Unreadable;
use crate::pbs::state::snapshot::Body;
use crate::pbs::state::task::Upid;
use crate::pbs::state::{BackupServer, Datastore, GroupId, Place, StoredFile, Verification};
use crate::pbs::tasks::{self, About};
use crate::world::Moment;

/// A day in seconds.
const DAY_S: i64 = 86_400;

/// How deep a verification goes when nothing else is said.
pub const DEPTH_MAX: usize = 7;

/// What is verified, and what is left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Verify {
    /// Datastore.
    pub store: String,
    /// Namespace, empty for the root.
    pub namespace: String,
    /// How many levels below.
    pub max_depth: usize,
    /// Only this group.
    pub group: Option<GroupId>,
    /// Only this snapshot of it.
    pub time: Option<i64>,
    /// Whether what was verified before is left out.
    pub ignore_verified: bool,
    /// After so many days it is looked at again all the same.
    pub outdated_after_days: Option<i64>,
    /// The job that it belongs to, with the schedule that started it.
    pub job: Option<(String, Option<String>)>,
    /// Only groups of this owner.
    pub only_of: Option<String>,
}

/// What is known of chunks in the course of one task.
#[derive(Default)]
struct Known {
    good: BTreeSet<String>,
    corrupt: BTreeSet<String>,
}

const FAILED: &str = "verification failed - please check the log for details";

impl Verify {
    /// Reads, notes what it finds in the manifests, sets damaged chunks aside.
    ///
    /// # Errors
    /// Something is not well.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        if let Some((id, schedule)) = &self.job {
            run.say(format!("Starting datastore verify job '{}:{id}'", self.store));
            if let Some(schedule) = schedule {
                run.say(format!("task triggered by schedule '{schedule}'"));
            }
        }
        let failed = self.work(run);
        let ending = match failed {
            Ok(failed) if failed.is_empty() => Ok(run.warnings),
            Ok(failed) => {
                run.say("Failed to verify the following snapshots/groups:");
                for one in failed {
                    run.say(format!("\t{one}"));
                }
                Err(FAILED.to_owned())
            }
            Err(error) => Err(error),
        };
        if self.job.is_some() {
            run.notify();
        }
        ending
    }

    /// What failed.
    fn work(&self, run: &mut Run<'_>) -> Result<Vec<String>, String> {
        run.store(&self.store, false)?;
        let mut known = Known::default();
        match (&self.group, self.time) {
            (Some(group), Some(time)) => {
                let place = Place { namespace: self.namespace.clone(), group: group.clone(), time };
                let well = self.snapshot(run, &place, &mut known)?;
                Ok(if well { Vec::new() } else { vec![place.full_dir()] })
            }
            (Some(group), None) => {
                let mut progress = Progress { groups: 1, ..Progress::default() };
                self.group(run, &self.namespace, group, &mut progress, &mut known)
            }
            (None, _) => self.everything(run, &mut known),
        }
    }

    fn everything(&self, run: &mut Run<'_>, known: &mut Known) -> Result<Vec<String>, String> {
        run.say(format!("verify datastore {}", self.store));
        let store = run.store(&self.store, false)?;
        let mut failed = Vec::new();
        let mut groups: Vec<(String, GroupId)> = Vec::new();
        let mut complaint = None;
        if store.namespaces.contains_key(&self.namespace) {
            for namespace in namespaces_below(store, &self.namespace, self.max_depth) {
                let place = &store.namespaces[&namespace];
                let ours = |owner: &str| self.only_of.as_deref().is_none_or(|auth_id| is_owner(owner, auth_id));
                let visible = place.groups.iter().filter(|(_, group)| ours(&group.owner));
                groups.extend(visible.map(|(id, _)| (namespace.clone(), id.clone())));
            }
        } else {
            complaint = Some(format!("error on iterating groups in ns '{}' - {NO_SUCH_ENTRY}", self.namespace));
            failed.push(NO_SUCH_ENTRY.to_owned());
        }
        groups.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
        if let Some(line) = complaint {
            run.say(line);
        }
        run.say(format!("found {} groups", groups.len()));
        run.say("using 1 read and 4 verify thread(s)");
        let mut progress = Progress { groups: groups.len() as u64, ..Progress::default() };
        for (at, (namespace, group)) in groups.iter().enumerate() {
            progress.done_groups = at as u64;
            failed.extend(self.group(run, namespace, group, &mut progress, known)?);
        }
        Ok(failed)
    }

    fn group(
        &self,
        run: &mut Run<'_>,
        namespace: &str,
        group: &GroupId,
        progress: &mut Progress,
        known: &mut Known,
    ) -> Result<Vec<String>, String> {
        let store = run.store(&self.store, false)?;
        let Some(there) = store.group(namespace, group) else {
            let place = store_and_namespace(&self.store, namespace);
            run.say(format!("verify {place}, group {group} - unable to list backups: {NO_SUCH_ENTRY}"));
            return Ok(Vec::new());
        };
        let times: Vec<i64> = there.snapshots.keys().rev().copied().collect();
        run.say(format!("verify group {}:{group} ({} snapshots)", self.store, times.len()));
        progress.snapshots = times.len() as u64;
        let mut failed = Vec::new();
        for (at, time) in times.into_iter().enumerate() {
            let place = Place { namespace: namespace.to_owned(), group: group.clone(), time };
            if !self.snapshot(run, &place, known)? {
                failed.push(place.full_dir());
            }
            progress.done_snapshots = at as u64 + 1;
            run.say(format!("percentage done: {progress}"));
        }
        Ok(failed)
    }

    /// Whether a snapshot is well, or left out.
    fn snapshot(&self, run: &mut Run<'_>, place: &Place, known: &mut Known) -> Result<bool, String> {
        let name = format!("{}:{}", self.store, place.dir());
        let now_s = run.now.unix_seconds();
        let store = run.store(&self.store, false)?;
        let lock = snapshot_lock_path(store, place);
        let Some(snapshot) = store.snapshot(place) else {
            run.say(format!("SKIPPED: verify {name} - snapshot does not exist (anymore)."));
            return Ok(true);
        };
        if snapshot.running.is_some() {
            run.say(format!(
                "SKIPPED: verify {name} - could not acquire snapshot lock: unable to acquire shared snapshot lock {lock:?}"
            ));
            return Ok(true);
        }
        let Some(manifest) = &snapshot.manifest else {
            let path = crate::pbs::content::manifest_path(store, place);
            run.say(format!(
                "verify {name} - manifest load error: unable to load blob '{path:?}' - {}",
                crate::pbs::refusal::NO_SUCH_FILE
            ));
            return Ok(false);
        };
        if !self.is_wanted(manifest.verification.as_ref(), now_s) {
            run.say(format!("SKIPPED: verify {name} (recently verified)"));
            return Ok(true);
        }
        let files: Vec<(StoredFile, String)> = manifest
            .files
            .iter()
            .map(|(file, checksum)| {
                let missing = StoredFile {
                    name: file.clone(),
                    body: Body::Index(Vec::new()),
                    crypt_mode: crate::pbs::state::CryptMode::None,
                    broken: true,
                };
                (snapshot.file(file).cloned().unwrap_or(missing), checksum.clone())
            })
            .collect();
        run.say(format!("verify {name}"));
        let mut well = true;
        for (file, checksum) in files {
            run.say(format!("  check {}", file.name));
            if let Err(why) = self.file(run, &file, &checksum, known)? {
                run.say(format!("verify {name}/{} failed: {why}", file.name));
                well = false;
            }
        }
        let upid = run.upid.clone();
        let store = run.store(&self.store, false)?;
        if let Some(manifest) = store.snapshot_mut(place).and_then(|snapshot| snapshot.manifest.as_mut()) {
            manifest.verification = Some(Verification { upid, ok: well });
        }
        Ok(well)
    }

    /// What was verified before is left out, unless that is too long ago. That it was found damaged does not matter.
    fn is_wanted(&self, before: Option<&Verification>, now_s: i64) -> bool {
        let Some(before) = before.filter(|_| self.ignore_verified) else { return true };
        let then_s = Upid::parse(&before.upid).map_or(0, |upid| upid.started_s);
        self.outdated_after_days.is_some_and(|days| now_s - then_s > days * DAY_S)
    }

    /// One file; the inner result says whether it is well.
    fn file(
        &self,
        run: &mut Run<'_>,
        file: &StoredFile,
        checksum: &str,
        known: &mut Known,
    ) -> Result<Result<(), String>, String> {
        if file.broken || file.checksum() != checksum {
            return Ok(Err(format!("wrong checksum for file '{}'", file.name)));
        }
        let Body::Index(pieces) = &file.body else { return Ok(Ok(())) };
        let (mut bytes, mut errors) = (0, 0);
        for piece in pieces {
            if known.good.contains(&piece.digest) {
                continue;
            }
            if known.corrupt.contains(&piece.digest) {
                run.say(format!("chunk {} was marked as corrupt", piece.digest));
                errors += 1;
                continue;
            }
            let store = run.store(&self.store, false)?;
            match store.chunks.read(&piece.digest) {
                Ok(_) => {
                    known.good.insert(piece.digest.clone());
                    bytes += piece.bytes;
                }
                Err(why) => {
                    errors += 1;
                    known.corrupt.insert(piece.digest.clone());
                    if why == Unreadable::Damaged {
                        store.chunks.set_aside(&piece.digest);
                    }
                }
            }
        }
        // What was read, before and after it was unpacked: as if nothing could be packed.
        let mib = bytes as f64 / 1_048_576.0;
        let seconds = (mib / 250.0).max(0.01);
        let speed = mib / seconds;
        run.say(format!(
            "  verified {mib:.2}/{mib:.2} MiB in {seconds:.2} seconds, speed {speed:.2}/{speed:.2} MiB/s ({errors} errors)"
        ));
        Ok(if errors == 0 { Ok(()) } else { Err("chunks could not be verified".to_owned()) })
    }
}

/// The verification of a new snapshot, for datastores with `verify-new`.
pub fn verify_new(server: &mut BackupServer, seed: u64, now: Moment, store: &str, owner: &str, place: &Place) {
    let wanted = |store: &Datastore| store.options.get("verify-new").and_then(serde_json::Value::as_bool) == Some(true);
    if !rules::store(server, store, false).is_ok_and(wanted) {
        return;
    }
    let id = format!("{store}:{}/{:08X}", place.group, place.time);
    let work = Verify {
        store: store.to_owned(),
        namespace: place.namespace.clone(),
        max_depth: 0,
        group: Some(place.group.clone()),
        time: Some(place.time),
        ignore_verified: false,
        outdated_after_days: None,
        job: None,
        only_of: None,
    };
    let about = About { kind: "verify", id: Some(&id), owner };
    tasks::start(server, seed, now, about, Work::Verify(work), 2 * SECOND_US);
}
