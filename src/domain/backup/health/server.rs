//! What a backup server's own jobs tell, and what they hide.

use jiff::Timestamp;

use super::finding::{Finding, Kind};
use super::seen::{Place, ServerJob, ServerSeen, Snapshot};
use super::snapshots::own_verification;
use super::verdict::{Bounds, since};

/// What is to be said about a server that was seen at a moment. `missing` says that the place lacks a backup that its
/// source should have sent by now.
pub(super) fn findings(
    server: &ServerSeen,
    seen_at: Timestamp,
    place: Place,
    missing: bool,
    bounds: &Bounds,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |name: Kind, sentence: String| found.push(Finding::new(name, Some(place), sentence));
    if let (Some(owner), Some(expected)) = (&server.owner, &server.expected_owner)
        && owner != expected
    {
        tell(Kind::OwnerLost, format!("the group belongs to `{owner}`, the node comes as `{expected}`"));
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
            let last = sync.last.as_ref().map_or_else(|| "never ran".to_owned(), |end| format!("ended {}", end.at));
            tell(Kind::SyncStopped, format!("the pull {last}, and the latest backup of the source is not here"));
        }
    }
    found.extend(verification(server, seen_at, place, bounds));
    found
}

fn failure(job: &ServerJob) -> Option<&str> {
    job.last.as_ref().filter(|end| !end.is_success()).map(|end| end.state.as_str())
}

/// Marks count only when they were made here, and not too long ago. What is younger than that bound itself may wait.
fn verification(server: &ServerSeen, seen_at: Timestamp, place: Place, bounds: &Bounds) -> Option<Finding> {
    let here = server.host.as_deref();
    let own = server.snapshots.iter().filter_map(|one| own_verification(one, here)).filter_map(|one| one.at).max();
    let travelled = server.snapshots.iter().filter(|one| is_from_elsewhere(one, here)).count();
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
    let last = own.map_or_else(|| "never".to_owned(), |own| own.to_string());
    match server.verify.as_ref().and_then(|job| job.last.as_ref()) {
        Some(end) if end.is_success() && since(end.at, seen_at) <= bounds.verified_max => tell(
            Kind::VerificationSkips,
            format!("the verification job ended OK on {}, but what lies here was last read back: {last}", end.at),
        ),
        _ => tell(Kind::NotVerified, format!("what lies here was last read back: {last}")),
    }
}

fn is_from_elsewhere(snapshot: &Snapshot, here: Option<&str>) -> bool {
    snapshot.verification.is_some() && own_verification(snapshot, here).is_none()
}
