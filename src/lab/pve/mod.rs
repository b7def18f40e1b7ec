//! Proxmox VE's API as the real server answers: wire, routing, rights, parameter verification, handlers.

pub mod access;
pub mod call;
pub mod handlers;
pub mod schema;
pub mod state;
pub mod table;
