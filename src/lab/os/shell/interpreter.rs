//! Runs what the parser read.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Connector, Node, Redirect, RedirectAction, Simple};
use super::builtins;
use crate::os::paths;
use crate::os::process::{EXIT_KILLED, Os};
use crate::os::{Exec, programs, units};

/// What was written, in order: descriptor (1 or 2) and text.
pub type Talk = Vec<(u8, String)>;

/// The number of every shell, `$$`.
pub const PID: u32 = 4242;

/// The shell ends here, with its current status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

/// What a subshell has of its own.
#[derive(Clone)]
pub struct Own {
    pub vars: BTreeMap<String, String>,
    pub exported: BTreeSet<String>,
    pub positional: Vec<String>,
    pub cwd: String,
    pub errexit: bool,
    pub nounset: bool,
}

/// A running shell.
pub struct Shell<'o, 'a> {
    pub os: &'o mut Os<'a>,
    pub own: Own,
    pub user: String,
    /// `$0`.
    pub name: String,
    /// Whether messages are bash's.
    pub bash: bool,
    /// `$?`.
    pub status: i32,
    /// `$!`.
    pub background_pid: Option<u32>,
    /// The signal that it sent to itself.
    pub killed_by: Option<u8>,
    /// What is left of standard input.
    pub stdin: String,
    /// Line of the command that runs, for messages.
    pub line: usize,
    talk: Talk,
    /// Above zero where a failure is a condition, not an error (`set -e`).
    tolerant: u32,
}

impl<'o, 'a> Shell<'o, 'a> {
    pub fn new(os: &'o mut Os<'a>, exec: &Exec, name: &str, arguments: &[String]) -> Shell<'o, 'a> {
        let vars = programs::environment(os.machine, exec);
        let cwd = vars.get("PWD").cloned().unwrap_or_else(|| "/".to_owned());
        let own = Own {
            exported: vars.keys().cloned().collect(),
            vars,
            positional: arguments.to_vec(),
            cwd,
            errexit: false,
            nounset: false,
        };
        let program = exec.argv.first().map(String::as_str).unwrap_or_default();
        Shell {
            os,
            own,
            user: exec.user.clone(),
            name: name.to_owned(),
            bash: program.ends_with("bash"),
            status: 0,
            background_pid: None,
            killed_by: None,
            stdin: exec.stdin.clone(),
            line: 1,
            talk: Talk::new(),
            tolerant: 0,
        }
    }

    /// Runs the whole script; `exit` and a kill end it earlier.
    pub fn run_to_end(&mut self, node: &Node) {
        // Both ways the status says how it went.
        let _ = self.execute(node);
    }

    /// Exit status and everything that was written.
    pub fn finish(self) -> (i32, Talk) {
        (self.status, self.talk)
    }

    pub fn say(&mut self, descriptor: u8, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.talk.push((descriptor, text));
        }
    }

    /// A message of the shell itself, as dash or bash words its beginning.
    pub fn complain(&mut self, message: impl std::fmt::Display) {
        let line = self.line;
        let text = if self.bash {
            format!("{}: line {line}: {message}\n", self.name)
        } else {
            format!("{}: {line}: {message}\n", self.name)
        };
        self.say(2, text);
    }

    /// Ends the shell, subshells and all, by a signal: nothing of it runs any more.
    pub fn die(&mut self, signal: u8) -> Result<(), Ended> {
        self.killed_by = Some(signal);
        self.os.killed_at_us = Some(self.os.elapsed_us);
        Err(Ended)
    }

    /// Refuses what this shell does not do.
    pub fn refuse(&mut self, what: &str) -> Result<(), Ended> {
        self.say(2, format!("lab: shell feature not simulated: {what}\n"));
        self.status = 2;
        Err(Ended)
    }

    pub fn execute(&mut self, node: &Node) -> Result<(), Ended> {
        match node {
            Node::Simple(simple) => self.simple(simple),
            Node::Pipeline(parts, negated) => self.pipeline(parts, *negated),
            Node::AndOr(first, rest) => self.and_or(first, rest),
            Node::List(entries) => {
                self.status = if entries.is_empty() { 0 } else { self.status };
                for (entry, background) in entries {
                    if *background { self.background(entry)? } else { self.execute(entry)? }
                }
                Ok(())
            }
            Node::If(branches, otherwise) => self.if_command(branches, otherwise.as_deref()),
            Node::While(condition, body, until) => self.while_command(condition, body, *until),
            Node::For(name, words, body) => {
                let values = self.expand_all(words)?;
                self.status = 0;
                for value in values {
                    self.own.vars.insert(name.clone(), value);
                    self.execute(body)?;
                }
                Ok(())
            }
            Node::Group(body) => self.execute(body),
            Node::Subshell(body) => {
                self.in_subshell(|shell| shell.run_to_end(body));
                self.check_errexit()
            }
            Node::Redirected(body, redirects) => self.redirected(redirects, |shell| shell.execute(body)),
        }
    }

    /// Runs something in a copy of the variables; an `exit` ends only the copy.
    pub fn in_subshell(&mut self, work: impl FnOnce(&mut Self)) {
        let own = self.own.clone();
        let umask = self.os.umask;
        work(self);
        self.own = own;
        self.os.umask = umask;
    }

    /// Runs something and takes what it wrote to standard output; the rest stays written.
    pub fn captured(&mut self, work: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::take(&mut self.talk);
        work(self);
        let mut out = String::new();
        for (descriptor, text) in std::mem::replace(&mut self.talk, before) {
            if descriptor == 1 {
                out.push_str(&text);
            } else {
                self.say(descriptor, text);
            }
        }
        out
    }

    fn tolerate<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.tolerant += 1;
        let result = work(self);
        self.tolerant -= 1;
        result
    }

    fn check_errexit(&self) -> Result<(), Ended> {
        let stops = self.own.errexit && self.tolerant == 0 && self.status != 0;
        if stops || self.os.is_killed() { Err(Ended) } else { Ok(()) }
    }

    fn and_or(&mut self, first: &Node, rest: &[(Connector, Node)]) -> Result<(), Ended> {
        let last = rest.len();
        self.tolerate(|shell| shell.execute(first))?;
        for (index, (connector, node)) in rest.iter().enumerate() {
            let wanted = match connector {
                Connector::And => self.status == 0,
                Connector::Or => self.status != 0,
            };
            if !wanted {
                continue;
            }
            if index + 1 == last {
                self.execute(node)?;
            } else {
                self.tolerate(|shell| shell.execute(node))?;
            }
        }
        Ok(())
    }

    fn if_command(&mut self, branches: &[(Node, Node)], otherwise: Option<&Node>) -> Result<(), Ended> {
        for (condition, body) in branches {
            self.tolerate(|shell| shell.execute(condition))?;
            if self.status == 0 {
                return self.execute(body);
            }
        }
        self.status = 0;
        otherwise.map_or(Ok(()), |body| self.execute(body))
    }

    fn while_command(&mut self, condition: &Node, body: &Node, until: bool) -> Result<(), Ended> {
        // A loop that waits for ever would never come back: simulated time has no interrupt key.
        const ROUNDS_MAX: u32 = 100_000;
        let mut status = 0;
        for _ in 0..ROUNDS_MAX {
            self.tolerate(|shell| shell.execute(condition))?;
            if (self.status == 0) == until {
                self.status = status;
                return Ok(());
            }
            self.execute(body)?;
            status = self.status;
        }
        self.refuse("loops without end")
    }

    fn pipeline(&mut self, parts: &[Node], negated: bool) -> Result<(), Ended> {
        let outer_stdin = std::mem::take(&mut self.stdin);
        let mut input = outer_stdin.clone();
        for (index, part) in parts.iter().enumerate() {
            self.stdin = std::mem::take(&mut input);
            let is_last = index + 1 == parts.len();
            let run = |shell: &mut Self| {
                shell.in_subshell(|shell| {
                    if negated { shell.tolerate(|shell| shell.run_to_end(part)) } else { shell.run_to_end(part) }
                });
            };
            if is_last {
                run(self);
            } else {
                input = self.captured(run);
            }
            if index == 0 && parts.len() == 1 {
                input = std::mem::take(&mut self.stdin);
            }
        }
        self.stdin = if parts.len() == 1 { input } else { String::new() };
        if negated {
            self.status = i32::from(self.status == 0);
            return if self.os.is_killed() { Err(Ended) } else { Ok(()) };
        }
        self.check_errexit()
    }

    fn background(&mut self, node: &Node) -> Result<(), Ended> {
        let Node::Simple(simple) = node else { return self.refuse("& after anything but sleep") };
        let argv = self.expand_all(&simple.words)?;
        let [program, seconds] = argv.as_slice() else { return self.refuse("& after anything but sleep") };
        let Some(duration_us) = programs::sleep_us(seconds).filter(|_| program == "sleep") else {
            return self.refuse("& after anything but sleep");
        };
        let now = self.os.now();
        let pid = units::sleep_in_background(self.os.machine, now, now.plus_us(duration_us));
        self.background_pid = Some(pid);
        self.status = 0;
        Ok(())
    }

    fn simple(&mut self, simple: &Simple) -> Result<(), Ended> {
        if self.os.is_killed() {
            self.status = EXIT_KILLED;
            return Err(Ended);
        }
        self.line = simple.line;
        let status_before = std::mem::take(&mut self.status);
        let argv = self.expand_with_status(&simple.words, status_before)?;
        let mut assignments = Vec::new();
        for (name, word) in &simple.assignments {
            assignments.push((name.clone(), self.expand_joined(word)?));
        }
        if argv.is_empty() {
            self.own.vars.extend(assignments);
            self.redirected(&simple.redirects, |_| Ok(()))?;
            return self.check_errexit();
        }
        // What a substitution left as status is not that of the command.
        self.status = 0;
        self.redirected(&simple.redirects, |shell| shell.command(&argv, &assignments))?;
        self.check_errexit()
    }

    fn command(&mut self, argv: &[String], assignments: &[(String, String)]) -> Result<(), Ended> {
        if let Some(result) = builtins::run(self, argv, assignments) {
            return result;
        }
        self.external(argv, assignments)
    }

    /// Runs a program as a child.
    pub fn external(&mut self, argv: &[String], assignments: &[(String, String)]) -> Result<(), Ended> {
        let mut env: BTreeMap<String, String> = self
            .own
            .exported
            .iter()
            .filter_map(|name| Some((name.clone(), self.own.vars.get(name)?.clone())))
            .collect();
        env.extend(assignments.iter().cloned());
        env.insert("PWD".to_owned(), self.own.cwd.clone());
        let exec = Exec { user: self.user.clone(), argv: argv.to_vec(), env, stdin: std::mem::take(&mut self.stdin) };
        let used_before = std::mem::take(&mut self.os.stdin_used);
        let output = self.os.run(&exec);
        if !self.os.stdin_used {
            self.stdin = exec.stdin;
            self.os.stdin_used = used_before;
        }
        self.status = output.exit;
        if output.exit == 127 && output.stderr == programs::NOT_FOUND {
            let name = &argv[0];
            let reason = match (name.contains('/'), self.bash) {
                (true, true) => "No such file or directory",
                (false, true) => "command not found",
                (_, false) => "not found",
            };
            self.complain(format!("{name}: {reason}"));
            return Ok(());
        }
        // A program writes its messages at once and its standard output, when that is no terminal, at the end.
        self.say(2, output.stderr);
        self.say(1, output.stdout);
        Ok(())
    }

    /// Runs something with its streams redirected.
    fn redirected(
        &mut self,
        redirects: &[Redirect],
        work: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        if redirects.is_empty() {
            return work(self);
        }
        let mut targets = [Target::Inherit(0), Target::Inherit(1), Target::Inherit(2)];
        let mut input = None;
        for redirect in redirects {
            let slot = usize::from(redirect.descriptor);
            match &redirect.action {
                RedirectAction::Duplicate(other) => targets[slot] = targets[usize::from(*other)].clone(),
                RedirectAction::Read(word) => {
                    let path = self.redirect_path(word)?;
                    match paths::read(self.os.machine, &self.user, &path) {
                        Ok(text) => input = Some(text),
                        Err(error) => return self.cannot_redirect("open", &path, error),
                    }
                }
                RedirectAction::Write(word) | RedirectAction::Append(word) => {
                    let path = self.redirect_path(word)?;
                    let appends = matches!(redirect.action, RedirectAction::Append(_));
                    match path.as_str() {
                        "/dev/stdout" => targets[slot] = targets[1].clone(),
                        "/dev/stderr" => targets[slot] = targets[2].clone(),
                        _ => {
                            let kept = if appends { self.os.machine.files.read(&path) } else { None };
                            let kept = kept.unwrap_or_default().to_owned();
                            let umask = self.os.umask;
                            if let Err(error) = paths::write(self.os.machine, &self.user, &path, &kept, umask) {
                                return self.cannot_redirect("create", &path, error);
                            }
                            targets[slot] = Target::File(path);
                        }
                    }
                }
            }
        }
        let outer_stdin = input.map(|text| std::mem::replace(&mut self.stdin, text));
        let before = std::mem::take(&mut self.talk);
        let result = work(self);
        for (descriptor, text) in std::mem::replace(&mut self.talk, before) {
            match &targets[usize::from(descriptor)] {
                Target::Inherit(descriptor) => self.say(*descriptor, text),
                Target::File(path) if path == "/dev/null" => {}
                Target::File(path) => self.os.machine.files.append(path, &text),
            }
        }
        if let Some(outer) = outer_stdin {
            self.stdin = outer;
        }
        result
    }

    fn redirect_path(&mut self, word: &super::ast::Word) -> Result<String, Ended> {
        let path = self.expand_joined(word)?;
        Ok(paths::absolute(&self.own.cwd, &path))
    }

    fn cannot_redirect(&mut self, verb: &str, path: &str, error: paths::Errno) -> Result<(), Ended> {
        match (self.bash, error) {
            (true, _) => self.complain(format!("{path}: {error}")),
            (false, paths::Errno::Missing) if verb == "create" => {
                self.complain(format!("cannot create {path}: Directory nonexistent"));
            }
            (false, paths::Errno::Missing) => self.complain(format!("cannot open {path}: No such file")),
            (false, _) => self.complain(format!("cannot {verb} {path}: {error}")),
        }
        self.status = if self.bash { 1 } else { 2 };
        self.check_errexit()
    }
}

#[derive(Clone)]
enum Target {
    Inherit(u8),
    File(String),
}
