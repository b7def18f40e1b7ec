//! `accolades apply`: makes instances as the inventory says.

use clap::Args;
use serde_json::json;

use super::{dns, plan};
use crate::cli::acceptance::{self, Standing};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::summary;
use crate::engine::Engine;
use crate::engine::run::{Accepted, Applied, Report};
use crate::plan::desired::Subject;
use crate::plan::render::render;
use crate::plan::{InstancePlan, Plan};
use crate::store::{Scope, Store};

/// Version of the last line that `apply --json` prints.
const JSON_VERSION: u32 = 1;

/// What to make so.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Clients or instances.
    #[arg(value_name = "CLIENT|INSTANCE", required_unless_present_any = ["all", "plan", "rebuild"], conflicts_with = "all")]
    names: Vec<String>,
    /// Everything in the inventory.
    #[arg(long)]
    all: bool,
    /// Take the client's half-made machine away first, and make it anew with the same id: only before the first backup
    /// and before passwords were handed over. Its name has to be typed.
    #[arg(long, value_name = "CLIENT", conflicts_with_all = ["names", "all", "plan"])]
    rebuild: Option<String>,
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
        None => {
            let standing = session.standing(&store).await?;
            demand_known(session, &standing, &arguments).await?;
            acceptance::read(&session.accept(&store, &standing).await?)?
        }
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
    let done = match arguments.rebuild.take() {
        None => carry_out(session, &engine, &accepted, &arguments).await,
        Some(client) => {
            arguments.names.push(client);
            match take_away(session, &engine, &accepted, &arguments.names).await {
                Ok(()) => carry_out(session, &engine, &accepted, &arguments).await,
                Err(failure) => Err(failure),
            }
        }
    };
    drop(engine);
    progress.end().await;
    let Some((plan, report)) = done? else { return Ok(Exit::Ok) };
    tell(session, &accepted, &plan, &report, &arguments)?;
    let settled_before = plan.instances.iter().filter(|part| part.is_settled()).count();
    Ok(summary::exit(&report, settled_before))
}

/// A name that means nothing is said before anybody is asked to accept an edit: the names are those of its files.
async fn demand_known(session: &Session, standing: &Standing, arguments: &Arguments) -> Result<(), Failure> {
    let Some(edit) = &standing.edit else { return Ok(()) };
    let names: Vec<String> = arguments.names.iter().chain(&arguments.rebuild).cloned().collect();
    let day = session.today(&edit.inventory).await?;
    selection::instances(&edit.inventory, &names, day).map(|_| ())
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

/// Destroys the machines of the instances named, after each one's name was typed.
async fn take_away(session: &Session, engine: &Engine, accepted: &Accepted, names: &[String]) -> Result<(), Failure> {
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    for id in selection::instances(inventory, names, day)? {
        let subject = inventory.instances.get(&id).and_then(|instance| Subject::on(inventory, instance, day));
        let Some(subject) = subject else { continue };
        if let Some(objection) = engine.objection_to_rebuilding(&subject).await? {
            let words = format!("`{id}` is not taken away: {objection}");
            return Err(Failure::new(Exit::Conflict, words, "nothing was done"));
        }
        let clients: Vec<String> = subject.clients().map(|client| client.id.to_string()).collect();
        let loss = format!(
            "vm {} on `{}` is destroyed with everything on its disk (clients: {})",
            subject.instance.vmid,
            subject.site.node.name,
            clients.join(", ")
        );
        session.confirm_name(&loss, id.as_str())?;
        engine.take_away(&subject).await?;
    }
    Ok(())
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
