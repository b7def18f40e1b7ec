//! The checks that stand before every operation on what is stored: privileges on the namespace, the datastore's state,
//! the group's owner.

use super::access::{is_owner, namespace_path};
use super::refusal::Refusal;
use super::state::{BackupServer, Datastore, GroupId};

/// What an operation wants on a namespace.
#[derive(Debug, Clone, Copy)]
pub struct Wants {
    /// With one of these the caller may act on every group.
    pub full: &'static [&'static str],
    /// With one of these on his own groups.
    pub own: &'static [&'static str],
}

/// To look at what is stored.
pub const LOOK: Wants = Wants { full: &["Datastore.Audit"], own: &["Datastore.Backup"] };
/// To see the files of a snapshot.
pub const FILES: Wants = Wants { full: &["Datastore.Audit", "Datastore.Read"], own: &["Datastore.Backup"] };
/// To read contents.
pub const READ: Wants = Wants { full: &["Datastore.Read"], own: &["Datastore.Backup"] };
/// To change notes and protection.
pub const ANNOTATE: Wants = Wants { full: &["Datastore.Modify"], own: &["Datastore.Backup"] };
/// To remove.
pub const REMOVE: Wants = Wants { full: &["Datastore.Modify"], own: &["Datastore.Prune"] };
/// To verify.
pub const VERIFY: Wants = Wants { full: &["Datastore.Verify"], own: &["Datastore.Backup"] };

/// Every privilege that lets a caller know that a datastore exists.
pub const ANY_ON_NAMESPACE: [&str; 5] =
    ["Datastore.Modify", "Datastore.Read", "Datastore.Verify", "Datastore.Backup", "Datastore.Audit"];

/// The datastore of this name, when it takes this kind of operation now.
///
/// # Errors
/// No such datastore; closed for maintenance.
pub fn store<'a>(server: &'a BackupServer, name: &str, writes: bool) -> Result<&'a Datastore, Refusal> {
    let store = server.datastores.get(name).ok_or_else(|| no_such_datastore(name))?;
    store.maintenance(writes).map_or(Ok(store), |text| Err(Refusal::bad(text)))
}

/// As [`store`], to change it.
///
/// # Errors
/// As [`store`].
pub fn store_mut<'a>(server: &'a mut BackupServer, name: &str) -> Result<&'a mut Datastore, Refusal> {
    store(server, name, true)?;
    server.datastores.get_mut(name).ok_or_else(|| no_such_datastore(name))
}

/// The words for a datastore that is not there.
pub fn no_such_datastore(name: &str) -> Refusal {
    Refusal::bad(format!("no such datastore '{name}'"))
}

/// Whether the caller is limited to his own groups of a namespace.
///
/// # Errors
/// 403 when he may nothing of it, whether the namespace exists or not.
pub fn limited(
    server: &BackupServer,
    auth_id: &str,
    store: &str,
    namespace: &str,
    wants: Wants,
) -> Result<bool, Refusal> {
    let path = namespace_path(store, namespace);
    let held = server.access.privileges(auth_id, &path);
    if held.has_any(wants.full) {
        return Ok(false);
    }
    if held.has_any(wants.own) {
        return Ok(true);
    }
    let named = super::access::Privileges::of(wants.full).with(super::access::Privileges::of(wants.own));
    let names: Vec<&str> = named.names().collect();
    Err(Refusal::forbidden(format!("permission check failed - missing {} on {path}", names.join("|"))))
}

/// Whether the caller has all these privileges on a path.
///
/// # Errors
/// 400 with their names.
pub fn demand(server: &BackupServer, auth_id: &str, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
    if server.access.privileges(auth_id, path).has(privileges) {
        return Ok(());
    }
    Err(Refusal::bad(format!("missing permissions '{}' on '{path}'", privileges.join("&"))))
}

/// The checks before an operation on one group: privileges, then the datastore, then the owner.
///
/// # Errors
/// The first of them that fails.
pub fn admit(
    server: &BackupServer,
    auth_id: &str,
    name: &str,
    namespace: &str,
    group: &GroupId,
    wants: Wants,
    writes: bool,
) -> Result<(), Refusal> {
    let only_own = limited(server, auth_id, name, namespace, wants)?;
    let store = store(server, name, writes)?;
    if only_own {
        let owner = owner(store, namespace, group)?;
        if !is_owner(&owner, auth_id) {
            return Err(Refusal::bad(format!("backup owner check failed ({auth_id} != {owner})")));
        }
    }
    Ok(())
}

/// Whom a group belongs to.
///
/// # Errors
/// There is no such group.
pub fn owner(store: &Datastore, namespace: &str, group: &GroupId) -> Result<String, Refusal> {
    let missing = || {
        let path = store.group_path(namespace, group);
        Refusal::bad(format!("unable to read \"{path}/owner\" - {}", super::refusal::NO_SUCH_FILE))
    };
    store.group(namespace, group).map(|group| group.owner.clone()).ok_or_else(missing)
}

/// The datastores that a caller may see: those on which, or below which, he has any right.
pub fn visible_datastores(server: &BackupServer, auth_id: &str) -> Vec<String> {
    let sees = |name: &&String| server.access.has_any_below(auth_id, &namespace_path(name, ""), &ANY_ON_NAMESPACE);
    server.datastores.keys().filter(sees).cloned().collect()
}

/// Whether a caller may look at a datastore as a whole; with rights only below it he sees it as empty.
///
/// # Errors
/// He has no right there at all.
pub fn sees_datastore(server: &BackupServer, auth_id: &str, name: &str) -> Result<bool, Refusal> {
    let path = namespace_path(name, "");
    if server.access.privileges(auth_id, &path).has_any(&["Datastore.Audit"]) {
        return Ok(true);
    }
    if server.access.has_any_below(auth_id, &path, &ANY_ON_NAMESPACE) {
        return Ok(false);
    }
    Err(Refusal::check_failed())
}
