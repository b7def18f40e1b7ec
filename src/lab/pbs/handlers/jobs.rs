//! Jobs of all kinds: their configuration, their state, and running them by hand.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::maintenance::wait_for;
use super::{chosen, digest, update};
use crate::pbs::access::{is_owner, namespace_path};
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;
use crate::pbs::schedule::{self, Kind};
use crate::pbs::state::{BackupServer, Job, Runs, Task};
use crate::pbs::tasks;

type Answer = Result<Reply, Refusal>;

/// Options of verification jobs.
const VERIFY: [&str; 10] = [
    "id",
    "store",
    "schedule",
    "comment",
    "ns",
    "max-depth",
    "ignore-verified",
    "outdated-after",
    "read-threads",
    "verify-threads",
];

/// Options of prune jobs.
const PRUNE: [&str; 12] = [
    "id",
    "store",
    "schedule",
    "comment",
    "disable",
    "ns",
    "max-depth",
    "keep-last",
    "keep-hourly",
    "keep-daily",
    "keep-weekly",
    "keep-monthly",
];

/// The one that does not fit above.
const PRUNE_MORE: [&str; 1] = ["keep-yearly"];

/// Options of sync jobs.
const SYNC: [&str; 23] = [
    "id",
    "store",
    "schedule",
    "comment",
    "ns",
    "max-depth",
    "remote",
    "remote-store",
    "remote-ns",
    "owner",
    "group-filter",
    "remove-vanished",
    "transfer-last",
    "resync-corrupt",
    "verified-only",
    "encrypted-only",
    "rate-in",
    "rate-out",
    "burst-in",
    "burst-out",
    "sync-direction",
    "worker-threads",
    "run-on-mount",
];

/// Options of sync jobs that the lab has no use for.
const SYNC_NOT_SIMULATED: [&str; 4] = ["active-encryption-key", "associated-key", "unmount-on-done", "run-on-mount"];

fn names(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Verify => VERIFY.to_vec(),
        Kind::Prune => PRUNE.iter().chain(&PRUNE_MORE).copied().collect(),
        Kind::Sync => SYNC.to_vec(),
    }
}

fn jobs(server: &BackupServer, kind: Kind) -> &BTreeMap<String, Job> {
    match kind {
        Kind::Verify => &server.jobs.verify,
        Kind::Prune => &server.jobs.prune,
        Kind::Sync => &server.jobs.sync,
    }
}

fn jobs_mut(server: &mut BackupServer, kind: Kind) -> &mut BTreeMap<String, Job> {
    match kind {
        Kind::Verify => &mut server.jobs.verify,
        Kind::Prune => &mut server.jobs.prune,
        Kind::Sync => &mut server.jobs.sync,
    }
}

fn jobs_digest(call: &Call<'_>, kind: Kind) -> String {
    let all: Map<String, Value> =
        jobs(call.server(), kind).iter().map(|(id, job)| (id.clone(), json!(job.options))).collect();
    digest(&Value::Object(all))
}

fn text<'a>(options: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    options.get(name).and_then(Value::as_str)
}

fn acl_path(options: &Map<String, Value>) -> String {
    namespace_path(text(options, "store").unwrap_or_default(), text(options, "ns").unwrap_or_default())
}

/// Whether the caller may see a job.
fn sees(call: &Call<'_>, kind: Kind, options: &Map<String, Value>) -> bool {
    let held = call.server().access.privileges(&call.auth_id, &acl_path(options));
    match kind {
        Kind::Verify => held.has_any(&["Datastore.Audit", "Datastore.Verify"]),
        Kind::Prune => held.has_any(&["Datastore.Audit", "Datastore.Modify"]),
        Kind::Sync => {
            let remote = text(options, "remote").is_none_or(|remote| {
                let path = format!("/remote/{remote}/{}", text(options, "remote-store").unwrap_or_default());
                call.server().access.privileges(&call.auth_id, &path).has_any(&["Remote.Audit"])
            });
            held.has_any(&["Datastore.Audit"]) && remote
        }
    }
}

/// Whether the caller may make, change or run a job.
fn may_change(call: &Call<'_>, kind: Kind, options: &Map<String, Value>) -> Result<(), Refusal> {
    let path = acl_path(options);
    match kind {
        Kind::Verify => call.demand(&path, &["Datastore.Verify"]),
        Kind::Prune => call.demand(&path, &["Datastore.Modify"]),
        Kind::Sync if may_sync(call, options) => Ok(()),
        Kind::Sync => Err(Refusal::bad(format!("permission check failed, '{}' is missing access", call.auth_id))),
    }
}

fn may_sync(call: &Call<'_>, options: &Map<String, Value>) -> bool {
    let access = &call.server().access;
    let held = access.privileges(&call.auth_id, &acl_path(options));
    let vanished = options.get("remove-vanished").and_then(Value::as_bool) == Some(true);
    let owner = text(options, "owner");
    let is_own = owner.is_some_and(|owner| is_owner(owner, &call.auth_id) || owner == call.auth_id);
    let remote = text(options, "remote").is_none_or(|remote| {
        let path = format!("/remote/{remote}/{}", text(options, "remote-store").unwrap_or_default());
        let wanted =
            if text(options, "sync-direction") == Some("push") { "Remote.DatastoreBackup" } else { "Remote.Read" };
        access.privileges(&call.auth_id, &path).has(&[wanted])
    });
    held.has(&["Datastore.Backup"])
        && (!vanished || held.has(&["Datastore.Prune"]))
        && (is_own || held.has(&["Datastore.Modify"]))
        && remote
}

fn list_config(call: &mut Call<'_>, kind: Kind) -> Answer {
    let direction = call.text("sync-direction").unwrap_or("pull");
    let shown = |options: &Map<String, Value>| {
        sees(call, kind, options) && (kind != Kind::Sync || has_direction(options, direction))
    };
    let list: Vec<Value> =
        jobs(call.server(), kind).values().filter(|job| shown(&job.options)).map(|job| json!(job.options)).collect();
    Ok(Reply::from(json!(list)).beside("digest", jobs_digest(call, kind)))
}

fn has_direction(options: &Map<String, Value>, wanted: &str) -> bool {
    wanted == "all" || text(options, "sync-direction").unwrap_or("pull") == wanted
}

fn lookup(call: &Call<'_>, kind: Kind, id: &str) -> Result<Job, Refusal> {
    let missing = || Refusal::bad(format!("no such {} '{id}'", kind.section()));
    jobs(call.server(), kind).get(id).cloned().ok_or_else(missing)
}

fn read_config(call: &mut Call<'_>, kind: Kind) -> Answer {
    let job = lookup(call, kind, &call.word("id"))?;
    if !sees(call, kind, &job.options) {
        return match kind {
            Kind::Sync => Err(Refusal::bad(format!("permission check failed, '{}' is missing access", call.auth_id))),
            Kind::Verify | Kind::Prune => {
                let path = acl_path(&job.options);
                Err(Refusal::bad(format!("missing permissions 'Datastore.Audit' on '{path}'")))
            }
        };
    }
    Ok(Reply::from(json!(job.options)).beside("digest", jobs_digest(call, kind)))
}

fn check_sync(options: &Map<String, Value>) -> Result<(), Refusal> {
    if text(options, "remote").is_some() {
        return Ok(());
    }
    if text(options, "sync-direction") == Some("push") {
        return Err(Refusal::bad("push jobs require a remote"));
    }
    if text(options, "store") == text(options, "remote-store") {
        return Err(Refusal::bad("source and target datastore can't be the same"));
    }
    Ok(())
}

fn refuse_unsimulated(call: &Call<'_>, kind: Kind) -> Result<(), Refusal> {
    let given = SYNC_NOT_SIMULATED.iter().find(|name| kind == Kind::Sync && call.params.contains_key(**name));
    match given {
        Some(name) => {
            Err(Refusal { status: 501, text: format!("lab: the option `{name}` of sync jobs is not simulated") })
        }
        None => Ok(()),
    }
}

fn create(call: &mut Call<'_>, kind: Kind) -> Answer {
    refuse_unsimulated(call, kind)?;
    let options = chosen(call, &names(kind));
    may_change(call, kind, &options)?;
    if kind == Kind::Sync {
        check_sync(&options)?;
    }
    let id = call.word("id");
    if jobs(call.server(), kind).contains_key(&id) {
        return Err(Refusal::param("id", &format!("job '{id}' already exists.")));
    }
    let job = planned(call, without_what_is_assumed(options));
    jobs_mut(call.server_mut(), kind).insert(id, job);
    nothing()
}

/// A job is not disabled unless it says so: the server does not write it down.
fn without_what_is_assumed(mut options: Map<String, Value>) -> Map<String, Value> {
    if options.get("disable").and_then(Value::as_bool) == Some(false) {
        options.remove("disable");
    }
    options
}

/// A job that counts its runs from now.
fn planned(call: &Call<'_>, options: Map<String, Value>) -> Job {
    let mut job = Job { options, runs: Runs { since: call.now, ..Runs::default() } };
    schedule::plan(&mut job, &call.server().time_zone());
    job
}

fn update_config(call: &mut Call<'_>, kind: Kind) -> Answer {
    refuse_unsimulated(call, kind)?;
    call.check_digest(&jobs_digest(call, kind))?;
    let id = call.word("id");
    let mut job = lookup(call, kind, &id)?;
    may_change(call, kind, &job.options)?;
    let before = job.options.get("schedule").cloned();
    update(&mut job.options, call, &names(kind));
    job.options = without_what_is_assumed(job.options);
    may_change(call, kind, &job.options)?;
    if kind == Kind::Sync {
        check_sync(&job.options)?;
    }
    if job.options.get("schedule") != before.as_ref() {
        job.runs.since = call.now;
    }
    schedule::plan(&mut job, &call.server().time_zone());
    jobs_mut(call.server_mut(), kind).insert(id, job);
    nothing()
}

fn delete(call: &mut Call<'_>, kind: Kind) -> Answer {
    call.check_digest(&jobs_digest(call, kind))?;
    let id = call.word("id");
    let job = lookup(call, kind, &id)?;
    may_change(call, kind, &job.options)?;
    jobs_mut(call.server_mut(), kind).remove(&id);
    nothing()
}

fn list_state(call: &mut Call<'_>, kind: Kind) -> Answer {
    let only = call.text("store");
    let direction = call.text("sync-direction").unwrap_or("pull");
    let shown = |job: &&Job| {
        only.is_none_or(|name| text(&job.options, "store") == Some(name))
            && sees(call, kind, &job.options)
            && (kind != Kind::Sync || has_direction(&job.options, direction))
    };
    let list: Vec<Value> =
        jobs(call.server(), kind).values().filter(shown).map(|job| state_view(call.server(), job)).collect();
    Ok(Reply::from(json!(list)).beside("digest", jobs_digest(call, kind)))
}

fn state_view(server: &BackupServer, job: &Job) -> Value {
    let mut view = job.options.clone();
    if let Some(next) = job.runs.next_s {
        view.insert("next-run".to_owned(), json!(next));
    }
    if let Some(upid) = &job.runs.last_upid {
        view.insert("last-run-upid".to_owned(), json!(upid));
        let task = tasks::position(server, upid).map(|at| &server.tasks[at]);
        if let Some((ended, exit)) = task.and_then(|task| Some((task.ended?, task.exit.as_ref()?))) {
            view.insert("last-run-state".to_owned(), json!(exit));
            view.insert("last-run-endtime".to_owned(), json!(ended.unix_seconds()));
        }
    }
    Value::Object(view)
}

fn run(call: &mut Call<'_>, kind: Kind) -> Answer {
    let id = call.word("id");
    let job = lookup(call, kind, &id)?;
    may_change(call, kind, &job.options)?;
    let last = job.runs.last_upid.clone();
    let is_running = |task: &&Task| task.running() && Some(&task.upid) == last.as_ref();
    let wait_us = wait_for(call.server(), call.now.0, is_running)
        .ok_or_else(|| Refusal::bad(format!("unable to lock job '{id}' - got timeout")))?;
    let (seed, now, owner) = (call.seed, call.now.plus_us(wait_us), call.auth_id.clone());
    let upid = schedule::start(call.servers, call.address, seed, now, kind, &id, &owner, None);
    let upid = upid.ok_or_else(|| Refusal::bad(format!("no such {} '{id}'", kind.section())))?;
    Ok(Reply { delay_us: wait_us, ..json!(upid).into() })
}

macro_rules! methods {
    ($module:ident, $kind:expr, $words:literal) => {
        #[doc = $words]
        pub mod $module {
            use super::{Answer, Call, Kind};

            /// Lists the configuration.
            pub fn list(call: &mut Call<'_>) -> Answer {
                super::list_config(call, $kind)
            }

            /// Reads one.
            pub fn read(call: &mut Call<'_>) -> Answer {
                super::read_config(call, $kind)
            }

            /// Makes one.
            pub fn create(call: &mut Call<'_>) -> Answer {
                super::create(call, $kind)
            }

            /// Changes one.
            pub fn update(call: &mut Call<'_>) -> Answer {
                super::update_config(call, $kind)
            }

            /// Removes one.
            pub fn delete(call: &mut Call<'_>) -> Answer {
                super::delete(call, $kind)
            }

            /// Lists them with their runs.
            pub fn state(call: &mut Call<'_>) -> Answer {
                super::list_state(call, $kind)
            }

            /// Runs one now.
            pub fn run(call: &mut Call<'_>) -> Answer {
                super::run(call, $kind)
            }
        }
    };
}

methods!(verify, Kind::Verify, "Verification jobs.");
methods!(prune, Kind::Prune, "Prune jobs.");
methods!(sync, Kind::Sync, "Sync jobs.");
