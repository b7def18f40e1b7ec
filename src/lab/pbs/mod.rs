//! Proxmox Backup Server as the real one behaves: what it stores, who may do what, and the doors to it.

pub mod access;
pub mod advance;
pub mod content;
pub mod formats;
pub mod node_side;
pub mod refusal;
pub mod retention;
pub mod rules;
pub mod state;
pub mod tasks;
pub mod traffic;
pub mod work;
