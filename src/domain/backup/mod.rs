//! The vocabulary of backups, pure: what they are called, when they run, what is kept, what a guest says of itself, and what
//! is true of them.

pub mod calendar;
pub mod drill;
pub mod health;
pub mod key;
pub mod marker;
pub mod names;
pub mod retention;
pub mod traffic;
