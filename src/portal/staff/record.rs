//! What is on record about instances and sites: everything that these pages know of them. No site is asked.

pub(super) use crate::health::backups::{InstanceTruth, backups};
pub(super) use crate::health::reach::{SiteReach, sites_reached};
pub(super) use crate::health::standing::{Standing, State, standing};
