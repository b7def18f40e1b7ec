//! Are my data safe? What lies where, when it was seen, and the last restore that proved it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::backup::drill::Verdict;
use crate::domain::backup::health::{InstanceView, Kind, Place, PlaceHealth, TaskEnd, Word};
use crate::health::backups::{InstanceTruth, truth, view};
use crate::store::KeptDrill;

use super::super::picture::{Calendar, Day, Mark, Tone};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::here::Here;
use super::{Answer, Fact, Table, drawn, log};

/// Days of the calendar.
const DAYS: i32 = 60;

/// Everything that pages about backups show.
pub(super) struct Safe {
    /// The verdict; none while the client lives on no machine.
    pub(super) truth: Option<InstanceTruth>,
    /// The restore tests of that machine, the oldest first.
    pub(super) drills: Vec<KeptDrill>,
    /// The calendar, the oldest day first.
    pub(super) days: Vec<Day>,
}

/// Reads it, with every restore test.
pub(super) async fn read(portal: &Portal, session: &ClientSession) -> Result<Safe, Problem> {
    let here = Here::of(portal, session).await?;
    read_since(portal, session, here.as_ref(), Timestamp::MIN).await
}

/// Reads it, with the restore tests since a moment and the last that proved something.
async fn read_since(
    portal: &Portal,
    session: &ClientSession,
    here: Option<&Here<'_>>,
    since: Timestamp,
) -> Result<Safe, Problem> {
    let Some(Here { subject, looks }) = here else {
        return Ok(Safe { truth: None, drills: Vec::new(), days: Vec::new() });
    };
    let (scope, now) = (session.scope(), session.contact.now);
    let view = view(&portal.store, &scope, subject, looks, now).await?;
    let drills = portal.store.drills_since(&scope, &subject.instance.id, since.as_microsecond()).await?;
    let days = days(session, &view, &drills);
    Ok(Safe { truth: Some(truth(subject, &view, now)), drills, days })
}

fn days(session: &ClientSession, view: &InstanceView, drills: &[KeptDrill]) -> Vec<Day> {
    let zone = session.zone();
    let (local, remote) = (Kept::of(view, Place::Local, &zone), Kept::of(view, Place::Remote, &zone));
    let day_of = |at: Timestamp| at.to_zoned(zone.clone()).date();
    // A task that failed says nothing of where: it counts only for a day of which nothing is kept.
    let failed: BTreeSet<Date> = view
        .node
        .seen
        .iter()
        .flat_map(|seen| &seen.value.tasks)
        .filter(|task| matches!(task.end, TaskEnd::Failed(_)))
        .map(|task| day_of(task.started_at))
        .collect();
    let proven: BTreeSet<Date> = drills
        .iter()
        .filter(|drill| drill.record.verdict == Verdict::Proven)
        .filter_map(|drill| Timestamp::from_microsecond(drill.record.ended_at_us).ok())
        .map(day_of)
        .collect();
    let today = session.today();
    let first = today.saturating_sub((DAYS - 1).days());
    let days = (0..DAYS).map(|number| {
        let date = first.saturating_add(number.days());
        let has_failed = failed.contains(&date);
        Day {
            date,
            local: local.mark(date, has_failed),
            remote: remote.mark(date, has_failed),
            proven: proven.contains(&date),
        }
    });
    days.collect()
}

/// The days of which a place keeps a backup, as far as it was seen.
struct Kept {
    days: BTreeSet<Date>,
    seen_on: Option<Date>,
}

impl Kept {
    fn of(view: &InstanceView, place: Place, zone: &TimeZone) -> Kept {
        let day_of = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let seen = view.places.iter().find(|one| one.place == place).and_then(|one| one.listing.seen.as_ref());
        let snapshots = seen.iter().flat_map(|seen| &seen.value.snapshots);
        let good = snapshots.filter(|one| one.verification.as_ref().is_none_or(|found| found.ok));
        Kept { days: good.map(|one| day_of(one.at)).collect(), seen_on: seen.map(|seen| day_of(seen.at)) }
    }

    fn mark(&self, date: Date, has_failed: bool) -> Mark {
        match self.seen_on {
            _ if self.days.contains(&date) => Mark::Kept,
            Some(seen_on) if date <= seen_on && has_failed => Mark::Failed,
            Some(seen_on) if date <= seen_on => Mark::None,
            _ => Mark::Unknown,
        }
    }
}

/// How a place is. One from which no restore is to be tried, such as a copy in a third place, is not to be watched for that.
pub(in crate::portal) fn tone(place: &PlaceHealth) -> Tone {
    match place.word {
        Word::Ok => Tone::Good,
        Word::Unproven if place.is_ok() => Tone::Good,
        Word::Unproven => Tone::Warning,
        Word::Unknown { .. } => Tone::Unknown,
        Word::Late | Word::Failed | Word::Never => Tone::Bad,
    }
}

/// A place in a word.
pub(super) fn place_name(place: Place, words: Words) -> &'static str {
    match place {
        Place::Local => words.place_local(),
        Place::Remote => words.place_remote(),
        Place::Third => words.place_third(),
    }
}

/// How all places are together, in a sentence: the worst counts.
pub(super) fn sentence(truth: &InstanceTruth, zone: &TimeZone, words: Words) -> (Tone, String) {
    let places = &truth.health.places;
    let worst = places.iter().map(tone).max().unwrap_or(Tone::Unknown);
    let is_any_proven = places.iter().any(|place| place.word == Word::Ok);
    let text = match worst {
        // Left out everywhere is nobody's fault, and proves nothing.
        Tone::Good if !is_any_proven => return (Tone::Warning, words.backups_unproven().to_owned()),
        Tone::Good => safe(places, words),
        Tone::Warning => words.backups_unproven().to_owned(),
        Tone::Bad if places.iter().all(|place| place.word == Word::Never) => words.backups_never().to_owned(),
        Tone::Bad => words.backups_bad().to_owned(),
        Tone::Unknown => unknown(places, zone, words),
    };
    (worst, text)
}

/// What is true where every place is as it should be: only what was proven is called proven.
fn safe(places: &[PlaceHealth], words: Words) -> String {
    let has = |is_local: bool| places.iter().any(|place| (place.place == Place::Local) == is_local);
    let mut text = if has(true) && has(false) { words.backups_ok() } else { words.backups_ok_one_place() }.to_owned();
    // A third place holds a copy of the second one, which is tried in its stead.
    let untried = places.iter().filter(|place| place.word != Word::Ok && place.place != Place::Third);
    let untried: Vec<String> = untried.map(|place| place_name(place.place, words).to_lowercase()).collect();
    if !untried.is_empty() {
        let places = untried.join(", ");
        text.push_str(&words.pick(
            format!(" Aucun essai de restauration n’est prévu pour celle qui est {places}."),
            format!(" No restore test is planned for the one {places}."),
        ));
    }
    text
}

/// Whether no restore is to be tried from a place.
pub(super) fn is_never_tried(place: &PlaceHealth) -> bool {
    place.findings.iter().any(|finding| finding.name == Kind::DrillLeftOut)
}

/// Which places are not known, and since when.
fn unknown(places: &[PlaceHealth], zone: &TimeZone, words: Words) -> String {
    let since = |place: &PlaceHealth| match place.word {
        Word::Unknown { since } => Some((place.place, since)),
        _ => None,
    };
    let unknown: Vec<_> = places.iter().filter_map(since).collect();
    if unknown.iter().all(|(_, since)| since.is_none()) && unknown.len() == places.len() {
        return words.backups_not_known().to_owned();
    }
    let parts: Vec<String> = unknown
        .iter()
        .map(|(place, since)| {
            let name = place_name(*place, words).to_lowercase();
            match since {
                Some(at) => {
                    let at = say::moment(*at, zone, words);
                    words.pick(format!("{name}, inconnu depuis le {at}"), format!("{name}, unknown since {at}"))
                }
                None => words.pick(format!("{name}, jamais vu"), format!("{name}, never seen")),
            }
        })
        .collect();
    let parts = parts.join(words.pick("\u{a0}; ", "; "));
    words.pick(
        format!("Nous ne le savons pas entièrement\u{a0}: {parts}."),
        format!("We do not know entirely: {parts}."),
    )
}

/// A place in facts: the last good backup, and when it was seen.
pub(super) fn place_fact(place: &PlaceHealth, now: Timestamp, zone: &TimeZone, words: Words) -> Fact {
    let mut value = match &place.last_good {
        Some(good) => format!("{} ({})", say::moment(good.at, zone, words), say::ago(good.at, now, words)),
        None => words.none_yet().to_owned(),
    };
    let seen = match (place.word, place.seen_at) {
        (Word::Unknown { since: Some(since) }, _) => {
            let since = say::moment(since, zone, words);
            words.pick(format!("inconnu depuis le {since}"), format!("unknown since {since}"))
        }
        (_, Some(at)) => format!("{} {}", words.seen_on().to_lowercase(), say::ago(at, now, words)),
        (_, None) => words.not_seen_yet().to_owned(),
    };
    value.push_str(" · ");
    value.push_str(&seen);
    let label = format!("{} — {}", words.last_backup(), place_name(place.place, words).to_lowercase());
    Fact { label, value, tone: Some(tone(place)) }
}

/// The newest restore that proved something.
pub(super) fn last_proof(drills: &[KeptDrill]) -> Option<&KeptDrill> {
    drills.iter().filter(|drill| drill.record.verdict == Verdict::Proven).max_by_key(|drill| drill.record.ended_at_us)
}

/// The calendar as a table, the newest day first.
pub(super) fn calendar_table(days: &[Day], words: Words) -> Table {
    let mut table = Table::new(&[words.day(), words.place_local(), words.place_remote(), words.last_proof()]);
    table.rows = days
        .iter()
        .rev()
        .map(|day| {
            vec![
                say::short_day(day.date, words),
                day.local.word(words).to_owned(),
                day.remote.word(words).to_owned(),
                if day.proven { words.cell_proven().to_owned() } else { String::new() },
            ]
        })
        .collect();
    table
}

/// The answer.
pub(super) async fn answer(
    portal: &Portal,
    session: &ClientSession,
    here: Option<&Here<'_>>,
) -> Result<Answer, Problem> {
    let words = session.contact.words;
    // More than the days of the calendar, whatever the zone.
    let shown = SignedDuration::from_hours(24 * i64::from(DAYS + 1));
    let since = session.contact.now.checked_sub(shown).unwrap_or(Timestamp::MIN);
    let safe = read_since(portal, session, here, since).await?;
    let (zone, now) = (session.zone(), session.contact.now);
    let question = words.ask_backups();
    let more = Some((session.path("/sauvegardes"), words.more()));
    let Some(truth) = &safe.truth else {
        let sentence = words.no_instance().to_owned();
        let (tone, table) = (Some(Tone::Unknown), Table::default());
        return Ok(Answer { question, tone, sentence, facts: Vec::new(), picture: None, caption: None, table, more });
    };
    let (tone, sentence) = sentence(truth, &zone, words);
    let mut facts: Vec<Fact> = truth.health.places.iter().map(|place| place_fact(place, now, &zone, words)).collect();
    let proof = last_proof(&safe.drills);
    let value = proof.map_or_else(
        || words.proof_missing().to_owned(),
        |drill| {
            let day = say::day_us(drill.record.ended_at_us, &zone, words);
            format!("{day}, {}", log::origin_name(drill.record.from, words).to_lowercase())
        },
    );
    let proof_tone = if proof.is_some() { None } else { Some(Tone::Warning) };
    facts.push(Fact { label: words.last_proof().to_owned(), value, tone: proof_tone });
    let picture = drawn(&Calendar::new(&safe.days, words))?;
    let table = calendar_table(&safe.days, words);
    let caption = Some(words.calendar_caption());
    Ok(Answer { question, tone: Some(tone), sentence, facts, picture: Some(picture), caption, table, more })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Place, PlaceHealth, Tone, Word, Words, sentence, tone};
    use crate::domain::backup::health::{Finding, InstanceHealth, Weight};
    use crate::health::backups::InstanceTruth;

    fn place(place: Place, word: Word, is_left_out: bool) -> PlaceHealth {
        let left_out = Finding {
            name: Kind::DrillLeftOut,
            place: Some(place),
            weight: Weight::Note,
            sentence: String::new(),
            mend: Kind::DrillLeftOut.mend().to_owned(),
        };
        PlaceHealth {
            place,
            word,
            last_good: None,
            kept: 1,
            next_expected: None,
            proven_at: None,
            seen_at: None,
            findings: is_left_out.then_some(left_out).into_iter().collect(),
        }
    }

    fn said(places: Vec<PlaceHealth>) -> (Tone, String) {
        let truth = InstanceTruth {
            instance: "lilas".parse().unwrap(),
            site: "croix-rousse".parse().unwrap(),
            clients: Vec::new(),
            without: Vec::new(),
            health: InstanceHealth { places, findings: Vec::new() },
        };
        sentence(&truth, &jiff::tz::TimeZone::UTC, Words::FR)
    }

    #[test]
    fn a_third_place_that_nobody_tries_leaves_the_answer_a_yes() {
        let third = place(Place::Third, Word::Unproven, true);
        assert_eq!(tone(&third), Tone::Good);
        let (tone, text) =
            said(vec![place(Place::Local, Word::Ok, false), place(Place::Remote, Word::Ok, false), third]);
        assert_eq!((tone, text.as_str()), (Tone::Good, Words::FR.backups_ok()));
        let (tone, text) =
            said(vec![place(Place::Local, Word::Ok, false), place(Place::Remote, Word::Unproven, false)]);
        assert_eq!((tone, text.as_str()), (Tone::Warning, Words::FR.backups_unproven()), "not on purpose");
    }

    #[test]
    fn what_is_left_out_on_purpose_is_never_called_proven() {
        let (tone, text) = said(vec![place(Place::Local, Word::Ok, false), place(Place::Remote, Word::Unproven, true)]);
        assert!(tone == Tone::Good && text.contains("n’est prévu pour celle qui est dans un autre lieu"), "{text}");
        let (tone, text) = said(vec![place(Place::Local, Word::Unproven, true)]);
        assert_eq!((tone, text.as_str()), (Tone::Warning, Words::FR.backups_unproven()), "nothing is proven at all");
        let (_, text) = said(vec![place(Place::Local, Word::Ok, false)]);
        assert!(!text.contains("ailleurs"), "there is no second place: {text}");
    }
}
