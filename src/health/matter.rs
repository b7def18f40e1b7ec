//! The matters that are looked at, as the store names them, and how looks are written and read back. Each client of an
//! instance has rows of its own.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::backup::health::{Obstacle, ObstacleKind, Place, Seen, Sight};
use crate::domain::ids::{ClientId, SiteId};
use crate::plan::desired::Subject;
use crate::store::{Look, NewLook, Scope, StandingObstacle, StoreError};

/// Version of an obstacle in the store.
const OBSTACLE_VERSION: u32 = 1;

/// Kind of subject: an instance.
pub(crate) const INSTANCE: &str = "instance";
/// Kind of subject: a site.
pub(crate) const SITE: &str = "site";

/// Whether a site answers.
pub(crate) const REACH: &str = "reach";
/// An instance's node and machine.
pub(crate) const NODE: &str = "backup-node";
/// The marker in the guest.
pub(crate) const MARKER: &str = "marker";
/// What runs in the guest.
pub(crate) const SERVICES: &str = "services";

/// What lies at a place, as the node sees it.
pub(crate) fn listing(place: Place) -> &'static str {
    match place {
        Place::Local => "backup-local",
        Place::Remote => "backup-remote",
        Place::Third => "backup-third",
    }
}

/// What lies at a place, as its server says.
pub(crate) fn server(place: Place) -> &'static str {
    match place {
        Place::Local => "backup-server-local",
        Place::Remote => "backup-server-remote",
        Place::Third => "backup-server-third",
    }
}

/// What stood in the way of a look, in the store's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Met {
    version: u32,
    /// Its kind.
    pub(crate) kind: ObstacleKind,
    /// In words.
    pub(crate) words: String,
}

impl Met {
    /// Something of a kind.
    pub(crate) fn new(kind: ObstacleKind, words: impl Into<String>) -> Met {
        Met { version: OBSTACLE_VERSION, kind, words: words.into() }
    }
}

/// That a marker was seen, without what is in it: a nonce is nobody's business, and an island's apps are several clients'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MarkerSeen {
    /// Version of this form.
    pub(crate) version: u32,
    /// When the guest made it, by its clock.
    pub(crate) at: Timestamp,
}

/// Whose looks at an instance are: each client's own, or staff's where nobody lives.
pub(crate) fn scopes(subject: &Subject<'_>) -> Vec<Scope> {
    let clients: Vec<Scope> = subject.clients().map(|client| Scope::Client(client.id.clone())).collect();
    if clients.is_empty() { vec![Scope::Staff] } else { clients }
}

/// A look at an instance: a row for each client on it.
pub(crate) fn looks<T: Serialize>(
    subject: &Subject<'_>,
    what: &str,
    at: Timestamp,
    found: Result<T, Met>,
) -> Result<Vec<NewLook>, StoreError> {
    let found = written(found)?;
    Ok(scopes(subject).into_iter().map(|scope| look(scope, subject, what, at, found.clone())).collect())
}

/// A look at an instance on behalf of one client.
pub(crate) fn look_for<T: Serialize>(
    client: &ClientId,
    subject: &Subject<'_>,
    what: &str,
    at: Timestamp,
    found: Result<T, Met>,
) -> Result<NewLook, StoreError> {
    Ok(look(Scope::Client(client.clone()), subject, what, at, written(found)?))
}

fn look(scope: Scope, subject: &Subject<'_>, what: &str, at: Timestamp, found: Result<Value, Value>) -> NewLook {
    NewLook {
        scope,
        subject_kind: INSTANCE,
        subject_id: subject.instance.id.to_string(),
        what: what.to_owned(),
        at_us: at.as_microsecond(),
        found,
    }
}

/// A look at a site: did it answer?
pub(crate) fn reach(site: &SiteId, at: Timestamp, found: Result<(), Met>) -> Result<NewLook, StoreError> {
    Ok(NewLook {
        scope: Scope::Staff,
        subject_kind: SITE,
        subject_id: site.to_string(),
        what: REACH.to_owned(),
        at_us: at.as_microsecond(),
        found: written(found.map(|()| json!({ "version": OBSTACLE_VERSION })))?,
    })
}

fn written<T: Serialize>(found: Result<T, Met>) -> Result<Result<Value, Value>, StoreError> {
    Ok(match found {
        Ok(seen) => Ok(payload(&seen)?),
        Err(met) => Err(payload(&met)?),
    })
}

fn payload<T: Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|_| StoreError::Unreadable { what: "look" })
}

/// What is on record about one matter of an instance, by the latest look. Several clients have rows of the same look, and a
/// client that moved away left its last one. What another version wrote and this one cannot read is as if it had never been
/// seen: the next look brings it again.
pub(crate) fn sight<T: DeserializeOwned>(looks: &[Look], what: &str) -> Sight<T> {
    let of_matter = looks.iter().filter(|look| look.what == what);
    let Some(look) = of_matter.max_by_key(|look| look.tried_at_us) else { return Sight::none() };
    let seen = look.seen.as_ref().and_then(|(at_us, value)| {
        let at = Timestamp::from_microsecond(*at_us).ok()?;
        Some(Seen { value: T::deserialize(value).ok()?, at })
    });
    Sight { seen, obstacle: look.obstacle.as_ref().and_then(obstacle) }
}

/// What stands in the way, from the store's form.
pub(crate) fn obstacle(standing: &StandingObstacle) -> Option<Obstacle> {
    let met = Met::deserialize(&standing.met).ok()?;
    Some(Obstacle { kind: met.kind, since: Timestamp::from_microsecond(standing.since_us).ok()?, words: met.words })
}
