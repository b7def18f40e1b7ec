//! What goes into the verdict and what comes out of it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::finding::{Finding, Kind, Weight};
use super::seen::{ListingSeen, NodeSeen, Place, Sealing, ServerSeen, Sight};

/// Everything that is known of an instance's backups.
#[derive(Debug, Clone)]
pub struct InstanceView {
    /// The clock of those who read the findings.
    pub zone: TimeZone,
    /// Its node.
    pub node: Sight<NodeSeen>,
    /// The places where there should be backups.
    pub places: Vec<PlaceView>,
    /// When the guest wrote the last marker that we saw.
    pub marker_at: Option<Timestamp>,
    /// What the marker that was seen last claims, when that moment has not come.
    pub marker_ahead: Option<Timestamp>,
}

/// One place of an instance.
#[derive(Debug, Clone)]
pub struct PlaceView {
    /// Which.
    pub place: Place,
    /// False when the inventory has no such place.
    pub exists: bool,
    /// What lies there, as the node sees it.
    pub listing: Sight<ListingSeen>,
    /// The same as the server itself says; only of servers that we administer.
    pub server: Sight<ServerSeen>,
    /// When backups are to be expected.
    pub runs: Runs,
    /// The schedule that the node has instead of the inventory's.
    pub other_schedule: Option<OtherSchedule>,
    /// The last restore test that succeeded with a backup from here.
    pub proven_at: Option<Timestamp>,
    /// Why no restore test is made from there.
    pub drill_left_out: Option<String>,
    /// Data here must not be readable without the key.
    pub encryption_expected: bool,
    /// Bytes per second that the site can send, when that is known.
    pub uplink_bytes_per_s: Option<u64>,
}

/// The runs of a schedule around a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// Those that have come, the earliest first; only the last few.
    pub past: Vec<Timestamp>,
    /// The next one.
    pub next: Option<Timestamp>,
}

/// A schedule that somebody gave a job on the node itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSchedule {
    /// The job.
    pub job: String,
    /// What the node has.
    pub seen: String,
    /// What the inventory wants.
    pub wanted: String,
    /// It saves more rarely than the inventory wants, or cannot be read: the inventory's runs are judged.
    pub is_rarer: bool,
}

/// The bounds of the verdict.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long after its time a run may be over.
    pub grace: Duration,
    /// How long a pull to a third place may lag behind the run.
    pub sync_grace: Duration,
    /// For how long an observation counts.
    pub sight_max: Duration,
    /// A local backup is proven for so long.
    pub proof_local: Duration,
    /// A backup elsewhere is proven for so long.
    pub proof_remote: Duration,
    /// A verification counts for so long.
    pub verified_max: Duration,
    /// A marker counts for so long.
    pub marker_max: Duration,
    /// A task this close to a run is that run.
    pub task_near_run: Duration,
    /// Clocks may differ by this.
    pub clock_tolerance: Duration,
    /// Less room than so many hundredths is little.
    pub room_min_percent: u64,
    /// A read of the whole disk that takes longer is a warning.
    pub full_read_max: Duration,
}

/// The one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Word {
    /// Fresh, whole as far as is known, and restored not long ago.
    Ok,
    /// The last expected run left no backup, and nobody said why.
    Late,
    /// The last run went wrong, what it left is damaged, or the place cannot take any.
    Failed,
    /// There has never been one.
    Never,
    /// Fresh, but nobody has restored one lately.
    Unproven,
    /// Not seen for too long.
    Unknown {
        /// When it was last seen; none when it never was.
        since: Option<Timestamp>,
    },
}

impl Word {
    /// The word without its date.
    pub fn word(self) -> &'static str {
        match self {
            Word::Ok => "ok",
            Word::Late => "late",
            Word::Failed => "failed",
            Word::Never => "never",
            Word::Unproven => "unproven",
            Word::Unknown { .. } => "unknown",
        }
    }
}

/// What is true of an instance's backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceHealth {
    /// Place by place.
    pub places: Vec<PlaceHealth>,
    /// Findings about the instance as a whole.
    pub findings: Vec<Finding>,
}

/// What is true of an instance's backups at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceHealth {
    /// Which.
    pub place: Place,
    /// The one word.
    pub word: Word,
    /// The last good backup.
    pub last_good: Option<GoodBackup>,
    /// How many good ones are kept.
    pub kept: usize,
    /// When the next one is expected.
    pub next_expected: Option<Timestamp>,
    /// The last restore test that succeeded.
    pub proven_at: Option<Timestamp>,
    /// When all this was seen.
    pub seen_at: Option<Timestamp>,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
}

/// A backup that is whole as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoodBackup {
    /// Its name there.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// Its size.
    pub size_bytes: u64,
    /// Whether its data can be read without a key.
    pub sealing: Sealing,
    /// When it was last read back where it lies. Marks that came along from elsewhere do not count.
    pub verified_at: Option<Timestamp>,
}

impl InstanceHealth {
    /// Every finding.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.places.iter().flat_map(|place| &place.findings))
    }

    /// Every place is `ok`, or unproven on purpose, and nothing is to be mended.
    pub fn is_ok(&self) -> bool {
        self.places.iter().all(PlaceHealth::is_ok)
            && self.all_findings().all(|finding| finding.weight < Weight::Warning)
    }
}

impl PlaceHealth {
    /// It is `ok`, or unproven because the inventory wants no restore tests from there.
    pub fn is_ok(&self) -> bool {
        let is_left_out = || self.findings.iter().any(|finding| finding.name == Kind::DrillLeftOut);
        self.word == Word::Ok || (self.word == Word::Unproven && is_left_out())
    }
}

/// Time from one moment to another; none when the order is the other way.
pub(super) fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// A moment for people: to the minute.
pub(super) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}
