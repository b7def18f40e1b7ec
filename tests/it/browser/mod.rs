//! The portal in a real browser: journeys of a client and of a technician, without scripts, with the keyboard alone, and every
//! page before axe-core, on a phone and as a picture.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

mod axe;
mod bookkeeper;
mod client;
mod driver;
mod keyboard;
mod pages;
mod sight;
mod technician;

use crate::portal::lived::{asked, lived, worked};
use crate::portal::world::World;

/// A portal with something of everything to look at.
async fn filled() -> World {
    let world = World::new().await;
    world.fill_saying(|name| format!("Reprise des contacts ({name})")).await;
    world.issue().await;
    lived(&world).await;
    asked(&world).await;
    worked(&world).await;
    world
}
