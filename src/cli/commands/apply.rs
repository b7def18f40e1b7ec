//! `accolades apply`: makes instances as the inventory says.

use clap::Args;
use serde_json::json;

use super::{dns, plan};
use crate::cli::acceptance;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::cli::summary;
use crate::engine::Engine;
use crate::engine::run::{Accepted, Applied, Report};
use crate::plan::render::render;
use crate::plan::{InstancePlan, Plan};
use crate::store::{Scope, Store};

/// Version of the last line that `apply --json` prints.
const JSON_VERSION: u32 = 1;

/// What to make so.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Clients or instances.
    #[arg(value_name = "CLIENT|INSTANCE", required_unless_present_any = ["all", "plan"], conflicts_with = "all")]
    names: Vec<String>,
    /// Everything in the inventory.
    #[arg(long)]
    all: bool,
    /// Exactly this plan, as `accolades plan` showed it; refused when the world has moved since.
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
}

/// Plans, shows, asks, and carries the plan out.
///
/// # Errors
/// When the run cannot begin; what happens to each instance is in its report and in the exit code.
pub async fn run(session: &Session, mut arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = match &arguments.plan {
        None => acceptance::read(&session.accept(&store, &session.standing(&store).await?).await?)?,
        Some(_) => {
            session.mention_edit(&store).await?;
            session.accepted(&store).await?
        }
    };
    if let Some(id) = &arguments.plan
        && arguments.names.is_empty()
        && !arguments.all
    {
        arguments.names = names_of(&store, id).await?;
    }
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let done = carry_out(session, &engine, &accepted, &arguments).await;
    drop(engine);
    progress.end().await;
    let Some((plan, report)) = done? else { return Ok(Exit::Ok) };
    tell(session, &accepted, &plan, &report, &arguments)?;
    let settled_before = plan.instances.iter().filter(|part| part.is_settled()).count();
    Ok(summary::exit(&report, settled_before))
}

/// `None` when there was nothing to do.
async fn carry_out(
    session: &Session,
    engine: &Engine,
    accepted: &Accepted,
    arguments: &Arguments,
) -> Result<Option<(Plan, Report)>, Failure> {
    let plan = plan::make(session, engine, accepted, &arguments.names).await?;
    if let Some(id) = &arguments.plan
        && plan.id() != *id
    {
        return Err(Failure::new(
            Exit::Conflict,
            format!("the world moved since plan `{id}` was made; nothing was done"),
            format!("look at the new plan: accolades plan {}", arguments.names.join(" ")),
        ));
    }
    if plan.is_settled() {
        if session.output.is_json() {
            session
                .output
                .json(&json!({ "version": JSON_VERSION, "event": "ended", "plan": plan.id(), "instances": {} }))?;
        } else {
            session.output.data(&render(&plan))?;
        }
        return Ok(None);
    }
    session.output.say(&render(&plan));
    // What waits is looked at again and does no harm; without anything else there is nothing to ask about.
    if plan.instances.iter().flat_map(InstancePlan::ready).next().is_some() {
        session.confirm("Do this?")?;
    }
    let report = engine.apply(accepted, &plan).await?;
    Ok(Some((plan, report)))
}

/// The instances of a plan that was kept.
async fn names_of(store: &Store, id: &str) -> Result<Vec<String>, Failure> {
    let kept = store.plan(&Scope::Staff, id).await?;
    let kept =
        kept.ok_or_else(|| Failure::usage(format!("no plan is called `{id}`"), "make one with `accolades plan`"))?;
    let plan: Plan = serde_json::from_value(kept.content)
        .map_err(|_| Failure::usage(format!("plan `{id}` was made by another version"), "make it again"))?;
    Ok(plan.instances.into_iter().map(|part| part.instance.to_string()).collect())
}

fn tell(
    session: &Session,
    accepted: &Accepted,
    plan: &Plan,
    report: &Report,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let output = &session.output;
    if output.is_json() {
        let ended = json!({ "version": JSON_VERSION, "event": "ended", "plan": plan.id(), "instances": report });
        return output.json(&ended);
    }
    let names = if arguments.names.is_empty() { "--all".to_owned() } else { arguments.names.join(" ") };
    output.data(&summary::text(report, &format!("accolades apply {names}"), output))?;
    for (instance, applied) in report {
        if matches!(applied, Applied::Waiting { .. }) {
            let records = dns::of_instance(&accepted.inventory, instance, plan.day);
            output.data(&format!("\nRecords of `{instance}` to publish at the registrar:\n{}", dns::zone(&records)))?;
        }
    }
    Ok(())
}
