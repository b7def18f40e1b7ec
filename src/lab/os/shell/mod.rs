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
    let umask = os.umask;
    let node = match parser::parse(script) {
        Ok(node) => node,
        Err(ParseError::NotSimulated(what)) => {
            return Output::fail(2, format!("lab: shell feature not simulated: {what}"));
        }
        Err(ParseError::Syntax(what)) => return Output::fail(2, format!("{name}: 1: Syntax error: {what}")),
    };
    let mut shell = Shell::new(os, exec, name, arguments);
    shell.run_to_end(&node);
    let (exit, talk) = shell.finish();
    os.umask = umask;
    let mut output = Output { exit, duration_us: os.elapsed_us - started_us, ..Output::default() };
    for (descriptor, text) in talk {
        let stream = if descriptor == 2 { &mut output.stderr } else { &mut output.stdout };
        stream.push_str(&text);
    }
    output
}

#[cfg(test)]
mod tests;
