//! How an instance stands against the inventory, from what is on record: no site is asked.

use jiff::{SignedDuration, Timestamp};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::ids::InstanceId;
use crate::store::{Observation, Scope, Store, StoreError};
use crate::util::limits;

/// Why nothing is known where the last comparison is too old to count.
pub const COMPARED_LONG_AGO: &str = "nobody has compared it with the inventory since";

/// What the engine keeps of each look at an instance.
#[derive(Debug, Deserialize)]
struct Look {
    settled: bool,
    unknown: Option<String>,
    conflict: Option<String>,
    actions: usize,
    drift: Vec<String>,
    // Looks of an earlier version do not say it.
    #[serde(default)]
    waiting: Vec<String>,
}

/// How an instance stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What is known.
    pub state: State,
    /// What some of the pending steps wait for, outside of the program.
    pub waits_for: Vec<String>,
    /// When it was last looked at.
    pub looked_at_us: Option<i64>,
}

/// What is known of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody ever looked.
    NeverSeen,
    /// As the inventory says.
    Settled,
    /// It was, too long ago ([`limits::COMPARISON_AGE_MAX`]): whether it still is, is not known.
    Outdated {
        /// When that was.
        compared_at_us: i64,
    },
    /// Something differs.
    Pending {
        /// How many steps are to be done.
        actions: usize,
        /// What was changed outside of the program.
        drift: Vec<String>,
    },
    /// A person has to decide.
    Conflict {
        /// Why.
        why: String,
    },
    /// It does not answer.
    Unknown {
        /// Why.
        why: String,
        /// When it last did, if it ever did.
        last_known_us: Option<i64>,
    },
}

/// The form that `status --json` promises: drift is counted, and what was settled too long ago is unknown.
impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = if matches!(self, State::NeverSeen | State::Settled) { 1 } else { 3 };
        let mut out = serializer.serialize_struct("State", fields)?;
        match self {
            State::NeverSeen => out.serialize_field("is", "never-seen")?,
            State::Settled => out.serialize_field("is", "settled")?,
            State::Outdated { compared_at_us } => {
                out.serialize_field("is", "unknown")?;
                out.serialize_field("why", COMPARED_LONG_AGO)?;
                out.serialize_field("last_known_us", &Some(compared_at_us))?;
            }
            State::Pending { actions, drift } => {
                out.serialize_field("is", "pending")?;
                out.serialize_field("actions", actions)?;
                out.serialize_field("drift", &drift.len())?;
            }
            State::Conflict { why } => {
                out.serialize_field("is", "conflict")?;
                out.serialize_field("why", why)?;
            }
            State::Unknown { why, last_known_us } => {
                out.serialize_field("is", "unknown")?;
                out.serialize_field("why", why)?;
                out.serialize_field("last_known_us", last_known_us)?;
            }
        }
        out.end()
    }
}

/// How an instance stands.
///
/// # Errors
/// When the store cannot be read.
pub async fn standing(store: &Store, instance: &InstanceId, now: Timestamp) -> Result<Standing, StoreError> {
    let looks = store.observations(&Scope::Staff, "instance", instance.as_str(), "plan").await?;
    let looked_at_us = looks.first().map(|look| look.seen.at_us);
    Ok(Standing { state: state(&looks, now)?, waits_for: waits_for(&looks)?, looked_at_us })
}

/// What each comparison on record found, at its time; the newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn compared(store: &Store, instance: &InstanceId) -> Result<Vec<Standing>, StoreError> {
    let looks = store.observations(&Scope::Staff, "instance", instance.as_str(), "plan").await?;
    let found = |newest: usize| {
        let at_us = looks[newest].seen.at_us;
        let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
        let looks = &looks[newest..];
        Ok(Standing { state: state(looks, at)?, waits_for: waits_for(looks)?, looked_at_us: Some(at_us) })
    };
    (0..looks.len()).map(found).collect()
}

fn is_old(at_us: i64, now: Timestamp) -> bool {
    let Ok(at) = Timestamp::from_microsecond(at_us) else { return true };
    now.duration_since(at) > SignedDuration::try_from(limits::COMPARISON_AGE_MAX).unwrap_or(SignedDuration::MAX)
}

fn read(look: &Observation) -> Result<Look, StoreError> {
    serde_json::from_value(look.seen.value.clone())
        .map_err(|_| StoreError::Unreadable { what: "observation of an instance" })
}

/// What the newest look found waiting.
fn waits_for(looks: &[Observation]) -> Result<Vec<String>, StoreError> {
    looks.first().map_or(Ok(Vec::new()), |newest| Ok(read(newest)?.waiting))
}

/// The newest look says what is known; the older ones, since when nothing is.
fn state(looks: &[Observation], now: Timestamp) -> Result<State, StoreError> {
    let Some(newest) = looks.first() else { return Ok(State::NeverSeen) };
    let compared_at_us = newest.seen.at_us;
    let newest = read(newest)?;
    if let Some(why) = newest.unknown {
        let mut last_known_us = None;
        for older in looks {
            if read(older)?.unknown.is_none() {
                last_known_us = Some(older.seen.at_us);
                break;
            }
        }
        return Ok(State::Unknown { why, last_known_us });
    }
    Ok(match newest.conflict {
        Some(why) => State::Conflict { why },
        None if newest.settled && newest.drift.is_empty() && is_old(compared_at_us, now) => {
            State::Outdated { compared_at_us }
        }
        None if newest.settled && newest.drift.is_empty() => State::Settled,
        None => State::Pending { actions: newest.actions, drift: newest.drift },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::store::NewObservation;

    fn at(at_us: i64) -> Timestamp {
        Timestamp::from_microsecond(at_us).expect("a moment")
    }

    fn look(at_us: i64, unknown: Option<&str>) -> Observation {
        let value = json!({
            "version": 1, "settled": unknown.is_none(), "unknown": unknown, "conflict": null,
            "actions": 0, "unchanged": 3, "drift": [],
        });
        let seen = NewObservation {
            scope: Scope::Staff,
            subject_kind: "instance".to_owned(),
            subject_id: "lilas".to_owned(),
            what: "plan".to_owned(),
            value,
            at_us,
        };
        Observation { sequence: at_us, seen }
    }

    #[test]
    fn unknown_counts_from_the_last_time_it_was_known() {
        let looks = [look(30, Some("away")), look(20, Some("away")), look(10, None)];
        let state = state(&looks, at(30)).expect("readable");
        assert!(matches!(state, State::Unknown { last_known_us: Some(10), .. }));
    }

    #[test]
    fn what_was_never_known_has_no_date() {
        assert!(matches!(state(&[look(1, Some("away"))], at(1)), Ok(State::Unknown { last_known_us: None, .. })));
        assert!(matches!(state(&[], at(1)), Ok(State::NeverSeen)));
        assert!(matches!(state(&[look(1, None)], at(1)), Ok(State::Settled)));
    }

    #[test]
    fn what_was_settled_too_long_ago_is_not_known_any_more() {
        let bound_us = i64::try_from(limits::COMPARISON_AGE_MAX.as_micros()).expect("a day");
        assert!(matches!(state(&[look(1, None)], at(1 + bound_us)), Ok(State::Settled)));
        let old = state(&[look(1, None)], at(2 + bound_us)).expect("readable");
        assert_eq!(old, State::Outdated { compared_at_us: 1 });
        let told = serde_json::to_value(&old).expect("plain data");
        assert_eq!(told, json!({ "is": "unknown", "why": COMPARED_LONG_AGO, "last_known_us": 1 }));
    }
}
