//! Which snapshots of a group stay: the rules of retention, in the order in which they take.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::state::Group;

/// How many are kept by each rule; 0 for a rule that is not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Keep {
    /// The newest ones.
    pub last: u64,
    /// One per hour.
    pub hourly: u64,
    /// One per day.
    pub daily: u64,
    /// One per week.
    pub weekly: u64,
    /// One per month.
    pub monthly: u64,
    /// One per year.
    pub yearly: u64,
}

/// What becomes of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is protected.
    Protected,
    /// A rule keeps it.
    Keep,
    /// It is unfinished and the newest.
    KeepPartial,
    /// It goes.
    Remove,
}

impl Mark {
    /// As logs write it.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Protected => "protected",
            Mark::Keep => "keep",
            Mark::KeepPartial => "keep-partial",
            Mark::Remove => "remove",
        }
    }

    /// Whether it stays.
    pub fn keeps(self) -> bool {
        self != Mark::Remove
    }
}

impl Keep {
    /// The rules with their names, in the order in which they take and are written.
    pub fn rules(&self) -> [(&'static str, u64); 6] {
        [
            ("keep-last", self.last),
            ("keep-hourly", self.hourly),
            ("keep-daily", self.daily),
            ("keep-weekly", self.weekly),
            ("keep-monthly", self.monthly),
            ("keep-yearly", self.yearly),
        ]
    }

    /// Whether any rule is given. Without one everything is kept.
    pub fn keeps_something(&self) -> bool {
        self.rules().iter().any(|(_, count)| *count > 0)
    }

    /// Sets a rule by its name.
    pub fn set(&mut self, rule: &str, count: u64) {
        match rule {
            "keep-last" => self.last = count,
            "keep-hourly" => self.hourly = count,
            "keep-daily" => self.daily = count,
            "keep-weekly" => self.weekly = count,
            "keep-monthly" => self.monthly = count,
            "keep-yearly" => self.yearly = count,
            _ => {}
        }
    }
}

/// What becomes of every snapshot of a group, oldest first. Periods are those of the server's zone.
pub fn marks(group: &Group, keep: &Keep, zone: &TimeZone) -> Vec<(i64, Mark)> {
    let newest_first: Vec<i64> = group.snapshots.keys().rev().copied().collect();
    let mut marks: BTreeMap<i64, Mark> = unfinished(group, &newest_first);
    for (rule, count) in keep.rules() {
        if count > 0 {
            select(group, &newest_first, &mut marks, count, |time| period(rule, time, zone));
        }
    }
    let mark = |(time, snapshot): (&i64, &super::state::Snapshot)| {
        let mark = if snapshot.protected { Mark::Protected } else { marks.get(time).copied().unwrap_or(Mark::Remove) };
        (*time, mark)
    };
    group.snapshots.iter().map(mark).collect()
}

/// Unfinished snapshots go, but for the newest when nothing finished is newer.
fn unfinished(group: &Group, newest_first: &[i64]) -> BTreeMap<i64, Mark> {
    let mut marks = BTreeMap::new();
    let mut first = true;
    for time in newest_first {
        if !group.snapshots[time].is_finished() {
            marks.insert(*time, if first { Mark::KeepPartial } else { Mark::Remove });
        }
        first = false;
    }
    marks
}

/// Keeps the newest of so many periods in which nothing is kept yet. What is protected does not count.
fn select(
    group: &Group,
    newest_first: &[i64],
    marks: &mut BTreeMap<i64, Mark>,
    count: u64,
    period: impl Fn(i64) -> String,
) {
    let kept = newest_first.iter().filter(|time| marks.get(time) == Some(&Mark::Keep));
    let covered: BTreeSet<String> = kept.map(|time| period(*time)).collect();
    let mut chosen = BTreeSet::new();
    for time in newest_first {
        if marks.contains_key(time) {
            continue;
        }
        if group.snapshots[time].protected {
            marks.insert(*time, Mark::Protected);
            continue;
        }
        let period = period(*time);
        if covered.contains(&period) {
            continue;
        }
        if chosen.contains(&period) {
            marks.insert(*time, Mark::Remove);
        } else if chosen.len() as u64 >= count {
            break;
        } else {
            chosen.insert(period);
            marks.insert(*time, Mark::Keep);
        }
    }
}

/// The period of a rule that a moment lies in.
fn period(rule: &str, seconds: i64, zone: &TimeZone) -> String {
    let form = match rule {
        "keep-hourly" => "%Y/%m/%d/%H",
        "keep-daily" => "%Y/%m/%d",
        "keep-weekly" => "%G/%V",
        "keep-monthly" => "%Y/%m",
        "keep-yearly" => "%Y",
        _ => return seconds.to_string(),
    };
    Timestamp::from_second(seconds)
        .map(|moment| moment.to_zoned(zone.clone()).strftime(form).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pbs::state::{Manifest, Snapshot};

    const DAY_S: i64 = 86_400;
    /// A Thursday, noon in UTC.
    const START_S: i64 = 1_795_089_600;

    fn group(count: i64) -> Group {
        let manifest = Manifest { files: Vec::new(), fingerprint: None, notes: String::new(), verification: None };
        let snapshot =
            Snapshot { files: Vec::new(), manifest: Some(manifest), protected: false, running: None, made: 0 };
        let snapshots = (0..count).map(|day| (START_S + day * DAY_S, snapshot.clone())).collect();
        Group { owner: "root@pam".to_owned(), notes: String::new(), snapshots, made: 0 }
    }

    fn kept(group: &Group, keep: &Keep) -> Vec<i64> {
        let marks = marks(group, keep, &TimeZone::UTC);
        marks.into_iter().filter(|(_, mark)| mark.keeps()).map(|(time, _)| (time - START_S) / DAY_S).collect()
    }

    #[test]
    fn lab_pbs_retention_counts_rules_one_after_another() {
        let group = group(30);
        assert_eq!(kept(&group, &Keep { last: 2, ..Keep::default() }), [28, 29]);
        // The daily rule starts where the last ones end; the weekly one takes the newest of weeks without any.
        assert_eq!(kept(&group, &Keep { last: 1, daily: 2, weekly: 2, ..Keep::default() }), [17, 24, 27, 28, 29]);
        assert_eq!(kept(&group, &Keep { yearly: 3, ..Keep::default() }), [29]);
    }

    #[test]
    fn lab_pbs_retention_does_not_count_what_is_protected() {
        let mut group = group(4);
        group.snapshots.values_mut().next_back().expect("a snapshot").protected = true;
        assert_eq!(kept(&group, &Keep { last: 1, ..Keep::default() }), [2, 3]);
    }

    #[test]
    fn lab_pbs_retention_keeps_the_newest_unfinished_one_only_when_nothing_newer_is_finished() {
        let mut group = group(3);
        let times: Vec<i64> = group.snapshots.keys().copied().collect();
        group.snapshots.get_mut(&times[2]).expect("the newest").manifest = None;
        assert_eq!(kept(&group, &Keep { last: 1, ..Keep::default() }), [1, 2]);
        group.snapshots.get_mut(&times[1]).expect("the middle").manifest = None;
        group.snapshots.get_mut(&times[2]).expect("the newest").manifest = group.snapshots[&times[0]].manifest.clone();
        assert_eq!(kept(&group, &Keep { last: 2, ..Keep::default() }), [0, 2]);
    }
}
