//! Proxmox VE's API as the real server answers: wire, routing, rights, parameter verification, handlers.

pub mod access;
pub mod boot;
pub mod call;
pub mod cloudinit;
pub mod handlers;
pub mod host;
pub mod hotplug;
pub mod message;
pub mod network;
pub mod state;
pub mod tags;
pub mod tasks;
pub mod work;
