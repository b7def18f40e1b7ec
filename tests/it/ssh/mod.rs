//! The SSH adapter against Debian's own sshd.

mod commands;
mod jumps;
mod sshd;
mod trust;
