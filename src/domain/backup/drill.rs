//! The record of a restore test: what was tried, what was found, what that does not prove. Pure; the record is hashed, and
//! each one names the hash of the one before it of the same instance, so that none can be taken out or changed unseen.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::ids::{ClientId, InstanceId, SiteId, VmId};

/// Version of a record.
pub const RECORD_VERSION: u32 = 1;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// After a drill that proved nothing the next one is tried no sooner.
const AGAIN_AFTER_US: i64 = 20 * 3_600_000_000;

/// Which of the two backups of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// On the hard disk of the instance's own site.
    Local,
    /// On a backup server elsewhere.
    Remote,
}

impl Origin {
    /// Both.
    pub const ALL: [Origin; 2] = [Origin::Local, Origin::Remote];

    /// As it is typed and kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Local => "local",
            Origin::Remote => "remote",
        }
    }

    /// Reads it back.
    pub fn from_text(text: &str) -> Option<Origin> {
        Origin::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// How often it is to be proven: the local one monthly, the remote one quarterly.
    pub fn every_days(self) -> i64 {
        match self {
            Origin::Local => 30,
            Origin::Remote => 91,
        }
    }

    /// From so many days without proof on it counts as unproven.
    pub fn overdue_days(self) -> i64 {
        match self {
            Origin::Local => 35,
            Origin::Remote => 100,
        }
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Verdict {
    /// It was restored, it booted, everything that was checked was as it should be, and the nonce was found again.
    Proven,
    /// It was tried, and it is not as it should be.
    Failed {
        /// What, in words.
        why: String,
    },
    /// It could not be tried: nothing is said about the backup.
    NotTested {
        /// Why.
        why: String,
    },
}

impl Verdict {
    /// In a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Failed { .. } => "failed",
            Verdict::NotTested { .. } => "not-tested",
        }
    }

    /// Why, when there is something to say.
    pub fn why(&self) -> Option<&str> {
        match self {
            Verdict::Proven => None,
            Verdict::Failed { why } | Verdict::NotTested { why } => Some(why),
        }
    }
}

/// The backup that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedBackup {
    /// Its name on the storage.
    pub volume: String,
    /// When it was made.
    pub at_us: i64,
    /// Its size on the storage, in bytes.
    pub size_bytes: u64,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// A stretch of the drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseKind {
    /// Copying the backup back onto the disks.
    Restore,
    /// From the start of the machine to the first answer from inside.
    Boot,
    /// Looking inside.
    Checks,
}

/// How long a stretch took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Which.
    pub phase: PhaseKind,
    /// In whole seconds.
    pub seconds: u64,
}

/// What a check looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum CheckKind {
    /// The machine as it was restored, before its start.
    Machine {
        /// Which option.
        option: String,
    },
    /// cloud-init is asleep: the boot changed nothing.
    CloudInitAsleep,
    /// The SSH host key is the one that is pinned for the instance.
    HostKey,
    /// A service.
    Service {
        /// Its name.
        name: String,
    },
    /// A Nextcloud answers.
    Nextcloud {
        /// Domain and path.
        address: String,
    },
    /// A Dolibarr answers.
    Dolibarr {
        /// Domain and path.
        address: String,
    },
    /// The files of an application.
    Files {
        /// The application's id in YunoHost.
        app: String,
    },
    /// The database rows of an application.
    Rows {
        /// The application's id in YunoHost.
        app: String,
    },
}

/// A check with what it should have found and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    #[serde(flatten)]
    pub kind: CheckKind,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
    /// Whether that is good.
    pub ok: bool,
}

impl Check {
    /// A check that wants exactly this.
    pub fn equal(kind: CheckKind, expected: impl Into<String>, found: impl Into<String>) -> Check {
        let (expected, found) = (expected.into(), found.into());
        let ok = expected == found;
        Check { kind, expected, found, ok }
    }
}

/// The nonce that was looked for: only somebody who read the guest before the backup was made knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceCheck {
    /// The newest one that we had recorded before the backup was made.
    pub wanted: Option<String>,
    /// When the guest wrote it.
    pub wanted_at_us: Option<i64>,
    /// The one in the restored marker.
    pub found: Option<String>,
    /// When that marker was written, as it says.
    pub found_at_us: Option<i64>,
}

impl NonceCheck {
    /// Whether it was found again.
    pub fn is_found(&self) -> bool {
        self.wanted.is_some() && self.wanted == self.found
    }
}

/// Versions that were at work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of this program.
    pub program: String,
    /// Of Proxmox VE on the node that restored.
    pub proxmox: Option<String>,
    /// Of the guest's operating system.
    pub guest: Option<String>,
}

/// What a drill does not prove. Each is printed on the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotProven {
    /// Only this one backup was tried.
    OtherBackups,
    /// Counts and one random number were compared, not every file and row.
    EveryFile,
    /// What was done after the backup is not in it.
    WorkSince,
    /// The machine had no network: access from outside, mail and certificates were not tried.
    Network,
    /// Nobody's password was tried.
    Passwords,
    /// It ran with less memory than the real one, and alone.
    Speed,
    /// It was restored where the original is: the loss of that place was not tried.
    LossOfTheSite,
    /// The key was on the node already: that the printed key opens the backup was not tried.
    PrintedKey,
}

/// The record of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// Its id, unique for ever.
    pub id: String,
    /// The instance.
    pub instance: InstanceId,
    /// The clients that lived on it on that day.
    pub clients: Vec<ClientId>,
    /// Which backup.
    pub from: Origin,
    /// The site of the node that restored, or should have.
    pub site: SiteId,
    /// That node.
    pub node: String,
    /// Where the backup lay: the disk, or the part of the server. None in records of earlier versions, whose hashes it must
    /// not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The backup; none when there was none to try.
    pub backup: Option<TriedBackup>,
    /// Id of the machine that was made and destroyed again.
    pub vmid: Option<VmId>,
    /// Who started it.
    pub by: String,
    /// When it began.
    pub began_at_us: i64,
    /// When it was over.
    pub ended_at_us: i64,
    /// How long its stretches took.
    pub phases: Vec<Phase>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// The nonce.
    pub nonce: NonceCheck,
    /// Whether the machine is gone again, as read back; none when none was made.
    pub destroyed: Option<bool>,
    /// When this backup was last proven before, for a drill that could not be done.
    pub last_proven_at_us: Option<i64>,
    /// What came out.
    pub verdict: Verdict,
    /// What it does not prove.
    pub not_proven: Vec<NotProven>,
    /// Versions at work.
    pub versions: Versions,
    /// Hash of the record before this one of the same instance.
    pub previous: Option<String>,
}

impl Record {
    /// The record as canonical JSON: keys in the order of their bytes, no blanks, whole numbers only. The hash is taken
    /// over exactly this text.
    ///
    /// # Panics
    /// Never: a record is plain data.
    pub fn canonical(&self) -> String {
        canonical(&serde_json::to_value(self).expect("a record is plain data"))
    }

    /// SHA-256 of [`Record::canonical`], in hexadecimal.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.canonical()))
    }

    /// What a client may see of it: without the addresses of the others on the same instance, and without their names. It
    /// stays under the hash of the whole record.
    pub fn share_of(&self, client: &ClientId, is_own: impl Fn(&str) -> bool) -> Record {
        if self.clients == [client.clone()] {
            return self.clone();
        }
        let concerns = |check: &&Check| match &check.kind {
            CheckKind::Nextcloud { address } | CheckKind::Dolibarr { address } => is_own(address),
            _ => true,
        };
        let is_others = self.checks.iter().any(|check| !check.ok && !concerns(&check));
        let verdict = match &self.verdict {
            Verdict::Failed { .. } if is_others => {
                Verdict::Failed { why: "something else on the same machine was not as it should be".to_owned() }
            }
            other => other.clone(),
        };
        Record {
            clients: vec![client.clone()],
            checks: self.checks.iter().filter(concerns).cloned().collect(),
            verdict,
            ..self.clone()
        }
    }

    /// The first check that is not good.
    pub fn first_failure(&self) -> Option<&Check> {
        self.checks.iter().find(|check| !check.ok)
    }

    /// Seconds from the beginning to the end.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.ended_at_us.saturating_sub(self.began_at_us) / 1_000_000).unwrap_or(0)
    }
}

/// JSON with its keys sorted and without blanks.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(entries) => {
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort_unstable();
            let parts: Vec<String> = keys
                .iter()
                .map(|key| format!("{}:{}", Value::String((*key).clone()), canonical(&entries[*key])))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// Why a chain of records does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenChain {
    /// The record at fault.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

/// Checks records of one instance, the oldest first: every hash is that of its record, every record names the one before.
///
/// # Errors
/// The first record that does not fit.
pub fn check_chain<'a>(records: impl IntoIterator<Item = (&'a Record, &'a str)>) -> Result<(), BrokenChain> {
    let mut previous: Option<String> = None;
    for (record, hash) in records {
        let broken = |why: &str| BrokenChain { id: record.id.clone(), why: why.to_owned() };
        if record.hash() != hash {
            return Err(broken("its content was changed: the hash is another one"));
        }
        if record.previous != previous {
            return Err(broken("the record before it is missing or was exchanged"));
        }
        previous = Some(hash.to_owned());
    }
    Ok(())
}

/// The verdict of what was found. A backup without the marker is never proven.
pub fn judge(checks: &[Check], nonce: &NonceCheck, has_marker: bool, backup_at_us: i64) -> Verdict {
    let failed = |why: String| Verdict::Failed { why };
    if let Some(check) = checks.iter().find(|check| !check.ok) {
        return failed(format!("{}: expected {}, found {}", name_of(&check.kind), check.expected, check.found));
    }
    if !has_marker {
        return failed("the restored machine has no marker: nothing says from when its data are".to_owned());
    }
    if checks.is_empty() {
        return failed("nothing was checked".to_owned());
    }
    let Some(wanted_at_us) = nonce.wanted_at_us.filter(|_| nonce.wanted.is_some()) else {
        return Verdict::NotTested {
            why: "no nonce was recorded before this backup was made: there is nothing to find again".to_owned(),
        };
    };
    if nonce.is_found() {
        return Verdict::Proven;
    }
    match nonce.found_at_us {
        // It was saved with another one, which was written over since: of that one nothing is known.
        Some(found_at_us) if found_at_us > backup_at_us => Verdict::NotTested {
            why: "the restored marker claims a moment after the backup was made: the copy wrote it anew when it started, or \
                  the machine's clock is ahead"
                .to_owned(),
        },
        // A marker that nobody saw before the backup was made: neither proven nor refuted.
        Some(found_at_us) if found_at_us > wanted_at_us => Verdict::NotTested {
            why: "the restored marker is newer than any that was recorded before the backup: it cannot be compared"
                .to_owned(),
        },
        _ => failed(
            "the newest nonce recorded before the backup was not found again: the data are older, or others".to_owned(),
        ),
    }
}

/// A check in English words, for messages; documents have their own.
pub fn name_of(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Machine { option } => format!("machine option `{option}`"),
        CheckKind::CloudInitAsleep => "cloud-init asleep".to_owned(),
        CheckKind::HostKey => "SSH host key".to_owned(),
        CheckKind::Service { name } => format!("service `{name}`"),
        CheckKind::Nextcloud { address } => format!("Nextcloud at `{address}`"),
        CheckKind::Dolibarr { address } => format!("Dolibarr at `{address}`"),
        CheckKind::Files { app } => format!("files of `{app}`"),
        CheckKind::Rows { app } => format!("database rows of `{app}`"),
    }
}

/// What a drill does not prove. One that was done elsewhere had to be lent the saved key, and does not need the original's
/// place.
pub fn not_proven(encrypted: bool, elsewhere: bool) -> Vec<NotProven> {
    let mut list = vec![
        NotProven::OtherBackups,
        NotProven::EveryFile,
        NotProven::WorkSince,
        NotProven::Network,
        NotProven::Passwords,
        NotProven::Speed,
    ];
    if !elsewhere {
        list.push(NotProven::LossOfTheSite);
    }
    if encrypted {
        list.push(NotProven::PrintedKey);
    }
    list
}

/// When the next drill is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Due {
    /// Not before this instant.
    Later {
        /// The instant.
        at_us: i64,
    },
    /// Now.
    Now,
    /// For so long that the backup counts as unproven.
    Overdue,
}

/// What is known of the drills of one backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// When it was last proven.
    pub proven_at_us: Option<i64>,
    /// When a drill was last tried, whatever came of it.
    pub tried_at_us: Option<i64>,
    /// Since when there is something to prove: the first backup.
    pub since_us: Option<i64>,
}

/// When the backup is to be tried next. One that was never proven is due at once. Before an attempt that proved nothing is
/// repeated, most of a day passes, so that a broken site is not restored onto all day long.
pub fn due(origin: Origin, known: Known, now_us: i64) -> Due {
    let reference_us = known.proven_at_us.or(known.since_us);
    let overdue = reference_us.is_some_and(|at| now_us.saturating_sub(at) > origin.overdue_days() * DAY_US);
    let wanted_us = known.proven_at_us.map_or(now_us, |at| at.saturating_add(origin.every_days() * DAY_US));
    let rested_us = match (known.tried_at_us, known.proven_at_us) {
        (Some(tried), proven) if proven.is_none_or(|proven| tried > proven) => tried.saturating_add(AGAIN_AFTER_US),
        _ => i64::MIN,
    };
    let at_us = wanted_us.max(rested_us);
    match (at_us > now_us, overdue) {
        (true, _) => Due::Later { at_us },
        (false, true) => Due::Overdue,
        (false, false) => Due::Now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            version: RECORD_VERSION,
            id: "d1".to_owned(),
            instance: InstanceId::new("lilas").expect("an id"),
            clients: Vec::new(),
            from: Origin::Local,
            site: SiteId::new("friche").expect("an id"),
            node: "pve2".to_owned(),
            place: None,
            backup: None,
            vmid: Some(VmId(1900)),
            by: "nadia".to_owned(),
            began_at_us: 1,
            ended_at_us: 2,
            phases: vec![Phase { phase: PhaseKind::Restore, seconds: 4 }],
            checks: vec![good()],
            nonce: nonce(Some("a"), Some("a")),
            destroyed: Some(true),
            last_proven_at_us: None,
            verdict: Verdict::Proven,
            not_proven: not_proven(true, false),
            versions: Versions::default(),
            previous: None,
        }
    }

    fn good() -> Check {
        Check::equal(CheckKind::Service { name: "nginx".to_owned() }, "active", "active")
    }

    fn nonce(wanted: Option<&str>, found: Option<&str>) -> NonceCheck {
        NonceCheck {
            wanted: wanted.map(str::to_owned),
            wanted_at_us: wanted.map(|_| 100),
            found: found.map(str::to_owned),
            found_at_us: found.map(|_| 100),
        }
    }

    #[test]
    fn the_hash_of_a_record_does_not_depend_on_the_order_of_its_keys() {
        let text = record().canonical();
        assert!(text.starts_with("{\"backup\":null,\"began_at_us\":1,\"by\":\"nadia\""), "{text}");
        let turned: Record = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(turned.hash(), record().hash());
        // Written down once: a record that was hashed must have the same hash in every later version.
        assert_eq!(record().hash(), "73ec0b7c43909d6e36b22dd50d7ee4d12014e059eb8d785c45e6592fd28bb86f");
    }

    #[test]
    fn a_record_that_was_changed_or_taken_out_breaks_the_chain() {
        let first = record();
        let second = Record { id: "d2".to_owned(), previous: Some(first.hash()), ..record() };
        let third = Record { id: "d3".to_owned(), previous: Some(second.hash()), ..record() };
        let hashes = [first.hash(), second.hash(), third.hash()];
        let chain = |records: &[(&Record, &str)]| check_chain(records.iter().copied()).map_err(|broken| broken.id);
        assert_eq!(chain(&[(&first, &hashes[0]), (&second, &hashes[1]), (&third, &hashes[2])]), Ok(()));
        assert_eq!(chain(&[(&first, &hashes[0]), (&third, &hashes[2])]), Err("d3".to_owned()));
        let changed = Record { verdict: Verdict::Failed { why: "x".to_owned() }, ..second.clone() };
        assert_eq!(chain(&[(&first, &hashes[0]), (&changed, &hashes[1])]), Err("d2".to_owned()));
    }

    #[test]
    fn a_backup_without_the_marker_is_never_proven() {
        let found = nonce(Some("a"), Some("a"));
        assert_eq!(judge(&[good()], &found, true, 200), Verdict::Proven);
        assert!(matches!(judge(&[good()], &found, false, 200), Verdict::Failed { .. }));
        assert!(matches!(judge(&[], &found, true, 200), Verdict::Failed { .. }));
    }

    #[test]
    fn another_nonce_is_a_failure_and_one_that_nobody_recorded_is_not_tested() {
        assert!(matches!(judge(&[good()], &nonce(Some("a"), Some("b")), true, 200), Verdict::Failed { .. }));
        assert!(matches!(judge(&[good()], &nonce(Some("a"), None), true, 200), Verdict::Failed { .. }));
        assert!(matches!(judge(&[good()], &nonce(None, Some("b")), true, 200), Verdict::NotTested { .. }));
        let newer = NonceCheck { found_at_us: Some(150), ..nonce(Some("a"), Some("b")) };
        assert!(matches!(judge(&[good()], &newer, true, 200), Verdict::NotTested { .. }));
    }

    #[test]
    fn a_marker_that_the_copy_wrote_itself_refutes_no_backup() {
        let of_the_copy = NonceCheck { found_at_us: Some(250), ..nonce(Some("a"), Some("b")) };
        let verdict = judge(&[good()], &of_the_copy, true, 200);
        assert!(
            matches!(&verdict, Verdict::NotTested { why } if why.contains("after the backup was made")),
            "{verdict:?}"
        );
        let older = NonceCheck { found_at_us: Some(50), ..of_the_copy };
        assert!(matches!(judge(&[good()], &older, true, 200), Verdict::Failed { .. }));
    }

    #[test]
    fn one_bad_check_is_a_failure_that_names_it() {
        let bad = Check::equal(CheckKind::Rows { app: "dolibarr".to_owned() }, "412", "0");
        let Verdict::Failed { why } = judge(&[good(), bad], &nonce(Some("a"), Some("a")), true, 200) else {
            panic!("it failed")
        };
        assert_eq!(why, "database rows of `dolibarr`: expected 412, found 0");
    }

    #[test]
    fn drills_are_due_monthly_and_quarterly_and_rest_after_a_failure() {
        let now = 400 * DAY_US;
        let ago = |days: i64| Some(now - days * DAY_US);
        let proven = |days| Known { proven_at_us: ago(days), tried_at_us: ago(days), since_us: ago(399) };
        let is = |origin, known| due(origin, known, now);
        assert_eq!(is(Origin::Local, Known::default()), Due::Now);
        assert_eq!(is(Origin::Local, proven(10)), Due::Later { at_us: now + 20 * DAY_US });
        assert_eq!(is(Origin::Local, proven(30)), Due::Now);
        assert_eq!(is(Origin::Local, proven(36)), Due::Overdue);
        assert_eq!(is(Origin::Remote, proven(36)), Due::Later { at_us: now + 55 * DAY_US });
        assert_eq!(is(Origin::Remote, proven(91)), Due::Now);
        assert_eq!(is(Origin::Remote, proven(101)), Due::Overdue);
        let never = Known { proven_at_us: None, tried_at_us: None, since_us: ago(36) };
        assert_eq!(is(Origin::Local, never), Due::Overdue);
        let failed_just_now = Known { proven_at_us: ago(40), tried_at_us: Some(now - 1), since_us: ago(399) };
        assert_eq!(is(Origin::Local, failed_just_now), Due::Later { at_us: now - 1 + AGAIN_AFTER_US });
    }
}
