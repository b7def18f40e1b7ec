//! Pulling: what is new at a source comes, group by group, oldest snapshot first. A group stops at the first snapshot that
//! cannot be read.

use std::collections::BTreeSet;

use super::progress::Progress;
use super::source::Reached;
use super::sync::{Stats, Sync};
use super::{Run, human, store_and_namespace};
use crate::pbs::content::{namespaces_below, remove_group, remove_snapshot};
use crate::pbs::refusal::NO_SUCH_FILE;
use crate::pbs::state::chunks::Unreadable;
use crate::pbs::state::names::{depth_below, join, parent, time_text};
use crate::pbs::state::snapshot::Body;
use crate::pbs::state::{Group, GroupId, Namespace, Place, Snapshot, StoredFile};

/// The words at the end of a sync in which something failed.
pub const SOME_ERRORS: &str = "sync failed with some errors.";

/// A group that is pulled.
struct Pulling<'a> {
    source: &'a Reached,
    from: &'a str,
    to: &'a str,
    group: &'a GroupId,
    prefix: String,
}

impl Sync {
    /// Pulls everything.
    ///
    /// # Errors
    /// The source cannot be listed; a group or namespace failed.
    pub(super) fn pull(&self, run: &mut Run<'_>, source: &Reached, stats: &mut Stats) -> Result<(), String> {
        let depth = self.max_depth.unwrap_or(7);
        let listed = source.namespaces(run, &self.remote_namespace, depth);
        let namespaces = listed.map_err(|error| format!("Querying namespaces failed - {error}"))?;
        let mut errors = false;
        let mut synced = BTreeSet::new();
        let (mut groups, snapshots) = (0, 0);
        for from in namespaces {
            let below = below(&from, &self.remote_namespace);
            let to = join(&self.namespace, &below);
            let route =
                format!("{} into {}", store_and_namespace(&source.store, &from), store_and_namespace(&self.store, &to));
            run.say("----");
            run.say(format!("Syncing {route}"));
            synced.insert(to.clone());
            if let Err(why) = self.make_namespace(run, &to) {
                run.say(format!(
                    "Cannot sync {route} - sync into {} failed - {why}",
                    store_and_namespace(&self.store, &to)
                ));
                errors = true;
                continue;
            }
            match self.pull_namespace(run, source, &from, &to, stats) {
                Ok((progress, had_errors)) => {
                    errors |= had_errors;
                    groups += progress.groups;
                    if self.max_depth != Some(0) {
                        let name =
                            if from.is_empty() { "root namespace".to_owned() } else { format!("namespace {from}") };
                        run.say(format!(
                            "Finished syncing {name}, current progress: {groups} groups, {snapshots} snapshots"
                        ));
                    }
                }
                Err(why) => {
                    errors = true;
                    run.say(format!("Encountered errors while syncing namespace {from} - {why}"));
                }
            }
        }
        if self.remove_vanished && self.max_depth != Some(0) {
            errors |= self.remove_vanished_namespaces(run, &synced, depth, stats)?;
        }
        if errors { Err(SOME_ERRORS.to_owned()) } else { Ok(()) }
    }

    fn make_namespace(&self, run: &mut Run<'_>, namespace: &str) -> Result<(), String> {
        let made = run.server().number();
        let store = run.store(&self.store, true)?;
        if store.namespaces.contains_key(namespace) {
            return Ok(());
        }
        let above = parent(namespace).unwrap_or_default();
        if !store.namespaces.contains_key(above) {
            return Err(format!(
                "namespace creation failed: cannot create new namespace, parent {above} doesn't already exists"
            ));
        }
        store.namespaces.insert(namespace.to_owned(), Namespace { made, ..Namespace::default() });
        Ok(())
    }

    fn pull_namespace(
        &self,
        run: &mut Run<'_>,
        source: &Reached,
        from: &str,
        to: &str,
        stats: &mut Stats,
    ) -> Result<(Progress, bool), String> {
        let all = source.groups(run, from)?;
        let wanted: Vec<&GroupId> = all.iter().filter(|group| self.takes(group)).collect();
        run.say(format!("Found {} groups to sync (out of {} total)", wanted.len(), all.len()));
        let mut progress = Progress { groups: wanted.len() as u64, ..Progress::default() };
        let mut errors = false;
        for (at, group) in wanted.iter().enumerate() {
            progress.done_groups = at as u64;
            progress.snapshots = 0;
            progress.done_snapshots = 0;
            let pulling = Pulling { source, from, to, group, prefix: format!("[{group}]: ") };
            let pulled =
                self.take_group(run, &pulling).and_then(|()| self.pull_group(run, &pulling, &mut progress, stats));
            if let Err(why) = pulled {
                run.say(format!("{}sync group {group} failed - {why}", pulling.prefix));
                errors = true;
            }
        }
        if self.remove_vanished {
            self.remove_vanished_groups(run, to, &wanted, stats)?;
        }
        Ok((progress, errors))
    }

    /// The group at the target, made when it is not there; it must be ours.
    fn take_group(&self, run: &mut Run<'_>, pulling: &Pulling<'_>) -> Result<(), String> {
        let made = run.server().number();
        let owner = self.owner.clone();
        let store = run.store(&self.store, true)?;
        let Some(namespace) = store.namespaces.get_mut(pulling.to) else { return Ok(()) };
        let new = || Group { owner: owner.clone(), notes: String::new(), snapshots: Default::default(), made };
        let group = namespace.groups.entry(pulling.group.clone()).or_insert_with(new);
        if group.owner == owner {
            return Ok(());
        }
        Err(format!("owner check failed ({owner} != {})", group.owner))
    }

    fn pull_group(
        &self,
        run: &mut Run<'_>,
        pulling: &Pulling<'_>,
        progress: &mut Progress,
        stats: &mut Stats,
    ) -> Result<(), String> {
        let group_name = pulling.group;
        let there = pulling.source.snapshots(run, pulling.from, group_name);
        let here = self.target_group(run, pulling)?;
        let last = here.last_finished().map(|(time, _)| time);
        let transferred_from = self.transfer_last.map_or(0, |count| there.len().saturating_sub(count));
        let (mut older, mut beyond) = (Vec::new(), Vec::new());
        let mut list = Vec::new();
        for (at, (time, snapshot)) in there.iter().enumerate() {
            let is_failed = |one: &Snapshot| {
                let verification = one.manifest.as_ref().and_then(|manifest| manifest.verification.as_ref());
                verification.is_some_and(|verification| !verification.ok)
            };
            let is_corrupt = self.resync_corrupt && here.snapshots.get(time).is_some_and(is_failed);
            if !is_corrupt && last.is_some_and(|last| *time < last) {
                older.push(*time);
            } else if !is_corrupt && at < transferred_from && last != Some(*time) {
                beyond.push(*time);
            } else if self.wants(snapshot) {
                list.push((*time, snapshot.clone(), is_corrupt));
            }
        }
        for (times, why) in
            [(older, "older than the newest snapshot present on sync target"), (beyond, "due to transfer-last")]
        {
            if let (Some(first), Some(newest)) = (times.first(), times.last()) {
                let span = if first == newest {
                    time_text(*first)
                } else {
                    format!("{} .. {}", time_text(*first), time_text(*newest))
                };
                let count = times.len();
                run.say(format!("{}{group_name}: skipped: {count} snapshot(s) ({span}) - {why}", pulling.prefix));
            }
        }
        let mut known: BTreeSet<String> = BTreeSet::new();
        let newest_is_well = here.last_finished().filter(|(_, one)| {
            let verification = one.manifest.as_ref().and_then(|manifest| manifest.verification.as_ref());
            verification.is_none_or(|verification| verification.ok)
        });
        if let Some((_, newest)) = newest_is_well {
            known.extend(newest.files.iter().flat_map(StoredFile::index).map(|piece| piece.digest.clone()));
        }
        progress.snapshots = list.len() as u64;
        for (at, (time, snapshot, is_corrupt)) in list.into_iter().enumerate() {
            let pulled = self.pull_snapshot(run, pulling, time, &snapshot, is_corrupt, &mut known, stats);
            progress.done_snapshots = at as u64 + 1;
            run.say(format!("{}percentage done: {progress}", pulling.prefix));
            pulled?;
        }
        if self.remove_vanished {
            self.remove_vanished_snapshots(run, pulling, &there, stats)?;
        }
        Ok(())
    }

    fn target_group(&self, run: &mut Run<'_>, pulling: &Pulling<'_>) -> Result<Group, String> {
        let store = run.store(&self.store, true)?;
        let group = store.group(pulling.to, pulling.group).cloned();
        group.ok_or_else(|| crate::pbs::refusal::NO_SUCH_ENTRY.to_owned())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one transfer")]
    fn pull_snapshot(
        &self,
        run: &mut Run<'_>,
        pulling: &Pulling<'_>,
        time: i64,
        snapshot: &Snapshot,
        is_corrupt: bool,
        known: &mut BTreeSet<String>,
        stats: &mut Stats,
    ) -> Result<(), String> {
        let place = Place { namespace: pulling.to.to_owned(), group: pulling.group.clone(), time };
        let (prefix, name) = (&pulling.prefix, time_text(time));
        let here = self.target_group(run, pulling)?.snapshots.get(&time).cloned();
        let is_new = here.is_none();
        if is_new {
            run.say(format!("{prefix}{name}: start sync"));
        } else if is_corrupt {
            run.say(format!("{prefix}re-sync snapshot {name} due to corruption"));
        } else {
            run.say(format!("{prefix}re-sync snapshot {name}"));
            if here.as_ref().is_some_and(|here| here.manifest == snapshot.manifest) {
                run.say(format!("{prefix}{name}: no data changes"));
                return Ok(());
            }
        }
        for (file_name, checksum) in snapshot.manifest.iter().flat_map(|manifest| manifest.files.iter()) {
            let kept = here.as_ref().and_then(|here| here.file(file_name));
            if !is_corrupt && kept.is_some_and(|file| !file.broken && file.checksum() == *checksum) {
                continue;
            }
            run.say(format!("{prefix}{name}/{file_name}: sync archive"));
            let pulled = self.pull_file(run, pulling, snapshot, file_name, checksum, known, stats);
            match pulled {
                Ok(Some(bytes)) => {
                    let rate = if bytes == 0 { "0 B/s".to_owned() } else { format!("{}/s", human(bytes * 4)) };
                    run.say(format!("{prefix}{name}/{file_name}: downloaded {} ({rate})", human(bytes)));
                }
                Ok(None) => {}
                Err(why) => {
                    if is_new {
                        self.give_up(run, &place)?;
                    }
                    return Err(format!("{name}/{file_name}: {why}"));
                }
            }
        }
        let made = here.as_ref().map_or_else(|| run.server().number(), |here| here.made);
        let protected = here.as_ref().is_some_and(|here| here.protected);
        let store = run.store(&self.store, true)?;
        if let Some(group) = store.group_mut(&place.namespace, &place.group) {
            group.snapshots.insert(time, Snapshot { made, protected, running: None, ..snapshot.clone() });
        }
        if is_new {
            run.say(format!("{prefix}{name}: sync done"));
        }
        Ok(())
    }

    /// A new snapshot that could not be read goes again, and with it a group that has nothing else.
    fn give_up(&self, run: &mut Run<'_>, place: &Place) -> Result<(), String> {
        let store = run.store(&self.store, true)?;
        let path = store.snapshot_path(place);
        remove_snapshot(store, place);
        run.say(format!("removing backup snapshot {path:?}"));
        Ok(())
    }

    /// Bytes that came for an index; nothing is said of other files.
    #[expect(clippy::too_many_arguments, reason = "the parts of one transfer")]
    fn pull_file(
        &self,
        run: &mut Run<'_>,
        pulling: &Pulling<'_>,
        snapshot: &Snapshot,
        name: &str,
        checksum: &str,
        known: &mut BTreeSet<String>,
        stats: &mut Stats,
    ) -> Result<Option<u64>, String> {
        if !pulling.source.may_read(run, pulling.from) {
            return Err("permission check failed".to_owned());
        }
        let file = snapshot.file(name).ok_or_else(|| NO_SUCH_FILE.to_owned())?;
        if file.broken || file.checksum() != checksum {
            return Err(format!("wrong checksum for file '{name}'"));
        }
        let Body::Index(pieces) = &file.body else { return Ok(None) };
        let now = run.now;
        let mut bytes = 0;
        for piece in pieces {
            if !known.insert(piece.digest.clone()) {
                let store = run.store(&self.store, true)?;
                if let Some(chunk) = store.chunks.chunks.get_mut(&piece.digest) {
                    chunk.used_at = now;
                    continue;
                }
            }
            let source = pulling.source.datastore(run)?;
            let chunk = source.chunks.read(&piece.digest).cloned().map_err(|why| match why {
                Unreadable::Missing if pulling.source.remote => format!(
                    "HTTP Error 400 Bad Request: reading file {:?} failed: {NO_SUCH_FILE}",
                    source.chunk_path(&piece.digest)
                ),
                Unreadable::Missing => NO_SUCH_FILE.to_owned(),
                Unreadable::Damaged => crate::pbs::node_side::WRONG_CHECKSUM.to_owned(),
            })?;
            let store = run.store(&self.store, true)?;
            if !store.chunks.chunks.contains_key(&piece.digest) && chunk.disk_bytes() > store.free_bytes() {
                return Err("No space left on device (os error 28)".to_owned());
            }
            bytes += piece.bytes;
            stats.chunks += 1;
            store.chunks.insert(piece.digest.clone(), crate::pbs::state::Chunk { used_at: now, ..chunk });
        }
        stats.bytes += bytes;
        Ok(Some(bytes))
    }

    fn remove_vanished_snapshots(
        &self,
        run: &mut Run<'_>,
        pulling: &Pulling<'_>,
        there: &[(i64, Snapshot)],
        stats: &mut Stats,
    ) -> Result<(), String> {
        let here = self.target_group(run, pulling)?;
        for time in here.newest_made_first() {
            if there.iter().any(|(kept, _)| *kept == time) {
                continue;
            }
            let place = Place { namespace: pulling.to.to_owned(), group: pulling.group.clone(), time };
            if here.snapshots[&time].protected {
                run.say(format!("{}don't delete vanished snapshot {} (protected)", pulling.prefix, place.dir()));
                continue;
            }
            run.say(format!("{}delete vanished snapshot {}", pulling.prefix, place.dir()));
            self.give_up(run, &place)?;
            stats.removed_snapshots += 1;
        }
        Ok(())
    }

    fn remove_vanished_groups(
        &self,
        run: &mut Run<'_>,
        namespace: &str,
        wanted: &[&GroupId],
        stats: &mut Stats,
    ) -> Result<(), String> {
        let owner = self.owner.clone();
        let store = run.store(&self.store, true)?;
        let Some(place) = store.namespaces.get(namespace) else { return Ok(()) };
        let gone: Vec<GroupId> = place
            .newest_made_first()
            .into_iter()
            .filter(|id| !wanted.contains(id) && self.takes(id) && place.groups[*id].owner == owner)
            .cloned()
            .collect();
        for group in gone {
            run.say(format!("delete vanished group '{group}'"));
            let store = run.store(&self.store, true)?;
            let removed = remove_group(store, namespace, &group);
            stats.removed_snapshots += removed.snapshots;
            stats.removed_groups += removed.groups;
            if removed.protected > 0 {
                run.say(format!("kept some protected snapshots of group '{group}'"));
            }
        }
        Ok(())
    }

    /// Namespaces of the target that the source does not have go with everything in them, whoever filled them.
    fn remove_vanished_namespaces(
        &self,
        run: &mut Run<'_>,
        synced: &BTreeSet<String>,
        depth: usize,
        stats: &mut Stats,
    ) -> Result<bool, String> {
        let store = run.store(&self.store, true)?;
        let mut gone: Vec<String> = namespaces_below(store, &self.namespace, depth)
            .into_iter()
            .filter(|namespace| !namespace.is_empty() && !synced.contains(namespace))
            .collect();
        // What is deeper goes first.
        gone.sort_by_key(|namespace| std::cmp::Reverse(depth_below(namespace, "")));
        let mut errors = false;
        for namespace in gone {
            let name = self.store.clone();
            run.say(format!("removing groups in namespace {name}:/{namespace}"));
            run.say(format!("removing all groups in namespace {name}:/{namespace}"));
            let store = run.store(&self.store, true)?;
            let place = store.namespaces.get(&namespace).cloned().unwrap_or_default();
            let mut lines = Vec::new();
            let mut protected = 0;
            for group in place.newest_made_first() {
                lines.push(format!("removing backup group {:?}", store.group_path(&namespace, group)));
                for time in place.groups[group].newest_made_first() {
                    if !place.groups[group].snapshots[&time].protected {
                        let place = Place { namespace: namespace.clone(), group: group.clone(), time };
                        lines.push(format!("removing backup snapshot {:?}", store.snapshot_path(&place)));
                    }
                }
                protected += remove_group(store, &namespace, group).protected;
            }
            run.lines.extend(lines);
            let store = run.store(&self.store, true)?;
            let has_children =
                store.namespaces.keys().any(|one| depth_below(one, &namespace).is_some_and(|deep| deep > 0));
            if protected > 0 || has_children {
                run.say(format!(
                    "failed to remove namespace {namespace} - group only partially deleted due to protected snapshots"
                ));
                errors = true;
            } else {
                store.namespaces.remove(&namespace);
                run.say(format!("Removed namespace {namespace}"));
                stats.removed_namespaces += 1;
            }
        }
        Ok(errors)
    }
}

/// The part of a namespace below another one.
fn below(namespace: &str, ancestor: &str) -> String {
    if ancestor.is_empty() {
        return namespace.to_owned();
    }
    namespace.strip_prefix(ancestor).unwrap_or_default().trim_start_matches('/').to_owned()
}
