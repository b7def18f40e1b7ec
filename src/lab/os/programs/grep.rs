//! `grep`, and the translation of POSIX expressions that `sed` shares.

use regex::Regex;

use super::options::Known;
use super::text::{options, read_all};
use crate::os::paths::{self, Want};
use crate::os::process::Os;
use crate::os::{Exec, Output};

/// `grep [-E|-F] [-c] [-q] [-o] [-r] [-l] [-i] [-v] [-x] [-w] [-n] [-s] [-h] [-m N] [-e PATTERN]… PATTERN [FILE…]`
pub fn grep(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "grep",
        flags: &[
            "E,extended-regexp",
            "F,fixed-strings",
            "c,count",
            "q,quiet",
            "o,only-matching",
            "r,R,recursive",
            "l,files-with-matches",
            "i,ignore-case",
            "v,invert-match",
            "x,line-regexp",
            "n,line-number",
            "s,no-messages",
            "h,no-filename",
            "w,word-regexp",
            "a,text",
        ],
        values: &["e,regexp", "m,max-count"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let (patterns, operands) = match (options.all("e"), options.operands.split_first()) {
        ([], None) => return Output::fail(2, "Usage: grep [OPTION]... PATTERNS [FILE]..."),
        ([], Some((pattern, rest))) => (vec![pattern.clone()], rest.to_vec()),
        (patterns, _) => (patterns.to_vec(), options.operands.clone()),
    };
    let mut wanted = patterns
        .iter()
        .flat_map(|pattern| pattern.split('\n'))
        .map(|pattern| match (options.has("F"), options.has("E")) {
            (true, _) => regex::escape(pattern),
            (false, true) => pattern.to_owned(),
            (false, false) => basic_to_extended(pattern),
        })
        .map(|pattern| format!("(?:{pattern})"))
        .collect::<Vec<_>>()
        .join("|");
    if options.has("w") {
        wanted = format!(r"\b(?:{wanted})\b");
    }
    if options.has("x") {
        wanted = format!("^(?:{wanted})$");
    }
    let case = if options.has("i") { "(?i)" } else { "" };
    let Ok(wanted) = Regex::new(&format!("{case}{wanted}")) else {
        return Output::fail(2, format!("lab: grep: expression not simulated: {}", patterns.join(" ")));
    };
    let Ok(limit) = options.value("m").unwrap_or("9999999").parse::<usize>() else {
        return Output::fail(2, "grep: invalid max count");
    };

    let (texts, mut output) = if options.has("r") {
        (read_tree(os, exec, &operands), Output::default())
    } else {
        read_all(os, exec, &operands)
    };
    if output.exit != 0 {
        output.exit = 2;
    }
    if options.has("s") {
        output.stderr.clear();
    }
    let names = (texts.len() > 1 || options.has("r")) && !options.has("h");
    let mut found_any = false;
    for (name, text) in &texts {
        let lines = text.lines().enumerate().filter(|(_, line)| wanted.is_match(line) != options.has("v"));
        let lines: Vec<(usize, &str)> = lines.take(limit).collect();
        found_any |= !lines.is_empty();
        let prefix = if names { format!("{name}:") } else { String::new() };
        if options.has("q") {
        } else if options.has("l") {
            if !lines.is_empty() {
                output.stdout.push_str(&format!("{name}\n"));
            }
        } else if options.has("c") {
            output.stdout.push_str(&format!("{prefix}{}\n", lines.len()));
        } else {
            for (number, line) in lines {
                let number = if options.has("n") { format!("{}:", number + 1) } else { String::new() };
                if options.has("o") {
                    for one in wanted.find_iter(line).filter(|one| !one.is_empty()) {
                        output.stdout.push_str(&format!("{prefix}{number}{}\n", one.as_str()));
                    }
                } else {
                    output.stdout.push_str(&format!("{prefix}{number}{line}\n"));
                }
            }
        }
    }
    if options.has("q") && found_any {
        return Output { stderr: output.stderr, ..Output::default() };
    }
    if output.exit == 0 && !found_any {
        output.exit = 1;
    }
    output
}

fn read_tree(os: &Os<'_>, exec: &Exec, operands: &[String]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for operand in operands {
        let root = super::path(exec, operand);
        let inside = format!("{root}/");
        for (path, entry) in os.machine.files.all() {
            let Some(text) = &entry.content else { continue };
            if (path == root || path.starts_with(&inside))
                && paths::check(os.machine, &exec.user, path, Want::Read).is_ok()
            {
                texts.push((format!("{operand}{}", &path[root.len()..]), text.clone()));
            }
        }
    }
    texts
}

/// A basic regular expression as an extended one: `\(` groups, `(` is itself, and so on.
pub fn basic_to_extended(pattern: &str) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    let mut in_brackets = false;
    while let Some(one) = letters.next() {
        match one {
            '[' if !in_brackets => {
                in_brackets = true;
                out.push('[');
                // A bracket first in a list is a member of it.
                for member in ['^', ']'] {
                    if letters.next_if_eq(&member).is_some() {
                        out.push_str(if member == ']' { r"\]" } else { "^" });
                    }
                }
            }
            ']' if in_brackets => {
                in_brackets = false;
                out.push(']');
            }
            _ if in_brackets => out.push(one),
            '\\' => match letters.next() {
                Some(special @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) => out.push(special),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push_str(r"\\"),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => {
                out.push('\\');
                out.push(one);
            }
            '*' if out.is_empty() || out == "^" => out.push_str(r"\*"),
            _ => out.push(one),
        }
    }
    out
}
