//! The co-operative's own mail.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

mod message;
pub mod server;
