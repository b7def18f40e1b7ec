//! Accounts and groups: Debian's own, and those that YunoHost's directory adds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Machine, directory};

/// The accounts of the system itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accounts(BTreeMap<String, Account>);

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// User number, also that of its own group.
    pub uid: u32,
    /// Full name.
    pub gecos: String,
    /// Home folder.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// Groups besides its own.
    pub groups: Vec<String>,
    /// Password in clear, for the lab's own comparison; `None` is a locked password.
    pub password: Option<String>,
    /// Whether sudo lets it do everything without a password (cloud-init's sudoers file).
    pub sudo_without_password: bool,
}

/// First number of an ordinary user on Debian.
const FIRST_USER_ID: u32 = 1000;

/// Accounts that a fresh Debian has and that matter here: name, number, home.
const SYSTEM_ACCOUNTS: [(&str, u32, &str); 8] = [
    ("daemon", 1, "/usr/sbin"),
    ("bin", 2, "/bin"),
    ("sys", 3, "/dev"),
    ("mail", 8, "/var/mail"),
    ("www-data", 33, "/var/www"),
    ("backup", 34, "/var/backups"),
    ("sshd", 101, "/run/sshd"),
    ("nobody", 65534, "/nonexistent"),
];

impl Default for Accounts {
    fn default() -> Accounts {
        let mut accounts = BTreeMap::new();
        accounts.insert("root".to_owned(), Account::new(0, "root", "/root", "/bin/bash"));
        for (name, uid, home) in SYSTEM_ACCOUNTS {
            accounts.insert(name.to_owned(), Account::new(uid, name, home, "/usr/sbin/nologin"));
        }
        Accounts(accounts)
    }
}

impl Account {
    fn new(uid: u32, gecos: &str, home: &str, shell: &str) -> Account {
        Account {
            uid,
            gecos: gecos.to_owned(),
            home: home.to_owned(),
            shell: shell.to_owned(),
            groups: Vec::new(),
            password: None,
            sudo_without_password: false,
        }
    }
}

impl Account {
    /// The account of a service: nobody logs in with it.
    pub fn system(uid: u32, gecos: &str, home: &str) -> Account {
        Account::new(uid, gecos, home, "/usr/sbin/nologin")
    }
}

impl Accounts {
    /// A system account by name.
    pub fn get(&self, name: &str) -> Option<&Account> {
        self.0.get(name)
    }

    /// A system account, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.0.get_mut(name)
    }

    /// Adds an ordinary user with the next free number; an existing one is left as it is.
    pub fn add_user(&mut self, name: &str, gecos: &str) -> &mut Account {
        let next = self.0.values().map(|one| one.uid).filter(|uid| (FIRST_USER_ID..60_000).contains(uid)).max();
        let uid = next.map_or(FIRST_USER_ID, |uid| uid + 1);
        self.0.entry(name.to_owned()).or_insert_with(|| Account::new(uid, gecos, &format!("/home/{name}"), "/bin/bash"))
    }

    /// Adds a service's account (no login); an existing one is left as it is.
    pub fn add_system(&mut self, name: &str, home: &str) -> &mut Account {
        let uid = self.0.values().map(|one| one.uid).filter(|uid| (102..FIRST_USER_ID).contains(uid)).max();
        let uid = uid.map_or(102, |uid| uid + 1);
        self.0.entry(name.to_owned()).or_insert_with(|| Account::new(uid, name, home, "/usr/sbin/nologin"))
    }

    /// Sets (or locks) a password; false when there is no such account.
    pub fn set_password(&mut self, name: &str, password: Option<&str>) -> bool {
        self.0.get_mut(name).is_some_and(|account| {
            account.password = password.map(str::to_owned);
            true
        })
    }

    /// All accounts by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Account)> {
        self.0.iter().map(|(name, account)| (name.as_str(), account))
    }
}

/// An account by name, wherever it is kept: the system first, as `nsswitch.conf` says, then YunoHost's directory.
pub fn find(machine: &Machine, name: &str) -> Option<Account> {
    machine
        .accounts
        .get(name)
        .cloned()
        .or_else(|| directory::account(machine, name))
        .or_else(|| directory::app_account(machine, name))
}

/// Groups of an account, its own first, then as `id -nG` prints them.
pub fn groups(machine: &Machine, name: &str) -> Vec<String> {
    let mut groups = vec![name.to_owned()];
    if let Some(account) = find(machine, name) {
        groups.extend(account.groups);
    }
    groups
}

/// Whether an account is in a group (its own included).
pub fn is_member(machine: &Machine, name: &str, group: &str) -> bool {
    groups(machine, name).iter().any(|one| one == group)
}

/// The members of a group besides the account of its own name; `None` when there is no such group.
pub fn members(machine: &Machine, group: &str) -> Option<Vec<String>> {
    let names = machine.accounts.0.keys().cloned().chain(directory::names(machine));
    let members: Vec<String> = names.filter(|name| name != group && is_member(machine, name, group)).collect();
    (!members.is_empty() || find(machine, group).is_some()).then_some(members)
}

/// A number for a group: a lab's own, the same for the same name.
pub fn group_id(group: &str) -> u32 {
    group.bytes().fold(4000, |id, byte| (id * 31 + u32::from(byte)) % 60_000)
}

/// Whether this is the account's password.
pub fn password_matches(machine: &Machine, name: &str, password: &str) -> bool {
    directory::password_is(machine, name, password)
        .unwrap_or_else(|| machine.accounts.get(name).and_then(|account| account.password.as_deref()) == Some(password))
}
