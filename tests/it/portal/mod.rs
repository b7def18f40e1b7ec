//! The portal over real sockets: who gets in, who sees what, and what bad luck looks like.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

mod client;
mod entry;
mod http;
mod isolation;
mod layers;
mod pictures;
mod staff;
mod words;
mod world;
