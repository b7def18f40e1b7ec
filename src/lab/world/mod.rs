//! The world: sites with their nodes and guests, the internet around them, and its time.
//!
//! Plain data with one owner: everything is serialisable, so a snapshot is a copy and a digest is a hash.

pub mod internet;
pub mod site;
pub mod time;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use internet::Internet;
pub use site::Site;
pub use time::Moment;

/// Everything that exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// What every random choice is keyed by, with the entity and the operation.
    pub seed: u64,
    /// The present moment: it moves by requests and control calls, never by the wall clock.
    pub now: Moment,
    /// The rest of the internet.
    pub internet: Internet,
    /// The co-operative's sites by id.
    pub sites: BTreeMap<String, Site>,
}

/// What the simulated programs may know of the world besides the machine they run on.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The world's seed.
    pub seed: u64,
    /// The present moment.
    pub now: Moment,
    /// The rest of the internet.
    pub internet: &'a Internet,
}
