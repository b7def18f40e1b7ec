//! Debian's package programs: `apt-get`, `dpkg`, `dpkg-query`.

use super::options::{Known, Options};
use super::text::options;
use crate::os::packages;
use crate::os::process::Os;
use crate::os::{Exec, Output};

const UPDATE_US: u64 = 6_000_000;
const INSTALL_US: u64 = 8_000_000;
const UPGRADE_EACH_US: u64 = 2_500_000;
const INTERRUPTED: &str =
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. ";
const NOT_ROOT: &str = "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n\
                        E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?";

/// `apt-get [-y] [-q] [-o …] update|install|remove|purge|upgrade|dist-upgrade|full-upgrade|autoremove|clean`
pub fn apt_get(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known {
        program: "apt-get",
        flags: &[
            "y,yes,assume-yes",
            "q,quiet",
            "s,simulate,dry-run",
            "no-install-recommends",
            "purge",
            "allow-releaseinfo-change",
            "only-upgrade",
            "autoremove",
        ],
        values: &["o,option"],
        anywhere: true,
    };
    let options = options!(known, &exec.argv[1..]);
    let Some((verb, names)) = options.operands.split_first() else {
        return Output::fail(1, "E: Invalid operation");
    };
    if exec.user != "root" {
        return Output::fail(100, NOT_ROOT);
    }
    if os.machine.take_failure("apt-get") {
        leave_half_done(os, exec);
        return Output::fail(100, "E: Sub-process /usr/bin/dpkg returned an error code (1)");
    }
    match verb.as_str() {
        "update" => update(os),
        "clean" => Output::default(),
        "install" | "remove" | "purge" | "upgrade" | "dist-upgrade" | "full-upgrade" | "autoremove"
            if os.machine.packages.interrupted =>
        {
            Output::fail(100, INTERRUPTED)
        }
        "install" => install(os, names, &options),
        "remove" | "purge" => remove(os, names),
        "upgrade" | "dist-upgrade" | "full-upgrade" => upgrade(os, options.has("s")),
        "autoremove" => Output::out("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"),
        other => Output::fail(100, format!("lab: apt-get {other} is not simulated")),
    }
}

fn update(os: &mut Os<'_>) -> Output {
    if !os.machine.online() {
        // apt-get warns and goes on with what it has: exit 0.
        let warning = "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving \
                       'deb.debian.org'\nW: Some index files failed to download. They have been ignored, or old ones used instead.\n";
        return Output { stderr: warning.to_owned(), duration_us: 3 * UPDATE_US, ..Output::default() };
    }
    os.machine.packages.lists = true;
    let now = os.now();
    if let Some(yunohost) = &mut os.machine.yunohost {
        yunohost.tools.lists_fetched_at = now;
    }
    Output { duration_us: UPDATE_US, ..Output::out("Reading package lists...\n") }
}

fn install(os: &mut Os<'_>, names: &[String], options: &Options) -> Output {
    let missing: Vec<&String> = names.iter().filter(|name| !os.machine.packages.installed(name)).collect();
    let mut talk = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n".to_owned();
    if options.has("only-upgrade") || missing.is_empty() {
        for name in names {
            if let Some(version) = os.machine.packages.version(name) {
                talk.push_str(&format!("{name} is already the newest version ({version}).\n"));
            }
        }
        talk.push_str("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n");
        return Output { duration_us: 1_000_000, ..Output::out(talk) };
    }
    if !os.machine.packages.lists {
        let name = missing[0];
        return Output {
            exit: 100,
            stdout: talk,
            stderr: format!("E: Unable to locate package {name}\n"),
            duration_us: 1_000_000,
            ..Output::default()
        };
    }
    if let Some(unknown) = missing.iter().find(|name| packages::candidate(os.machine, name).is_none()) {
        return Output::fail(100, format!("lab: apt-get: package {unknown} is not simulated"));
    }
    if !os.machine.online() {
        let stderr = "E: Failed to fetch http://deb.debian.org/debian/pool/  Temporary failure resolving 'deb.debian.org'\n\
                      E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n";
        return Output {
            exit: 100,
            stdout: talk,
            stderr: stderr.to_owned(),
            duration_us: 2 * UPDATE_US,
            ..Output::default()
        };
    }
    if options.has("s") {
        talk.extend(missing.iter().map(|name| format!("Inst {name}\n")));
        return Output::out(talk);
    }
    let count = missing.len() as u64;
    for name in missing {
        packages::install(os.machine, name);
        talk.push_str(&format!("Setting up {name} ({}) ...\n", os.machine.packages.version(name).unwrap_or_default()));
    }
    Output { duration_us: INSTALL_US * count, ..Output::out(talk) }
}

fn remove(os: &mut Os<'_>, names: &[String]) -> Output {
    let mut talk = String::new();
    for name in names {
        if os.machine.packages.remove(name) {
            os.machine.units.known.remove(&format!("{name}.service"));
            talk.push_str(&format!("Removing {name} ...\n"));
        } else {
            talk.push_str(&format!("Package '{name}' is not installed, so not removed\n"));
        }
    }
    Output { duration_us: 3_000_000, ..Output::out(talk) }
}

fn upgrade(os: &mut Os<'_>, only_shows: bool) -> Output {
    let count = if os.machine.packages.lists { os.machine.packages.upgradable } else { 0 };
    let talk = format!("{count} upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n");
    if only_shows || count == 0 {
        return Output { duration_us: 1_000_000, ..Output::out(talk) };
    }
    if !os.machine.online() {
        return Output::fail(
            100,
            "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?",
        );
    }
    os.machine.packages.upgradable = 0;
    Output { duration_us: UPGRADE_EACH_US * u64::from(count), ..Output::out(talk) }
}

/// What a killed `apt-get` leaves: dpkg in the middle of its work, when it had begun.
pub fn leave_half_done(os: &mut Os<'_>, exec: &Exec) {
    let changes = ["install", "remove", "purge", "upgrade", "dist-upgrade", "full-upgrade"];
    if exec.argv.iter().any(|word| changes.contains(&word.as_str())) {
        os.machine.packages.interrupted = true;
    }
}

/// `dpkg --configure -a`, `dpkg -s NAME`, `dpkg --get-selections`, `dpkg -l [NAME]`
pub fn dpkg(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--configure", "-a"] => {
            if exec.user != "root" {
                return Output::fail(2, "dpkg: error: requested operation requires superuser privilege");
            }
            os.machine.packages.interrupted = false;
            Output { duration_us: 5_000_000, ..Output::default() }
        }
        ["--get-selections"] => Output::out(
            os.machine.packages.all().map(|(name, _)| format!("{name}\t\t\t\t\tinstall\n")).collect::<String>(),
        ),
        ["--print-architecture"] => Output::out("amd64\n"),
        ["-s" | "--status", name] => match os.machine.packages.version(name) {
            Some(version) => {
                Output::out(format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n"))
            }
            None => Output::fail(
                1,
                format!("dpkg-query: package '{name}' is not installed and no information is available"),
            ),
        },
        _ => Output::fail(2, format!("lab: dpkg {} is not simulated", words.join(" "))),
    }
}

/// `dpkg-query -W [-f FORMAT] [NAME…]`
pub fn dpkg_query(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "dpkg-query", flags: &["W,show"], values: &["f,showformat"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    if !options.has("W") {
        return Output::fail(2, "lab: dpkg-query without -W is not simulated");
    }
    // dpkg's own option reader takes `-f=FORMAT` as well as `-fFORMAT`.
    let format = options.value("f").map_or("${Package}\\t${Version}\\n", |text| text.trim_start_matches('='));
    let mut output = Output::default();
    let all: Vec<String> = os.machine.packages.all().map(|(name, _)| name.to_owned()).collect();
    for name in if options.operands.is_empty() { &all } else { &options.operands } {
        match os.machine.packages.version(name) {
            Some(version) => output.stdout.push_str(
                &format
                    .replace("${Package}", name)
                    .replace("${binary:Package}", name)
                    .replace("${Version}", version)
                    .replace("${Status}", "install ok installed")
                    .replace("${db:Status-Status}", "installed")
                    .replace("\\t", "\t")
                    .replace("\\n", "\n"),
            ),
            None => {
                output.exit = 1;
                output.stderr.push_str(&format!("dpkg-query: no packages found matching {name}\n"));
            }
        }
    }
    output
}
