//! Names that stay: of clients, persons, instances, sites, backup servers and virtual machines.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest slug: it becomes a host name label and part of a Proxmox pool name.
pub const SLUG_LENGTH_MAX: usize = 32;

/// Why a text is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an identifier: lower-case letters, digits and single dashes, a letter first, at most {SLUG_LENGTH_MAX} characters"
)]
pub struct NotASlug(pub String);

fn is_slug(text: &str) -> bool {
    text.len() <= SLUG_LENGTH_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier.
            ///
            /// # Errors
            /// [`NotASlug`] when the text is not one.
            pub fn new(text: impl Into<String>) -> Result<Self, NotASlug> {
                let text = text.into();
                if is_slug(&text) { Ok(Self(text)) } else { Err(NotASlug(text)) }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotASlug;
            fn try_from(text: String) -> Result<Self, NotASlug> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotASlug;
            fn from_str(text: &str) -> Result<Self, NotASlug> {
                Self::new(text)
            }
        }
    };
}

slug!(
    /// A legal entity with a contract.
    ClientId
);
slug!(
    /// A place with a Proxmox node.
    SiteId
);
slug!(
    /// A YunoHost virtual machine.
    InstanceId
);
slug!(
    /// Somebody at a client's: unique within the client; usernames cannot be renamed, people can.
    PersonId
);
slug!(
    /// A Proxmox Backup Server.
    BackupServerId
);

/// Proxmox's number of a virtual machine: 100 to 999 999 999, unique across the co-operative, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VmId(pub u32);

impl fmt::Display for VmId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}
