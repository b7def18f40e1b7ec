//! Programs that run another one: shells, `sudo`, `runuser`, `su`, `env`, `timeout`.

use super::options::{Known, Options};
use super::printing;
use super::text::options;
use crate::os::process::{EXIT_KILLED, Os};
use crate::os::{Exec, Output, accounts, directory, paths};

/// `sh [-eu] [-c LINE [NAME ARGUMENTS] | FILE ARGUMENTS | -s ARGUMENTS]`, and the same for `bash`.
pub fn shell(os: &mut Os<'_>, exec: &Exec) -> Output {
    let mut preamble = String::new();
    let mut rest = &exec.argv[1..];
    let (mut line, mut from_stdin) = (false, false);
    while let Some(flag) = rest.first().filter(|flag| flag.starts_with('-') && flag.len() > 1) {
        rest = &rest[1..];
        if flag == "--" {
            break;
        }
        for letter in flag[1..].chars() {
            match letter {
                'c' => line = true,
                's' => from_stdin = true,
                // A login shell reads profiles that say nothing here.
                'l' => {}
                'e' | 'u' => preamble.push(letter),
                _ => return Output::fail(2, format!("lab: shell feature not simulated: option {flag}")),
            }
        }
    }
    // `bash -s -- -a`: what comes after the dashes belongs to the script.
    if from_stdin && rest.first().is_some_and(|one| one == "--") {
        rest = &rest[1..];
    }
    let shell_name = super::name(exec).to_owned();
    let (script, name, arguments): (String, String, &[String]) = if line {
        let Some(script) = rest.first() else {
            return Output::fail(2, format!("{shell_name}: -c: option requires an argument"));
        };
        let name = rest.get(1).cloned().unwrap_or_else(|| shell_name.clone());
        os.stdin_used = true;
        (script.clone(), name, rest.get(2..).unwrap_or_default())
    } else if from_stdin || rest.is_empty() {
        (os.input(exec).to_owned(), shell_name.clone(), rest)
    } else {
        let file = &rest[0];
        os.stdin_used = true;
        match paths::read(os.machine, &exec.user, &super::path(exec, file)) {
            Ok(script) => (script, file.clone(), &rest[1..]),
            Err(error) if shell_name == "bash" => return Output::fail(127, format!("bash: {file}: {error}")),
            Err(_) => return Output::fail(2, format!("{shell_name}: 0: cannot open {file}: No such file")),
        }
    };
    let script = if preamble.is_empty() { script } else { format!("set -{preamble}; {script}") };
    let inner = if line || !from_stdin && !rest.is_empty() {
        exec.clone()
    } else {
        Exec { stdin: String::new(), ..exec.clone() }
    };
    os.run_script(&inner, &script, &name, arguments)
}

/// Runs a command as another account, in its own environment.
fn run_as(os: &mut Os<'_>, exec: &Exec, user: &str, argv: &[String], keep: &[&str]) -> Output {
    let env = exec.env.iter().filter(|(name, _)| keep.contains(&name.as_str()));
    let inner = Exec {
        user: user.to_owned(),
        argv: argv.to_vec(),
        env: env.map(|(name, value)| (name.clone(), value.clone())).collect(),
        stdin: exec.stdin.clone(),
    };
    let mut output = os.run(&inner);
    output.duration_us = 0;
    output
}

/// `sudo [-n] [-u USER] [-H] [-i] [NAME=VALUE…] COMMAND`
pub fn sudo(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "sudo",
        flags: &["n,non-interactive", "H,set-home", "S,stdin", "E,preserve-env", "l,list", "v,validate", "k"],
        values: &["u,user"],
        anywhere: false,
    };
    let options = options!(known, &exec.argv[1..]);
    let target = options.value("u").unwrap_or("root").to_owned();
    let mut env = exec.env.clone();
    let mut argv = options.operands.as_slice();
    while let Some((name, value)) = argv.first().and_then(|word| word.split_once('=')) {
        env.insert(name.to_owned(), value.to_owned());
        argv = &argv[1..];
    }
    match may_sudo(os, &exec.user) {
        Sudo::Free => {}
        Sudo::AsksPassword if options.has("n") => return Output::fail(1, "sudo: a password is required"),
        Sudo::AsksPassword => {
            return Output::fail(
                1,
                "sudo: a terminal is required to read the password; either use the -S option to read from standard \
                 input or configure an askpass helper\nsudo: a password is required",
            );
        }
        Sudo::No if options.has("n") => return Output::fail(1, "sudo: a password is required"),
        Sudo::No => return Output::fail(1, format!("{} is not in the sudoers file.", exec.user)),
    }
    if options.has("S") || options.has("l") {
        return Output::fail(2, "lab: sudo: options -S and -l are not simulated");
    }
    if accounts::find(os.machine, &target).is_none() {
        return Output::fail(
            1,
            format!("sudo: unknown user {target}\nsudo: error initializing audit plugin sudoers_audit"),
        );
    }
    if argv.is_empty() {
        return if options.has("v") || options.has("k") { Output::default() } else { Output::fail(1, USAGE) };
    }
    let program = &argv[0];
    if !program.contains('/') && super::path_of(os.machine, program).is_none() && !program.starts_with("lab-") {
        return Output::fail(1, format!("sudo: {program}: command not found"));
    }
    let own = Exec { env, ..exec.clone() };
    // sudo resets the environment but for a few names and what was set on its own line.
    let set: Vec<&str> =
        options.operands.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name).collect();
    let keep: Vec<&str> = if options.has("E") {
        own.env
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "HOME" && *name != "USER" && *name != "LOGNAME")
            .collect()
    } else {
        ["PWD", "TERM", "LANG", "LC_ALL"].into_iter().chain(set).collect()
    };
    run_as(os, &own, &target, argv, &keep)
}

const USAGE: &str = "usage: sudo -h | -K | -k | -V\nusage: sudo [-ABbEHnPS] [-u user] [VAR=value] [command]";

enum Sudo {
    Free,
    AsksPassword,
    No,
}

/// Debian's cloud user needs no password; YunoHost's administrators do until `passwordless_sudo` is on.
fn may_sudo(os: &Os<'_>, user: &str) -> Sudo {
    if user == "root" || os.machine.accounts.get(user).is_some_and(|account| account.sudo_without_password) {
        return Sudo::Free;
    }
    if accounts::is_member(os.machine, user, "admins") {
        return if directory::passwordless_sudo(os.machine) { Sudo::Free } else { Sudo::AsksPassword };
    }
    if accounts::is_member(os.machine, user, "sudo") { Sudo::AsksPassword } else { Sudo::No }
}

/// `runuser -u USER [--] COMMAND`
pub fn runuser(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "runuser", flags: &[], values: &["u,user"], anywhere: false };
    let options = options!(known, &exec.argv[1..]);
    if exec.user != "root" {
        return Output::fail(1, "runuser: may not be used by non-root users");
    }
    let Some(user) = options.value("u") else { return Output::fail(2, "lab: runuser without -u is not simulated") };
    if accounts::find(os.machine, user).is_none() {
        return Output::fail(
            1,
            format!("runuser: user {user} does not exist or the user entry does not contain all the required fields"),
        );
    }
    if options.operands.is_empty() {
        return Output::fail(1, "runuser: no command was specified");
    }
    let names: Vec<&str> = exec.env.keys().map(String::as_str).collect();
    run_as(os, exec, user, &options.operands, &names)
}

/// `su [-] [-s SHELL] [-c LINE] USER`
pub fn su(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "su", flags: &["l,login"], values: &["s,shell", "c,command"], anywhere: true };
    let arguments: Vec<String> = exec.argv[1..].iter().filter(|argument| *argument != "-").cloned().collect();
    let options = options!(known, &arguments);
    let user = options.operands.first().map(String::as_str).unwrap_or("root").to_owned();
    if exec.user != "root" {
        return Output::fail(1, "Password: su: Authentication failure");
    }
    let Some(account) = accounts::find(os.machine, &user) else {
        return Output::fail(
            1,
            format!("su: user {user} does not exist or the user entry does not contain all the required fields"),
        );
    };
    let Some(line) = options.value("c") else { return Output::fail(2, "lab: su without -c is not simulated") };
    let shell = options.value("s").unwrap_or(&account.shell).to_owned();
    if shell.ends_with("nologin") {
        return Output {
            exit: 1,
            stdout: "This account is currently not available.\n".to_owned(),
            ..Output::default()
        };
    }
    run_as(os, exec, &user, &[shell, "-c".to_owned(), line.to_owned()], &["PWD", "LC_ALL", "LANG"])
}

/// `env [-i] [-u NAME] [NAME=VALUE…] [COMMAND]`
pub fn env(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "env", flags: &["i,ignore-environment"], values: &["u,unset"], anywhere: false };
    let options: Options = options!(known, &exec.argv[1..]);
    let mut inner = exec.clone();
    if options.has("i") {
        inner.env.retain(|name, _| name == "PWD");
    }
    for name in options.all("u") {
        inner.env.remove(name);
    }
    let mut argv = options.operands.as_slice();
    while let Some((name, value)) = argv.first().and_then(|word| word.split_once('=')) {
        inner.env.insert(name.to_owned(), value.to_owned());
        argv = &argv[1..];
    }
    if argv.is_empty() {
        let all = super::environment(os.machine, &inner);
        return Output::out(all.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>());
    }
    inner.argv = argv.to_vec();
    let mut output = os.run(&inner);
    if output.exit == 127 && output.stderr == super::NOT_FOUND {
        output.stderr = format!("env: ‘{}’: No such file or directory\n", inner.argv[0]);
    }
    output.duration_us = 0;
    output
}

/// `timeout [-k D] [-s SIGNAL] DURATION COMMAND`: a command that takes longer is killed half-way.
pub fn timeout(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "timeout",
        flags: &["preserve-status", "foreground"],
        values: &["k,kill-after", "s,signal"],
        anywhere: false,
    };
    let options = options!(known, &exec.argv[1..]);
    let Some((duration, argv)) = options.operands.split_first().filter(|(_, argv)| !argv.is_empty()) else {
        return Output::fail(125, "timeout: missing operand");
    };
    let Some(limit_us) = printing::duration_us(duration) else {
        return Output::fail(125, format!("timeout: invalid time interval ‘{duration}’"));
    };
    let outer = os.killed_at_us;
    let own = os.elapsed_us + limit_us;
    os.killed_at_us = Some(outer.map_or(own, |outer| outer.min(own)));
    let mut output = os.run(&Exec { argv: argv.to_vec(), ..exec.clone() });
    let timed_out = os.is_killed() && os.elapsed_us == own && output.exit == EXIT_KILLED;
    os.killed_at_us = outer;
    if timed_out {
        (output.exit, output.signal) = (124, None);
    }
    output.duration_us = 0;
    output
}
