//! `dig +short @SERVER NAME TYPE`: asks a public resolver, which knows only what is published.

use super::super::process::Os;
use super::super::{Exec, Output};

/// How long an answer takes.
const ANSWER_US: u64 = 30_000;

/// `dig`, in its short form only.
pub fn dig(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    let (["+short", server, name, kind], true) = (words.as_slice(), os.machine.online()) else {
        if !os.machine.online() {
            return Output::fail(9, ";; communications error: timed out").after_seconds(15);
        }
        return Output::fail(2, "lab: dig is simulated as `dig +short @SERVER NAME TYPE` only");
    };
    if !server.starts_with('@') {
        return Output::fail(2, "lab: dig is simulated as `dig +short @SERVER NAME TYPE` only");
    }
    let values = os.around.internet.dns.get(&((*name).to_owned(), (*kind).to_owned()));
    let lines: String = values.into_iter().flatten().map(|value| format!("{value}\n")).collect();
    Output { stdout: lines, duration_us: ANSWER_US, ..Output::default() }
}
