//! The text of an event. What is read is exactly what Proxmox reads, including what nobody would mean by it.

use super::{ENDLESS, Event, Item, Part, Reads, Written};

/// Numbers below these belong to a part; weekdays are words.
pub(super) const YEARS: u32 = 2200;
const MONTHS: u32 = 13;
const DAYS: u32 = 32;
const HOURS: u32 = 24;
const MINUTES: u32 = 60;
const SECONDS: u32 = 60;

/// Names of days, Monday first. Longer forms than these two of each are unknown to Proxmox.
const WEEKDAYS: [[&str; 2]; 7] = [
    ["mon", "monday"],
    ["tue", "tuesday"],
    ["wed", "wednesday"],
    ["thu", "thursday"],
    ["fri", "friday"],
    ["sat", "saturday"],
    ["sun", "sunday"],
];

/// Words that stand for a whole event, lower case only, with what they stand for.
const WORDS: [(&str, &str); 10] = [
    ("minutely", "*:*"),
    ("hourly", "*:0"),
    ("daily", "0:0"),
    ("weekly", "mon 0:0"),
    ("monthly", "*-*-1 0:0"),
    ("quarterly", "*-1,4,7,10-1 0:0"),
    ("semiannually", "*-1,7-1 0:0"),
    ("semi-annually", "*-1,7-1 0:0"),
    ("annually", "*-1-1 0:0"),
    ("yearly", "*-1-1 0:0"),
];

/// The text is no calendar event: Proxmox refuses it, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a schedule that Proxmox knows")]
pub struct NotAnEvent {
    /// What was to be read.
    pub text: String,
    /// What to write instead, where it can be guessed.
    pub hint: Option<&'static str>,
}

/// Reads an event.
///
/// # Errors
/// [`NotAnEvent`] where the one who reads it would refuse it.
pub fn parse(text: &str, reads: Reads) -> Result<Event, NotAnEvent> {
    let refused = || NotAnEvent { text: text.to_owned(), hint: hint(text) };
    let given = match reads {
        Reads::Node => text.trim(),
        Reads::Server => text,
    };
    let (local, utc) = match given.strip_suffix("UTC") {
        Some(rest) => (rest.trim_end(), true),
        None => (given, false),
    };
    let whole = WORDS.iter().find(|(word, _)| *word == local).map_or(local, |(_, meaning)| meaning);
    let mut cursor = Cursor(whole);
    let mut event = event(&mut cursor).ok_or_else(refused)?;
    if !cursor.0.is_empty() {
        return Err(refused());
    }
    event.utc = utc;
    Ok(event)
}

/// Frequent ways of writing that other programs know.
fn hint(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let is_day = |word: &str| WEEKDAYS.iter().flatten().any(|day| *day == word);
    let ranged = lower
        .split(|c: char| !(c.is_ascii_alphabetic() || c == '-'))
        .any(|word| word.split_once('-').is_some_and(|(first, last)| is_day(first) && is_day(last)));
    if ranged {
        return Some("a range of days has two dots: `mon..fri 03:15`");
    }
    if WORDS.iter().any(|(word, _)| *word == lower.trim()) {
        return Some("the word is written in lower case, without blanks around it");
    }
    if text.split_whitespace().count() >= 5 {
        return Some("this looks like cron; every night at 3:15 is `03:15` here");
    }
    if text.contains('/') && text.contains(|c: char| c.is_alphabetic()) && text.contains(' ') {
        return Some("the zone is that of the machine and is not written");
    }
    Some("for example `03:15`, `mon..fri 22:00`, `sat 04:30`, `02,14:15` (twice a day)")
}

/// What is left of the text.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    /// Takes a prefix.
    fn take(&mut self, prefix: &str) -> bool {
        match self.0.strip_prefix(prefix) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    /// Reads something, or leaves everything as it was.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.0;
        let read = read(self);
        if read.is_none() {
            self.0 = before;
        }
        read
    }
}

fn event(cursor: &mut Cursor<'_>) -> Option<Event> {
    let mut weekdays = Part::Any;
    let mut found = false;
    if cursor.0.starts_with(|c: char| c.is_ascii_alphabetic()) {
        weekdays = Part::Listed(weekday_list(cursor)?);
        found = true;
        cursor.skip_blanks();
    }
    let date = cursor.attempt(full_date).or_else(|| cursor.attempt(short_date));
    if date.is_some() {
        found = true;
        cursor.skip_blanks();
    }
    let time = cursor.attempt(time);
    if !found && time.is_none() {
        return None;
    }
    let [years, months, days] = date.unwrap_or([Part::Any, Part::Any, Part::Any]);
    let midnight =
        Time { hours: Part::only(0), minutes: Part::only(0), seconds: Part::only(0), written: Written::default() };
    let Time { hours, minutes, seconds, written } = time.unwrap_or(midnight);
    Some(Event { weekdays, years, months, days, hours, minutes, seconds, utc: false, written })
}

fn weekday_list(cursor: &mut Cursor<'_>) -> Option<Vec<Item>> {
    let mut items = weekday_range(cursor)?;
    while let Some(more) = cursor.attempt(|cursor| cursor.take(",").then(|| weekday_range(cursor)).flatten()) {
        items.extend(more);
    }
    Some(items)
}

/// One day or a range; a range may go over the end of the week.
fn weekday_range(cursor: &mut Cursor<'_>) -> Option<Vec<Item>> {
    let first = cursor.attempt(weekday)?;
    let last = cursor.attempt(|cursor| cursor.take("..").then(|| weekday(cursor)).flatten()).unwrap_or(first);
    let item = |first, last| Item { first, last, step: 1 };
    Some(if first <= last { vec![item(first, last)] } else { vec![item(first, 6), item(0, last)] })
}

fn weekday(cursor: &mut Cursor<'_>) -> Option<u32> {
    let end = cursor.0.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(cursor.0.len());
    let (word, rest) = cursor.0.split_at(end);
    let index = WEEKDAYS.iter().position(|names| names.iter().any(|name| name.eq_ignore_ascii_case(word)))?;
    cursor.0 = rest;
    u32::try_from(index).ok()
}

/// `YEAR-MONTH-DAY`.
fn full_date(cursor: &mut Cursor<'_>) -> Option<[Part; 3]> {
    let years = part(cursor, 0, YEARS)?;
    let months = cursor.take("-").then(|| part(cursor, 1, MONTHS)).flatten()?;
    let days = cursor.take("-").then(|| part(cursor, 1, DAYS)).flatten()?;
    Some([years, months, days])
}

/// `MONTH-DAY`.
fn short_date(cursor: &mut Cursor<'_>) -> Option<[Part; 3]> {
    let months = part(cursor, 1, MONTHS)?;
    let days = cursor.take("-").then(|| part(cursor, 1, DAYS)).flatten()?;
    Some([Part::Any, months, days])
}

struct Time {
    hours: Part,
    minutes: Part,
    seconds: Part,
    written: Written,
}

/// `[HOURS:]MINUTES[:SECONDS]`. What cannot be hours is taken for minutes: `25:00` is minute 25, second 0 of each hour.
fn time(cursor: &mut Cursor<'_>) -> Option<Time> {
    let hours = cursor.attempt(|cursor| {
        let hours = part(cursor, 0, HOURS)?;
        cursor.take(":").then_some(hours)
    });
    let minutes = part(cursor, 0, MINUTES)?;
    let seconds = cursor.attempt(|cursor| cursor.take(":").then(|| part(cursor, 0, SECONDS)).flatten());
    let (plain_minutes, many_minutes) = match &minutes {
        Part::Any => (false, false),
        Part::Listed(items) => (items.iter().all(|item| item.step == 1), items.len() > 1),
    };
    let written = Written { hours: hours.is_some(), seconds: seconds.is_some(), plain_minutes, many_minutes };
    let seconds = seconds.unwrap_or_else(|| Part::only(0));
    Some(Time { hours: hours.unwrap_or(Part::Any), minutes, seconds, written })
}

/// `*`, `*/STEP`, or a list. A step of zero after `*` stays unread, so that the text as a whole is refused.
fn part(cursor: &mut Cursor<'_>, least: u32, above: u32) -> Option<Part> {
    if !cursor.take("*") {
        return list(cursor, above).map(Part::Listed);
    }
    let before = cursor.0;
    if cursor.take("/") {
        let step = number(cursor, above)?;
        if step > 0 {
            return Some(Part::Listed(vec![Item { first: least, last: ENDLESS, step }]));
        }
        cursor.0 = before;
    }
    Some(Part::Any)
}

fn list(cursor: &mut Cursor<'_>, above: u32) -> Option<Vec<Item>> {
    let mut items = vec![item(cursor, above)?];
    while let Some(item) = cursor.attempt(|cursor| cursor.take(",").then(|| item(cursor, above)).flatten()) {
        items.push(item);
    }
    Some(items)
}

/// `A`, `A..B`, `A/STEP`, `A..B/STEP`.
fn item(cursor: &mut Cursor<'_>, above: u32) -> Option<Item> {
    let first = number(cursor, above)?;
    let last = cursor.attempt(|cursor| cursor.take("..").then(|| number(cursor, above)).flatten());
    if last.is_some_and(|last| last < first) {
        return None;
    }
    if cursor.take("/") {
        let step = number(cursor, above)?;
        return Some(Item { first, last: last.unwrap_or(ENDLESS), step });
    }
    Some(Item { first, last: last.unwrap_or(first), step: 1 })
}

fn number(cursor: &mut Cursor<'_>, above: u32) -> Option<u32> {
    let end = cursor.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(cursor.0.len());
    let (digits, rest) = cursor.0.split_at(end);
    let number = digits.parse::<u32>().ok().filter(|number| *number < above)?;
    cursor.0 = rest;
    Some(number)
}
