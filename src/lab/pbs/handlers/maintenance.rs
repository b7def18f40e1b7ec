//! Verification, retention and garbage collection, started by hand.

use serde_json::{Map, Value, json};

use super::content::keep;
use super::datastores::gc_status;
use crate::pbs::access::is_owner;
use crate::pbs::call::{Call, Reply};
use crate::pbs::refusal::Refusal;
use crate::pbs::rules::{self, REMOVE, VERIFY};
use crate::pbs::state::{BackupServer, Datastore, GroupId, Task};
use crate::pbs::tasks::{self, About};
use crate::pbs::work::verify::DEPTH_MAX;
use crate::pbs::work::{Collect, Prune, Verify, Work};

type Answer = Result<Reply, Refusal>;

/// So long a request waits for the end of the task that holds its lock, in microseconds.
const LOCK_WAIT_US: u64 = 10_000_000;

/// `POST /admin/datastore/{store}/verify`
pub fn verify(call: &mut Call<'_>) -> Answer {
    let (name, namespace) = (call.word("store"), call.namespace());
    let limited = rules::limited(call.server(), &call.auth_id, &name, &namespace, VERIFY)?;
    let store = rules::store(call.server(), &name, false)?;
    let given = |name: &str| call.text(name).is_some();
    let (group, time) = match (given("backup-type"), given("backup-id"), call.number("backup-time")) {
        (true, true, time) => (Some(call.group()), time),
        (false, false, None) => (None, None),
        _ => return Err(Refusal::bad("parameters do not specify a backup group or snapshot")),
    };
    if let Some(group) = group.as_ref().filter(|_| limited) {
        let owner = rules::owner(store, &namespace, group)?;
        if !is_owner(&owner, &call.auth_id) {
            return Err(Refusal::bad(format!("backup owner check failed ({} != {owner})", call.auth_id)));
        }
    }
    let place = if namespace.is_empty() { String::new() } else { format!("ns/{namespace}") };
    let slash = if place.is_empty() || group.is_none() { "" } else { "/" };
    let (kind, id) = match (&group, time) {
        (Some(group), Some(time)) => ("verify_snapshot", format!("{name}:{place}{slash}{group}/{time:08X}")),
        (Some(group), None) => ("verify_group", format!("{name}:{place}{slash}{group}")),
        (None, _) if place.is_empty() => ("verify", name.clone()),
        (None, _) => ("verify", format!("{name}:{place}")),
    };
    let work = Verify {
        store: name,
        namespace,
        max_depth: depth(call).unwrap_or(DEPTH_MAX),
        group,
        time,
        ignore_verified: call.flag("ignore-verified").unwrap_or(true),
        outdated_after_days: call.number("outdated-after"),
        job: None,
        only_of: limited.then(|| call.auth_id.clone()),
    };
    start(call, kind, &id, Work::Verify(work))
}

/// The parameter `max-depth`.
pub fn depth(call: &Call<'_>) -> Option<usize> {
    call.number("max-depth").and_then(|depth| usize::try_from(depth).ok())
}

/// `POST /admin/datastore/{store}/prune-datastore`
pub fn prune_datastore(call: &mut Call<'_>) -> Answer {
    let (name, namespace) = (call.word("store"), call.namespace());
    rules::limited(call.server(), &call.auth_id, &name, &namespace, REMOVE)?;
    rules::store(call.server(), &name, true)?;
    let id = if namespace.is_empty() { name.clone() } else { format!("{name}:{namespace}") };
    let work = Prune {
        store: name,
        namespace,
        max_depth: depth(call),
        keep: keep(call),
        dry_run: call.flag("dry-run") == Some(true),
        group: None::<GroupId>,
        job: None,
    };
    start(call, "prune", &id, Work::Prune(work))
}

/// `POST /admin/datastore/{store}/gc`
pub fn collect(call: &mut Call<'_>) -> Answer {
    let name = call.word("store");
    rules::store(call.server(), &name, true)?;
    let is_running =
        |task: &&Task| task.running() && task.kind == "garbage_collection" && task.id.as_deref() == Some(name.as_str());
    let wait_us = wait_for(call.server(), call.now.0, is_running)
        .ok_or_else(|| Refusal::bad(format!("unable to lock garbage collection of '{name}' - got timeout")))?;
    start_collection(call, &name, wait_us)
}

fn start_collection(call: &mut Call<'_>, name: &str, wait_us: u64) -> Answer {
    let (seed, now, owner) = (call.seed, call.now.plus_us(wait_us), call.auth_id.clone());
    let work = Work::Collect(Collect { store: name.to_owned(), schedule: None });
    let lasts_us = work.lasts_us(call.servers, call.address);
    let about = About { kind: "garbage_collection", id: Some(name), owner: &owner };
    let server = call.server_mut();
    let upid = tasks::start(server, seed, now, about, work, lasts_us);
    let zone = server.time_zone();
    if let Some(store) = server.datastores.get_mut(name) {
        store.gc_runs.since = now;
        store.gc_runs.last_upid = Some(upid.clone());
        let schedule = store.option("gc-schedule").map(str::to_owned);
        store.gc_runs.plan(schedule.as_deref(), &zone);
    }
    Ok(Reply { delay_us: wait_us, ..json!(upid).into() })
}

/// How long a request waits until no such task runs any more; `None` when that is too long.
pub fn wait_for(server: &BackupServer, now_us: i64, is_running: impl Fn(&&Task) -> bool) -> Option<u64> {
    let running = server.tasks.iter().filter(is_running);
    let mut waits = running.map(|task| task.due.map(|due| due.0.saturating_sub(now_us).max(0).unsigned_abs()));
    let longest: Option<u64> = waits.try_fold(0, |longest, wait| wait.map(|wait: u64| longest.max(wait)));
    longest.filter(|wait| *wait <= LOCK_WAIT_US)
}

/// `GET /admin/datastore/{store}/gc`
pub fn collection(call: &mut Call<'_>) -> Answer {
    let name = call.word("store");
    let server = call.server();
    let store = server.datastores.get(&name).ok_or_else(|| rules::no_such_datastore(&name))?;
    Ok(collection_view(server, store).into())
}

/// `GET /admin/gc`, `GET /admin/gc/{store}`
pub fn collections(call: &mut Call<'_>) -> Answer {
    let server = call.server();
    let only = call.text("store");
    let sees = |store: &&Datastore| {
        only.is_none_or(|name| name == store.name())
            && rules::sees_datastore(server, &call.auth_id, store.name()) == Ok(true)
    };
    Ok(server.datastores.values().filter(sees).map(|store| collection_view(server, store)).collect::<Value>().into())
}

fn collection_view(server: &BackupServer, store: &Datastore) -> Value {
    let mut view: Map<String, Value> = gc_status(store);
    view.insert("store".to_owned(), json!(store.name()));
    if let Some(schedule) = store.option("gc-schedule") {
        view.insert("schedule".to_owned(), json!(schedule));
    }
    if let Some(next) = store.gc_runs.next_s {
        view.insert("next-run".to_owned(), json!(next));
    }
    let last = store.gc_runs.last_upid.as_ref().and_then(|upid| tasks::position(server, upid));
    if let Some(task) = last.map(|at| &server.tasks[at])
        && let (Some(ended), Some(exit)) = (task.ended, &task.exit)
    {
        view.insert("last-run-state".to_owned(), json!(exit));
        view.insert("last-run-endtime".to_owned(), json!(ended.unix_seconds()));
        view.insert("duration".to_owned(), json!(ended.unix_seconds() - task.started.unix_seconds()));
    }
    Value::Object(view)
}

fn start(call: &mut Call<'_>, kind: &str, id: &str, work: Work) -> Answer {
    let (seed, now, owner) = (call.seed, call.now, call.auth_id.clone());
    let lasts_us = work.lasts_us(call.servers, call.address);
    let about = About { kind, id: Some(id), owner: &owner };
    Ok(json!(tasks::start(call.server_mut(), seed, now, about, work, lasts_us)).into())
}
