//! systemd's units, and the processes in the background.
//!
//! A process in the background takes effect at the moment it ends ([`advance`]); until then it only holds its place: its
//! unit is active, its number is under `/proc`, YunoHost's lock is held when it uses YunoHost. Cut short ([`interrupt`]),
//! it leaves what was done up to then and what the interrupted program leaves of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::process::Os;
use super::{Exec, Machine, Output, timers};
use crate::world::{Moment, Surroundings};
use crate::yunohost;

/// All units and the processes in the background.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Units {
    /// Units by full name (`ssh.service`).
    pub known: BTreeMap<String, Unit>,
    /// Processes in the background, in the order they were started.
    pub background: Vec<Background>,
    /// The number of the next process.
    pub next_pid: u32,
}

/// A unit that is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// What it is, in a few words.
    pub description: String,
    /// Whether it starts at boot.
    pub enablement: Enablement,
    /// What it does now.
    pub state: State,
    /// How its last run ended, as systemd names it: `success`, `exit-code`, `signal`.
    pub result: String,
    /// Exit status of its last run.
    pub exit_status: i32,
    /// When its last run began.
    pub started_at: Option<Moment>,
    /// Present only for units made by `systemd-run`.
    pub transient: Option<Transient>,
}

/// Whether a unit starts at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enablement {
    /// Starts at boot.
    Enabled,
    /// Does not.
    Disabled,
    /// Starts when something else wants it.
    Static,
    /// Made by a program at run time.
    Transient,
}

/// What a unit does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Runs (or, for a mount, is mounted).
    Active,
    /// A one-shot that works.
    Activating,
    /// Ended well and remains active.
    Exited,
    /// Does not run.
    Inactive,
    /// Ended badly.
    Failed,
}

/// What `systemd-run` was told about its unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transient {
    /// Forget it even when it failed (`--collect`).
    pub collect: bool,
    /// Stay active after success (`RemainAfterExit=`).
    pub remain: bool,
    /// Where standard output goes.
    pub stdout: Stream,
    /// Where standard error goes.
    pub stderr: Stream,
}

/// Where a stream of a unit goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// To the journal.
    #[default]
    Journal,
    /// Nowhere.
    Null,
    /// To a file, from its beginning.
    File(String),
    /// To the end of a file.
    Append(String),
}

/// A process in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// Its number.
    pub pid: u32,
    /// The unit it belongs to.
    pub unit: Option<String>,
    /// What it does when its time has come; `None` for a mere `sleep`.
    pub exec: Option<Exec>,
    /// When it began.
    pub started_at: Moment,
    /// When it ends.
    pub ends_at: Moment,
}

/// The number of the first process after boot that is not systemd's.
const FIRST_PID: u32 = 1200;

impl Default for Units {
    fn default() -> Units {
        let mut units = Units { known: BTreeMap::new(), background: Vec::new(), next_pid: FIRST_PID };
        for (name, description) in [
            ("cron.service", "Regular background program processing daemon"),
            ("dbus.service", "D-Bus System Message Bus"),
            ("ssh.service", "OpenBSD Secure Shell server"),
            ("systemd-journald.service", "Journal Service"),
            ("systemd-networkd.service", "Network Configuration"),
            ("systemd-udevd.service", "Rule-based Manager for Device Events and Files"),
        ] {
            units.add(name, description, Enablement::Enabled, State::Active);
        }
        units
    }
}

impl Unit {
    /// A unit of a package.
    pub fn new(description: &str, enablement: Enablement, state: State) -> Unit {
        Unit {
            description: description.to_owned(),
            enablement,
            state,
            result: "success".to_owned(),
            exit_status: 0,
            started_at: None,
            transient: None,
        }
    }
}

impl Units {
    /// Adds a unit that a package brings; an existing one is left as it is.
    pub fn add(&mut self, name: &str, description: &str, enablement: Enablement, state: State) {
        self.known.entry(name.to_owned()).or_insert_with(|| Unit::new(description, enablement, state));
    }

    /// Whether a unit is active.
    pub fn active(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|unit| matches!(unit.state, State::Active | State::Exited))
    }

    /// A number for a new process.
    pub fn take_pid(&mut self) -> u32 {
        let pid = self.next_pid;
        self.next_pid += 7;
        pid
    }

    /// The process of a unit, while it runs.
    pub fn process_of(&self, unit: &str) -> Option<u32> {
        self.background.iter().find(|one| one.unit.as_deref() == Some(unit)).map(|one| one.pid)
    }
}

/// Starts a `sleep` that only lives; its number.
pub fn sleep_in_background(machine: &mut Machine, now: Moment, ends_at: Moment) -> u32 {
    let pid = machine.units.take_pid();
    machine.units.background.push(Background { pid, unit: None, exec: None, started_at: now, ends_at });
    machine.files.make_folder(&format!("/proc/{pid}"), 0o555, "root");
    pid
}

/// Starts a transient unit: the command is tried on a copy of the machine to learn how long it will take.
pub fn start_transient(os: &mut Os<'_>, name: &str, description: &str, activating: bool, told: Transient, exec: Exec) {
    let now = os.now();
    let around = os.around_now();
    let mut copy = os.machine.clone();
    let mut rehearsal = Os::new(&mut copy, around);
    let duration_us = rehearsal.run(&exec).duration_us;
    let uses_yunohost = rehearsal.uses_yunohost;
    let pid = os.machine.units.take_pid();
    let ends_at = now.plus_us(duration_us);
    for stream in [&told.stdout, &told.stderr] {
        match stream {
            Stream::File(path) => os.machine.files.write(path, ""),
            Stream::Append(path) => os.machine.files.append(path, ""),
            Stream::Journal | Stream::Null => {}
        }
    }
    let mut unit =
        Unit::new(description, Enablement::Transient, if activating { State::Activating } else { State::Active });
    unit.started_at = Some(now);
    unit.transient = Some(told);
    os.machine.units.known.insert(name.to_owned(), unit);
    let exec = Some(exec);
    os.machine.units.background.push(Background { pid, unit: Some(name.to_owned()), exec, started_at: now, ends_at });
    os.machine.files.make_folder(&format!("/proc/{pid}"), 0o555, "root");
    if uses_yunohost {
        yunohost::lock::hold(os.machine, pid, ends_at);
    }
}

/// Lets everything in the background take effect whose time has come.
pub fn advance(machine: &mut Machine, around: Surroundings<'_>) {
    loop {
        let due = machine.units.background.iter().filter(|one| one.ends_at <= around.now).min_by_key(|one| one.ends_at);
        let due = due.cloned();
        let reboot = machine.reboot_at.filter(|at| *at <= around.now);
        let timer = timers::next_due(machine, around.now).filter(|(at, _)| *at <= around.now);
        if let Some((at, name)) = timer
            && due.as_ref().is_none_or(|due| due.ends_at > at)
            && reboot.is_none_or(|reboot| reboot > at)
        {
            timers::fire(machine, &name, Surroundings { now: at, ..around });
            continue;
        }
        if let Some(at) = reboot
            && due.as_ref().is_none_or(|due| due.ends_at > at)
        {
            super::boot::reboot(machine, Surroundings { now: at, ..around });
            continue;
        }
        let Some(due) = due else { return };
        let before = machine.clone();
        forget(machine, due.pid);
        let Some(exec) = &due.exec else { continue };
        let output = Os::new(machine, Surroundings { now: due.started_at, ..around }).run(exec);
        let ends_at = due.started_at.plus_us(output.duration_us);
        if ends_at > around.now {
            // Something made it longer than it seemed when it was started.
            *machine = before;
            for one in machine.units.background.iter_mut().filter(|one| one.pid == due.pid) {
                one.ends_at = ends_at;
            }
            continue;
        }
        let result = if output.exit == 0 { "success" } else { "exit-code" };
        finish(machine, &due, result, &output);
    }
}

/// Cuts a process short: what it did until now stays, half-done work included.
pub fn interrupt(machine: &mut Machine, pid: u32, around: Surroundings<'_>) {
    let Some(cut) = machine.units.background.iter().find(|one| one.pid == pid).cloned() else { return };
    forget(machine, pid);
    let Some(exec) = &cut.exec else { return };
    let mut os = Os::new(machine, Surroundings { now: cut.started_at, ..around });
    os.killed_at_us = Some(around.now.0.abs_diff(cut.started_at.0));
    let mut output = os.run(exec);
    output.exit = 15;
    finish(machine, &cut, "signal", &output);
}

/// Takes a process away, with what shows that it lives.
fn forget(machine: &mut Machine, pid: u32) {
    machine.units.background.retain(|one| one.pid != pid);
    machine.files.remove(&format!("/proc/{pid}"));
    let holds_lock = machine.files.read(yunohost::lock::PATH).is_some_and(|text| text.trim() == pid.to_string());
    if holds_lock {
        yunohost::lock::release(machine);
    }
}

fn finish(machine: &mut Machine, process: &Background, result: &str, output: &Output) {
    let Some(name) = &process.unit else { return };
    let Some(unit) = machine.units.known.get_mut(name) else { return };
    let told = unit.transient.clone().unwrap_or_default();
    let good = result == "success";
    unit.result = result.to_owned();
    unit.exit_status = output.exit;
    unit.state = match (good, told.remain) {
        (true, true) => State::Exited,
        (true, false) => State::Inactive,
        (false, _) => State::Failed,
    };
    let gone = (good && !told.remain) || (!good && told.collect);
    if gone {
        machine.units.known.remove(name);
    }
    let same = told.stdout == told.stderr;
    for (stream, text) in [(&told.stderr, &output.stderr), (&told.stdout, &output.stdout)] {
        match stream {
            Stream::File(path) if !same => machine.files.write(path, text.clone()),
            Stream::File(path) | Stream::Append(path) => machine.files.append(path, text),
            Stream::Null => {}
            Stream::Journal => journal(machine, name, process, text),
        }
    }
}

/// The journal is one text file: `UNIX-SECONDS UNIT TEXT` per line.
pub const JOURNAL: &str = "/var/log/journal/lab";

fn journal(machine: &mut Machine, unit: &str, process: &Background, text: &str) {
    for line in text.lines() {
        machine.files.append(JOURNAL, &format!("{} {unit} {line}\n", process.ends_at.unix_seconds()));
    }
}
