//! Proxmox Backup Server as the real one behaves: what it stores, who may do what, and the doors to it.

pub mod access;
pub mod advance;
pub mod call;
pub mod content;
pub mod disk;
pub mod formats;
pub mod handlers;
pub mod node_side;
pub mod refusal;
pub mod retention;
pub mod rules;
pub mod schedule;
pub mod schema;
pub mod server;
pub mod state;
pub mod table;
pub mod tasks;
pub mod traffic;
pub mod verify;
pub mod wire;
pub mod work;
