//! The demonstration: an inventory's sites built in a lab, so that a newcomer sees the whole journey on a bare machine
//! and the tests exercise the same code as production.

pub mod bank;
pub mod folder;
mod months;
pub mod rewrite;
pub mod script;
pub mod world;
