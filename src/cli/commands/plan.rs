//! `accolades plan`: what `apply` would do.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::cli::{selection, when};
use crate::engine::Engine;
use crate::engine::run::Accepted;
use crate::plan::backups::{self, NextRuns};
use crate::plan::desired::Subject;
use crate::plan::render::render;
use crate::plan::{InstancePlan, Plan};

/// Version of what `plan --json` prints.
const JSON_VERSION: u32 = 1;

/// What to plan.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Clients or instances; all of them when none is named.
    #[arg(value_name = "CLIENT|INSTANCE")]
    names: Vec<String>,
    /// End with code 10 when something is to be done.
    #[arg(long)]
    exit_code: bool,
}

/// Makes a plan, keeps it and shows it.
///
/// # Errors
/// When no inventory is accepted, or a site refuses us.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let plan = make(session, &engine, &accepted, &arguments.names).await?;
    drop(engine);
    progress.end().await;
    if session.output.is_json() {
        let runs: Vec<Value> = runs_of(&accepted, &plan, session.now().await?)
            .into_iter()
            .map(|job| {
                let runs: Vec<_> = job.runs.iter().map(|run| run.at).collect();
                json!({ "instance": job.instance, "job": job.job, "storage": job.storage, "schedule": job.schedule, "next": runs })
            })
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "id": plan.id(), "plan": plan, "backups": runs }))?;
    } else {
        session.output.data(&render(&plan))?;
        session.output.data(&next_runs(&accepted, &plan, session.now().await?))?;
        if has_work(&plan) {
            let names = if arguments.names.is_empty() { "--all".to_owned() } else { arguments.names.join(" ") };
            session.output.data(&format!("Next: accolades apply {names} --plan {}\n", plan.id()))?;
        }
    }
    Ok(exit(&plan, arguments.exit_code))
}

/// The next runs of the backups of every instance of a plan. They are no part of the plan itself: it would be another one
/// after each backup.
fn runs_of(accepted: &Accepted, plan: &Plan, now: Timestamp) -> Vec<NextRuns> {
    let inventory = accepted.inventory.as_ref();
    let subject = |part: &InstancePlan| Subject::on(inventory, inventory.instances.get(&part.instance)?, plan.day);
    plan.instances.iter().filter_map(subject).flat_map(|subject| backups::next_runs(&subject, now)).collect()
}

/// The same for people, of instances with something to do, on the clock of their node.
fn next_runs(accepted: &Accepted, plan: &Plan, now: Timestamp) -> String {
    let inventory = accepted.inventory.as_ref();
    let busy = |job: &NextRuns| plan.instances.iter().any(|part| part.instance == job.instance && !part.is_settled());
    let mut out = String::new();
    for job in runs_of(accepted, plan, now).into_iter().filter(busy) {
        let site = plan.instances.iter().find(|part| part.instance == job.instance).map(|part| &part.site);
        let site = site.and_then(|site| inventory.sites.get(site));
        let zone = site.map_or_else(|| inventory.cooperative_zone(), |site| inventory.site_zone(site));
        let runs: Vec<String> =
            job.runs.iter().map(|run| zone.to_datetime(run.at).strftime("%a %d %b %H:%M").to_string()).collect();
        if out.is_empty() {
            out.push_str("Next backups:\n");
        }
        out.push_str(&format!("  {:<28} {} (`{}` onto {})\n", job.job, runs.join(", "), job.schedule, job.storage));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Observes, decides, and keeps the plan under its id.
///
/// # Errors
/// A name that means nothing, or whatever stops the engine.
pub async fn make(session: &Session, engine: &Engine, accepted: &Accepted, names: &[String]) -> Result<Plan, Failure> {
    let now = session.now().await?;
    let day = when::day(now, &when::zone(&accepted.inventory.cooperative));
    let only = selection::instances(&accepted.inventory, names, day)?;
    let plan = engine.plan(accepted, day, &only).await?;
    engine.keep_plan(&plan).await?;
    Ok(plan)
}

/// Whether applying the plan could change anything.
pub fn has_work(plan: &Plan) -> bool {
    plan.instances.iter().any(|part| part.conflict.is_none() && part.unknown.is_none() && !part.actions.is_empty())
}

fn exit(plan: &Plan, exit_code: bool) -> Exit {
    let parts = &plan.instances;
    if !parts.is_empty() && parts.iter().all(|part| part.unknown.is_some()) {
        Exit::Unreachable
    } else if parts.iter().any(|part| part.conflict.is_some()) {
        Exit::Conflict
    } else if exit_code && !plan.is_settled() {
        Exit::Pending
    } else {
        Exit::Ok
    }
}
