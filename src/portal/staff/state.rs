//! How instances stand, put into tones and words: what runs, the backups, the inventory, the site's answers, together.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::record::{Known, SiteReach, Standing, State};
use crate::domain::backup::health::{Finding, Weight};
use crate::domain::ids::{InstanceId, SiteId};
use crate::domain::services;
use crate::health::services::mend;
use crate::portal::client::backups::tone;
use crate::portal::picture::Tone;
use crate::portal::say;
use crate::portal::words::Words;

/// Something to be said, with its mend.
pub(super) struct Said {
    pub(super) tone: Tone,
    pub(super) sentence: String,
    pub(super) mend: Option<String>,
    /// The language that the sentence is in: findings are in English, for all technicians.
    pub(super) lang: &'static str,
}

/// The language of findings.
const FINDINGS_LANG: &str = "en";

/// What is said of one instance, the worst first. Empty when all is well.
pub(super) fn said(known: &Known<'_>, zone: &TimeZone, words: Words) -> Vec<Said> {
    let mut said = Vec::new();
    said.extend(known.reach.as_ref().and_then(|reach| silence(reach, known.now, zone, words)));
    said.extend(running(known, words));
    said.extend(against(known, zone, words));
    if let Some(truth) = &known.truth {
        for place in &truth.health.places {
            let tone = tone(place);
            said.extend(place.findings.iter().map(|one| finding(one, tone, Some(place.place.word()))));
        }
        said.extend(truth.health.findings.iter().map(|one| finding(one, Tone::Warning, None)));
    }
    said.sort_by_key(|one| std::cmp::Reverse(one.tone));
    said
}

/// The tone of an instance: of its worst place and of the worst that is said.
pub(super) fn overall(known: &Known<'_>, said: &[Said]) -> Tone {
    let truth = known.truth.as_ref();
    let places = truth.into_iter().flat_map(|one| &one.health.places).map(tone);
    let worst = said.iter().map(|one| one.tone).chain(places).max();
    // What nobody ever looked at is not well.
    worst.unwrap_or(Tone::Unknown).max(if truth.is_none() { Tone::Unknown } else { Tone::Good })
}

fn finding(finding: &Finding, worst: Tone, place: Option<&str>) -> Said {
    let tone = match finding.weight {
        Weight::Note => Tone::Good,
        Weight::Warning => worst.max(Tone::Warning),
    };
    let sentence = match place {
        Some(place) => format!("{place}: {}", finding.sentence),
        None => finding.sentence.clone(),
    };
    Said { tone, sentence, mend: Some(finding.mend.clone()), lang: FINDINGS_LANG }
}

/// What does not run, or is not known to run: on an island once for all its clients.
fn running(known: &Known<'_>, words: Words) -> Vec<Said> {
    let Some(subject) = &known.subject else { return Vec::new() };
    let is_silent = known.reach.as_ref().is_some_and(|reach| reach.silent.is_some() || reach.is_outdated(known.now));
    let mut said: Vec<Said> = Vec::new();
    for health in known.services.iter().map(|one| &one.health) {
        if health.findings.is_empty() && health.word != services::Word::Runs {
            said.push(Said {
                tone: Tone::Unknown,
                sentence: words.staff_services_never().to_owned(),
                mend: Some(format!("{} (`accolades watch --once {}`)", words.staff_ask_again_mend(), subject.site.id)),
                lang: words.code(),
            });
        }
        for finding in &health.findings {
            // That the site is silent, or was not asked, is said already.
            if is_silent && matches!(finding, services::Finding::NotSeen { .. }) {
                continue;
            }
            let tone = if finding.is_failure() { Tone::Bad } else { Tone::Unknown };
            let mend = Some(mend(finding, subject));
            said.push(Said { tone, sentence: finding.sentence(), mend, lang: FINDINGS_LANG });
        }
    }
    let mut told: Vec<String> = Vec::new();
    said.retain(|one| {
        let is_new = !told.contains(&one.sentence);
        told.push(one.sentence.clone());
        is_new
    });
    said
}

fn silence(reach: &SiteReach, now: Timestamp, zone: &TimeZone, words: Words) -> Option<Said> {
    let (sentence, mend) = match (&reach.silent, reach.seen_at) {
        (Some((since, met)), _) => {
            let since = say::moment(*since, zone, words);
            (format!("{} {since} ({met})", words.staff_silent()), words.staff_unknown_mend())
        }
        (None, Some(at)) if reach.is_outdated(now) => (
            format!("{} {}", words.staff_not_asked_since(), say::moment(at, zone, words)),
            words.staff_ask_again_mend(),
        ),
        (None, _) => return None,
    };
    let mend = Some(format!("{mend} (`accolades watch --once {}`)", reach.site));
    Some(Said { tone: Tone::Unknown, sentence, mend, lang: words.code() })
}

/// How an instance stands against the inventory.
pub(super) fn sentence(state: &State, zone: &TimeZone, words: Words) -> (Tone, String) {
    match state {
        State::Settled => (Tone::Good, words.staff_state_settled().to_owned()),
        State::Outdated { compared_at_us } => {
            let at = say::moment_us(*compared_at_us, zone, words);
            (Tone::Unknown, format!("{} {at}", words.staff_state_outdated()))
        }
        State::NeverSeen => (Tone::Unknown, words.staff_state_never().to_owned()),
        State::Pending { actions, drift } if drift.is_empty() => {
            let actions = i64::try_from(*actions).unwrap_or(i64::MAX);
            (Tone::Warning, say::count(actions, (words.staff_step_pending(), words.staff_steps_pending()), words))
        }
        State::Pending { drift, .. } => (Tone::Warning, format!("{} {}", words.staff_state_drift(), drift.join("; "))),
        State::Conflict { why } => (Tone::Bad, format!("{} {}", words.staff_state_conflict(), headline(why))),
        State::Unknown { why, .. } => (Tone::Unknown, format!("{} {}", words.staff_state_unknown(), headline(why))),
    }
}

/// What stands between an instance and the inventory. The mend is the page's button, or the same on a command line.
fn against(known: &Known<'_>, zone: &TimeZone, words: Words) -> Option<Said> {
    let state = &known.standing.state;
    if *state == State::Settled {
        return None;
    }
    let (tone, sentence) = sentence(state, zone, words);
    let first = match state {
        State::Unknown { .. } => words.staff_unknown_mend(),
        _ => words.staff_ask_plan_mend(),
    };
    let mend = Some(format!("{first} (`accolades plan {}`)", known.instance.id));
    Some(Said { tone, sentence, mend, lang: words.code() })
}

/// Whether a site answers, in a sentence.
pub(super) fn answer(reach: Option<&SiteReach>, now: Timestamp, zone: &TimeZone, words: Words) -> (Tone, String) {
    let never = || (Tone::Unknown, words.staff_never_asked().to_owned());
    let Some(reach) = reach else { return never() };
    match (&reach.silent, reach.seen_at) {
        (Some((since, met)), _) => {
            let since = say::moment(*since, zone, words);
            (Tone::Unknown, format!("{} {since}{} {met}", words.staff_answers_not(), words.colon()))
        }
        (None, Some(at)) if reach.is_outdated(now) => {
            (Tone::Unknown, format!("{} {}", words.staff_not_asked_since(), say::moment(at, zone, words)))
        }
        (None, Some(at)) => {
            (Tone::Good, format!("{}{} {}", words.staff_answers(), words.colon(), say::moment(at, zone, words)))
        }
        (None, None) => never(),
    }
}

/// What was met, without what to do about it.
pub(super) fn headline(text: &str) -> &str {
    text.split("\n\n").next().unwrap_or_default()
}

/// When something was seen, or that it never was.
pub(super) fn seen(at: Option<Timestamp>, zone: &TimeZone, words: Words) -> String {
    at.map_or_else(|| words.staff_never_looked().to_owned(), |at| say::moment(at, zone, words))
}

/// When an instance was last compared with the inventory: what was looked at since by sweeps says nothing of that.
pub(super) fn compared(standing: &Standing, zone: &TimeZone, words: Words) -> String {
    standing.looked_at_us.map_or_else(|| words.staff_never().to_owned(), |at_us| say::moment_us(at_us, zone, words))
}

/// Page of a site.
pub(super) fn site_path(site: &SiteId) -> String {
    format!("/equipe/sites/{site}")
}

/// What makes a plan of an instance.
pub(super) fn plan_path(instance: &InstanceId) -> String {
    format!("/equipe/machines/{instance}/plan")
}
