//! What is stored: listing it, notes, protection, removing, retention. Used by the API and by the door for nodes alike.

use serde_json::{Map, Value, json};

use super::access::{is_owner, namespace_path};
use super::refusal::{NO_SUCH_FILE, Refusal};
use super::retention::{Keep, Mark, marks};
use super::rules::{self, ANNOTATE, LOOK, REMOVE};
use super::state::names::{depth_below, escape_unit, time_text};
use super::state::snapshot::MANIFEST;
use super::state::{BackupServer, Datastore, Group, GroupId, Namespace, Place, Snapshot};

/// Which groups a listing is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only of this type.
    pub kind: Option<&'a str>,
    /// Only with this id.
    pub id: Option<&'a str>,
}

/// The groups of a namespace that the caller may see.
///
/// # Errors
/// Rights, datastore, namespace.
pub fn groups(server: &BackupServer, auth_id: &str, store: &str, namespace: &str) -> Result<Vec<Value>, Refusal> {
    let only_own = rules::limited(server, auth_id, store, namespace, LOOK)?;
    let store = rules::store(server, store, false)?;
    let place = store.namespaces.get(namespace).ok_or_else(Refusal::no_such_entry)?;
    let visible = visible(place, auth_id, only_own);
    Ok(visible.map(|(id, group)| group_view(id, group)).collect())
}

/// The snapshots of a namespace that the caller may see.
///
/// # Errors
/// Rights, datastore, namespace.
pub fn snapshots(
    server: &BackupServer,
    auth_id: &str,
    store: &str,
    namespace: &str,
    filter: Filter<'_>,
) -> Result<Vec<Value>, Refusal> {
    let only_own = rules::limited(server, auth_id, store, namespace, LOOK)?;
    let store = rules::store(server, store, false)?;
    let place = match (store.namespaces.get(namespace), filter) {
        (Some(place), _) => place,
        // One group that is asked for by its name and is not there has no snapshots, wherever it is looked for.
        (None, Filter { id: Some(_), .. }) => return Ok(Vec::new()),
        (None, _) => return Err(Refusal::no_such_entry()),
    };
    let fits = |group: &GroupId| {
        filter.kind.is_none_or(|kind| group.kind == kind) && filter.id.is_none_or(|id| group.id == id)
    };
    let mut list = Vec::new();
    for (id, group) in visible(place, auth_id, only_own).filter(|(id, _)| fits(id)) {
        list.extend(group.newest_made_first().into_iter().map(|time| snapshot_view(id, group, time)));
    }
    Ok(list)
}

fn visible<'a>(
    place: &'a Namespace,
    auth_id: &'a str,
    only_own: bool,
) -> impl Iterator<Item = (&'a GroupId, &'a Group)> {
    place
        .newest_made_first()
        .into_iter()
        .map(|id| (id, &place.groups[id]))
        .filter(move |(_, group)| !only_own || is_owner(&group.owner, auth_id))
}

fn group_view(id: &GroupId, group: &Group) -> Value {
    let last = group.last_finished();
    let files: Vec<String> = last.map_or_else(Vec::new, |(_, snapshot)| folder_names(snapshot));
    let mut view = json!({
        "backup-type": id.kind,
        "backup-id": id.id,
        "last-backup": last.map_or(0, |(time, _)| time),
        "backup-count": group.snapshots.len(),
        "files": files,
        "owner": group.owner,
    });
    if let Some(line) = group.notes.lines().next() {
        view["comment"] = json!(line);
    }
    view
}

/// The files of a snapshot as its folder lists them: the newest first.
fn folder_names(snapshot: &Snapshot) -> Vec<String> {
    let mut names: Vec<String> = snapshot.files.iter().map(|file| file.name.clone()).collect();
    if snapshot.is_finished() {
        names.push(MANIFEST.to_owned());
    }
    names.reverse();
    names
}

/// A snapshot as the listing shows it.
fn snapshot_view(id: &GroupId, group: &Group, time: i64) -> Value {
    let snapshot = &group.snapshots[&time];
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("backup-type", json!(id.kind));
    put("backup-id", json!(id.id));
    put("backup-time", json!(time));
    if let Some(manifest) = &snapshot.manifest {
        if let Some(line) = manifest.notes.lines().next() {
            put("comment", json!(line));
        }
        if let Some(verification) = &manifest.verification {
            put("verification", verification.view());
        }
        if let Some(fingerprint) = &manifest.fingerprint {
            put("fingerprint", json!(fingerprint));
        }
    }
    put("files", files_view(snapshot));
    if let Some(size) = snapshot.size_bytes() {
        put("size", json!(size));
    }
    put("owner", json!(group.owner));
    put("protected", json!(snapshot.protected));
    Value::Object(view)
}

/// The files of a snapshot with size and protection, where the manifest knows them.
pub fn files_view(snapshot: &Snapshot) -> Value {
    let view = |file: super::state::snapshot::FileView| match file.known {
        Some((mode, size)) => json!({ "filename": file.name, "crypt-mode": mode.name(), "size": size }),
        None => json!({ "filename": file.name }),
    };
    snapshot.file_list().into_iter().map(view).collect()
}

/// The files of one snapshot.
///
/// # Errors
/// Rights, datastore, owner, no such snapshot.
pub fn files(server: &BackupServer, auth_id: &str, store: &str, place: &Place) -> Result<Value, Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, rules::FILES, false)?;
    let store = rules::store(server, store, false)?;
    let missing =
        || Refusal::bad(format!("unable to load blob '\"{}\"' - {NO_SUCH_FILE}", manifest_path(store, place)));
    store.snapshot(place).map(files_view).ok_or_else(missing)
}

/// The notes of a snapshot.
///
/// # Errors
/// Rights, datastore, owner, no such snapshot.
pub fn notes(server: &BackupServer, auth_id: &str, store: &str, place: &Place) -> Result<String, Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, LOOK, false)?;
    let store = rules::store(server, store, false)?;
    let missing =
        || Refusal::bad(format!("unable to load blob '\"{}\"' - {NO_SUCH_FILE}", manifest_path(store, place)));
    let manifest = store.snapshot(place).and_then(|snapshot| snapshot.manifest.as_ref());
    manifest.map(|manifest| manifest.notes.clone()).ok_or_else(missing)
}

/// Sets the notes of a snapshot.
///
/// # Errors
/// As [`notes`].
pub fn set_notes(
    server: &mut BackupServer,
    auth_id: &str,
    store: &str,
    place: &Place,
    notes: &str,
) -> Result<(), Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, ANNOTATE, true)?;
    let store = rules::store_mut(server, store)?;
    let path = manifest_path(store, place);
    match store.snapshot_mut(place).and_then(|snapshot| snapshot.manifest.as_mut()) {
        Some(manifest) => {
            notes.clone_into(&mut manifest.notes);
            Ok(())
        }
        None => Err(Refusal::bad(format!(
            "unable to update manifest blob - unable to load blob '\"{path}\"' - {NO_SUCH_FILE}"
        ))),
    }
}

/// Whether a snapshot is protected; one that is not there is not.
///
/// # Errors
/// Rights, datastore, owner.
pub fn protection(server: &BackupServer, auth_id: &str, store: &str, place: &Place) -> Result<bool, Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, LOOK, false)?;
    let store = rules::store(server, store, false)?;
    Ok(store.snapshot(place).is_some_and(|snapshot| snapshot.protected))
}

/// Protects a snapshot, or ends that.
///
/// # Errors
/// As [`protection`], and no such snapshot.
pub fn set_protection(
    server: &mut BackupServer,
    auth_id: &str,
    store: &str,
    place: &Place,
    protected: bool,
) -> Result<(), Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, ANNOTATE, true)?;
    let store = rules::store_mut(server, store)?;
    match store.snapshot_mut(place) {
        Some(snapshot) => {
            snapshot.protected = protected;
            Ok(())
        }
        None => Err(Refusal::bad(format!("snapshot {} does not exist.", place.dir()))),
    }
}

/// The notes of a group.
///
/// # Errors
/// Rights, datastore, owner.
pub fn group_notes(
    server: &BackupServer,
    auth_id: &str,
    store: &str,
    namespace: &str,
    group: &GroupId,
) -> Result<String, Refusal> {
    rules::admit(server, auth_id, store, namespace, group, LOOK, false)?;
    let store = rules::store(server, store, false)?;
    Ok(store.group(namespace, group).map(|group| group.notes.clone()).unwrap_or_default())
}

/// Sets the notes of a group.
///
/// # Errors
/// As [`group_notes`], and no such group.
pub fn set_group_notes(
    server: &mut BackupServer,
    auth_id: &str,
    store: &str,
    namespace: &str,
    group: &GroupId,
    notes: &str,
) -> Result<(), Refusal> {
    rules::admit(server, auth_id, store, namespace, group, ANNOTATE, true)?;
    let store = rules::store_mut(server, store)?;
    let path = store.group_path(namespace, group);
    match store.group_mut(namespace, group) {
        Some(group) => {
            notes.clone_into(&mut group.notes);
            Ok(())
        }
        None => Err(Refusal::bad(format!("failed to create temporary file: \"{path}/notes\" - {NO_SUCH_FILE}"))),
    }
}

/// Removes a snapshot.
///
/// # Errors
/// Rights, datastore, owner, protection, a backup that runs, no such snapshot.
pub fn forget(server: &mut BackupServer, auth_id: &str, store: &str, place: &Place) -> Result<(), Refusal> {
    rules::admit(server, auth_id, store, &place.namespace, &place.group, REMOVE, true)?;
    let store = rules::store_mut(server, store)?;
    let path = store.snapshot_path(place);
    let failed = |why: String| Err(Refusal::bad(format!("failed to delete snapshot - {why}")));
    let Some(snapshot) = store.snapshot(place) else {
        return failed(format!("removing backup snapshot \"{path}\" failed - {NO_SUCH_FILE}"));
    };
    if snapshot.protected {
        return failed("cannot remove protected snapshot".to_owned());
    }
    if snapshot.running.is_some() {
        let lock = snapshot_lock_path(store, place);
        return failed(format!("while destroying snapshot \"{path}\": unable to acquire snapshot lock {lock:?}"));
    }
    remove_snapshot(store, place);
    Ok(())
}

/// Removes a snapshot without asking. A group that loses its last one goes with it.
pub fn remove_snapshot(store: &mut Datastore, place: &Place) {
    let Some(namespace) = store.namespaces.get_mut(&place.namespace) else { return };
    let Some(group) = namespace.groups.get_mut(&place.group) else { return };
    group.snapshots.remove(&place.time);
    if group.snapshots.is_empty() {
        namespace.groups.remove(&place.group);
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Snapshots.
    pub snapshots: u64,
    /// Snapshots that stay because they are protected.
    pub protected: u64,
    /// Groups.
    pub groups: u64,
}

impl Removed {
    /// As answers show it.
    pub fn view(self) -> Value {
        json!({
            "removed-groups": self.groups,
            "removed-snapshots": self.snapshots,
            "protected-snapshots": self.protected,
        })
    }

    /// Both together.
    pub fn and(self, other: Removed) -> Removed {
        Removed {
            snapshots: self.snapshots + other.snapshots,
            protected: self.protected + other.protected,
            groups: self.groups + other.groups,
        }
    }
}

/// Removes what is not protected of a group, and the group itself when nothing is left.
pub fn remove_group(store: &mut Datastore, namespace: &str, id: &GroupId) -> Removed {
    let mut removed = Removed::default();
    let Some(place) = store.namespaces.get_mut(namespace) else { return removed };
    let Some(group) = place.groups.get_mut(id) else { return removed };
    group.snapshots.retain(|_, snapshot| {
        let stays = snapshot.protected;
        if stays {
            removed.protected += 1;
        } else {
            removed.snapshots += 1;
        }
        stays
    });
    if group.snapshots.is_empty() {
        place.groups.remove(id);
        removed.groups = 1;
    }
    removed
}

/// What retention makes, or would make, of a group.
///
/// # Errors
/// Rights, datastore, owner, no such group.
pub fn prune(
    server: &mut BackupServer,
    auth_id: &str,
    store: &str,
    namespace: &str,
    id: &GroupId,
    keep: &Keep,
    dry_run: bool,
) -> Result<Vec<Pruned>, Refusal> {
    rules::admit(server, auth_id, store, namespace, id, REMOVE, true)?;
    let zone = server.time_zone();
    let store = rules::store_mut(server, store)?;
    let group = store.group(namespace, id).ok_or_else(Refusal::no_such_entry)?;
    let keeps_all = !keep.keeps_something();
    let list: Vec<Pruned> = marks(group, keep, &zone)
        .into_iter()
        .map(|(time, mark)| Pruned { time, mark, stays: keeps_all || mark.keeps() })
        .collect();
    if !dry_run {
        for one in list.iter().filter(|one| !one.stays) {
            let place = Place { namespace: namespace.to_owned(), group: id.clone(), time: one.time };
            remove_snapshot(store, &place);
        }
    }
    Ok(list)
}

/// A snapshot under retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Its time in seconds since 1970.
    pub time: i64,
    /// What the rules say.
    pub mark: Mark,
    /// Whether it stays: without any rule everything does.
    pub stays: bool,
}

impl Pruned {
    /// As answers show it; a dry run also names the namespace.
    pub fn view(&self, namespace: Option<&str>, group: &GroupId) -> Value {
        let mut view = json!({
            "backup-type": group.kind,
            "backup-id": group.id,
            "backup-time": self.time,
            "keep": self.stays,
            "protected": self.mark == Mark::Protected,
        });
        if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
            view["ns"] = json!(namespace);
        }
        view
    }
}

/// The namespaces at and below one that a caller may see. One that is not there is listed all the same, to whom may see
/// everything.
///
/// # Errors
/// No such datastore; none that he may see.
pub fn visible_namespaces(
    server: &BackupServer,
    auth_id: &str,
    name: &str,
    parent: &str,
    max_depth: usize,
) -> Result<Vec<String>, Refusal> {
    let store = rules::store(server, name, false)?;
    let sees = |namespace: &String| {
        server.access.privileges(auth_id, &namespace_path(name, namespace)).has_any(&rules::ANY_ON_NAMESPACE)
    };
    let list: Vec<String> = namespaces_below(store, parent, max_depth).into_iter().filter(sees).collect();
    if list.is_empty() { Err(Refusal::check_failed()) } else { Ok(list) }
}

/// The namespaces below one (itself included) that lie at most so deep, as a folder lists them: those made last first.
pub fn namespaces_below(store: &Datastore, parent: &str, max_depth: usize) -> Vec<String> {
    let mut list = Vec::new();
    collect(store, parent, max_depth, &mut list);
    list
}

fn collect(store: &Datastore, namespace: &str, depth: usize, list: &mut Vec<String>) {
    list.push(namespace.to_owned());
    if depth == 0 {
        return;
    }
    let mut children: Vec<(u64, &String)> = store
        .namespaces
        .iter()
        .filter(|(path, _)| depth_below(path, namespace) == Some(1))
        .map(|(path, place)| (place.made, path))
        .collect();
    children.sort_by(|one, other| other.cmp(one));
    for (_, child) in children {
        collect(store, child, depth - 1, list);
    }
}

/// The file of a snapshot's manifest.
pub fn manifest_path(store: &Datastore, place: &Place) -> String {
    format!("{}/{MANIFEST}", store.snapshot_path(place))
}

/// The file that locks a snapshot.
pub fn snapshot_lock_path(store: &Datastore, place: &Place) -> String {
    let time = escape_unit(&time_text(place.time));
    format!("{}-{time}", group_lock_path(store, &place.namespace, &place.group))
}

/// The file that locks a group.
pub fn group_lock_path(store: &Datastore, namespace: &str, group: &GroupId) -> String {
    let below = if namespace.is_empty() { String::new() } else { format!("{}/", namespace.replace('/', ":")) };
    format!("/run/proxmox-backup/locks/{}/{below}{}-{}", store.name(), group.kind, escape_unit(&group.id))
}
