//! Desired x observed -> plan, pure: a plan fixes every choice and is shown before it is applied.

pub mod action;
pub mod backups;
pub mod cost;
pub mod decide;
pub mod desired;
pub mod dns;
pub mod leaving;
pub mod observed;
pub mod render;

pub use action::{Action, InstancePlan, Plan, PlannedAction};
pub use observed::{GuestState, MachineState, Observed};
