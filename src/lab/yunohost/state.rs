//! What YunoHost keeps: users, groups, permissions, domains, settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A person with an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Login name.
    pub username: String,
    /// First name and the rest.
    pub fullname: String,
    /// Main address.
    pub mail: String,
    /// Further addresses.
    pub aliases: Vec<String>,
    /// Where mail is forwarded to.
    pub forwards: Vec<String>,
    /// Mailbox quota as it was given (`5G`, `0` for none).
    pub quota: String,
    /// Login shell.
    pub shell: String,
    /// Fingerprint of the password: see [`fingerprint`].
    pub password: String,
}

/// A group: special (`admins`, `all_users`, `visitors`), one user's own, or made by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its members; those of `all_users` are the users that were not taken out of it.
    pub members: Vec<String>,
    /// Addresses that reach all members.
    pub aliases: Vec<String>,
    /// Whether it is a user's own group.
    pub primary: bool,
}

/// A permission such as `mail.main` or `nextcloud.api`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// What it is called; of an app's further permissions, what stands in brackets after the app's label.
    pub label: String,
    /// Whether it is one of the system's (mail, ssh, sftp): those have neither URL nor tile.
    pub system: bool,
    /// The app's place, `alpage.test/dolibarr`.
    pub base: String,
    /// Its URL relative to that place (`/`, `/api`), or `re:...`; `None` without web access.
    pub url: Option<String>,
    /// Further URLs.
    pub additional_urls: Vec<String>,
    /// Whether the single sign-on passes credentials.
    pub auth_header: bool,
    /// Whether the portal shows it.
    pub show_tile: bool,
    /// Whether `visitors` cannot be changed.
    pub protected: bool,
    /// Groups and users that have it.
    pub allowed: Vec<String>,
}

/// A domain of the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// Values of its configuration panel that were changed.
    pub config: BTreeMap<String, Value>,
}

/// A certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Who signed it: the server's own authority, or Let's Encrypt.
    pub authority: Authority,
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
}

/// Who signs certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authority {
    /// The server itself.
    #[default]
    SelfSigned,
    /// Let's Encrypt.
    LetsEncrypt,
}

/// What stands for a password in the state: enough to check one, nothing to read.
pub fn fingerprint(password: &str) -> String {
    hex::encode(Sha256::digest(password.as_bytes()))
}

impl Permission {
    /// A permission of the system.
    pub fn system(label: &str, allowed: &[&str]) -> Permission {
        Permission {
            label: label.to_owned(),
            system: true,
            protected: true,
            allowed: allowed.iter().map(|name| (*name).to_owned()).collect(),
            ..Permission::default()
        }
    }
}
