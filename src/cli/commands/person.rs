//! `accolades person`: people who left.

use clap::Subcommand;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::domain::ids::PersonId;
use crate::plan::desired::Subject;

/// What to do about somebody who left.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Delete the account, the mailbox and the home of somebody whose seat ended more than 30 days ago
    Delete {
        /// The client.
        client: String,
        /// The person's id.
        person: String,
    },
}

/// Names what is lost, asks for the username, and deletes.
///
/// # Errors
/// While the person has a seat or the data is still kept.
pub async fn run(session: &Session, what: Person) -> Result<Exit, Failure> {
    let Person::Delete { client, person } = what;
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    let client = selection::client(inventory, &client)?;
    let found = PersonId::new(person.as_str()).ok().and_then(|id| client.persons.get(&id));
    let found = found.ok_or_else(|| {
        Failure::usage(
            format!("`{}` has nobody called `{person}`", client.id),
            "see the client's file in the inventory",
        )
    })?;
    let instance = client.instance_on(day).and_then(|id| inventory.instances.get(id));
    let subject = instance.and_then(|instance| Subject::on(inventory, instance, day));
    let subject = subject
        .ok_or_else(|| Failure::usage(format!("client `{}` lives nowhere on {day}", client.id), "nothing was done"))?;
    let loss = format!(
        "{} {}: account `{}`, mailbox {}@{} and home are lost for good; files in Nextcloud that were not handed on, too",
        found.first_name, found.last_name, found.username, found.username, found.mail_domain
    );
    session.confirm_name(&loss, &found.username)?;
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let deleted = engine.delete_person(&subject, client, found).await;
    drop(engine);
    progress.end().await;
    deleted?;
    session.output.say(&format!("`{}` is deleted", found.username));
    Ok(Exit::Ok)
}
