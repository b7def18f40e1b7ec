//! Which of the snapshots that lie somewhere are good, and what is wrong with the others.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::{Finding, Kind};
use super::seen::{Place, Sealing, Snapshot, Verification};
use super::verdict::{Bounds, GoodBackup, minute};

/// Snapshots without an index, or whose upload has not ended, are listed with this size (sheet Proxmox, 9c and 16).
const UNFINISHED_BYTES_MAX: u64 = 1;

/// Snapshots, sorted by what can be said of them.
pub(super) struct Sorted<'a> {
    /// Whole as far as is known, the earliest first.
    pub(super) good: Vec<&'a Snapshot>,
    /// A verification failed.
    pub(super) damaged: Vec<&'a Snapshot>,
    /// Unfinished, or without their index.
    pub(super) unfinished: Vec<&'a Snapshot>,
    /// From a moment that has not come.
    pub(super) future: Vec<&'a Snapshot>,
}

/// Sorts what was seen at a moment.
pub(super) fn sort<'a>(snapshots: &'a [Snapshot], seen_at: Timestamp, bounds: &Bounds) -> Sorted<'a> {
    let mut sorted = Sorted { good: Vec::new(), damaged: Vec::new(), unfinished: Vec::new(), future: Vec::new() };
    for snapshot in snapshots {
        let ahead = super::verdict::since(seen_at, snapshot.at);
        let list = if snapshot.verification.as_ref().is_some_and(|found| !found.ok) {
            &mut sorted.damaged
        } else if snapshot.size_bytes <= UNFINISHED_BYTES_MAX {
            &mut sorted.unfinished
        } else if ahead > bounds.clock_tolerance {
            &mut sorted.future
        } else {
            &mut sorted.good
        };
        list.push(snapshot);
    }
    sorted.good.sort_by_key(|snapshot| snapshot.at);
    sorted
}

/// When a snapshot was read back by the server it lies on. `host` is what that server calls itself; where it is not known
/// the place is the first one that the snapshot came to, and no mark can have travelled.
pub(super) fn own_verification<'a>(snapshot: &'a Snapshot, host: Option<&str>) -> Option<&'a Verification> {
    let found = snapshot.verification.as_ref()?;
    let is_own = match (host, found.host.as_deref()) {
        (Some(here), Some(there)) => here == there,
        _ => true,
    };
    is_own.then_some(found)
}

/// A good snapshot as it is shown.
pub(super) fn shown(snapshot: &Snapshot, host: Option<&str>) -> GoodBackup {
    GoodBackup {
        id: snapshot.id.clone(),
        at: snapshot.at,
        size_bytes: snapshot.size_bytes,
        sealing: snapshot.sealing,
        verified_at: own_verification(snapshot, host).and_then(|found| found.at),
    }
}

/// What is wrong with snapshots.
pub(super) fn findings(
    sorted: &Sorted<'_>,
    all: &[Snapshot],
    place: Place,
    encryption_expected: bool,
    backup_under_way: bool,
    zone: &TimeZone,
) -> Vec<Finding> {
    let when = |snapshot: &Snapshot| minute(snapshot.at, zone);
    let mut found = Vec::new();
    let mut tell = |name: Kind, sentence: String| found.push(Finding::new(name, Some(place), sentence));
    if let Some(worst) = sorted.damaged.iter().max_by_key(|snapshot| snapshot.at) {
        let count = sorted.damaged.len();
        tell(
            Kind::SnapshotDamaged,
            format!("{count} of {} snapshots failed their verification, the latest is from {}", all.len(), when(worst)),
        );
    }
    if let (Some(one), false) = (sorted.unfinished.first(), backup_under_way) {
        let count = sorted.unfinished.len();
        tell(
            Kind::SnapshotUnfinished,
            format!("{count} snapshots were never finished or lost their index, one is from {}", when(one)),
        );
    }
    if let Some(last) = sorted.future.iter().max_by_key(|snapshot| snapshot.at) {
        tell(Kind::SnapshotFromTheFuture, format!("a snapshot claims to be from {}, which has not come", when(last)));
    }
    let protected = all.iter().filter(|snapshot| snapshot.protected).count();
    if protected > 0 {
        tell(Kind::SnapshotsProtected, format!("{protected} of {} snapshots are protected", all.len()));
    }
    if let (true, Some(last)) = (encryption_expected, sorted.good.last()) {
        match last.sealing {
            Sealing::Plain => tell(Kind::NotEncrypted, format!("the backup from {} is not encrypted", when(last))),
            Sealing::Signed => tell(
                Kind::SignedNotEncrypted,
                format!("the backup from {} is signed but not encrypted: its data are readable", when(last)),
            ),
            Sealing::Claimed | Sealing::Encrypted => {}
        }
    }
    found
}
