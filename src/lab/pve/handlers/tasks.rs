//! `/nodes/{node}/tasks` and `/cluster/tasks`.

use serde_json::{Value, json};

use super::common::{check_node, number, required};
use crate::pve::call::{Call, Caller, Refusal};
use crate::pve::message::listed;
use crate::pve::state::{Pve, Task, property};
use crate::pve::tasks;
use crate::world::{Site, Surroundings};

/// Tasks that a node tells the others about.
const RECENT_MAX: usize = 25;
/// Entries of a listing unless asked otherwise.
const LIMIT_DEFAULT: usize = 50;

/// `GET /cluster/tasks`: the recent ones. The real code compares the plain user with the token, so a token does not
/// see its own tasks here without Sys.Audit on `/` (sheet Proxmox, section 3).
pub fn recent(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let all = site.pve.access.allowed(&call.caller, "/", &["Sys.Audit"]);
    let tasks = newest_first(&site.pve).filter(|task| all || task.owner == call.caller.user);
    Ok(tasks.take(RECENT_MAX).map(|task| list_entry(&site.pve, task, "")).collect())
}

/// `GET /nodes/{node}/tasks`
pub fn list(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let pve = &site.pve;
    let auditor = pve.access.allowed(&call.caller, &format!("/nodes/{}", pve.node), &["Sys.Audit"]);
    let source = call.text("source").unwrap_or_else(|| "archive".to_owned());
    let wanted = Filter::read(call)?;
    let start = number(call, "start")?.unwrap_or(0);
    let limit = number(call, "limit")?.unwrap_or(LIMIT_DEFAULT);
    let matching: Vec<&Task> = newest_first(pve)
        .filter(|task| match source.as_str() {
            "active" => task.running(),
            "all" => true,
            _ => !task.running(),
        })
        .filter(|task| auditor || owns(&call.caller, task))
        .filter(|task| wanted.matches(task))
        .collect();
    let part = matching.iter().skip(start).take(limit).map(|task| list_entry(pve, task, "RUNNING")).collect();
    Ok(listed(part, matching.len()))
}

/// `GET /nodes/{node}/tasks/{upid}`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    Ok(super::common::index("name", &["log", "status"]))
}

/// `GET /nodes/{node}/tasks/{upid}/status`: no end time here (sheet Proxmox, section 4).
pub fn status(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let task = readable(site, call)?;
    let mut answer = json!({
        "upid": task.upid,
        "node": site.pve.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.started.unix_seconds(),
        "type": task.kind,
        "id": task.id,
        "user": task.user(),
        "status": if task.running() { "running" } else { "stopped" },
    });
    if let Some(token) = task.token() {
        answer["tokenid"] = json!(token);
    }
    if let Some(exit) = &task.exit {
        answer["exitstatus"] = json!(exit);
    }
    Ok(answer)
}

/// `GET /nodes/{node}/tasks/{upid}/log`
pub fn log(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let start: usize = number(call, "start")?.unwrap_or(0);
    let limit: usize = number(call, "limit")?.unwrap_or(LIMIT_DEFAULT);
    if call.flag("download") {
        if call.params.contains_key("start") || call.params.contains_key("limit") {
            return Err(Refusal::param("download", "cannot be used together with 'start' or 'limit'"));
        }
        return Err(Refusal::Status(501, "download=1 is not simulated in the lab".to_owned()));
    }
    let task = readable(site, call)?;
    // An empty log is shown as one line.
    let lines: Vec<&str> =
        if task.log.is_empty() { vec!["no content"] } else { task.log.iter().map(String::as_str).collect() };
    let page = lines.iter().enumerate().skip(start).take(limit).map(|(n, text)| json!({ "n": n + 1, "t": text }));
    Ok(listed(page.collect(), lines.len()))
}

/// `DELETE /nodes/{node}/tasks/{upid}`
pub fn stop(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let upid = required(call, "upid")?;
    let task = &site.pve.tasks[tasks::position(&site.pve, &upid)?];
    if !owns(&call.caller, task) {
        site.pve.access.require(&call.caller, &format!("/nodes/{}", site.pve.node), &["Sys.Modify"])?;
    }
    tasks::stop(site, around, &upid)?;
    Ok(Value::Null)
}

/// What a listing is narrowed by.
struct Filter {
    kind: Option<String>,
    vmid: Option<u32>,
    user: Option<String>,
    errors: bool,
    since: Option<i64>,
    until: Option<i64>,
    classes: Vec<String>,
}

impl Filter {
    fn read(call: &Call) -> Result<Filter, Refusal> {
        Ok(Filter {
            kind: call.text("typefilter"),
            vmid: number(call, "vmid")?,
            user: call.text("userfilter"),
            errors: call.flag("errors"),
            since: number(call, "since")?,
            until: number(call, "until")?,
            classes: call.text("statusfilter").map(|text| property::list(&text)).unwrap_or_default(),
        })
    }

    fn matches(&self, task: &Task) -> bool {
        let start = task.started.unix_seconds();
        let class = task.class();
        self.kind.as_ref().is_none_or(|kind| task.kind == *kind)
            && self.vmid.is_none_or(|vmid| task.id == vmid.to_string())
            && self.user.as_ref().is_none_or(|user| task.owner.contains(user.as_str()))
            && (!self.errors || matches!(class, Some("error" | "unknown")))
            && self.since.is_none_or(|since| start >= since)
            && self.until.is_none_or(|until| start <= until)
            && (self.classes.is_empty() || class.is_some_and(|class| self.classes.iter().any(|one| one == class)))
    }
}

fn newest_first(pve: &Pve) -> impl Iterator<Item = &Task> {
    pve.tasks.iter().rev()
}

fn list_entry(pve: &Pve, task: &Task, running: &str) -> Value {
    let mut entry = json!({
        "upid": task.upid,
        "node": pve.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.started.unix_seconds(),
        "type": task.kind,
        "id": task.id,
        "user": task.user(),
    });
    if let Some(token) = task.token() {
        entry["tokenid"] = json!(token);
    }
    match (&task.exit, task.ended) {
        (Some(exit), Some(ended)) => {
            entry["endtime"] = json!(ended.unix_seconds());
            entry["status"] = json!(exit);
        }
        _ if !running.is_empty() => entry["status"] = json!(running),
        _ => {}
    }
    entry
}

/// A token owns what it started itself; a user also owns what his tokens started.
fn owns(caller: &Caller, task: &Task) -> bool {
    task.owner == caller.full_id() || caller.token.is_none() && task.user() == caller.user
}

fn readable<'a>(site: &'a Site, call: &Call) -> Result<&'a Task, Refusal> {
    check_node(site, call)?;
    let upid = required(call, "upid")?;
    let task = &site.pve.tasks[tasks::position(&site.pve, &upid)?];
    if !owns(&call.caller, task) {
        site.pve.access.require(&call.caller, &format!("/nodes/{}", site.pve.node), &["Sys.Audit"])?;
    }
    Ok(task)
}
