//! `systemd-run`: a command as a unit of its own, which survives the session that asked for it.

use super::options::{Known, Options};
use super::text::options;
use crate::os::process::Os;
use crate::os::units::{self, Stream, Transient};
use crate::os::{Exec, Output, paths};

/// `systemd-run [--unit=NAME] [--collect] [--wait] [--no-block] [-p NAME=VALUE]… [--setenv=K=V]… COMMAND`
pub fn systemd_run(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "systemd-run",
        flags: &[
            "collect,G",
            "no-block",
            "wait",
            "pipe,P",
            "q,quiet",
            "r,remain-after-exit",
            "no-ask-password",
            "system",
        ],
        values: &["u,unit", "p,property", "E,setenv", "description", "uid", "working-directory", "service-type"],
        anywhere: false,
    };
    let options = options!(known, &exec.argv[1..]);
    if exec.user != "root" {
        return Output::fail(1, "Failed to start transient service unit: Interactive authentication required.");
    }
    if options.operands.is_empty() {
        return Output::fail(1, "Command line to execute required.");
    }
    let name = match options.value("u") {
        Some(name) if name.ends_with(".service") => name.to_owned(),
        Some(name) => format!("{name}.service"),
        None => format!("run-u{}.service", os.machine.units.next_pid),
    };
    if os.machine.units.known.contains_key(&name) {
        return Output::fail(
            1,
            format!("Failed to start transient service unit: Unit {name} was already loaded or has a fragment file."),
        );
    }
    let mut settings = match Settings::read(&options) {
        Ok(settings) => settings,
        Err(refusal) => return refusal,
    };
    // A service has the environment of systemd, not that of the session.
    settings.env.entry("PWD".to_owned()).or_insert_with(|| "/".to_owned());
    let program = &options.operands[0];
    if super::path_of(os.machine, program).is_none() && !super::exists(os, &super::path(exec, program)) {
        return Output::fail(1, format!("Failed to find executable {program}: No such file or directory"));
    }
    for stream in [&settings.told.stdout, &settings.told.stderr] {
        if let Stream::File(path) | Stream::Append(path) = stream
            && !os.machine.files.exists(paths::parent(path))
        {
            return Output::fail(
                1,
                format!("lab: systemd-run: the folder of {path} is missing, the unit would fail with 209/STDOUT"),
            );
        }
    }
    let inner = Exec {
        user: settings.user.clone(),
        argv: options.operands.clone(),
        env: settings.env.clone(),
        stdin: if options.has("pipe") { os.input(exec).to_owned() } else { String::new() },
    };
    let description = options.value("description").map_or_else(|| options.operands.join(" "), str::to_owned);
    let mut announcement = format!("Running as unit: {name}\n");
    if options.has("q") {
        announcement.clear();
    }
    if options.has("wait") {
        let mut output = os.run(&inner);
        output.duration_us = 0;
        let kept = if options.has("pipe") { std::mem::take(&mut output.stderr) } else { String::new() };
        if !options.has("pipe") {
            output.stdout.clear();
        }
        output.stderr = announcement + &kept;
        return output;
    }
    units::start_transient(os, &name, &description, settings.oneshot, settings.told, inner);
    // Without --no-block a one-shot's start job lasts as long as its command.
    if settings.oneshot && !options.has("no-block") {
        let Some(ends_at) = os.machine.units.background.last().map(|one| one.ends_at) else {
            return Output { stderr: announcement, ..Output::default() };
        };
        let started_us = os.elapsed_us;
        os.elapsed_us += ends_at.0.abs_diff(os.now().0);
        let around = os.around_now();
        units::advance(os.machine, around);
        return Output { stderr: announcement, duration_us: os.elapsed_us - started_us, ..Output::default() };
    }
    Output { stderr: announcement, duration_us: 100_000, ..Output::default() }
}

struct Settings {
    told: Transient,
    user: String,
    env: std::collections::BTreeMap<String, String>,
    oneshot: bool,
}

impl Settings {
    fn read(options: &Options) -> Result<Settings, Output> {
        let mut settings = Settings {
            told: Transient { collect: options.has("collect"), remain: options.has("r"), ..Transient::default() },
            user: options.value("uid").unwrap_or("root").to_owned(),
            env: std::collections::BTreeMap::new(),
            oneshot: options.value("service-type") == Some("oneshot"),
        };
        if let Some(folder) = options.value("working-directory") {
            settings.env.insert("PWD".to_owned(), folder.to_owned());
        }
        for pair in options.all("E") {
            settings.set_env(pair);
        }
        for property in options.all("p") {
            let Some((name, value)) = property.split_once('=') else {
                return Err(Output::fail(1, format!("Not an assignment: {property}")));
            };
            match name {
                "StandardOutput" => settings.told.stdout = stream(value)?,
                "StandardError" => settings.told.stderr = stream(value)?,
                "Environment" => settings.set_env(value),
                "User" => settings.user = value.to_owned(),
                "WorkingDirectory" => {
                    settings.env.insert("PWD".to_owned(), value.to_owned());
                }
                "RemainAfterExit" => settings.told.remain = matches!(value, "yes" | "true" | "1"),
                "Type" => settings.oneshot = value == "oneshot",
                "CollectMode" => settings.told.collect = value == "inactive-or-failed",
                // Bounds and marks that change nothing here.
                "TimeoutStartSec" | "TimeoutStopSec" | "RuntimeMaxSec" | "KillMode" | "UMask" | "Nice"
                | "LimitNOFILE" | "SyslogIdentifier" | "OOMPolicy" | "StandardInput" => {}
                other => {
                    return Err(Output::fail(1, format!("lab: systemd-run: property {other} is not simulated")));
                }
            }
        }
        Ok(settings)
    }

    fn set_env(&mut self, pair: &str) {
        if let Some((name, value)) = pair.split_once('=') {
            self.env.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn stream(value: &str) -> Result<Stream, Output> {
    let file = |path: &str| path.to_owned();
    if let Some(path) = value.strip_prefix("append:") {
        return Ok(Stream::Append(file(path)));
    }
    if let Some(path) = value.strip_prefix("file:").or_else(|| value.strip_prefix("truncate:")) {
        return Ok(Stream::File(file(path)));
    }
    match value {
        "null" => Ok(Stream::Null),
        "journal" | "inherit" => Ok(Stream::Journal),
        other => Err(Output::fail(1, format!("lab: systemd-run: stream {other} is not simulated"))),
    }
}
