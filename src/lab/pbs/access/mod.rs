//! Who may do what on a backup server: users, tokens and access entries.
//!
//! Rights are read from a copy that is at most five seconds old: a check straight after a grant can still say no (sheet
//! Proxmox, section 15). Changes of users and tokens count at once.

pub mod credentials;
pub mod privileges;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use credentials::Credentials;
pub use privileges::Privileges;

use crate::world::Moment;

/// The account that may everything.
pub const ROOT: &str = "root@pam";

/// For so long access entries that were read once are trusted, in microseconds.
const CACHE_US: u64 = 5_000_000;

/// Users, tokens, access entries.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Access {
    /// Users by `user@realm`.
    pub users: BTreeMap<String, User>,
    /// Tokens by `user@realm!name`; a token may outlive its user, or never have had one.
    pub tokens: BTreeMap<String, Token>,
    /// Access entries.
    pub entries: Vec<Entry>,
    /// What tickets are signed with.
    pub ticket_key: String,
    /// The access entries as they were when they were last read, and when that was.
    pub seen: Option<(Moment, Vec<Entry>)>,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// His password; without one nobody logs in as him.
    pub password: Option<String>,
    /// `comment`, `email`, `enable`, `expire`, `firstname`, `lastname`, as far as they were given.
    pub options: Map<String, Value>,
}

/// A token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its secret.
    pub secret: String,
    /// `comment`, `enable`, `expire`, as far as they were given.
    pub options: Map<String, Value>,
}

/// An access entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// For what.
    pub path: String,
    /// For whom: a user, a token or a group.
    pub who: String,
    /// Whether it is a group.
    pub group: bool,
    /// The role.
    pub role: String,
    /// Whether it counts below, too.
    pub propagate: bool,
}

impl Access {
    /// The users of a fresh installation: root, with this password.
    pub fn with_root(password: &str) -> Access {
        let mut access = Access { ticket_key: credentials::derive_key(password), ..Access::default() };
        let root = access.add_user(ROOT, Some(password));
        root.options.insert("comment".to_owned(), Value::String("Superuser".to_owned()));
        access
    }

    /// Adds a user.
    pub fn add_user(&mut self, id: &str, password: Option<&str>) -> &mut User {
        let user = User { password: password.map(str::to_owned), options: Map::new() };
        self.users.entry(id.to_owned()).insert_entry(user).into_mut()
    }

    /// Adds a token with this secret.
    pub fn add_token(&mut self, id: &str, secret: &str) {
        self.tokens.insert(id.to_owned(), Token { secret: secret.to_owned(), options: Map::new() });
    }

    /// Adds an access entry that counts below, too.
    pub fn grant(&mut self, path: &str, who: &str, role: &str) {
        let entry =
            Entry { path: path.to_owned(), who: who.to_owned(), group: false, role: role.to_owned(), propagate: true };
        self.put(entry);
    }

    /// Adds or replaces an access entry.
    pub fn put(&mut self, entry: Entry) {
        self.entries.retain(|one| !one.is_same_as(&entry));
        self.entries.push(entry);
    }

    /// Removes an access entry, if it is there.
    pub fn remove(&mut self, entry: &Entry) {
        self.entries.retain(|one| !one.is_same_as(entry));
    }

    /// Reads the access entries anew when what was read is too old. To be called at the start of every request.
    pub fn look(&mut self, now: Moment) {
        let fresh = self.seen.as_ref().is_some_and(|(read, _)| now < read.plus_us(CACHE_US));
        if !fresh {
            self.seen = Some((now, self.entries.clone()));
        }
    }

    /// Forgets what was read of the access entries: users or tokens changed.
    pub fn forget_seen(&mut self) {
        self.seen = None;
    }

    /// The privileges of a user or token on a path such as `/datastore/coop/clients`, as the server sees them now. A
    /// token has those that its user has, too.
    pub fn privileges(&self, auth_id: &str, path: &str) -> Privileges {
        if auth_id == ROOT {
            return Privileges::ALL;
        }
        let own = self.own_privileges(auth_id, path);
        match auth_id.split_once('!') {
            Some((user, _)) => own.and(self.privileges(user, path)),
            None => own,
        }
    }

    /// Whether a user or token has one of these privileges on a path or somewhere below.
    pub fn has_any_below(&self, auth_id: &str, path: &str, wanted: &[&str]) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        let places = self.seen_entries().iter().map(|entry| entry.path.as_str());
        let mut candidates = places.filter(|place| place.starts_with(&below)).chain([path]);
        candidates.any(|place| self.privileges(auth_id, place).has_any(wanted))
    }

    /// What the entries of this one holder give, deeper ones replacing those above.
    fn own_privileges(&self, holder: &str, path: &str) -> Privileges {
        let mut roles: Vec<&str> = Vec::new();
        for (prefix, is_leaf) in prefixes(path) {
            let here: Vec<&str> = self
                .seen_entries()
                .iter()
                .filter(|entry| entry.path == prefix && entry.who == holder && (is_leaf || entry.propagate))
                .map(|entry| entry.role.as_str())
                .collect();
            if !here.is_empty() {
                roles = here;
            }
        }
        if roles.contains(&"NoAccess") {
            return Privileges::NONE;
        }
        roles.into_iter().map(privileges::of_role).fold(Privileges::NONE, Privileges::with)
    }

    fn seen_entries(&self) -> &[Entry] {
        self.seen.as_ref().map_or(&self.entries, |(_, entries)| entries)
    }

    /// Whether a user or token exists, is enabled and not expired. A token needs its user to be so, too.
    pub fn is_active(&self, auth_id: &str, now_s: i64) -> bool {
        let alive = |options: &Map<String, Value>| {
            let enabled = options.get("enable").and_then(Value::as_bool).unwrap_or(true);
            let expire = options.get("expire").and_then(Value::as_i64).unwrap_or(0);
            enabled && (expire == 0 || expire > now_s)
        };
        let user = auth_id.split_once('!').map_or(auth_id, |(user, _)| user);
        let user_alive = self.users.get(user).is_some_and(|user| alive(&user.options));
        let is_token = auth_id.contains('!');
        user_alive && (!is_token || self.tokens.get(auth_id).is_some_and(|token| alive(&token.options)))
    }
}

impl Entry {
    fn is_same_as(&self, other: &Entry) -> bool {
        self.path == other.path && self.who == other.who && self.group == other.group && self.role == other.role
    }
}

/// `/`, `/datastore`, `/datastore/coop`, and whether it is the last one.
fn prefixes(path: &str) -> Vec<(String, bool)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut all = vec![("/".to_owned(), parts.is_empty())];
    let mut prefix = String::new();
    for (at, part) in parts.iter().enumerate() {
        prefix = format!("{prefix}/{part}");
        all.push((prefix.clone(), at + 1 == parts.len()));
    }
    all
}

/// The path of a namespace of a datastore in access entries.
pub fn namespace_path(store: &str, namespace: &str) -> String {
    let below = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
    format!("/datastore/{store}{below}")
}

/// Whether a user or token may act for the owner of a group: he is it, or the owner is one of his tokens.
pub fn is_owner(owner: &str, auth_id: &str) -> bool {
    owner == auth_id || owner.split_once('!').is_some_and(|(user, _)| user == auth_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/datastore/coop/clients";

    fn granted() -> Access {
        let mut access = Access::with_root("root-password");
        access.add_user("site@pbs", None);
        access.add_token("site@pbs!node", "secret");
        access
    }

    #[test]
    fn lab_pbs_access_of_a_token_needs_entries_for_user_and_token() {
        let mut access = granted();
        access.grant(PATH, "site@pbs!node", "DatastoreBackup");
        assert_eq!(access.privileges("site@pbs!node", PATH), Privileges::NONE);
        access.grant(PATH, "site@pbs", "DatastoreBackup");
        assert!(access.privileges("site@pbs!node", PATH).has(&["Datastore.Backup"]));
        assert!(access.has_any_below("site@pbs!node", "/datastore/coop", &["Datastore.Backup"]));
        assert!(!access.privileges("site@pbs!node", "/datastore/coop").has_any(&["Datastore.Backup"]));
    }

    #[test]
    fn lab_pbs_access_entries_count_after_up_to_five_seconds() {
        let mut access = granted();
        access.look(Moment(0));
        access.grant(PATH, "site@pbs", "DatastoreBackup");
        access.look(Moment(4_999_999));
        assert_eq!(access.privileges("site@pbs", PATH), Privileges::NONE);
        access.look(Moment(5_000_000));
        assert!(access.privileges("site@pbs", PATH).has(&["Datastore.Backup"]));
    }

    #[test]
    fn lab_pbs_access_entries_deeper_down_replace_those_above() {
        let mut access = granted();
        access.grant("/", "site@pbs", "Admin");
        access.grant(PATH, "site@pbs", "DatastoreAudit");
        assert!(!access.privileges("site@pbs", PATH).has(&["Datastore.Backup"]));
        access.grant(PATH, "site@pbs", "NoAccess");
        assert_eq!(access.privileges("site@pbs", PATH), Privileges::NONE);
        assert!(access.privileges("site@pbs", "/datastore/coop").has(&["Datastore.Backup"]));
    }

    #[test]
    fn lab_pbs_access_of_an_owner_covers_his_tokens_but_not_the_other_way_round() {
        assert!(is_owner("site@pbs!node", "site@pbs"));
        assert!(is_owner("site@pbs!node", "site@pbs!node"));
        assert!(!is_owner("site@pbs", "site@pbs!node"));
        assert!(!is_owner("site@pbs!node", "site@pbs!other"));
    }
}
