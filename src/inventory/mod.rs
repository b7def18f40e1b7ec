//! The inventory: TOML files that say what should be, checked whole, with the place of every mistake.

pub mod model;
