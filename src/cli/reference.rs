//! `docs/commands.md`, printed from the same definitions that read the command line.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::arguments;

const HEAD: &str = "\
# The commands

Generated from the program's own definitions: `UPDATE_DOCS=1 cargo nextest run -E 'test(commands_reference)'` writes this
file again. `accolades COMMAND --help` says the same on the terminal; `accolades man --out DIR` writes manual pages and
`accolades completions SHELL` the shell's completions.

Data goes to standard output, everything else to standard error. [Exit codes](exit-codes.md) are a promise to scripts.
";

/// The reference as Markdown.
pub fn reference() -> String {
    let mut command = arguments::command();
    command.build();
    let mut out = HEAD.to_owned();
    let globals: Vec<&Arg> = command.get_arguments().filter(|one| one.is_global_set()).collect();
    out.push_str("\n## Options of every command\n\n");
    list(&globals, &mut out);
    for inner in command.get_subcommands() {
        describe(inner, &mut out);
    }
    out
}

fn describe(command: &Command, out: &mut String) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    if !command.has_subcommands() {
        section(command, out);
        return;
    }
    // Some commands do something themselves, too.
    if command.is_args_conflicts_with_subcommands_set() {
        section(command, out);
    }
    command.get_subcommands().for_each(|inner| describe(inner, out));
}

fn section(command: &Command, out: &mut String) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    // Every command takes the options of all, so what stands before them is its name.
    let name = usage.split(" [OPTIONS]").next().unwrap_or(usage);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(out, "\n## `{name}`\n\n{}.\n\n```\n{usage}\n```\n", about.trim_end_matches('.'));
    let own: Vec<&Arg> = command.get_arguments().filter(|one| !one.is_global_set() && one.get_id() != "help").collect();
    if !own.is_empty() {
        out.push('\n');
        list(&own, out);
    }
}

fn list(arguments: &[&Arg], out: &mut String) {
    for argument in arguments.iter().filter(|one| !one.is_hide_set()) {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let name = argument.to_string();
        let mut notes = Vec::new();
        let words: Vec<String> =
            argument.get_possible_values().iter().map(|word| format!("`{}`", word.get_name())).collect();
        if argument.get_action().takes_values() && !words.is_empty() {
            notes.push(format!("one of {}", words.join(", ")));
        }
        if argument.get_action().takes_values()
            && let [default] = argument.get_default_values()
        {
            notes.push(format!("`{}` when absent", default.to_string_lossy()));
        }
        if let Some(variable) = argument.get_env().filter(|_| !argument.is_hide_env_set()) {
            notes.push(format!("also from `{}`", variable.to_string_lossy()));
        }
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        let _ = writeln!(out, "- `{}`: {}{notes}", name.trim(), help.trim_end_matches('.'));
    }
}
