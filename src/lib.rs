//! `accolades`: the program behind a co-operative that relieves small organisations of their computing.
//!
//! `docs/architecture.md` is the map: the rooms, the edges between them and the invariants that tests hold.

pub mod acceptance;
pub mod billing;
pub mod cli;
#[cfg(feature = "lab")]
pub mod demo;
pub mod dolibarr;
pub mod domain;
pub mod engine;
pub mod health;
pub mod inventory;
pub mod jobs;
pub mod metrics;
pub mod pbs;
pub mod plan;
pub mod platform;
pub mod portal;
pub mod post;
pub mod print;
pub mod proof;
pub mod pve;
pub mod ssh;
pub mod store;
pub mod transport;
pub mod util;
pub mod yunohost;

/// The simulated world, a crate of its own under `src/lab`: see its documentation.
#[cfg(feature = "lab")]
pub use accolades_lab as lab;
