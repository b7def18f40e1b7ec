//! Proxmox VE's API as the real server answers: wire, routing, rights, parameter verification, handlers.

pub mod access;
pub mod calendar;
pub mod call;
pub mod formats;
pub mod general;
pub mod handlers;
pub mod json;
pub mod message;
pub mod params;
pub mod schema;
pub mod server;
pub mod state;
pub mod table;
pub mod verify;
pub mod wire;
