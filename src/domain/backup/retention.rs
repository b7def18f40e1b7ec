//! Which backups are kept: rules as Proxmox writes them, and which snapshots they would leave.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::ISOWeekDate;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;

/// The largest count that makes sense for any rule: a backup a day for more than two years.
const COUNT_MAX: u32 = 1000;

/// A period of which the newest backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The newest ones, whenever they were made.
    Last,
    /// One an hour.
    Hourly,
    /// One a day.
    Daily,
    /// One a week, Monday first.
    Weekly,
    /// One a month.
    Monthly,
    /// One a year.
    Yearly,
}

/// All of them, in the order in which Proxmox applies them.
pub const KEEPS: [Keep; 6] = [Keep::Last, Keep::Hourly, Keep::Daily, Keep::Weekly, Keep::Monthly, Keep::Yearly];

impl Keep {
    /// Its name in Proxmox.
    pub fn name(self) -> &'static str {
        match self {
            Keep::Last => "keep-last",
            Keep::Hourly => "keep-hourly",
            Keep::Daily => "keep-daily",
            Keep::Weekly => "keep-weekly",
            Keep::Monthly => "keep-monthly",
            Keep::Yearly => "keep-yearly",
        }
    }

    /// What is the same for two backups of one period, on the clock of whoever prunes.
    fn period(self, at: Timestamp, zone: &TimeZone) -> Period {
        let local = zone.to_datetime(at);
        let (year, month, day) = (local.year(), local.month(), local.day());
        match self {
            Keep::Last => Period::Moment(at),
            Keep::Hourly => Period::Parts(year, month, day, local.hour()),
            Keep::Daily => Period::Parts(year, month, day, 0),
            Keep::Weekly => {
                let week = ISOWeekDate::from(local.date());
                Period::Parts(week.year(), 0, week.week(), 0)
            }
            Keep::Monthly => Period::Parts(year, month, 0, 0),
            Keep::Yearly => Period::Parts(year, 0, 0, 0),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Period {
    Moment(Timestamp),
    Parts(i16, i8, i8, i8),
}

/// Rules of what is kept. Without any, everything is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Retention {
    counts: BTreeMap<Keep, u32>,
}

/// A backup, as far as keeping it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// When it was made.
    pub at: Timestamp,
    /// A person protected it: it stays, and counts for no rule.
    pub protected: bool,
}

impl Retention {
    /// Everything is kept.
    pub fn everything() -> Retention {
        Retention::default()
    }

    /// Whether everything is kept.
    pub fn is_everything(&self) -> bool {
        self.counts.is_empty()
    }

    /// The count of a rule.
    pub fn count(&self, keep: Keep) -> Option<u32> {
        self.counts.get(&keep).copied()
    }

    /// The rules by their names in Proxmox.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.counts.iter().map(|(keep, count)| (keep.name(), *count))
    }

    /// Which of these backups stay after pruning, in the order given.
    ///
    /// The newest one is never dropped: each rule begins with the newest backup that no rule before it covers.
    pub fn kept(&self, backups: &[Kept], zone: &TimeZone) -> Vec<bool> {
        if self.is_everything() {
            return vec![true; backups.len()];
        }
        let mut newest_first: Vec<usize> = (0..backups.len()).filter(|&index| !backups[index].protected).collect();
        newest_first.sort_by_key(|&index| std::cmp::Reverse(backups[index].at));
        let mut kept: Vec<bool> = backups.iter().map(|backup| backup.protected).collect();
        for (&keep, &count) in &self.counts {
            let period = |index: usize| keep.period(backups[index].at, zone);
            // A period that an earlier rule covers needs no second backup and uses nothing up.
            let covered: BTreeSet<Period> =
                newest_first.iter().filter(|&&index| kept[index]).map(|&index| period(index)).collect();
            let mut used = BTreeSet::new();
            for &index in &newest_first {
                let period = period(index);
                if kept[index] || covered.contains(&period) || used.contains(&period) {
                    continue;
                }
                if used.len() >= count as usize {
                    break;
                }
                used.insert(period);
                kept[index] = true;
            }
        }
        kept
    }
}

impl fmt::Display for Retention {
    /// As Proxmox writes it: `keep-daily=7,keep-weekly=4`, or `keep-all=1`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return out.write_str("keep-all=1");
        }
        for (index, (name, count)) in self.rules().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{name}={count}")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Retention {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Retention, Refusal> {
        let mut counts = BTreeMap::new();
        if matches!(text, "keep-all=1" | "keep-all") {
            return Ok(Retention::everything());
        }
        for part in text.split(',') {
            let (name, count) = part.split_once('=').unwrap_or((part, ""));
            let Some(keep) = KEEPS.into_iter().find(|keep| keep.name() == name) else {
                let known: Vec<&str> = KEEPS.into_iter().map(Keep::name).collect();
                return Err(Refusal::new(format!("`{part}` is not a rule of what is kept")).hint(format!(
                    "as Proxmox writes them: {}, each with `=NUMBER`, joined by commas",
                    known.join(", ")
                )));
            };
            let Some(count) = count.parse::<u32>().ok().filter(|count| (1..=COUNT_MAX).contains(count)) else {
                return Err(Refusal::new(format!("`{part}`: how many is a number from 1 to {COUNT_MAX}"))
                    .hint("a rule that keeps none is left away"));
            };
            if counts.insert(keep, count).is_some() {
                return Err(Refusal::new(format!("`{name}` is there twice")).hint("keep one of the two"));
            }
        }
        Ok(Retention { counts })
    }
}

impl TryFrom<String> for Retention {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Retention, Refusal> {
        text.parse()
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> String {
        retention.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every(hours: i64, count: i64) -> Vec<Kept> {
        let first = Timestamp::from_second(1_767_225_600).unwrap();
        let at = |n| first.checked_add(jiff::SignedDuration::from_hours(n * hours)).unwrap();
        (0..count).map(|n| Kept { at: at(n), protected: false }).collect()
    }

    fn rules(text: &str) -> Retention {
        text.parse().unwrap()
    }

    #[test]
    fn rules_are_read_and_written_as_proxmox_has_them() {
        for text in ["keep-last=3", "keep-daily=7,keep-weekly=4,keep-monthly=6", "keep-all=1"] {
            assert_eq!(rules(text).to_string(), text);
        }
        assert_eq!(rules("keep-weekly=4,keep-daily=7").to_string(), "keep-daily=7,keep-weekly=4");
        for wrong in [
            "",
            "keep-daily",
            "keep-daily=0",
            "keep-daily=-1",
            "keep-nightly=3",
            "daily=7",
            "keep-daily=1,",
            "keep-daily=1,keep-daily=2",
            "keep-last=99999999999",
        ] {
            assert!(wrong.parse::<Retention>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_backup_a_night_leaves_days_then_weeks() {
        let backups = every(24, 60);
        let kept = rules("keep-daily=7,keep-weekly=4").kept(&backups, &TimeZone::UTC);
        let ages: Vec<usize> = kept.iter().rev().enumerate().filter(|(_, kept)| **kept).map(|(age, _)| age).collect();
        // The sixtieth night is Sunday, 1 March 2026: its week is covered by the days, four more weeks follow.
        assert_eq!(ages, [0, 1, 2, 3, 4, 5, 6, 7, 14, 21, 28]);
    }

    #[test]
    fn protected_backups_stay_and_count_for_nothing() {
        let mut backups = every(24, 5);
        backups[4].protected = true;
        backups[0].protected = true;
        let kept = rules("keep-last=1").kept(&backups, &TimeZone::UTC);
        assert_eq!(kept, [true, false, false, true, true]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_newest_backup_is_never_dropped(
            hours in prop::collection::btree_set(0i64..40_000, 1..60),
            counts in prop::collection::btree_map(0usize..6, 1u32..9, 0..6),
        ) {
            let first = Timestamp::from_second(1_700_000_000).unwrap();
            let backups: Vec<Kept> = hours
                .iter()
                .map(|hour| Kept { at: first.checked_add(jiff::SignedDuration::from_hours(*hour)).unwrap(), protected: false })
                .collect();
            let counts: BTreeMap<Keep, u32> = counts.into_iter().map(|(index, count)| (KEEPS[index], count)).collect();
            let total: u32 = counts.values().sum();
            let retention = Retention { counts };
            let kept = retention.kept(&backups, &TimeZone::UTC);
            prop_assert!(kept[backups.len() - 1]);
            // No more than the rules allow stay, and pruning again changes nothing.
            let left: Vec<Kept> = backups.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(one, _)| *one).collect();
            if !retention.is_everything() {
                prop_assert!(left.len() <= total as usize);
            }
            prop_assert!(retention.kept(&left, &TimeZone::UTC).into_iter().all(|kept| kept));
        }
    }
}
