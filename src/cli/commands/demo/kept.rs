//! What is left running after a demonstration: the simulated world, and the portal over what was made in it.

use std::num::NonZeroU32;

use crate::cli::arguments::Globals;
use crate::cli::commands::jobs::Options;
use crate::cli::commands::serve::{Arguments, Open};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::demo::script::Script;
use crate::inventory::model::{Client, Contact, ContactRole, Inventory};
use crate::lab::net::serve::Served;
use crate::store::StaffRole;
use crate::util::clock::Clock;
use crate::util::limits;

/// The technician's account: its name, the person and the address.
const TECHNICIAN: (&str, &str, &str) = ("sacha", "Sacha Perrin", "sacha@accolades.example");

/// Answers until the program is asked to stop. Time goes on by itself from now on, as fast as everywhere: links are valid
/// for their minutes, and jobs come at their hours.
///
/// # Errors
/// When the store of the demonstration cannot be opened or the socket fails.
pub async fn keep(
    session: &Session,
    script: &Script<'_>,
    inventory: &Inventory,
    served: Served,
) -> Result<Exit, Failure> {
    served.lab.set_pace(Some(NonZeroU32::MIN));
    let there = over_its_folder(session, script);
    let path = |name: &str| script.folder.path(name);
    let options = Options { drills: path("drills"), archive: path("invoices"), metrics: None };
    let open = Open::listen(&there, Arguments::on_a_free_port(options)).await?;
    let mut out = format!("\nportal {}\n", open.here);
    out.push_str(&client_link(&there, &open, inventory).await?);
    out.push_str(&technician_link(&there, &open).await?);
    out.push_str(&how_to_talk(script));
    session.output.data(&out)?;
    tokio::select! {
        () = served.forever() => Ok(Exit::Ok),
        ended = open.until_stopped() => ended,
    }
}

/// A session of this program over what the demonstration made. Its tokens are drawn from the system, whatever the seed of the
/// world was: the portal is a real one.
fn over_its_folder(session: &Session, script: &Script<'_>) -> Session {
    let path = |name: &str| script.folder.path(name);
    let globals = Globals {
        inventory: path("inventory"),
        store: script.store(),
        key_file: None,
        identity: Some(path("technician-key")),
        mail_folder: path("mail"),
        seed: None,
        // Whoever tries the program out need not be anybody: a container often has no user's name.
        who: Some(session.who().unwrap_or_else(|_| "demo".to_owned())),
        ..session.globals.clone()
    };
    Session { clock: Clock::lab(&script.endpoints.clock), ..Session::new(globals) }
}

/// The way in for somebody who decides at a client.
async fn client_link(there: &Session, open: &Open, inventory: &Inventory) -> Result<String, Failure> {
    let Some((client, contact)) = manager(inventory) else { return Ok(String::new()) };
    let link = open.portal.entry_link(&contact.email, there.now().await?).await?;
    let minutes = limits::PORTAL_LINK_TIME.as_secs() / 60;
    let (name, house, email) = (&contact.name, &client.identity.name, &contact.email);
    let (here, mail) = (&open.here, there.globals.mail_folder.display());
    Ok(format!(
        "\nclient: {name} of {house}, once, within {minutes} minutes\n{link}\n\
         (later: ask for a link at {here}/entrer as {email}; the mail comes into `{mail}`)\n"
    ))
}

/// The way in for a technician, who chooses a password and a second factor first.
async fn technician_link(there: &Session, open: &Open) -> Result<String, Failure> {
    let now = there.now().await?;
    let (account, name, email) = TECHNICIAN;
    let role = StaffRole::Technician;
    open.portal.store.add_account(account, name, email, role, now.as_microsecond()).await?;
    let link = open.portal.invite(account, now).await?;
    let days = limits::PORTAL_INVITATION_TIME.as_secs() / 86_400;
    Ok(format!("\ntechnician: {name}, account `{account}`, once, within {days} days\n{link}\n"))
}

/// The first client that somebody answers for.
fn manager(inventory: &Inventory) -> Option<(&Client, &Contact)> {
    inventory.clients.values().find_map(|client| {
        let manager = client.contacts.iter().find(|one| one.roles.contains(&ContactRole::Manager))?;
        Some((client, manager))
    })
}

fn how_to_talk(script: &Script<'_>) -> String {
    let control = &script.endpoints.control;
    let mut out = format!("\nThe lab goes on at {control} until you interrupt it. To talk to it:\n\n");
    for (name, value) in script.environment() {
        out.push_str(&format!("  export {name}={value}\n"));
    }
    out.push_str("  accolades status\n");
    out
}
