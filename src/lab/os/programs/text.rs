//! Programs that turn text into text: `cat`, `head`, `tail`, `wc`, `cut`, `sort`, `uniq`, `tr`, `base64`, …

use base64::Engine;

use super::options::Known;
use crate::os::paths;
use crate::os::process::Os;
use crate::os::{Exec, Output};

/// Reads the operands (standard input when there are none, or for `-`): names with texts, and the complaints.
pub fn read_all(os: &mut Os<'_>, exec: &Exec, operands: &[String]) -> (Vec<(String, String)>, Output) {
    let mut texts = Vec::new();
    let mut complaints = Output::default();
    if operands.is_empty() {
        texts.push(("-".to_owned(), os.input(exec).to_owned()));
    }
    for operand in operands {
        if operand == "-" {
            texts.push((operand.clone(), os.input(exec).to_owned()));
            continue;
        }
        let path = super::path(exec, operand);
        match paths::read(os.machine, &exec.user, &path) {
            Ok(text) => texts.push((operand.clone(), text)),
            Err(error) => {
                complaints.exit = 1;
                complaints.stderr.push_str(&format!("{}: {operand}: {error}\n", super::name(exec)));
            }
        }
    }
    (texts, complaints)
}

fn known<'a>(program: &'a str, flags: &'a [&'a str], values: &'a [&'a str]) -> Known<'a> {
    Known { program, flags, values, anywhere: true }
}

/// Options, then the texts of the operands turned into one output.
macro_rules! options {
    ($known:expr, $arguments:expr) => {
        match $known.read($arguments) {
            Ok(options) => options,
            Err(refusal) => return refusal,
        }
    };
}
pub(crate) use options;

/// `cat [FILE…]`
pub fn cat(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("cat", &[], &[]), &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    output.stdout = texts.into_iter().map(|(_, text)| text).collect();
    output
}

/// `tee [-a] FILE…`
pub fn tee(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("tee", &["a,append"], &[]), &exec.argv[1..]);
    let text = os.input(exec).to_owned();
    let mut output = Output::out(text.clone());
    for operand in &options.operands {
        let path = super::path(exec, operand);
        let before = if options.has("a") { os.machine.files.read(&path) } else { None };
        let whole = format!("{}{text}", before.unwrap_or_default());
        let umask = os.umask;
        if let Err(error) = paths::write(os.machine, &exec.user, &path, &whole, umask) {
            output.exit = 1;
            output.stderr.push_str(&format!("tee: {operand}: {error}\n"));
        }
    }
    output
}

/// `head [-n N] [-c N] [FILE]`
pub fn head(os: &mut Os<'_>, exec: &Exec) -> Output {
    let arguments = old_style_count(&exec.argv[1..]);
    let options = options!(known("head", &[], &["n,lines", "c,bytes"]), &arguments);
    if options.operands == ["/dev/urandom"] {
        return random_bytes(os, options.value("c"));
    }
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    if let Some(bytes) = options.value("c") {
        let Ok(bytes) = bytes.parse::<usize>() else { return bad_number("head", bytes) };
        output.stdout = String::from_utf8_lossy(&text.as_bytes()[..bytes.min(text.len())]).into_owned();
        return output;
    }
    let count = options.value("n").unwrap_or("10");
    let Ok(count) = count.parse::<usize>() else { return bad_number("head", count) };
    output.stdout = text.split_inclusive('\n').take(count).collect();
    output
}

/// Bytes of the random device, as text: what is drawn depends on the seed, the machine and the moment.
fn random_bytes(os: &Os<'_>, count: Option<&str>) -> Output {
    let Some(count) = count.and_then(|count| count.parse::<usize>().ok()) else {
        return Output::fail(2, "lab: /dev/urandom is simulated for head -c only");
    };
    let mut text = String::new();
    let mut block = 0_u64;
    while text.len() < count {
        let entity = format!("{}/{}/{block}", os.machine.hostname, os.now().0);
        text.push_str(&hex::encode(super::keyed_bytes(os.around.seed, &entity, "urandom")));
        block += 1;
    }
    text.truncate(count);
    Output::out(text)
}

/// `tail [-n N | -n +N] [FILE]`
pub fn tail(os: &mut Os<'_>, exec: &Exec) -> Output {
    let arguments = old_style_count(&exec.argv[1..]);
    let options = options!(known("tail", &[], &["n,lines", "c,bytes"]), &arguments);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    if let Some(bytes) = options.value("c") {
        let Ok(bytes) = bytes.parse::<usize>() else { return bad_number("tail", bytes) };
        output.stdout = String::from_utf8_lossy(&text.as_bytes()[text.len().saturating_sub(bytes)..]).into_owned();
        return output;
    }
    let count = options.value("n").unwrap_or("10");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let skipped = match count.strip_prefix('+') {
        Some(first) => first.parse::<usize>().map(|first| first.saturating_sub(1)),
        None => count.parse::<usize>().map(|count| lines.len().saturating_sub(count)),
    };
    let Ok(skipped) = skipped else { return bad_number("tail", count) };
    output.stdout = lines.into_iter().skip(skipped).collect();
    output
}

/// `head -5` means `head -n 5`.
fn old_style_count(arguments: &[String]) -> Vec<String> {
    match arguments.split_first() {
        Some((first, rest)) if first.len() > 1 && first.starts_with('-') && first[1..].parse::<u32>().is_ok() => {
            ["-n".to_owned(), first[1..].to_owned()].into_iter().chain(rest.iter().cloned()).collect()
        }
        _ => arguments.to_vec(),
    }
}

fn bad_number(program: &str, text: &str) -> Output {
    Output::fail(1, format!("{program}: invalid number of lines: '{text}'"))
}

/// `wc [-l] [-c] [-w] [FILE]`
pub fn wc(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("wc", &["l,lines", "c,bytes", "w,words"], &[]), &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    for (name, text) in texts {
        let mut counts = Vec::new();
        let all = !["l", "c", "w"].iter().any(|flag| options.has(flag));
        if all || options.has("l") {
            counts.push(text.matches('\n').count());
        }
        if all || options.has("w") {
            counts.push(text.split_whitespace().count());
        }
        if all || options.has("c") {
            counts.push(text.len());
        }
        let width = if all { 7 } else { 0 };
        let counts: Vec<String> = counts.iter().map(|count| format!("{count:>width$}")).collect();
        let name = if name == "-" { String::new() } else { format!(" {name}") };
        output.stdout.push_str(&format!("{}{name}\n", counts.join(" ")));
    }
    output
}

/// `cut -d D -f LIST` and `cut -c LIST`
pub fn cut(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("cut", &["s"], &["d,delimiter", "f,fields", "c,characters"]), &exec.argv[1..]);
    let list = options.value("f").or(options.value("c")).map(ranges);
    let Some(Some(list)) = list else {
        return Output::fail(1, "cut: you must specify a list of bytes, characters, or fields");
    };
    let chosen = |position: usize| list.iter().any(|(first, last)| (*first..=*last).contains(&position));
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    for line in text.lines() {
        if options.has("c") {
            output.stdout.extend(line.chars().enumerate().filter(|(at, _)| chosen(at + 1)).map(|(_, one)| one));
        } else {
            let delimiter = options.value("d").unwrap_or("\t");
            if !line.contains(delimiter) && options.has("s") {
                continue;
            }
            if line.contains(delimiter) {
                let fields = line.split(delimiter).enumerate().filter(|(at, _)| chosen(at + 1)).map(|(_, one)| one);
                output.stdout.push_str(&fields.collect::<Vec<_>>().join(delimiter));
            } else {
                output.stdout.push_str(line);
            }
        }
        output.stdout.push('\n');
    }
    output
}

/// `1,3-5,7-` as pairs.
fn ranges(list: &str) -> Option<Vec<(usize, usize)>> {
    list.split(',')
        .map(|part| match part.split_once('-') {
            None => part.parse().ok().map(|one| (one, one)),
            Some((first, last)) => {
                let first = if first.is_empty() { Some(1) } else { first.parse().ok() };
                let last = if last.is_empty() { Some(usize::MAX) } else { last.parse().ok() };
                first.zip(last)
            }
        })
        .collect()
}

/// `sort [-u] [-r] [-n] [-V]` in the C locale.
pub fn sort(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("sort", &["u,unique", "r,reverse", "n,numeric-sort"], &[]), &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    let mut lines: Vec<&str> = text.lines().collect();
    if options.has("n") {
        let number = |line: &str| {
            let line = line.trim_start();
            let end = line.find(|one: char| !one.is_ascii_digit() && one != '-').unwrap_or(line.len());
            line[..end].parse::<i64>().unwrap_or(0)
        };
        lines.sort_by(|a, b| number(a).cmp(&number(b)).then(a.cmp(b)));
    } else {
        lines.sort_unstable();
    }
    if options.has("u") {
        lines.dedup();
    }
    if options.has("r") {
        lines.reverse();
    }
    output.stdout = lines.iter().map(|line| format!("{line}\n")).collect();
    output
}

/// `uniq [-c] [-d]`
pub fn uniq(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("uniq", &["c,count", "d,repeated"], &[]), &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    let lines: Vec<&str> = text.lines().collect();
    for group in lines.chunk_by(|a, b| a == b) {
        if options.has("d") && group.len() == 1 {
            continue;
        }
        let count = if options.has("c") { format!("{:>7} ", group.len()) } else { String::new() };
        output.stdout.push_str(&format!("{count}{}\n", group[0]));
    }
    output
}

/// `tr [-d] SET1 [SET2]` with ranges and the usual escapes.
pub fn tr(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("tr", &["d,delete", "s,squeeze-repeats"], &[]), &exec.argv[1..]);
    let text = os.input(exec).to_owned();
    let sets: Option<Vec<Vec<char>>> = options.operands.iter().map(|set| character_set(set)).collect();
    let Some(sets) = sets else { return Output::fail(2, "lab: tr: character classes are not simulated") };
    match (sets.as_slice(), options.has("d"), options.has("s")) {
        ([removed], true, false) => Output::out(text.chars().filter(|one| !removed.contains(one)).collect::<String>()),
        ([squeezed], false, true) => {
            let mut out = String::new();
            for one in text.chars() {
                if !(squeezed.contains(&one) && out.ends_with(one)) {
                    out.push(one);
                }
            }
            Output::out(out)
        }
        ([from, to], false, false) if !to.is_empty() => Output::out(
            text.chars()
                .map(|one| match from.iter().position(|candidate| *candidate == one) {
                    Some(at) => to[at.min(to.len() - 1)],
                    None => one,
                })
                .collect::<String>(),
        ),
        _ => Output::fail(1, "tr: missing operand"),
    }
}

fn character_set(text: &str) -> Option<Vec<char>> {
    if text.contains("[:") {
        return None;
    }
    let mut plain = Vec::new();
    let mut letters = text.chars();
    while let Some(one) = letters.next() {
        plain.push(match one {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('0') => '\0',
                other => other.unwrap_or('\\'),
            },
            other => other,
        });
    }
    let mut set = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        if at + 2 < plain.len() && plain[at + 1] == '-' && plain[at] <= plain[at + 2] {
            set.extend(plain[at]..=plain[at + 2]);
            at += 3;
        } else {
            set.push(plain[at]);
            at += 1;
        }
    }
    Some(set)
}

/// `base64 [-d] [-w N] [FILE]`
pub fn base64(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("base64", &["d,decode"], &["w,wrap"]), &exec.argv[1..]);
    let (texts, mut output) = read_all(os, exec, &options.operands);
    let text: String = texts.into_iter().map(|(_, text)| text).collect();
    let engine = base64::engine::general_purpose::STANDARD;
    if options.has("d") {
        let joined: String = text.split_whitespace().collect();
        match engine.decode(joined).map(String::from_utf8) {
            Ok(Ok(decoded)) => output.stdout = decoded,
            Ok(Err(_)) => return Output::fail(1, "lab: base64: binary data is not simulated"),
            Err(_) => return Output::fail(1, "base64: invalid input"),
        }
        return output;
    }
    let encoded = engine.encode(text);
    let Ok(width) = options.value("w").unwrap_or("76").parse::<usize>() else {
        return Output::fail(1, "base64: invalid wrap size");
    };
    if width == 0 {
        output.stdout = encoded;
    } else {
        for line in encoded.as_bytes().chunks(width) {
            output.stdout.push_str(&String::from_utf8_lossy(line));
            output.stdout.push('\n');
        }
    }
    output
}
