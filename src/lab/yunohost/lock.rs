//! The lock: `/var/run/moulinette_yunohost.lock` with a process number in it (sheet, "Lock").
//!
//! A process is alive while `/proc/<pid>` exists on the machine. Who runs a YunoHost command in the background takes
//! the lock with [`hold`] until the command ends.

use serde::{Deserialize, Serialize};

use super::reply::Line;
use super::words::Speech;
use crate::os::{Files, Machine};
use crate::world::Moment;

/// The lock file.
pub const PATH: &str = "/var/run/moulinette_yunohost.lock";

/// After how many seconds of waiting something is said, and how often after that.
const NOTICES_S: [u64; 3] = [15, 60, 240];
const NOTICE_EVERY_S: u64 = 240;

/// How long a command waits when nothing will ever free the lock: a bound for what is really "for ever".
pub const FOREVER_US: u64 = 366 * 86_400 * 1_000_000;

/// A command of ours that runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// When it ends.
    pub until: Moment,
}

/// What came of asking for the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// Taken after so many microseconds.
    Taken {
        /// How long it was waited for.
        waited_us: u64,
    },
    /// Refused after so many microseconds.
    Refused {
        /// How long it was waited for.
        waited_us: u64,
    },
    /// Nobody will free it and no timeout was given.
    Never,
    /// The file holds something that is no number.
    Unreadable(String),
}

/// Takes the lock for a command that runs in the background until a moment.
pub fn hold(machine: &mut Machine, pid: u32, until: Moment) {
    machine.files.write(PATH, pid.to_string());
    if let Some(yunohost) = &mut machine.yunohost {
        yunohost.lock_holder = Some(Holder { pid, until });
    }
}

/// Frees the lock.
pub fn release(machine: &mut Machine) {
    machine.files.remove(PATH);
    if let Some(yunohost) = &mut machine.yunohost {
        yunohost.lock_holder = None;
    }
}

/// Asks for the lock at a moment.
pub fn acquire(files: &Files, holder: Option<Holder>, timeout_s: Option<i64>, now: Moment) -> Attempt {
    let Some(text) = files.read(PATH) else { return Attempt::Taken { waited_us: 0 } };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Attempt::Taken { waited_us: 0 };
    }
    let Ok(pid) = trimmed.parse::<u32>() else { return Attempt::Unreadable(text.to_owned()) };
    let freed = match holder.filter(|holder| holder.pid == pid) {
        Some(holder) if holder.until <= now => return Attempt::Taken { waited_us: 0 },
        Some(holder) => Some(holder.until.0.abs_diff(now.0)),
        None if files.exists(&format!("/proc/{pid}")) || pid == 1 => None,
        None => return Attempt::Taken { waited_us: 0 },
    };
    let patience = timeout_s.map(|seconds| u64::try_from(seconds).unwrap_or_default() * 1_000_000);
    match (freed, patience) {
        (Some(freed), None) => Attempt::Taken { waited_us: freed },
        (Some(freed), Some(patience)) if freed <= patience => Attempt::Taken { waited_us: freed },
        (_, Some(patience)) => Attempt::Refused { waited_us: patience },
        (None, None) => Attempt::Never,
    }
}

/// What is said while waiting: after 15 s, 60 s, 240 s and every 240 s from then on.
pub fn notices(waited_us: u64, lines: &mut Vec<Line>, speech: Speech) {
    let waited_s = waited_us / 1_000_000;
    let first = NOTICES_S.iter().copied();
    let later = (1..).map(|times| NOTICES_S[2] + times * NOTICE_EVERY_S);
    for (position, _) in first.chain(later).take_while(|after| *after <= waited_s).enumerate() {
        let key = if position == 0 { "lock_waiting" } else { "lock_still_waiting" };
        lines.push(Line::Warning(speech.say(key, &[])));
    }
}
