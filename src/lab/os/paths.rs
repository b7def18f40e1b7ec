//! Reaching files as an account: paths, permissions, the error words of the C library.

use super::Machine;

/// Why a file cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// ENOENT
    Missing,
    /// EACCES
    Denied,
    /// EISDIR
    IsFolder,
    /// ENOTDIR
    NotFolder,
    /// EEXIST
    Exists,
}

impl std::fmt::Display for Errno {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Errno::Missing => "No such file or directory",
            Errno::Denied => "Permission denied",
            Errno::IsFolder => "Is a directory",
            Errno::NotFolder => "Not a directory",
            Errno::Exists => "File exists",
        })
    }
}

/// What an account wants of a file: the bits of a mode's digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Execute, or enter a folder.
    Execute = 1,
    /// Change.
    Write = 2,
    /// Read.
    Read = 4,
}

/// An absolute path without `.`, `..`, doubled or trailing slashes.
pub fn absolute(cwd: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The folder above a path.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether the account may do that with what is at the path (absolute), folders above it included.
///
/// # Errors
/// What the C library would say.
pub fn check(machine: &Machine, user: &str, path: &str, want: Want) -> Result<(), Errno> {
    reach(machine, user, path)?;
    if path == "/" {
        return if user == "root" || want != Want::Write { Ok(()) } else { Err(Errno::Denied) };
    }
    let entry = machine.files.entry(path).ok_or(Errno::Missing)?;
    if user == "root" {
        // Root reads and writes everything, but executes only what somebody may execute.
        let runs = want != Want::Execute || entry.content.is_none() || entry.mode & 0o111 != 0;
        return if runs { Ok(()) } else { Err(Errno::Denied) };
    }
    let shift = if entry.owner == user { 6 } else { 0 };
    if entry.mode >> shift & want as u32 != 0 { Ok(()) } else { Err(Errno::Denied) }
}

/// Whether every folder above the path is there and can be entered.
fn reach(machine: &Machine, user: &str, path: &str) -> Result<(), Errno> {
    for (at, _) in path.match_indices('/').skip(1) {
        let entry = machine.files.entry(&path[..at]).ok_or(Errno::Missing)?;
        if entry.content.is_some() {
            return Err(Errno::NotFolder);
        }
        let shift = if entry.owner == user { 6 } else { 0 };
        if user != "root" && entry.mode >> shift & 1 == 0 {
            return Err(Errno::Denied);
        }
    }
    Ok(())
}

/// Reads a text file.
///
/// # Errors
/// What the C library would say.
pub fn read(machine: &Machine, user: &str, path: &str) -> Result<String, Errno> {
    if path == "/dev/null" {
        return Ok(String::new());
    }
    check(machine, user, path, Want::Read)?;
    machine.files.read(path).map(str::to_owned).ok_or(Errno::IsFolder)
}

/// Whether the account may write a file there: an existing one must be writable, a new one needs a writable folder.
///
/// # Errors
/// What the C library would say.
pub fn may_write(machine: &Machine, user: &str, path: &str) -> Result<(), Errno> {
    if path == "/dev/null" {
        return Ok(());
    }
    match machine.files.entry(path) {
        Some(entry) if entry.content.is_none() => Err(Errno::IsFolder),
        Some(_) => check(machine, user, path, Want::Write),
        None if path == "/" => Err(Errno::IsFolder),
        None => {
            let folder = parent(path);
            if machine.files.read(folder).is_some() {
                return Err(Errno::NotFolder);
            }
            check(machine, user, folder, Want::Write)
        }
    }
}

/// Writes a file whole; a new one belongs to the account, with the mode that the mask leaves.
///
/// # Errors
/// What the C library would say.
pub fn write(machine: &mut Machine, user: &str, path: &str, text: &str, umask: u32) -> Result<(), Errno> {
    may_write(machine, user, path)?;
    if path == "/dev/null" {
        return Ok(());
    }
    if machine.files.exists(path) {
        machine.files.write(path, text);
    } else {
        machine.files.create(path, 0o666 & !umask, user, text);
    }
    Ok(())
}
