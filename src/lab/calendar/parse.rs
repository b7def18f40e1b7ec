//! Text to event. Every step answers what it read and the rest, or nothing when the text is something else.

use super::{CalendarEvent, Value};

/// The whole text as an event.
pub(super) fn complete(text: &str) -> Result<CalendarEvent, String> {
    let fail = |at: &str, why: &str| Err(format!("unable to parse calendar event at '{at}' - {why}"));
    match event(text) {
        Ok((event, "")) => Ok(event),
        Ok((_, rest)) => fail(rest, "Nom(Eof)"),
        Err(Problem { at, context }) => fail(at, &format!("Context({context:?})")),
    }
}

struct Problem<'a> {
    at: &'a str,
    context: &'static str,
}

fn event(text: &str) -> Result<(CalendarEvent, &str), Problem<'_>> {
    let (utc, mut rest) = match text.strip_suffix("UTC") {
        Some(before) => (true, before.trim_end_matches(' ')),
        None => (false, text),
    };
    if let Some(event) = shortcut(rest) {
        return Ok((CalendarEvent { utc, ..event }, ""));
    }
    let midnight = || vec![Value::single(0)];
    let mut event =
        CalendarEvent { utc, hours: midnight(), minutes: midnight(), seconds: midnight(), ..CalendarEvent::default() };
    let mut anything = false;
    if rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
        (event.weekdays, rest) = weekdays(rest)?;
        rest = skip_blanks(rest);
        anything = true;
    }
    if let Some(([years, months, days], after)) = date(rest) {
        (event.years, event.months, event.days) = (years, months, days);
        rest = skip_blanks(after);
        anything = true;
    }
    if let Some(([hours, minutes, seconds], after)) = time(rest) {
        (event.hours, event.minutes, event.seconds) = (hours, minutes, seconds);
        rest = after;
        anything = true;
    }
    if anything { Ok((event, rest)) } else { Err(Problem { at: rest, context: "date or time specification" }) }
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn shortcut(text: &str) -> Option<CalendarEvent> {
    let at = |values: &[u32]| values.iter().copied().map(Value::single).collect::<Vec<_>>();
    let every_minute = CalendarEvent { seconds: at(&[0]), ..CalendarEvent::default() };
    let every_hour = CalendarEvent { minutes: at(&[0]), ..every_minute.clone() };
    let every_day = CalendarEvent { hours: at(&[0]), ..every_hour.clone() };
    let every_month = CalendarEvent { days: at(&[1]), ..every_day.clone() };
    Some(match text {
        "minutely" => every_minute,
        "hourly" => every_hour,
        "daily" => every_day,
        "weekly" => CalendarEvent { weekdays: vec![0], ..every_day },
        "monthly" => every_month,
        "quarterly" => CalendarEvent { months: at(&[1, 4, 7, 10]), ..every_month },
        "semiannually" | "semi-annually" => CalendarEvent { months: at(&[1, 7]), ..every_month },
        "yearly" | "annually" => CalendarEvent { months: at(&[1]), ..every_month },
        _ => return None,
    })
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn weekdays(text: &str) -> Result<(Vec<u32>, &str), Problem<'_>> {
    let (mut days, mut rest) = weekday_range(text)?;
    while let Some((more, after)) = rest.strip_prefix(',').and_then(|next| weekday_range(next).ok()) {
        days.extend(more);
        rest = after;
    }
    Ok((days, rest))
}

fn weekday_range(text: &str) -> Result<(Vec<u32>, &str), Problem<'_>> {
    let (start, rest) = weekday(text)?;
    let Some((end, rest)) = rest.strip_prefix("..").and_then(|next| weekday(next).ok()) else {
        return Ok((vec![start], rest));
    };
    // A range may run over the week's end.
    let length = (end + 7 - start) % 7;
    Ok(((0..=length).map(|offset| (start + offset) % 7).collect(), rest))
}

fn weekday(text: &str) -> Result<(u32, &str), Problem<'_>> {
    let end = text.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let lower = word.to_ascii_lowercase();
    (0..)
        .zip(WEEKDAYS)
        .find(|(_, name)| lower == *name || lower == name[..3])
        .map(|(number, _)| (number, rest))
        .ok_or(Problem { at: word, context: "weekday" })
}

type Three = [Vec<Value>; 3];

fn date(text: &str) -> Option<(Three, &str)> {
    let full = || {
        let (years, rest) = values(text, 0, 2200)?;
        let (months, rest) = values(rest.strip_prefix('-')?, 1, 13)?;
        let (days, rest) = values(rest.strip_prefix('-')?, 1, 32)?;
        Some(([years, months, days], rest))
    };
    let short = || {
        let (months, rest) = values(text, 1, 13)?;
        let (days, rest) = values(rest.strip_prefix('-')?, 1, 32)?;
        Some(([Vec::new(), months, days], rest))
    };
    full().or_else(short)
}

fn time(text: &str) -> Option<(Three, &str)> {
    let hours = || {
        let (hours, rest) = values(text, 0, 24)?;
        Some((hours, rest.strip_prefix(':')?))
    };
    let (hours, rest) = hours().unwrap_or((Vec::new(), text));
    let (minutes, rest) = values(rest, 0, 60)?;
    let (seconds, rest) =
        rest.strip_prefix(':').and_then(|next| values(next, 0, 60)).unwrap_or((vec![Value::single(0)], rest));
    Some(([hours, minutes, seconds], rest))
}

/// A list of values below `limit`; `*` is the empty list, `*/5` repeats from `first`.
fn values(text: &str, first: u32, limit: u32) -> Option<(Vec<Value>, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        if let Some(step) = rest.strip_prefix('/') {
            let (step, after) = number(step, limit)?;
            if step > 0 {
                return Some((vec![Value { start: first, end: None, step: Some(step) }], after));
            }
        }
        return Some((Vec::new(), rest));
    }
    let (one, mut rest) = value(text, limit)?;
    let mut list = vec![one];
    while let Some((more, after)) = rest.strip_prefix(',').and_then(|next| value(next, limit)) {
        list.push(more);
        rest = after;
    }
    Some((list, rest))
}

fn value(text: &str, limit: u32) -> Option<(Value, &str)> {
    let (start, mut rest) = number(text, limit)?;
    let mut end = None;
    if let Some((last, after)) = rest.strip_prefix("..").and_then(|next| number(next, limit)) {
        if start > last {
            return None;
        }
        end = Some(last);
        rest = after;
    }
    let Some(step) = rest.strip_prefix('/') else {
        return Some((Value { start, end, step: None }, rest));
    };
    let (step, rest) = number(step, limit)?;
    Some((Value { start, end, step: Some(step) }, rest))
}

fn number(text: &str, limit: u32) -> Option<(u32, &str)> {
    let end = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number: u32 = digits.parse().ok()?;
    (number < limit).then_some((number, rest))
}
