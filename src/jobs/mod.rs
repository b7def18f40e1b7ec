//! What the program does by itself: looking at sites, restore tests, tidying up, and work that a person ordered.
//!
//! Several processes on one store share this work. What is due is a pure function of the moment and of what is on record
//! ([`schedule`]); a job is claimed by one process with a lease that it renews ([`claim`]); the work itself is the engine's
//! ([`work`]). A process that is killed leaves an attempt without an end: the next one to get the lease closes it and
//! begins another.

mod claim;
mod kind;
mod order;
mod ordered;
pub mod schedule;
mod scheduler;
mod work;

pub use kind::Kind;
pub use order::{NoOrder, Order};
pub use scheduler::{Jobs, Nudge};
