//! Whose data a query may see (invariant 5).

use std::fmt;

use crate::domain::ids::ClientId;

use super::StoreError;

/// What staff's rows are marked with; no client can be called so because a client's mark has a prefix.
const STAFF: &str = "staff";
const CLIENT_PREFIX: &str = "client:";

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
    /// The mark that the store keeps. Statements filter with `($1 = 'staff' OR scope = $1)`.
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
