//! The field's own notions, pure: no IO, no clock (invariant 1).

pub mod ids;
pub mod legal;
pub mod money;
