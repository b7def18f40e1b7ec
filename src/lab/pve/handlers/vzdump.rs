//! `/nodes/{node}/vzdump`: backups now, their defaults, and the configuration that one holds.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::common::{check_node, number, required};
use crate::pve::backups;
use crate::pve::call::{Call, Refusal};
use crate::pve::retention::Keep;
use crate::pve::state::Pve;
use crate::pve::state::property::{self, Properties, is_yes};
use crate::pve::state::storage::parse_volid;
use crate::pve::tasks;
use crate::pve::work::vzdump::{Mode, Options};
use crate::pve::work::{Vzdump, Work};
use crate::world::{Site, Surroundings};

/// Where backups go when nothing else is said.
const DEFAULT_STORAGE: &str = "local";
/// How long a backup waits for others of its node, in minutes.
const LOCKWAIT_MINUTES: u64 = 180;
/// How long a guest may take to shut down, in minutes.
const STOPWAIT_MINUTES: u64 = 10;
/// Priority of reading and writing.
const IONICE: u32 = 7;

/// Only root by ticket may set these.
const ONLY_ROOT: [&str; 4] = ["tmpdir", "dumpdir", "script", "job-id"];
/// These change how the host behaves.
const OF_THE_HOST: [&str; 3] = ["bwlimit", "ionice", "performance"];
/// What the log does not show of a request.
const NOT_SHOWN: [&str; 2] = ["vmid", "job-id"];

/// `POST /nodes/{node}/vzdump`. When none of the guests is here the answer is `OK` and no task.
pub fn start(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    if call.flag("stdout") {
        return Err(Refusal::param("stdout", "option is only allowed on the command line interface."));
    }
    check_rights(site, call)?;
    check_selection(&call.params)?;
    for key in ["dumpdir", "tmpdir", "script"] {
        if call.params.contains_key(key) {
            return Err(Refusal::Status(501, format!("the parameter '{key}' of a backup is not simulated in the lab")));
        }
    }
    let guests = selected(&site.pve, call);
    let all = is_all(call);
    if call.flag("stop") {
        stop_running(site, around)?;
        if guests.is_empty() {
            return Ok(json!("OK"));
        }
    }
    if guests.is_empty() && !all {
        return Ok(json!("OK"));
    }
    if let Some(storage) = call.text("storage") {
        site.pve.access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.AllocateSpace"])?;
    }
    let options = options(call, all)?;
    let task_id = match guests.as_slice() {
        [one] => one.to_string(),
        _ => String::new(),
    };
    let work = Work::Vzdump(Vzdump::new(options, call.caller.clone(), guests));
    Ok(tasks::start(site, around, &call.caller.full_id(), "vzdump", &task_id, work))
}

/// `GET /nodes/{node}/vzdump/defaults`
pub fn defaults(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = call.text("storage").unwrap_or_else(|| DEFAULT_STORAGE.to_owned());
    let access = &site.pve.access;
    access.require_any(&call.caller, &format!("/storage/{id}"), &["Datastore.Audit", "Datastore.AllocateSpace"])?;
    let storage = super::storage::find(&site.pve, &id)?;
    if !storage.carries("backup") {
        return Err(Refusal::died(format!("can't use storage '{id}' for backups - wrong content type")));
    }
    let mut answer = json!({
        "all": 0, "bwlimit": 0, "compress": "0", "lockwait": LOCKWAIT_MINUTES, "mailnotification": "always",
        "mode": "snapshot", "notification-mode": "auto", "pigz": 0, "quiet": 0, "remove": 1, "stdexcludes": 1,
        "stop": 0, "stopwait": STOPWAIT_MINUTES, "storage": id, "zstd": 1,
        "prune-backups": storage.option("prune-backups").unwrap_or("keep-all=1"),
    });
    if access.allowed(&call.caller, &format!("/nodes/{}", site.pve.node), &["Sys.Audit"]) {
        answer["ionice"] = json!(IONICE);
        if let Some(path) = storage.path() {
            answer["dumpdir"] = json!(format!("{path}/dump"));
        }
    }
    Ok(answer)
}

/// `GET /nodes/{node}/vzdump/extractconfig`
pub fn extract_config(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let volume = required(call, "volume")?;
    super::volume_access::check(site, call, None, &volume)?;
    let (_, name) = parse_volid(&volume)
        .ok_or_else(|| Refusal::Status(501, "reading an archive by its path is not simulated in the lab".to_owned()))?;
    if let Some(owner) = backups::owner_of(name) {
        site.pve.access.require(&call.caller, &format!("/vms/{owner}"), &["VM.Backup"])?;
    }
    backups::saved_config(site, around, &volume).map(Value::String).map_err(Refusal::died)
}

/// What is restricted beyond the right to back up a guest.
///
/// # Errors
/// 400 for what only root may set, 403 for the rest.
pub fn check_rights(site: &Site, call: &Call) -> Result<(), Refusal> {
    if call.caller.is_root() {
        return Ok(());
    }
    if let Some(key) = ONLY_ROOT.iter().find(|key| call.params.contains_key(**key)) {
        return Err(Refusal::param(key, "Only root may set this option."));
    }
    let access = &site.pve.access;
    if OF_THE_HOST.iter().any(|key| call.params.contains_key(*key)) {
        access.require(&call.caller, "/", &["Sys.Modify"])?;
    }
    if let Some(storage) = fleecing(call) {
        access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.AllocateSpace"])?;
    }
    if call.params.contains_key("prune-backups") {
        let storage = call.text("storage").unwrap_or_else(|| DEFAULT_STORAGE.to_owned());
        access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.Allocate"])?;
    }
    Ok(())
}

/// Exactly one way of choosing guests, of a request or a job.
///
/// # Errors
/// 400 for two ways, or none.
pub fn check_selection(params: &Map<String, Value>) -> Result<(), Refusal> {
    let given = |key: &str| params.get(key).is_some_and(|value| !value.is_null() && value != "0" && value != "");
    for key in ["all", "exclude", "pool"] {
        if given(key) && given("vmid") {
            return Err(Refusal::param(key, "option conflicts with option 'vmid'"));
        }
    }
    let notes = params.get("notes-template").and_then(Value::as_str).unwrap_or_default();
    if notes.contains('\n') {
        return Err(Refusal::param("notes-template", "contains a line feed"));
    }
    if ["all", "exclude", "stop", "pool", "vmid"].iter().any(|key| given(key)) {
        return Ok(());
    }
    Err(Refusal::param("vmid", "property is missing"))
}

/// Excluding somebody means everybody else.
fn is_all(call: &Call) -> bool {
    call.flag("all") || call.params.contains_key("exclude") && !call.params.contains_key("pool")
}

/// The guests that are meant: those of a list also when they do not exist.
fn selected(pve: &Pve, call: &Call) -> Vec<u32> {
    let ids = |key: &str| -> BTreeSet<u32> {
        property::list(&call.text(key).unwrap_or_default()).iter().filter_map(|id| id.parse().ok()).collect()
    };
    if let Some(pool) = call.text("pool") {
        let members = pve.access.pools.get(&pool).map(|pool| pool.vms.clone()).unwrap_or_default();
        return members.into_iter().filter(|vmid| pve.vms.contains_key(vmid)).collect();
    }
    if call.params.contains_key("vmid") {
        return ids("vmid").into_iter().filter(|vmid| *vmid > 0).collect();
    }
    let excluded = ids("exclude");
    if is_all(call) { pve.vms.keys().copied().filter(|vmid| !excluded.contains(vmid)).collect() } else { Vec::new() }
}

fn options(call: &Call, all: bool) -> Result<Options, Refusal> {
    let minutes = |key: &str, otherwise: u64| Ok::<u64, Refusal>(number(call, key)?.unwrap_or(otherwise));
    Ok(Options {
        storage: call.text("storage").unwrap_or_else(|| DEFAULT_STORAGE.to_owned()),
        mode: call.text("mode").as_deref().and_then(Mode::from_name).unwrap_or(Mode::Snapshot),
        compress: call.text("compress").unwrap_or_else(|| "0".to_owned()),
        notes_template: call.text("notes-template"),
        protected: call.flag("protected"),
        keep: call.text("prune-backups").map(|text| Keep::parse(&text)),
        remove: call.text("remove").is_none_or(|text| text == "1"),
        bwlimit_kib: number(call, "bwlimit")?.unwrap_or(0),
        lockwait_minutes: minutes("lockwait", LOCKWAIT_MINUTES)?,
        stopwait_minutes: minutes("stopwait", STOPWAIT_MINUTES)?,
        ionice: number(call, "ionice")?.unwrap_or(IONICE),
        fleecing: fleecing(call),
        all,
        command: command(call),
    })
}

/// The storage for what guests overwrite meanwhile, when that is asked for.
fn fleecing(call: &Call) -> Option<String> {
    let asked = Properties::parse(&call.text("fleecing")?, "enabled");
    let enabled = is_yes(&asked.first);
    asked.get("storage").filter(|_| enabled).map(str::to_owned)
}

/// The request as a command line.
fn command(call: &Call) -> String {
    let guests = property::list(&call.text("vmid").unwrap_or_default());
    let options = call.params.keys().filter(|key| !NOT_SHOWN.contains(&key.as_str())).filter_map(|key| {
        let value = call.text(key)?;
        let plain = value.chars().all(|one| one.is_ascii_alphanumeric() || "-_=,.:/@+".contains(one));
        Some(if plain { format!("--{key} {value}") } else { format!("--{key} '{}'", value.replace('\'', "'\\''")) })
    });
    std::iter::once("vzdump".to_owned()).chain(guests).chain(options).collect::<Vec<_>>().join(" ")
}

/// Kills the backup that runs on this node.
fn stop_running(site: &mut Site, around: Surroundings<'_>) -> Result<(), Refusal> {
    let running = site.pve.tasks.iter().filter(|task| task.running() && task.kind == "vzdump");
    let holder = running
        .filter(|task| matches!(&task.work, Some(Work::Vzdump(work)) if work.has_begun()))
        .map(|task| task.upid.clone())
        .next();
    holder.map_or(Ok(()), |upid| tasks::stop(site, around, &upid))
}
