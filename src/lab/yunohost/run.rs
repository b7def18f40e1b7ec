//! The program `yunohost`: from its arguments to what is printed.

use std::collections::BTreeMap;

use super::context::{Context, Refusal};
use super::grammar::{self, Globals, Stop};
use super::lock::{self, Attempt};
use super::reply::{Line, Reply};
use super::words::Speech;
use super::{cli_log, dispatch, duration, journal, printer};
use crate::os::{Exec, Machine, Output};
use crate::world::Surroundings;

/// Written by the post-installation.
pub const INSTALLED_PATH: &str = "/etc/yunohost/installed";

/// What answers before the post-installation (the first two words).
const BEFORE_POSTINSTALL: [&str; 6] =
    ["tools postinstall", "tools versions", "tools shell", "backup list", "backup restore", "log display"];

/// Runs `yunohost` with arguments.
pub fn run(machine: &mut Machine, exec: &Exec, around: Surroundings<'_>) -> Output {
    let words = exec.argv.get(1..).unwrap_or_default();
    if machine.yunohost.is_none() {
        let stderr = format!("sh: 1: {}: not found\n", exec.argv.first().map_or("yunohost", String::as_str));
        return Output { exit: 127, stderr, ..Output::default() };
    }
    if exec.user != "root" {
        let stderr = "\u{1b}[1;31mError:\u{1b}[0m yunohost command must be run as root or with sudo.\n".to_owned();
        return Output { exit: 1, stderr, duration_us: duration::START_US, ..Output::default() };
    }
    let speech = Speech::of(&exec.env);
    let (globals, mut words) = match grammar::globals(words) {
        Ok(found) => found,
        Err(stop) => return stopped(stop, &Globals::default(), speech),
    };
    if globals.version {
        words = vec!["tools".to_owned(), "versions".to_owned()];
    }
    if !machine.files.exists(INSTALLED_PATH) && !BEFORE_POSTINSTALL.contains(&start(&words).as_str()) {
        let stdout = format!("{} {}\n", speech.say("error_prefix", &[]), speech.say("not_installed", &[]));
        return Output { exit: 1, stdout, duration_us: duration::START_US, ..Output::default() };
    }
    match grammar::parse(&words) {
        Ok(parsed) => printer::print(&answer(machine, parsed, &globals, speech, &words, &exec.env, around), &globals),
        Err(stop) => stopped(stop, &globals, speech),
    }
}

fn start(words: &[String]) -> String {
    words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn stopped(stop: Stop, globals: &Globals, speech: Speech) -> Output {
    let mut reply = Reply { duration_us: duration::START_US, ..Reply::default() };
    match stop {
        Stop::Usage { warnings, text } => {
            reply.lines.extend(warnings.into_iter().map(Line::Warning));
            reply.lines.push(Line::Err(text.trim_end().to_owned()));
            reply.exit = 2;
        }
        Stop::Help(text) => reply.lines.push(Line::Out(text.trim_end().to_owned())),
        Stop::NothingAsked => {
            reply.lines.push(Line::Error(speech.say("invalid_usage", &[])));
            reply.exit = 1;
        }
        Stop::NotSimulated(what) => {
            reply.lines.push(Line::Error(format!("not simulated in the lab: {what}")));
            reply.exit = 1;
        }
    }
    printer::print(&reply, globals)
}

/// Checks the arguments, waits for the lock, runs the command.
fn answer(
    machine: &mut Machine,
    mut parsed: grammar::Parsed,
    globals: &Globals,
    speech: Speech,
    words: &[String],
    env: &BTreeMap<String, String>,
    around: Surroundings<'_>,
) -> Reply {
    let mut reply = Reply { duration_us: duration::START_US, ..Reply::default() };
    reply.lines.extend(std::mem::take(&mut parsed.warnings).into_iter().map(Line::Warning));
    if let Some(path) = parsed.missing_file(&machine.files) {
        // Said twice by the real program: once where the file is opened, once where that fails.
        let reason = format!("[Errno 2] No such file or directory: {}", grammar::quoted(path));
        let text = format!("unable to parse arguments '{}' because: {reason}", words.join(" "));
        reply.lines.extend([Line::Error(text.clone()), Line::Error(text)]);
        reply.exit = 1;
        return reply;
    }
    if !parsed.check(&mut reply.lines, speech) {
        reply.exit = 1;
        return reply;
    }
    let mut around = around;
    if parsed.takes_lock() {
        match wait_for_lock(machine, globals, speech, around, &mut reply) {
            Some(waited_us) => {
                around.now = around.now.plus_us(waited_us);
                reply.duration_us += waited_us;
            }
            None => return reply,
        }
    }
    debug(&mut reply, 60, format!("loading python module yunohost.{} took 0.029s", module(parsed.name())));
    debug(&mut reply, 90, format!("processing action 'yunohost.{}'", parsed.name().replace(' ', ".")));
    if parsed.name().starts_with("user ") {
        debug(&mut reply, 110, "initializing root ldap interface".to_owned());
    }
    cli_log::note(&mut machine.files, parsed.name(), &parsed.args, around.now);
    let context = Context {
        machine: &mut *machine,
        around,
        speech,
        lines: Vec::new(),
        duration_us: duration::of(parsed.name()),
        keeps_order: false,
        env,
    };
    let done = dispatch::run(context, parsed.name(), &parsed.args);
    journal::record(machine, parsed.name(), &parsed.args, &done, around);
    reply.duration_us += done.duration_us;
    reply.lines.extend(done.lines);
    debug(&mut reply, done.duration_us / 1000, format!("action executed in {:.3}s", done.duration_us as f64 / 1e6));
    if parsed.takes_lock() {
        lock::release(machine);
        debug(&mut reply, done.duration_us / 1000, "lock has been released".to_owned());
    }
    Reply { value: done.value, exit: done.exit, keeps_order: done.keeps_order, ..reply }
}

/// How long the lock was waited for; `None` when it was not had.
fn wait_for_lock(
    machine: &Machine,
    globals: &Globals,
    speech: Speech,
    around: Surroundings<'_>,
    reply: &mut Reply,
) -> Option<u64> {
    debug(reply, 30, "acquiring lock...".to_owned());
    let holder = machine.yunohost.as_ref().and_then(|yunohost| yunohost.lock_holder);
    let (waited_us, refusal) = match lock::acquire(&machine.files, holder, globals.timeout_s, around.now) {
        Attempt::Taken { waited_us } => (waited_us, None),
        Attempt::Refused { waited_us } => {
            (waited_us, Some(Refusal::error(speech.say("instance_already_running", &[]))))
        }
        Attempt::Never => {
            let words = "not simulated in the lab: waiting for a lock that nothing will free";
            (lock::FOREVER_US, Some(Refusal::error(words)))
        }
        Attempt::Unreadable(text) => {
            let last = format!("ValueError: invalid literal for int() with base 10: {}", grammar::quoted(&text));
            (0, Some(Refusal::crash(last)))
        }
    };
    let said = reply.lines.len();
    lock::notices(waited_us, &mut reply.lines, speech);
    if let Some(refusal) = refusal {
        reply.lines.extend(refusal.lines);
        reply.duration_us += waited_us;
        reply.exit = 1;
        return None;
    }
    if reply.lines.len() > said {
        reply.lines.push(Line::Warning(speech.say("lock_acquired", &[])));
    }
    debug(reply, 35, "lock has been acquired".to_owned());
    Some(waited_us)
}

/// The Python module that a command is in.
fn module(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

fn debug(reply: &mut Reply, after_ms: u64, text: String) {
    reply.lines.push(Line::Debug { after_ms, text });
}
