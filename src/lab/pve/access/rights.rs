//! What a caller may do on a path, and the checks that methods declare.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Access, Entries, Holders, denied, privileges};
use crate::pve::call::{Caller, Refusal};
use crate::pve::formats;
use crate::pve::schema::{Check, Groups, Rights};

/// Privilege or role to "paths below have it, too".
type Held = BTreeMap<String, bool>;

impl Access {
    /// The privileges of a caller on a path. A token that is separated from its user holds what both hold.
    pub fn permissions(&self, caller: &Caller, path: &str) -> Held {
        let of_user = || self.user_permissions(&caller.user, path);
        let Some(name) = &caller.token else {
            return of_user();
        };
        let Some(token) = self.users.get(&caller.user).and_then(|user| user.tokens.get(name)) else {
            return Held::new();
        };
        if !token.privsep {
            return of_user();
        }
        let id = caller.full_id();
        let own = self.privileges_of(self.roles_on(path, |entries| self.token_roles(entries, &id)));
        let users = of_user();
        own.into_iter()
            .filter_map(|(privilege, below)| {
                let users_below = *users.get(&privilege)?;
                Some((privilege, below && users_below))
            })
            .collect()
    }

    fn user_permissions(&self, user: &str, path: &str) -> Held {
        if user == "root@pam" {
            return privileges::all().into_iter().map(|one| (one.to_owned(), true)).collect();
        }
        self.privileges_of(self.roles_on(path, |entries| self.user_roles(entries, user)))
    }

    fn privileges_of(&self, roles: Held) -> Held {
        let mut held = Held::new();
        for (role, below) in roles {
            for privilege in self.role(&role).unwrap_or_default() {
                *held.entry(privilege).or_default() |= below;
            }
        }
        held
    }

    /// The privileges of a role, built-in or own.
    pub fn role(&self, name: &str) -> Option<BTreeSet<String>> {
        match privileges::built_in(name) {
            Some(built_in) => Some(built_in.into_iter().map(str::to_owned).collect()),
            None => self.roles.get(name).cloned(),
        }
    }

    /// The roles on a path: those of the nearest path above that names the holder, then those of its pool.
    /// `NoAccess` beats all others.
    fn roles_on(&self, path: &str, of_holder: impl Fn(&Entries) -> Option<Held>) -> Held {
        let mut roles = self.tree_roles(path, &of_holder);
        let mut from_pools = BTreeSet::new();
        for name in self.pools_with(path) {
            from_pools.extend(self.tree_roles(&format!("/pool/{name}"), &of_holder).into_keys());
        }
        if roles.contains_key("NoAccess") || from_pools.contains("NoAccess") {
            return Held::from([("NoAccess".to_owned(), false)]);
        }
        for role in from_pools {
            roles.entry(role).or_insert(false);
        }
        roles
    }

    fn tree_roles(&self, path: &str, of_holder: impl Fn(&Entries) -> Option<Held>) -> Held {
        let path = format!("/{}", path.trim_start_matches('/'));
        let mut roles = Held::new();
        for above in paths_down_to(&path) {
            let is_last = above == path;
            let here = self.acl.get(above).and_then(&of_holder).unwrap_or_default();
            let counting: Held = here.into_iter().filter(|(_, below)| is_last || *below).collect();
            if !counting.is_empty() {
                roles = counting;
            }
        }
        match roles.get("NoAccess") {
            Some(below) => Held::from([("NoAccess".to_owned(), *below)]),
            None => roles,
        }
    }

    fn token_roles(&self, entries: &Entries, id: &str) -> Option<Held> {
        entries.tokens.get(id).cloned()
    }

    /// A user's own entries replace those of the groups.
    fn user_roles(&self, entries: &Entries, user: &str) -> Option<Held> {
        entries
            .users
            .get(user)
            .cloned()
            .filter(|roles| !roles.is_empty())
            .or_else(|| self.group_roles(&entries.groups, user))
    }

    fn group_roles(&self, holders: &Holders, user: &str) -> Option<Held> {
        let is_member = |group: &str| self.groups.get(group).is_some_and(|group| group.users.contains(user));
        let mut roles = Held::new();
        for (_, held) in holders.iter().filter(|(group, _)| is_member(group)) {
            roles.extend(held.clone());
        }
        (!roles.is_empty()).then_some(roles)
    }

    /// The pools that the thing at a path is a member of.
    fn pools_with<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let vmid = path.strip_prefix("/vms/").and_then(|id| id.parse::<u32>().ok());
        let storage = path.strip_prefix("/storage/");
        self.pools
            .iter()
            .filter(move |(_, pool)| {
                vmid.is_some_and(|id| pool.vms.contains(&id)) || storage.is_some_and(|id| pool.storages.contains(id))
            })
            .map(|(name, _)| name.as_str())
    }

    /// Every path that something is said about: the top ones, those with permissions and all above them, those of
    /// pool members.
    pub fn known_paths(&self) -> BTreeSet<String> {
        let top = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
        let with_permissions = self.acl.keys().flat_map(|path| paths_down_to(path)).map(str::to_owned);
        let members = self.pools.values().flat_map(|pool| {
            let vms = pool.vms.iter().map(|id| format!("/vms/{id}"));
            vms.chain(pool.storages.iter().map(|id| format!("/storage/{id}")))
        });
        top.iter().map(|path| (*path).to_owned()).chain(with_permissions).chain(members).collect()
    }

    /// The check that a method declares.
    ///
    /// # Errors
    /// 403 as Proxmox words it; 500 for a user id that is none.
    pub fn check(&self, rights: Rights, caller: Option<&Caller>, params: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(caller) = caller else {
            return if matches!(rights, Rights::World) { Ok(()) } else { Err(denied("user != null")) };
        };
        if caller.is_root() {
            return Ok(());
        }
        match rights {
            Rights::RootOnly => Err(denied("user != root@pam")),
            // Whoever says who he is counts as a user even where nobody has to.
            Rights::World | Rights::AnyUser => Ok(()),
            Rights::Check(check) => self.pass(check, caller, params),
        }
    }

    fn pass(&self, check: Check, caller: &Caller, params: &Map<String, Value>) -> Result<(), Refusal> {
        match check {
            Check::All(checks) => checks.iter().try_for_each(|one| self.pass(*one, caller, params)),
            Check::Any(checks) => {
                for one in checks {
                    if matches!(one, Check::GroupOfUser { .. }) && !self.users.contains_key(&user_param(params)?) {
                        continue;
                    }
                    match self.pass(*one, caller, params) {
                        // A group of checks inside speaks for itself, a single one leaves it to the others.
                        Err(Refusal::Status(403, _)) if !matches!(one, Check::All(_)) => {}
                        passed_or_died => return passed_or_died,
                    }
                }
                Err(denied(""))
            }
            Check::On { path, privileges, any, with } => {
                if with.is_some_and(|name| params.get(name).is_none_or(Value::is_null)) {
                    return Err(denied(""));
                }
                let Some(path) = normalize(&fill(path, params)) else {
                    return Err(denied(&format!(
                        ", {}",
                        if any { privileges.join("|") } else { privileges[0].to_owned() }
                    )));
                };
                if any { self.require_any(caller, &path, privileges) } else { self.require(caller, &path, privileges) }
            }
            // A path that is none is refused by the method itself.
            Check::ModifyPermissions(path) => match normalize(&fill(path, params)) {
                Some(path) => self.require_modify(caller, &path),
                None => Ok(()),
            },
            Check::OwnUser => {
                let user = user_param(params)?;
                if caller.full_id() == user { Ok(()) } else { Err(denied("")) }
            }
            Check::UserOfRealm => {
                let user = user_param(params)?;
                let realm = user.rsplit_once('@').map_or("", |(_, realm)| realm);
                self.require(caller, &format!("/access/realm/{realm}"), &["Realm.AllocateUser"])
            }
            Check::GroupOfUser { privileges, groups } => self.pass_groups(caller, params, privileges, groups),
        }
    }

    /// The right to change permissions on a path: `Permissions.Modify`, or to allocate the thing itself.
    ///
    /// # Errors
    /// 403.
    pub fn require_modify(&self, caller: &Caller, path: &str) -> Result<(), Refusal> {
        let allocate = [("/storage/", "Datastore.Allocate"), ("/vms/", "VM.Allocate"), ("/pool/", "Pool.Allocate")];
        let own = allocate.iter().find(|(above, _)| path.len() > above.len() && path.starts_with(above));
        match own {
            Some((_, privilege)) => self.require_any(caller, path, &["Permissions.Modify", privilege]),
            None => self.require_any(caller, path, &["Permissions.Modify"]),
        }
    }

    fn pass_groups(
        &self,
        caller: &Caller,
        params: &Map<String, Value>,
        privileges: &[&str],
        groups: Groups,
    ) -> Result<(), Refusal> {
        let user = user_param(params)?;
        if groups != Groups::OfNewUser && !self.users.contains_key(&user) {
            return Err(Refusal::died(format!("no such user ('{user}')")));
        }
        if self.allowed_any(caller, "/access/groups", privileges) {
            return Ok(());
        }
        let on_group = |group: &str| self.allowed_any(caller, &format!("/access/groups/{group}"), privileges);
        if groups != Groups::Ignored {
            let named = params.get("groups").and_then(Value::as_str).unwrap_or_default();
            let all = privileges.join("|");
            if formats::split_list(named).next().is_none() {
                return Err(denied(&format!("/access/groups, {all}")));
            }
            if let Some(group) = formats::split_list(named).find(|group| !on_group(group)) {
                return Err(denied(&format!("/access/groups/{group}, {all}")));
            }
        }
        let in_reach = || self.groups.iter().any(|(name, group)| group.users.contains(&user) && on_group(name));
        if groups == Groups::OfNewUser || in_reach() { Ok(()) } else { Err(denied("")) }
    }
}

/// The user id in the request.
fn user_param(params: &Map<String, Value>) -> Result<String, Refusal> {
    let user = params.get("userid").and_then(Value::as_str).unwrap_or_default();
    formats::user_id(user).map_err(Refusal::died)?;
    Ok(user.to_owned())
}

/// A path template with its places filled in.
fn fill(template: &str, params: &Map<String, Value>) -> String {
    let mut path = template.to_owned();
    for (name, value) in params {
        if let Value::String(text) = value {
            path = path.replace(&format!("{{{name}}}"), text);
        }
    }
    path
}

/// `vms//101/` as `/vms/101`; `None` when there are characters that no path has.
pub(super) fn normalize(path: &str) -> Option<String> {
    if path.is_empty() || path == "0" {
        return None;
    }
    if !path.bytes().all(|one| one.is_ascii_alphanumeric() || b".-_/".contains(&one)) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Some(format!("/{}", parts.join("/")))
}

/// `/a/b` as `/`, `/a`, `/a/b`.
fn paths_down_to(path: &str) -> impl Iterator<Item = &str> {
    let below = (1..=path.len()).filter(move |end| *end == path.len() || path.as_bytes()[*end] == b'/');
    std::iter::once("/").chain(below.map(move |end| &path[..end]).filter(|one| *one != "/"))
}
