//! Programs about files: `ls`, `mkdir`, `rm`, `mv`, `cp`, `chmod`, `chown`, `stat`, `touch`.

use super::options::{Known, Options};
use super::text::options;
use crate::os::files::Entry;
use crate::os::paths::{self, Errno, Want};
use crate::os::process::Os;
use crate::os::{Exec, Machine, Output};

fn known<'a>(program: &'a str, flags: &'a [&'a str], values: &'a [&'a str]) -> Known<'a> {
    Known { program, flags, values, anywhere: true }
}

/// Collects the complaints of a program that goes on with its next operand.
#[derive(Default)]
struct Work(Output);

impl Work {
    fn complain(&mut self, exit: i32, message: impl std::fmt::Display) {
        self.0.exit = exit;
        self.0.stderr.push_str(&format!("{message}\n"));
    }
}

/// Whether the account may change what is in the folder above the path.
fn may_change_folder(machine: &Machine, user: &str, path: &str) -> Result<(), Errno> {
    paths::check(machine, user, paths::parent(path), Want::Write)
}

/// `ls [-1] [-a] [-d] [-l] [-I NAME] [FILE…]`; a name with wildcards after `-I` is not simulated.
pub fn list(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("ls", &["1", "a", "A", "d", "l"], &["I,ignore"]), &exec.argv[1..]);
    let ignored = options.all("I");
    if ignored.iter().any(|name| name.contains(['*', '?', '['])) {
        return Output::fail(2, "ls: wildcards after -I are not simulated");
    }
    let mut operands = options.operands.clone();
    if operands.is_empty() {
        operands.push(".".to_owned());
    }
    operands.sort();
    let mut work = Work::default();
    let (mut single, mut folders) = (Vec::new(), Vec::new());
    for operand in &operands {
        let path = super::path(exec, operand);
        if !super::exists(os, &path) {
            work.complain(2, format!("ls: cannot access '{operand}': No such file or directory"));
        } else if options.has("d") || os.machine.files.read(&path).is_some() {
            single.push((operand.clone(), path));
        } else {
            folders.push((operand.clone(), path));
        }
    }
    print_entries(os.machine, &options, &single, &mut work.0.stdout);
    for (operand, path) in &folders {
        if let Err(error) = paths::check(os.machine, &exec.user, path, Want::Read) {
            work.complain(2, format!("ls: cannot open directory '{operand}': {error}"));
            continue;
        }
        if folders.len() + single.len() > 1 {
            let gap = if work.0.stdout.is_empty() { "" } else { "\n" };
            work.0.stdout.push_str(&format!("{gap}{operand}:\n"));
        }
        let inside: Vec<(String, String)> = os
            .machine
            .files
            .list(path)
            .into_iter()
            .filter(|name| !name.starts_with('.') || options.has("a") || options.has("A"))
            .filter(|name| !ignored.contains(&(*name).to_owned()))
            .map(|name| (name.to_owned(), paths::absolute(path, name)))
            .collect();
        if options.has("l") {
            work.0.stdout.push_str(&format!("total {}\n", 4 * inside.len()));
        }
        print_entries(os.machine, &options, &inside, &mut work.0.stdout);
    }
    work.0
}

fn print_entries(machine: &Machine, options: &Options, entries: &[(String, String)], out: &mut String) {
    for (shown, path) in entries {
        match machine.files.entry(path).filter(|_| options.has("l")) {
            // The date is not kept: a fixed one keeps the columns where scripts look for them.
            Some(entry) => out.push_str(&format!(
                "{} 1 {} {} {:>5} Jan  1 00:00 {shown}\n",
                mode_text(entry),
                entry.owner,
                entry.owner,
                entry.content.as_ref().map_or(4096, String::len)
            )),
            None => out.push_str(&format!("{shown}\n")),
        }
    }
}

/// `-rw-r--r--`
fn mode_text(entry: &Entry) -> String {
    let mut text = String::from(if entry.content.is_none() { "d" } else { "-" });
    for shift in [6, 3, 0] {
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            text.push(if entry.mode >> shift & bit != 0 { letter } else { '-' });
        }
    }
    text
}

/// `mkdir [-p] [-m MODE] FOLDER…`
pub fn make_folder(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("mkdir", &["p,parents"], &["m,mode"]), &exec.argv[1..]);
    let mode = match options.value("m").map(|mode| u32::from_str_radix(mode, 8)) {
        None => None,
        Some(Ok(mode)) => Some(mode),
        Some(Err(_)) => return Output::fail(2, "lab: mkdir: symbolic modes are not simulated"),
    };
    let mut work = Work::default();
    for operand in &options.operands {
        let path = super::path(exec, operand);
        if let Err(error) = make_one(os, exec, &path, options.has("p"), mode) {
            work.complain(1, format!("mkdir: cannot create directory ‘{operand}’: {error}"));
        }
    }
    work.0
}

fn make_one(os: &mut Os<'_>, exec: &Exec, path: &str, parents: bool, mode: Option<u32>) -> Result<(), Errno> {
    if os.machine.files.exists(path) {
        let is_file = os.machine.files.read(path).is_some();
        return if parents && !is_file { Ok(()) } else { Err(Errno::Exists) };
    }
    let folder = paths::parent(path);
    if !os.machine.files.exists(folder) && parents {
        make_one(os, exec, folder, true, None)?;
    }
    may_change_folder(os.machine, &exec.user, path)?;
    os.machine.files.make_folder(path, mode.unwrap_or(0o777 & !os.umask), &exec.user);
    Ok(())
}

/// `rm [-r] [-f] FILE…`
pub fn remove(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("rm", &["r,R,recursive", "f,force"], &[]), &exec.argv[1..]);
    let mut work = Work::default();
    for operand in &options.operands {
        let path = super::path(exec, operand);
        let result = match os.machine.files.entry(&path) {
            None if options.has("f") => continue,
            None => Err(Errno::Missing),
            Some(entry) if entry.content.is_none() && !options.has("r") => Err(Errno::IsFolder),
            Some(_) => may_change_folder(os.machine, &exec.user, &path),
        };
        match result {
            Ok(()) => {
                os.machine.files.remove(&path);
            }
            Err(error) => work.complain(1, format!("rm: cannot remove '{operand}': {error}")),
        }
    }
    work.0
}

/// `rmdir FOLDER…`
pub fn remove_folder(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("rmdir", &[], &[]), &exec.argv[1..]);
    let mut work = Work::default();
    for operand in &options.operands {
        let path = super::path(exec, operand);
        let reason = match os.machine.files.entry(&path) {
            None => Some(Errno::Missing.to_string()),
            Some(entry) if entry.content.is_some() => Some(Errno::NotFolder.to_string()),
            Some(_) if !os.machine.files.list(&path).is_empty() => Some("Directory not empty".to_owned()),
            Some(_) => may_change_folder(os.machine, &exec.user, &path).err().map(|error| error.to_string()),
        };
        match reason {
            Some(reason) => work.complain(1, format!("rmdir: failed to remove '{operand}': {reason}")),
            None => {
                os.machine.files.remove(&path);
            }
        }
    }
    work.0
}

/// Every path at or below one, with its entry.
fn tree(machine: &Machine, path: &str) -> Vec<(String, Entry)> {
    let inside = format!("{path}/");
    machine
        .files
        .all()
        .filter(|(one, _)| *one == path || one.starts_with(&inside))
        .map(|(one, entry)| (one.to_owned(), entry.clone()))
        .collect()
}

/// Where `mv` and `cp` put a file: into an existing folder, or under the name itself.
fn destination(machine: &Machine, source: &str, target: &str) -> String {
    let is_folder = target == "/" || machine.files.entry(target).is_some_and(|entry| entry.content.is_none());
    if is_folder { paths::absolute(target, paths::base_name(source)) } else { target.to_owned() }
}

fn put(machine: &mut Machine, path: &str, entry: &Entry) {
    match &entry.content {
        Some(text) => machine.files.create(path, entry.mode, &entry.owner, text.clone()),
        None => machine.files.make_folder(path, entry.mode, &entry.owner),
    }
}

/// `mv [-f] SOURCE… TARGET`
pub fn rename(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("mv", &["f,force", "T,no-target-directory"], &[]), &exec.argv[1..]);
    let Some((target, sources)) = options.operands.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return Output::fail(1, "mv: missing file operand");
    };
    let mut work = Work::default();
    for source in sources {
        let from = super::path(exec, source);
        let to = destination(os.machine, &from, &super::path(exec, target));
        if !os.machine.files.exists(&from) {
            work.complain(1, format!("mv: cannot stat '{source}': No such file or directory"));
            continue;
        }
        let allowed = may_change_folder(os.machine, &exec.user, &from)
            .and_then(|()| may_change_folder(os.machine, &exec.user, &to));
        if let Err(error) = allowed {
            work.complain(1, format!("mv: cannot move '{source}' to '{target}': {error}"));
            continue;
        }
        let moved = tree(os.machine, &from);
        os.machine.files.remove(&from);
        os.machine.files.remove(&to);
        for (path, entry) in moved {
            put(os.machine, &format!("{to}{}", &path[from.len()..]), &entry);
        }
    }
    work.0
}

/// `cp [-r] [-a] [-p] SOURCE… TARGET`
pub fn copy(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("cp", &["r,R,recursive", "a,archive", "p", "f,force"], &[]), &exec.argv[1..]);
    let Some((target, sources)) = options.operands.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return Output::fail(1, "cp: missing file operand");
    };
    let mut work = Work::default();
    let keeps = options.has("a") || options.has("p");
    for source in sources {
        let from = super::path(exec, source);
        let to = destination(os.machine, &from, &super::path(exec, target));
        let Some(entry) = os.machine.files.entry(&from) else {
            work.complain(1, format!("cp: cannot stat '{source}': No such file or directory"));
            continue;
        };
        if entry.content.is_none() && !options.has("r") && !options.has("a") {
            work.complain(1, format!("cp: -r not specified; omitting directory '{source}'"));
            continue;
        }
        if let Err(error) = paths::check(os.machine, &exec.user, &from, Want::Read) {
            work.complain(1, format!("cp: cannot open '{source}' for reading: {error}"));
            continue;
        }
        if let Err(error) = paths::may_write(os.machine, &exec.user, &to) {
            work.complain(1, format!("cp: cannot create regular file '{target}': {error}"));
            continue;
        }
        for (path, mut entry) in tree(os.machine, &from) {
            let path = format!("{to}{}", &path[from.len()..]);
            if let Some(existing) = os.machine.files.entry(&path).filter(|_| !keeps) {
                entry.mode = existing.mode;
                entry.owner = existing.owner.clone();
            } else if !keeps {
                entry.mode &= !os.umask;
                entry.owner = exec.user.clone();
            }
            put(os.machine, &path, &entry);
        }
    }
    work.0
}

/// `chmod [-R] MODE FILE…` with octal modes and `[ugoa][+-]rwx`.
pub fn chmod(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("chmod", &["R,recursive"], &[]), &exec.argv[1..]);
    let Some((mode, operands)) = options.operands.split_first() else {
        return Output::fail(1, "chmod: missing operand");
    };
    if new_mode(mode, 0).is_none() {
        return Output::fail(1, format!("chmod: invalid mode: ‘{mode}’"));
    }
    change_owned(os, exec, operands, options.has("R"), "changing permissions of", |entry| {
        entry.mode = new_mode(mode, entry.mode).unwrap_or(entry.mode);
    })
}

fn new_mode(text: &str, before: u32) -> Option<u32> {
    if let Ok(mode) = u32::from_str_radix(text, 8) {
        return Some(mode & 0o7777);
    }
    let mut mode = before;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let who = if at == 0 { "a" } else { &clause[..at] };
        let mut bits = 0;
        for letter in clause[at + 1..].chars() {
            bits |= match letter {
                'r' => 4,
                'w' => 2,
                'x' | 'X' => 1,
                _ => return None,
            };
        }
        for one in who.chars() {
            let shifts: &[u32] = match one {
                'u' => &[6],
                'g' => &[3],
                'o' => &[0],
                'a' => &[6, 3, 0],
                _ => return None,
            };
            for shift in shifts {
                mode = match &clause[at..=at] {
                    "+" => mode | bits << shift,
                    "-" => mode & !(bits << shift),
                    _ => mode & !(7 << shift) | bits << shift,
                };
            }
        }
    }
    Some(mode)
}

/// `chown [-R] OWNER[:GROUP] FILE…`
pub fn chown(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("chown", &["R,recursive"], &[]), &exec.argv[1..]);
    let Some((owner, operands)) = options.operands.split_first() else {
        return Output::fail(1, "chown: missing operand");
    };
    let user = owner.split([':', '.']).next().unwrap_or_default().to_owned();
    if !user.is_empty() && super::super::accounts::find(os.machine, &user).is_none() {
        return Output::fail(1, format!("chown: invalid user: ‘{owner}’"));
    }
    if exec.user != "root" {
        let first = operands.first().map(String::as_str).unwrap_or_default();
        return Output::fail(1, format!("chown: changing ownership of '{first}': Operation not permitted"));
    }
    change_owned(os, exec, operands, options.has("R"), "changing ownership of", |entry| {
        if !user.is_empty() {
            entry.owner = user.clone();
        }
    })
}

fn change_owned(
    os: &mut Os<'_>,
    exec: &Exec,
    operands: &[String],
    recursive: bool,
    doing: &str,
    change: impl Fn(&mut Entry),
) -> Output {
    let program = super::name(exec);
    let mut work = Work::default();
    for operand in operands {
        let path = super::path(exec, operand);
        match os.machine.files.entry(&path) {
            None => work.complain(1, format!("{program}: cannot access '{operand}': No such file or directory")),
            Some(entry) if exec.user != "root" && entry.owner != exec.user => {
                work.complain(1, format!("{program}: {doing} '{operand}': Operation not permitted"));
            }
            Some(_) => {
                for (path, mut entry) in tree(os.machine, &path) {
                    if recursive || path == super::path(exec, operand) {
                        change(&mut entry);
                        os.machine.files.protect(&path, entry.mode, &entry.owner);
                    }
                }
            }
        }
    }
    work.0
}

/// `stat -c FORMAT FILE…` with `%a %A %U %G %n %s %F`.
pub fn stat(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("stat", &[], &["c,format"]), &exec.argv[1..]);
    let Some(format) = options.value("c") else { return Output::fail(2, "lab: stat without -c is not simulated") };
    let mut work = Work::default();
    for operand in &options.operands {
        let path = super::path(exec, operand);
        let Some(entry) = os.machine.files.entry(&path) else {
            work.complain(1, format!("stat: cannot statx '{operand}': No such file or directory"));
            continue;
        };
        let mut letters = format.chars();
        while let Some(one) = letters.next() {
            if one != '%' {
                work.0.stdout.push(one);
                continue;
            }
            let value = match letters.next() {
                Some('a') => format!("{:o}", entry.mode),
                Some('A') => mode_text(entry),
                Some('U' | 'G') => entry.owner.clone(),
                Some('n') => operand.clone(),
                Some('s') => entry.content.as_ref().map_or(4096, String::len).to_string(),
                Some('F') => (if entry.content.is_none() { "directory" } else { "regular file" }).to_owned(),
                other => {
                    let letter = other.map(String::from).unwrap_or_default();
                    return Output::fail(2, format!("lab: stat: %{letter} is not simulated"));
                }
            };
            work.0.stdout.push_str(&value);
        }
        work.0.stdout.push('\n');
    }
    work.0
}

/// `touch FILE…`
pub fn touch(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("touch", &["c,no-create"], &[]), &exec.argv[1..]);
    let mut work = Work::default();
    for operand in &options.operands {
        let path = super::path(exec, operand);
        let text = os.machine.files.read(&path).unwrap_or_default().to_owned();
        if os.machine.files.exists(&path) || options.has("c") {
            continue;
        }
        let umask = os.umask;
        if let Err(error) = paths::write(os.machine, &exec.user, &path, &text, umask) {
            work.complain(1, format!("touch: cannot touch '{operand}': {error}"));
        }
    }
    work.0
}
