//! Which backups of a guest stay: `prune-backups`, as Proxmox VE counts them on the clock of the node.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::state::property::{Properties, is_yes};

/// The options in the order in which they take their turn.
const OPTIONS: [&str; 6] = ["keep-last", "keep-hourly", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly"];

/// How many backups of a guest stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// All of them, whatever else is said.
    pub all: bool,
    /// How many by each of the options, in their order; `None` when one is not given.
    pub counts: [Option<u32>; OPTIONS.len()],
}

/// What becomes of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Stays.
    Keep,
    /// Goes.
    Remove,
    /// Stays because it is protected; it does not count.
    Protected,
    /// Stays because its name is not a standard one; it does not count.
    Renamed,
}

impl Mark {
    /// As answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Keep => "keep",
            Mark::Remove => "remove",
            Mark::Protected => "protected",
            Mark::Renamed => "renamed",
        }
    }
}

impl Keep {
    /// Keeps everything.
    pub fn everything() -> Keep {
        Keep { all: true, ..Keep::default() }
    }

    /// Reads `keep-last=3,keep-daily=7`; the text has been verified.
    pub fn parse(text: &str) -> Keep {
        let given = Properties::parse(text, "");
        Keep {
            all: given.get("keep-all").is_some_and(is_yes),
            counts: OPTIONS.map(|option| given.get(option).and_then(|count| count.parse().ok())),
        }
    }

    /// The options that are given with their values.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u32)> {
        OPTIONS.into_iter().zip(self.counts).filter_map(|(option, count)| Some((option, count?)))
    }

    /// As a task's log names it: sorted by option.
    pub fn print(&self) -> String {
        let mut parts: Vec<String> = self.options().map(|(option, count)| format!("{option}={count}")).collect();
        if self.all {
            parts.push("keep-all=1".to_owned());
        }
        parts.sort();
        parts.join(", ")
    }

    /// Whether anything can ever be removed.
    pub fn is_finite(&self) -> bool {
        !self.all && self.options().any(|(_, count)| count > 0)
    }

    /// How many backups there may be where nothing is removed (`remove=0`); `None` when there is no limit.
    pub fn limit(&self) -> Option<u32> {
        let sum = self.options().map(|(_, count)| count).sum();
        (!self.all && sum > 0).then_some(sum)
    }

    /// Marks the backups of one guest by the moments in which they were made (seconds since 1970).
    pub fn mark(&self, moments: &[i64], zone: &TimeZone) -> Vec<Mark> {
        if !self.is_finite() {
            return vec![Mark::Keep; moments.len()];
        }
        let mut newest_first: Vec<usize> = (0..moments.len()).collect();
        newest_first.sort_by_key(|index| std::cmp::Reverse(moments[*index]));
        let mut marks: Vec<Option<Mark>> = vec![None; moments.len()];
        for (option, count) in self.options() {
            let period = |index: usize| period(option, moments[index], zone);
            let already: Vec<String> = newest_first
                .iter()
                .filter(|index| marks[**index] == Some(Mark::Keep))
                .map(|one| period(*one))
                .collect();
            let mut chosen: Vec<String> = Vec::new();
            for index in &newest_first {
                let id = period(*index);
                if marks[*index].is_some() || already.contains(&id) {
                    continue;
                }
                if chosen.contains(&id) {
                    marks[*index] = Some(Mark::Remove);
                    continue;
                }
                if chosen.len() >= usize::try_from(count).unwrap_or(usize::MAX) {
                    break;
                }
                chosen.push(id);
                marks[*index] = Some(Mark::Keep);
            }
        }
        marks.into_iter().map(|mark| mark.unwrap_or(Mark::Remove)).collect()
    }
}

/// Two backups with the same period are the same for an option.
fn period(option: &str, moment_s: i64, zone: &TimeZone) -> String {
    let Ok(moment) = Timestamp::from_second(moment_s) else { return moment_s.to_string() };
    let form = match option {
        "keep-hourly" => "%H/%d/%m/%Y",
        "keep-daily" => "%d/%m/%Y",
        "keep-weekly" => "%V/%G",
        "keep-monthly" => "%m/%Y",
        "keep-yearly" => "%Y",
        _ => return moment_s.to_string(),
    };
    moment.to_zoned(zone.clone()).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 86_400;

    #[test]
    fn lab_retention_keeps_the_newest_of_each_period_and_does_not_count_one_twice() {
        // Two a day for five days, the newest first.
        let moments: Vec<i64> = (0..10).map(|half_day| 1_788_220_800 - half_day * DAY_S / 2).collect();
        let marks = Keep::parse("keep-last=1,keep-daily=2").mark(&moments, &TimeZone::UTC);
        let kept: Vec<usize> =
            marks.iter().enumerate().filter(|(_, mark)| **mark == Mark::Keep).map(|(at, _)| at).collect();
        // The newest counts as the last one; the two days are those before it.
        assert_eq!(kept, [0, 1, 3]);
    }

    #[test]
    fn lab_retention_without_a_positive_option_keeps_everything() {
        for text in ["keep-all=1", "keep-all=1,keep-last=1", "keep-last=0"] {
            assert_eq!(Keep::parse(text).mark(&[1, 2, 3], &TimeZone::UTC), [Mark::Keep; 3], "{text}");
        }
        assert_eq!(Keep::parse("keep-last=2,keep-daily=7").limit(), Some(9));
        assert_eq!(Keep::parse("keep-daily=7,keep-last=2").print(), "keep-daily=7, keep-last=2");
        assert_eq!(Keep::everything().limit(), None);
    }
}
