//! Jobs and garbage collection that run by themselves: at the first moment of their calendar after the last start, as
//! root. A run that was missed while the server was off is made up for.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::access::ROOT;
use super::retention::Keep;
use super::state::{BackupServer, BackupServers, Job};
use super::tasks::{self, About};
use super::work::verify::DEPTH_MAX;
use super::work::{Collect, Prune, Sync, Verify, Work};
use crate::world::Moment;

const MINUTE_S: i64 = 60;

/// A kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Verification.
    Verify,
    /// Retention.
    Prune,
    /// Sync.
    Sync,
}

impl Kind {
    /// What the configuration calls it.
    pub fn section(self) -> &'static str {
        match self {
            Kind::Verify => "verification",
            Kind::Prune => "prune",
            Kind::Sync => "sync",
        }
    }

    /// What its tasks are called.
    fn task(self) -> &'static str {
        match self {
            Kind::Verify => "verificationjob",
            Kind::Prune => "prunejob",
            Kind::Sync => "syncjob",
        }
    }
}

/// What runs next by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planned {
    /// A job.
    Job(Kind, String),
    /// Garbage collection of a datastore.
    Collection(String),
}

/// Works out when a job runs next.
pub fn plan(job: &mut Job, zone: &TimeZone) {
    let is_disabled = job.options.get("disable").and_then(Value::as_bool) == Some(true);
    let schedule = job.options.get("schedule").and_then(Value::as_str).filter(|_| !is_disabled).map(str::to_owned);
    job.runs.plan(schedule.as_deref(), zone);
}

/// What a server does next by itself, with its moment.
pub fn next(server: &BackupServer) -> Option<(Moment, Planned)> {
    // The server looks once a minute, at the full minute.
    let at = |seconds: i64| {
        let into_minute_s = seconds.rem_euclid(MINUTE_S);
        let wait_s = if into_minute_s == 0 { 0 } else { MINUTE_S - into_minute_s };
        Moment(seconds.saturating_add(wait_s).saturating_mul(1_000_000))
    };
    let jobs =
        [(Kind::Verify, &server.jobs.verify), (Kind::Prune, &server.jobs.prune), (Kind::Sync, &server.jobs.sync)];
    let of_jobs = jobs.into_iter().flat_map(|(kind, jobs)| {
        jobs.iter().filter_map(move |(id, job)| Some((at(job.runs.next_s?), Planned::Job(kind, id.clone()))))
    });
    let of_stores = server
        .datastores
        .iter()
        .filter_map(|(name, store)| Some((at(store.gc_runs.next_s?), Planned::Collection(name.clone()))));
    of_jobs.chain(of_stores).min()
}

/// Starts what is planned.
pub fn start_planned(servers: &mut BackupServers, address: &str, seed: u64, now: Moment, planned: &Planned) {
    match planned {
        Planned::Job(kind, id) => {
            let schedule = servers
                .0
                .get(address)
                .and_then(|server| job(server, *kind, id))
                .and_then(|job| job.options.get("schedule")?.as_str().map(str::to_owned));
            start(servers, address, seed, now, *kind, id, ROOT, schedule);
        }
        Planned::Collection(name) => {
            let schedule = servers
                .0
                .get(address)
                .and_then(|server| server.datastores.get(name))
                .and_then(|store| store.option("gc-schedule").map(str::to_owned));
            let work = Work::Collect(Collect { store: name.clone(), schedule: schedule.clone() });
            let lasts_us = work.lasts_us(servers, address);
            let Some(server) = servers.0.get_mut(address) else { return };
            let about = About { kind: "garbage_collection", id: Some(name), owner: ROOT };
            let upid = tasks::start(server, seed, now, about, work, lasts_us);
            let zone = server.time_zone();
            if let Some(store) = server.datastores.get_mut(name) {
                store.gc_runs.since = now;
                store.gc_runs.last_upid = Some(upid);
                store.gc_runs.plan(schedule.as_deref(), &zone);
            }
        }
    }
}

fn job<'a>(server: &'a BackupServer, kind: Kind, id: &str) -> Option<&'a Job> {
    match kind {
        Kind::Verify => server.jobs.verify.get(id),
        Kind::Prune => server.jobs.prune.get(id),
        Kind::Sync => server.jobs.sync.get(id),
    }
}

/// Starts a job: its task's identifier, `None` when there is no such job.
#[expect(clippy::too_many_arguments, reason = "who starts what, where and when")]
pub fn start(
    servers: &mut BackupServers,
    address: &str,
    seed: u64,
    now: Moment,
    kind: Kind,
    id: &str,
    owner: &str,
    schedule: Option<String>,
) -> Option<String> {
    let options = job(servers.0.get(address)?, kind, id)?.options.clone();
    let (worker, work) = work(kind, id, &options, schedule);
    let lasts_us = work.lasts_us(servers, address);
    let server = servers.0.get_mut(address)?;
    let about = About { kind: kind.task(), id: Some(&worker), owner };
    let upid = tasks::start(server, seed, now, about, work, lasts_us);
    let zone = server.time_zone();
    let jobs = match kind {
        Kind::Verify => &mut server.jobs.verify,
        Kind::Prune => &mut server.jobs.prune,
        Kind::Sync => &mut server.jobs.sync,
    };
    let job = jobs.get_mut(id)?;
    job.runs.since = now;
    job.runs.last_upid = Some(upid.clone());
    plan(job, &zone);
    Some(upid)
}

/// What a job does, and what its task is about.
fn work(kind: Kind, id: &str, options: &Map<String, Value>, schedule: Option<String>) -> (String, Work) {
    let text = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let depth = options.get("max-depth").and_then(Value::as_u64).and_then(|depth| usize::try_from(depth).ok());
    let (store, namespace) = (text("store"), text("ns"));
    let job = Some((id.to_owned(), schedule));
    match kind {
        Kind::Verify => {
            let work = Verify {
                store: store.clone(),
                namespace,
                max_depth: depth.unwrap_or(DEPTH_MAX),
                group: None,
                time: None,
                ignore_verified: options.get("ignore-verified").and_then(Value::as_bool).unwrap_or(true),
                outdated_after_days: options.get("outdated-after").and_then(Value::as_i64),
                job,
                only_of: None,
            };
            (format!("{store}:{id}"), Work::Verify(work))
        }
        Kind::Prune => {
            let mut keep = Keep::default();
            for (rule, _) in Keep::default().rules() {
                keep.set(rule, options.get(rule).and_then(Value::as_u64).unwrap_or(0));
            }
            let worker = if namespace.is_empty() { store.clone() } else { format!("{store}:{namespace}") };
            let work = Prune { store, namespace, max_depth: depth, keep, dry_run: false, group: None, job };
            (worker, Work::Prune(work))
        }
        Kind::Sync => {
            let work = Sync { job, ..Sync::from_options(options) };
            (work.worker_id(id), Work::Sync(Box::new(work)))
        }
    }
}
