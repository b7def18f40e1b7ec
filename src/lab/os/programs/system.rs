//! The machine itself: `date`, `hostname`, `hostnamectl`, `uname`, `kill`, `reboot`, `cloud-init`.

use super::options::Known;
use super::text::options;
use crate::os::process::Os;
use crate::os::{Exec, Output, boot, units};

/// The end of every boot.
pub fn boot_services(os: &mut Os<'_>, _exec: &Exec) -> Output {
    boot::services_start(os.machine);
    Output { duration_us: boot::BOOT_US, ..Output::default() }
}

/// The last stage of cloud-init's first-boot work.
pub fn cloud_final(os: &mut Os<'_>, _exec: &Exec) -> Output {
    boot::cloud_final(os);
    Output::default()
}

/// `cloud-init status [--wait]`, `cloud-init --version`
pub fn cloud_init(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    let waits = match words.as_slice() {
        ["status"] => false,
        ["status", "--wait" | "-w"] => true,
        _ => return Output::fail(2, format!("lab: cloud-init {} is not simulated", words.join(" "))),
    };
    let started_us = os.elapsed_us;
    if waits {
        // Its work is in the background: wait for the moment when it ends.
        while boot::cloud_init_status(os.machine) == "running" {
            let Some(ends_at) = os.machine.units.background.iter().map(|one| one.ends_at).min() else { break };
            os.elapsed_us += ends_at.0.saturating_sub(os.now().0).max(0).unsigned_abs();
            let around = os.around_now();
            units::advance(os.machine, around);
        }
    }
    let status = boot::cloud_init_status(os.machine);
    let exit = i32::from(status == "error");
    Output { exit, duration_us: os.elapsed_us - started_us, ..Output::out(format!("status: {status}\n")) }
}

/// `date [-u] [-d @SECONDS] [+FORMAT]`
pub fn date(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "date", flags: &["u,utc"], values: &["d,date"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let seconds = match options.value("d") {
        None => os.now().unix_seconds(),
        Some(text) => match text.strip_prefix('@').and_then(|text| text.parse().ok()) {
            Some(seconds) => seconds,
            None => return Output::fail(2, format!("lab: date -d {text} is not simulated")),
        },
    };
    let Ok(moment) = jiff::Timestamp::from_second(seconds) else {
        return Output::fail(1, "date: time out of range");
    };
    let format = match options.operands.as_slice() {
        [] => "%a %b %e %H:%M:%S UTC %Y",
        [format] if format.starts_with('+') => &format[1..],
        _ => return Output::fail(2, "lab: date: setting the clock is not simulated"),
    };
    if format == "%s" {
        return Output::out(format!("{seconds}\n"));
    }
    match jiff::fmt::strtime::format(format, &moment.to_zoned(jiff::tz::TimeZone::UTC)) {
        Ok(text) => Output::out(format!("{text}\n")),
        Err(_) => Output::fail(2, format!("lab: date: format {format} is not simulated")),
    }
}

/// `hostname [-f]`
pub fn hostname(os: &mut Os<'_>, exec: &Exec) -> Output {
    match exec.argv.get(1).map(String::as_str) {
        None | Some("-f" | "--fqdn" | "-s" | "--short") => Output::out(format!("{}\n", os.machine.hostname)),
        Some(other) => Output::fail(2, format!("lab: hostname {other} is not simulated")),
    }
}

/// `hostnamectl [hostname|set-hostname NAME]`
pub fn hostnamectl(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    match words.as_slice() {
        ["hostname", name] | ["set-hostname", name] => {
            if exec.user != "root" {
                return Output::fail(1, "Could not set static hostname: Interactive authentication required.");
            }
            os.machine.hostname = (*name).to_owned();
            os.machine.files.write("/etc/hostname", format!("{name}\n"));
            Output::default()
        }
        ["hostname"] => Output::out(format!("{}\n", os.machine.hostname)),
        [] | ["status"] => Output::out(format!(
            " Static hostname: {}\nOperating System: Debian GNU/Linux {}\n",
            os.machine.hostname, os.machine.debian
        )),
        _ => Output::fail(2, format!("lab: hostnamectl {} is not simulated", words.join(" "))),
    }
}

/// `uname [-r] [-m] [-s]`
pub fn uname(os: &mut Os<'_>, exec: &Exec) -> Output {
    let kernel = match (os.machine.packages.installed("pve-manager"), os.machine.debian) {
        (true, _) => "6.17.2-1-pve",
        (false, 12) => "6.1.0-40-cloud-amd64",
        (false, _) => "6.12.57+deb13-cloud-amd64",
    };
    match exec.argv.get(1).map(String::as_str) {
        None | Some("-s") => Output::out("Linux\n"),
        Some("-r") => Output::out(format!("{kernel}\n")),
        Some("-m") => Output::out("x86_64\n"),
        Some("-n") => Output::out(format!("{}\n", os.machine.hostname)),
        Some(other) => Output::fail(2, format!("lab: uname {other} is not simulated")),
    }
}

/// `kill [-SIGNAL] PID…`: every signal but 0 ends the process.
pub fn kill(os: &mut Os<'_>, exec: &Exec) -> Output {
    let (signals, pids): (Vec<&String>, Vec<&String>) = exec.argv[1..].iter().partition(|word| word.starts_with('-'));
    let only_asks = signals.iter().any(|signal| *signal == "-0");
    let mut output = Output::default();
    for pid in pids {
        let Ok(number) = pid.parse::<u32>() else {
            return Output::fail(1, format!("kill: failed to parse argument: '{pid}'"));
        };
        if !os.machine.units.background.iter().any(|one| one.pid == number) {
            output.exit = 1;
            output.stderr.push_str(&format!("kill: sending signal to {pid} failed: No such process\n"));
        } else if exec.user != "root" {
            output.exit = 1;
            output.stderr.push_str(&format!("kill: sending signal to {pid} failed: Operation not permitted\n"));
        } else if !only_asks {
            let around = os.around_now();
            units::interrupt(os.machine, number, around);
        }
    }
    output
}

/// `reboot`: the machine goes down right after the answer.
pub fn reboot(os: &mut Os<'_>, exec: &Exec) -> Output {
    if exec.user != "root" {
        return Output::fail(1, "Failed to set wall message, ignoring: Interactive authentication required.");
    }
    if exec.argv.len() > 1 {
        return Output::fail(2, format!("lab: reboot {} is not simulated", exec.argv[1]));
    }
    os.machine.reboot_at = Some(os.now());
    Output::default()
}
