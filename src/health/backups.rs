//! The verdict on the backups of instances, from what is on record: no site is asked.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::matter::{self, MarkerSeen};
use super::{mend, schedule};
use crate::domain::backup::drill::{Origin, Record};
use crate::domain::backup::health::{
    Bounds, InstanceHealth, InstanceView, ListingSeen, NodeSeen, Place, PlaceView, ServerSeen, Sight, judge,
};
use crate::domain::backup::names;
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
    let (marker_at, marker_ahead) = marker(store, scope, &subject.instance.id, looks, now).await?;
    let proofs = proofs(store, scope, subject).await?;
    let node: Sight<NodeSeen> = matter::sight(looks, matter::NODE);
    let places =
        places(subject).into_iter().map(|place| place_view(subject, place, &node, looks, &proofs, now)).collect();
    Ok(InstanceView { zone: subject.inventory.cooperative_zone(), node, places, marker_at, marker_ahead })
}

/// The verdict on one instance.
pub fn truth(subject: &Subject<'_>, view: &InstanceView, now: Timestamp) -> InstanceTruth {
    let mut health = judge(view, now, &bounds());
    mend::name_all(&mut health, subject);
    InstanceTruth {
        instance: subject.instance.id.clone(),
        site: subject.site.id.clone(),
        clients: subject.clients().map(|client| client.id.clone()).collect(),
        without: subject.instance.without.clone(),
        health,
    }
}

/// The newest marker that was seen, by a sweep or by whoever made a backup; and what the last one claims, when that is a
/// moment that had not come. Such a one must not count for the newest: it would for years.
async fn marker(
    store: &Store,
    scope: &Scope,
    instance: &InstanceId,
    looks: &[Look],
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), StoreError> {
    let bound = with_tolerance(now);
    let swept: Sight<MarkerSeen> = matter::sight(looks, matter::MARKER);
    let (swept, ahead) = match swept.seen {
        Some(seen) if seen.value.at > with_tolerance(seen.at) => (None, Some(seen.value.at)),
        Some(seen) => (Some(seen.value.at), None),
        None => (None, None),
    };
    let made_at = recorded_marker(store, scope, instance, bound).await?.max(swept);
    let ahead = match (ahead, made_at) {
        (None, None) => recorded_marker(store, scope, instance, Timestamp::MAX).await?,
        (ahead, _) => ahead,
    };
    Ok((made_at, ahead))
}

/// A moment, with what clocks may differ by.
fn with_tolerance(at: Timestamp) -> Timestamp {
    let tolerance = SignedDuration::try_from(limits::CLOCK_TOLERANCE).unwrap_or_default();
    at.checked_add(tolerance).unwrap_or(Timestamp::MAX)
}

/// When the newest marker on record that was made until a moment was made, as it says.
async fn recorded_marker(
    store: &Store,
    scope: &Scope,
    instance: &InstanceId,
    until: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let marker = store.marker_before(scope, instance, until.as_microsecond()).await?;
    Ok(marker.and_then(|marker| Timestamp::from_microsecond(marker.made_at_us).ok()))
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
    proofs: &BTreeMap<Origin, i64>,
    now: Timestamp,
) -> PlaceView {
    let site = subject.site;
    let listing: Sight<ListingSeen> = matter::sight(looks, matter::listing(place));
    let server: Sight<ServerSeen> = matter::sight(looks, matter::server(place));
    let expected = schedule::expected(subject, place, node, now);
    let proven_at_us = match place {
        Place::Local => proofs.get(&Origin::Local).copied(),
        Place::Remote => proofs.get(&Origin::Remote).copied(),
        // Restore tests read the server that it was fetched from.
        Place::Third => None,
    };
    PlaceView {
        place,
        exists: place == Place::Local || site.backup_server.is_some(),
        listing,
        server,
        runs: expected.runs,
        // The job that fills the source is told there.
        other_schedule: expected.other.filter(|_| place != Place::Third),
        proven_at: proven_at_us.and_then(|at_us| Timestamp::from_microsecond(at_us).ok()),
        drill_left_out: match place {
            Place::Local => subject.instance.without_drill(Origin::Local).map(str::to_owned),
            Place::Remote => subject.instance.without_drill(Origin::Remote).map(str::to_owned),
            Place::Third => Some("it is a copy: restore tests read the server that it was fetched from".to_owned()),
        },
        encryption_expected: place != Place::Local,
        uplink_bytes_per_s: site.backup.upload_kib_per_second.map(|kib| u64::from(kib) * 1024),
    }
}

/// Where backups of an instance lie, as records of restore tests name it: the disk of its site, or the part of the server
/// that is its own. None when the inventory has no such place.
pub fn whereabouts(subject: &Subject<'_>, origin: Origin) -> Option<String> {
    let site = subject.site;
    match origin {
        Origin::Local => Some(format!("{}/{}", site.id, site.node.backup_disk_serial)),
        Origin::Remote => {
            let server = subject.inventory.server_of(site)?;
            let namespace = names::namespace(server.namespace.as_deref(), &subject.instance.id);
            Some(format!("{}/{}/{}/{namespace}", server.id, server.host, server.datastore))
        }
    }
}

/// When backups of an instance were last proven where they lie now, in microseconds. A proof does not move along to
/// another server, disk or site: what lies there was never restored.
///
/// # Errors
/// When the store cannot be read.
pub async fn proofs(store: &Store, scope: &Scope, subject: &Subject<'_>) -> Result<BTreeMap<Origin, i64>, StoreError> {
    let kept = store.last_proofs(scope, &subject.instance.id).await?;
    let of_here = kept.iter().map(|kept| &kept.record).filter(|record| is_of_here(record, subject));
    Ok(of_here.map(|record| (record.from, record.ended_at_us)).collect())
}

/// Records of earlier versions name no place. A local backup was tried at its own site; nothing says where a remote one lay,
/// and it counts until it is too old.
fn is_of_here(record: &Record, subject: &Subject<'_>) -> bool {
    match (&record.place, record.from) {
        (Some(place), from) => whereabouts(subject, from).is_some_and(|here| here == *place),
        (None, Origin::Local) => record.site == subject.site.id,
        (None, Origin::Remote) => true,
    }
}
