//! Findings: what is wrong or worth knowing, each with a name, a sentence and its mend. `docs/backups.md` lists them all.

use serde::Serialize;

use super::seen::Place;

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name: a promise to scripts.
    pub name: Kind,
    /// The place that it is about; none when it is about the whole instance.
    pub place: Option<Place>,
    /// How much it matters.
    pub weight: Weight,
    /// What was seen.
    pub sentence: String,
    /// What to do. A name in capitals (`INSTANCE`, `SITE`, `NODE`, `VMID`, `PLACE`, `SERVER`, and `SOURCE`, from which a third
    /// place copies) stands for the one that it is about, until somebody who knows puts it in.
    pub mend: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// To be mended.
    Warning,
}

macro_rules! kinds {
    ($($kind:ident, $name:literal, $weight:ident, $meaning:literal, $mend:literal;)+) => {
        /// The findings that there are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum Kind {
            $(#[doc = $meaning] #[serde(rename = $name)] $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            /// The name that people and scripts see.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Kind::$kind => $meaning,)+ }
            }

            /// What to do about it, with names in capitals as in [`Finding::mend`].
            pub fn mend(self) -> &'static str {
                match self { $(Kind::$kind => $mend,)+ }
            }

            /// How much it matters.
            pub fn weight(self) -> Weight {
                match self { $(Kind::$kind => Weight::$weight,)+ }
            }
        }
    };
}

kinds! {
    NoPlace, "no-place", Warning,
        "the inventory names no such place",
        "name a `backup_server` for the site in the inventory, then `accolades site prepare SITE` and `accolades apply INSTANCE`";
    NotSeen, "not-seen", Warning,
        "the last look saw nothing, because nobody answered or somebody refused",
        "look at power and network of the place, then `accolades watch --once SITE`, for a backup server `accolades watch --once`";
    NoRightToList, "no-right-to-list", Warning,
        "our token may not see what is there: an empty list would mean nothing",
        "run `accolades site prepare SITE` again: it grants the everyday token what listing backups needs; where the machine itself is gone from its node, `accolades restore INSTANCE --at now` brings it back";
    StorageInactive, "storage-inactive", Warning,
        "the node cannot use the storage: the disk is unplugged, or the server is out of reach",
        "local: plug the backup disk in and mount it; remote: see whether the node reaches the backup server and whether its certificate was renewed";
    JobMissing, "job-missing", Warning,
        "no job fills the place with this machine",
        "run `accolades apply INSTANCE`: it declares the jobs";
    JobDisabled, "job-disabled", Warning,
        "the job is switched off",
        "switch the job on in Proxmox, or run `accolades apply INSTANCE`";
    JobScheduleDiffers, "job-schedule-differs", Warning,
        "the job has another schedule on the node than in the inventory; one that saves more rarely, or cannot be read, is judged by the inventory's",
        "run `accolades apply INSTANCE`: it gives the job the inventory's schedule again; where the node's is meant, write that into `[backup]` of the site's file";
    JobOnWrongNode, "job-on-wrong-node", Warning,
        "the job is bound to another node",
        "take the node out of the job, or run `accolades apply INSTANCE`: such a job ends OK and saves nothing";
    JobSelectsNothing, "job-selects-nothing", Warning,
        "the job's pool or list lacks this machine",
        "run `accolades apply INSTANCE`: it moves the machine into its pool; such a job ends OK and saves nothing";
    RepeatMissedOff, "repeat-missed-off", Note,
        "a run that falls into a power cut is lost",
        "run `accolades apply INSTANCE`: it sets `repeat-missed` on the job";
    RunMissed, "run-missed", Warning,
        "no task ran at the time of the last run, and no backup is there",
        "see whether the node was off at that time; `accolades backup run INSTANCE --to PLACE` makes up for it";
    RunFailed, "run-failed", Warning,
        "the task of the last run failed and left no backup",
        "mend what the task's log names, then `accolades backup run INSTANCE --to PLACE`";
    RunUnfinished, "run-unfinished", Warning,
        "the task of the last run ended without saying how, and left no backup",
        "the node went down or the task was killed or waited too long for another one: `accolades backup run INSTANCE --to PLACE` once the node is quiet";
    OkWithoutBackup, "ok-without-backup", Warning,
        "a task ended OK and left no backup",
        "see what the job selects and whether the machine is on that node, then `accolades backup run INSTANCE --to PLACE`";
    PruneRefused, "prune-refused", Warning,
        "the backup is there; the task failed because pruning was refused",
        "let the backup server prune and set `prune-backups keep-all=1` on the storage and the job (`accolades apply INSTANCE` does)";
    FailedAlthoughSaved, "failed-although-saved", Warning,
        "the backup is there; the task failed for another reason",
        "mend what the task's log names: the backup itself is there";
    OwnerLost, "owner-lost", Warning,
        "the group on the server belongs to another token than the one that writes, so that backups are refused",
        "give the group to the token that the node uses now: `accolades backup-server prepare SERVER` does, or `change-owner` on the server, as its administrator";
    NamespaceMissing, "namespace-missing", Warning,
        "the server lacks the namespace that the node writes to, although the node's storage looks healthy",
        "run `accolades backup-server prepare SERVER`: it makes the namespace again; what was in it is gone there";
    SnapshotUnfinished, "snapshot-unfinished", Note,
        "a snapshot was never finished, or lost its index",
        "nothing, if a backup is under way; otherwise remove it on the server: it cannot be restored";
    SnapshotDamaged, "snapshot-damaged", Warning,
        "a verification failed on a snapshot, whatever the verification job says",
        "verify the whole group once more without skipping, take a new backup, then remove the damaged snapshot; look at the disk it lies on";
    SnapshotFromTheFuture, "snapshot-from-the-future", Warning,
        "a snapshot claims a moment that has not come: it hides the age of the others and blocks new ones",
        "correct the node's clock, then remove that snapshot: the server refuses all earlier ones of its group";
    SnapshotsProtected, "snapshots-protected", Note,
        "snapshots are protected: pruning passes over them",
        "take the protection away when it is not wanted: pruning passes over protected snapshots and namespaces cannot be removed";
    SignedNotEncrypted, "signed-not-encrypted", Warning,
        "data that should be encrypted are only signed, which Proxmox VE shows as encrypted",
        "give the storage its encryption key (`accolades apply INSTANCE`) and remove what was sent in clear: Proxmox shows signed data as encrypted";
    NotEncrypted, "not-encrypted", Warning,
        "data that should be encrypted are not",
        "give the storage its encryption key (`accolades apply INSTANCE`) and remove what was sent in clear";
    NotVerified, "not-verified", Warning,
        "the server has not read back what lies there for 45 days",
        "run `accolades backup-server prepare SERVER`: it sets up a verification job with `outdated-after`; then run that job";
    VerificationSkips, "verification-skips", Warning,
        "the verification job ends OK, but only because it skips what it has read before, or looks where nothing is",
        "run `accolades backup-server prepare SERVER`: it sets `outdated-after` (without it every snapshot is read once and never again) and the right namespace";
    VerificationFailed, "verification-failed", Warning,
        "the last verification of the server failed, and no snapshot of this instance carries its mark (any more)",
        "read the verification's log on the server; where copies are fetched, verify once more without skipping (`ignore-verified=false`) and run the pull directly after it: with `resync-corrupt` it fetches again what is marked as damaged then, and later no more";
    VerifiedElsewhere, "verified-elsewhere", Warning,
        "the marks of verification came along from another server: here nothing was ever read back",
        "verify on this server without skipping (`ignore-verified=false`): the mark came along from the other one";
    SyncStopped, "sync-stopped", Warning,
        "the pull to the third place failed, or ends OK without bringing what it should",
        "read the pull's log: one corrupt old snapshot stops all later ones (verify the group at the source and remove it, or pull with `verified-only`), `Found 0 groups` means that the pull may not read; `accolades backup-server prepare SOURCE` and then `accolades backup-server prepare SERVER` set up both";
    AlmostFull, "almost-full", Warning,
        "less than a tenth of the room is left",
        "make room: fewer kept backups, garbage collection, or a larger disk";
    PruneKeepsEverything, "prune-keeps-everything", Warning,
        "the prune job has no `keep` option",
        "give the prune job its `keep` options: without any it only warns and removes nothing";
    PruneFailed, "prune-failed", Warning,
        "the last pruning on the server failed",
        "read the prune job's log on the backup server";
    CollectionNeverRan, "gc-never-ran", Warning,
        "garbage was never collected: pruning alone frees no room",
        "set `gc-schedule` on the datastore: pruning alone frees nothing";
    CollectionFailed, "gc-failed", Warning,
        "the last garbage collection failed",
        "read the garbage collection's log: one broken index stops it, then the datastore fills up";
    FullReadAhead, "full-read-ahead", Note,
        "the machine was started after its last remote backup: the next one reads the whole disk",
        "nothing has to be mended; where the line is slow, run `accolades backup run INSTANCE --to remote` at a quiet hour before the window";
    LockLeftBehind, "lock-left-behind", Warning,
        "the machine is locked for a backup that nobody makes",
        "see that no backup is under way, then `qm unlock VMID` as root on `NODE`: until then nothing is backed up and nothing can be changed";
    MarkerOld, "marker-old", Warning,
        "the guest has written no marker for two nights",
        "run `accolades apply INSTANCE`: it sets the timer up; without a fresh marker no restore can be proven";
    MarkerFromTheFuture, "marker-from-the-future", Warning,
        "the guest's marker claims a moment that has not come: of its age nothing is known",
        "as root on `NODE`: `qm guest exec VMID -- timedatectl` shows the guest's clock; once it is right, `qm guest exec VMID -- systemctl start accolades-marker.service` writes a new marker";
    ClockOff, "clock-off", Warning,
        "the node's clock is off by more than a minute",
        "see whether the clock is kept on `NODE` (`systemctl status chrony` as root there); a clock that is ahead makes backups from the future";
    NeverRestored, "never-restored", Warning,
        "no restore from there was ever proven",
        "run `accolades drill INSTANCE --from PLACE`";
    ProofOld, "proof-old", Warning,
        "the last proven restore is too long ago",
        "run `accolades drill INSTANCE --from PLACE`";
    DrillLeftOut, "drill-left-out", Note,
        "no restore test is made from there, on purpose: what lies there stays unproven",
        "nothing, as long as the reason holds; otherwise take its entry out of `[[without]]` in the instance's file";
}

impl Finding {
    /// A finding.
    pub(super) fn new(name: Kind, place: Option<Place>, sentence: String) -> Finding {
        Finding { name, place, weight: name.weight(), sentence, mend: name.mend().to_owned() }
    }
}

impl Kind {
    /// With another weight than usual.
    pub(super) fn weighing(self, weight: Weight, place: Option<Place>, sentence: String) -> Finding {
        Finding { weight, ..Finding::new(self, place, sentence) }
    }
}
