//! YunoHost's official installer (sheet YunoHost, section 1): its checks, its steps, what it leaves when it is cut short.

use super::options::Known;
use crate::os::packages;
use crate::os::process::Os;
use crate::os::units::{Enablement, State};
use crate::os::{Exec, Machine, Output};
use crate::world::Moment;
use crate::yunohost::Yunohost;

/// The program behind the installer's script in the lab.
pub const PROGRAM: &str = "lab-yunohost-installer";

/// What the script's address answers: a script that hands over to [`PROGRAM`].
pub fn script(url: &str) -> String {
    let codename = if url.contains("trixie") { "trixie" } else { "bookworm" };
    format!("#!/bin/bash\n# Stands for YunoHost's installer in the lab.\nexec {PROGRAM} {codename} \"$@\"\n")
}

/// Time of the whole installation on a small server, and of the part before YunoHost's own packages.
const INSTALL_US: u64 = 240_000_000;
const UPGRADE_US: u64 = 60_000_000;

/// A package with its version, and its unit with its description.
type Brought = (&'static str, &'static str, Option<(&'static str, &'static str)>);

/// What installing YunoHost brings.
const BROUGHT: &[Brought] = &[
    ("yunohost", "12.1.40.1", Some(("yunohost-api.service", "YunoHost API Server"))),
    ("yunohost-admin", "12.1.14", None),
    ("yunohost-portal", "12.1.3", Some(("yunohost-portal-api.service", "YunoHost Portal API"))),
    ("moulinette", "12.1.4", None),
    ("ssowat", "12.1.2", None),
    ("nginx", "1.22.1-9+deb12u3", Some(("nginx.service", "A high performance web server and a reverse proxy server"))),
    ("postfix", "3.7.11-0+deb12u1", Some(("postfix.service", "Postfix Mail Transport Agent"))),
    ("dovecot-core", "1:2.3.19.1+dfsg1-2.1+deb12u1", Some(("dovecot.service", "Dovecot IMAP/POP3 email server"))),
    ("slapd", "2.5.13+dfsg-5", Some(("slapd.service", "OpenLDAP Server Daemon"))),
    ("nslcd", "0.9.12-4", Some(("nslcd.service", "LDAP connection daemon"))),
    ("bind9-dnsutils", "1:9.18.41-1~deb12u1", None),
    ("ldap-utils", "2.5.13+dfsg-5", None),
    ("dnsmasq", "2.90-4~deb12u1", Some(("dnsmasq.service", "A lightweight DHCP and caching DNS server"))),
    ("fail2ban", "1.0.2-2", Some(("fail2ban.service", "Fail2Ban Service"))),
    ("nftables", "1.0.6-2+deb12u2", Some(("nftables.service", "nftables"))),
    ("mariadb-server", "1:10.11.14-0+deb12u2", Some(("mariadb.service", "MariaDB database server"))),
    ("opendkim", "2.11.0~beta2-8+deb12u1", Some(("opendkim.service", "DomainKeys Identified Mail (DKIM) Milter"))),
];

/// `[-a] [-d stable|testing|unstable] [-f] [-h]` after the codename of the script.
pub fn installer(os: &mut Os<'_>, exec: &Exec) -> Output {
    let codename = exec.argv.get(1).map(String::as_str).unwrap_or("bookworm");
    let known = Known { program: "installer", flags: &["a", "f", "h", "i"], values: &["d"], anywhere: false };
    let Ok(options) = known.read(exec.argv.get(2..).unwrap_or_default()) else {
        return Output { exit: 1, stdout: "Usage: [-a] [-d <DISTRIB>] [-h]\n".to_owned(), ..Output::default() };
    };
    if options.has("h") {
        return Output::out("Usage: [-a] [-d <DISTRIB>] [-h]\n");
    }
    let log = log_path(os);
    let branch = options.value("d").unwrap_or("stable");
    let mut run = Run { log: log.clone(), stdout: String::new(), stderr: String::new() };
    if let Err((reason, waited_us)) = check(os, exec, codename, branch, options.has("f")) {
        return run.die(os, &reason, waited_us);
    }
    if !options.has("a") {
        // Its first question reads the terminal, and there is none.
        return run.die(os, "Installation cancelled at your request", 0);
    }
    run.say(" OK ", "checks passed");
    if os.machine.take_failure("installer") {
        leave_half_done(os, exec);
        return run.die(os, "Installation of Yunohost packages failed", INSTALL_US / 2);
    }
    upgrade_and_sources(os.machine, codename, branch);
    let fetched_at = os.now();
    bring_packages(os.machine, fetched_at);
    run.say("INFO", &format!("Installation logs are available in {log}"));
    run.say(" OK ", "YunoHost installation completed !");
    os.machine.files.append(&log, &run.stdout);
    Output { stdout: run.stdout, stderr: run.stderr, duration_us: INSTALL_US, ..Output::default() }
}

struct Run {
    log: String,
    stdout: String,
    stderr: String,
}

impl Run {
    fn say(&mut self, kind: &str, text: &str) {
        let colour = if kind == "INFO" { "34" } else { "32" };
        self.stdout.push_str(&format!("[\u{1b}[1m\u{1b}[{colour}m{kind}\u{1b}[0m] {text}\n"));
    }

    fn die(mut self, os: &mut Os<'_>, reason: &str, duration_us: u64) -> Output {
        self.stderr.push_str(&format!("[\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m] {reason}\n"));
        self.say("INFO", &format!("Installation logs are available in {}", self.log));
        if os.machine.files.exists("/var/log") {
            os.machine.files.append(&self.log, &format!("{}{}", self.stderr, self.stdout));
        }
        Output { exit: 1, stdout: self.stdout, stderr: self.stderr, duration_us, ..Output::default() }
    }
}

fn log_path(os: &Os<'_>) -> String {
    let moment = jiff::Timestamp::from_second(os.now().unix_seconds()).unwrap_or_default();
    format!("/var/log/yunohost-installation_{}.log", moment.strftime("%Y%m%d_%H%M%S"))
}

/// The refusals in their order, each with the time it takes to come to it.
fn check(os: &Os<'_>, exec: &Exec, codename: &str, branch: &str, force: bool) -> Result<(), (String, u64)> {
    let refuse = |reason: String| Err((reason, 300_000));
    let wanted = if codename == "trixie" { 13 } else { 12 };
    let title = if wanted == 13 { "Trixie" } else { "Bookworm" };
    if wanted == 13 && branch == "stable" {
        return refuse("Only unstable and testing branches are supported for Trixie right now.".to_owned());
    }
    let version = os.machine.files.read("/etc/debian_version").unwrap_or_default().trim();
    if os.machine.debian != wanted || !version.starts_with(&wanted.to_string()) {
        return refuse(format!(
            "YunoHost is only available for the version {wanted} ({title}) of Debian, you are using '{version}'."
        ));
    }
    let lsb = os.machine.files.read("/etc/lsb-release").unwrap_or_default().to_lowercase();
    if lsb.contains("ubuntu") || lsb.contains("mint") {
        return refuse(format!(
            "Please don't try to install YunoHost on an Ubuntu or Linux Mint system ... You need a 'raw' Debian {wanted} ({title})."
        ));
    }
    if exec.user != "root" {
        return refuse(
            "This script must be run as root. On most setups, the command 'sudo -i' can be run first to become root."
                .to_owned(),
        );
    }
    if !super::environment(os.machine, exec).get("PATH").is_some_and(|path| path.contains("/sbin")) {
        return refuse(
            "Your environment PATH variable must contain /sbin directory. Maybe try running 'PATH=/sbin:$PATH' to fix this."
                .to_owned(),
        );
    }
    if super::network::resolve(os, "yunohost.org").is_none() {
        let reason = "You need internet to use this script! yunohost.org did not respond to ping after more than 30s.";
        return Err((reason.to_owned(), 30_000_000));
    }
    for (package, title, needs) in [("apache2", "Apache", "nginx"), ("bind9", "Bind9", "dnsmasq")] {
        if os.machine.packages.installed(package) && !force {
            return refuse(format!(
                "{title} is installed on your system. YunoHost conflicts with {package} because it requires {needs}."
            ));
        }
    }
    if os.machine.packages.interrupted {
        return refuse("Unable to update the system".to_owned());
    }
    Ok(())
}

fn upgrade_and_sources(machine: &mut Machine, codename: &str, branch: &str) {
    machine.packages.lists = true;
    machine.packages.upgradable = 0;
    machine.files.make_folder("/etc/yunohost", 0o755, "root");
    let branches = match branch {
        "testing" => "stable testing",
        "unstable" => "stable testing unstable",
        _ => "stable",
    };
    machine.files.write(
        "/etc/apt/sources.list.d/yunohost.list",
        format!("deb [signed-by=/usr/share/keyrings/yunohost-archive-keyring.gpg] http://forge.yunohost.org/debian/ {codename} {branches}\n"),
    );
}

fn bring_packages(machine: &mut Machine, fetched_at: Moment) {
    for (package, version, unit) in BROUGHT {
        machine.packages.set(package, version);
        if let Some((unit, description)) = unit {
            // The API answers only after the post-installation; everything else runs at once.
            machine.units.add(unit, description, Enablement::Enabled, State::Active);
        }
    }
    for package in ["jq", "gnupg", "curl"] {
        packages::install(machine, package);
    }
    for (account, home) in [
        ("postfix", "/var/spool/postfix"),
        ("openldap", "/var/lib/ldap"),
        ("mysql", "/var/lib/mysql"),
        ("vmail", "/var/vmail"),
    ] {
        machine.accounts.add_system(account, home);
    }
    let yunohost = machine.yunohost.get_or_insert_with(|| Box::new(Yunohost::installed()));
    yunohost.tools.lists_fetched_at = fetched_at;
    machine.files.make_folder("/etc/yunohost/apps", 0o755, "root");
    machine.files.make_folder("/home/yunohost.app", 0o755, "root");
    machine.files.make_folder("/home/yunohost.backup/archives", 0o750, "root");
    machine.files.make_folder("/var/log/yunohost", 0o750, "root");
}

/// What a killed or failed installer leaves: the system upgraded, some packages unpacked, dpkg in the middle, and no
/// `yunohost` command.
pub fn leave_half_done(os: &mut Os<'_>, exec: &Exec) {
    let codename = exec.argv.get(1).map(String::as_str).unwrap_or("bookworm").to_owned();
    upgrade_and_sources(os.machine, &codename, "stable");
    let begun = os.killed_at_us.is_none_or(|at| at > UPGRADE_US);
    os.machine.packages.interrupted = true;
    if begun {
        for (package, version, _) in BROUGHT.iter().filter(|(package, _, _)| *package != "yunohost").take(6) {
            os.machine.packages.set(package, version);
        }
    }
}
