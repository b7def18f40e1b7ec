//! The scheduler: backup jobs run by themselves as time passes, on the clock of the node (sheet Proxmox, section 9b).

use serde_json::{Map, Value};

use super::call::{Call, Caller};
use super::general::zone_of;
use super::handlers::vzdump;
use super::state::{BackupJob, Pve, property};
use crate::calendar::CalendarEvent;
use crate::world::{Moment, Site, Surroundings};

/// From the power's return until the scheduler looks at the jobs.
const BOOT_US: u64 = 60_000_000;

/// Options of a job that are not the backup's.
const OF_THE_JOB: [&str; 9] =
    ["id", "type", "schedule", "enabled", "comment", "node", "repeat-missed", "starttime", "dow"];

/// Decides when a job runs next, counted from this moment.
pub fn plan(site: &Site, job: &mut BackupJob, now: Moment) {
    job.next = next_run(site, job, now).filter(|_| job.is_enabled() && is_here(&site.pve, job));
}

/// When a job's schedule comes next, whether or not the job is enabled.
pub fn next_run(site: &Site, job: &BackupJob, now: Moment) -> Option<Moment> {
    let event = CalendarEvent::parse(job.options.get("schedule")?).ok()?;
    let next_s = event.next_after(now.unix_seconds(), &zone_of(site))?;
    Some(Moment(next_s.saturating_mul(1_000_000)))
}

/// The job that is due first, with its moment.
pub fn next_due(pve: &Pve) -> Option<(Moment, String)> {
    pve.jobs.iter().filter_map(|(id, job)| Some((job.next?, id))).min().map(|(moment, id)| (moment, id.clone()))
}

/// Runs a job: as root, unless its last run still goes on. A node without one of its guests leaves no task.
pub fn run(site: &mut Site, around: Surroundings<'_>, id: &str) {
    let Some(mut job) = site.pve.jobs.get(id).cloned() else { return };
    plan(site, &mut job, around.now);
    let is_running = |upid: &String| site.pve.tasks.iter().rev().any(|task| task.upid == *upid && task.running());
    if !job.last.as_ref().is_some_and(is_running) {
        let mut params: Map<String, Value> = job
            .options
            .iter()
            .filter(|(key, _)| !OF_THE_JOB.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), Value::String(value.clone())))
            .collect();
        params.insert("node".to_owned(), Value::String(site.pve.node.clone()));
        params.insert("quiet".to_owned(), Value::String("1".to_owned()));
        params.insert("job-id".to_owned(), Value::String(id.to_owned()));
        let caller = Caller { user: "root@pam".to_owned(), token: None };
        // What is refused here stands in the system's log only.
        let started = vzdump::start(site, around, &Call { caller, params }).ok();
        job.last = started.as_ref().and_then(Value::as_str).filter(|upid| upid.starts_with("UPID:")).map(str::to_owned);
    }
    if let Some(kept) = site.pve.jobs.get_mut(id) {
        (kept.next, kept.last) = (job.next, job.last);
    }
}

/// The node was off: what was missed meanwhile is run once where the job says so, and else forgotten.
pub fn after_boot(site: &mut Site, now: Moment) {
    let ids: Vec<String> = site.pve.jobs.keys().cloned().collect();
    for id in ids {
        let Some(mut job) = site.pve.jobs.get(&id).cloned() else { continue };
        if job.next.is_none_or(|next| next > now) {
            continue;
        }
        if job.options.get("repeat-missed").is_some_and(|text| property::is_yes(text)) {
            // The scheduler comes up with the node.
            job.next = Some(now.plus_us(BOOT_US));
        } else {
            plan(site, &mut job, now);
        }
        site.pve.jobs.insert(id, job);
    }
}

fn is_here(pve: &Pve, job: &BackupJob) -> bool {
    job.options.get("node").is_none_or(|node| *node == pve.node)
}
