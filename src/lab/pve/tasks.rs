//! The one place where tasks start, end and fail, so that a fault plan can reach every one of them.
//!
//! A method answers with a task at once; what the task does happens when simulated time reaches its end.

use serde_json::Value;

use super::call::Refusal;
use super::state::{Outcome, Pve, Task};
use super::work::{self, Step, Work};
use crate::world::keyed::Key;
use crate::world::{Moment, Site, Surroundings};

/// How many finished tasks a node remembers: its index is rotated (sheet Proxmox, section 4).
const TASKS_KEPT_MAX: usize = 2_000;

/// Starts a task of this owner (`user@realm`, with `!token` when one was used) and answers with its identifier.
pub fn start(site: &mut Site, around: Surroundings<'_>, owner: &str, kind: &str, id: &str, work: Work) -> Value {
    let duration_us = work.duration_us(site, around);
    let fault = take_fault(&mut site.pve, kind);
    let due = (fault != Some(Outcome::Hang)).then(|| around.now.plus_us(duration_us));
    let doom = match fault {
        Some(Outcome::Error(text)) => Some(text),
        Some(Outcome::Hang) | None => None,
    };
    let pstart = u32::try_from((around.now.0 - site.pve.booted.0).max(0) / 10_000).unwrap_or(u32::MAX);
    let task = Task {
        upid: String::new(),
        pid: free_pid(&site.pve, around, kind, id),
        pstart,
        kind: kind.to_owned(),
        id: id.to_owned(),
        owner: owner.to_owned(),
        started: around.now,
        due,
        work: Some(work),
        doom,
        log: Vec::new(),
        ended: None,
        exit: None,
    };
    let upid = format!(
        "UPID:{}:{:08X}:{:08X}:{:08X}:{}:{}:{}:",
        site.pve.node,
        task.pid,
        task.pstart,
        around.now.unix_seconds(),
        kind,
        id,
        task.owner
    );
    site.pve.tasks.push(Task { upid: upid.clone(), ..task });
    forget_old(&mut site.pve);
    Value::String(upid)
}

/// Ends the task that is due first, when one is due at this moment.
pub fn finish(site: &mut Site, around: Surroundings<'_>, index: usize) {
    let Some(task) = site.pve.tasks.get_mut(index) else { return };
    let Some(work) = task.work.take() else { return };
    let doom = if work.has_begun() { task.doom.take() } else { None };
    let (upid, mut log) = (task.upid.clone(), std::mem::take(&mut task.log));
    let step = match doom {
        Some(text) => Step::Ended(Err(work::abandon(work, site, around, &text, &mut log))),
        None => work.step(site, around, &mut log),
    };
    // Other tasks may have been started and forgotten meanwhile.
    let Some(index) = site.pve.tasks.iter().rposition(|task| task.upid == upid) else { return };
    match step {
        Step::Ended(result) => close(&mut site.pve, index, around.now, log, result),
        Step::Vanished => vanish(&mut site.pve, index, around.now, log),
        Step::Again(work, due) => {
            let task = &mut site.pve.tasks[index];
            (task.work, task.due, task.log) = (Some(*work), Some(due), log);
        }
    }
}

/// What a request that waits for its task sees: whether it is done, when it is short enough.
///
/// # Errors
/// 500 with the task's error.
pub fn wait_within(site: &mut Site, around: Surroundings<'_>, upid: &Value, is_short: bool) -> Result<bool, Refusal> {
    let find = |pve: &Pve| pve.tasks.iter().rposition(|task| Some(task.upid.as_str()) == upid.as_str());
    let Some(index) = find(&site.pve).filter(|index| is_short && site.pve.tasks[*index].due.is_some()) else {
        return Ok(false);
    };
    // The request itself waits; for the lab that is the moment in which the task is done.
    finish(site, around, index);
    match find(&site.pve).map(|index| &site.pve.tasks[index]) {
        Some(task) if matches!(task.class(), Some("ok" | "warning")) => Ok(true),
        Some(task) => Err(Refusal::died(task.exit.clone().unwrap_or_default())),
        None => Ok(true),
    }
}

/// The running task that is due first, with its moment.
pub fn next_due(pve: &Pve) -> Option<(Moment, usize)> {
    let due = |(index, task): (usize, &Task)| task.work.as_ref().and(task.due).map(|due| (due, index));
    pve.tasks.iter().enumerate().filter_map(due).min()
}

/// Kills a task: it cleans up as the real one does when it is interrupted.
///
/// # Errors
/// When there is no such task.
pub fn stop(site: &mut Site, around: Surroundings<'_>, upid: &str) -> Result<(), Refusal> {
    let index = position(&site.pve, upid)?;
    let task = &mut site.pve.tasks[index];
    if let Some(work) = task.work.take() {
        let mut log = std::mem::take(&mut task.log);
        let error = work::abandon(work, site, around, "received interrupt", &mut log);
        close(&mut site.pve, index, around.now, log, Err(error));
    }
    Ok(())
}

/// What a node that goes down does to its tasks: their logs end without a verdict.
pub fn lose_all(pve: &mut Pve, now: Moment) {
    for task in pve.tasks.iter_mut().filter(|task| task.running()) {
        task.work = None;
        task.ended = Some(now);
        task.exit = Some("unexpected status".to_owned());
    }
}

/// Where a task stands in the list.
///
/// # Errors
/// 400 on the parameter `upid`: no such task, or not an identifier at all.
pub fn position(pve: &Pve, upid: &str) -> Result<usize, Refusal> {
    if super::state::task::parse_upid(upid).is_none() {
        return Err(Refusal::param("upid", "unable to parse worker upid"));
    }
    pve.tasks.iter().rposition(|task| task.upid == upid).ok_or_else(|| Refusal::param("upid", "no such task"))
}

fn close(pve: &mut Pve, index: usize, now: Moment, mut log: Vec<String>, result: Result<u32, String>) {
    let (exit, last) = match result {
        Ok(0) => ("OK".to_owned(), "TASK OK".to_owned()),
        Ok(warnings) => (format!("WARNINGS: {warnings}"), format!("TASK WARNINGS: {warnings}")),
        Err(error) => {
            // The index keeps one line per task.
            let folded = error.replace('\n', " ");
            (folded.clone(), format!("TASK ERROR: {folded}"))
        }
    };
    log.push(last);
    let task = &mut pve.tasks[index];
    task.log = log;
    task.ended = Some(now);
    task.exit = Some(exit);
    let was_backup = task.kind == "vzdump";
    if was_backup {
        pass_backup_lock(pve, now);
    }
}

/// A process that ended without a verdict leaves a log without one.
fn vanish(pve: &mut Pve, index: usize, now: Moment, log: Vec<String>) {
    let task = &mut pve.tasks[index];
    task.log = log;
    task.ended = Some(now);
    task.exit = Some("unexpected status".to_owned());
}

/// One backup runs at a time on a node: the next one that waits goes on.
fn pass_backup_lock(pve: &mut Pve, now: Moment) {
    let waits = |task: &&mut Task| matches!(&task.work, Some(Work::Vzdump(work)) if work.is_waiting());
    if let Some(next) = pve.tasks.iter_mut().find(waits) {
        next.due = Some(now);
    }
}

fn take_fault(pve: &mut Pve, kind: &str) -> Option<Outcome> {
    let index = pve.fail_next.iter().position(|fault| fault.task_type == kind)?;
    Some(pve.fail_next.remove(index).outcome)
}

fn free_pid(pve: &Pve, around: Surroundings<'_>, kind: &str, id: &str) -> u32 {
    let moment = around.now.0.to_string();
    let wanted = Key::new(around.seed, &[&pve.node, "task", kind, id, &moment]).number(2_000..=400_000);
    let mut pid = u32::try_from(wanted).unwrap_or(2_000);
    while pve.tasks.iter().rev().any(|task| task.pid == pid && task.started == around.now) {
        pid += 1;
    }
    pid
}

fn forget_old(pve: &mut Pve) {
    let surplus = pve.tasks.len().saturating_sub(TASKS_KEPT_MAX);
    let mut left = surplus;
    pve.tasks.retain(|task| {
        let forget = left > 0 && !task.running();
        left -= usize::from(forget);
        !forget
    });
}
