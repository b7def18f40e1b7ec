//! Proxmox VE's API as the real server answers: wire, routing, rights, parameter verification, handlers.

pub mod access;
pub mod boot;
pub mod call;
pub mod cloudinit;
pub mod formats;
pub mod general;
pub mod handlers;
pub mod host;
pub mod hotplug;
pub mod json;
pub mod message;
pub mod network;
pub mod params;
pub mod schema;
pub mod server;
pub mod shell;
pub mod state;
pub mod table;
pub mod tags;
pub mod tasks;
pub mod verify;
pub mod wire;
pub mod work;
