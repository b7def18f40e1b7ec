//! `accolades adopt`: takes over a machine that stands under an instance's id without our mark.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::plan::desired::Subject;

/// Which instance's.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The instance under whose id the machine stands.
    #[arg(value_name = "INSTANCE")]
    instance: String,
}

/// Asks for the name, then marks the machine.
///
/// # Errors
/// When there is no such machine, or the name is not typed.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    for id in selection::instances(inventory, &[arguments.instance], day)? {
        let subject = inventory.instances.get(&id).and_then(|instance| Subject::on(inventory, instance, day));
        let Some(subject) = subject else { continue };
        let vmid = subject.instance.vmid;
        let loss = format!("vm {vmid} on `{}` becomes the machine of `{id}`", subject.site.node.name);
        session.confirm_name(&loss, id.as_str())?;
        engine.adopt(&subject).await?;
        session.output.say(&format!("vm {vmid} carries the mark of `{id}`\nNext: accolades plan {id}"));
    }
    drop(engine);
    progress.end().await;
    Ok(Exit::Ok)
}
