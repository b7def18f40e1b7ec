//! Backups as they are: looks at sites and servers, the verdict from what is on record, and one backup at once.
//!
//! What is seen goes to the store as *looks* (`store::Look`): the last answer on each matter, and what stands in the way
//! since. The verdict itself is pure (`domain::backup::health`) and made anew whenever somebody asks.

mod convert;
mod facts;
mod look;
mod matter;
pub mod now;
pub mod reach;
mod server;
pub mod sweep;
pub mod truth;
