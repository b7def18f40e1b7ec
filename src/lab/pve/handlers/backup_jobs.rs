//! `/cluster/backup`: definitions of backup jobs.

use serde_json::{Map, Value, json};

use super::common::{options_object, required};
use crate::lab::pve::call::{Call, Refusal};
use crate::lab::pve::state::property::{self, Properties};
use crate::lab::pve::state::{BackupJob, Pve};
use crate::lab::world::keyed::Key;
use crate::lab::world::{Site, Surroundings};

/// Options that are shown as objects although they are given as text (sheet Proxmox, section 9b).
const OBJECTS: [&str; 3] = ["prune-backups", "fleecing", "performance"];

/// Parameters that are not options of the job.
const NOT_OPTIONS: [&str; 4] = ["id", "delete", "digest", "type"];

/// `GET /cluster/backup`
pub fn list(site: &mut Site, _around: Surroundings<'_>, _call: &Call) -> Result<Value, Refusal> {
    Ok(site.pve.jobs.iter().map(|(id, job)| shown(id, job)).collect())
}

/// `GET /cluster/backup/{id}`
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "id")?;
    Ok(shown(&id, find(&site.pve, &id)?))
}

/// `POST /cluster/backup`
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_rights(site, call)?;
    let id = call.text("id").unwrap_or_else(|| {
        let moment = around.now.0.to_string();
        format!("backup-{}", &Key::new(around.seed, &[&site.id, "job", &moment]).uuid()[..13])
    });
    if site.pve.jobs.contains_key(&id) {
        return Err(Refusal::died(format!("Job '{id}' already exists")));
    }
    let mut job = BackupJob::default();
    set(&mut job, call);
    check_selection(&job)?;
    site.pve.jobs.insert(id, job);
    Ok(Value::Null)
}

/// `PUT /cluster/backup/{id}`
pub fn update(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_rights(site, call)?;
    let id = required(call, "id")?;
    let mut job = find(&site.pve, &id)?.clone();
    for key in property::list(&call.text("delete").unwrap_or_default()) {
        job.options.remove(&key);
    }
    // A new selection takes the place of the old one.
    let selections = ["vmid", "all", "pool"];
    if selections.iter().any(|key| call.params.contains_key(*key)) {
        job.options.retain(|key, _| !selections.contains(&key.as_str()));
    }
    set(&mut job, call);
    check_selection(&job)?;
    site.pve.jobs.insert(id, job);
    Ok(Value::Null)
}

/// `DELETE /cluster/backup/{id}`
pub fn delete(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "id")?;
    find(&site.pve, &id)?;
    site.pve.jobs.remove(&id);
    Ok(Value::Null)
}

/// `GET /cluster/backup/{id}/included_volumes`
pub fn included_volumes(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "id")?;
    let pve = &site.pve;
    let job = find(pve, &id)?;
    let guests = pve.vms.iter().filter(|(vmid, _)| job.includes(**vmid, pve.access.pool_of(**vmid)));
    let children: Vec<Value> = guests
        .map(|(vmid, vm)| {
            let volumes: Vec<Value> = vm
                .drives()
                .iter()
                .filter(|(_, drive)| !drive.is_cdrom())
                .map(|(key, drive)| {
                    let included = drive.0.flag("backup").unwrap_or(true);
                    json!({
                        "id": format!("{vmid}:{key}"),
                        "name": drive.file(),
                        "included": u8::from(included),
                        "reason": if included { "enabled" } else { "disabled" },
                    })
                })
                .collect();
            json!({ "id": vmid, "name": vm.name(*vmid), "type": "qemu", "children": volumes })
        })
        .collect();
    Ok(json!({ "children": children }))
}

/// `GET /cluster/backup-info/not-backed-up`
pub fn not_backed_up(site: &mut Site, _around: Surroundings<'_>, _call: &Call) -> Result<Value, Refusal> {
    let pve = &site.pve;
    let missed = pve.vms.iter().filter(|(vmid, _)| {
        let pool = pve.access.pool_of(**vmid);
        !pve.jobs.values().any(|job| job.includes(**vmid, pool))
    });
    Ok(missed.map(|(vmid, vm)| json!({ "vmid": vmid, "name": vm.name(*vmid), "type": "qemu" })).collect())
}

fn find<'a>(pve: &'a Pve, id: &str) -> Result<&'a BackupJob, Refusal> {
    pve.jobs.get(id).ok_or_else(|| Refusal::param("id", format!("No such job '{id}'")))
}

fn set(job: &mut BackupJob, call: &Call) {
    for key in call.params.keys().filter(|key| !NOT_OPTIONS.contains(&key.as_str())) {
        if let Some(value) = call.text(key) {
            job.options.insert(key.clone(), value);
        }
    }
}

/// Exactly one way of choosing guests.
fn check_selection(job: &BackupJob) -> Result<(), Refusal> {
    let given: Vec<&str> = ["vmid", "all", "pool"].into_iter().filter(|key| job.options.contains_key(*key)).collect();
    match given.as_slice() {
        [] => Err(Refusal::param("vmid", "property is missing and it is not optional")),
        [_] => Ok(()),
        [first, second, ..] => Err(Refusal::param(first, format!("option conflicts with option '{second}'"))),
    }
}

/// What a job touches needs rights of its own, besides Sys.Modify on `/`.
fn check_rights(site: &Site, call: &Call) -> Result<(), Refusal> {
    let access = &site.pve.access;
    if let Some(storage) = call.text("storage") {
        access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.Allocate"])?;
        super::storage::find(&site.pve, &storage)?;
    }
    if let Some(pool) = call.text("pool") {
        access.require(&call.caller, &format!("/pool/{pool}"), &["VM.Backup"])?;
    }
    Ok(())
}

fn shown(id: &str, job: &BackupJob) -> Value {
    let mut answer: Map<String, Value> = options_object(&job.options);
    for key in OBJECTS {
        if let Some(text) = job.options.get(key) {
            answer.insert(key.to_owned(), Value::Object(options_object(&Properties::parse(text, "").rest)));
        }
    }
    // Ids are a list even when there is one.
    for key in ["vmid", "exclude"] {
        if let Some(text) = job.options.get(key) {
            answer.insert(key.to_owned(), json!(text));
        }
    }
    answer.insert("id".to_owned(), json!(id));
    answer.insert("type".to_owned(), json!("vzdump"));
    answer.entry("enabled").or_insert_with(|| json!(1));
    answer.entry("mode").or_insert_with(|| json!("snapshot"));
    Value::Object(answer)
}
