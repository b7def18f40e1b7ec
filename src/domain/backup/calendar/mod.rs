//! When Proxmox runs something: its calendar events, read and predicted as it does (sheet Proxmox, sections 9b and 16).
//!
//! An event is a pattern of wall-clock times: weekdays, a date, a time, each part a list of numbers, ranges and steps. The
//! wall clock is that of the machine that runs the job. A time that the clock skips in spring does not happen that day; a
//! time that it shows twice in autumn happens once, at which of the two depends on what the machine computed before.

mod doubts;
mod next;
mod parse;

pub use doubts::{Doubt, schedule};
pub use next::Run;
pub use parse::{NotAnEvent, parse};

/// Who reads the text: they differ in what they forgive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// A node (Proxmox VE): blanks around the text are taken away.
    Node,
    /// A backup server: they are refused.
    Server,
}

/// A calendar event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Days of the week, Monday is 0.
    weekdays: Part,
    years: Part,
    months: Part,
    days: Part,
    hours: Part,
    minutes: Part,
    seconds: Part,
    /// Read in UTC instead of the machine's zone.
    utc: bool,
    /// How the time was written: what is surely not meant shows there only.
    written: Written,
}

/// How the time of an event was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Written {
    /// A part before the first colon that was taken for hours.
    hours: bool,
    /// A last part that was taken for seconds.
    seconds: bool,
    /// The minutes are numbers or ranges without a step.
    plain_minutes: bool,
    /// The minutes are a list of more than one.
    many_minutes: bool,
}

/// The numbers that one part of an event allows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// All of them.
    Any,
    /// Those of a list.
    Listed(Vec<Item>),
}

/// The last number of a step without an end. It has none inside the part either: what follows 48 in `0/24` is 72, minute 12
/// of the next hour, and Proxmox goes on from there.
const ENDLESS: u32 = u32::MAX;

/// An entry of a list: from a number, in steps, to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    first: u32,
    /// Included; a step without an end has none ([`ENDLESS`]).
    last: u32,
    /// Zero: only the first.
    step: u32,
}

impl Part {
    fn only(number: u32) -> Part {
        Part::Listed(vec![Item::only(number)])
    }

    fn contains(&self, number: u32) -> bool {
        match self {
            Part::Any => true,
            Part::Listed(items) => items.iter().any(|item| item.contains(number)),
        }
    }

    /// The next number, for one that is not contained: possibly beyond what the part can show.
    fn after(&self, number: u32) -> Option<u32> {
        match self {
            Part::Any => None,
            Part::Listed(items) => items.iter().filter_map(|item| item.after(number)).min(),
        }
    }
}

impl Item {
    fn only(number: u32) -> Item {
        Item { first: number, last: number, step: 1 }
    }

    fn contains(self, number: u32) -> bool {
        let inside = (self.first..=self.last).contains(&number);
        inside && (number - self.first).checked_rem(self.step).map_or(number == self.first, |rest| rest == 0)
    }

    fn after(self, number: u32) -> Option<u32> {
        if number < self.first {
            return Some(self.first);
        }
        let steps = (number - self.first).checked_div(self.step)? + 1;
        let next = self.first.checked_add(steps.checked_mul(self.step)?)?;
        (next <= self.last).then_some(next)
    }
}
