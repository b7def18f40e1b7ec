//! Programs about words and conditions: `echo`, `printf`, `test`, `true`, `false`, `sleep`.

use crate::os::paths::{self, Want};
use crate::os::process::Os;
use crate::os::{Exec, Output};

/// `true`
pub fn truth(_os: &mut Os<'_>, _exec: &Exec) -> Output {
    Output::default()
}

/// `false`
pub fn falsehood(_os: &mut Os<'_>, _exec: &Exec) -> Output {
    Output::status(1)
}

/// `echo [-n] [-e] WORDS`
pub fn echo(_os: &mut Os<'_>, exec: &Exec) -> Output {
    let mut words = &exec.argv[1..];
    let (mut newline, mut escapes) = (true, false);
    while let Some(first) = words.first() {
        match first.as_str() {
            "-n" => newline = false,
            "-e" => escapes = true,
            _ => break,
        }
        words = &words[1..];
    }
    let mut text = words.join(" ");
    if escapes {
        text = unescape(&text);
    }
    Output::out(if newline { text + "\n" } else { text })
}

/// `printf FORMAT ARGUMENTS` with `%s`, `%d`, `%b`, `%%`; the format is used again while arguments are left.
pub fn printf(_os: &mut Os<'_>, exec: &Exec) -> Output {
    let Some(format) = exec.argv.get(1) else { return Output::fail(2, "printf: usage: printf format [arguments]") };
    // `printf -- FORMAT` and a format that begins with a dash.
    let (format, mut arguments) = match (format.as_str(), exec.argv.get(2)) {
        ("--", Some(format)) => (format, exec.argv[3..].iter()),
        _ => (format, exec.argv[2..].iter()),
    };
    let mut out = String::new();
    loop {
        let left_before = arguments.len();
        let mut letters = format.chars().peekable();
        while let Some(one) = letters.next() {
            match one {
                '\\' => {
                    let mut escape = String::from('\\');
                    if let Some(next) = letters.next() {
                        escape.push(next);
                        while next.is_digit(8) && escape.len() < 4 && letters.peek().is_some_and(|one| one.is_digit(8))
                        {
                            escape.extend(letters.next());
                        }
                    }
                    out.push_str(&unescape(&escape));
                }
                '%' => match letters.next() {
                    Some('%') => out.push('%'),
                    Some('s') => out.push_str(arguments.next().map(String::as_str).unwrap_or_default()),
                    Some('b') => out.push_str(&unescape(arguments.next().map(String::as_str).unwrap_or_default())),
                    Some('d' | 'i') => {
                        let number = arguments.next().map(String::as_str).unwrap_or("0");
                        if number.parse::<i64>().is_err() {
                            return Output::fail(1, format!("printf: {number}: expected numeric value"));
                        }
                        out.push_str(number);
                    }
                    other => {
                        let directive = other.map(String::from).unwrap_or_default();
                        return Output::fail(2, format!("lab: printf: %{directive} is not simulated"));
                    }
                },
                _ => out.push(one),
            }
        }
        if arguments.len() == 0 || arguments.len() == left_before {
            return Output::out(out);
        }
    }
}

/// Backslash escapes: `\n`, `\t`, `\\`, `\r`, octal.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(one) = letters.next() {
        if one != '\\' {
            out.push(one);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some(digit) if digit.is_digit(8) => {
                let mut value = digit.to_digit(8).unwrap_or(0);
                while let Some(next) = letters.peek().and_then(|one| one.to_digit(8)).filter(|_| value < 32) {
                    value = value * 8 + next;
                    letters.next();
                }
                out.extend(char::from_u32(value));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

/// `sleep SECONDS`
pub fn sleep(_os: &mut Os<'_>, exec: &Exec) -> Output {
    let [_, seconds] = exec.argv.as_slice() else { return Output::fail(1, "sleep: missing operand") };
    match duration_us(seconds) {
        Some(duration_us) => Output { duration_us, ..Output::default() },
        None => Output::fail(1, format!("sleep: invalid time interval ‘{seconds}’")),
    }
}

/// A duration as `sleep` and `timeout` take it: `5`, `0.5`, `5s`, `2m`, `1h`, `1d`.
pub fn duration_us(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let (number, factor) = match unit {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = number.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)?;
    Some((seconds * factor * 1_000_000.0) as u64)
}

/// `test EXPRESSION` and `[ EXPRESSION ]`
pub fn test(os: &mut Os<'_>, exec: &Exec) -> Output {
    let mut words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    if super::name(exec) == "[" && words.pop() != Some("]") {
        return Output::fail(2, "[: missing ]");
    }
    match any(os, exec, &words) {
        Some(yes) => Output::status(i32::from(!yes)),
        None => Output::fail(2, format!("lab: test: not simulated: {}", words.join(" "))),
    }
}

fn any(os: &Os<'_>, exec: &Exec, words: &[&str]) -> Option<bool> {
    // A three-word comparison may have `-o` as an operand; beyond that it connects.
    if words.len() > 3 {
        for (connector, all) in [("-o", false), ("-a", true)] {
            if let Some(at) = words.iter().position(|word| *word == connector) {
                let left = any(os, exec, &words[..at])?;
                let right = any(os, exec, &words[at + 1..])?;
                return Some(if all { left && right } else { left || right });
            }
        }
    }
    match words {
        [] => Some(false),
        ["!", rest @ ..] if !rest.is_empty() => any(os, exec, rest).map(|yes| !yes),
        [word] => Some(!word.is_empty()),
        [operator, word] => unary(os, exec, operator, word),
        [left, operator, right] => binary(left, operator, right),
        _ => None,
    }
}

fn unary(os: &Os<'_>, exec: &Exec, operator: &str, word: &str) -> Option<bool> {
    let path = super::path(exec, word);
    let entry = os.machine.files.entry(&path);
    let allowed = |want| paths::check(os.machine, &exec.user, &path, want).is_ok();
    Some(match operator {
        "-n" => !word.is_empty(),
        "-z" => word.is_empty(),
        "-e" => super::exists(os, &path),
        "-f" => entry.is_some_and(|entry| entry.content.is_some()),
        "-d" => path == "/" || entry.is_some_and(|entry| entry.content.is_none()),
        "-s" => entry.is_some_and(|entry| entry.content.as_ref().is_some_and(|text| !text.is_empty())),
        "-b" => os.machine.disks.iter().any(|disk| disk.has_device(&path)),
        "-r" => allowed(Want::Read),
        "-w" => allowed(Want::Write),
        "-x" => allowed(Want::Execute),
        "-L" | "-h" => false,
        _ => return None,
    })
}

fn binary(left: &str, operator: &str, right: &str) -> Option<bool> {
    let numbers = || left.trim().parse::<i64>().ok().zip(right.trim().parse::<i64>().ok());
    Some(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "-eq" => numbers().is_some_and(|(a, b)| a == b),
        "-ne" => numbers().is_some_and(|(a, b)| a != b),
        "-lt" => numbers().is_some_and(|(a, b)| a < b),
        "-le" => numbers().is_some_and(|(a, b)| a <= b),
        "-gt" => numbers().is_some_and(|(a, b)| a > b),
        "-ge" => numbers().is_some_and(|(a, b)| a >= b),
        _ => return None,
    })
}
