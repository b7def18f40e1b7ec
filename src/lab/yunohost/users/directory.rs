//! Looking things up in the directory of users and groups.

use serde_json::{Value, json};

use super::super::Yunohost;
use super::super::state::{User, fingerprint};
use super::permissions;

/// A user's home.
pub fn home(username: &str) -> String {
    if username == "root" { "/root".to_owned() } else { format!("/home/{username}") }
}

/// All addresses of a user.
pub fn addresses(user: &User) -> impl Iterator<Item = &str> {
    std::iter::once(user.mail.as_str()).chain(user.aliases.iter().map(String::as_str))
}

/// Who has an address: a user or a group.
pub fn owner_of<'a>(state: &'a Yunohost, mail: &str) -> Option<&'a str> {
    let user = state.users.iter().find(|user| addresses(user).any(|own| own == mail));
    let group = || state.groups.iter().find(|group| group.aliases.iter().any(|alias| alias == mail));
    user.map(|user| user.username.as_str()).or_else(|| group().map(|group| group.name.as_str()))
}

/// The groups of a user without `all_users` and the user's own.
pub fn groups_of<'a>(state: &'a Yunohost, username: &str) -> Vec<&'a str> {
    let groups = state.groups.iter().filter(|group| !group.primary && group.name != "all_users");
    groups.filter(|group| group.members.iter().any(|one| one == username)).map(|group| group.name.as_str()).collect()
}

/// First name and the rest; a single name has a blank for the rest.
pub fn names(fullname: &str) -> (&str, &str) {
    fullname.trim().split_once(' ').map_or((fullname.trim(), " "), |(first, rest)| (first, rest.trim()))
}

/// A field of `user list`.
pub fn field(state: &Yunohost, user: &User, field: &str) -> Value {
    match field {
        "username" => json!(user.username),
        "fullname" => json!(user.fullname),
        "firstname" => json!(names(&user.fullname).0),
        "lastname" => json!(names(&user.fullname).1),
        "mail" => json!(user.mail),
        "mail-alias" => json!(user.aliases),
        "mail-forward" => json!(user.forwards),
        "mailbox-quota" => json!(user.quota),
        "groups" => json!(groups_of(state, &user.username)),
        // Recorded: false for everybody, whatever the shell.
        "shell" => json!(false),
        "home-path" => json!(home(&user.username)),
        _ => json!(""),
    }
}

/// `user info`. How full the mailbox is, is unknown for who was asked for by address, and for who has no mail.
pub fn details(state: &Yunohost, user: &User, asked: &str) -> Value {
    // The real program looks at the first digit.
    let limited = !user.quota.starts_with('0');
    let counted = permissions::users_of(state, "mail.main").iter().any(|name| name == asked);
    let used = match (counted, limited) {
        (false, _) => "?",
        (true, false) => "0",
        (true, true) => "0 (0%)",
    };
    json!({
        "username": user.username,
        "fullname": user.fullname,
        "mail": user.mail,
        "loginShell": user.shell,
        "mail-aliases": user.aliases,
        "mail-forward": user.forwards,
        "mailbox-quota": { "limit": if limited { user.quota.as_str() } else { "No quota" }, "use": used },
    })
}

impl Yunohost {
    /// A user by name.
    pub fn user(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == username)
    }

    /// Whether this is the password of a user (or of `root`).
    pub fn password_is(&self, username: &str, password: &str) -> bool {
        let known = match username {
            "root" => Some(&self.root_password),
            _ => self.user(username).map(|user| &user.password),
        };
        known.is_some_and(|known| *known == fingerprint(password))
    }

    /// Whether a user is an administrator.
    pub fn is_admin(&self, username: &str) -> bool {
        self.group("admins").is_some_and(|group| group.members.iter().any(|member| member == username))
    }

    /// Every group that the operating system sees a user in: the user's own, those of the directory, and one per
    /// permission such as `ssh.main`. The SSH server lets in members of `ssh.main` and `admins` among others.
    pub fn groups_seen_by_system(&self, username: &str) -> Vec<String> {
        if self.user(username).is_none() {
            return Vec::new();
        }
        let mut groups = vec![username.to_owned()];
        let named = self.groups.iter().filter(|group| !group.primary && group.name != "visitors");
        groups.extend(
            named.filter(|group| group.members.iter().any(|one| one == username)).map(|group| group.name.clone()),
        );
        let granted =
            self.permissions.keys().filter(|name| permissions::users_of(self, name).iter().any(|one| one == username));
        groups.extend(granted.cloned());
        groups
    }

    /// Whether the groups that the SSH server accepts hold a user (`AllowGroups` of the generated configuration).
    pub fn may_log_in_by_ssh(&self, username: &str) -> bool {
        let accepted = ["ssh.main", "sftp.main", "ssh.app", "sftp.app", "admins", "root"];
        username == "root"
            || self.groups_seen_by_system(username).iter().any(|group| accepted.contains(&group.as_str()))
    }

    /// Where the keys of a user are.
    pub fn authorized_keys_path(username: &str) -> String {
        format!("{}/.ssh/authorized_keys", home(username))
    }
}
