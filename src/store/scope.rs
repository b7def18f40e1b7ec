//! Whose data a query may see (invariant 5).

use std::fmt;

use crate::domain::ids::ClientId;

use super::StoreError;

/// What staff's rows are marked with; no client can be called so because a client's mark has a prefix.
const STAFF: &str = "staff";
const CLIENT_PREFIX: &str = "client:";

/// A statement that reads client data, in two forms: staff's reads all rows, a client's its own by an index. (With an `OR` in
/// it no engine uses one.) Both have the scope's mark as their first parameter.
pub(super) struct Scoped {
    pub(super) staff: &'static str,
    pub(super) client: &'static str,
}

impl Scoped {
    /// The form for a scope.
    pub(super) const fn of(&self, scope: &Scope) -> &'static str {
        match scope {
            Scope::Staff => self.staff,
            Scope::Client(_) => self.client,
        }
    }
}

/// A [`Scoped`] pair of what stands before and after the condition. `client NAME`: the column has the client's id; `scope NAME`:
/// the column has its mark.
macro_rules! scoped {
    ($before:literal, client $column:literal, $after:literal) => {
        $crate::store::scope::Scoped {
            staff: concat!($before, " $1 = 'staff' ", $after),
            // What follows `client:` in the mark.
            client: concat!($before, " ", $column, " = substr($1, 8) ", $after),
        }
    };
    ($before:literal, scope $column:literal, $after:literal) => {
        $crate::store::scope::Scoped {
            staff: concat!($before, " $1 = 'staff' ", $after),
            client: concat!($before, " ", $column, " = $1 ", $after),
        }
    };
}

/// Whose data: of one client, or everything for the co-operative's own staff.
///
/// On writing it says whom a row belongs to; on reading a client's scope shows the client's own rows only, staff's shows
/// all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One client.
    Client(ClientId),
    /// The co-operative's staff.
    Staff,
}

impl Scope {
    /// The mark that the store keeps. Statements filter with `($1 = 'staff' OR scope = $1)`; where a client's page asks often,
    /// with a [`Scoped`] pair.
    pub(super) fn mark(&self) -> String {
        self.to_string()
    }

    /// Reads a mark back.
    pub(super) fn from_mark(mark: &str) -> Result<Scope, StoreError> {
        if mark == STAFF {
            return Ok(Scope::Staff);
        }
        mark.strip_prefix(CLIENT_PREFIX)
            .and_then(|id| ClientId::new(id).ok())
            .map(Scope::Client)
            .ok_or(StoreError::Unreadable { what: "scope" })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Client(client) => write!(out, "{CLIENT_PREFIX}{client}"),
            Scope::Staff => out.write_str(STAFF),
        }
    }
}
