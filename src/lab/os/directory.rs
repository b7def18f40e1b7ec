//! What the operating system sees of YunoHost: accounts and groups of its directory, its settings, its web server.
//! The one place where this room asks the YunoHost room.

use std::collections::BTreeMap;

use super::Machine;
use super::accounts::Account;
use crate::yunohost::Yunohost;
use crate::yunohost::apps::Inside;
use crate::yunohost::dolibarr::http::dolibarr_http;
use crate::yunohost::nextcloud::nextcloud_http;
use crate::yunohost::state::Authority;

/// Number of the first account of the directory.
const FIRST_DIRECTORY_ID: u32 = 20_001;

fn yunohost(machine: &Machine) -> Option<&Yunohost> {
    machine.yunohost.as_deref()
}

/// An account of the directory.
pub fn account(machine: &Machine, name: &str) -> Option<Account> {
    let yunohost = yunohost(machine)?;
    let position = yunohost.users.iter().position(|user| user.username == name)?;
    let user = &yunohost.users[position];
    let mut groups = yunohost.groups_seen_by_system(name);
    groups.retain(|group| group != name);
    Some(Account {
        uid: FIRST_DIRECTORY_ID + position as u32,
        gecos: user.fullname.clone(),
        home: format!("/home/{name}"),
        shell: user.shell.clone(),
        groups,
        password: None,
        sudo_without_password: false,
    })
}

/// The account of an installed app, which Debian's own files hold.
pub fn app_account(machine: &Machine, name: &str) -> Option<Account> {
    let app = yunohost(machine)?.apps.installed.get(name)?;
    let home = app.setting("install_dir").map_or_else(|| format!("/var/www/{name}"), str::to_owned);
    Some(Account::system(900, name, &home))
}

/// Names of the accounts of the directory.
pub fn names(machine: &Machine) -> Vec<String> {
    let users = yunohost(machine).map(|yunohost| yunohost.users.as_slice()).unwrap_or_default();
    users.iter().map(|user| user.username.clone()).collect()
}

/// Whether this is the password of an account; `None` when the directory does not decide. After the post-installation
/// it decides for root too.
pub fn password_is(machine: &Machine, name: &str, password: &str) -> Option<bool> {
    let yunohost = yunohost(machine)?;
    let decides = yunohost.user(name).is_some() || (name == "root" && !yunohost.root_password.is_empty());
    decides.then(|| yunohost.password_is(name, password))
}

/// Whether administrators use sudo without a password (`security.password.passwordless_sudo`).
pub fn passwordless_sudo(machine: &Machine) -> bool {
    yunohost(machine).is_some_and(|yunohost| yunohost.passwordless_sudo)
}

/// Whether the web server answers for a name.
pub fn serves(machine: &Machine, name: &str) -> bool {
    yunohost(machine).is_some_and(|yunohost| yunohost.domains.iter().any(|domain| domain.name == name))
}

/// Whether a client trusts the certificate of a domain.
pub fn certificate_trusted(machine: &Machine, domain: &str) -> bool {
    yunohost(machine).is_some_and(|yunohost| {
        yunohost.domains.iter().any(|one| one.name == domain && one.certificate.authority == Authority::LetsEncrypt)
    })
}

/// A request to the web server: the app at the longest matching path answers; without one, the portal.
pub fn web(
    machine: &mut Machine,
    domain: &str,
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
) -> (u16, String) {
    let not_found = (404, "<html><head><title>404 Not Found</title></head></html>".to_owned());
    let Some(yunohost) = machine.yunohost.as_deref_mut() else { return not_found };
    let found = yunohost.apps.at(domain, path).map(|(id, rest)| (id.to_owned(), rest));
    let Some((id, rest)) = found else {
        let is_portal = path == "/" || path.starts_with("/yunohost/sso");
        return if is_portal { (302, String::new()) } else { not_found };
    };
    match yunohost.apps.installed.get_mut(&id).map(|app| &mut app.program) {
        Some(Inside::Nextcloud(state)) => nextcloud_http(state, method, &rest, headers),
        Some(Inside::Dolibarr(state)) => dolibarr_http(state, method, &rest, headers, body),
        Some(Inside::Plain) => (200, format!("<title>{id}</title>")),
        None => not_found,
    }
}
