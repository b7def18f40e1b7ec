//! `accolades restore`: a client's machine brought back from a backup, beside the live one, and swapped on a word.

mod left;

use clap::{Args, Subcommand};
use ipnet::Ipv4Net;
use jiff::tz::TimeZone;
use serde_json::json;

use super::drill::From;
use super::site;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Style;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::cli::{selection, when};
use crate::domain::backup::drill::{Verdict, name_of};
use crate::domain::ids::InstanceId;
use crate::engine::restore::{Elsewhere, RestoreDetail, RestoreOrder};
use crate::engine::run::Accepted;
use crate::engine::{Engine, EngineError};
use crate::inventory;
use crate::inventory::edit::{Edit, NewPlace, restored, restored_elsewhere};
use crate::inventory::model::Inventory;
use crate::plan::desired::Subject;
use crate::store::{Restore, RestoreState, Store};

/// Version of what the commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// A restore, or what to do about one.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// The client or instance.
    #[arg(required = true)]
    client: Option<String>,
    /// As it was then or, where there is no backup of that moment, shortly before: `2026-11-20T14:00`, a day, or `now`.
    #[arg(long, value_name = "WHEN", required = true)]
    at: Option<String>,
    /// Which backup.
    #[arg(long, value_enum, default_value_t = From::Local)]
    from: From,
    /// On a spare box at another site, from the remote backup: when the instance's own box is gone.
    #[arg(long, value_name = "SITE", requires = "address")]
    on: Option<String>,
    /// Its address there: `192.168.20.30/24`.
    #[arg(long, value_name = "ADDRESS/PREFIX", requires = "on")]
    address: Option<Ipv4Net>,
    #[command(subcommand)]
    what: Option<Step>,
}

/// What to do about a restore.
#[derive(Debug, Subcommand)]
pub enum Step {
    /// Restored machines that wait for a word, and machines that were replaced and are kept
    List,
    /// Destroy a restored machine that has not taken the live one's place
    Abandon {
        /// The client or instance.
        client: String,
        /// The site where it waits, when there are several.
        #[arg(long, value_name = "SITE")]
        on: Option<String>,
    },
    /// Leave the replaced machine on its node for good: nothing of ours looks at it any more
    Keep {
        /// The client or instance.
        client: String,
        /// The site where it waits, when there are several.
        #[arg(long, value_name = "SITE")]
        on: Option<String>,
    },
    /// Destroy the replaced machine with everything on its disks. Its name has to be typed.
    Discard {
        /// The client or instance.
        client: String,
        /// The site where it waits, when there are several.
        #[arg(long, value_name = "SITE")]
        on: Option<String>,
    },
    /// Take away what another site's node was lent to read the backups, when a restore or drill was cut short
    TakeBack {
        /// The client or instance.
        client: String,
    },
}

/// Runs `restore`.
///
/// # Errors
/// Whatever stops it. The live machine is not touched before its name was typed.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    match &arguments.what {
        None => restore(session, &store, &accepted, &arguments).await,
        Some(Step::List) => left::list(session, &store, &accepted).await,
        Some(Step::Abandon { client, on }) => left::abandon(session, &store, &accepted, client, on.as_deref()).await,
        Some(Step::Keep { client, on }) => left::keep(session, &store, &accepted, client, on.as_deref()).await,
        Some(Step::Discard { client, on }) => left::discard(session, &store, &accepted, client, on.as_deref()).await,
        Some(Step::TakeBack { client }) => left::take_back(session, &store, &accepted, client).await,
    }
}

/// The one instance that a name means, as it is in the inventory.
async fn subject<'a>(session: &Session, inventory: &'a Inventory, name: &str) -> Result<Subject<'a>, Failure> {
    let day = session.today(inventory).await?;
    let ids = selection::instances(inventory, &[name.to_owned()], day)?;
    let instance = ids.first().and_then(|id| inventory.instances.get(id));
    instance
        .and_then(|instance| Subject::on(inventory, instance, day))
        .ok_or_else(|| Failure::usage(format!("`{name}` has no place on {day}"), "its first placement begins later"))
}

/// Lets the engine do something while its progress is shown.
async fn engine_does<T>(
    session: &Session,
    store: &Store,
    work: impl AsyncFnOnce(&Engine) -> Result<T, EngineError>,
) -> Result<T, Failure> {
    let progress = Progress::start(session.output);
    let engine = session.engine(store, progress.sender()).await?;
    let done = work(&engine).await;
    // The progress ends when nobody can tell anything any more.
    drop(engine);
    progress.end().await;
    Ok(done?)
}

async fn restore(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    arguments: &Arguments,
) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let zone = when::zone(&inventory.cooperative);
    let name = arguments.client.clone().unwrap_or_default();
    let subject = subject(session, inventory, &name).await?;
    let instance = &subject.instance.id;
    let asked_at = arguments.at.as_deref().unwrap_or_default();
    let order = RestoreOrder {
        from: arguments.from.into(),
        not_after_us: when::moment(asked_at, session.now().await?, &zone)?,
        asked_at: asked_at.to_owned(),
        elsewhere: elsewhere(inventory, arguments)?,
    };
    let row = engine_does(session, store, async |engine| engine.restore_aside(&subject, &order).await).await?;
    if row.state != RestoreState::Swapped {
        show(session, &subject, &row, &zone)?;
    }
    // The files must be able to say what is going to be, before anything is swapped.
    let edit = edit(session, store, &subject, &row).await?;
    if row.state == RestoreState::Checked {
        ask(session, &subject, &row, &zone, edit.as_ref()).await?;
    }
    let row = if row.state == RestoreState::Swapped {
        row
    } else {
        engine_does(session, store, async |engine| engine.swap(&subject, Some(&row.new.site)).await).await?
    };
    if let Some(edit) = &edit {
        write(session, store, edit).await?;
    }
    say_end(session, &subject, &row, instance)?;
    Ok(Exit::Ok)
}

/// Another place for the machine, when one was named.
fn elsewhere(inventory: &Inventory, arguments: &Arguments) -> Result<Option<Elsewhere>, Failure> {
    match (&arguments.on, arguments.address) {
        (Some(name), Some(address4)) => Ok(Some(Elsewhere { site: site::find(inventory, name)?.id.clone(), address4 })),
        _ => Ok(None),
    }
}

fn show(session: &Session, subject: &Subject<'_>, row: &Restore, zone: &TimeZone) -> Result<(), Failure> {
    let detail = RestoreDetail::of(row);
    let instance = &subject.instance.id;
    let backup = detail.backup.as_ref().map(|backup| when::minute(backup.at_us, zone)).unwrap_or_default();
    if session.output.is_json() {
        return session.output.json(&json!({
            "version": JSON_VERSION, "event": "restored", "instance": instance, "vmid": row.new.vmid,
            "site": row.new.site, "state": row.state.as_str(), "detail": detail,
        }));
    }
    let bad: Vec<_> = detail.checks.iter().filter(|check| !check.ok).collect();
    let mut text = format!(
        "`{instance}` as it was on {backup} is vm {} at `{}`, shut down and unplugged\n",
        row.new.vmid, row.new.site
    );
    text.push_str(&format!(
        "  {} of {} checks are as they should be\n",
        detail.checks.len() - bad.len(),
        detail.checks.len()
    ));
    for check in bad {
        let line = format!("  {}: expected {}, found {}", name_of(&check.kind), check.expected, check.found);
        text.push_str(&session.output.styled(Style::Bad, &line));
        text.push('\n');
    }
    match &detail.verdict {
        Some(Verdict::Proven) => text.push_str("  the newest nonce recorded before that backup was found again\n"),
        Some(other) => {
            let line = format!("  {}", other.why().unwrap_or_default());
            text.push_str(&session.output.styled(Style::Attention, &line));
            text.push('\n');
        }
        None => {}
    }
    session.output.say(text.trim_end());
    Ok(())
}

/// The change of the inventory's files that goes with the swap; none when it is made already.
async fn edit(session: &Session, store: &Store, subject: &Subject<'_>, row: &Restore) -> Result<Option<Edit>, Failure> {
    if subject.instance.vmid == row.new.vmid {
        return Ok(None);
    }
    let standing = session.standing(store).await?;
    if standing.edit.is_some() {
        return Err(Failure::new(
            Exit::Configuration,
            "the inventory's files have a change that is not accepted",
            "accept it or take it back (`accolades inventory accept` shows it), then run the command again; the restored \
             machine waits",
        ));
    }
    let files = match inventory::read_files(&session.globals.inventory) {
        Ok(files) => files,
        Err(mistakes) => return Err(mistakes.into()),
    };
    let (instance, vmid) = (&subject.instance.id, row.new.vmid);
    Ok(Some(match RestoreDetail::of(row).elsewhere {
        Some(there) => {
            let place = NewPlace { from: subject.day, site: there.site, address4: there.address4 };
            restored_elsewhere(&files, instance, vmid, &place)?
        }
        None => restored(&files, instance, vmid)?,
    }))
}

async fn ask(
    session: &Session,
    subject: &Subject<'_>,
    row: &Restore,
    zone: &TimeZone,
    edit: Option<&Edit>,
) -> Result<(), Failure> {
    let instance = &subject.instance.id;
    let detail = RestoreDetail::of(row);
    let at_us = detail.backup.as_ref().map_or(row.new.at_us, |backup| backup.at_us);
    if let Some(edit) = edit {
        let before = inventory::read_files(&session.globals.inventory)?;
        session.output.say(&inventory::difference(&before, &edit.files));
    }
    let clients: Vec<String> = subject.clients().map(|client| client.id.to_string()).collect();
    let old = match &detail.elsewhere {
        Some(_) => format!("vm {} at `{}` is not looked at any more", subject.instance.vmid, subject.site.id),
        None => format!("vm {} is shut down and kept", subject.instance.vmid),
    };
    let loss = format!(
        "vm {} takes the place of `{instance}` (clients: {})\n\
         what was done since {} ({}) is not in it; {old}",
        row.new.vmid,
        clients.join(", "),
        when::minute(at_us, zone),
        when::ago(at_us, session.now().await?.as_microsecond()),
    );
    session.confirm_name(&loss, instance.as_str()).inspect_err(|_| {
        session.output.say(&format!(
            "the restored machine waits: the same command goes on with it, `accolades restore abandon {instance}` destroys it"
        ));
    })
}

async fn write(session: &Session, store: &Store, edit: &Edit) -> Result<(), Failure> {
    let folder = &session.globals.inventory;
    edit.write(folder).map_err(|error| Failure::file(folder, &error))?;
    let standing = session.standing(store).await?;
    if standing.edit.is_some() {
        // The name was typed for exactly this.
        session.accept_agreed(store, &standing).await?;
    }
    Ok(())
}

fn say_end(session: &Session, subject: &Subject<'_>, row: &Restore, instance: &InstanceId) -> Result<(), Failure> {
    let detail = RestoreDetail::of(row);
    if session.output.is_json() {
        return session.output.json(&json!({
            "version": JSON_VERSION, "event": "swapped", "instance": instance, "vmid": row.new.vmid,
            "site": row.new.site, "replaced": detail.old_vmid,
        }));
    }
    let mut text = format!("`{instance}` runs as vm {} at `{}`\n", row.new.vmid, row.new.site);
    if let Some(old) = detail.old_vmid {
        text.push_str(&format!(
            "vm {old} is stopped and kept: `accolades restore discard {instance}` destroys it, `accolades restore keep \
             {instance}` leaves it there for good\n"
        ));
    }
    text.push_str(&format!(
        "its earlier backups are kept under vm {}; it has none of its own yet\n",
        subject.instance.vmid
    ));
    text.push_str(&match &detail.elsewhere {
        Some(there) => format!(
            "Next: accolades backup-server prepare SERVER and accolades site prepare {} (they know it from now on), then \
             accolades apply {instance}, accolades dns CLIENT (its public address is another one), accolades backup run \
             {instance}",
            there.site
        ),
        None => format!("Next: accolades apply {instance}, then accolades backup run {instance}"),
    });
    session.output.say(&text);
    Ok(())
}
