//! How a method declares itself and the rights it wants: plain constant data, read by the router, the verifier and the
//! rights check.

pub use crate::declared::{Format, Kind, Param, Verb, alias, declaration, flag, integer, list, number, text};

/// Who may call a method, before the method itself looks.
#[derive(Debug, Clone, Copy)]
pub enum Rights {
    /// Anybody, even without authentication.
    World,
    /// Any authenticated user.
    AnyUser,
    /// Nothing declared: root by ticket only.
    RootOnly,
    /// Who passes this check.
    Check(Check),
}

/// A declared check of rights.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// All of them.
    All(&'static [Check]),
    /// One of them.
    Any(&'static [Check]),
    /// Privileges on a path; `{name}` in it is replaced by the parameter.
    On {
        /// Path template.
        path: &'static str,
        /// The privileges.
        privileges: &'static [&'static str],
        /// Whether one of them is enough.
        any: bool,
        /// The check fails when this parameter is not given.
        with: Option<&'static str>,
    },
    /// The right to modify permissions on the path in a parameter.
    ModifyPermissions(&'static str),
    /// The caller is the user in `userid`.
    OwnUser,
    /// `Realm.AllocateUser` on the realm of `userid`.
    UserOfRealm,
    /// One of the privileges on all groups, or on a group of the user in `userid`.
    GroupOfUser {
        /// The privileges.
        privileges: &'static [&'static str],
        /// How the parameter `groups` counts.
        groups: Groups,
    },
}

/// How [`Check::GroupOfUser`] treats the groups named in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// The request names none.
    Ignored,
    /// They are those of a user that does not exist yet.
    OfNewUser,
    /// They are the new ones of an existing user.
    OfExistingUser,
}

/// All these privileges on a path.
pub const fn on(path: &'static str, privileges: &'static [&'static str]) -> Check {
    Check::On { path, privileges, any: false, with: None }
}

/// One of these privileges on a path.
pub const fn any_on(path: &'static str, privileges: &'static [&'static str]) -> Check {
    Check::On { path, privileges, any: true, with: None }
}

/// All these privileges on a path, provided that the parameter is given.
pub const fn on_with(with: &'static str, path: &'static str, privileges: &'static [&'static str]) -> Check {
    Check::On { path, privileges, any: false, with: Some(with) }
}

/// A method of the API.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// HTTP method.
    pub verb: Verb,
    /// Path template such as `/nodes/{node}/qemu/{vmid}/config`.
    pub path: &'static str,
    /// Proxmox's own name for it.
    pub name: &'static str,
    /// Who may call it.
    pub rights: Rights,
    /// Whether an API token may call it.
    pub token: bool,
    /// Its parameters, in groups that methods share.
    pub params: &'static [&'static [Param]],
    /// Whether undeclared parameters are let through.
    pub open: bool,
}

impl Method {
    /// The declaration of a parameter.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        declaration(self.params, name)
    }
}

const fn method(verb: Verb, path: &'static str, name: &'static str) -> Method {
    Method { verb, path, name, rights: Rights::RootOnly, token: true, params: &[], open: false }
}

/// A GET method.
pub const fn get(path: &'static str, name: &'static str) -> Method {
    method(Verb::Get, path, name)
}

/// A POST method.
pub const fn post(path: &'static str, name: &'static str) -> Method {
    method(Verb::Post, path, name)
}

/// A PUT method.
pub const fn put(path: &'static str, name: &'static str) -> Method {
    method(Verb::Put, path, name)
}

/// A DELETE method.
pub const fn delete(path: &'static str, name: &'static str) -> Method {
    method(Verb::Delete, path, name)
}

impl Method {
    /// Takes these parameters.
    pub const fn takes(self, params: &'static [&'static [Param]]) -> Method {
        Method { params, ..self }
    }

    /// Callable by who passes the check.
    pub const fn checks(self, check: Check) -> Method {
        Method { rights: Rights::Check(check), ..self }
    }

    /// Callable by every authenticated user.
    pub const fn for_users(self) -> Method {
        Method { rights: Rights::AnyUser, ..self }
    }

    /// Callable without authentication.
    pub const fn for_all(self) -> Method {
        Method { rights: Rights::World, ..self }
    }

    /// Not callable with an API token.
    pub const fn ticket_only(self) -> Method {
        Method { token: false, ..self }
    }

    /// Lets undeclared parameters through.
    pub const fn open(self) -> Method {
        Method { open: true, ..self }
    }
}
