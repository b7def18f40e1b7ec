//! The matters that are looked at, as the store names them, and how looks are written and read back.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::backup::health::{Obstacle, ObstacleKind, Place, Seen, Sight};
use crate::domain::ids::SiteId;
use crate::engine::EngineError;
use crate::plan::desired::Subject;
use crate::pve::PveError;
use crate::ssh::SshError;
use crate::store::{Look, NewLook, Scope, StandingObstacle};

/// Version of an obstacle in the store.
const OBSTACLE_VERSION: u32 = 1;

/// Kind of subject: an instance.
pub(super) const INSTANCE: &str = "instance";
/// Kind of subject: a site.
pub(super) const SITE: &str = "site";

/// Whether a site answers.
pub(super) const REACH: &str = "reach";
/// An instance's node and machine.
pub(super) const NODE: &str = "backup-node";
/// The marker in the guest.
pub(super) const MARKER: &str = "marker";

/// What lies at a place, as the node sees it.
pub(super) fn listing(place: Place) -> &'static str {
    match place {
        Place::Local => "backup-local",
        Place::Remote => "backup-remote",
        Place::Third => "backup-third",
    }
}

/// What lies at a place, as its server says.
pub(super) fn server(place: Place) -> &'static str {
    match place {
        Place::Local => "backup-server-local",
        Place::Remote => "backup-server-remote",
        Place::Third => "backup-server-third",
    }
}

/// What stood in the way of a look, in the store's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Met {
    version: u32,
    /// Its kind.
    pub(super) kind: ObstacleKind,
    /// In words.
    pub(super) words: String,
}

impl Met {
    /// Something of a kind.
    pub(super) fn new(kind: ObstacleKind, words: impl Into<String>) -> Met {
        Met { version: OBSTACLE_VERSION, kind, words: words.into() }
    }

    /// Whether nobody answered, or somebody refused. Only the headline is kept: what to do is said with the finding.
    pub(super) fn from_error(error: &EngineError) -> Met {
        let kind = if is_silence(error) { ObstacleKind::Silent } else { ObstacleKind::Refused };
        let text = error.to_string();
        Met::new(kind, text.lines().next().unwrap_or_default())
    }
}

/// Nobody answered, which says nothing about what is there.
pub(super) fn is_silence(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Pve(PveError::Unreachable { .. } | PveError::ProxyGaveUp { .. } | PveError::LostAnswer { .. })
            | EngineError::Ssh(SshError::Unreachable { .. })
            | EngineError::Unknown(_)
    )
}

/// Whose data an instance's backups are: its client's, and staff's where several live together.
pub(super) fn scope(subject: &Subject<'_>) -> Scope {
    let mut clients = subject.clients();
    match (clients.next(), clients.next()) {
        (Some(only), None) => Scope::Client(only.id.clone()),
        _ => Scope::Staff,
    }
}

/// A look at an instance.
pub(super) fn look<T: Serialize>(
    subject: &Subject<'_>,
    what: &str,
    at: Timestamp,
    found: Result<T, Met>,
) -> Result<NewLook, EngineError> {
    Ok(NewLook {
        scope: scope(subject),
        subject_kind: INSTANCE,
        subject_id: subject.instance.id.to_string(),
        what: what.to_owned(),
        at_us: at.as_microsecond(),
        found: match found {
            Ok(seen) => Ok(payload(&seen)?),
            Err(met) => Err(payload(&met)?),
        },
    })
}

/// A look at a site: did it answer?
pub(super) fn reach(site: &SiteId, at: Timestamp, found: Result<(), Met>) -> Result<NewLook, EngineError> {
    Ok(NewLook {
        scope: Scope::Staff,
        subject_kind: SITE,
        subject_id: site.to_string(),
        what: REACH.to_owned(),
        at_us: at.as_microsecond(),
        found: match found {
            Ok(()) => Ok(json!({ "version": OBSTACLE_VERSION })),
            Err(met) => Err(payload(&met)?),
        },
    })
}

fn payload<T: Serialize>(value: &T) -> Result<Value, EngineError> {
    serde_json::to_value(value).map_err(|error| EngineError::Unexpected(format!("what was seen is no JSON: {error}")))
}

/// What is on record about one matter of an instance. What another version wrote and this one cannot read is as if it had
/// never been seen: the next look brings it again.
pub(super) fn sight<T: DeserializeOwned>(looks: &[Look], what: &str) -> Sight<T> {
    let Some(look) = looks.iter().find(|look| look.what == what) else { return Sight::none() };
    let seen = look.seen.as_ref().and_then(|(at_us, value)| {
        let at = Timestamp::from_microsecond(*at_us).ok()?;
        Some(Seen { value: serde_json::from_value(value.clone()).ok()?, at })
    });
    Sight { seen, obstacle: look.obstacle.as_ref().and_then(obstacle) }
}

/// What stands in the way, from the store's form.
pub(super) fn obstacle(standing: &StandingObstacle) -> Option<Obstacle> {
    let met: Met = serde_json::from_value(standing.met.clone()).ok()?;
    Some(Obstacle { kind: met.kind, since: Timestamp::from_microsecond(standing.since_us).ok()?, words: met.words })
}
