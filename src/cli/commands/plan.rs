//! `accolades plan`: what `apply` would do.

use clap::Args;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::cli::{selection, when};
use crate::engine::Engine;
use crate::engine::run::Accepted;
use crate::plan::Plan;
use crate::plan::render::render;
use crate::store::{PlanRecord, Scope, StoreError};

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
        session.output.json(&json!({ "version": JSON_VERSION, "id": plan.id(), "plan": plan }))?;
    } else {
        session.output.data(&render(&plan))?;
        if has_work(&plan) {
            let names = if arguments.names.is_empty() { "--all".to_owned() } else { arguments.names.join(" ") };
            session.output.data(&format!("Next: accolades apply {names} --plan {}\n", plan.id()))?;
        }
    }
    Ok(exit(&plan, arguments.exit_code))
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
    keep(engine, &plan, now.as_microsecond()).await?;
    Ok(plan)
}

/// The same decisions have the same id: a plan that is kept already stays as it is.
async fn keep(engine: &Engine, plan: &Plan, at_us: i64) -> Result<(), StoreError> {
    let id = plan.id();
    let content = serde_json::to_value(plan).expect("a plan is plain data");
    if engine.store.plan(&Scope::Staff, &id).await?.is_some_and(|kept| kept.content == content) {
        return Ok(());
    }
    let record = PlanRecord {
        observed_digest: id.clone(),
        id,
        inventory_number: plan.inventory_number,
        scope: Scope::Staff,
        content,
        created_at_us: at_us,
    };
    engine.store.save_plan(&record).await
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
