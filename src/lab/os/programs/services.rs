//! `systemctl` and `journalctl`.

use super::options::{Known, Options};
use super::text::options;
use crate::os::process::Os;
use crate::os::units::{self, Enablement, State, Unit};
use crate::os::{Exec, Machine, Output, disks, timers};

/// `systemctl VERB [UNIT…]`
pub fn systemctl(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "systemctl",
        flags: &[
            "q,quiet",
            "now",
            "no-pager",
            "no-legend",
            "plain",
            "a,all",
            "no-block",
            "value",
            "wait",
            "full,l",
            "f,force",
        ],
        values: &["p,property", "t,type", "state", "n,lines", "s,signal"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let (verb, names) =
        options.operands.split_first().map_or(("list-units", [].as_slice()), |(verb, rest)| (verb.as_str(), rest));
    let names: Vec<String> = names.iter().map(|name| full_name(name)).collect();
    match verb {
        "show" => show(os.machine, &names, &options),
        "is-active" => ask(
            os.machine,
            &names,
            &options,
            |unit| (state_word(unit.state), unit.state == State::Active || unit.state == State::Exited),
            ("inactive", 3),
        ),
        "is-failed" => ask(
            os.machine,
            &names,
            &options,
            |unit| (state_word(unit.state), unit.state == State::Failed),
            ("inactive", 1),
        ),
        "is-enabled" => is_enabled(os.machine, &names, &options),
        "is-system-running" => is_system_running(os.machine),
        "status" => status(os.machine, &names),
        "list-units" => list_units(os.machine, &options),
        "cat" => cat(os.machine, &names),
        "start" | "stop" | "restart" | "reload" | "enable" | "disable" | "daemon-reload" | "reset-failed" | "mask"
        | "unmask" | "reload-or-restart" | "try-restart" | "kill" | "reboot"
            if exec.user != "root" =>
        {
            Output::fail(1, format!("Failed to {verb} unit: Interactive authentication required."))
        }
        "start" | "restart" | "reload" | "reload-or-restart" | "try-restart" => {
            each(&names, |name| start(os, name, verb))
        }
        "stop" | "kill" => each(&names, |name| stop(os, name)),
        "enable" | "disable" => each(&names, |name| enable(os, name, verb == "enable", options.has("now"))),
        "daemon-reload" => Output::default(),
        "reboot" => super::system::reboot(os, &Exec { argv: vec!["reboot".to_owned()], ..exec.clone() }),
        "reset-failed" => reset_failed(os.machine, &names),
        other => Output::fail(1, format!("lab: systemctl {other} is not simulated")),
    }
}

/// `ssh` means `ssh.service`.
fn full_name(name: &str) -> String {
    const SUFFIXES: [&str; 6] = [".service", ".mount", ".timer", ".socket", ".target", ".path"];
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) { name.to_owned() } else { format!("{name}.service") }
}

fn each(names: &[String], mut work: impl FnMut(&str) -> Output) -> Output {
    let mut whole = Output::default();
    for name in names {
        let one = work(name);
        whole.exit = whole.exit.max(one.exit);
        whole.stdout.push_str(&one.stdout);
        whole.stderr.push_str(&one.stderr);
        whole.duration_us += one.duration_us;
    }
    whole
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Active | State::Exited => "active",
        State::Activating => "activating",
        State::Inactive => "inactive",
        State::Failed => "failed",
    }
}

fn sub_state(name: &str, state: State) -> &'static str {
    match state {
        State::Active if name.ends_with(".mount") => "mounted",
        State::Active => "running",
        State::Exited => "exited",
        State::Activating => "start",
        State::Inactive => "dead",
        State::Failed => "failed",
    }
}

/// `systemctl show -p A,B UNIT`: the properties in the order asked; nothing is an error, even an unknown unit.
fn show(machine: &Machine, names: &[String], options: &Options) -> Output {
    let wanted: Vec<&str> = options.all("p").iter().flat_map(|list| list.split(',')).collect();
    let mut out = String::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let all = properties(machine, name);
        let chosen: Vec<&(&str, String)> = if wanted.is_empty() {
            all.iter().collect()
        } else {
            all.iter().filter(|(key, _)| wanted.contains(key)).collect()
        };
        if let Some(unknown) = wanted.iter().find(|key| !all.iter().any(|(one, _)| one == *key)) {
            return Output::fail(1, format!("lab: systemctl: property {unknown} is not simulated"));
        }
        for (key, value) in chosen {
            out.push_str(&if options.has("value") { format!("{value}\n") } else { format!("{key}={value}\n") });
        }
    }
    Output::out(out)
}

fn properties(machine: &Machine, name: &str) -> Vec<(&'static str, String)> {
    let unit = machine.units.known.get(name);
    let state = unit.map_or(State::Inactive, |unit| unit.state);
    let running = matches!(state, State::Active | State::Activating);
    let process = machine.units.process_of(name);
    let main_pid = process.unwrap_or(if running && name.ends_with(".service") { 800 } else { 0 });
    let code = match unit {
        Some(unit) if !running && unit.started_at.is_some() => {
            if unit.result == "signal" {
                "2"
            } else {
                "1"
            }
        }
        _ => "0",
    };
    let moment = |at: Option<crate::world::Moment>| {
        at.and_then(|at| jiff::Timestamp::from_second(at.unix_seconds()).ok())
            .map(|at| at.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string())
            .unwrap_or_default()
    };
    vec![
        ("Type", (if name.ends_with(".mount") { "" } else { "simple" }).to_owned()),
        ("MainPID", main_pid.to_string()),
        ("ExecMainPID", main_pid.to_string()),
        ("ExecMainCode", code.to_owned()),
        ("ExecMainStatus", unit.map_or(0, |unit| unit.exit_status).to_string()),
        ("ExecMainStartTimestamp", moment(unit.and_then(|unit| unit.started_at))),
        ("Result", unit.map_or("success", |unit| unit.result.as_str()).to_owned()),
        ("Id", name.to_owned()),
        ("Description", unit.map_or(name, |unit| unit.description.as_str()).to_owned()),
        ("LoadState", (if unit.is_some() { "loaded" } else { "not-found" }).to_owned()),
        ("ActiveState", state_word(state).to_owned()),
        ("SubState", sub_state(name, state).to_owned()),
        ("UnitFileState", unit.map_or("", |unit| enablement_word(unit.enablement)).to_owned()),
    ]
}

fn enablement_word(enablement: Enablement) -> &'static str {
    match enablement {
        Enablement::Enabled => "enabled",
        Enablement::Disabled => "disabled",
        Enablement::Static => "static",
        Enablement::Transient => "transient",
    }
}

fn ask(
    machine: &Machine,
    names: &[String],
    options: &Options,
    answer: impl Fn(&Unit) -> (&'static str, bool),
    unknown: (&'static str, i32),
) -> Output {
    let mut output = Output::status(unknown.1);
    for name in names {
        let (word, yes) = machine.units.known.get(name).map_or((unknown.0, false), &answer);
        if yes {
            output.exit = 0;
        }
        if !options.has("q") {
            output.stdout.push_str(&format!("{word}\n"));
        }
    }
    output
}

fn is_enabled(machine: &Machine, names: &[String], options: &Options) -> Output {
    let mut output = Output::status(1);
    for name in names {
        match machine.units.known.get(name) {
            None => output
                .stderr
                .push_str(&format!("Failed to get unit file state for {name}: No such file or directory\n")),
            Some(unit) => {
                if unit.enablement != Enablement::Disabled {
                    output.exit = 0;
                }
                if !options.has("q") {
                    output.stdout.push_str(&format!("{}\n", enablement_word(unit.enablement)));
                }
            }
        }
    }
    output
}

fn is_system_running(machine: &Machine) -> Output {
    let failed = machine.units.known.values().any(|unit| unit.state == State::Failed);
    let booting = !machine.ssh_running();
    match (booting, failed) {
        (true, _) => Output { exit: 1, ..Output::out("starting\n") },
        (false, true) => Output { exit: 1, ..Output::out("degraded\n") },
        (false, false) => Output::out("running\n"),
    }
}

fn status(machine: &Machine, names: &[String]) -> Output {
    each(names, |name| match machine.units.known.get(name) {
        None => Output::fail(4, format!("Unit {name} could not be found.")),
        Some(unit) => {
            let text = format!(
                "{name} - {}\n     Loaded: loaded ({})\n     Active: {} ({})\n",
                unit.description,
                enablement_word(unit.enablement),
                state_word(unit.state),
                sub_state(name, unit.state)
            );
            let running = matches!(unit.state, State::Active | State::Exited);
            Output { exit: if running { 0 } else { 3 }, ..Output::out(text) }
        }
    })
}

fn list_units(machine: &Machine, options: &Options) -> Output {
    let mut out = String::new();
    for (name, unit) in &machine.units.known {
        let of_type = options.value("t").is_none_or(|kind| name.ends_with(&format!(".{kind}")));
        let in_state = options.value("state").is_none_or(|state| state_word(unit.state) == state);
        let shown = options.has("a") || options.value("state").is_some() || unit.state != State::Inactive;
        if of_type && in_state && shown {
            let (active, sub) = (state_word(unit.state), sub_state(name, unit.state));
            out.push_str(&format!("{name} loaded {active} {sub} {}\n", unit.description));
        }
    }
    Output::out(out)
}

fn cat(machine: &Machine, names: &[String]) -> Output {
    each(names, |name| {
        let path = format!("/etc/systemd/system/{name}");
        match machine.files.read(&path) {
            Some(text) => Output::out(format!("# {path}\n{text}")),
            None => Output::fail(1, format!("No files found for {name}.")),
        }
    })
}

/// Makes a unit known whose file stands under `/etc/systemd/system`.
fn load(machine: &mut Machine, name: &str) -> bool {
    if machine.units.known.contains_key(name) {
        return true;
    }
    let Some(text) = machine.files.read(&format!("/etc/systemd/system/{name}")) else { return false };
    let description = text.lines().find_map(|line| line.strip_prefix("Description=")).unwrap_or(name).to_owned();
    machine.units.add(name, &description, Enablement::Disabled, State::Inactive);
    true
}

fn start(os: &mut Os<'_>, name: &str, verb: &str) -> Output {
    if !load(os.machine, name) {
        return Output::fail(5, format!("Failed to {verb} {name}: Unit {name} not found."));
    }
    if name.ends_with(".mount") {
        return start_mount(os.machine, name);
    }
    if let Some(text) = os.machine.files.read(&format!("/etc/systemd/system/{name}")).map(str::to_owned) {
        return match name.rsplit_once('.') {
            Some((_, "timer")) => timers::start(os, name, &text),
            Some((_, "service")) => timers::run_service(os, name, &text),
            _ => Output::fail(1, format!("lab: systemctl {verb}: units like {name} are not simulated")),
        };
    }
    let now = os.now();
    if let Some(unit) = os.machine.units.known.get_mut(name) {
        unit.state = State::Active;
        unit.result = "success".to_owned();
        unit.started_at = Some(now);
    }
    Output { duration_us: 400_000, ..Output::default() }
}

fn start_mount(machine: &mut Machine, name: &str) -> Output {
    let Some((device, folder)) = disks::mount_unit(machine, name) else {
        return Output::fail(1, format!("Failed to start {name}: Unit {name} has a bad unit file setting."));
    };
    if disks::mounted_at(machine, &folder).is_some() {
        return Output::default();
    }
    // systemd makes the folder itself.
    machine.files.make_folder(&folder, 0o755, "root");
    let mounted = disks::mount(machine, &device, &folder).is_ok();
    if let Some(unit) = machine.units.known.get_mut(name) {
        unit.state = if mounted { State::Active } else { State::Failed };
        unit.result = if mounted { "success" } else { "exit-code" }.to_owned();
    }
    if mounted {
        return Output { duration_us: 500_000, ..Output::default() };
    }
    Output::fail(
        1,
        format!("Job for {name} failed.\nSee \"systemctl status {name}\" and \"journalctl -xeu {name}\" for details."),
    )
}

fn stop(os: &mut Os<'_>, name: &str) -> Output {
    if let Some(pid) = os.machine.units.process_of(name) {
        let around = os.around_now();
        units::interrupt(os.machine, pid, around);
        return Output::default();
    }
    if name.ends_with(".mount")
        && let Some((_, folder)) = disks::mount_unit(os.machine, name)
    {
        disks::unmount(os.machine, &folder);
    }
    match os.machine.units.known.get_mut(name) {
        None => Output::fail(5, format!("Failed to stop {name}: Unit {name} not loaded.")),
        Some(unit) if unit.transient.is_some() => {
            os.machine.units.known.remove(name);
            Output::default()
        }
        Some(unit) => {
            unit.state = State::Inactive;
            Output { duration_us: 300_000, ..Output::default() }
        }
    }
}

fn enable(os: &mut Os<'_>, name: &str, on: bool, now: bool) -> Output {
    if !load(os.machine, name) {
        let verb = if on { "enable" } else { "disable" };
        return Output::fail(1, format!("Failed to {verb} unit: Unit file {name} does not exist."));
    }
    if let Some(unit) = os.machine.units.known.get_mut(name).filter(|unit| unit.enablement != Enablement::Static) {
        unit.enablement = if on { Enablement::Enabled } else { Enablement::Disabled };
    }
    match (now, on) {
        (true, true) => start(os, name, "start"),
        (true, false) => stop(os, name),
        (false, _) => Output::default(),
    }
}

fn reset_failed(machine: &mut Machine, names: &[String]) -> Output {
    let chosen = |name: &String| names.is_empty() || names.contains(name);
    let known = &mut machine.units.known;
    if let Some(missing) = names.iter().find(|name| !known.contains_key(*name)) {
        return Output::fail(1, format!("Failed to reset failed state of unit {missing}: Unit {missing} not loaded."));
    }
    known.retain(|name, unit| !(chosen(name) && unit.transient.is_some() && unit.state == State::Failed));
    for (_, unit) in known.iter_mut().filter(|(name, unit)| chosen(name) && unit.state == State::Failed) {
        unit.state = State::Inactive;
        unit.result = "success".to_owned();
    }
    Output::default()
}

/// `journalctl [-u UNIT] [-n N] [-o cat] [--no-pager]`
pub fn journalctl(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "journalctl",
        flags: &["no-pager", "q,quiet", "b,boot"],
        values: &["u,unit", "n,lines", "o,output"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let unit = options.value("u").map(full_name);
    let text = os.machine.files.read(units::JOURNAL).unwrap_or_default();
    let mut lines: Vec<String> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(seconds, rest)| rest.split_once(' ').map(|(from, text)| (seconds, from, text)))
        .filter(|(_, from, _)| unit.as_deref().is_none_or(|unit| unit == *from))
        .map(|(seconds, from, text)| match options.value("o") {
            Some("cat") => text.to_owned(),
            _ => format!("{seconds} {} {from}: {text}", os.machine.hostname),
        })
        .collect();
    if let Some(count) = options.value("n").and_then(|count| count.parse::<usize>().ok()) {
        lines.drain(..lines.len().saturating_sub(count));
    }
    if lines.is_empty() {
        return Output::out("-- No entries --\n");
    }
    Output::out(lines.join("\n") + "\n")
}
