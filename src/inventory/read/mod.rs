//! One file per kind of file: sections into the model. What other files may contradict is kept as claims, each with its
//! place, whether or not the rest of the file could be read.

mod backup;
mod backup_server;
mod billing;
mod client;
mod contract;
mod cooperative;
mod identity;
mod instance;
mod mail;
mod persons;
mod platform;
mod seats;
mod site;

pub use backup_server::{BackupServerClaims, backup_server};
pub use client::{AppClaim, ClientClaims, client};
pub use cooperative::{CooperativeClaims, cooperative, zone_named};
pub use instance::{InstanceClaims, PlacementClaim, instance};
pub use site::{SiteClaims, site};

use jiff::civil::Date;

use super::mistake::{Mistake, Place, Placed};
use super::reader::Reader;
use crate::domain::refusal::Refusal;

/// A file that was read: its model when it has no mistake of its own, and what it claims.
#[derive(Debug)]
pub struct Draft<Id, Model, Claims> {
    /// The id: the name of the file.
    pub id: Id,
    /// The file.
    pub place: Place,
    /// The model, when every key could be read.
    pub model: Option<Model>,
    /// What other files may contradict.
    pub claims: Claims,
}

/// An identifier of ours as a validator.
fn id<T: TryFrom<String, Error: std::fmt::Display>>(text: &str) -> Result<T, Refusal> {
    T::try_from(text.to_owned()).map_err(|error| Refusal::new(error.to_string()))
}

/// Records every dated entry that does not begin after the one before it.
fn demand_increasing(reader: &Reader<'_>, name: &str, days: &[Option<Placed<Date>>]) {
    let days: Vec<&Placed<Date>> = days.iter().flatten().collect();
    for pair in days.windows(2) {
        if pair[1].value <= pair[0].value {
            let mistake = Mistake::new(
                format!("`{name}` are not in order: {} does not come after {}", pair[1].value, pair[0].value),
                &pair[1].place,
                "not later",
            );
            reader.add(mistake.also(&pair[0].place, "than this one").help("write the oldest first, each day once"));
        }
    }
}
