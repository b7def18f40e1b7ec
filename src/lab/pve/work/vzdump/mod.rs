//! `vzdump`: guests are backed up one after another, one task at a time on a node.

mod guest;
pub mod place;
pub mod report;

use serde::{Deserialize, Serialize};

use super::{SECOND_US, Step, Work};
use crate::pve::call::Caller;
use crate::pve::retention::Keep;
use crate::world::{Moment, Site, Surroundings};
use guest::Guest;

pub use guest::protected_limit;

/// The file whose lock a backup holds.
const LOCK_FILE: &str = "/var/run/vzdump.lock";

/// Guests to be backed up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vzdump {
    /// How.
    pub options: Options,
    /// Who asked.
    pub owner: Caller,
    /// The guests that are still to be backed up, by id.
    pub guests: Vec<u32>,
    /// How many guests failed.
    pub errors: u32,
    /// How far it is.
    phase: Phase,
}

/// How guests are backed up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Options {
    /// Where to.
    pub storage: String,
    /// What happens to a running guest meanwhile.
    pub mode: Mode,
    /// Compression of archives in folders.
    pub compress: String,
    /// Template of the notes.
    pub notes_template: Option<String>,
    /// Whether the backup is marked as protected.
    pub protected: bool,
    /// Retention that was given with the request or the job.
    pub keep: Option<Keep>,
    /// Whether older backups are removed by the retention.
    pub remove: bool,
    /// KiB per second at most; 0 is no limit.
    pub bwlimit_kib: u64,
    /// How long to wait for other backups of the node, in minutes.
    pub lockwait_minutes: u64,
    /// How long to wait for a guest that is to be stopped, in minutes.
    pub stopwait_minutes: u64,
    /// Priority of reading and writing.
    pub ionice: u32,
    /// Storage for what the guest overwrites meanwhile.
    pub fleecing: Option<String>,
    /// Whether guests that the caller may not back up are left out in silence.
    pub all: bool,
    /// The command as the log shows it.
    pub command: String,
}

/// What happens to a running guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// It goes on.
    Snapshot,
    /// It is halted for a moment.
    Suspend,
    /// It is shut down and started again.
    Stop,
}

impl Mode {
    /// As requests and logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Snapshot => "snapshot",
            Mode::Suspend => "suspend",
            Mode::Stop => "stop",
        }
    }

    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Mode> {
        [Mode::Snapshot, Mode::Suspend, Mode::Stop].into_iter().find(|mode| mode.name() == name)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Phase {
    New,
    Waiting,
    Guest(Box<Guest>),
}

impl Vzdump {
    /// Work that has not begun.
    pub fn new(options: Options, owner: Caller, guests: Vec<u32>) -> Vzdump {
        Vzdump { options, owner, guests, errors: 0, phase: Phase::New }
    }

    /// Whether it waits for another backup of the node.
    pub fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Whether a guest is being backed up.
    pub fn has_begun(&self) -> bool {
        matches!(self.phase, Phase::Guest(_))
    }

    /// What comes next.
    pub fn step(mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::New => match place::check(site, around, &self.options) {
                Err(error) => Step::Ended(Err(error)),
                Ok(()) if is_busy(site) => self.wait(around, log),
                Ok(()) => self.begin(site, around, log),
            },
            Phase::Waiting if is_busy(site) => {
                log.push(format!("ERROR: can't acquire lock '{LOCK_FILE}' - got timeout"));
                Step::Vanished
            }
            Phase::Waiting => {
                log.push("INFO: got global lock".to_owned());
                self.begin(site, around, log)
            }
            Phase::Guest(guest) => match guest.step(site, around, &self.options, &self.owner, log) {
                guest::Progress::Later(guest, due) => self.later(guest, due),
                guest::Progress::Done => self.next(site, around, log),
                guest::Progress::Failed => {
                    self.errors += 1;
                    self.next(site, around, log)
                }
            },
        }
    }

    /// The process is killed: the guest that is under way fails, the others are not tried.
    pub fn abandon(self, site: &mut Site, around: Surroundings<'_>, why: &str, log: &mut Vec<String>) -> String {
        let why = if why == "received interrupt" { "interrupted by signal" } else { why };
        if let Phase::Guest(guest) = self.phase {
            guest.fail(site, around, why, log);
            log.push(format!("ERROR: Backup job failed - {why}"));
        }
        why.to_owned()
    }

    fn wait(mut self, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        if self.options.lockwait_minutes == 0 {
            log.push(format!("ERROR: can't acquire lock '{LOCK_FILE}' (wait = 0)"));
            return Step::Vanished;
        }
        log.push("INFO: trying to get global lock - waiting...".to_owned());
        let until = around.now.plus_us(self.options.lockwait_minutes * 60 * SECOND_US);
        self.phase = Phase::Waiting;
        Step::Again(Box::new(Work::Vzdump(self)), until)
    }

    /// The lock is held: now rights are checked, then guest after guest.
    fn begin(mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        log.push(format!("INFO: starting new backup job: {}", self.options.command));
        let mut allowed = Vec::new();
        for vmid in std::mem::take(&mut self.guests) {
            let may = !site.pve.vms.contains_key(&vmid)
                || site.pve.access.allowed(&self.owner, &format!("/vms/{vmid}"), &["VM.Backup"]);
            if may {
                allowed.push(vmid);
            } else if !self.options.all {
                return Step::Ended(Err(format!("403 Permission check failed (/vms/{vmid}, VM.Backup)")));
            }
        }
        self.guests = allowed;
        self.next(site, around, log)
    }

    fn next(mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Step {
        while !self.guests.is_empty() {
            let vmid = self.guests.remove(0);
            match Guest::begin(site, around, &self.options, &self.owner, vmid, log) {
                Some((guest, due)) => return self.later(guest, due),
                None => self.errors += 1,
            }
        }
        if self.errors > 0 {
            log.push("INFO: Backup job finished with errors".to_owned());
            return Step::Ended(Err("job errors".to_owned()));
        }
        log.push("INFO: Backup job finished successfully".to_owned());
        Step::Ended(Ok(0))
    }

    fn later(mut self, guest: Box<Guest>, due: Moment) -> Step {
        self.phase = Phase::Guest(guest);
        Step::Again(Box::new(Work::Vzdump(self)), due)
    }
}

/// Whether another backup of this node is under way.
fn is_busy(site: &Site) -> bool {
    site.pve.tasks.iter().any(|task| matches!(&task.work, Some(Work::Vzdump(work)) if work.has_begun()))
}
