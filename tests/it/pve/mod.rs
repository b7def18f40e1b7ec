//! The Proxmox adapter against a hand-written node: what goes over the wire, and what bad answers come to.
//!
//! The truth about Proxmox is in the lab; here are the answers that no healthy server gives.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod answers;
mod contract;
pub mod node;
mod restore;
mod tasks;
mod transport;
