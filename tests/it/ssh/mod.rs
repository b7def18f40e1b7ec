//! The SSH adapter against Debian's own sshd.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod commands;
#[cfg(feature = "lab")]
mod foreign;
mod jumps;
pub mod sshd;
mod trust;
