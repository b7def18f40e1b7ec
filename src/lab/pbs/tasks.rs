//! The one place where tasks of a backup server start, end and fail, so that a fault plan can reach every one of them.
//!
//! A method answers with a task at once; what the task does happens when simulated time reaches its end.

use super::state::task::Upid;
use super::state::{BackupServer, Outcome, Task};
use super::work::{Ending, Work};
use crate::world::Moment;
use crate::world::keyed::Key;

/// How many finished tasks a server remembers: its index is rotated.
const TASKS_KEPT_MAX: usize = 2_000;

/// Seconds between boot and the start of the server's processes.
const STARTED_AFTER_BOOT_S: u64 = 12;

/// What a task is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its type.
    pub kind: &'a str,
    /// Its subject, not escaped.
    pub id: Option<&'a str>,
    /// User or token that it belongs to.
    pub owner: &'a str,
}

/// Starts a task whose work is done after so many microseconds, and answers with its identifier.
pub fn start(server: &mut BackupServer, seed: u64, now: Moment, about: About<'_>, work: Work, lasts_us: u64) -> String {
    let fault = take_fault(server, about.kind);
    let due = (fault != Some(Outcome::Hang)).then(|| now.plus_us(lasts_us));
    let doom = match fault {
        Some(Outcome::Error(text)) => Some(text),
        Some(Outcome::Hang) | None => None,
    };
    add(server, seed, now, about, Some(work), due, doom)
}

/// Starts a task that lasts until [`end`] ends it: what a client does over a connection of its own.
pub fn open(server: &mut BackupServer, seed: u64, now: Moment, about: About<'_>) -> String {
    add(server, seed, now, about, None, None, None)
}

fn add(
    server: &mut BackupServer,
    seed: u64,
    now: Moment,
    about: About<'_>,
    work: Option<Work>,
    due: Option<Moment>,
    doom: Option<String>,
) -> String {
    let pid = u32::try_from(Key::new(seed, &[&server.id, "backup server", "pid"]).number(600..=4_000)).unwrap_or(600);
    let pstart = u32::try_from(STARTED_AFTER_BOOT_S * 100 + u64::from(pid % 100)).unwrap_or_default();
    let upid = Upid {
        node: server.node.clone(),
        pid,
        pstart: u64::from(pstart),
        number: server.number(),
        started_s: now.unix_seconds(),
        kind: about.kind.to_owned(),
        id: about.id.filter(|id| !id.is_empty()).map(str::to_owned),
        owner: about.owner.to_owned(),
    }
    .print();
    server.tasks.push(Task {
        upid: upid.clone(),
        pid,
        pstart,
        kind: about.kind.to_owned(),
        id: about.id.filter(|id| !id.is_empty()).map(str::to_owned),
        owner: about.owner.to_owned(),
        started: now,
        due,
        work,
        doom,
        log: Vec::new(),
        ended: None,
        exit: None,
    });
    forget_old(server);
    upid
}

/// The running task that is due first, with its moment.
pub fn next_due(server: &BackupServer) -> Option<(Moment, usize)> {
    let due = |(index, task): (usize, &Task)| task.work.as_ref().and(task.due).map(|due| (due, index));
    server.tasks.iter().enumerate().filter_map(due).min()
}

/// Where a task stands in the list.
pub fn position(server: &BackupServer, upid: &str) -> Option<usize> {
    server.tasks.iter().rposition(|task| task.upid == upid)
}

/// Adds a line to a task's log.
pub fn say(server: &mut BackupServer, upid: &str, now: Moment, line: impl Into<String>) {
    if let Some(at) = position(server, upid) {
        server.tasks[at].log.push((now, line.into()));
    }
}

/// Ends a task, if it still runs.
pub fn end(server: &mut BackupServer, upid: &str, now: Moment, ending: &Ending) {
    let Some(at) = position(server, upid).filter(|at| server.tasks[*at].running()) else { return };
    let (exit, last) = match ending {
        Ok(0) => ("OK".to_owned(), "TASK OK".to_owned()),
        Ok(warnings) => (format!("WARNINGS: {warnings}"), format!("TASK WARNINGS: {warnings}")),
        Err(error) => (error.clone(), format!("TASK ERROR: {error}")),
    };
    let task = &mut server.tasks[at];
    task.work = None;
    task.log.push((now, last));
    task.ended = Some(now);
    task.exit = Some(exit);
}

/// What a server that goes down does to its tasks: nobody says how they ended.
pub fn lose_all(server: &mut BackupServer, now: Moment) {
    for task in server.tasks.iter_mut().filter(|task| task.running()) {
        task.work = None;
        task.ended = Some(now);
        task.exit = Some("unknown".to_owned());
    }
}

fn take_fault(server: &mut BackupServer, kind: &str) -> Option<Outcome> {
    let index = server.fail_next.iter().position(|fault| fault.task_type == kind)?;
    Some(server.fail_next.remove(index).outcome)
}

fn forget_old(server: &mut BackupServer) {
    let mut left = server.tasks.len().saturating_sub(TASKS_KEPT_MAX);
    server.tasks.retain(|task| {
        let forget = left > 0 && !task.running();
        left -= usize::from(forget);
        !forget
    });
}
