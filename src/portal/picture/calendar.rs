//! Backups day by day: a column for each week, two halves in each box.

use askama::Template;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::super::say;
use super::super::words::Words;

/// Pixels of a box and of what is between.
const BOX: i32 = 30;
const GAP: i32 = 4;
/// Room above for the names of months, and at the left for those of days.
const TOP: i32 = 18;
const LEFT: i32 = 22;

/// What is known of one place on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A backup of that day is kept.
    Kept,
    /// One was tried, and none is there.
    Failed,
    /// None is kept.
    None,
    /// Nobody has looked since.
    Unknown,
}

impl Mark {
    fn class(self) -> &'static str {
        match self {
            Mark::Kept => "kept",
            Mark::Failed => "failed",
            Mark::None => "none",
            Mark::Unknown => "dark",
        }
    }

    /// In a word.
    pub fn word(self, words: Words) -> &'static str {
        match self {
            Mark::Kept => words.cell_kept(),
            Mark::Failed => words.cell_failed(),
            Mark::None => words.cell_none(),
            Mark::Unknown => words.cell_unknown(),
        }
    }
}

/// A day.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// At the client's.
    pub local: Mark,
    /// Elsewhere.
    pub remote: Mark,
    /// A restore was proven on this day.
    pub proven: bool,
}

/// The picture.
#[derive(Template)]
#[template(path = "portal/picture/calendar.svg", escape = "html")]
pub struct Calendar {
    words: Words,
    width: i32,
    height: i32,
    boxes: Vec<Placed>,
    months: Vec<(i32, String)>,
    names: Vec<(i32, &'static str)>,
}

struct Placed {
    x: i32,
    y: i32,
    local: &'static str,
    remote: &'static str,
    proven: bool,
    tip: String,
}

impl Calendar {
    /// Places the days, which are in order and without a gap.
    pub fn new(days: &[Day], words: Words) -> Calendar {
        let monday = days.first().map(|day| {
            let back = i64::from(day.date.weekday().since(Weekday::Monday));
            day.date.saturating_sub(back.days())
        });
        let mut boxes = Vec::new();
        let mut months: Vec<(i32, String)> = Vec::new();
        let mut last_month = 0;
        for day in days {
            let since = monday.and_then(|monday| day.date.since(monday).ok()).map_or(0, |span| span.get_days());
            let (x, y) = (LEFT + since / 7 * (BOX + GAP), TOP + since % 7 * (BOX + GAP));
            if day.date.month() != last_month {
                last_month = day.date.month();
                let name = say::day(day.date, words);
                let name = name.split_whitespace().nth(1).unwrap_or_default().to_owned();
                // A month that has only a column at the left edge would run into the next one's name.
                if months.last().is_some_and(|(at, _)| x - at < 2 * (BOX + GAP)) {
                    months.pop();
                }
                months.push((x, name));
            }
            boxes.push(Placed {
                x,
                y,
                local: day.local.class(),
                remote: day.remote.class(),
                proven: day.proven,
                tip: tip(day, words),
            });
        }
        let columns = boxes.last().map_or(1, |last| (last.x - LEFT) / (BOX + GAP) + 1);
        let initials = words.pick(["L", "M", "M", "J", "V", "S", "D"], ["M", "T", "W", "T", "F", "S", "S"]);
        let names = initials.into_iter().zip(0..).map(|(name, row)| (TOP + row * (BOX + GAP) + 20, name)).collect();
        Calendar {
            words,
            width: LEFT + columns * (BOX + GAP) - GAP,
            height: TOP + 7 * (BOX + GAP) - GAP,
            boxes,
            months,
            names,
        }
    }
}

fn tip(day: &Day, words: Words) -> String {
    let mut tip = format!(
        "{} · {} {} · {} {}",
        say::day(day.date, words),
        words.place_local(),
        day.local.word(words),
        words.place_remote(),
        day.remote.word(words)
    );
    if day.proven {
        tip.push_str(" · ");
        tip.push_str(words.cell_proven());
    }
    tip
}
