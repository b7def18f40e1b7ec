//! Pushing: what another server does not have yet goes there, group by group.

use std::collections::BTreeSet;

use super::pull::SOME_ERRORS;
use super::source::Reached;
use super::sync::{Stats, Sync};
use super::{Run, human, store_and_namespace};
use crate::pbs::access::{is_owner, namespace_path};
use crate::pbs::content::{namespaces_below, visible_namespaces};
use crate::pbs::state::names::{join, time_text};
use crate::pbs::state::{Group, GroupId, Namespace, Snapshot};

impl Sync {
    /// Pushes everything.
    ///
    /// # Errors
    /// The target cannot be listed; a group failed.
    pub(super) fn push(&self, run: &mut Run<'_>, target: &Reached, stats: &mut Stats) -> Result<(), String> {
        let failed = |text: String| format!("Fetching remote namespaces failed, remote returned error: {text}");
        let server = run.servers.0.get(&target.address).ok_or_else(|| failed("client error (Connect)".to_owned()))?;
        visible_namespaces(server, &target.auth_id, &target.store, "", 7).map_err(|refusal| failed(refusal.text))?;
        let depth = self.max_depth.unwrap_or(7);
        let store = run.store(&self.store, false)?;
        let namespaces = namespaces_below(store, &self.namespace, depth);
        let mut errors = false;
        for from in namespaces {
            let below = from.strip_prefix(self.namespace.as_str()).unwrap_or_default().trim_start_matches('/');
            let to = join(&self.remote_namespace, below);
            run.say("----");
            run.say(format!(
                "Syncing {} into {}",
                store_and_namespace(&self.store, &from),
                store_and_namespace(&target.store, &to)
            ));
            errors |= self.push_namespace(run, target, &from, &to, stats)?;
        }
        if errors { Err(SOME_ERRORS.to_owned()) } else { Ok(()) }
    }

    fn push_namespace(
        &self,
        run: &mut Run<'_>,
        target: &Reached,
        from: &str,
        to: &str,
        stats: &mut Stats,
    ) -> Result<bool, String> {
        let owner = self.owner.clone();
        let store = run.store(&self.store, false)?;
        let Some(place) = store.namespaces.get(from) else { return Ok(false) };
        let all: Vec<GroupId> = place.groups.keys().cloned().collect();
        let ours = |id: &&GroupId| owner == "root@pam" || is_owner(&place.groups[*id].owner, &owner);
        let wanted: Vec<GroupId> = all.iter().filter(ours).filter(|id| self.takes(id)).cloned().collect();
        run.say(format!("Found {} groups to sync (out of {} total)", wanted.len(), all.len()));
        let mut errors = false;
        for group in wanted {
            if let Err(why) = self.push_group(run, target, from, to, &group, stats) {
                run.say(format!("[{group}]: sync group {group} failed - {why}"));
                errors = true;
            }
        }
        Ok(errors)
    }

    fn push_group(
        &self,
        run: &mut Run<'_>,
        target: &Reached,
        from: &str,
        to: &str,
        group: &GroupId,
        stats: &mut Stats,
    ) -> Result<(), String> {
        let last = self.open_group(run, target, to, group)?;
        let store = run.store(&self.store, false)?;
        let snapshots: Vec<(i64, Snapshot)> = store.group(from, group).map_or_else(Vec::new, |group| {
            let wanted = group
                .snapshots
                .iter()
                .filter(|(time, one)| one.is_finished() && self.wants(one) && last.is_none_or(|last| **time > last));
            wanted.map(|(time, one)| (*time, one.clone())).collect()
        });
        let skipped = self.transfer_last.map_or(0, |count| snapshots.len().saturating_sub(count));
        let mut sent: BTreeSet<String> = BTreeSet::new();
        for (time, snapshot) in snapshots.into_iter().skip(skipped) {
            let name = time_text(time);
            run.say(format!("[{group}]: {name}: start sync"));
            let mut bytes = 0;
            for piece in snapshot.files.iter().flat_map(|file| file.index().to_vec()) {
                if !sent.insert(piece.digest.clone()) {
                    continue;
                }
                let store = run.store(&self.store, false)?;
                let chunk = store
                    .chunks
                    .read(&piece.digest)
                    .cloned()
                    .map_err(|_| format!("{name}: {}", crate::pbs::refusal::NO_SUCH_FILE))?;
                let there =
                    run.servers.0.get_mut(&target.address).and_then(|server| server.datastores.get_mut(&target.store));
                if let Some(there) = there {
                    there.chunks.insert(piece.digest.clone(), chunk);
                }
                bytes += piece.bytes;
                stats.chunks += 1;
            }
            stats.bytes += bytes;
            run.say(format!("[{group}]: {name}: uploaded {}", human(bytes)));
            let Some(server) = run.servers.0.get_mut(&target.address) else { continue };
            let made = server.number();
            let place = server.datastores.get_mut(&target.store).and_then(|store| store.group_mut(to, group));
            if let Some(place) = place {
                let snapshot = Snapshot { made, protected: false, running: None, ..snapshot };
                place.snapshots.insert(time, snapshot);
            }
            run.say(format!("[{group}]: {name}: sync done"));
        }
        Ok(())
    }

    /// The group at the target, made with its namespace when it is not there; the time of its newest snapshot.
    fn open_group(
        &self,
        run: &mut Run<'_>,
        target: &Reached,
        to: &str,
        group: &GroupId,
    ) -> Result<Option<i64>, String> {
        let server = run.servers.0.get_mut(&target.address).ok_or("client error (Connect)")?;
        let path = namespace_path(&target.store, to);
        if !server.access.privileges(&target.auth_id, &path).has_any(&["Datastore.Backup"]) {
            return Err(format!("missing permissions 'Datastore.Backup' on '{path}'"));
        }
        let made = server.number();
        let store = server.datastores.get_mut(&target.store).ok_or("client error (Connect)")?;
        let place = store.namespaces.entry(to.to_owned()).or_insert_with(|| Namespace { made, ..Namespace::default() });
        let new = || Group { owner: target.auth_id.clone(), notes: String::new(), snapshots: Default::default(), made };
        let there = place.groups.entry(group.clone()).or_insert_with(new);
        if !is_owner(&there.owner, &target.auth_id) {
            return Err(format!("backup owner check failed ({} != {})", target.auth_id, there.owner));
        }
        Ok(there.snapshots.keys().next_back().copied())
    }
}
