//! The inventory: TOML files that say what should be, checked whole, with the place of every mistake.

pub mod billing;
mod check;
mod complaints;
mod conflicts;
mod difference;
mod document;
pub mod edit;
mod folder;
pub mod mail;
pub mod mistake;
pub mod model;
pub mod moved;
pub mod platform;
mod read;
mod reader;
mod reference;
mod render;
mod schema;
mod sections;
mod side_by_side;
pub mod vanished;

pub use check::check;
pub use difference::{difference, summary};
pub use folder::{Loaded, content_hash, load, read_files, write_file};
pub use mistake::{Mistake, Mistakes};
pub use reference::reference;
pub use render::Drawing;
