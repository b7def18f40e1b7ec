//! `/storage`: definitions of storages.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::common::required;
use super::storage_pbs;
use crate::pve::call::{Call, Refusal};
use crate::pve::state::storage::{self, Storage, StorageKind};
use crate::pve::state::{Pve, property};
use crate::world::{Site, Surroundings};

/// Options that cannot be changed after creation.
const FIXED: [&str; 8] = ["type", "path", "vgname", "thinpool", "server", "datastore", "export", "portal"];

/// Parameters that are not options of a definition.
const NOT_OPTIONS: [&str; 4] = ["storage", "type", "delete", "digest"];

/// Options that are shown as 1 or 0.
const BOOLEANS: [&str; 4] = ["shared", "disable", "create-base-path", "create-subdirs"];

/// `GET /storage`
pub fn list(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let wanted = call.text("type");
    let pve = &site.pve;
    let visible = |id: &str| {
        pve.access.allowed_any(&call.caller, &format!("/storage/{id}"), &["Datastore.Audit", "Datastore.AllocateSpace"])
    };
    Ok(pve
        .storages
        .iter()
        .filter(|(id, storage)| visible(id) && wanted.as_deref().is_none_or(|kind| kind == storage.kind.name()))
        .map(|(id, storage)| Value::Object(shown(pve, id, storage)))
        .collect())
}

/// `GET /storage/{storage}`
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "storage")?;
    Ok(Value::Object(shown(&site.pve, &id, find(&site.pve, &id)?)))
}

/// `POST /storage`: the storage is activated at once; when that fails it is not defined (sheet Proxmox, section 9d).
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "storage")?;
    let type_name = required(call, "type")?;
    if site.pve.storages.contains_key(&id) {
        return Err(Refusal::died(format!("storage ID '{id}' already defined")));
    }
    let kind = StorageKind::from_name(&type_name)
        .ok_or_else(|| Refusal::Status(501, format!("storage type '{type_name}' is not simulated in the lab")))?;
    let options = options_of(call, kind)?;
    let (created, returned) = match kind {
        StorageKind::Dir => (create_dir(site, options)?, None),
        StorageKind::LvmThin => (thin_pool(&site.pve, options)?, None),
        StorageKind::Pbs => {
            let (created, returned) = storage_pbs::create(site, around, call, &id, options)?;
            (created, Some(returned))
        }
    };
    if created.enabled_on(&site.pve.node)
        && let Some(problem) = created.problem(&id, &site.node)
    {
        return Err(Refusal::died(format!("create storage failed: {problem}")));
    }
    let mut answer = json!({ "storage": id, "type": kind.name() });
    if let Some(returned) = returned {
        answer["config"] = returned;
    }
    site.pve.storages.insert(id, created);
    Ok(answer)
}

/// `PUT /storage/{storage}`
pub fn update(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "storage")?;
    let storage = find(&site.pve, &id)?;
    if call.text("digest").is_some_and(|digest| digest != storage::digest(&site.pve.storages)) {
        return Err(Refusal::died("detected modified configuration - file changed by other user? Try again."));
    }
    for key in FIXED {
        if call.text(key).is_some_and(|value| storage.option(key) != Some(value.as_str())) {
            return Err(Refusal::param(key, format!("can't change value of fixed parameter '{key}'")));
        }
    }
    let (kind, mut options) = (storage.kind, storage.options.clone());
    let deleted = property::list(&call.text("delete").unwrap_or_default());
    for key in &deleted {
        if FIXED.contains(&key.as_str()) {
            return Err(Refusal::param("delete", format!("unable to delete required option '{key}'")));
        }
        if !storage_pbs::SECRET_OPTIONS.contains(&key.as_str()) {
            options.remove(key);
        }
    }
    options.extend(options_of(call, kind)?);
    let mut answer = json!({ "storage": id, "type": kind.name() });
    if kind == StorageKind::Pbs {
        answer["config"] = storage_pbs::update(site, around, call, &id, &deleted, &mut options)?;
    }
    if let Some(storage) = site.pve.storages.get_mut(&id) {
        storage.options = options;
    }
    Ok(answer)
}

/// `DELETE /storage/{storage}`: the definition goes, and the secrets that the node keeps for it.
pub fn delete(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "storage")?;
    find(&site.pve, &id)?;
    storage_pbs::forget(&mut site.node, &id);
    site.pve.storages.remove(&id);
    site.pve.access.acl.remove(&format!("/storage/{id}"));
    Ok(Value::Null)
}

/// A storage by its id.
///
/// # Errors
/// 500 for a missing one.
pub fn find<'a>(pve: &'a Pve, id: &str) -> Result<&'a Storage, Refusal> {
    pve.storages.get(id).ok_or_else(|| Refusal::died(format!("storage '{id}' does not exist")))
}

fn options_of(call: &Call, kind: StorageKind) -> Result<BTreeMap<String, String>, Refusal> {
    let mut options = BTreeMap::new();
    let is_option =
        |key: &&String| !NOT_OPTIONS.contains(&key.as_str()) && !storage_pbs::SECRET_OPTIONS.contains(&key.as_str());
    for key in call.params.keys().filter(is_option) {
        if let Some(value) = call.text(key) {
            options.insert(key.clone(), value);
        }
    }
    for content in property::list(options.get("content").map(String::as_str).unwrap_or_default()) {
        if !kind.possible_content().contains(&content.as_str()) {
            return Err(Refusal::died(format!("storage does not support content type '{content}'")));
        }
    }
    Ok(options)
}

/// A folder; it is activated at once.
fn create_dir(site: &mut Site, options: BTreeMap<String, String>) -> Result<Storage, Refusal> {
    if !options.contains_key("path") {
        return Err(Refusal::param("path", "property is missing and it is not optional"));
    }
    let storage = Storage::new(StorageKind::Dir, options, site.pve.hardware.root_bytes);
    storage.make_folders(&mut site.node);
    Ok(storage)
}

/// The node has one thin pool; a second definition of it sees the same space.
fn thin_pool(pve: &Pve, options: BTreeMap<String, String>) -> Result<Storage, Refusal> {
    let wanted = |key: &str| options.get(key).map(String::as_str).unwrap_or_default();
    let same = pve.storages.values().find(|storage| {
        storage.kind == StorageKind::LvmThin
            && storage.option("vgname") == Some(wanted("vgname"))
            && storage.option("thinpool") == Some(wanted("thinpool"))
    });
    let Some(same) = same else {
        return Err(Refusal::died(format!(
            "create storage failed: no such logical volume {}/{}",
            wanted("vgname"),
            wanted("thinpool")
        )));
    };
    let capacity = same.capacity_bytes;
    Ok(Storage::new(StorageKind::LvmThin, options, capacity))
}

fn shown(pve: &Pve, id: &str, storage: &Storage) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("storage".to_owned(), json!(id));
    answer.insert("type".to_owned(), json!(storage.kind.name()));
    answer.insert("digest".to_owned(), json!(storage::digest(&pve.storages)));
    for (key, value) in &storage.options {
        let value =
            if BOOLEANS.contains(&key.as_str()) { json!(u8::from(property::is_yes(value))) } else { json!(value) };
        answer.insert(key.clone(), value);
    }
    answer.insert("content".to_owned(), json!(storage.content_list()));
    answer
}
