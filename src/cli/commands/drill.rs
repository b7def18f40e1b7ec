//! `accolades drill`: restore tests, with their records and certificates.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::site;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Style;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::{selection, when};
use crate::domain::backup::drill::{BrokenChain, Due, Origin, Verdict, check_chain};
use crate::domain::ids::InstanceId;
use crate::engine::drill::{DrillOrder, DueDrill, due_drills};
use crate::engine::run::Accepted;
use crate::inventory::model::Inventory;
use crate::plan::desired::Subject;
use crate::proof;
use crate::store::{KeptDrill, Scope, Store};

/// Version of what the commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// A restore test, or what to do about them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// The client or instance whose backup is restored.
    #[arg(required = true)]
    client: Option<String>,
    /// Which backup.
    #[arg(long, value_enum, default_value_t = From::Local)]
    from: From,
    /// This backup instead of the newest good one, as `accolades backup list` names it.
    #[arg(long, value_name = "VOLUME")]
    backup: Option<String>,
    /// On the node of another site, from the remote backup: what the node needs to read it is lent for that time.
    #[arg(long, value_name = "SITE")]
    on: Option<String>,
    /// Folder for records and certificates.
    #[arg(long, value_name = "DIR", default_value = "drills")]
    out: PathBuf,
    #[command(subcommand)]
    what: Option<Drill>,
}

/// What to do about restore tests.
#[derive(Debug, Subcommand)]
pub enum Drill {
    /// What is to be tried next, and since when nothing was proven; no site is asked
    Due,
    /// Try everything that is due, one after another: for a timer, once a night
    RunDue {
        /// Folder for records and certificates.
        #[arg(long, value_name = "DIR", default_value = "drills")]
        out: PathBuf,
    },
    /// Every record, with its place in the chain of hashes checked
    List,
}

/// Which backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// On the disk of the site.
    Local,
    /// On the backup server.
    Remote,
}

impl std::convert::From<From> for Origin {
    fn from(from: From) -> Origin {
        match from {
            From::Local => Origin::Local,
            From::Remote => Origin::Remote,
        }
    }
}

/// Runs `drill`.
///
/// # Errors
/// When nothing can be tried at all, or nothing can be written.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    match &arguments.what {
        None => one(session, &store, &accepted, &arguments).await,
        Some(Drill::Due) => show_due(session, &store, &accepted).await,
        Some(Drill::RunDue { out }) => run_due(session, &store, &accepted, out).await,
        Some(Drill::List) => list(session, &store, &accepted).await,
    }
}

async fn one(session: &Session, store: &Store, accepted: &Accepted, arguments: &Arguments) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    let names: Vec<String> = arguments.client.iter().cloned().collect();
    let instances = selection::instances(inventory, &names, day)?;
    let on = arguments.on.as_deref().map(|name| site::find(inventory, name)).transpose()?.map(|site| site.id.clone());
    let order = DrillOrder { from: arguments.from.into(), backup: arguments.backup.clone(), on };
    let orders: Vec<(InstanceId, DrillOrder)> =
        instances.into_iter().map(|instance| (instance, order.clone())).collect();
    carry_out(session, store, accepted, &orders, &arguments.out).await
}

/// Tries one after another, writes what came out, and says so.
async fn carry_out(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    orders: &[(InstanceId, DrillOrder)],
    out: &Path,
) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    let progress = Progress::start(session.output);
    let engine = session.engine(store, progress.sender()).await?;
    let mut ended = Vec::new();
    for (id, order) in orders {
        let subject = inventory.instances.get(id).and_then(|instance| Subject::on(inventory, instance, day));
        let Some(subject) = subject else { continue };
        ended.push((id, order, engine.drill(&subject, order).await));
    }
    drop(engine);
    progress.end().await;
    let mut exits = Vec::new();
    let mut first_failure = None;
    for (id, order, result) in ended {
        match result {
            Ok(kept) => {
                let files = proof::write(inventory, &kept, out)?;
                tell(session, inventory, &kept, &files)?;
                exits.push(exit_of(&kept.record.verdict));
            }
            Err(error) => {
                let failure = Failure::from(error);
                exits.push(failure.exit());
                session.output.warn(&format!("`{id}` ({}) was not tried to its end", order.from.as_str()));
                if first_failure.is_none() {
                    first_failure = Some(failure);
                } else {
                    failure.tell(&session.output);
                }
            }
        }
    }
    match first_failure {
        Some(failure) if exits.len() == 1 => Err(failure),
        Some(failure) => {
            failure.tell(&session.output);
            Ok(worst(&exits))
        }
        None => Ok(worst(&exits)),
    }
}

fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Proven => Exit::Ok,
        Verdict::Failed { .. } => Exit::Conflict,
        Verdict::NotTested { .. } => Exit::Partial,
    }
}

/// A failed drill needs a person; otherwise one that could not be done is said.
fn worst(exits: &[Exit]) -> Exit {
    if exits.contains(&Exit::Conflict) {
        return Exit::Conflict;
    }
    exits.iter().copied().find(|exit| *exit != Exit::Ok).map_or(Exit::Ok, |exit| match exits.len() {
        1 => exit,
        _ => Exit::Partial,
    })
}

fn tell(session: &Session, inventory: &Inventory, kept: &KeptDrill, files: &[PathBuf]) -> Result<(), Failure> {
    let record = &kept.record;
    if session.output.is_json() {
        return session.output.json(&json!({
            "version": JSON_VERSION, "event": "ended", "record": record, "hash": kept.hash, "files": files,
        }));
    }
    let zone = when::zone(&inventory.cooperative);
    let style = style_of(&record.verdict);
    let mut text = format!("{} {}: {}", record.instance, record.from.as_str(), verdict_words(&record.verdict));
    text = session.output.styled(style, &text);
    text.push('\n');
    if let Some(backup) = &record.backup {
        text.push_str(&format!("  backup of {}, {}\n", when::minute(backup.at_us, &zone), backup.volume));
    }
    for phase in &record.phases {
        let name = serde_json::to_value(phase.phase).ok().and_then(|name| name.as_str().map(str::to_owned));
        text.push_str(&format!("  {:<8} {:>6} s\n", name.unwrap_or_default(), phase.seconds));
    }
    let good = record.checks.iter().filter(|check| check.ok).count();
    if !record.checks.is_empty() {
        text.push_str(&format!("  checks   {good} of {} as they should be\n", record.checks.len()));
    }
    if record.nonce.wanted.is_some() {
        let words = if record.nonce.is_found() { "found again" } else { "not found again" };
        text.push_str(&format!("  nonce    {words}\n"));
    }
    if let (Verdict::NotTested { .. }, Some(proven)) = (&record.verdict, record.last_proven_at_us) {
        text.push_str(&format!("  last proven {}\n", when::ago(proven, record.ended_at_us)));
    }
    for file in files {
        text.push_str(&format!("  wrote `{}`\n", file.display()));
    }
    session.output.data(&text)
}

fn verdict_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Proven => "proven".to_owned(),
        Verdict::Failed { why } => format!("FAILED: {why}"),
        Verdict::NotTested { why } => format!("not tested: {why}"),
    }
}

fn style_of(verdict: &Verdict) -> Style {
    match verdict {
        Verdict::Proven => Style::Good,
        Verdict::Failed { .. } => Style::Bad,
        Verdict::NotTested { .. } => Style::Attention,
    }
}

async fn show_due(session: &Session, store: &Store, accepted: &Accepted) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let (now_us, zone) = (session.now().await?.as_microsecond(), when::zone(&inventory.cooperative));
    let lines = due_drills(store, inventory, now_us).await?;
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "now_us": now_us, "drills": lines }))?;
        return Ok(Exit::Ok);
    }
    let ago = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), |at| when::ago(at, now_us));
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let (style, words) = match line.due {
                _ if line.without.is_some() => {
                    (Style::Plain, format!("never: {}", line.without.as_deref().unwrap_or_default()))
                }
                Due::Later { at_us } => (Style::Plain, format!("on {}", when::minute(at_us, &zone))),
                Due::Now => (Style::Attention, "now".to_owned()),
                Due::Overdue => (Style::Bad, "overdue: it counts as unproven".to_owned()),
            };
            vec![
                line.instance.to_string(),
                line.from.as_str().to_owned(),
                ago(line.proven_at_us),
                ago(line.tried_at_us),
                session.output.styled(style, &words),
            ]
        })
        .collect();
    session.output.data(&table(&["INSTANCE", "BACKUP", "PROVEN", "TRIED", "DUE"], &rows))?;
    Ok(Exit::Ok)
}

async fn run_due(session: &Session, store: &Store, accepted: &Accepted, out: &Path) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let now_us = session.now().await?.as_microsecond();
    let drills = due_drills(store, inventory, now_us).await?;
    let orders: Vec<(InstanceId, DrillOrder)> = drills
        .into_iter()
        .filter(DueDrill::is_now)
        .map(|drill| (drill.instance, DrillOrder { from: drill.from, backup: None, on: None }))
        .collect();
    if orders.is_empty() {
        session.output.say("nothing is due");
        return Ok(Exit::Ok);
    }
    carry_out(session, store, accepted, &orders, out).await
}

async fn list(session: &Session, store: &Store, accepted: &Accepted) -> Result<Exit, Failure> {
    let zone = when::zone(&accepted.inventory.cooperative);
    let all = store.all_drills(&Scope::Staff).await?;
    let broken = broken_chains(store, &all).await?;
    if session.output.is_json() {
        let drills: Vec<_> =
            all.iter().map(|kept| json!({ "number": kept.number, "hash": kept.hash, "record": kept.record })).collect();
        let broken: Vec<_> = broken.iter().map(|one| json!({ "id": one.id, "why": one.why })).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "drills": drills, "broken": broken }))?;
    } else {
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|kept| {
                let record = &kept.record;
                let words = verdict_words(&record.verdict);
                vec![
                    when::minute(record.began_at_us, &zone),
                    format!("{}-{:04}", record.instance, kept.number),
                    record.from.as_str().to_owned(),
                    record.backup.as_ref().map_or_else(|| "-".to_owned(), |one| when::minute(one.at_us, &zone)),
                    kept.hash.chars().take(12).collect(),
                    session.output.styled(style_of(&record.verdict), &words),
                ]
            })
            .collect();
        session.output.data(&table(&["DRILL", "NUMBER", "FROM", "BACKUP OF", "HASH", "VERDICT"], &rows))?;
    }
    if let Some(first) = broken.first() {
        return Err(Failure::new(
            Exit::Conflict,
            format!("the chain of records does not hold: drill `{}`: {}", first.id, first.why),
            "the store was changed by hand or is damaged: compare with the files under `drills/` and with its backup",
        ));
    }
    Ok(Exit::Ok)
}

async fn broken_chains(store: &Store, all: &[KeptDrill]) -> Result<Vec<BrokenChain>, Failure> {
    let mut instances: Vec<&InstanceId> = all.iter().map(|kept| &kept.record.instance).collect();
    instances.sort_unstable();
    instances.dedup();
    let mut broken = Vec::new();
    for instance in instances {
        let kept = store.drills(&Scope::Staff, instance).await?;
        broken.extend(check_chain(kept.iter().map(|kept| (&kept.record, kept.hash.as_str()))).err());
    }
    Ok(broken)
}
