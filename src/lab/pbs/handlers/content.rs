//! What is stored: groups, snapshots, notes, protection, retention of one group, owners.

use serde_json::{Value, json};

use crate::pbs::access::namespace_path;
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::content::{self, Filter};
use crate::pbs::refusal::Refusal;
use crate::pbs::retention::Keep;
use crate::pbs::rules::{self, REMOVE};
use crate::pbs::tasks::{self, About};
use crate::pbs::work::{Prune, SECOND_US, Work};

type Answer = Result<Reply, Refusal>;

/// `GET /admin/datastore/{store}/groups`
pub fn groups(call: &mut Call<'_>) -> Answer {
    let list = content::groups(call.server(), &call.auth_id, &call.word("store"), &call.namespace())?;
    Ok(json!(list).into())
}

/// `DELETE /admin/datastore/{store}/groups`
pub fn delete_group(call: &mut Call<'_>) -> Answer {
    let (name, namespace, group) = (call.word("store"), call.namespace(), call.group());
    let errs = call.flag("error-on-protected").unwrap_or(true);
    let auth_id = call.auth_id.clone();
    let limited = rules::limited(call.server(), &auth_id, &name, &namespace, REMOVE)?;
    let store = rules::store_mut(call.server_mut(), &name)?;
    let path = store.group_path(&namespace, &group);
    let Some(there) = store.group(&namespace, &group) else {
        return Err(Refusal::bad(format!("read dir {path:?} - {}", crate::pbs::refusal::NO_SUCH_ENTRY)));
    };
    if limited && !crate::pbs::access::is_owner(&there.owner, &auth_id) {
        return Err(Refusal::bad(format!("backup owner check failed ({auth_id} != {})", there.owner)));
    }
    if there.is_locked() {
        return Err(Refusal::bad(format!("while destroying group '{}'", debug_group(&name, &namespace, &group))));
    }
    let removed = content::remove_group(store, &namespace, &group);
    if errs && removed.protected > 0 {
        return Err(Refusal::bad("group only partially deleted due to protected snapshots"));
    }
    Ok(removed.view().into())
}

/// A group as the server's program prints it for its makers.
fn debug_group(store: &str, namespace: &str, group: &crate::pbs::state::GroupId) -> String {
    let inner: Vec<&str> = namespace.split('/').filter(|part| !part.is_empty()).collect();
    let kind = match group.kind.as_str() {
        "vm" => "Vm",
        "ct" => "Ct",
        _ => "Host",
    };
    format!(
        "BackupGroup {{ store: {store:?}, ns: BackupNamespace {{ inner: {inner:?}, len: {} }}, group: BackupGroup {{ ty: {kind}, id: {:?} }} }}",
        namespace.len(),
        group.id
    )
}

/// `GET /admin/datastore/{store}/snapshots`
pub fn snapshots(call: &mut Call<'_>) -> Answer {
    let filter = Filter { kind: call.text("backup-type"), id: call.text("backup-id") };
    let list = content::snapshots(call.server(), &call.auth_id, &call.word("store"), &call.namespace(), filter)?;
    Ok(json!(list).into())
}

/// `DELETE /admin/datastore/{store}/snapshots`
pub fn forget(call: &mut Call<'_>) -> Answer {
    let (auth_id, store, place) = (call.auth_id.clone(), call.word("store"), call.place());
    content::forget(call.server_mut(), &auth_id, &store, &place)?;
    nothing()
}

/// `GET /admin/datastore/{store}/files`
pub fn files(call: &mut Call<'_>) -> Answer {
    Ok(content::files(call.server(), &call.auth_id, &call.word("store"), &call.place())?.into())
}

/// `GET /admin/datastore/{store}/notes`
pub fn notes(call: &mut Call<'_>) -> Answer {
    Ok(json!(content::notes(call.server(), &call.auth_id, &call.word("store"), &call.place())?).into())
}

/// `PUT /admin/datastore/{store}/notes`
pub fn set_notes(call: &mut Call<'_>) -> Answer {
    let (auth_id, store, place, notes) = (call.auth_id.clone(), call.word("store"), call.place(), call.word("notes"));
    content::set_notes(call.server_mut(), &auth_id, &store, &place, &notes)?;
    nothing()
}

/// `GET /admin/datastore/{store}/group-notes`
pub fn group_notes(call: &mut Call<'_>) -> Answer {
    let notes =
        content::group_notes(call.server(), &call.auth_id, &call.word("store"), &call.namespace(), &call.group())?;
    Ok(json!(notes).into())
}

/// `PUT /admin/datastore/{store}/group-notes`
pub fn set_group_notes(call: &mut Call<'_>) -> Answer {
    let (auth_id, store, namespace) = (call.auth_id.clone(), call.word("store"), call.namespace());
    let (group, notes) = (call.group(), call.word("notes"));
    content::set_group_notes(call.server_mut(), &auth_id, &store, &namespace, &group, &notes)?;
    nothing()
}

/// `GET /admin/datastore/{store}/protected`
pub fn protection(call: &mut Call<'_>) -> Answer {
    Ok(json!(content::protection(call.server(), &call.auth_id, &call.word("store"), &call.place())?).into())
}

/// `PUT /admin/datastore/{store}/protected`
pub fn set_protection(call: &mut Call<'_>) -> Answer {
    let (auth_id, store, place) = (call.auth_id.clone(), call.word("store"), call.place());
    let protected = call.flag("protected") == Some(true);
    content::set_protection(call.server_mut(), &auth_id, &store, &place, protected)?;
    nothing()
}

/// The rules of retention among the parameters.
pub fn keep(call: &Call<'_>) -> Keep {
    let mut keep = Keep::default();
    for (rule, _) in Keep::default().rules() {
        keep.set(rule, call.number(rule).and_then(|count| u64::try_from(count).ok()).unwrap_or(0));
    }
    keep
}

/// `POST /admin/datastore/{store}/prune`
pub fn prune(call: &mut Call<'_>) -> Answer {
    let (auth_id, store, namespace, group) = (call.auth_id.clone(), call.word("store"), call.namespace(), call.group());
    let dry_run = call.flag("dry-run") == Some(true);
    let keep = keep(call);
    let (seed, now) = (call.seed, call.now);
    let list = content::prune(call.server_mut(), &auth_id, &store, &namespace, &group, &keep, true)?;
    if dry_run {
        let view: Vec<Value> = list.iter().map(|one| one.view(Some(&namespace), &group)).collect();
        return Ok(json!(view).into());
    }
    let id = format!("{store}:{}{group}", if namespace.is_empty() { String::new() } else { format!("{namespace}:") });
    let about = About { kind: "prune", id: Some(&id), owner: &auth_id };
    let work = Prune {
        store: store.clone(),
        namespace: namespace.clone(),
        max_depth: None,
        keep,
        dry_run,
        group: Some(group.clone()),
        job: None,
    };
    if call.flag("use-task") == Some(true) {
        let upid = tasks::start(call.server_mut(), seed, now, about, Work::Prune(work), SECOND_US);
        return Ok(json!(upid).into());
    }
    // Done at once, all the same with a task and its log.
    tasks::start(call.server_mut(), seed, now, about, Work::Prune(work), 0);
    call.servers.advance(seed, now);
    let view: Vec<Value> = list.iter().map(|one| one.view(None, &group)).collect();
    Ok(json!(view).into())
}

/// `POST /admin/datastore/{store}/change-owner`
pub fn change_owner(call: &mut Call<'_>) -> Answer {
    let (name, namespace, group) = (call.word("store"), call.namespace(), call.group());
    let new = call.word("new-owner");
    let auth_id = call.auth_id.clone();
    let held = call.server().access.privileges(&auth_id, &namespace_path(&name, &namespace));
    if !held.has_any(&["Datastore.Modify", "Datastore.Backup"]) {
        return Err(Refusal::forbidden(format!(
            "permission check failed - missing Datastore.Modify|Datastore.Backup on {}",
            namespace_path(&name, &namespace)
        )));
    }
    let store = rules::store(call.server(), &name, true)?;
    if !held.has_any(&["Datastore.Modify"]) {
        let owner = rules::owner(store, &namespace, &group)?;
        if !may_hand_over(&auth_id, &owner, &new) {
            let text = format!("{auth_id} does not have permission to change owner of backup group '{group}' to {new}");
            return Err(Refusal { status: 401, text });
        }
    }
    if !call.server().access.is_active(&new, call.now.unix_seconds()) {
        let kind = if new.contains('!') { "API token" } else { "user" };
        return Err(Refusal::bad(format!("{kind} '{new}' is inactive or non-existent")));
    }
    rules::owner(store, &namespace, &group)?;
    let store = rules::store_mut(call.server_mut(), &name)?;
    if let Some(group) = store.group_mut(&namespace, &group) {
        group.owner = new;
    }
    nothing()
}

/// Without rights over everybody's groups, a user moves his own among himself and his tokens; a token moves nothing.
fn may_hand_over(auth_id: &str, owner: &str, new: &str) -> bool {
    let user_of = |id: &str| id.split('!').next().unwrap_or_default().to_owned();
    let is_ours = user_of(owner) == auth_id && user_of(new) == auth_id;
    is_ours && (owner.contains('!') || new.contains('!'))
}
