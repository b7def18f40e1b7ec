//! Commands that change the shell itself.

use super::interpreter::{Ended, PID, Shell};
use super::words::is_name;
use crate::os::paths::{self, Want};
use crate::os::programs;

/// Builtins that exist in real shells but not here.
const NOT_SIMULATED: [&str; 17] = [
    ".", "alias", "bg", "break", "continue", "declare", "eval", "fg", "getopts", "jobs", "local", "mapfile", "return",
    "shopt", "source", "typeset", "wait",
];

type Done = Result<(), Ended>;

/// Builtins whose assignments (`NAME=value exec …`) stay afterwards.
const KEEPS_ASSIGNMENTS: [&str; 7] = [":", "exec", "exit", "export", "set", "shift", "unset"];

/// Runs a builtin; `None` when the command is none.
pub fn run(shell: &mut Shell<'_, '_>, argv: &[String], assignments: &[(String, String)]) -> Option<Done> {
    let builtin: fn(&mut Shell<'_, '_>, &[String]) -> Done = match argv[0].as_str() {
        ":" => |_, _| Ok(()),
        "cd" => change_folder,
        "pwd" => pwd,
        "exit" => exit,
        "export" => export,
        "unset" => unset,
        "set" => set,
        "shift" => shift,
        "umask" => umask,
        "read" => read,
        "command" => command,
        "exec" => exec,
        "trap" => trap,
        "kill" => kill,
        name if NOT_SIMULATED.contains(&name) => return Some(shell.refuse(name)),
        _ => return None,
    };
    let before = shell.own.vars.clone();
    shell.own.vars.extend(assignments.iter().cloned());
    let done = builtin(shell, &argv[1..]);
    if !KEEPS_ASSIGNMENTS.contains(&argv[0].as_str()) {
        for (name, _) in assignments {
            match before.get(name) {
                Some(value) => shell.own.vars.insert(name.clone(), value.clone()),
                None => shell.own.vars.remove(name),
            };
        }
    }
    Some(done)
}

fn pwd(shell: &mut Shell<'_, '_>, _arguments: &[String]) -> Done {
    let line = format!("{}\n", shell.own.cwd);
    shell.say(1, line);
    Ok(())
}

fn unset(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    for name in arguments {
        shell.own.vars.remove(name);
        shell.own.exported.remove(name);
    }
    Ok(())
}

fn trap(shell: &mut Shell<'_, '_>, _arguments: &[String]) -> Done {
    shell.say(2, "lab: shell feature not simulated: trap (ignored)\n");
    Ok(())
}

fn change_folder(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    let home = shell.own.vars.get("HOME").cloned().unwrap_or_else(|| "/".to_owned());
    let wanted = arguments.first().cloned().unwrap_or(home);
    let path = paths::absolute(&shell.own.cwd, &wanted);
    let reason = match shell.os.machine.files.entry(&path) {
        Some(entry) if entry.content.is_some() => Some(paths::Errno::NotFolder),
        _ => paths::check(shell.os.machine, &shell.user, &path, Want::Execute).err(),
    };
    match reason {
        None => shell.own.cwd = path,
        Some(reason) => {
            let message =
                if shell.bash { format!("cd: {wanted}: {reason}") } else { format!("cd: can't cd to {wanted}") };
            shell.complain(message);
            shell.status = if shell.bash { 1 } else { 2 };
        }
    }
    Ok(())
}

fn exit(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    if let Some(status) = arguments.first() {
        match status.parse::<i32>() {
            Ok(status) => shell.status = status & 0xff,
            Err(_) => {
                shell.complain(format!("exit: Illegal number: {status}"));
                shell.status = 2;
            }
        }
    }
    Err(Ended)
}

fn export(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        if !is_name(name) {
            return shell.refuse("options of export");
        }
        if let Some(value) = value {
            shell.own.vars.insert(name.to_owned(), value.to_owned());
        }
        shell.own.exported.insert(name.to_owned());
    }
    Ok(())
}

fn set(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--" => {
                shell.own.positional = rest.cloned().collect();
                return Ok(());
            }
            "-o" | "+o" => match rest.next().map(String::as_str) {
                Some("errexit") => shell.own.errexit = argument == "-o",
                Some("nounset") => shell.own.nounset = argument == "-o",
                other => return shell.refuse(&format!("set -o {}", other.unwrap_or_default())),
            },
            flags if flags.starts_with(['-', '+']) && flags.len() > 1 => {
                let on = flags.starts_with('-');
                for flag in flags[1..].chars() {
                    match flag {
                        'e' => shell.own.errexit = on,
                        'u' => shell.own.nounset = on,
                        other => return shell.refuse(&format!("set -{other}")),
                    }
                }
            }
            _ => {
                shell.own.positional = std::iter::once(argument.clone()).chain(rest.cloned()).collect();
                return Ok(());
            }
        }
    }
    Ok(())
}

fn shift(shell: &mut Shell<'_, '_>, _arguments: &[String]) -> Done {
    if shell.own.positional.is_empty() {
        shell.complain("shift: can't shift that many");
        shell.status = 2;
    } else {
        shell.own.positional.remove(0);
    }
    Ok(())
}

fn umask(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    match arguments.first() {
        None => {
            let line = format!("{:04o}\n", shell.os.umask);
            shell.say(1, line);
            Ok(())
        }
        Some(mask) => match u32::from_str_radix(mask, 8) {
            Ok(mask) => {
                shell.os.umask = mask & 0o777;
                Ok(())
            }
            Err(_) => shell.refuse("symbolic umask"),
        },
    }
}

/// `read -r NAME…`: the last name takes the rest of the line.
fn read(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    let names: Vec<&String> = match arguments.split_first() {
        Some((first, names)) if first == "-r" => names.iter().collect(),
        _ => return shell.refuse("read without -r"),
    };
    if let Some(bad) = names.iter().find(|name| !is_name(name)) {
        return shell.refuse(&format!("read -r {bad}"));
    }
    let (line, rest, whole) = match shell.stdin.split_once('\n') {
        Some((line, rest)) => (line.to_owned(), rest.to_owned(), true),
        None => (std::mem::take(&mut shell.stdin), String::new(), false),
    };
    shell.stdin = rest;
    shell.os.stdin_used = true;
    let mut left = line.as_str();
    // `IFS= read -r` is the usual way to keep blanks.
    let splits = shell.own.vars.get("IFS").is_none_or(|value| !value.is_empty());
    for (index, name) in names.iter().enumerate() {
        let is_last = index + 1 == names.len();
        let value = if !splits {
            std::mem::take(&mut left)
        } else if is_last {
            left.trim_matches([' ', '\t'])
        } else {
            let trimmed = left.trim_start_matches([' ', '\t']);
            let (value, rest) = trimmed.split_once([' ', '\t']).unwrap_or((trimmed, ""));
            left = rest;
            value
        };
        shell.own.vars.insert((*name).clone(), value.to_owned());
    }
    shell.status = i32::from(!whole);
    Ok(())
}

fn command(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    match arguments {
        [flag, name] if flag == "-v" => {
            match programs::path_of(shell.os.machine, name) {
                Some(path) => shell.say(1, format!("{path}\n")),
                None => shell.status = if shell.bash { 1 } else { 127 },
            }
            Ok(())
        }
        _ => shell.refuse("command without -v"),
    }
}

fn exec(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    if arguments.is_empty() {
        return shell.refuse("exec without a command");
    }
    shell.external(arguments, &[])?;
    Err(Ended)
}

/// `kill [-SIGNAL | -s SIGNAL] $$`: a shell that ends itself; every other process is the program's affair.
fn kill(shell: &mut Shell<'_, '_>, arguments: &[String]) -> Done {
    if !arguments.contains(&PID.to_string()) {
        let argv: Vec<String> = std::iter::once("kill".to_owned()).chain(arguments.iter().cloned()).collect();
        return shell.external(&argv, &[]);
    }
    match signal_number(arguments) {
        Some(0) => Ok(()),
        Some(signal) => shell.die(signal),
        None => shell.refuse(&format!("kill {}", arguments.join(" "))),
    }
}

/// The number of the signal that `kill` is told, `TERM` when it is told none.
fn signal_number(arguments: &[String]) -> Option<u8> {
    let name = match arguments {
        [flag, name, ..] if flag == "-s" => name.as_str(),
        [flag, ..] => flag.strip_prefix('-').unwrap_or("TERM"),
        [] => "TERM",
    };
    match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => Some(1),
        "INT" => Some(2),
        "QUIT" => Some(3),
        "KILL" => Some(9),
        "TERM" => Some(15),
        number => number.parse().ok().filter(|number| *number <= 64),
    }
}
