//! The portal over real sockets: who gets in, who sees what, and what bad luck looks like.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

mod backups;
mod changes;
mod client;
mod entry;
mod forms;
pub mod http;
mod isolation;
mod layers;
mod lists;
pub mod lived;
mod log;
mod money;
mod papers;
mod people;
mod receipts;
mod staff;
mod staff_pages;
mod staff_truth;
mod words;
pub mod world;
