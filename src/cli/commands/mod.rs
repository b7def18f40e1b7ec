//! One file per command.

pub mod account;
pub mod adopt;
pub mod apply;
pub mod backup;
pub mod backup_server;
pub mod billing;
pub mod check;
pub mod client;
pub mod completions;
#[cfg(feature = "lab")]
pub mod demo;
pub mod dns;
pub mod drill;
pub mod inventory;
pub mod jobs;
pub mod key;
#[cfg(feature = "lab")]
pub mod lab;
pub mod mail;
pub mod man;
pub mod person;
pub mod plan;
pub mod request;
pub mod restore;
pub mod seat;
pub mod secret;
pub mod serve;
pub mod site;
pub mod status;
pub mod store;
pub mod support;
pub mod watch;
pub mod welcome;

use super::arguments::Command;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

/// Runs a command.
///
/// # Errors
/// Whatever stops it.
pub async fn run(session: &Session, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Check => check::run(session),
        Command::Inventory(what) => inventory::run(session, what).await,
        Command::Client(what) => client::run(session, what),
        Command::Seat(what) => seat::run(session, what),
        Command::Plan(arguments) => plan::run(session, arguments).await,
        Command::Backup(what) => backup::run(session, what).await,
        Command::Account(what) => account::run(session, what).await,
        Command::Request(what) => request::run(session, what).await,
        Command::Serve(arguments) => serve::run(session, arguments).await,
        Command::Watch(arguments) => watch::run(session, arguments).await,
        Command::Apply(arguments) => apply::run(session, arguments).await,
        Command::Adopt(arguments) => adopt::run(session, arguments).await,
        Command::Person(what) => person::run(session, what).await,
        Command::Status => status::run(session).await,
        Command::Jobs(what) => jobs::run(session, what).await,
        Command::Dns(arguments) => dns::run(session, arguments).await,
        Command::Drill(arguments) => drill::run(session, arguments).await,
        Command::Restore(arguments) => restore::run(session, arguments).await,
        Command::Secret(what) => secret::run(session, what).await,
        Command::Site(what) => site::run(session, what).await,
        Command::BackupServer(what) => backup_server::run(session, what).await,
        Command::Key(what) => key::run(session, what).await,
        #[cfg(feature = "lab")]
        Command::Demo(arguments) => demo::run(session, arguments).await,
        #[cfg(feature = "lab")]
        Command::Lab(what) => lab::run(session, what).await,
        Command::Store(what) => store::run(session, what).await,
        Command::Support(what) => support::run(session, what).await,
        Command::Billing(what) => billing::run(session, *what).await,
        Command::Mail(what) => mail::run(session, what).await,
        Command::Welcome(arguments) => welcome::run(session, arguments).await,
        Command::Completions(arguments) => completions::run(session, &arguments),
        Command::Man(arguments) => man::run(session, &arguments),
    }
}
