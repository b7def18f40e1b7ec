//! The programs of a machine, by family, and how one is found and started.

mod checksum;
mod dig;
mod disks;
mod files;
mod find;
mod grep;
mod identity;
mod installer;
mod network;
mod options;
mod packages;
mod printing;
mod pve;
mod sed;
mod services;
mod ssh;
mod switch;
mod system;
mod text;
mod transient;
mod yunohost;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::paths::{self, Errno, Want};
use super::process::Os;
use super::{Exec, Machine, Output};

/// What a program is here.
type Program = fn(&mut Os<'_>, &Exec) -> Output;

/// What [`start`] leaves on standard error, with exit 127, when nothing of that name exists: a shell says it in its own words.
pub const NOT_FOUND: &str = "No such file or directory\n";

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program: name, folder, package that brings it (empty: always there), what it does.
type Entry = (&'static str, &'static str, &'static str, Program);

/// Every simulated program.
const PROGRAMS: &[Entry] = &[
    ("[", "/usr/bin", "", printing::test),
    ("apt-get", "/usr/bin", "", packages::apt_get),
    ("base64", "/usr/bin", "", text::base64),
    ("bash", "/bin", "", switch::shell),
    ("blkid", "/usr/sbin", "", disks::blkid),
    ("cat", "/usr/bin", "", text::cat),
    ("chmod", "/usr/bin", "", files::chmod),
    ("chown", "/usr/bin", "", files::chown),
    ("cloud-init", "/usr/bin", "cloud-init", system::cloud_init),
    ("cp", "/usr/bin", "", files::copy),
    ("curl", "/usr/bin", "curl", network::curl),
    ("cut", "/usr/bin", "", text::cut),
    ("date", "/usr/bin", "", system::date),
    ("df", "/usr/bin", "", disks::df),
    ("dpkg", "/usr/bin", "", packages::dpkg),
    ("dpkg-query", "/usr/bin", "", packages::dpkg_query),
    ("echo", "/usr/bin", "", printing::echo),
    ("dig", "/usr/bin", "bind9-dnsutils", dig::dig),
    ("env", "/usr/bin", "", switch::env),
    ("fail2ban-client", "/usr/bin", "fail2ban", yunohost::fail2ban_client),
    ("false", "/usr/bin", "", printing::falsehood),
    ("find", "/usr/bin", "", find::find),
    ("findmnt", "/usr/bin", "", disks::findmnt),
    ("getent", "/usr/bin", "", identity::getent),
    ("grep", "/usr/bin", "", grep::grep),
    ("head", "/usr/bin", "", text::head),
    ("hostname", "/usr/bin", "", system::hostname),
    ("hostnamectl", "/usr/bin", "", system::hostnamectl),
    ("id", "/usr/bin", "", identity::id),
    ("ip", "/usr/sbin", "", network::ip),
    ("journalctl", "/usr/bin", "", services::journalctl),
    ("kill", "/usr/bin", "", system::kill),
    ("ldapsearch", "/usr/bin", "ldap-utils", yunohost::ldapsearch),
    ("ldapwhoami", "/usr/bin", "ldap-utils", yunohost::ldapwhoami),
    ("ls", "/usr/bin", "", files::list),
    ("lsblk", "/usr/bin", "", disks::lsblk),
    ("mariadb", "/usr/bin", "mariadb-server", yunohost::database),
    ("mkdir", "/usr/bin", "", files::make_folder),
    ("mkfs.ext4", "/usr/sbin", "", disks::make_ext4),
    ("mount", "/usr/bin", "", disks::mount),
    ("mountpoint", "/usr/bin", "", disks::mountpoint),
    ("mv", "/usr/bin", "", files::rename),
    ("mysql", "/usr/bin", "mariadb-server", yunohost::database),
    ("nft", "/usr/sbin", "nftables", yunohost::nft),
    ("php8.3", "/usr/bin", "", yunohost::php),
    ("php8.4", "/usr/bin", "", yunohost::php),
    ("ping", "/usr/bin", "", network::ping),
    ("postconf", "/usr/sbin", "postfix", yunohost::postconf),
    ("printf", "/usr/bin", "", printing::printf),
    ("pvesh", "/usr/bin", "pve-manager", pve::pvesh),
    ("pveversion", "/usr/bin", "pve-manager", pve::pveversion),
    ("reboot", "/usr/sbin", "", system::reboot),
    ("rm", "/usr/bin", "", files::remove),
    ("rmdir", "/usr/bin", "", files::remove_folder),
    ("runuser", "/usr/sbin", "", switch::runuser),
    ("sed", "/usr/bin", "", sed::sed),
    ("sh", "/bin", "", switch::shell),
    ("sha256sum", "/usr/bin", "", checksum::checksum),
    ("sha512sum", "/usr/bin", "", checksum::checksum),
    ("sleep", "/usr/bin", "", printing::sleep),
    ("sort", "/usr/bin", "", text::sort),
    ("sshd", "/usr/sbin", "", ssh::sshd),
    ("stat", "/usr/bin", "", files::stat),
    ("su", "/usr/bin", "", switch::su),
    ("sudo", "/usr/bin", "sudo", switch::sudo),
    ("sync", "/usr/bin", "", printing::truth),
    ("systemctl", "/usr/bin", "", services::systemctl),
    ("systemd-run", "/usr/bin", "", transient::systemd_run),
    ("tail", "/usr/bin", "", text::tail),
    ("tar", "/usr/bin", "", yunohost::tar),
    ("tee", "/usr/bin", "", text::tee),
    ("test", "/usr/bin", "", printing::test),
    ("timeout", "/usr/bin", "", switch::timeout),
    ("touch", "/usr/bin", "", files::touch),
    ("tr", "/usr/bin", "", text::tr),
    ("true", "/usr/bin", "", printing::truth),
    ("udevadm", "/usr/bin", "", disks::udevadm),
    ("umount", "/usr/bin", "", disks::umount),
    ("uname", "/usr/bin", "", system::uname),
    ("uniq", "/usr/bin", "", text::uniq),
    ("wc", "/usr/bin", "", text::wc),
    ("wget", "/usr/bin", "wget", network::wget),
    ("whoami", "/usr/bin", "", identity::whoami),
    ("wipefs", "/usr/sbin", "", disks::wipefs),
    ("yunohost", "/usr/bin", "yunohost", yunohost::yunohost),
];

/// Programs of the lab itself, started by its own scripts and boots: no real machine has them.
const INTERNAL: &[(&str, Program)] = &[
    ("lab-boot", system::boot_services),
    ("lab-cloud-final", system::cloud_final),
    (installer::PROGRAM, installer::installer),
];

/// Programs that every Debian has but that are not simulated.
const NOT_SIMULATED: &[&str] = &[
    "apt",
    "awk",
    "basename",
    "cmp",
    "comm",
    "crontab",
    "dd",
    "diff",
    "dirname",
    "expr",
    "fdisk",
    "file",
    "free",
    "fsck",
    "groupadd",
    "gzip",
    "install",
    "iptables",
    "less",
    "ln",
    "login",
    "logger",
    "loginctl",
    "lsof",
    "mawk",
    "mktemp",
    "nano",
    "nc",
    "nohup",
    "nproc",
    "openssl",
    "paste",
    "perl",
    "pgrep",
    "pkill",
    "ps",
    "pvesm",
    "python3",
    "qm",
    "readlink",
    "realpath",
    "rev",
    "rsync",
    "scp",
    "seq",
    "setsid",
    "sftp",
    "sgdisk",
    "shutdown",
    "split",
    "ss",
    "ssh",
    "ssh-keygen",
    "tac",
    "time",
    "timedatectl",
    "truncate",
    "tty",
    "umask",
    "useradd",
    "userdel",
    "usermod",
    "vi",
    "vim",
    "watch",
    "which",
    "whiptail",
    "xargs",
    "zcat",
];

const BINARY_FOLDERS: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// The name a program was called by, without its folder.
pub fn name(exec: &Exec) -> &str {
    paths::base_name(exec.argv.first().map(String::as_str).unwrap_or_default())
}

/// A path as the program sees it: relative to its working directory.
pub fn path(exec: &Exec, operand: &str) -> String {
    paths::absolute(exec.env.get("PWD").map(String::as_str).unwrap_or("/"), operand)
}

/// Whether something is there: a file, a folder, a device.
pub fn exists(os: &Os<'_>, path: &str) -> bool {
    os.machine.files.exists(path)
        || matches!(path, "/dev/null" | "/dev/urandom" | "/dev/zero")
        || os.machine.disks.iter().any(|disk| disk.has_device(path))
}

/// A duration as `sleep` takes it, in microseconds.
pub fn sleep_us(text: &str) -> Option<u64> {
    printing::duration_us(text)
}

/// 32 bytes that depend on the seed, the entity and the operation only.
pub fn keyed_bytes(seed: u64, entity: &str, operation: &str) -> [u8; 32] {
    Sha256::digest(format!("{seed}/{operation}/{entity}")).into()
}

/// The environment of a process: the usual one of its account, and what it was given.
pub fn environment(machine: &Machine, exec: &Exec) -> BTreeMap<String, String> {
    let account = super::accounts::find(machine, &exec.user);
    let home = account.as_ref().map_or("/", |account| account.home.as_str());
    let shell = account.as_ref().map_or("/bin/sh", |account| account.shell.as_str());
    let usual =
        [("PATH", PATH), ("HOME", home), ("USER", &exec.user), ("LOGNAME", &exec.user), ("SHELL", shell), ("PWD", "/")];
    let mut env: BTreeMap<String, String> =
        usual.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    env.extend(exec.env.clone());
    env
}

fn entry(machine: &Machine, name: &str) -> Option<&'static Entry> {
    PROGRAMS
        .iter()
        .find(|(one, _, package, _)| *one == name && (package.is_empty() || machine.packages.installed(package)))
}

/// Where a program is; `None` when there is none of that name.
pub fn path_of(machine: &Machine, name: &str) -> Option<String> {
    if name.contains('/') {
        return machine.files.exists(name).then(|| name.to_owned());
    }
    if let Some((name, folder, _, _)) = entry(machine, name) {
        return Some(format!("{folder}/{name}"));
    }
    NOT_SIMULATED.contains(&name).then(|| format!("/usr/bin/{name}"))
}

/// Finds a program and runs it.
pub fn start(os: &mut Os<'_>, exec: &Exec) -> Output {
    let Some(called) = exec.argv.first() else { return Output::fail(127, NOT_FOUND.trim_end()) };
    let name = match called.rsplit_once('/') {
        None => called.as_str(),
        Some((folder, name)) if BINARY_FOLDERS.contains(&folder) && !os.machine.files.exists(called) => name,
        Some(_) => return script_file(os, exec, called),
    };
    if let Some((_, program)) = INTERNAL.iter().find(|(one, _)| *one == name) {
        return program(os, exec);
    }
    if let Some((_, _, _, program)) = entry(os.machine, name) {
        return program(os, exec);
    }
    if NOT_SIMULATED.contains(&name) {
        return Output::fail(127, format!("lab: {name} is not simulated"));
    }
    Output { exit: 127, stderr: NOT_FOUND.to_owned(), ..Output::default() }
}

/// Runs a file that begins with `#!/bin/sh` or the like.
fn script_file(os: &mut Os<'_>, exec: &Exec, called: &str) -> Output {
    let path = path(exec, called);
    let allowed = paths::check(os.machine, &exec.user, &path, Want::Execute)
        .and_then(|()| os.machine.files.read(&path).map(str::to_owned).ok_or(Errno::Denied));
    let script = match allowed {
        Ok(script) => script,
        Err(Errno::Missing) => return Output { exit: 127, stderr: NOT_FOUND.to_owned(), ..Output::default() },
        Err(error) => return Output::fail(126, format!("{called}: {error}")),
    };
    let first = script.lines().next().unwrap_or_default();
    let interpreter = match first.strip_prefix("#!").map(str::trim) {
        Some("/bin/sh" | "/usr/bin/sh" | "/bin/dash") => "sh",
        Some("/bin/bash" | "/usr/bin/bash" | "/usr/bin/env bash") => "bash",
        _ => return Output::fail(126, format!("lab: {called}: only shell scripts can be run")),
    };
    let mut inner = exec.clone();
    inner.argv[0] = interpreter.to_owned();
    os.stdin_used = true;
    os.run_script(&inner, &script, called, &exec.argv[1..])
}

/// Whether a program only runs others: when it is cut short, what its children did stays.
pub fn is_wrapper(exec: &Exec) -> bool {
    const WRAPPERS: [&str; 8] = ["bash", "env", "lab-cloud-final", "runuser", "sh", "su", "sudo", "timeout"];
    let called = exec.argv.first().map(String::as_str).unwrap_or_default();
    let is_script = called.rsplit_once('/').is_some_and(|(folder, _)| !BINARY_FOLDERS.contains(&folder));
    is_script || WRAPPERS.contains(&name(exec))
}

/// What a program leaves behind when it is killed in the middle of its work.
pub fn interrupted(os: &mut Os<'_>, exec: &Exec) {
    match name(exec) {
        installer::PROGRAM => installer::leave_half_done(os, exec),
        "apt-get" => packages::leave_half_done(os, exec),
        "yunohost" => yunohost::leave_half_done(os, exec),
        _ => {}
    }
}
