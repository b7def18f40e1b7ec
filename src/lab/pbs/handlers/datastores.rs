//! Datastores: their configuration, and how full they are.

use serde_json::{Map, Value, json};

use super::{chosen, digest, update};
use crate::pbs::access::namespace_path;
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;
use crate::pbs::rules;
use crate::pbs::state::{Datastore, Job, Runs};
use crate::pbs::tasks::{self, About};
use crate::pbs::work::{CreateDatastore, DeleteDatastore, Work, garbage};
use crate::world::keyed::Key;

type Answer = Result<Reply, Refusal>;

/// What is kept of a datastore's configuration besides its name and path.
const OPTIONS: [&str; 9] = [
    "comment",
    "gc-schedule",
    "maintenance-mode",
    "notification-mode",
    "notify",
    "notify-user",
    "tuning",
    "verify-new",
    "counter-reset-schedule",
];

/// Settings of retention, which are jobs of their own since long.
const RETENTION: [&str; 7] =
    ["keep-last", "keep-hourly", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly", "prune-schedule"];

/// Parameters that mean removable disks or storage elsewhere.
const NOT_SIMULATED: [&str; 5] =
    ["backend", "backing-device", "gc-on-unmount", "notification-thresholds", "overwrite-in-use"];

fn store_digest(call: &Call<'_>) -> String {
    let all: Map<String, Value> =
        call.server().datastores.iter().map(|(name, store)| (name.clone(), json!(store.options))).collect();
    digest(&Value::Object(all))
}

fn refuse_unsimulated(call: &Call<'_>) -> Result<(), Refusal> {
    match NOT_SIMULATED.iter().find(|name| call.params.contains_key(**name)) {
        Some(name) => {
            let text = format!("lab: the parameter `{name}` of datastores is not simulated");
            Err(Refusal { status: 501, text })
        }
        None => Ok(()),
    }
}

/// `GET /config/datastore`
pub fn list_config(call: &mut Call<'_>) -> Answer {
    let may = |name: &str| {
        let path = namespace_path(name, "");
        call.server().access.privileges(&call.auth_id, &path).has_any(&["Datastore.Audit"])
    };
    let stores = call.server().datastores.iter().filter(|(name, _)| may(name));
    let list: Vec<Value> = stores.map(|(_, store)| json!(store.options)).collect();
    Ok(Reply::from(json!(list)).beside("digest", store_digest(call)))
}

/// `GET /config/datastore/{name}`
pub fn read_config(call: &mut Call<'_>) -> Answer {
    let name = call.word("name");
    let store = call.server().datastores.get(&name);
    let store = store.ok_or_else(|| Refusal::bad(format!("no such datastore '{name}'")))?;
    Ok(Reply::from(json!(store.options)).beside("digest", store_digest(call)))
}

/// `POST /config/datastore`: the datastore is there when the task has ended.
pub fn create(call: &mut Call<'_>) -> Answer {
    refuse_unsimulated(call)?;
    let name = call.word("name");
    if call.server().datastores.contains_key(&name) {
        return Err(Refusal::param("name", &format!("datastore '{name}' already exists.")));
    }
    let mut options = chosen(call, &["name", "path"]);
    options.append(&mut chosen(call, &OPTIONS));
    make_prune_job(call, &name);
    let work = Work::CreateDatastore(CreateDatastore { options, reuse: call.flag("reuse-datastore") == Some(true) });
    start(call, "create-datastore", &name, work)
}

/// Retention that is given with a new datastore becomes a prune job.
fn make_prune_job(call: &mut Call<'_>, name: &str) {
    let mut options = chosen(call, &RETENTION);
    if options.is_empty() {
        return;
    }
    let schedule = options.remove("prune-schedule").unwrap_or_else(|| json!("daily"));
    let id = format!("default-{name}-{}", Key::new(call.seed, &["prune job", name]).uuid());
    options.insert("id".to_owned(), json!(id));
    options.insert("store".to_owned(), json!(name));
    options.insert("schedule".to_owned(), schedule.clone());
    let mut runs = Runs { since: call.now, ..Runs::default() };
    runs.plan(schedule.as_str(), &call.server().time_zone());
    call.server_mut().jobs.prune.insert(id, Job { options, runs });
}

/// `PUT /config/datastore/{name}`
pub fn update_config(call: &mut Call<'_>) -> Answer {
    refuse_unsimulated(call)?;
    call.check_digest(&store_digest(call))?;
    let name = call.word("name");
    if let Some(rule) = RETENTION.iter().find(|rule| call.params.contains_key(**rule)) {
        return Err(Refusal::param(rule, "datastore prune settings have been replaced by prune jobs"));
    }
    let store = call.server().datastores.get(&name);
    let mut options = store.ok_or_else(|| Refusal::bad(format!("no such datastore '{name}'")))?.options.clone();
    update(&mut options, call, &OPTIONS);
    let (now, zone) = (call.now, call.server().time_zone());
    if let Some(store) = call.server_mut().datastores.get_mut(&name) {
        let schedule = options.get("gc-schedule").and_then(Value::as_str).map(str::to_owned);
        if store.option("gc-schedule") != schedule.as_deref() {
            store.gc_runs.since = now;
        }
        store.options = options;
        store.gc_runs.plan(schedule.as_deref(), &zone);
    }
    nothing()
}

/// `DELETE /config/datastore/{name}`
pub fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.word("name");
    let digest = store_digest(call);
    call.check_digest(&digest)?;
    if !call.server().datastores.contains_key(&name) {
        return Err(Refusal { status: 404, text: format!("datastore '{name}' does not exist.") });
    }
    if call.flag("keep-job-configs") != Some(true) {
        let jobs = &mut call.server_mut().jobs;
        for kind in [&mut jobs.sync, &mut jobs.verify, &mut jobs.prune] {
            kind.retain(|_, job| job.options.get("store").and_then(Value::as_str) != Some(name.as_str()));
        }
    }
    let destroy_data = call.flag("destroy-data") == Some(true);
    let work = Work::DeleteDatastore(DeleteDatastore { name: name.clone(), destroy_data });
    Ok(start(call, "delete-datastore", &name, work)?.beside("digest", digest))
}

fn start(call: &mut Call<'_>, kind: &str, name: &str, work: Work) -> Answer {
    let (seed, now, owner) = (call.seed, call.now, call.auth_id.clone());
    let lasts_us = work.lasts_us(call.servers, call.address);
    let about = About { kind, id: Some(name), owner: &owner };
    Ok(json!(tasks::start(call.server_mut(), seed, now, about, work, lasts_us)).into())
}

/// `GET /admin/datastore`
pub fn list(call: &mut Call<'_>) -> Answer {
    let list: Vec<Value> = rules::visible_datastores(call.server(), &call.auth_id)
        .into_iter()
        .map(|name| datastore_view(&call.server().datastores[&name]))
        .collect();
    Ok(json!(list).into())
}

/// A datastore in a listing.
pub fn datastore_view(store: &Datastore) -> Value {
    let mut view = json!({
        "store": store.name(),
        "comment": store.options.get("comment"),
        "backend-type": "filesystem",
        "mount-status": "nonremovable",
    });
    if let Some(mode) = store.option("maintenance-mode") {
        view["maintenance"] = json!(mode);
    }
    view
}

/// `GET /admin/datastore/{store}/status`
pub fn status(call: &mut Call<'_>) -> Answer {
    let name = call.word("store");
    let verbose = call.flag("verbose") == Some(true);
    if !call.server().datastores.contains_key(&name) && call.may("/", &["Datastore.Audit"]) {
        return Err(rules::no_such_datastore(&name));
    }
    let sees = rules::sees_datastore(call.server(), &call.auth_id, &name)?;
    let store = rules::store(call.server(), &name, false)?;
    if !sees {
        return Ok(json!({ "total": 0, "used": 0, "avail": 0, "backend-type": "filesystem" }).into());
    }
    let mut view = json!({
        "total": store.size_bytes,
        "used": store.used_bytes(),
        "avail": store.free_bytes(),
        "backend-type": "filesystem",
    });
    if verbose {
        view["counts"] = counts(store);
        view["gc-status"] = json!(gc_status(store));
    }
    Ok(view.into())
}

fn counts(store: &Datastore) -> Value {
    let mut view = json!({ "ct": null, "host": null, "vm": null, "other": null });
    for kind in ["ct", "host", "vm"] {
        let groups = store.namespaces.values().flat_map(|place| &place.groups).filter(|(id, _)| id.kind == kind);
        let (count, snapshots) =
            groups.fold((0, 0), |(groups, snapshots), (_, group)| (groups + 1, snapshots + group.snapshots.len()));
        if count > 0 {
            view[kind] = json!({ "groups": count, "snapshots": snapshots });
        }
    }
    view
}

/// What the last garbage collection reported.
pub fn gc_status(store: &Datastore) -> Map<String, Value> {
    store.gc_status.clone().unwrap_or_else(garbage::never_run)
}

/// `GET /status/datastore-usage`
pub fn usage(call: &mut Call<'_>) -> Answer {
    let mut list = Vec::new();
    for name in rules::visible_datastores(call.server(), &call.auth_id) {
        let store = &call.server().datastores[&name];
        let mut view = json!({ "store": name, "backend-type": "filesystem", "mount-status": "nonremovable" });
        if let Some(text) = store.maintenance(false) {
            view["error"] = json!(text);
        } else if rules::sees_datastore(call.server(), &call.auth_id, &name) == Ok(true) {
            view["total"] = json!(store.size_bytes);
            view["used"] = json!(store.used_bytes());
            view["avail"] = json!(store.free_bytes());
            view["gc-status"] = json!(gc_status(store));
        }
        list.push(view);
    }
    Ok(json!(list).into())
}
