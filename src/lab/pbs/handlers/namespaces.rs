//! Namespaces.

use serde_json::{Value, json};

use crate::pbs::access::namespace_path;
use crate::pbs::call::{Call, Reply};
use crate::pbs::content::{Removed, namespaces_below, remove_group, visible_namespaces};
use crate::pbs::refusal::Refusal;
use crate::pbs::rules;
use crate::pbs::state::Namespace;
use crate::pbs::state::names::{depth_below, join, parent};

type Answer = Result<Reply, Refusal>;

/// The deepest namespace.
const DEPTH_MAX: usize = 7;

/// `GET /admin/datastore/{store}/namespace`
pub fn list(call: &mut Call<'_>) -> Answer {
    let depth = call.number("max-depth").and_then(|depth| usize::try_from(depth).ok()).unwrap_or(DEPTH_MAX);
    let (store, parent) = (call.word("store"), call.word("parent"));
    let list = visible_namespaces(call.server(), &call.auth_id, &store, &parent, depth)?;
    Ok(list.into_iter().map(|ns| json!({ "ns": ns })).collect::<Value>().into())
}

/// Whether the caller may make or remove namespaces below this one.
fn may_change(call: &Call<'_>, store: &str, above: &str) -> Result<(), Refusal> {
    let path = namespace_path(store, above);
    if call.may(&path, &["Datastore.Modify"]) {
        return Ok(());
    }
    Err(Refusal::forbidden(format!("permission check failed - missing Datastore.Modify on {path}")))
}

/// `POST /admin/datastore/{store}/namespace`: making one that is there is no mistake.
pub fn create(call: &mut Call<'_>) -> Answer {
    let (name, above) = (call.word("store"), call.word("parent"));
    let namespace = join(&above, &call.word("name"));
    may_change(call, &name, &above)?;
    let made = call.server_mut().number();
    let store = rules::store_mut(call.server_mut(), &name)?;
    if !store.namespaces.contains_key(&above) {
        return Err(Refusal::bad(format!("cannot create new namespace, parent {above} doesn't already exists")));
    }
    if depth_below(&namespace, "").is_some_and(|depth| depth > DEPTH_MAX) {
        return Err(Refusal::bad(format!("namespace depth exceeded, 8 > {DEPTH_MAX}")));
    }
    store.namespaces.entry(namespace.clone()).or_insert_with(|| Namespace { made, ..Namespace::default() });
    Ok(json!(namespace).into())
}

/// `DELETE /admin/datastore/{store}/namespace`: what can go is gone, also when the answer is a refusal.
pub fn delete(call: &mut Call<'_>) -> Answer {
    let (name, namespace) = (call.word("store"), call.namespace());
    let with_groups = call.flag("delete-groups") == Some(true);
    let errs = call.flag("error-on-protected").unwrap_or(true);
    let Some(above) = parent(&namespace) else {
        return Err(Refusal::bad("Cannot create/delete root namespace!"));
    };
    may_change(call, &name, above)?;
    let store = rules::store_mut(call.server_mut(), &name)?;
    let mut removed = Removed::default();
    if !store.namespaces.contains_key(&namespace) {
        return Ok(removed.view().into());
    }
    let mut all = namespaces_below(store, &namespace, DEPTH_MAX);
    // What is deeper goes first.
    all.sort_by_key(|one| std::cmp::Reverse(depth_below(one, "")));
    if with_groups {
        for one in &all {
            let groups: Vec<_> = store.namespaces[one].groups.keys().cloned().collect();
            for group in groups {
                removed = removed.and(remove_group(store, one, &group));
            }
        }
        if errs && removed.protected > 0 {
            return Err(Refusal::bad("group only partially deleted due to protected snapshots"));
        }
    }
    for one in all {
        let has_children = store.namespaces.keys().any(|other| depth_below(other, &one).is_some_and(|depth| depth > 0));
        if store.namespaces[&one].groups.is_empty() && !has_children {
            store.namespaces.remove(&one);
        }
    }
    if store.namespaces.contains_key(&namespace) && !with_groups {
        return Err(Refusal::bad("only partially deleted due to existing groups but `delete-groups` not true"));
    }
    Ok(removed.view().into())
}
