//! How a method declares itself: plain constant data, read by the router, the verifier and the rights check.

use super::call::Handler;
pub use crate::declared::{Format, Kind, Param, Verb, declaration, flag, integer, list, text};

/// Who may call a method, before the method itself looks.
#[derive(Debug, Clone, Copy)]
pub enum Rights {
    /// Anybody, even without authentication.
    World,
    /// Any authenticated user or token; the method itself looks closer.
    Everybody,
    /// Nothing declared: root only.
    RootOnly,
    /// Who has these privileges on a path; `{name}` in it is replaced by the parameter.
    On {
        /// Path template.
        path: &'static str,
        /// The privileges.
        privileges: &'static [&'static str],
    },
    /// As [`Rights::On`], or the user in the parameter `userid` himself (not a token of his).
    OnOrSelf {
        /// Path template.
        path: &'static str,
        /// The privileges.
        privileges: &'static [&'static str],
    },
}

/// A method of the API.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// HTTP method.
    pub verb: Verb,
    /// Path template such as `/admin/datastore/{store}/groups`.
    pub path: &'static str,
    /// Who may call it.
    pub rights: Rights,
    /// Its parameters, in groups that methods share; missing ones are reported in this order.
    pub params: &'static [&'static [Param]],
    /// Whether undeclared parameters are let through.
    pub open: bool,
    /// What it does.
    pub run: Handler,
}

impl Method {
    /// The declaration of a parameter.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        declaration(self.params, name)
    }
}

const fn method(verb: Verb, path: &'static str, run: Handler) -> Method {
    Method { verb, path, rights: Rights::Everybody, params: &[], open: false, run }
}

/// A GET method.
pub const fn get(path: &'static str, run: Handler) -> Method {
    method(Verb::Get, path, run)
}

/// A POST method.
pub const fn post(path: &'static str, run: Handler) -> Method {
    method(Verb::Post, path, run)
}

/// A PUT method.
pub const fn put(path: &'static str, run: Handler) -> Method {
    method(Verb::Put, path, run)
}

/// A DELETE method.
pub const fn delete(path: &'static str, run: Handler) -> Method {
    method(Verb::Delete, path, run)
}

impl Method {
    /// Takes these parameters.
    pub const fn takes(self, params: &'static [&'static [Param]]) -> Method {
        Method { params, ..self }
    }

    /// Callable by who has these privileges on a path.
    pub const fn on(self, path: &'static str, privileges: &'static [&'static str]) -> Method {
        Method { rights: Rights::On { path, privileges }, ..self }
    }

    /// Callable by who has these privileges on a path, and by the user whom it is about.
    pub const fn on_or_self(self, path: &'static str, privileges: &'static [&'static str]) -> Method {
        Method { rights: Rights::OnOrSelf { path, privileges }, ..self }
    }

    /// Callable without authentication.
    pub const fn for_all(self) -> Method {
        Method { rights: Rights::World, ..self }
    }

    /// Callable by root only.
    pub const fn for_root(self) -> Method {
        Method { rights: Rights::RootOnly, ..self }
    }

    /// Lets undeclared parameters through.
    pub const fn open(self) -> Method {
        Method { open: true, ..self }
    }
}
