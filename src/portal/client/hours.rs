//! How many hours are left? The account of the contract year.

use crate::billing::book::Account;
use crate::billing::hours::{Alert, Hours, alert};
use crate::domain::billing::month::Period;
use crate::domain::billing::support::{YearAccount, exhausted_on};
use crate::store::Consent;

use super::super::Problem;
use super::super::area::Need;
use super::super::picture::{Gauge, Tone};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::{Answer, Fact, Table, drawn};

/// The account of the present contract year.
pub(super) fn year(session: &ClientSession, account: &Account) -> (Hours, YearAccount) {
    let hours = Hours::of(session.client(), account, &session.zone());
    let year = hours.year(session.today());
    (hours, year)
}

/// Requests for consent that nobody has answered.
pub(super) fn unanswered(account: &Account) -> impl Iterator<Item = &Consent> {
    account.consents.iter().filter(|consent| consent.decision.is_none())
}

/// How it stands with the hours. Those of a year that is over cannot run out any more.
pub(super) fn tone(session: &ClientSession, year: &YearAccount) -> Tone {
    let alert = alert(year).filter(|_| year.until >= session.today());
    match alert {
        Some(Alert::UsedUp | Alert::NearTheEnd) => Tone::Warning,
        None if year.waiting() > 0 => Tone::Warning,
        None => Tone::Good,
    }
}

/// In a sentence.
pub(super) fn sentence(session: &ClientSession, year: &YearAccount, words: Words) -> String {
    let (left, included) = (say::minutes(year.left()), say::minutes(year.allowance));
    let until = say::day(year.until, words);
    if year.allowance == 0 {
        return words.hours_none().to_owned();
    }
    if year.until < session.today() {
        let used = say::minutes(year.used);
        return words.pick(
            format!("Cette année s’est terminée le {until}\u{a0}: vous avez utilisé {used} sur {included}."),
            format!("This year ended on {until}: you used {used} of {included}."),
        );
    }
    if year.left() == 0 {
        return words.pick(
            format!("Les {included} de l’année sont utilisées. Les prochaines arrivent après le {until}."),
            format!("The year’s {included} are used. The next ones come after {until}."),
        );
    }
    let mut text = words.pick(
        format!("Il vous reste {left} sur {included}, jusqu’au {until}."),
        format!("You have {left} of {included} left, until {until}."),
    );
    if let Some(day) = exhausted_on(year, session.today()) {
        let day = say::day(day, words);
        text.push_str(&words.pick(
            format!(" Au rythme actuel, elles seront épuisées vers le {day}."),
            format!(" At this pace they will be used up around {day}."),
        ));
    }
    text
}

/// The picture, with the share of the year that has passed.
pub(super) fn gauge(session: &ClientSession, year: &YearAccount, sentence: &str, words: Words) -> Gauge {
    let passed = Period { from: year.from, until: session.today().min(year.until) }.days();
    let whole = Period { from: year.from, until: year.until }.days().max(1);
    let labels = (
        format!("{} {}", words.hours_used(), say::minutes(year.used)),
        format!("{} {}", words.hours_included(), say::minutes(year.allowance)),
    );
    let figures = (year.used, year.over, year.allowance);
    Gauge::new(words.hours_picture(), sentence, figures, labels, tone(session, year).class())
        .with_time_passed(passed * 1000 / whole)
}

/// The figures as a table.
pub(super) fn table(year: &YearAccount, words: Words) -> Table {
    let mut table = Table::new(&[words.what(), words.hours_picture()]);
    for (label, minutes) in [
        (words.hours_included(), year.allowance),
        (words.hours_used(), year.used),
        (words.hours_left(), year.left()),
        (words.hours_beyond(), year.over),
        (words.hours_waiting(), year.waiting()),
    ] {
        table.rows.push(vec![label.to_owned(), say::minutes(minutes)]);
    }
    table
}

/// The answer.
pub(super) fn answer(session: &ClientSession, account: &Account) -> Result<Answer, Problem> {
    let words = session.contact.words;
    let (_, year) = year(session, account);
    let more = Some((session.path("/assistance"), words.more()));
    let question = words.ask_hours();
    if year.allowance == 0 {
        let sentence = words.hours_none().to_owned();
        let table = Table::default();
        return Ok(Answer {
            question,
            tone: None,
            sentence,
            facts: Vec::new(),
            picture: None,
            caption: None,
            table,
            more,
        });
    }
    let sentence = sentence(session, &year, words);
    let picture = drawn(&gauge(session, &year, &sentence, words))?;
    let mut facts = vec![Fact {
        label: words.pick("Compté au", "Counted on").to_owned(),
        value: say::day(session.today(), words),
        tone: None,
    }];
    if session.may(Need::Consent) && unanswered(account).next().is_some() {
        let label = words.hours_waiting().to_owned();
        facts.push(Fact { label, value: words.consent_wanted().to_owned(), tone: Some(Tone::Warning) });
    }
    let table = table(&year, words);
    let caption = Some(words.gauge_caption());
    Ok(Answer {
        question,
        tone: Some(tone(session, &year)),
        sentence,
        facts,
        picture: Some(picture),
        caption,
        table,
        more,
    })
}
