//! What may be typed. The help texts are the first documentation that a technician reads.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::commands::{
    account, adopt, apply, backup, backup_server, billing, client, completions, dns, drill, inventory, jobs, key, mail,
    man, person, plan, request, restore, seat, secret, serve, site, store, support, watch, welcome,
};

#[cfg(feature = "lab")]
use super::commands::{demo, lab};

const HEADING: &str = "Options of every command";

/// Lines of help are wrapped here, on narrow terminals earlier.
const HELP_WIDTH: usize = 100;

/// Onboards and looks after small organisations' YunoHost on Proxmox VE.
#[derive(Debug, Parser)]
#[command(name = "accolades", version, max_term_width = HELP_WIDTH, infer_long_args = false)]
#[command(after_help = "Exit codes are listed in docs/exit-codes.md, the commands in docs/commands.md.")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command. Values from the environment are not shown: an address of a store may hold a password.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = HEADING)]
pub struct Globals {
    /// Folder of the inventory's files.
    #[arg(long, global = true, value_name = "DIR", env = "ACCOLADES_INVENTORY", hide_env_values = true)]
    #[arg(default_value = "inventory")]
    pub inventory: PathBuf,
    /// Where the program remembers: a file (`sqlite:PATH`) or a database (`postgres://USER@HOST/NAME`).
    #[arg(long, global = true, value_name = "URL", env = "ACCOLADES_STORE", hide_env_values = true)]
    #[arg(default_value = "sqlite:accolades.sqlite")]
    pub store: String,
    /// Key of the stored secrets [default: beside a SQLite store, with `.key` after its name].
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Your private SSH key [default: what `ssh-agent` holds].
    #[arg(long, global = true, value_name = "FILE", env = "ACCOLADES_IDENTITY", hide_env_values = true)]
    pub identity: Option<PathBuf>,
    /// Playbooks of your own in the place of the built-in ones.
    #[arg(long, global = true, value_name = "DIR")]
    pub playbooks: Option<PathBuf>,
    /// Templates of printed documents of your own in the place of the built-in ones (docs/documents.md).
    #[arg(long, global = true, value_name = "DIR", env = "ACCOLADES_TEMPLATES", hide = true)]
    pub templates: Option<PathBuf>,
    /// Folder of the mails when they leave into one (`[mail]` in cooperative.toml, docs/mail.md).
    #[arg(long, global = true, value_name = "DIR", env = "ACCOLADES_MAIL", hide = true, default_value = "mail")]
    pub mail_folder: PathBuf,
    /// Who is at work, for the records [default: $USER].
    #[arg(long = "as", global = true, value_name = "NAME", env = "USER", hide_env = true)]
    pub who: Option<String>,
    /// Data as JSON, versioned.
    #[arg(long, global = true)]
    pub json: bool,
    /// Only data and errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Confirm in advance what would be asked.
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Makes randomness repeatable, passwords included: for rehearsals in a lab only.
    #[arg(long, global = true, hide = true, env = "ACCOLADES_SEED")]
    pub seed: Option<u64>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report every mistake of the inventory, with its place; nothing else is read or touched
    Check,
    /// Accepted versions of the inventory
    #[command(subcommand)]
    Inventory(inventory::Inventory),
    /// Clients in the inventory's files
    #[command(subcommand)]
    Client(client::Client),
    /// People's seats in the inventory's files
    #[command(subcommand)]
    Seat(seat::Seat),
    /// Show what `apply` would do; nothing is changed
    Plan(plan::Arguments),
    /// Make clients' instances as the inventory says
    Apply(apply::Arguments),
    /// Take over a machine that stands under an instance's id without our mark
    Adopt(adopt::Arguments),
    /// People who left
    #[command(subcommand)]
    Person(person::Person),
    /// What was last seen of each instance, and when; no site is asked
    Status,
    /// Backups: what is true of them, and one now
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Look at all sites and keep what was seen, again and again or once
    Watch(watch::Arguments),
    /// What the program does by itself, and what became of it
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Who of the co-operative may enter the portal, and what was done there
    #[command(subcommand)]
    Account(account::Account),
    /// What clients ask for in the portal
    #[command(subcommand)]
    Request(request::Request),
    /// The portal for clients and for the co-operative's people
    Serve(serve::Arguments),
    /// The DNS records to publish for clients' domains
    Dns(dns::Arguments),
    /// Try whether a backup can be restored: into an isolated machine, looked into, destroyed again
    Drill(drill::Arguments),
    /// Bring a client's machine back from a backup, beside the live one, and let it take its place
    Restore(restore::Arguments),
    /// Secrets that a person has to set
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Sites and their nodes
    #[command(subcommand)]
    Site(site::Site),
    /// Backup servers, ours and partners'
    #[command(subcommand)]
    BackupServer(backup_server::BackupServer),
    /// Keys of the remote backups
    #[command(subcommand)]
    Key(key::Key),
    /// Where the program remembers
    #[command(subcommand)]
    Store(store::Store),
    /// Hours worked for clients, their balance, and consent to more
    #[command(subcommand)]
    Support(support::Support),
    /// The monthly run: invoices, credit notes, accounts
    // Boxed: many options, and only one command has them.
    #[command(subcommand)]
    Billing(Box<billing::Billing>),
    /// The co-operative's own mail: what waits, what was sent, what nobody knows
    #[command(subcommand)]
    Mail(mail::Mail),
    /// A client's welcome sheet, with the passwords once
    Welcome(welcome::Arguments),
    /// Onboard the example co-operative in a simulated world, on this machine
    #[cfg(feature = "lab")]
    Demo(demo::Arguments),
    /// A simulated world to rehearse in
    #[cfg(feature = "lab")]
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Completions of this command line for a shell, on standard output
    Completions(completions::Arguments),
    /// Manual pages
    Man(man::Arguments),
}

/// The whole command line, for completions, manual pages and `docs/commands.md`.
pub fn command() -> clap::Command {
    Cli::command()
}
