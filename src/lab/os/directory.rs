//! What the operating system sees of YunoHost: accounts and groups of its directory, its settings, its web server.
//! The one place where this room asks the YunoHost room.

use super::Machine;
use super::accounts::Account;

/// An account of the directory.
pub fn account(_machine: &Machine, _name: &str) -> Option<Account> {
    None
}

/// Names of the accounts of the directory.
pub fn names(_machine: &Machine) -> Vec<String> {
    Vec::new()
}

/// Whether this is the password of an account of the directory; `None` when the directory does not decide.
pub fn password_is(_machine: &Machine, _name: &str, _password: &str) -> Option<bool> {
    None
}

/// Whether administrators use sudo without a password (`security.password.passwordless_sudo`).
pub fn passwordless_sudo(_machine: &Machine) -> bool {
    false
}

/// Domains that the web server answers for.
pub fn serves(_machine: &Machine, _name: &str) -> bool {
    false
}

/// Whether a client trusts the certificate of a domain.
pub fn certificate_trusted(_machine: &Machine, _domain: &str) -> bool {
    false
}
