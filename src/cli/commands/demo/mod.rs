//! `accolades demo`: the example co-operative onboarded in a lab, on a bare machine.

mod kept;

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::demo::folder::Folder;
use crate::demo::script::{self, DemoError, Script, Server};
use crate::demo::{rewrite, world};
use crate::domain::backup::names;
use crate::domain::money::Cents;
use crate::inventory;
use crate::inventory::model::{BackupServer, Inventory};
use crate::lab::net::serve::{Ports, Served, serve};
use crate::plan::desired::Subject;
use crate::plan::{cost, dns};

/// The seed of the world when none is given.
const SEED: u64 = 1;

/// A demonstration.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder in which everything is kept; one that an earlier demonstration made is replaced.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    out: PathBuf,
    /// Leave the simulated world running, with the portal over it; print how to enter and how to talk to it.
    #[arg(long)]
    keep: bool,
}

/// Runs it.
///
/// # Errors
/// When the example's inventory has mistakes, the folder is not ours, or a command ends otherwise than it should.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let loaded = inventory::load(&session.globals.inventory)?;
    let seed = session.globals.seed.unwrap_or(SEED);
    let (world, topology) = world::build(&loaded.inventory, seed);
    let served = serve(world, topology, world::ROOT_PASSWORD, Ports::default())
        .await
        .map_err(|error| Failure::new(Exit::Configuration, format!("the lab cannot listen: {error}"), ""))?;
    let folder = Folder::make(&arguments.out).map_err(|error| Failure::new(Exit::Usage, error.to_string(), ""))?;
    let files = rewrite::point_to_lab(&loaded.files, &served.endpoints)
        .map_err(|error| Failure::new(Exit::Configuration, error.to_string(), ""))?;
    let inventory = inventory::check(&files)?;
    let write = |name: &str, text: &str| {
        folder.write(name, text).map_err(|error| Failure::new(Exit::Configuration, error.to_string(), ""))
    };
    folder.write_inventory(&files).map_err(|error| Failure::new(Exit::Configuration, error.to_string(), ""))?;
    write("technician-key", &served.endpoints.technician_key)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Configuration, format!("the program does not find itself: {error}"), ""))?;
    let endpoints = served.endpoints.clone();
    let script = Script { program, folder: &folder, endpoints: &endpoints, quiet: session.output.is_json() };
    // The commands are processes that talk to the lab in this one: they are waited for off its threads.
    tokio::task::block_in_place(|| play(&script, &inventory, &served)).map_err(failed)?;
    write("transcript.jsonl", &served.lab.lock().transcript.lines())?;
    session.output.data(&costs(&inventory))?;
    session.output.data(&format!("\nEverything it made is in `{}`.\n", arguments.out.display()))?;
    if arguments.keep {
        return kept::keep(session, &script, &inventory, served).await;
    }
    Ok(Exit::Ok)
}

fn play(script: &Script<'_>, inventory: &Inventory, served: &Served) -> Result<(), DemoError> {
    let sites: Vec<(String, String)> =
        inventory.sites.values().map(|site| (site.id.to_string(), site.node.backup_disk_serial.clone())).collect();
    let servers: Vec<Server> = inventory.backup_servers.values().map(server).collect();
    script.until_dns(&servers, &sites)?;
    let day = world::beginning_day();
    for subject in inventory.instances.values().filter_map(|instance| Subject::on(inventory, instance, day)) {
        script::publish(&served.lab, dns::records(inventory, subject.site, subject.placement, subject.clients()));
    }
    let clients: Vec<String> = inventory.clients.keys().map(ToString::to_string).collect();
    script.after_dns(&clients)?;
    let instances: Vec<String> = inventory.instances.keys().map(ToString::to_string).collect();
    script.backups(&instances)?;
    script::pass_until(&served.lab, world::MORNING_AFTER);
    script.morning_after()?;
    match &inventory.cooperative.billing.iban {
        Some(iban) => script.months(&served.lab, iban),
        None => Ok(()),
    }
}

/// A backup server of the lab, with what its administrator tells us.
fn server(server: &BackupServer) -> Server {
    let (secret_name, secret) = match server.ours {
        true => (names::admin_secret(&server.id), world::ROOT_PASSWORD),
        false => (names::partner_token_secret(&server.id), world::PARTNER_TOKEN),
    };
    Server { id: server.id.to_string(), secret_name, secret: secret.to_owned() }
}

/// What the seats cost a month, client by client.
fn costs(inventory: &Inventory) -> String {
    let mut out = String::from("\nPer month, excluding VAT\n");
    let mut total = Cents::default();
    for client in inventory.clients.values() {
        if let Some((seats, amount)) = cost::monthly(client, world::beginning_day()) {
            let seats = format!("{seats:>3} {}", if seats == 1 { "seat" } else { "seats" });
            out.push_str(&format!("  {:<28} {seats:<9} {:>14}\n", client.identity.name, amount.to_string()));
            total = [total, amount].into_iter().sum();
        }
    }
    out.push_str(&format!("  {:<28} {:>9} {:>14}\n", "together", "", total.to_string()));
    out
}

fn failed(error: DemoError) -> Failure {
    Failure::new(Exit::Stopped, error.to_string(), "")
}
