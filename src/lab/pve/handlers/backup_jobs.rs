//! `/cluster/backup`: definitions of backup jobs.

use serde_json::{Map, Value, json};

use super::common::{options_object, required};
use super::vzdump;
use crate::pve::backups::capture;
use crate::pve::call::{Call, Refusal};
use crate::pve::schedule;
use crate::pve::state::property::{self, Properties};
use crate::pve::state::{BackupJob, Pve};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// Options that are shown as objects although they are given as text (sheet Proxmox, section 9b).
const OBJECTS: [&str; 3] = ["prune-backups", "fleecing", "performance"];

/// Parameters that are not options of the job.
const NOT_OPTIONS: [&str; 4] = ["id", "delete", "digest", "type"];

/// `GET /cluster/backup`: when a schedule comes next is told here only, and counted from now.
pub fn list(site: &mut Site, around: Surroundings<'_>, _call: &Call) -> Result<Value, Refusal> {
    let entries = site.pve.jobs.iter().map(|(id, job)| {
        let mut entry = shown(id, job);
        if let Some(next) = schedule::next_run(site, job, around.now) {
            entry["next-run"] = json!(next.unix_seconds());
        }
        entry
    });
    Ok(entries.collect())
}

/// `GET /cluster/backup/{id}`
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "id")?;
    Ok(shown(&id, find(&site.pve, &id)?))
}

/// `POST /cluster/backup`
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_rights(site, call, None)?;
    vzdump::check_selection(&call.params)?;
    let id = call.text("id").unwrap_or_else(|| {
        let moment = around.now.0.to_string();
        format!("backup-{}", &Key::new(around.seed, &[&site.id, "job", &moment]).uuid()[..13])
    });
    if site.pve.jobs.contains_key(&id) {
        return Err(Refusal::died(format!("Job '{id}' already exists")));
    }
    let mut job = BackupJob::default();
    set(&mut job, call)?;
    schedule::plan(site, &mut job, around.now);
    site.pve.jobs.insert(id, job);
    Ok(Value::Null)
}

/// `PUT /cluster/backup/{id}`
pub fn update(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let id = required(call, "id")?;
    let mut job = find(&site.pve, &id)?.clone();
    check_rights(site, call, Some(&job))?;
    let timed =
        |job: &BackupJob| (job.options.get("schedule").cloned(), job.is_enabled(), job.options.get("node").cloned());
    let before = timed(&job);
    for key in property::list(&call.text("delete").unwrap_or_default()) {
        job.options.remove(&key);
    }
    // A new selection takes the place of the old one.
    let selections = ["vmid", "all", "pool"];
    if selections.iter().any(|key| call.params.contains_key(*key)) {
        job.options.retain(|key, _| !selections.contains(&key.as_str()) && (key != "exclude" || call.flag("all")));
    }
    set(&mut job, call)?;
    let options = job.options.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    vzdump::check_selection(&options)?;
    // A changed time counts from now; anything else leaves the next run as it is.
    if timed(&job) != before {
        schedule::plan(site, &mut job, around.now);
    }
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
    let may_see = |vmid: u32| pve.access.allowed(&call.caller, &format!("/vms/{vmid}"), &["VM.Audit"]);
    let guests = pve.vms.iter().filter(|(vmid, _)| job.includes(**vmid, pve.access.pool_of(**vmid)) && may_see(**vmid));
    let mut children: Vec<Value> = guests
        .map(|(vmid, vm)| {
            let volumes = capture::selection(vm).into_iter().map(|(key, drive, included, reason)| {
                json!({
                    "id": format!("{vmid}:{key}"),
                    "name": drive.file(),
                    "included": u8::from(included),
                    "reason": reason,
                })
            });
            json!({ "id": vmid, "name": vm.name(*vmid), "type": "qemu", "children": volumes.collect::<Vec<_>>() })
        })
        .collect();
    // Guests that were destroyed without being taken out of the job.
    let gone = job.vmids().into_iter().filter(|vmid| !pve.vms.contains_key(vmid));
    children.extend(gone.map(|vmid| json!({ "id": vmid, "type": "unknown", "children": [] })));
    Ok(json!({ "children": children }))
}

/// `GET /cluster/backup-info/not-backed-up`
pub fn not_backed_up(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let pve = &site.pve;
    let missed = pve.vms.iter().filter(|(vmid, _)| {
        let pool = pve.access.pool_of(**vmid);
        let may_see = pve.access.allowed(&call.caller, &format!("/vms/{vmid}"), &["VM.Audit"]);
        may_see && !pve.jobs.values().any(|job| job.includes(**vmid, pool))
    });
    Ok(missed.map(|(vmid, vm)| json!({ "vmid": vmid, "name": vm.name(*vmid), "type": "qemu" })).collect())
}

fn find<'a>(pve: &'a Pve, id: &str) -> Result<&'a BackupJob, Refusal> {
    pve.jobs.get(id).ok_or_else(|| Refusal::param("id", format!("No such job '{id}'")))
}

fn set(job: &mut BackupJob, call: &Call) -> Result<(), Refusal> {
    for key in call.params.keys().filter(|key| !NOT_OPTIONS.contains(&key.as_str())) {
        if let Some(value) = call.text(key) {
            job.options.insert(key.clone(), value);
        }
    }
    // The old way of giving a time becomes the new one.
    if let Some(time) = job.options.remove("starttime") {
        if call.params.contains_key("schedule") {
            return Err(Refusal::param("schedule", "cannot be set together with 'starttime'"));
        }
        let days = job.options.remove("dow").filter(|days| property::list(days).len() < 7);
        job.options.insert("schedule".to_owned(), days.map_or_else(|| time.clone(), |days| format!("{days} {time}")));
    }
    Ok(())
}

/// What a job touches needs rights of its own, besides Sys.Modify on `/`.
fn check_rights(site: &Site, call: &Call, current: Option<&BackupJob>) -> Result<(), Refusal> {
    vzdump::check_rights(site, call)?;
    let access = &site.pve.access;
    let local = || "local".to_owned();
    let given = call.text("storage");
    let before = current.map(|job| job.options.get("storage").cloned().unwrap_or_else(local));
    let wanted = given.or_else(|| current.is_none().then(local));
    for storage in before.into_iter().chain(wanted) {
        access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.Allocate"])?;
    }
    if let Some(pool) = call.text("pool") {
        if !access.pools.contains_key(&pool) {
            return Err(Refusal::Status(403, format!("Permission check failed (pool '{pool}' does not exist)")));
        }
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
