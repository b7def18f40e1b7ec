//! Is everything running? What the guest says of itself, as the last look found it.

use crate::domain::services::{Finding, ServicesHealth, Word};
use crate::health::services::{health, promised};

use super::super::Problem;
use super::super::picture::{Tile, Tiles, Tone};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::here::Here;
use super::{Answer, Fact, Table, drawn};

/// Services of the machine that the picture shows besides the applications.
const UNITS: [&str; 5] = ["nginx", "slapd", "postfix", "dovecot", "mariadb"];

/// The answer.
pub(super) fn answer(session: &ClientSession, here: Option<&Here<'_>>) -> Result<Answer, Problem> {
    let (words, now) = (session.contact.words, session.contact.now);
    let Some(here) = here else { return Ok(blank(words, words.no_instance().to_owned())) };
    let health = health(&here.looks, now);
    let zone = session.zone();
    let seen_at = health.seen_at.map(|at| format!("{} ({})", say::moment(at, &zone, words), say::ago(at, now, words)));
    let (tone, sentence) = match &health.word {
        Word::Runs => (Tone::Good, words.services_runs().to_owned()),
        Word::Fails => (Tone::Bad, failing(&health, words)),
        Word::Unknown { since: None } => (Tone::Unknown, words.services_never().to_owned()),
        Word::Unknown { since: Some(since) } => {
            let since = say::moment(*since, &zone, words);
            let sentence = words.pick(
                format!("Inconnu depuis le {since}\u{a0}: depuis, nous n’avons pas pu regarder."),
                format!("Unknown since {since}: since then we could not look."),
            );
            (Tone::Unknown, sentence)
        }
    };
    let tiles = tiles(session, &health, words);
    let mut table = Table::new(&[words.part(), words.state()]);
    table.rows = tiles.iter().map(|tile| vec![tile.label.clone(), state(tile.tone, words).to_owned()]).collect();
    let picture = Tiles::new(words.services_picture(), sentence.clone(), &tiles);
    let seen = seen_at.unwrap_or_else(|| words.not_seen_yet().to_owned());
    Ok(Answer {
        question: words.ask_services(),
        tone: Some(tone),
        sentence,
        facts: vec![Fact { label: words.seen_on().to_owned(), value: seen, tone: None }],
        picture: Some(drawn(&picture)?),
        caption: None,
        table,
        more: None,
    })
}

fn blank(words: Words, sentence: String) -> Answer {
    Answer {
        question: words.ask_services(),
        tone: Some(Tone::Unknown),
        sentence,
        facts: Vec::new(),
        picture: None,
        caption: None,
        table: Table::default(),
        more: None,
    }
}

fn state(tone: Tone, words: Words) -> &'static str {
    match tone {
        Tone::Good => words.runs(),
        Tone::Bad => words.fails(),
        Tone::Warning | Tone::Unknown => words.unknown(),
    }
}

/// What does not run, in a sentence: the gravest first.
fn failing(health: &ServicesHealth, words: Words) -> String {
    match health.findings.first() {
        Some(Finding::MachineOff) => words.machine_off().to_owned(),
        Some(Finding::MachineMissing) => words.machine_missing().to_owned(),
        Some(Finding::GuestSilent) => words.machine_silent().to_owned(),
        Some(Finding::AppSilent { app, .. }) => words
            .pick(format!("Non\u{a0}: {} ne répond pas.", app.name()), format!("No: {} does not answer.", app.name())),
        Some(Finding::ServiceDown { unit, .. }) => {
            let what = unit_name(unit, words);
            words.pick(
                format!("Non\u{a0}: «\u{a0}{what}\u{a0}» ne fonctionne pas."),
                format!("No: “{what}” is not running."),
            )
        }
        _ => words.services_fails().to_owned(),
    }
}

/// What a service of the machine is for.
pub(super) fn unit_name(unit: &str, words: Words) -> String {
    match unit {
        "nginx" => words.unit_nginx(),
        "mariadb" => words.unit_mariadb(),
        "slapd" => words.unit_slapd(),
        "postfix" => words.unit_postfix(),
        "dovecot" => words.unit_dovecot(),
        other => other,
    }
    .to_owned()
}

/// A tile for the machine, each application and each service. Where the word is "unknown" nothing is green.
fn tiles(session: &ClientSession, health: &ServicesHealth, words: Words) -> Vec<Tile> {
    let is_known = !matches!(health.word, Word::Unknown { .. });
    let machine_is_bad = health
        .findings
        .iter()
        .any(|finding| matches!(finding, Finding::MachineOff | Finding::MachineMissing | Finding::GuestSilent));
    let tone = |is_bad: bool| match (is_known, machine_is_bad, is_bad) {
        (false, ..) => Tone::Unknown,
        (true, _, true) => Tone::Bad,
        // What runs in a machine that does not answer is not known.
        (true, true, false) => Tone::Unknown,
        (true, false, false) => Tone::Good,
    };
    let machine = if is_known && machine_is_bad { Tone::Bad } else { tone(false) };
    let mut tiles = vec![Tile { label: words.machine().to_owned(), tone: machine }];
    for (app, _, _) in promised(session.client()) {
        let is_silent = |finding: &Finding| matches!(finding, Finding::AppSilent { app: one, .. } if *one == app);
        tiles.push(Tile { label: app.name().to_owned(), tone: tone(health.findings.iter().any(is_silent)) });
    }
    for unit in UNITS {
        let is_down = |finding: &Finding| matches!(finding, Finding::ServiceDown { unit: one, .. } if one == unit);
        tiles.push(Tile { label: unit_name(unit, words), tone: tone(health.findings.iter().any(is_down)) });
    }
    tiles
}
