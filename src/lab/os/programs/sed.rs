//! `sed` with what scripts use of it: `s///`, `p`, `d`, `q`, with line numbers, ranges and expressions as addresses.

use regex::Regex;

use super::grep::basic_to_extended;
use super::options::Known;
use super::text::{options, read_all};
use crate::os::paths;
use crate::os::process::Os;
use crate::os::{Exec, Output};

struct Command {
    first: Option<Address>,
    last: Option<Address>,
    inside: bool,
    action: Action,
}

enum Address {
    Line(usize),
    Last,
    Matching(Regex),
}

enum Action {
    Substitute { wanted: Regex, replacement: String, all: bool, print: bool },
    Print,
    Delete,
    Quit,
}

/// `sed [-n] [-E] [-i] [-e SCRIPT]… SCRIPT [FILE…]`
pub fn sed(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "sed",
        flags: &["n,quiet,silent", "E,r,regexp-extended", "i,in-place"],
        values: &["e,expression"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let (scripts, operands) = match (options.all("e"), options.operands.split_first()) {
        ([], None) => {
            return Output::fail(1, "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
        }
        ([], Some((script, rest))) => (vec![script.clone()], rest.to_vec()),
        (scripts, _) => (scripts.to_vec(), options.operands.clone()),
    };
    let script = scripts.join("\n");
    let Some(mut commands) = read_script(&script, options.has("E")) else {
        return Output::fail(2, format!("lab: sed: script not simulated: {script}"));
    };
    let (texts, mut output) = read_all(os, exec, &operands);
    if !options.has("i") {
        let text: String = texts.into_iter().map(|(_, text)| text).collect();
        output.stdout = transform(&text, &mut commands, options.has("n"));
        return output;
    }
    for (name, text) in texts {
        let changed = transform(&text, &mut commands, options.has("n"));
        let (path, umask) = (super::path(exec, &name), os.umask);
        if let Err(error) = paths::write(os.machine, &exec.user, &path, &changed, umask) {
            return Output::fail(4, format!("sed: couldn't open temporary file: {error}"));
        }
    }
    output
}

fn transform(text: &str, commands: &mut [Command], quiet: bool) -> String {
    let mut out = String::new();
    let total = text.lines().count();
    'lines: for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        let mut line = line.trim_end_matches('\n').to_owned();
        let mut quits = false;
        for command in commands.iter_mut() {
            if !command.applies(index + 1, total, &line) {
                continue;
            }
            match &command.action {
                Action::Substitute { wanted, replacement, all, print } => {
                    if wanted.is_match(&line) {
                        let limit = usize::from(!*all);
                        line = wanted.replacen(&line, limit, replacement.as_str()).into_owned();
                        if *print {
                            out.push_str(&format!("{line}{end}"));
                        }
                    }
                }
                Action::Print => out.push_str(&format!("{line}{end}")),
                Action::Delete => continue 'lines,
                Action::Quit => {
                    quits = true;
                    break;
                }
            }
        }
        if !quiet {
            out.push_str(&format!("{line}{end}"));
        }
        if quits {
            break;
        }
    }
    out
}

impl Address {
    fn matches(&self, number: usize, total: usize, line: &str) -> bool {
        match self {
            Address::Line(wanted) => number == *wanted,
            Address::Last => number == total,
            Address::Matching(wanted) => wanted.is_match(line),
        }
    }
}

impl Command {
    fn applies(&mut self, number: usize, total: usize, line: &str) -> bool {
        match (&self.first, &self.last) {
            (None, _) => true,
            (Some(first), None) => first.matches(number, total, line),
            (Some(first), Some(last)) => {
                if self.inside {
                    self.inside = !last.matches(number, total, line);
                    return true;
                }
                let begins = first.matches(number, total, line);
                let one_line = matches!(last, Address::Line(end) if *end <= number);
                self.inside = begins && !one_line;
                begins
            }
        }
    }
}

fn read_script(script: &str, extended: bool) -> Option<Vec<Command>> {
    let mut rest = script.trim_start();
    let mut commands = Vec::new();
    while !rest.is_empty() {
        let (first, after) = read_address(rest, extended)?;
        let (last, after) = match after.strip_prefix(',') {
            Some(after) => read_address(after, extended)?,
            None => (None, after),
        };
        let after = after.trim_start();
        let (action, after) = read_action(after, extended)?;
        commands.push(Command { first, last, inside: false, action });
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with([';', '\n']) {
            return None;
        }
        rest = after.trim_start_matches([';', '\n', ' ', '\t']);
    }
    Some(commands)
}

fn read_address(text: &str, extended: bool) -> Option<(Option<Address>, &str)> {
    if let Some(rest) = text.strip_prefix('$') {
        return Some((Some(Address::Last), rest));
    }
    if let Some(rest) = text.strip_prefix('/') {
        let (pattern, rest) = up_to(rest, '/')?;
        return Some((Some(Address::Matching(expression(&pattern, extended, false)?)), rest));
    }
    let digits = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 {
        return Some((None, text));
    }
    Some((Some(Address::Line(text[..digits].parse().ok()?)), &text[digits..]))
}

fn read_action(text: &str, extended: bool) -> Option<(Action, &str)> {
    let mut letters = text.chars();
    let action = match letters.next()? {
        'p' => Action::Print,
        'd' => Action::Delete,
        'q' => Action::Quit,
        's' => {
            let delimiter = letters.next()?;
            let (pattern, rest) = up_to(letters.as_str(), delimiter)?;
            let (replacement, rest) = up_to(rest, delimiter)?;
            let end = rest.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(rest.len());
            let flags = &rest[..end];
            if flags.chars().any(|one| !"gpI".contains(one)) {
                return None;
            }
            let action = Action::Substitute {
                wanted: expression(&pattern, extended, flags.contains('I'))?,
                replacement: replacement_text(&replacement),
                all: flags.contains('g'),
                print: flags.contains('p'),
            };
            return Some((action, &rest[end..]));
        }
        _ => return None,
    };
    Some((action, letters.as_str()))
}

/// The text before an unescaped delimiter, and what comes after it.
fn up_to(text: &str, delimiter: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(one) = letters.next() {
        if one == delimiter {
            return Some((out, letters.as_str()));
        }
        if one != '\\' {
            out.push(one);
            continue;
        }
        let next = letters.next()?;
        if next != delimiter {
            out.push('\\');
        }
        out.push(next);
    }
    None
}

fn expression(pattern: &str, extended: bool, ignore_case: bool) -> Option<Regex> {
    let pattern = if extended { pattern.to_owned() } else { basic_to_extended(pattern) };
    Regex::new(&format!("{}{pattern}", if ignore_case { "(?i)" } else { "" })).ok()
}

/// A replacement in the words of the `regex` crate: `\1` and `&` become groups, `$` is itself.
fn replacement_text(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(one) = letters.next() {
        match one {
            '$' => out.push_str("$$"),
            '&' => out.push_str("${0}"),
            '\\' => match letters.next() {
                Some(digit) if digit.is_ascii_digit() => out.push_str(&format!("${{{digit}}}")),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(one),
        }
    }
    out
}
