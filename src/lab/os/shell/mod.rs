//! A small POSIX shell: what dash and bash do with the scripts that technicians send.
//!
//! Simulated: quoting, variables, `$(…)`, pipelines, redirections to files and between 1 and 2, `;` `&&` `||` `!`, `if`,
//! `while`, `until`, `for`, groups, subshells, `set -eu`, file name patterns, `sleep … &`. Everything else is refused
//! with exit 2 and `lab: shell feature not simulated: …`.

pub mod ast;
mod builtins;
mod expand;
mod interpreter;
mod parser;
mod words;

use interpreter::Shell;
use parser::ParseError;

use super::process::Os;
use super::{Exec, Output};

/// Runs a script as a new shell process: `name` is `$0`, the user, environment and standard input are those of `exec`.
pub fn run(os: &mut Os<'_>, exec: &Exec, script: &str, name: &str, arguments: &[String]) -> Output {
    let started_us = os.elapsed_us;
    let (umask, killed_at_us) = (os.umask, os.killed_at_us);
    let node = match parser::parse(script) {
        Ok(node) => node,
        Err(ParseError::NotSimulated(what)) => {
            return Output::fail(2, format!("lab: shell feature not simulated: {what}"));
        }
        Err(ParseError::Syntax(what)) => return Output::fail(2, format!("{name}: 1: Syntax error: {what}")),
    };
    let mut shell = Shell::new(os, exec, name, arguments);
    shell.run_to_end(&node);
    let signal = shell.killed_by;
    let (status, talk) = shell.finish();
    // Its end by its own hand is not that of whoever started it.
    (os.umask, os.killed_at_us) = (umask, killed_at_us);
    let exit = signal.map_or(status, |signal| 128 + i32::from(signal));
    let mut output = Output { exit, signal, duration_us: os.elapsed_us - started_us, ..Output::default() };
    for (descriptor, text) in talk {
        let stream = if descriptor == 2 { &mut output.stderr } else { &mut output.stdout };
        stream.push_str(&text);
    }
    output
}

#[cfg(test)]
mod tests;
