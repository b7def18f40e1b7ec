//! Backups as they are: looks at sites and servers, and one backup at once.
//!
//! What is seen goes to the store as *looks* (`store::Look`): the last answer on each matter, and what stands in the way
//! since. What is true by them is the business of `health`.

mod convert;
mod facts;
mod look;
mod met;
pub mod now;
mod server;
mod services;
pub mod sweep;

pub(super) use facts::missing_right;
