//! `accolades backup`: what is true of the backups, and one now.

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Style;
use crate::cli::progress::Progress;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::backup::drill::Origin;
use crate::domain::backup::health::{Finding, InstanceHealth, Place, PlaceHealth, Weight, Word};
use crate::domain::ids::InstanceId;
use crate::engine::backup::now::Saved;
use crate::health::backups::{InstanceTruth, backups};
use crate::plan::desired::Subject;
use crate::store::Scope;

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

const GIB: f64 = (1_u64 << 30) as f64;
const MIB: f64 = (1_u64 << 20) as f64;

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// The last good backup of each instance at each place, from what was last seen; no site is asked
    List {
        /// Clients or instances [default: all].
        #[arg(value_name = "CLIENT|INSTANCE")]
        names: Vec<String>,
    },
    /// What is wrong with the backups and how to mend it; ends with 11 when something is
    Check {
        /// Clients or instances [default: all].
        #[arg(value_name = "CLIENT|INSTANCE")]
        names: Vec<String>,
    },
    /// Make a backup now, and read it back
    Run {
        /// Clients or instances.
        #[arg(value_name = "CLIENT|INSTANCE", required = true)]
        names: Vec<String>,
        /// Only there [default: both].
        #[arg(long, value_enum)]
        to: Option<Target>,
    },
}

/// A place that a backup can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The site's own backup disk.
    Local,
    /// The backup server.
    Remote,
}

/// Runs `backup`.
///
/// # Errors
/// When the store cannot be read, or what stops a backup.
pub async fn run(session: &Session, what: Backup) -> Result<Exit, Failure> {
    match what {
        Backup::List { names } => list(session, &names).await,
        Backup::Check { names } => check(session, &names).await,
        Backup::Run { names, to } => now(session, &names, to).await,
    }
}

/// The verdict on the instances named, with the moment and zone that it was made in.
async fn verdicts(session: &Session, names: &[String]) -> Result<(Vec<InstanceTruth>, Timestamp, TimeZone), Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let now = session.now().await?;
    let zone = when::zone(&inventory.cooperative);
    let only = selection::instances(inventory, names, when::day(now, &zone))?;
    let verdicts = backups(&store, &Scope::Staff, inventory, &only, now).await?;
    Ok((verdicts, now, zone))
}

fn as_json(session: &Session, verdicts: &[InstanceTruth], now: Timestamp) -> Result<(), Failure> {
    let ok = verdicts.iter().all(|one| one.health.is_ok());
    session.output.json(&json!({ "version": JSON_VERSION, "now": now, "ok": ok, "instances": verdicts }))
}

async fn list(session: &Session, names: &[String]) -> Result<Exit, Failure> {
    let (verdicts, now, zone) = verdicts(session, names).await?;
    if session.output.is_json() {
        as_json(session, &verdicts, now)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = verdicts
        .iter()
        .flat_map(|one| one.health.places.iter().map(move |place| (one, place)))
        .map(|(one, place)| row(session, &one.instance, place, now, &zone))
        .collect();
    let headings =
        ["INSTANCE", "PLACE", "LAST GOOD", "AGE", "SIZE", "KEPT", "ENCRYPTED", "VERIFIED", "NEXT", "RESTORED", "STATE"];
    session.output.data(&table(&headings, &rows))?;
    Ok(Exit::Ok)
}

fn row(session: &Session, instance: &InstanceId, place: &PlaceHealth, now: Timestamp, zone: &TimeZone) -> Vec<String> {
    let minute =
        |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| when::minute(at.as_microsecond(), zone));
    let day = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| when::day(at, zone).to_string());
    let good = place.last_good.as_ref();
    let dash = || "-".to_owned();
    vec![
        instance.to_string(),
        place.place.word().to_owned(),
        minute(good.map(|good| good.at)),
        good.map_or_else(dash, |good| when::ago(good.at.as_microsecond(), now.as_microsecond())),
        good.map_or_else(dash, |good| size(good.size_bytes)),
        place.kept.to_string(),
        good.map_or_else(dash, |good| good.sealing.word().to_owned()),
        // Nobody verifies what lies on a plain disk.
        if place.place == Place::Local { dash() } else { day(good.and_then(|good| good.verified_at)) },
        minute(place.next_expected),
        day(place.proven_at),
        session.output.styled(style(place.word), &words(place.word, zone)),
    ]
}

fn style(word: Word) -> Style {
    match word {
        Word::Ok => Style::Good,
        Word::Unproven => Style::Attention,
        Word::Late | Word::Failed | Word::Never | Word::Unknown { .. } => Style::Bad,
    }
}

fn words(word: Word, zone: &TimeZone) -> String {
    match word {
        Word::Unknown { since: Some(since) } => {
            format!("unknown since {}", when::minute(since.as_microsecond(), zone))
        }
        other => other.word().to_owned(),
    }
}

fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes >= GIB { format!("{:.1} GiB", bytes / GIB) } else { format!("{:.1} MiB", bytes / MIB) }
}

async fn check(session: &Session, names: &[String]) -> Result<Exit, Failure> {
    let (verdicts, now, zone) = verdicts(session, names).await?;
    let exit = if verdicts.iter().all(|one| one.health.is_ok()) { Exit::Ok } else { Exit::Unhealthy };
    if session.output.is_json() {
        as_json(session, &verdicts, now)?;
        return Ok(exit);
    }
    let mut out = String::new();
    for one in &verdicts {
        out.push_str(&report(session, &one.instance, &one.health, now, &zone));
        for left_out in &one.without {
            let what = left_out.what.word();
            out.push_str(&format!("  - without {what}, as the inventory says: {}\n", left_out.why));
        }
    }
    session.output.data(&out)?;
    if exit == Exit::Ok {
        session
            .output
            .say("every backup is fresh, whole as far as is known, and was restored not long ago where it is to be");
    }
    Ok(exit)
}

/// A line per place, then what is to be said about it.
fn report(
    session: &Session,
    instance: &InstanceId,
    health: &InstanceHealth,
    now: Timestamp,
    zone: &TimeZone,
) -> String {
    let mut out = String::new();
    for place in &health.places {
        let last = place.last_good.as_ref().map_or_else(
            || "no good backup".to_owned(),
            |good| format!("last good one {}", when::ago(good.at.as_microsecond(), now.as_microsecond())),
        );
        let word = session.output.styled(style(place.word), &words(place.word, zone));
        out.push_str(&format!("{instance} {}: {word}, {last}\n", place.place.word()));
        place.findings.iter().for_each(|finding| out.push_str(&told(finding)));
    }
    for finding in &health.findings {
        out.push_str(&format!("{instance}\n{}", told(finding)));
    }
    out
}

fn told(finding: &Finding) -> String {
    let mark = if finding.weight == Weight::Warning { "!" } else { "-" };
    format!("  {mark} {}: {}\n    {}\n", finding.name.name(), finding.sentence, finding.mend)
}

async fn now(session: &Session, names: &[String], to: Option<Target>) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let day = session.today(inventory).await?;
    let instances = selection::instances(inventory, names, day)?;
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let mut ended: Vec<(InstanceId, Result<Saved, Failure>)> = Vec::new();
    for id in &instances {
        let subject = inventory.instances.get(id).and_then(|instance| Subject::on(inventory, instance, day));
        let Some(subject) = subject else { continue };
        for place in places(&subject, to)? {
            // One that fails stops no other.
            let result = engine.back_up(&subject, place).await.map_err(Failure::from);
            ended.push((id.clone(), result));
        }
    }
    drop(engine);
    progress.end().await;
    tell(session, &ended)
}

/// Where a backup goes: everywhere that the inventory does not leave out, or where somebody wants it.
fn places(subject: &Subject<'_>, to: Option<Target>) -> Result<Vec<Place>, Failure> {
    let instance = subject.instance;
    let wanted = |origin: Origin| instance.without_backup(origin).is_none();
    let has_server = subject.site.backup_server.is_some();
    match to {
        Some(Target::Remote) if !has_server => Err(Failure::usage(
            format!("the site `{}` has no backup server", subject.site.id),
            "name a `backup_server` for it in the inventory",
        )),
        Some(Target::Local) => Ok(vec![Place::Local]),
        Some(Target::Remote) => Ok(vec![Place::Remote]),
        None => {
            let local = wanted(Origin::Local).then_some(Place::Local);
            let remote = (has_server && wanted(Origin::Remote)).then_some(Place::Remote);
            Ok(local.into_iter().chain(remote).collect())
        }
    }
}

/// All of them done is 0; the exit code of the failure when all failed, and 6 otherwise.
fn tell(session: &Session, ended: &[(InstanceId, Result<Saved, Failure>)]) -> Result<Exit, Failure> {
    let failures: Vec<&Failure> = ended.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
    if session.output.is_json() {
        let backups: Vec<_> = ended
            .iter()
            .map(|(instance, result)| json!({ "instance": instance, "saved": result.as_ref().ok() }))
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "event": "ended", "backups": backups }))?;
    }
    for (instance, result) in ended {
        match result {
            Ok(saved) if !session.output.is_json() => session.output.data(&format!(
                "{instance} {}: {} from {}, {}\n",
                saved.place.word(),
                saved.id,
                saved.at,
                size(saved.size_bytes)
            ))?,
            Ok(_) => {}
            Err(failure) => failure.tell(&session.output),
        }
    }
    Ok(match failures.as_slice() {
        [] => Exit::Ok,
        [first, rest @ ..] if failures.len() == ended.len() && rest.iter().all(|one| one.exit() == first.exit()) => {
            first.exit()
        }
        _ => Exit::Partial,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_unit() {
        assert_eq!(size(3 << 29), "1.5 GiB");
        assert_eq!(size(1 << 20), "1.0 MiB");
    }
}
