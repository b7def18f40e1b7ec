//! The world: sites with their nodes and guests, the internet around them, and its time.
//!
//! Plain data with one owner: everything is serialisable, so a snapshot is a copy and a digest is a hash.

pub mod digest;
pub mod internet;
pub mod keyed;
pub mod site;
pub mod spec;
pub mod time;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde::{Deserialize, Serialize};

pub use internet::Internet;
pub use site::Site;
pub use spec::SiteSpec;
pub use time::Moment;

use crate::pbs::state::BackupServers;

/// Everything that exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// What every random choice is keyed by, with the entity and the operation.
    pub seed: u64,
    /// The present moment: it moves by requests and control calls, never by the wall clock.
    pub now: Moment,
    /// The rest of the internet.
    pub internet: Internet,
    /// Proxmox Backup Servers. In a cell because what a node does may change one of them.
    #[serde(default)]
    pub backup_servers: RefCell<BackupServers>,
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
    /// Proxmox Backup Servers, for `lab::pbs::node_side`.
    pub servers: &'a RefCell<BackupServers>,
}

impl World {
    /// A site together with what is around it, for one request.
    pub fn site_mut(&mut self, id: &str) -> Option<(&mut Site, Surroundings<'_>)> {
        let World { seed, now, internet, backup_servers, sites } = self;
        let around = Surroundings { seed: *seed, now: *now, internet, servers: backup_servers };
        sites.get_mut(id).map(|site| (site, around))
    }

    /// Moves time forward (never back) and lets everything happen that falls into it.
    pub fn advance_to(&mut self, moment: Moment) {
        self.now = self.now.max(moment);
        self.settle();
    }

    /// Lets everything happen whose time has come.
    pub fn settle(&mut self) {
        let World { seed, now, internet, backup_servers, sites } = self;
        let around = Surroundings { seed: *seed, now: *now, internet, servers: backup_servers };
        // What sites and servers do to each other happens in the order of time, however far it jumps.
        let next = |id: &String, site: &Site| Some(Reverse((site.next_moment().filter(|at| *at <= *now)?, id.clone())));
        let mut due: BinaryHeap<Reverse<(Moment, String)>> =
            sites.iter().filter_map(|(id, site)| next(id, site)).collect();
        while let Some(Reverse((moment, id))) = due.pop() {
            backup_servers.borrow_mut().advance(*seed, moment);
            let Some(site) = sites.get_mut(&id) else { continue };
            site.advance(Surroundings { now: moment, ..around });
            due.extend(next(&id, site));
        }
        for site in sites.values_mut() {
            site.advance(around);
        }
        backup_servers.borrow_mut().advance(*seed, *now);
    }

    /// Moves time forward by so many microseconds.
    pub fn advance_by_us(&mut self, us: u64) {
        self.advance_to(self.now.plus_us(us));
    }
}
