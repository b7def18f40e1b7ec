//! `/nodes/{node}/qemu`: virtual machines.

pub mod agent;
pub mod agent_files;
pub mod clone;
pub mod cloudinit;
pub mod config;
pub mod create;
pub mod destroy;
pub mod drives;
pub mod firewall;
pub mod power;
pub mod resize;
pub mod restore;
pub mod rights;
pub mod snapshot;
pub mod status;
pub mod template;
