//! Running programs: who runs, on which machine, how long so far, and when it is cut short.

use serde_json::Value;

use super::programs;
use super::shell as interpreter;
use super::{Exec, Machine, Output};
use crate::world::{Moment, Surroundings};

/// Who logged in over SSH.
#[derive(Debug, Clone)]
pub struct Login {
    /// Account name.
    pub user: String,
}

/// Proxmox's API as `pvesh` on a node calls it, as `root@pam` (a ticket, not a token): verb (`get`, `create`, `set`,
/// `delete`, `ls`), path and parameters; an error is the one-line reason.
pub type Pvesh<'a> = dyn FnMut(&str, &str, &[(String, String)]) -> Result<Value, String> + 'a;

/// A machine with what is around it that it cannot see itself.
pub struct Host<'a> {
    /// The machine.
    pub machine: &'a mut Machine,
    /// The node's own API; `None` on a guest.
    pub pvesh: Option<&'a mut Pvesh<'a>>,
}

/// What sshd does with an exec request: `$SHELL -c LINE` as this account.
pub fn shell(
    machine: &mut Machine,
    login: &Login,
    command_line: &str,
    stdin: &str,
    around: Surroundings<'_>,
) -> Output {
    shell_on(Host { machine, pvesh: None }, login, command_line, stdin, around)
}

/// As [`shell`], on a node with its API at hand.
pub fn shell_on(host: Host<'_>, login: &Login, command_line: &str, stdin: &str, around: Surroundings<'_>) -> Output {
    let Some(account) = super::accounts::find(host.machine, &login.user) else {
        return Output::fail(255, format!("lab: no account {}", login.user));
    };
    if account.shell.ends_with("/nologin") || account.shell.ends_with("/false") {
        return Output {
            exit: 1,
            stdout: "This account is currently not available.\n".to_owned(),
            ..Output::default()
        };
    }
    let exec = Exec {
        user: login.user.clone(),
        argv: vec![account.shell, "-c".to_owned(), command_line.to_owned()],
        env: std::collections::BTreeMap::from([("PWD".to_owned(), account.home)]),
        stdin: stdin.to_owned(),
    };
    run_on(host, &exec, around)
}

/// `execve` of an argument vector, as the guest agent's `exec` does.
pub fn run(machine: &mut Machine, exec: &Exec, around: Surroundings<'_>) -> Output {
    run_on(Host { machine, pvesh: None }, exec, around)
}

/// As [`run`], on a node with its API at hand.
pub fn run_on(host: Host<'_>, exec: &Exec, around: Surroundings<'_>) -> Output {
    let Host { machine, pvesh } = host;
    super::advance(machine, around);
    let mut os = Os::new(machine, around);
    // A reborrow, so that the closure's lifetime shrinks to this call's.
    os.pvesh = match pvesh {
        Some(api) => Some(&mut *api),
        None => None,
    };
    os.run(exec)
}

/// The running system as a program sees it.
pub struct Os<'a> {
    /// The machine.
    pub machine: &'a mut Machine,
    /// The world around at the beginning.
    pub around: Surroundings<'a>,
    /// The node's API.
    pub pvesh: Option<&'a mut Pvesh<'a>>,
    /// Time since the beginning.
    pub elapsed_us: u64,
    /// When everything is killed, counted like `elapsed_us`.
    pub killed_at_us: Option<u64>,
    /// Whether the current program read its standard input.
    pub stdin_used: bool,
    /// Whether a program took YunoHost's lock since the beginning.
    pub uses_yunohost: bool,
    /// File mode mask of the current process.
    pub umask: u32,
    depth: u32,
}

/// Programs inside programs (scripts that run scripts): a bound against loops.
const DEPTH_MAX: u32 = 24;

/// The number of the signal `KILL`.
const KILL: u8 = 9;

/// What a shell reports of a program that `KILL` ended.
pub const EXIT_KILLED: i32 = 137;

impl<'a> Os<'a> {
    /// A system that starts now.
    pub fn new(machine: &'a mut Machine, around: Surroundings<'a>) -> Os<'a> {
        Os {
            machine,
            around,
            pvesh: None,
            elapsed_us: 0,
            killed_at_us: None,
            stdin_used: false,
            uses_yunohost: false,
            umask: 0o022,
            depth: 0,
        }
    }

    /// The present instant: the beginning and what has passed since.
    pub fn now(&self) -> Moment {
        self.around.now.plus_us(self.elapsed_us)
    }

    /// The surroundings at the present instant, for programs of other rooms.
    pub fn around_now(&self) -> Surroundings<'a> {
        Surroundings { now: self.now(), ..self.around }
    }

    /// Whether the moment of being killed has come.
    pub fn is_killed(&self) -> bool {
        self.killed_at_us.is_some_and(|at| self.elapsed_us >= at)
    }

    /// A program's standard input; the shell then knows that it is consumed.
    pub fn input<'e>(&mut self, exec: &'e Exec) -> &'e str {
        self.stdin_used = true;
        &exec.stdin
    }

    /// Runs one program to its end, or to the moment when it is killed: then what it did is undone but for what an
    /// interrupted run of it leaves behind. Its time has passed afterwards ([`Os::elapsed_us`]).
    pub fn run(&mut self, exec: &Exec) -> Output {
        if self.depth >= DEPTH_MAX {
            return Output::fail(126, "lab: programs nested too deep");
        }
        let started_us = self.elapsed_us;
        let before = self.killed_at_us.map(|_| self.machine.clone());
        self.depth += 1;
        let mut output = programs::start(self, exec);
        self.depth -= 1;
        // Wrappers (shells, sudo) already moved the clock while their children ran: their own duration counts on top.
        self.elapsed_us = self.elapsed_us.max(started_us + output.duration_us);
        output.duration_us = self.elapsed_us - started_us;
        if let (Some(before), Some(at)) = (before, self.killed_at_us)
            && self.elapsed_us > at
        {
            if !programs::is_wrapper(exec) {
                // That it was started is no part of what is undone.
                let ran = std::mem::take(&mut self.machine.yunohost_runs);
                *self.machine = before;
                self.machine.yunohost_runs = ran;
                programs::interrupted(self, exec);
            }
            self.elapsed_us = at;
            output = Output {
                exit: EXIT_KILLED,
                signal: Some(KILL),
                duration_us: at.saturating_sub(started_us),
                ..Output::default()
            };
        }
        output
    }

    /// Runs a script text with the shell, as `sh FILE ARGUMENTS` does.
    pub fn run_script(&mut self, exec: &Exec, script: &str, name: &str, arguments: &[String]) -> Output {
        interpreter::run(self, exec, script, name, arguments)
    }
}
