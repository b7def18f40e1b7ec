//! `/nodes/{node}/storage`: the state of storages and what is on them.

use serde_json::{Map, Value, json};

use super::common::{check_node, number, required};
use super::storage::find;
use crate::pve::backups;
use crate::pve::call::{Call, Refusal};
use crate::pve::state::storage::{Storage, StorageKind, Volume, content_of};
use crate::pve::state::{Pve, property};
use crate::pve::tasks;
use crate::pve::work::{Download, RemoveVolume, SECOND_US, Work, disks, download};
use crate::world::{Site, Surroundings};

/// Either of these shows a storage.
const READERS: [&str; 2] = ["Datastore.Audit", "Datastore.AllocateSpace"];

/// `GET /nodes/{node}/storage`: one that cannot be activated is listed with `active` 0 and zero sizes.
pub fn list(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let pve = &site.pve;
    let contents = property::list(&call.text("content").unwrap_or_default());
    let only = call.text("storage");
    if let Some(id) = &only {
        find(pve, id)?;
    }
    let only_enabled = call.flag("enabled");
    let entries = pve
        .storages
        .iter()
        .filter(|(id, _)| pve.access.allowed_any(&call.caller, &format!("/storage/{id}"), &READERS))
        .filter(|(id, storage)| only.as_ref().is_none_or(|only| only == *id) && available_here(pve, storage))
        .filter(|(_, storage)| contents.is_empty() || contents.iter().any(|content| storage.carries(content)))
        .filter(|(_, storage)| !only_enabled || storage.enabled_on(&pve.node))
        .map(|(id, storage)| {
            let mut entry = state_of(site, around, id, storage);
            entry.insert("storage".to_owned(), json!(id));
            if call.flag("format") {
                entry.insert("formats".to_owned(), formats(storage));
            }
            Value::Object(entry)
        });
    Ok(entries.collect())
}

/// `GET /nodes/{node}/storage/{storage}`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    Ok(super::common::index("subdir", &["content", "download-url", "prunebackups", "status"]))
}

/// `GET /nodes/{node}/storage/{storage}/status`
pub fn status(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = required(call, "storage")?;
    let storage = site.pve.storages.get(&id).filter(|storage| storage.enabled_on(&site.pve.node));
    let storage = storage.ok_or_else(|| Refusal::param("storage", "No such storage."))?;
    Ok(Value::Object(state_of(site, around, &id, storage)))
}

/// `GET /nodes/{node}/storage/{storage}/content`: what the caller may not see is left out in silence.
pub fn volumes(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = required(call, "storage")?;
    let storage = disks::activated(&site.pve, &site.node, &id).map_err(Refusal::died)?;
    let wanted = call.text("content");
    let owner: Option<u32> = number(call, "vmid")?;
    let shows = |content: &str| wanted.as_deref().is_none_or(|wanted| wanted == content) && storage.carries(content);
    let mut entries: Vec<Value> = storage
        .volumes
        .iter()
        .filter(|(_, volume)| shows(&volume.content) && owner.is_none_or(|owner| volume.owner == Some(owner)))
        .map(|(name, volume)| volume_entry(&format!("{id}:{name}"), volume))
        .collect();
    if shows("snippets") && owner.is_none() {
        entries.extend(snippets(site, &id, storage));
    }
    if shows("backup") {
        let stored = backups::list(site, around, &id, owner).map_err(Refusal::died)?;
        let visible = stored.iter().filter(|one| super::volume_access::check(site, call, None, &one.volid).is_ok());
        entries.extend(visible.map(backup_entry));
    }
    Ok(Value::Array(entries))
}

/// `GET /nodes/{node}/storage/{storage}/content/{volume}`
pub fn attributes(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let (id, volid) = addressed(site, call)?;
    let storage = find(&site.pve, &id)?;
    super::volume_access::check(site, call, None, &volid)?;
    let (_, name) = volid.split_once(':').unwrap_or_default();
    if content_of(name) == "backup" {
        let found = backups::attributes(site, around, &volid).map_err(Refusal::died)?;
        return Ok(json!({
            "path": found.path,
            "size": found.size_bytes,
            "used": found.size_bytes,
            "format": found.format,
            "notes": found.notes,
            "protected": u8::from(found.protected),
        }));
    }
    let volume = disks::volume(&site.pve, &volid).ok_or_else(|| no_such_volume(&volid))?;
    let mut answer = json!({
        "path": path_of(storage, name, volume),
        "size": volume.size_bytes,
        "used": volume.used_bytes,
        "format": volume.format,
    });
    if let Some(notes) = &volume.notes {
        answer["notes"] = json!(notes);
    }
    if volume.protected {
        answer["protected"] = json!(1);
    }
    Ok(answer)
}

/// `PUT /nodes/{node}/storage/{storage}/content/{volume}`
pub fn set_attributes(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let (_, volid) = addressed(site, call)?;
    super::volume_access::check(site, call, None, &volid)?;
    let (_, name) = volid.split_once(':').unwrap_or_default();
    if content_of(name) != "backup" {
        disks::volume(&site.pve, &volid).ok_or_else(|| no_such_volume(&volid))?;
        let content = content_of(name);
        return Err(Refusal::died(format!("volume attributes are not supported for content type '{content}'")));
    }
    if let Some(notes) = call.text("notes") {
        backups::set_notes(site, around, &volid, &notes).map_err(Refusal::died)?;
    }
    if call.params.contains_key("protected") {
        backups::set_protected(site, around, &call.caller, &volid, call.flag("protected")).map_err(Refusal::died)?;
    }
    Ok(Value::Null)
}

/// `DELETE /nodes/{node}/storage/{storage}/content/{volume}`: null when it is done within `delay`.
pub fn delete(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let (id, volid) = addressed(site, call)?;
    find(&site.pve, &id)?;
    let (_, name) = volid.split_once(':').unwrap_or_default();
    let (access, path) = (&site.pve.access, format!("/storage/{id}"));
    let backup_of = backups::owner_of(name);
    match backup_of {
        Some(owner) => {
            access.require(&call.caller, &path, &["Datastore.AllocateSpace"])?;
            access.require(&call.caller, &format!("/vms/{owner}"), &["VM.Backup"])?;
        }
        None => access.require(&call.caller, &path, &["Datastore.Allocate"])?,
    }
    let owner = backup_of.or_else(|| disks::volume(&site.pve, &volid).and_then(|volume| volume.owner));
    let work = Work::RemoveVolume(RemoveVolume { volid });
    let task_id = owner.map_or_else(|| id.clone(), |owner| format!("{owner}@{id}"));
    let needed_us = work.duration_us(site, around);
    let upid = tasks::start(site, around, &call.caller.full_id(), "imgdel", &task_id, work);
    let delay_us = number::<u64>(call, "delay")?.unwrap_or(0) * SECOND_US;
    tasks::wait_within(site, around, &upid, delay_us >= needed_us).map(|done| if done { Value::Null } else { upid })
}

/// `POST /nodes/{node}/storage/{storage}/download-url`
pub fn download_url(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = required(call, "storage")?;
    let content = required(call, "content")?;
    let filename = required(call, "filename")?;
    let node = format!("/nodes/{}", site.pve.node);
    if !site.pve.access.allowed(&call.caller, "/", &["Sys.Audit", "Sys.Modify"]) {
        site.pve.access.require(&call.caller, &node, &["Sys.AccessNetwork"])?;
    }
    let storage = disks::activated(&site.pve, &site.node, &id).map_err(Refusal::died)?;
    if storage.path().is_none() {
        return Err(Refusal::died(format!(
            "can't upload to storage type '{}', not a file based storage!",
            storage.kind.name()
        )));
    }
    if !storage.carries(&content) {
        return Err(Refusal::died(format!("storage '{id}' is not configured for content-type '{content}'")));
    }
    let endings: &[&str] = match content.as_str() {
        "iso" => &[".iso", ".img"],
        "vztmpl" => &[".tar.gz", ".tar.xz", ".tar.zst", ".tar"],
        _ => &[".qcow2", ".raw", ".vmdk", ".ova"],
    };
    if filename.contains('/') || !endings.iter().any(|ending| filename.ends_with(ending)) {
        return Err(Refusal::param("filename", "wrong file extension"));
    }
    if call.text("compression").is_some() {
        return Err(Refusal::Status(501, "decompression of downloads is not simulated in the lab".to_owned()));
    }
    let sha512 = checksum(call)?;
    let work = Download { storage: id, content, filename: filename.clone(), url: required(call, "url")?, sha512 };
    Ok(tasks::start(site, around, &call.caller.full_id(), "download", &filename, Work::Download(work)))
}

fn checksum(call: &Call) -> Result<Option<String>, Refusal> {
    let Some(checksum) = call.text("checksum") else { return Ok(None) };
    match call.text("checksum-algorithm").as_deref() {
        Some("sha512") => Ok(Some(checksum)),
        Some(other) => {
            Err(Refusal::Status(501, format!("checksum algorithm '{other}' is not simulated in the lab (only sha512)")))
        }
        None => Err(Refusal::param("checksum", "missing property - 'checksum-algorithm' requires this property")),
    }
}

/// The volume that a path names: with or without the storage in front.
fn addressed(site: &Site, call: &Call) -> Result<(String, String), Refusal> {
    check_node(site, call)?;
    let volume = required(call, "volume")?;
    match (volume.split_once(':'), call.text("storage")) {
        (Some((id, _)), Some(storage)) if id != storage => {
            Err(Refusal::died(format!("storage ID missmatch ({id} != {storage})")))
        }
        (Some((id, _)), _) => Ok((id.to_owned(), volume.clone())),
        (None, Some(storage)) => Ok((storage.clone(), format!("{storage}:{volume}"))),
        (None, None) => Err(Refusal::died(format!("unable to parse volume ID '{volume}'"))),
    }
}

fn no_such_volume(volid: &str) -> Refusal {
    Refusal::died(format!("volume_size_info on '{volid}' failed - no such volume"))
}

fn volume_entry(volid: &str, volume: &Volume) -> Value {
    let mut entry = json!({
        "volid": volid,
        "content": volume.content,
        "format": volume.format,
        "size": volume.size_bytes,
        "ctime": volume.created.unix_seconds(),
    });
    if let Some(owner) = volume.owner {
        entry["vmid"] = json!(owner);
    }
    if let Some(parent) = &volume.parent {
        entry["parent"] = json!(parent.split_once(':').map_or(parent.as_str(), |(_, name)| name));
    }
    if let Some(notes) = &volume.notes {
        entry["notes"] = json!(notes.lines().next().unwrap_or_default());
    }
    if volume.protected {
        entry["protected"] = json!(1);
    }
    entry
}

/// A backup as a listing shows it: of its notes only the first line.
fn backup_entry(stored: &backups::Entry) -> Value {
    let mut entry = json!({
        "volid": stored.volid,
        "content": "backup",
        "format": stored.format,
        "size": stored.size_bytes,
        "ctime": stored.made_s,
    });
    if let Some(vmid) = stored.vmid {
        entry["vmid"] = json!(vmid);
    }
    if let Some(subtype) = stored.subtype {
        entry["subtype"] = json!(subtype);
    }
    if let Some(notes) = &stored.notes {
        entry["notes"] = json!(notes.lines().next().unwrap_or_default());
    }
    if stored.protected {
        entry["protected"] = json!(1);
    }
    if let Some(fingerprint) = &stored.encrypted {
        entry["encrypted"] = json!(fingerprint);
    }
    if let Some((state, upid)) = &stored.verification {
        entry["verification"] = json!({ "state": state, "upid": upid });
    }
    entry
}

/// Snippets are plain files on the node: they come there by SSH, not through the API.
fn snippets(site: &Site, id: &str, storage: &Storage) -> Vec<Value> {
    let folder = format!("{}/snippets", storage.path().unwrap_or_default());
    let names = site.node.files.list(&folder);
    names
        .into_iter()
        .filter_map(|name| {
            let size = site.node.files.read(&format!("{folder}/{name}"))?.len();
            Some(json!({ "volid": format!("{id}:snippets/{name}"), "content": "snippets", "format": "snippet", "size": size }))
        })
        .collect()
}

fn available_here(pve: &Pve, storage: &Storage) -> bool {
    storage.option("nodes").is_none_or(|nodes| property::list(nodes).contains(&pve.node))
}

fn state_of(site: &Site, around: Surroundings<'_>, id: &str, storage: &Storage) -> Map<String, Value> {
    let enabled = storage.enabled_on(&site.pve.node);
    let space = backups::space(site, around, id).filter(|_| enabled);
    let active = space.is_some();
    let (total, used) = space.unwrap_or_default();
    let mut entry = Map::new();
    entry.insert("type".to_owned(), json!(storage.kind.name()));
    let content: Vec<String> = storage.content().into_iter().collect();
    entry.insert("content".to_owned(), json!(content.join(",")));
    entry.insert("enabled".to_owned(), json!(u8::from(enabled)));
    entry.insert("active".to_owned(), json!(u8::from(active)));
    let shared = storage.kind == StorageKind::Pbs || storage.option("shared").is_some_and(property::is_yes);
    entry.insert("shared".to_owned(), json!(u8::from(shared)));
    entry.insert("total".to_owned(), json!(total));
    entry.insert("used".to_owned(), json!(used));
    entry.insert("avail".to_owned(), json!(total - used));
    if total > 0 {
        entry.insert("used_fraction".to_owned(), json!(fraction(used, total)));
    }
    entry
}

/// A share of a storage; bytes beyond 2^53 would only lose what nobody reads.
fn fraction(used: u64, total: u64) -> f64 {
    let thousandths = u32::try_from(u128::from(used) * 1_000_000 / u128::from(total)).unwrap_or(u32::MAX);
    f64::from(thousandths) / 1_000_000.0
}

fn formats(storage: &Storage) -> Value {
    let supported: &[&str] =
        if storage.kind == StorageKind::Dir { &["raw", "qcow2", "vmdk", "subvol"] } else { &["raw"] };
    json!({ "default": storage.default_format(), "supported": supported })
}

fn path_of(storage: &Storage, name: &str, volume: &Volume) -> String {
    match storage.path() {
        Some(path) if volume.content == "images" => format!("{path}/images/{name}"),
        Some(path) => {
            let (content, file) = name.split_once('/').unwrap_or(("", name));
            format!("{path}/{}", download::folder(content, file))
        }
        None => format!("/dev/{}/{name}", storage.option("vgname").unwrap_or("pve")),
    }
}
