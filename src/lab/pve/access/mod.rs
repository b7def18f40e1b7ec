//! Users, tokens, roles, pools and access lists, and what they allow.

mod credentials;
pub mod handlers;
pub mod privileges;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::call::{Caller, Refusal};
pub use credentials::{Credentials, Denied};

/// Everything that decides who may do what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Access {
    /// Users by `name@realm`.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Own roles by name; the built-in ones are in [`privileges`].
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// Permissions by path.
    pub acl: BTreeMap<String, Entries>,
    /// Pools by name (`a/b` is inside `a`).
    pub pools: BTreeMap<String, Pool>,
    /// What tickets are signed with.
    ticket_key: String,
}

/// An account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct User {
    /// Whether it may log in.
    pub enabled: bool,
    /// Seconds since 1970 after which it may not; 0 is never.
    pub expire: i64,
    /// Its password; without one it has tokens at most.
    pub password: Option<String>,
    /// Free texts: `firstname`, `lastname`, `email`, `comment`, `keys`.
    pub texts: BTreeMap<String, String>,
    /// Its API tokens by name.
    pub tokens: BTreeMap<String, Token>,
}

/// An API token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Token {
    /// Whether it has only the rights granted to itself (and those only as far as its user has them).
    pub privsep: bool,
    /// Seconds since 1970 after which it is refused; `None` and 0 are never.
    pub expire: Option<i64>,
    /// Remark.
    pub comment: Option<String>,
    /// The secret.
    pub value: String,
}

/// A group of users.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Group {
    /// Remark.
    pub comment: Option<String>,
    /// Who is in it.
    pub users: BTreeSet<String>,
}

/// Machines and storages under one name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pool {
    /// Remark.
    pub comment: Option<String>,
    /// Virtual machines.
    pub vms: BTreeSet<u32>,
    /// Storages.
    pub storages: BTreeSet<String>,
}

/// The permissions on one path: holder to role to whether paths below inherit it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Entries {
    /// Users.
    pub users: Holders,
    /// Groups.
    pub groups: Holders,
    /// Tokens by `user@realm!token`.
    pub tokens: Holders,
}

/// Holder to role to "paths below inherit it".
pub type Holders = BTreeMap<String, BTreeMap<String, bool>>;

impl Entries {
    /// Whether nobody holds anything here.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty() && self.tokens.is_empty()
    }

    /// The permissions of one kind of holder.
    pub fn of_mut(&mut self, kind: HolderKind) -> &mut Holders {
        match kind {
            HolderKind::User => &mut self.users,
            HolderKind::Group => &mut self.groups,
            HolderKind::Token => &mut self.tokens,
        }
    }
}

/// Who a permission is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderKind {
    /// `name@realm`
    User,
    /// A group.
    Group,
    /// `name@realm!token`
    Token,
}

impl Access {
    /// A fresh installation: root with this password.
    pub fn with_root(password: &str) -> Access {
        let mut access = Access { ticket_key: credentials::derive_key(password), ..Access::default() };
        access.add_user("root@pam", Some(password));
        access
    }

    /// Adds an enabled user.
    pub fn add_user(&mut self, id: &str, password: Option<&str>) -> &mut User {
        let user = User { enabled: true, password: password.map(str::to_owned), ..User::default() };
        self.users.entry(id.to_owned()).insert_entry(user).into_mut()
    }

    /// Adds a token to a user that exists.
    ///
    /// # Panics
    /// When there is no such user: a world is built in order.
    pub fn add_token(&mut self, user: &str, name: &str, privsep: bool, value: &str) -> &mut Token {
        let owner = self.users.get_mut(user).expect("the user is added before its tokens");
        let token = Token { privsep, value: value.to_owned(), ..Token::default() };
        owner.tokens.entry(name.to_owned()).insert_entry(token).into_mut()
    }

    /// Adds an own role.
    pub fn add_role(&mut self, name: &str, privileges: &[&str]) {
        self.roles.insert(name.to_owned(), privileges.iter().map(|one| (*one).to_owned()).collect());
    }

    /// Grants a role on a path and below to `name@realm` or `name@realm!token`.
    pub fn grant(&mut self, path: &str, holder: &str, role: &str) {
        let kind = if holder.contains('!') { HolderKind::Token } else { HolderKind::User };
        let entries = self.acl.entry(path.to_owned()).or_default();
        entries.of_mut(kind).entry(holder.to_owned()).or_default().insert(role.to_owned(), true);
    }

    /// Adds a pool with its members.
    pub fn add_pool(&mut self, name: &str, vms: &[u32], storages: &[&str]) {
        let pool = Pool {
            comment: None,
            vms: vms.iter().copied().collect(),
            storages: storages.iter().map(|one| (*one).to_owned()).collect(),
        };
        self.pools.insert(name.to_owned(), pool);
    }

    /// Makes a virtual machine a member of a pool, as creation with `pool=` does.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn join_pool(&mut self, pool: &str, vmid: u32) -> Result<(), Refusal> {
        let found = self.pools.get_mut(pool).ok_or_else(|| Refusal::died(format!("pool '{pool}' does not exist")))?;
        found.vms.insert(vmid);
        Ok(())
    }

    /// Forgets a destroyed virtual machine: its pool membership and its permissions.
    pub fn forget_vm(&mut self, vmid: u32) {
        for pool in self.pools.values_mut() {
            pool.vms.remove(&vmid);
        }
        self.acl.remove(&format!("/vms/{vmid}"));
    }

    /// The pool that a virtual machine is a member of.
    pub fn pool_of(&self, vmid: u32) -> Option<&str> {
        self.pools.iter().find(|(_, pool)| pool.vms.contains(&vmid)).map(|(name, _)| name.as_str())
    }

    /// Whether the caller holds all these privileges on a path such as `/vms/101` or `/storage/local`.
    /// A VM's path also counts the pool that the VM is a member of.
    pub fn allowed(&self, caller: &Caller, path: &str, privileges: &[&str]) -> bool {
        let held = self.permissions(caller, path);
        privileges.iter().all(|one| held.contains_key(*one))
    }

    /// Whether the caller holds one of these privileges on a path.
    pub fn allowed_any(&self, caller: &Caller, path: &str, privileges: &[&str]) -> bool {
        let held = self.permissions(caller, path);
        privileges.iter().any(|one| held.contains_key(*one))
    }

    /// Refuses like Proxmox: 403 "Permission check failed (path, privilege)".
    ///
    /// # Errors
    /// The refusal, when the caller lacks one of the privileges; it names the first one.
    pub fn require(&self, caller: &Caller, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
        match privileges.iter().find(|one| !self.allowed(caller, path, &[one])) {
            Some(missing) => Err(denied(&format!("{path}, {missing}"))),
            None => Ok(()),
        }
    }

    /// Refuses like [`Access::require`] when the caller holds none of the privileges.
    ///
    /// # Errors
    /// The refusal, which names them all.
    pub fn require_any(&self, caller: &Caller, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
        if self.allowed_any(caller, path, privileges) {
            return Ok(());
        }
        Err(denied(&format!("{path}, {}", privileges.join("|"))))
    }
}

/// 403 with what is missing; nothing in brackets when that is not said.
pub(super) fn denied(what: &str) -> Refusal {
    let detail = if what.is_empty() { String::new() } else { format!(" ({what})") };
    Refusal::Status(403, format!("Permission check failed{detail}"))
}
