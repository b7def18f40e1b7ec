//! Backups day by day: a column for each week, two halves in each box.

use std::collections::BTreeMap;

use askama::Template;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::super::say;
use super::super::words::Words;

/// Pixels of a box and of what is between.
const BOX: i32 = 30;
const HALF: i32 = 14;
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

/// The picture: one path for each kind of mark, so that sixty days are small.
#[derive(Template)]
#[template(path = "portal/picture/calendar.svg", escape = "html")]
pub struct Calendar {
    words: Words,
    width: i32,
    height: i32,
    marks: Vec<(&'static str, String)>,
    proofs: Vec<(i32, i32)>,
    months: Vec<(i32, String)>,
    names: Vec<(i32, &'static str)>,
}

impl Calendar {
    /// Places the days, which are in order and without a gap.
    pub fn new(days: &[Day], words: Words) -> Calendar {
        let monday = days.first().map(|day| {
            let back = i64::from(day.date.weekday().since(Weekday::Monday));
            day.date.saturating_sub(back.days())
        });
        let mut marks: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut proofs = Vec::new();
        let mut months: Vec<(i32, String)> = Vec::new();
        let (mut last_month, mut right) = (0, LEFT);
        for day in days {
            let since = monday.and_then(|monday| day.date.since(monday).ok()).map_or(0, |span| span.get_days());
            let (x, y) = (LEFT + since / 7 * (BOX + GAP), TOP + since % 7 * (BOX + GAP));
            right = right.max(x + BOX);
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
            for (mark, top) in [(day.local, y), (day.remote, y + HALF + 2)] {
                let path = marks.entry(mark.class()).or_default();
                path.push_str(&format!("M{x} {top}h{BOX}v{HALF}h-{BOX}z"));
            }
            if day.proven {
                proofs.push((x + BOX / 2, y + BOX / 2));
            }
        }
        let initials = words.pick(["L", "M", "M", "J", "V", "S", "D"], ["M", "T", "W", "T", "F", "S", "S"]);
        let names = initials.into_iter().zip(0..).map(|(name, row)| (TOP + row * (BOX + GAP) + 20, name)).collect();
        Calendar {
            words,
            width: right,
            height: TOP + 7 * (BOX + GAP) - GAP,
            marks: marks.into_iter().collect(),
            proofs,
            months,
            names,
        }
    }
}
