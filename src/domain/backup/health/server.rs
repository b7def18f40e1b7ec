//! What a backup server's own jobs tell, and what they hide.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::{Finding, Kind, Weight};
use super::seen::{JobEnd, Place, ServerJob, ServerSeen, Snapshot};
use super::snapshots::own_verification;
use super::verdict::{Bounds, minute, since};

/// What is to be said about a server that was seen at a moment. `missing` says that the place lacks a backup that its
/// source should have sent by now.
pub(super) fn findings(
    server: &ServerSeen,
    seen_at: Timestamp,
    place: Place,
    missing: bool,
    bounds: &Bounds,
    zone: &TimeZone,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |name: Kind, sentence: String| found.push(Finding::new(name, Some(place), sentence));
    if let (Some(owner), Some(expected)) = (&server.owner, &server.expected_owner)
        && owner != expected
    {
        tell(Kind::OwnerLost, format!("the group belongs to `{owner}`, the node comes as `{expected}`"));
    }
    if let Some(namespace) = &server.namespace_missing {
        tell(Kind::NamespaceMissing, format!("the server has no namespace `{namespace}`, to which the node writes"));
    }
    if let Some(prune) = &server.prune {
        if !prune.keeps_something {
            tell(Kind::PruneKeepsEverything, "the prune job has no `keep` option".to_owned());
        }
        if let Some(words) = failure(&prune.job) {
            tell(Kind::PruneFailed, format!("the last pruning ended with `{words}`"));
        }
    }
    match &server.collection.last {
        None => tell(
            Kind::CollectionNeverRan,
            match &server.collection.schedule {
                Some(schedule) => format!("garbage was never collected (scheduled `{schedule}`)"),
                None => "garbage was never collected and no schedule is set".to_owned(),
            },
        ),
        Some(end) if !end.is_success() => {
            tell(Kind::CollectionFailed, format!("garbage collection ended with `{}`", end.state));
        }
        Some(_) => {}
    }
    if let Some(sync) = &server.sync {
        let failed = failure(sync);
        if let Some(words) = failed {
            tell(Kind::SyncStopped, format!("the last pull ended with `{words}`"));
        } else if missing {
            let ended = |end: &JobEnd| format!("ended {}", minute(end.at, zone));
            let last = sync.last.as_ref().map_or_else(|| "never ran".to_owned(), ended);
            tell(Kind::SyncStopped, format!("the pull {last}, and the latest backup of the source is not here"));
        }
    }
    found.extend(failed_verification(server, place));
    found.extend(verification(server, seen_at, place, bounds, zone));
    found
}

/// A verification that found damage leaves its mark on the snapshot. A copy that comes afterwards brings the source's mark
/// along and covers it (sheet Proxmox, 16): then only the end of the job still tells.
fn failed_verification(server: &ServerSeen, place: Place) -> Option<Finding> {
    let words = failure(server.verify.as_ref()?)?;
    if server.snapshots.iter().any(|one| one.verification.as_ref().is_some_and(|found| !found.ok)) {
        return None;
    }
    let travelled = travelled(server);
    Some(match travelled {
        0 => Kind::VerificationFailed.weighing(
            Weight::Note,
            Some(place),
            format!("the last verification of the server ended with `{words}`; none of these snapshots is marked"),
        ),
        _ => Finding::new(
            Kind::VerificationFailed,
            Some(place),
            format!(
                "the last verification of the server ended with `{words}`; {travelled} snapshots here carry a mark from \
                 another server, which may cover the damage"
            ),
        ),
    })
}

fn failure(job: &ServerJob) -> Option<&str> {
    job.last.as_ref().filter(|end| !end.is_success()).map(|end| end.state.as_str())
}

/// Marks count only when they were made here, and not too long ago. What is younger than that bound itself may wait.
fn verification(
    server: &ServerSeen,
    seen_at: Timestamp,
    place: Place,
    bounds: &Bounds,
    zone: &TimeZone,
) -> Option<Finding> {
    let here = server.own_host();
    let own = server.snapshots.iter().filter_map(|one| own_verification(one, here)).filter_map(|one| one.at).max();
    let travelled = travelled(server);
    let oldest = server.snapshots.iter().map(|one| one.at).min()?;
    let is_fresh = own.is_some_and(|own| since(own, seen_at) <= bounds.verified_max);
    let tell = |name: Kind, sentence: String| Some(Finding::new(name, Some(place), sentence));
    if travelled > 0 && own.is_none() {
        return tell(
            Kind::VerifiedElsewhere,
            format!("{travelled} snapshots carry a verification from another server; here none was ever read back"),
        );
    }
    if is_fresh || (own.is_none() && since(oldest, seen_at) <= bounds.verified_max) {
        return None;
    }
    let last = own.map_or_else(|| "never".to_owned(), |own| minute(own, zone));
    match server.verify.as_ref().and_then(|job| job.last.as_ref()) {
        Some(end) if end.is_success() && since(end.at, seen_at) <= bounds.verified_max => tell(
            Kind::VerificationSkips,
            format!(
                "the verification job ended OK on {}, but what lies here was last read back: {last}",
                minute(end.at, zone)
            ),
        ),
        _ => tell(Kind::NotVerified, format!("what lies here was last read back: {last}")),
    }
}

/// How many snapshots carry a mark of verification that was made on another server.
fn travelled(server: &ServerSeen) -> usize {
    let here = server.own_host();
    let is_from_elsewhere =
        |snapshot: &&Snapshot| snapshot.verification.is_some() && own_verification(snapshot, here).is_none();
    server.snapshots.iter().filter(is_from_elsewhere).count()
}
