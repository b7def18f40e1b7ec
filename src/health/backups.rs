//! The verdict on the backups of instances, from what is on record: no site is asked.

use std::collections::BTreeMap;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::matter::{self, MarkerSeen};
use crate::domain::backup::calendar::{self, Reads};
use crate::domain::backup::drill::Origin;
use crate::domain::backup::health::{
    Bounds, InstanceHealth, InstanceView, ListingSeen, NodeSeen, Place, PlaceView, Runs, ServerSeen, Sight, judge,
};
use crate::domain::ids::{ClientId, InstanceId, SiteId};
use crate::inventory::model::{BackupServer, Inventory, Without};
use crate::plan::desired::Subject;
use crate::store::{Look, Scope, Store, StoreError};
use crate::util::limits;

/// The verdict on one instance.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceTruth {
    /// The instance.
    pub instance: InstanceId,
    /// Where it stands.
    pub site: SiteId,
    /// Who lives on it.
    pub clients: Vec<ClientId>,
    /// What is not done for it, and why.
    pub without: Vec<Without>,
    /// The verdict.
    #[serde(flatten)]
    pub health: InstanceHealth,
}

/// The last proven restores of an instance, by place.
type Proofs = BTreeMap<Place, Timestamp>;

/// The verdict on instances (all when none is named), in order of their ids. A client's scope sees its own looks only.
///
/// # Errors
/// When the store cannot be read.
pub async fn backups(
    store: &Store,
    scope: &Scope,
    inventory: &Inventory,
    only: &[InstanceId],
    now: Timestamp,
) -> Result<Vec<InstanceTruth>, StoreError> {
    let day = now.to_zoned(inventory.cooperative_zone()).date();
    let mut looks: BTreeMap<String, Vec<Look>> = BTreeMap::new();
    for look in store.looks_at_all(scope, matter::INSTANCE).await? {
        looks.entry(look.subject_id.clone()).or_default().push(look);
    }
    let mut verdicts = Vec::new();
    for instance in inventory.instances.values().filter(|one| only.is_empty() || only.contains(&one.id)) {
        let Some(subject) = Subject::on(inventory, instance, day) else { continue };
        let seen = looks.get(instance.id.as_str()).map_or(&[][..], Vec::as_slice);
        let view = view(store, scope, &subject, seen, now).await?;
        verdicts.push(truth(&subject, &view, now));
    }
    Ok(verdicts)
}

/// What is on record about the backups of one instance, of which these are the looks: what its verdict is made of.
///
/// # Errors
/// When the store cannot be read.
pub async fn view(
    store: &Store,
    scope: &Scope,
    subject: &Subject<'_>,
    looks: &[Look],
    now: Timestamp,
) -> Result<InstanceView, StoreError> {
    let marker_at = marker_at(store, scope, &subject.instance.id, looks).await?;
    let proofs = proofs(store, scope, &subject.instance.id).await?;
    let node: Sight<NodeSeen> = matter::sight(looks, matter::NODE);
    let places =
        places(subject).into_iter().map(|place| place_view(subject, place, &node, looks, &proofs, now)).collect();
    Ok(InstanceView { node, places, marker_at })
}

/// The verdict on one instance.
pub fn truth(subject: &Subject<'_>, view: &InstanceView, now: Timestamp) -> InstanceTruth {
    InstanceTruth {
        instance: subject.instance.id.clone(),
        site: subject.site.id.clone(),
        clients: subject.clients().map(|client| client.id.clone()).collect(),
        without: subject.instance.without.clone(),
        health: judge(view, now, &bounds()),
    }
}

/// The newest marker that was seen: by a sweep, or by whoever made a backup.
async fn marker_at(
    store: &Store,
    scope: &Scope,
    instance: &InstanceId,
    looks: &[Look],
) -> Result<Option<Timestamp>, StoreError> {
    let recorded = store.marker_before(scope, instance, i64::MAX).await?;
    let recorded = recorded.and_then(|marker| Timestamp::from_microsecond(marker.made_at_us).ok());
    let swept: Sight<MarkerSeen> = matter::sight(looks, matter::MARKER);
    Ok(recorded.max(swept.seen.map(|seen| seen.value.at)))
}

/// The bounds of the verdict.
pub fn bounds() -> Bounds {
    Bounds {
        grace: limits::BACKUP_GRACE,
        sync_grace: limits::BACKUP_SYNC_GRACE,
        sight_max: limits::BACKUP_SIGHT_MAX,
        proof_local: limits::BACKUP_PROOF_LOCAL,
        proof_remote: limits::BACKUP_PROOF_REMOTE,
        verified_max: limits::BACKUP_VERIFIED_MAX,
        marker_max: limits::MARKER_AGE_MAX,
        task_near_run: limits::BACKUP_TASK_NEAR_RUN,
        clock_tolerance: limits::CLOCK_TOLERANCE,
        room_min_percent: limits::BACKUP_ROOM_MIN_PERCENT,
        full_read_max: limits::BACKUP_FULL_READ_MAX,
    }
}

/// Two places are promised to everybody whom the inventory does not leave out; a third one only where the inventory has it.
fn places(subject: &Subject<'_>) -> Vec<Place> {
    let wanted = |origin: Origin| subject.instance.without_backup(origin).is_none();
    let mut places = Vec::new();
    places.extend(wanted(Origin::Local).then_some(Place::Local));
    places.extend(wanted(Origin::Remote).then_some(Place::Remote));
    places.extend(third_server(subject).filter(|_| wanted(Origin::Remote)).map(|_| Place::Third));
    places
}

/// The server that pulls from the one that this site writes to.
pub(crate) fn third_server<'a>(subject: &Subject<'a>) -> Option<&'a BackupServer> {
    let source = subject.site.backup_server.as_ref()?;
    let mut servers = subject.inventory.backup_servers.values();
    servers.find(|server| server.pull.as_ref().is_some_and(|pull| pull.from == *source))
}

fn place_view(
    subject: &Subject<'_>,
    place: Place,
    node: &Sight<NodeSeen>,
    looks: &[Look],
    proofs: &Proofs,
    now: Timestamp,
) -> PlaceView {
    let site = subject.site;
    let listing: Sight<ListingSeen> = matter::sight(looks, matter::listing(place));
    let server: Sight<ServerSeen> = matter::sight(looks, matter::server(place));
    PlaceView {
        place,
        exists: place == Place::Local || site.backup_server.is_some(),
        listing,
        server,
        runs: runs_of(subject, place, node, now),
        proven_at: proofs.get(&place).copied(),
        drill_left_out: match place {
            Place::Local => subject.instance.without_drill(Origin::Local).map(str::to_owned),
            Place::Remote => subject.instance.without_drill(Origin::Remote).map(str::to_owned),
            Place::Third => Some("it is a copy: restore tests read the server that it was fetched from".to_owned()),
        },
        encryption_expected: place != Place::Local,
        uplink_bytes_per_s: site.backup.upload_kib_per_second.map(|kib| u64::from(kib) * 1024),
    }
}

/// The runs to be expected: by what the node was seen to have, otherwise by what the inventory wants. A third place should
/// have what the remote one got.
fn runs_of(subject: &Subject<'_>, place: Place, node: &Sight<NodeSeen>, now: Timestamp) -> Runs {
    let wanted = match place {
        Place::Local => &subject.site.backup.local_schedule,
        Place::Remote | Place::Third => &subject.site.backup.remote_schedule,
    };
    let on_node = if place == Place::Local { Place::Local } else { Place::Remote };
    let seen = node.seen.as_ref().map(|seen| &seen.value);
    let job = seen.and_then(|node| node.places.get(&on_node)).and_then(|here| here.job.as_ref());
    let schedule = job.map_or(wanted, |job| &job.schedule);
    let zone = match seen {
        Some(node) => zone(&node.time_zone),
        None => subject.inventory.site_zone(subject.site),
    };
    runs(schedule, &zone, now)
}

/// The runs of a schedule around a moment.
fn runs(schedule: &str, zone: &TimeZone, now: Timestamp) -> Runs {
    let Ok(event) = calendar::parse(schedule, Reads::Node) else { return Runs::default() };
    let back = SignedDuration::try_from(limits::BACKUP_LOOK_BACK).unwrap_or_default();
    let mut at = now.checked_sub(back).unwrap_or(Timestamp::MIN);
    let mut runs = Runs::default();
    for _ in 0..limits::BACKUP_RUNS_MAX {
        match event.next(at, zone).map(|run| run.at) {
            Some(run) if run <= now => {
                runs.past.push(run);
                at = run;
            }
            next => {
                runs.next = next;
                break;
            }
        }
    }
    runs
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC)
}

/// The last proven restores of an instance.
async fn proofs(store: &Store, scope: &Scope, instance: &InstanceId) -> Result<Proofs, StoreError> {
    let proven = store.last_proofs(scope, instance).await?.into_iter().filter_map(|(origin, at_us)| {
        let place = match origin {
            Origin::Local => Place::Local,
            Origin::Remote => Place::Remote,
        };
        Some((place, Timestamp::from_microsecond(at_us).ok()?))
    });
    Ok(proven.collect())
}
