//! Who may log in over SSH: sshd's settings, the account, its keys or its password.

use std::net::IpAddr;

use super::sshd::{self, Connection};
use super::{Machine, accounts};

/// What a client offers to prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// A public key in OpenSSH's text form, whose private half the client has proved to hold.
    PublicKey(&'a str),
    /// A password.
    Password(&'a str),
}

/// Whether sshd lets this account in from this address with this credential.
///
/// Before YunoHost's post-installation these are Debian's defaults (root by key only), after it YunoHost's own
/// configuration (sheet YunoHost, section 2): groups, root from private addresses, passwords on or off.
pub fn may_log_in(machine: &Machine, user: &str, address: IpAddr, offered: Credential<'_>) -> bool {
    let Ok(settings) = sshd::settings(machine, &Connection { user: Some(user), address: Some(address) }) else {
        return false;
    };
    let Some(account) = accounts::find(machine, user) else { return false };
    let mut groups = settings.values("allowgroups").peekable();
    if groups.peek().is_some() && !groups.any(|group| accounts::is_member(machine, user, group)) {
        return false;
    }
    let root_rule = if user == "root" { settings.value("permitrootlogin").unwrap_or("no") } else { "yes" };
    if root_rule == "no" {
        return false;
    }
    match offered {
        Credential::PublicKey(key) => {
            settings.value("pubkeyauthentication") == Some("yes")
                && authorised_key(machine, &account.home, key).is_some()
        }
        Credential::Password(password) => {
            settings.value("passwordauthentication") == Some("yes")
                && root_rule == "yes"
                && !password.is_empty()
                && accounts::password_matches(machine, user, password)
        }
    }
}

/// The options before a key in the account's `authorized_keys` (empty when there are none); `None` when the key is not in it.
pub fn authorised_key(machine: &Machine, home: &str, key: &str) -> Option<String> {
    let wanted = key_body(key)?;
    let text = machine.files.read(&format!("{home}/.ssh/authorized_keys"))?;
    text.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(|line| {
        let at = line.find(wanted)?;
        let before = line[..at].trim_end();
        let options = before.rsplit_once([' ', '\t']).map(|(options, _)| options.trim()).unwrap_or_default();
        Some(options.to_owned())
    })
}

/// The command that a key is bound to (`command="…"` in `authorized_keys`): sshd runs it instead of what was asked.
pub fn forced_command(machine: &Machine, user: &str, key: &str) -> Option<String> {
    let home = accounts::find(machine, user)?.home;
    let options = authorised_key(machine, &home, key)?;
    let rest = options.split_once("command=\"")?.1;
    let mut command = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => return Some(command),
            '\\' => command.extend(letters.next()),
            one => command.push(one),
        }
    }
}

/// The middle word of `type base64 comment`.
fn key_body(key: &str) -> Option<&str> {
    key.split_whitespace().find(|word| word.starts_with("AAAA"))
}
