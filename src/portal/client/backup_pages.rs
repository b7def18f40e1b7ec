//! Backups and restore tests in detail: what was checked, what it does not prove, the certificate.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::domain::backup::drill::{Origin, Record, Verdict};
use crate::domain::backup::health::{Place, Sealing};
use crate::domain::ids::InstanceId;
use crate::proof;
use crate::store::KeptDrill;

use super::super::form::query;
use super::super::page::{Shell, html};
use super::super::picture::{Calendar, Tone};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::files::{Kind, file};
use super::paging::Paging;
use super::{Fact, Table, backups, drawn, drill_words, log};

#[derive(Template)]
#[template(path = "portal/backups.html")]
struct Backups {
    shell: Shell,
    tone: Tone,
    sentence: String,
    places: Vec<PlaceFacts>,
    calendar: String,
    days: Table,
    drills: Vec<Row>,
    pages: Paging,
}

struct PlaceFacts {
    name: &'static str,
    facts: Vec<Fact>,
}

struct Row {
    href: String,
    day: String,
    place: &'static str,
    tone: Tone,
    word: &'static str,
}

#[derive(Template)]
#[template(path = "portal/drill.html")]
struct Drill {
    shell: Shell,
    tone: Tone,
    word: &'static str,
    why: Option<String>,
    facts: Vec<Fact>,
    checks: Table,
    limits: Vec<&'static str>,
    certificate: Option<String>,
    hash: String,
}

fn plain(label: &str, value: String) -> Fact {
    Fact { label: label.to_owned(), value, tone: None }
}

/// The size of a backup. A backup server tells that of the whole disk, blocks that are empty or shared included (sheet
/// Proxmox, 9c): what it takes there is less, and nobody knows how much less.
fn size(is_local: bool, bytes: u64, words: Words) -> Fact {
    let label = if is_local { words.size() } else { words.size_of_disk() };
    plain(label, say::size(bytes, words))
}

/// The page about backups.
pub async fn list(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    request: Request,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let safe = backups::read(&portal, &session).await?;
    let (zone, now) = (session.zone(), session.contact.now);
    let (tone, sentence) = match &safe.truth {
        Some(truth) => backups::sentence(truth, &zone, words),
        None => (Tone::Unknown, words.no_instance().to_owned()),
    };
    let places = safe.truth.iter().flat_map(|truth| &truth.health.places).map(|place| {
        let last = Fact { label: words.last_backup().to_owned(), ..backups::place_fact(place, now, &zone, words) };
        let mut facts = vec![last];
        facts.push(plain(words.kept(), place.kept.to_string()));
        if let Some(good) = &place.last_good {
            facts.push(size(place.place == Place::Local, good.size_bytes, words));
            let is_sealed = matches!(good.sealing, Sealing::Encrypted | Sealing::Claimed);
            facts.push(plain(words.sealed(), if is_sealed { words.yes() } else { words.no() }.to_owned()));
        }
        let unproven = if backups::is_never_tried(place) { words.proof_left_out() } else { words.proof_missing() };
        let proven = place.proven_at.map_or_else(|| unproven.to_owned(), |at| say::moment(at, &zone, words));
        facts.push(plain(words.last_proof(), proven));
        if let Some(next) = place.next_expected {
            facts.push(plain(words.next_expected(), say::moment(next, &zone, words)));
        }
        PlaceFacts { name: backups::place_name(place.place, words), facts }
    });
    let places = places.collect();
    let link = |page: usize| session.path(&format!("/sauvegardes?page={page}"));
    let pages = Paging::of(query(request.uri()).get("page"), safe.drills.len(), link);
    let drills = pages.rows(safe.drills.iter().rev()).map(|drill| row(&session, drill, &zone, words)).collect();
    html(&Backups {
        shell: Shell::client(&session, words.backups_title(), "/sauvegardes"),
        tone,
        sentence,
        places,
        calendar: drawn(&Calendar::new(&safe.days, words))?,
        days: backups::calendar_table(&safe.days, words),
        drills,
        pages,
    })
}

/// What a restore test proved, in a word.
pub(super) fn verdict(record: &Record, words: Words) -> (Tone, &'static str) {
    match record.verdict {
        Verdict::Proven => (Tone::Good, words.proven()),
        Verdict::Failed { .. } => (Tone::Bad, words.drill_failed()),
        Verdict::NotTested { .. } => (Tone::Unknown, words.not_tested()),
    }
}

fn row(session: &ClientSession, drill: &KeptDrill, zone: &TimeZone, words: Words) -> Row {
    let record = &drill.record;
    let (tone, word) = verdict(record, words);
    Row {
        href: session.path(&format!("/sauvegardes/essai/{}/{}", record.instance, drill.number)),
        day: say::moment_us(record.ended_at_us, zone, words),
        place: log::origin_name(record.from, words),
        tone,
        word,
    }
}

/// The drill of that number, among those of the client.
async fn find(portal: &Portal, session: &ClientSession, instance: &str, number: &str) -> Result<KeptDrill, Problem> {
    let instance = InstanceId::new(instance).map_err(|_| Problem::NotFound)?;
    let number: i64 = number.parse().map_err(|_| Problem::NotFound)?;
    let drills = portal.store.drills(&session.scope(), &instance).await?;
    drills.into_iter().find(|drill| drill.number == number).ok_or(Problem::NotFound)
}

/// A restore test.
pub async fn drill(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, instance, number)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let drill = find(&portal, &session, &instance, &number).await?;
    let record = &drill.record;
    let zone = session.zone();
    let (tone, word) = verdict(record, words);
    let rest = format!("/sauvegardes/essai/{instance}/{number}");
    let mut facts = Vec::new();
    if let Some(backup) = &record.backup {
        facts.push(plain(words.drill_backup(), say::moment_us(backup.at_us, &zone, words)));
        facts.push(size(record.from == Origin::Local, backup.size_bytes, words));
    }
    facts.push(plain(words.drill_from(), log::origin_name(record.from, words).to_owned()));
    facts.push(plain(words.date(), say::moment_us(record.ended_at_us, &zone, words)));
    facts.push(plain(words.drill_took(), say::seconds(record.seconds())));
    if let Some(is_gone) = record.destroyed {
        facts.push(plain(words.drill_gone(), if is_gone { words.yes() } else { words.no() }.to_owned()));
    }
    let certificate = (record.verdict == Verdict::Proven).then(|| session.path(&format!("{rest}/certificat.pdf")));
    html(&Drill {
        shell: Shell::client(&session, words.drill_title(), &rest),
        tone,
        word,
        why: drill_words::why(record, words),
        facts,
        checks: drill_words::checks(record, words),
        limits: record.not_proven.iter().map(|limit| drill_words::limit(*limit, words)).collect(),
        certificate,
        hash: drill.hash.clone(),
    })
}

/// The certificate of a restore test that proved something.
pub async fn certificate(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, instance, number)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let drill = find(&portal, &session, &instance, &number).await?;
    let print = move || proof::certificate(&drill, session.client(), session.inventory());
    let printed = tokio::task::spawn_blocking(print).await.map_err(|_| Problem::Bug)??;
    let bytes = printed.ok_or(Problem::NotFound)?;
    file(Kind::Pdf, &format!("certificat-{instance}-{number}.pdf"), bytes)
}
