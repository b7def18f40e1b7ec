//! `sha256sum` and `sha512sum`: sums, and lists of sums that are checked.

use sha2::{Digest, Sha256, Sha512};

use super::options::{Known, Options};
use super::text::{options, read_all};
use crate::os::process::Os;
use crate::os::{Exec, Output, paths};

/// `sha256sum [FILE…]`, `sha256sum -c [--quiet] [--status] [--strict] [LIST…]`, and the same for `sha512sum`.
pub fn checksum(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: super::name(exec),
        flags: &["c,check", "quiet", "status", "strict"],
        values: &[],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    for (name, text) in texts {
        if options.has("c") {
            let checked = check(os, exec, &options, &name, &text);
            output.exit = output.exit.max(checked.exit);
            output.stdout.push_str(&checked.stdout);
            output.stderr.push_str(&checked.stderr);
        } else {
            output.stdout.push_str(&format!("{}  {name}\n", sum(super::name(exec), &text)));
        }
    }
    output
}

fn sum(program: &str, text: &str) -> String {
    match program {
        "sha512sum" => hex::encode(Sha512::digest(text)),
        _ => hex::encode(Sha256::digest(text)),
    }
}

/// Checks the files of a list. A list without a single sum in it has checked nothing, and fails.
fn check(os: &Os<'_>, exec: &Exec, options: &Options, list: &str, text: &str) -> Output {
    let program = super::name(exec);
    let mut output = Output::default();
    let (mut proper, mut malformed, mut unread, mut wrong) = (0_u32, 0_u32, 0_u32, 0_u32);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((wanted, file)) = take_apart(program, line) else {
            malformed += 1;
            continue;
        };
        proper += 1;
        let verdict = match paths::read(os.machine, &exec.user, &super::path(exec, file)) {
            Ok(content) if sum(program, &content).eq_ignore_ascii_case(wanted) => "OK",
            Ok(_) => {
                wrong += 1;
                "FAILED"
            }
            Err(error) => {
                unread += 1;
                output.stderr.push_str(&format!("{program}: {file}: {error}\n"));
                "FAILED open or read"
            }
        };
        if !options.has("status") && (verdict != "OK" || !options.has("quiet")) {
            output.stdout.push_str(&format!("{file}: {verdict}\n"));
        }
    }
    if proper == 0 {
        let list = if list == "-" { "'standard input'" } else { list };
        output.stderr.push_str(&format!("{program}: {list}: no properly formatted checksum lines found\n"));
    } else if !options.has("status") {
        for (count, one, more) in [
            (malformed, "line is improperly formatted", "lines are improperly formatted"),
            (unread, "listed file could not be read", "listed files could not be read"),
            (wrong, "computed checksum did NOT match", "computed checksums did NOT match"),
        ] {
            if count > 0 {
                let what = if count == 1 { one } else { more };
                output.stderr.push_str(&format!("{program}: WARNING: {count} {what}\n"));
            }
        }
    }
    let is_good = proper > 0 && unread == 0 && wrong == 0 && (malformed == 0 || !options.has("strict"));
    output.exit = i32::from(!is_good);
    output
}

/// `SUM  FILE`, or `SUM *FILE` for one that was read as binary.
fn take_apart<'a>(program: &str, line: &'a str) -> Option<(&'a str, &'a str)> {
    let digits = if program == "sha512sum" { 128 } else { 64 };
    let (sum, file) = line.split_once(' ')?;
    let file = file.strip_prefix([' ', '*'])?;
    let is_sum = sum.len() == digits && sum.bytes().all(|one| one.is_ascii_hexdigit());
    (is_sum && !file.is_empty()).then_some((sum, file))
}
