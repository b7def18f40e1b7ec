//! Units from files: one-shot services, and the timers that run them.
//!
//! A timer counts from the moment it was last run or started. One that is `Persistent` and whose hour passed while the
//! machine was off runs once when it is on again. One that runs every few minutes (`*:0/N`) runs once, at the last of its
//! moments, when time leaps over several: what the runs in between wrote would be replaced anyway.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::process::Os;
use super::units::{JOURNAL, State};
use super::{Exec, Machine, Output};
use crate::world::{Moment, Surroundings};

/// From power-on to the first timer that was missed.
const AFTER_BOOT_US: u64 = 60_000_000;

/// A value of a unit's file.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// Runs a one-shot service to its end, as `systemctl start` does.
pub fn run_service(os: &mut Os<'_>, name: &str, text: &str) -> Output {
    if value(text, "Type") != Some("oneshot") {
        return Output::fail(1, format!("lab: systemctl: services like {name} are not simulated"));
    }
    let Some(command) = value(text, "ExecStart") else {
        return Output::fail(1, format!("Failed to start {name}: Unit {name} has a bad unit file setting."));
    };
    let exec = Exec {
        user: "root".to_owned(),
        argv: command.split_whitespace().map(str::to_owned).collect(),
        ..Exec::default()
    };
    let started = os.now();
    let output = os.run(&exec);
    let ended = os.now();
    let is_good = output.exit == 0;
    if let Some(unit) = os.machine.units.known.get_mut(name) {
        unit.started_at = Some(started);
        unit.exit_status = output.exit;
        unit.result = if is_good { "success" } else { "exit-code" }.to_owned();
        unit.state = if is_good { State::Inactive } else { State::Failed };
    }
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        os.machine.files.append(JOURNAL, &format!("{} {name} {line}\n", ended.unix_seconds()));
    }
    if is_good {
        return Output::default();
    }
    Output::fail(
        1,
        format!(
            "Job for {name} failed because the control process exited with error code.\n\
             See \"systemctl status {name}\" and \"journalctl -xeu {name}\" for details."
        ),
    )
}

/// Starts a timer: it waits for its hour from now on.
pub fn start(os: &mut Os<'_>, name: &str, text: &str) -> Output {
    if value(text, "OnCalendar").is_none_or(|event| daily(event).is_none() && minutes(event).is_none()) {
        return Output::fail(1, format!("lab: systemctl: timers like {name} are not simulated"));
    }
    let now = os.now();
    if let Some(unit) = os.machine.units.known.get_mut(name) {
        unit.state = State::Active;
        unit.started_at = Some(unit.started_at.unwrap_or(now).max(now));
    }
    Output::default()
}

/// `*-*-* HH:MM:SS [ZONE]`: the time of day and its zone.
fn daily(text: &str) -> Option<(jiff::civil::Time, TimeZone)> {
    let mut words = text.split_whitespace();
    if words.next() != Some("*-*-*") {
        return None;
    }
    let time = words.next()?.parse().ok()?;
    let zone = match words.next() {
        Some(zone) => TimeZone::get(zone).ok()?,
        None => TimeZone::UTC,
    };
    Some((time, zone))
}

/// `*:0/N`: every so many minutes, in microseconds.
fn minutes(text: &str) -> Option<u64> {
    let minutes: u64 = text.strip_prefix("*:0/")?.parse().ok()?;
    (1..60).contains(&minutes).then_some(minutes * 60_000_000)
}

/// The next run of a timer after a moment; of one that runs every few minutes the last until `now`, when there are several.
fn next(text: &str, after: Moment, now: Moment) -> Option<Moment> {
    if let Some(step_us) = minutes(value(text, "OnCalendar")?) {
        let step = i64::try_from(step_us).ok()?;
        let floor = |moment: Moment| moment.0.div_euclid(step) * step;
        return Some(Moment((floor(after) + step).max(floor(now))));
    }
    let (time, zone) = daily(value(text, "OnCalendar")?)?;
    let after = Timestamp::from_microsecond(after.0).ok()?;
    let mut day = zone.to_datetime(after).date();
    // Today's may be past, and tomorrow's may not exist on the day a clock changes.
    for _ in 0..3 {
        if let Ok(at) = zone.to_timestamp(day.to_datetime(time))
            && at > after
        {
            return Some(Moment(at.as_microsecond()));
        }
        day = day.checked_add(1.day()).ok()?;
    }
    None
}

/// The timer that runs first, with its moment, as it is seen at a moment.
pub fn next_due(machine: &Machine, now: Moment) -> Option<(Moment, String)> {
    let due = |(name, unit): (&String, &super::units::Unit)| {
        // Asked of every unit of every machine at every request: a file is looked up for timers that wait only.
        if unit.state != State::Active || !name.ends_with(".timer") {
            return None;
        }
        let text = machine.files.read(&format!("/etc/systemd/system/{name}"))?;
        let at = next(text, unit.started_at?, now)?;
        let is_on = at >= machine.booted_at;
        let is_persistent = matches!(value(text, "Persistent"), Some("true" | "yes"));
        match (is_on, is_persistent) {
            (true, _) => Some((at, name.clone())),
            (false, true) => Some((machine.booted_at.plus_us(AFTER_BOOT_US), name.clone())),
            (false, false) => next(text, machine.booted_at, now).map(|at| (at, name.clone())),
        }
    };
    machine.units.known.iter().filter_map(due).min()
}

/// Runs what a timer is for, at its moment.
pub fn fire(machine: &mut Machine, name: &str, around: Surroundings<'_>) {
    if let Some(unit) = machine.units.known.get_mut(name) {
        unit.started_at = Some(around.now);
    }
    let service = name.replace(".timer", ".service");
    let Some(text) = machine.files.read(&format!("/etc/systemd/system/{service}")).map(str::to_owned) else { return };
    if !machine.units.known.contains_key(&service) {
        let description = value(&text, "Description").unwrap_or(&service).to_owned();
        machine.units.add(&service, &description, super::units::Enablement::Disabled, State::Inactive);
    }
    let mut os = Os::new(machine, around);
    run_service(&mut os, &service, &text);
}
