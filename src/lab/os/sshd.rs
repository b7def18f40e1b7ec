//! OpenSSH's server configuration: read as sshd reads it (first value wins, `Match` blocks, included folder).

use std::net::IpAddr;

use super::Machine;
use super::accounts;

/// The main configuration file.
pub const CONFIG: &str = "/etc/ssh/sshd_config";

/// What holds for one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

/// A configuration that sshd refuses: it would not start, nor print its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig(pub String);

/// Who connects from where, as far as `Match` blocks ask.
#[derive(Debug, Clone, Default)]
pub struct Connection<'a> {
    /// Account name.
    pub user: Option<&'a str>,
    /// Address of the client.
    pub address: Option<IpAddr>,
}

/// What holds when the configuration says nothing (OpenSSH 9.2), in the order in which `sshd -T` prints it.
const DEFAULTS: &[(&str, &str)] = &[
    ("port", "22"),
    ("addressfamily", "any"),
    ("usepam", "no"),
    ("logingracetime", "120"),
    ("maxauthtries", "6"),
    ("maxsessions", "10"),
    ("clientaliveinterval", "0"),
    ("clientalivecountmax", "3"),
    ("permitrootlogin", "without-password"),
    ("pubkeyauthentication", "yes"),
    ("passwordauthentication", "yes"),
    ("kbdinteractiveauthentication", "yes"),
    ("x11forwarding", "no"),
    ("permittty", "yes"),
    ("strictmodes", "yes"),
    ("tcpkeepalive", "yes"),
    ("permitemptypasswords", "no"),
    ("allowtcpforwarding", "yes"),
    ("allowagentforwarding", "yes"),
    (
        "ciphers",
        "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
    ),
    (
        "macs",
        "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
         hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,\
         hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    ),
    (
        "kexalgorithms",
        "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,\
         curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
         diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
         diffie-hellman-group14-sha256",
    ),
    (
        "hostkeyalgorithms",
        "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,\
         sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,\
         ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,\
         rsa-sha2-512,rsa-sha2-256",
    ),
    ("authenticationmethods", "any"),
];

/// Keywords that may be given several times and add up; every other keeps its first value.
const LISTS: &[&str] =
    &["allowgroups", "allowusers", "denygroups", "denyusers", "acceptenv", "hostkey", "listenaddress", "port"];

/// Keywords whose value is yes or no and nothing else.
const SWITCHES: &[&str] = &[
    "passwordauthentication",
    "pubkeyauthentication",
    "kbdinteractiveauthentication",
    "usepam",
    "x11forwarding",
    "permitemptypasswords",
    "printmotd",
    "strictmodes",
];

/// The settings of a machine for a connection.
///
/// # Errors
/// The message of an sshd that refuses its configuration.
pub fn settings(machine: &Machine, connection: &Connection<'_>) -> Result<Settings, BadConfig> {
    let mut given = Given::default();
    read_file(machine, CONFIG, connection, &mut given)?;
    // What a matching block says stands above the rest of the file.
    let Given { general, mut matched } = given;
    matched.extend(
        general.into_iter().filter(|(keyword, _)| !matched.iter().any(|(one, _)| one == keyword)).collect::<Vec<_>>(),
    );
    let found = matched;
    let mut lines: Vec<(String, String)> = Vec::new();
    for (keyword, default) in DEFAULTS {
        if *keyword == "authenticationmethods" {
            lines.extend(found.iter().filter(|(one, _)| ADMISSION.contains(&one.as_str())).cloned());
        }
        let mut given = found.iter().filter(|(one, _)| one == keyword).peekable();
        if given.peek().is_none() {
            lines.push(((*keyword).to_owned(), (*default).to_owned()));
        }
        lines.extend(given.cloned());
    }
    lines.extend(found.iter().filter(|(keyword, _)| !is_placed(keyword)).cloned());
    Ok(Settings(lines))
}

/// Who is admitted: `sshd -T` prints these before the authentication methods.
const ADMISSION: &[&str] = &["allowusers", "denyusers", "allowgroups", "denygroups"];

/// Whether the table of defaults gives a keyword its place.
fn is_placed(keyword: &str) -> bool {
    ADMISSION.contains(&keyword) || DEFAULTS.iter().any(|(one, _)| *one == keyword)
}

/// What a configuration says outside and inside of the blocks that match.
#[derive(Default)]
struct Given {
    general: Vec<(String, String)>,
    matched: Vec<(String, String)>,
}

fn read_file(machine: &Machine, path: &str, connection: &Connection<'_>, found: &mut Given) -> Result<(), BadConfig> {
    let Some(text) = machine.files.read(path) else { return Ok(()) };
    let (mut applies, mut in_block) = (true, false);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (keyword, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
        let value = value.split(" #").next().unwrap_or_default();
        let (keyword, value) = (keyword.to_ascii_lowercase(), value.trim().trim_matches('"'));
        // What a `Match` block holds is checked whether it applies or not.
        let word = value.split_whitespace().next().unwrap_or_default();
        let allowed: &[&str] = match keyword.as_str() {
            "permitrootlogin" => &["yes", "no", "without-password", "prohibit-password", "forced-commands-only"],
            switch if SWITCHES.contains(&switch) => &["yes", "no"],
            _ => &[],
        };
        if !allowed.is_empty() && !allowed.contains(&word) {
            return Err(BadConfig(format!("{path} line {}: unsupported option \"{word}\".", index + 1)));
        }
        match keyword.as_str() {
            "match" => {
                in_block = true;
                applies = matches_block(machine, value, connection);
            }
            _ if !applies => {}
            // Only one version is left: sshd ignores the keyword.
            "protocol" => {}
            "include" => {
                let folder = value.trim_end_matches("/*.conf");
                for name in machine.files.list(folder).into_iter().filter(|name| name.ends_with(".conf")) {
                    read_file(machine, &format!("{folder}/{name}"), connection, found)?;
                }
            }
            _ => take(if in_block { &mut found.matched } else { &mut found.general }, &keyword, value),
        }
    }
    Ok(())
}

fn take(found: &mut Vec<(String, String)>, keyword: &str, value: &str) {
    let keyword = match keyword {
        "challengeresponseauthentication" => "kbdinteractiveauthentication",
        other => other,
    };
    if LISTS.contains(&keyword) {
        found.extend(value.split_whitespace().map(|one| (keyword.to_owned(), one.to_owned())));
    } else if !found.iter().any(|(one, _)| one == keyword) {
        // `sshd -T` prints the old name of this value.
        let value = if value == "prohibit-password" { "without-password" } else { value };
        found.push((keyword.to_owned(), value.to_owned()));
    }
}

/// `Match Address 10.0.0.0/8,… User u Group g all`: every criterion must hold.
fn matches_block(machine: &Machine, criteria: &str, connection: &Connection<'_>) -> bool {
    let mut words = criteria.split_whitespace();
    while let Some(criterion) = words.next() {
        let holds = match criterion.to_ascii_lowercase().as_str() {
            "all" => true,
            "address" => {
                let list = words.next().unwrap_or_default();
                connection.address.is_some_and(|address| list.split(',').any(|net| contains(net, address)))
            }
            "user" => {
                let list = words.next().unwrap_or_default();
                connection.user.is_some_and(|user| matches_list(list, |pattern| pattern == user))
            }
            "group" => {
                let list = words.next().unwrap_or_default();
                connection
                    .user
                    .is_some_and(|user| matches_list(list, |group| accounts::is_member(machine, user, group)))
            }
            _ => {
                words.next();
                false
            }
        };
        if !holds {
            return false;
        }
    }
    true
}

/// `a,b,!c`: one of them holds and none of the negated ones.
fn matches_list(list: &str, holds: impl Fn(&str) -> bool) -> bool {
    let (denied, wanted): (Vec<&str>, Vec<&str>) = list.split(',').partition(|one| one.starts_with('!'));
    !denied.iter().any(|one| holds(&one[1..])) && wanted.iter().any(|one| *one == "*" || holds(one))
}

fn contains(net: &str, address: IpAddr) -> bool {
    match net.parse::<ipnet::IpNet>() {
        Ok(net) => net.contains(&address),
        Err(_) => net.parse::<IpAddr>().is_ok_and(|one| one == address),
    }
}

impl Settings {
    /// The value of a keyword (lower case).
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == keyword).map(|(_, value)| value.as_str())
    }

    /// All values of a keyword that adds up.
    pub fn values<'s>(&'s self, keyword: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(one, _)| one == keyword).map(|(_, value)| value.as_str())
    }

    /// As `sshd -T` prints them.
    pub fn lines(&self) -> String {
        self.0.iter().map(|(keyword, value)| format!("{keyword} {value}\n")).collect()
    }
}
