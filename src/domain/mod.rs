//! The field's own notions, pure: no IO, no clock (invariant 1).

pub mod accounting;
pub mod backup;
pub mod billing;
pub mod french;
pub mod hosts;
pub mod ids;
pub mod jobs;
pub mod keys;
pub mod legal;
pub mod money;
pub mod names;
pub mod patience;
pub mod refusal;
pub mod runs;
pub mod services;
