//! Programs that a YunoHost server has besides the usual ones: `yunohost`, the mail, directory and firewall tools, the
//! databases and the apps' own commands.

use std::collections::BTreeMap;

use super::options::Known;
use super::text::options;
use crate::lab::os::process::Os;
use crate::lab::os::{Exec, Machine, Output, directory, paths};
use crate::lab::yunohost as ynh;

/// `yunohost …`: answered by the YunoHost room.
pub fn yunohost(os: &mut Os<'_>, exec: &Exec) -> Output {
    os.uses_yunohost = true;
    let around = os.around_now();
    ynh::run(os.machine, exec, around)
}

/// What a killed `yunohost` leaves: its lock with the number of a process that is gone.
pub fn leave_half_done(os: &mut Os<'_>, _exec: &Exec) {
    let pid = os.machine.units.take_pid();
    os.machine.files.write(ynh::lock::PATH, pid.to_string());
}

/// Whether the web server answers for this name.
pub fn serves(machine: &Machine, name: &str) -> bool {
    directory::serves(machine, name)
}

/// Whether the web server runs.
pub fn web_server_runs(machine: &Machine) -> bool {
    machine.yunohost.is_some() && machine.units.active("nginx.service")
}

/// Whether a client trusts the certificate of a domain.
pub fn certificate_trusted(machine: &Machine, domain: &str) -> bool {
    directory::certificate_trusted(machine, domain)
}

/// A request to the web server of this machine.
pub fn web(
    os: &mut Os<'_>,
    domain: &str,
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
) -> (u16, String) {
    let _ = (os, domain, method, path, headers, body);
    (404, "<html><head><title>404 Not Found</title></head></html>".to_owned())
}

/// `postconf [-h] [NAME…]`: settings of `main.cf`.
pub fn postconf(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(Known { program: "postconf", flags: &["h"], values: &[], anywhere: true }, &exec.argv[1..]);
    if options.operands.is_empty() {
        return Output::fail(2, "lab: postconf without a name is not simulated");
    }
    let text = os.machine.files.read("/etc/postfix/main.cf").unwrap_or_default();
    let mut out = String::new();
    for name in &options.operands {
        let value = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
            .next_back();
        let value = value.unwrap_or_else(|| postfix_default(name));
        let line = if options.has("h") { value.to_owned() } else { format!("{name} = {value}") };
        out.push_str(&format!("{}\n", line.trim_end()));
    }
    Output::out(out)
}

fn postfix_default(name: &str) -> &'static str {
    match name {
        "smtp_sasl_auth_enable" | "smtpd_use_tls" => "no",
        "mydestination" => "$myhostname, localhost.$mydomain, localhost",
        "inet_interfaces" | "inet_protocols" => "all",
        _ => "",
    }
}

const SUDO_ENTRY: &str = "cn=admins,ou=sudo,dc=yunohost,dc=org";

/// `ldapsearch -x -H URL -LLL -b BASE [FILTER] ATTRIBUTES` for the entry of the administrators' sudo rights.
pub fn ldapsearch(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "ldapsearch", flags: &["x", "L"], values: &["H", "b", "s"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let Some(base) = options.value("b") else { return Output::fail(2, "lab: ldapsearch without -b is not simulated") };
    if base != SUDO_ENTRY {
        return Output::fail(2, format!("lab: ldapsearch: base {base} is not simulated"));
    }
    let attributes: Vec<&str> =
        options.operands.iter().map(String::as_str).filter(|word| !word.starts_with('(')).collect();
    let mut values = vec![("sudoCommand", "ALL"), ("sudoUser", "%admins")];
    if directory::passwordless_sudo(os.machine) {
        values.push(("sudoOption", "!authenticate"));
    }
    let mut out = format!("dn: {SUDO_ENTRY}\n");
    for (name, value) in values.iter().filter(|(name, _)| attributes.is_empty() || attributes.contains(name)) {
        out.push_str(&format!("{name}: {value}\n"));
    }
    Output::out(out + "\n")
}

/// `ldapwhoami -x -H URL -D DN -w PASSWORD`
pub fn ldapwhoami(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known = Known { program: "ldapwhoami", flags: &["x"], values: &["H", "D", "w"], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let (Some(dn), Some(password)) = (options.value("D"), options.value("w")) else {
        return Output::out("anonymous\n");
    };
    let user = dn.split(',').next().and_then(|part| part.strip_prefix("uid=")).unwrap_or_default();
    match directory::password_is(os.machine, user, password) {
        Some(true) => Output::out(format!("dn:{dn}\n")),
        _ => Output::fail(49, "ldap_bind: Invalid credentials (49)"),
    }
}

/// `nft list chain inet filter input`
pub fn nft(_os: &mut Os<'_>, exec: &Exec) -> Output {
    Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")))
}

/// Jails that YunoHost turns on (sheet YunoHost, section 2, and its recorded session).
const JAILS: [&str; 9] =
    ["dovecot", "nginx-http-auth", "pam-generic", "postfix", "recidive", "sasl", "sshd", "yunohost", "yunohost-portal"];

/// `fail2ban-client -d`: the start of every jail.
pub fn fail2ban_client(_os: &mut Os<'_>, exec: &Exec) -> Output {
    if exec.argv[1..] != ["-d"] {
        return Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")));
    }
    Output::out(JAILS.iter().map(|jail| format!("['add', '{jail}', 'auto']\n")).collect::<String>())
}

/// `mysql [-N] [-B] [-e STATEMENT] [DATABASE]`, statements on standard input without `-e`.
pub fn database(_os: &mut Os<'_>, exec: &Exec) -> Output {
    Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")))
}

/// `php8.4 [--define …] /var/www/nextcloud/occ …`
pub fn php(_os: &mut Os<'_>, exec: &Exec) -> Output {
    Output::fail(2, format!("lab: {} is not simulated", exec.argv.join(" ")))
}

/// `tar tf FILE`: archives of the lab are lists of the paths they hold, one per line.
pub fn tar(os: &mut Os<'_>, exec: &Exec) -> Output {
    let [mode, file] = &exec.argv[1..] else { return Output::fail(2, "lab: tar is simulated as tar tf FILE only") };
    if !matches!(mode.as_str(), "tf" | "-tf") {
        return Output::fail(2, "lab: tar is simulated as tar tf FILE only");
    }
    match paths::read(os.machine, &exec.user, &super::path(exec, file)) {
        Ok(text) => Output::out(text),
        Err(error) => {
            Output::fail(2, format!("tar: {file}: Cannot open: {error}\ntar: Error is not recoverable: exiting now"))
        }
    }
}
