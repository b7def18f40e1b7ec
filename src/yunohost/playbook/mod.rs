//! Playbooks: steps with a check, what to run, and how to verify it, as data.
//!
//! Everything here is pure. A step's check is a predicate over *facts* (what reading commands printed); evaluating one
//! either answers or names the commands that must be read first. Planning and executing use the same evaluation, so a
//! plan can never promise what the execution would not do.

pub mod builtin;
pub mod facts;
pub mod model;
pub mod read;
pub mod step;
pub mod template;
pub mod unread;

pub use facts::{Fact, Facts, ReadCommand};
pub use model::{Playbook, Step};
pub use step::{Need, StepState};
