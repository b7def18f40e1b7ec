//! Tasks.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::pbs::access::is_owner;
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::content::remove_snapshot;
use crate::pbs::refusal::{NO_SUCH_FILE, Refusal};
use crate::pbs::state::task::Upid;
use crate::pbs::state::{Place, Task};
use crate::pbs::tasks;
use crate::world::Moment;

type Answer = Result<Reply, Refusal>;

/// How many tasks or lines are listed when nothing else is said.
const LIMIT: i64 = 50;

/// The path of rights over everybody's tasks.
const TASKS_PATH: &str = "/system/tasks";

/// `GET /nodes/{node}/tasks`, whatever the node is called.
pub fn list(call: &mut Call<'_>) -> Answer {
    let sees_all = call.may(TASKS_PATH, &["Sys.Audit"]);
    let limit = call.number("limit").unwrap_or(LIMIT);
    let limit = if limit <= 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let start = usize::try_from(call.number("start").unwrap_or(0)).unwrap_or(0);
    let filters = Filters::of(call);
    let server = call.server();
    let (running, ended): (Vec<&Task>, Vec<&Task>) = server.tasks.iter().rev().partition(|task| task.running());
    let visible = running
        .into_iter()
        .chain(ended)
        .filter(|task| sees_all || is_owner(&task.owner, &call.auth_id))
        .filter(|task| filters.fit(task));
    let list: Vec<Value> = visible.skip(start).take(limit).map(|task| list_view(&server.node, task)).collect();
    // Whoever gets a full page learns only that there may be one more.
    let more = usize::from(!list.is_empty() && list.len() >= limit);
    let total = list.len() + start + more;
    let total = if list.is_empty() { start } else { total };
    Ok(Reply::from(json!(list)).beside("total", json!(total)))
}

struct Filters {
    running: bool,
    errors: bool,
    classes: Vec<String>,
    kind: Option<String>,
    user: Option<String>,
    store: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Filters {
    fn of(call: &Call<'_>) -> Filters {
        let text = |name: &str| call.text(name).map(str::to_owned);
        Filters {
            running: call.flag("running") == Some(true),
            errors: call.flag("errors") == Some(true),
            classes: call.list("statusfilter"),
            kind: text("typefilter"),
            user: text("userfilter"),
            store: text("store"),
            since: call.number("since"),
            until: call.number("until"),
        }
    }

    fn fit(&self, task: &Task) -> bool {
        let started_s = task.started.unix_seconds();
        let class = task.class();
        (!self.running || task.running())
            && (!self.errors || class.is_some_and(|class| class != "ok"))
            && (self.classes.is_empty() || class.is_some_and(|class| self.classes.iter().any(|one| one == class)))
            && self.kind.as_ref().is_none_or(|kind| task.kind.contains(kind.as_str()))
            && self.user.as_ref().is_none_or(|user| task.owner.contains(user.as_str()))
            && self.store.as_ref().is_none_or(|store| is_about(task, store))
            && self.since.is_none_or(|since| started_s >= since)
            && self.until.is_none_or(|until| started_s <= until)
    }
}

/// Whether a task is about a datastore.
fn is_about(task: &Task, store: &str) -> bool {
    let Some(id) = &task.id else { return false };
    if task.kind == "syncjob" {
        return id.split(':').nth(2) == Some(store);
    }
    id == store || id.strip_prefix(store).is_some_and(|rest| rest.starts_with(':'))
}

fn list_view(node: &str, task: &Task) -> Value {
    let mut view = json!({
        "upid": task.upid,
        "node": node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.started.unix_seconds(),
        "worker_type": task.kind,
        "worker_id": task.id,
        "user": task.owner,
    });
    if let (Some(ended), Some(exit)) = (task.ended, &task.exit) {
        view["endtime"] = json!(ended.unix_seconds());
        view["status"] = json!(exit);
    }
    view
}

/// What an identifier says; a text that fits the pattern can be read.
fn parse(call: &Call<'_>) -> Result<Upid, Refusal> {
    let text = call.word("upid");
    Upid::parse(&text).ok_or_else(|| Refusal::bad(format!("unable to parse UPID '{text}'")))
}

fn may_read(call: &Call<'_>, upid: &Upid) -> Result<(), Refusal> {
    if is_owner(&upid.owner, &call.auth_id) || call.may(TASKS_PATH, &["Sys.Audit"]) {
        return Ok(());
    }
    Err(Refusal::bad("task access not allowed"))
}

fn task<'a>(call: &'a Call<'_>) -> Option<&'a Task> {
    let server = call.server();
    tasks::position(server, &call.word("upid")).map(|at| &server.tasks[at])
}

/// `GET /nodes/{node}/tasks/{upid}/status`: one that never was has ended in an unknown way.
pub fn status(call: &mut Call<'_>) -> Answer {
    let upid = parse(call)?;
    may_read(call, &upid)?;
    let (user, token) = match upid.owner.split_once('!') {
        Some((user, token)) => (user.to_owned(), Some(token.to_owned())),
        None => (upid.owner.clone(), None),
    };
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("upid", json!(call.word("upid")));
    put("node", json!(upid.node));
    put("pid", json!(upid.pid));
    put("pstart", json!(upid.pstart));
    put("starttime", json!(upid.started_s));
    put("type", json!(upid.kind));
    put("id", json!(upid.id));
    put("user", json!(user));
    if let Some(token) = token {
        put("tokenid", json!(token));
    }
    match task(call) {
        Some(task) if task.running() => {
            put("status", json!("running"));
        }
        found => {
            put("status", json!("stopped"));
            put("exitstatus", json!(found.and_then(|task| task.exit.clone()).unwrap_or_else(|| "unknown".to_owned())));
            if let Some(ended) = found.and_then(|task| task.ended) {
                put("endtime", json!(ended.unix_seconds()));
            }
        }
    }
    Ok(Value::Object(view).into())
}

/// `GET /nodes/{node}/tasks/{upid}/log`
pub fn log(call: &mut Call<'_>) -> Answer {
    let upid = parse(call)?;
    may_read(call, &upid)?;
    let zone = call.server().time_zone();
    let Some(task) = task(call) else { return Err(Refusal::bad(NO_SUCH_FILE)) };
    let lines: Vec<String> = task.log.iter().map(|(at, line)| format!("{}: {line}", local(*at, &zone))).collect();
    if call.flag("download") == Some(true) {
        let text = lines.iter().map(|line| format!("{line}\n")).collect();
        return Ok(Reply { text: Some(text), ..Reply::default() });
    }
    let start = call.number("start").unwrap_or(0);
    let limit = call.number("limit").unwrap_or(LIMIT);
    let limit = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let part: Vec<Value> = (1_i64..)
        .zip(&lines)
        .filter(|(number, _)| *number >= start)
        .take(limit)
        .map(|(number, line)| json!({ "n": number, "t": line }))
        .collect();
    let mut reply = Reply::from(json!(part)).beside("success", 1).beside("total", json!(lines.len()));
    if call.flag("test-status") == Some(true) {
        reply = reply.beside("active", task.running());
    }
    Ok(Reply { own_form: true, ..reply })
}

/// A moment as logs write it: local time with its distance from UTC.
fn local(at: Moment, zone: &jiff::tz::TimeZone) -> String {
    Timestamp::from_second(at.unix_seconds())
        .map(|moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

/// `DELETE /nodes/{node}/tasks/{upid}`: stops it; one that has ended is let be.
pub fn stop(call: &mut Call<'_>) -> Answer {
    let upid = parse(call)?;
    if !is_owner(&upid.owner, &call.auth_id) {
        call.demand(TASKS_PATH, &["Sys.Modify"])?;
    }
    let (text, now) = (call.word("upid"), call.now);
    let server = call.server_mut();
    for store in server.datastores.values_mut() {
        let written: Vec<Place> = store
            .namespaces
            .iter()
            .flat_map(|(namespace, place)| place.groups.iter().map(move |(id, group)| (namespace, id, group)))
            .flat_map(|(namespace, id, group)| {
                let running = group.snapshots.iter().filter(|(_, one)| one.running.as_ref() == Some(&text));
                running.map(|(time, _)| Place { namespace: namespace.clone(), group: id.clone(), time: *time })
            })
            .collect();
        written.iter().for_each(|place| remove_snapshot(store, place));
    }
    tasks::end(server, &text, now, &Err("abort requested - aborting task".to_owned()));
    nothing()
}
